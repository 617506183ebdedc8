"""Phrases that the voice makes beforehand, one at a time, while nobody waits for anything. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicecli.floor.facts import CueMade
    from voicecli.floor.orders import MakeCue
    from voicecli.floor.turns.exchange import Out


class Phrases:
    """What is to be made, and what there is."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._with_voice = False
        self._to_make: deque[MakeCue] = deque()
        self._made: set[tuple[str, str]] = set()

    def want(self, phrases: Iterable[MakeCue]) -> None:
        """Have these made, after those that were wanted before."""
        self._to_make.extend(phrases)

    def take(self, fact: CueMade) -> None:
        """Take what became of a phrase."""
        self._with_voice = False
        if fact.made:
            self._made.add((fact.language, fact.text))

    def look(self, *, idle: bool) -> None:
        """Have the next one made; to be called after every fact. `idle`: no turn is under way."""
        if idle and self._to_make and not self._with_voice:
            self._with_voice = True
            self._out.add(self._to_make.popleft())

    def made(self, language: str, texts: Iterable[str]) -> list[str]:
        """Which of these phrases can be heard, in the same order. `language`: of the reply."""
        return [text for text in texts if (language, text) in self._made]
