"""How long one answer of a server may take: until its first word, between its words, and in all. Pure.

    asked          first word      word            voice holds      word
    |-- first_s ---|               |-- pause_s ----| the reply      |
    |   comments, empty events and thinking        | not counted    |
    |   do not make it longer                      |                |
    |-- total_s -------------------------------------               ---

Only time in which voicecli waits for the server counts: not while the voice is behind, nor while voicecli
pauses before it asks again. The time that one try waited in vain does count for the next try.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import ServerError

if TYPE_CHECKING:
    from voicecli.config import GenerateConfig


_TICK_S = 0.001
"""A timer may end so much early, s."""


class Patience:
    """What is left of the time for one question. Times are those of one clock, in s."""

    def __init__(self, first_s: float, pause_s: float, total_s: float) -> None:
        """Longest time to the first word, from word to word, and of all waiting together, s."""
        self._first_s, self._pause_s, self._total_s = first_s, pause_s, total_s
        self._silent_s = self._waited_s = 0.0
        self._began_at = 0.0
        self._progress = 0

    @classmethod
    def of(cls, config: GenerateConfig) -> Patience:
        """The patience that the settings ask for."""
        return cls(config.first_token_s, config.timeout_s, config.total_s)

    def begin(self, now: float, progress: int = 0) -> float:
        """Begin to wait for the server; give the moment at which to give up.

        `progress`: pieces so far of what is to be said.
        """
        if progress != self._progress:
            self._progress, self._silent_s = progress, 0.0
        self._began_at = now
        silence_s = (self._pause_s if self._progress else self._first_s) - self._silent_s
        return now + max(0.0, min(silence_s, self._total_s - self._waited_s))

    def end(self, now: float) -> None:
        """Something came, or nothing will; calling it again changes nothing."""
        waited_s, self._began_at = now - self._began_at, now
        self._waited_s += waited_s
        self._silent_s += waited_s

    def error(self, where: str, *, thought: bool) -> ServerError:
        """What to tell when it is over; `thought`: the model was seen to think."""
        silence_s = self._pause_s if self._progress else self._first_s
        if self._silent_s < silence_s - _TICK_S:
            found = f"{where} did not come to an end within {self._total_s:g} s"
            return ServerError(found, "use a smaller model, or raise generate.total_s")
        if self._progress:
            found = f"{where} fell silent for {silence_s:g} s in the middle of the reply"
            return ServerError(found, "ask again, or raise generate.timeout_s")
        if thought:
            found = f"the model at {where} thought for {silence_s:g} s and said nothing"
            return ServerError(found, "use a model that does not think, or raise generate.first_token_s")
        found = f"{where} sent no word for {silence_s:g} s"
        return ServerError(found, "use a smaller model, or raise generate.first_token_s")
