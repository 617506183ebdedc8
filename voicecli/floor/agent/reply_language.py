"""In which language, and by which voice, a reply is given: the user's, if a voice speaks it. Pure.

the user's words          the reply                   the model is told
main voice's language     in it, by the main voice    nothing, but after a reply in another: the language
another, with a voice     in it, by its voice         the language
another of the main voice in it, by the main voice    the language
another, without          the main voice's, by that   the language; and the user is told, once
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli import events
from voicecli.reply.conversation.language_names import name_of, voice_for

if TYPE_CHECKING:
    from collections.abc import Collection

    from voicecli.floor.turns.exchange import Out
    from voicecli.floor.turns.turn import Draft, Turn

MAIN = ""
"""Stands for the main voice's language, where the language of a reply is named."""


class Languages:
    """The languages that voices speak, and which of them a reply is in."""

    def __init__(self, out: Out, main: str, others: Collection[str]) -> None:
        """`main`: the main voice's `language`; `others`: those that it or another voice speaks besides."""
        self.main = main
        self._out = out
        self._others = frozenset(others) - {main}
        self._missed: set[str] = set()

    def of_reply(self, spoken: str) -> str:
        """The language of a reply to words in this one."""
        return spoken if spoken in self._others else MAIN

    def to_be_told(self, spoken: str, before: str) -> str:
        """The name of the reply's language, where the model must be told it; empty: it need not be told.

        `before`: the language of the last reply.
        """
        reply = self.of_reply(spoken)
        if reply == before and spoken in ("", self.main):
            return ""
        return name_of(reply or self.main)

    def tell_missing(self, turn: Turn, draft: Draft) -> None:
        """Say that a reply which is about to be heard is not in the user's language, once for each."""
        spoken = draft.transcript.language
        if turn.answer is not draft or not draft.written or spoken in {"", self.main, *self._others}:
            return
        if spoken not in self._missed:
            self._missed.add(spoken)
            found = f"no voice speaks {name_of(spoken)}: the answer is in {name_of(self.main)}"
            self._out.tell(events.Warned(self._out.t, found, _remedy(spoken), turn.number))


def _remedy(language: str) -> str:
    if not (voice := voice_for(language)):
        own = f"synthesize.voices.{language}"
        return f"set a voice that does: {own}; or set transcribe.language to what you speak"
    return f'voicecli models pull {voice}, and in the settings synthesize.voices.{language} = "{voice}"'
