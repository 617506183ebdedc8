"""One draft's reply while it is made: text -> clauses, told and handed on; and what is told besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli import events
from voicecli.messages import Clause
from voicecli.reply.clauses import ClauseSplitter
from voicecli.reply.generate import Remark, TakenBack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicecli.channel import Channel
    from voicecli.messages import Draft, EndOfReply
    from voicecli.pipeline.turns import Turns

SHOWN_CHARS = 40
"""So much of a reply is kept, to be shown to the user where it has no words."""


class Saying:
    """Used by the replying thread; what it calls is told on that thread."""

    def __init__(
        self, draft: Draft, turns: Turns, clauses: Channel[Clause | EndOfReply], language: str
    ) -> None:
        self._draft = draft
        self._turns = turns
        self._clauses = clauses
        self._language = language
        self._record = turns.drafts[draft.number]
        self._splitter = ClauseSplitter(language)

    def cancelled(self) -> bool:
        """Whether the reply is in vain."""
        return self._turns.cancelled(self._draft.number)

    def on_text(self, delta: str) -> None:
        """Take the next piece of the reply."""
        self._record.beginning = (self._record.beginning + delta)[:SHOWN_CHARS]
        times = self._record.times
        times.first_token_at = times.first_token_at or self._turns.clock.now()
        self._say(self._splitter.push(delta))

    def on_notice(self, notice: Remark | TakenBack) -> None:
        """Take what the language model tells besides words."""
        match notice:
            case Remark(found, remedy):
                now = self._turns.elapsed_s()
                self._turns.tell(self._draft, events.Warned(now, found, remedy, self._draft.turn))
            case TakenBack():
                self._splitter, self._record.beginning = ClauseSplitter(self._language), ""
                self._record.times.first_clause_at = None
                self._turns.take_back(self._draft, self._record.clauses)

    def finish(self) -> None:
        """Nothing follows, or nothing can: what has come stands."""
        if not self.cancelled():
            self._say(self._splitter.finish())

    def _say(self, texts: Iterable[str]) -> None:
        record, turn = self._record, self._draft.turn
        for text in texts:
            record.times.first_clause_at = record.times.first_clause_at or self._turns.clock.now()
            now = self._turns.elapsed_s()
            self._turns.tell(self._draft, events.ReplyClause(now, turn, record.clauses, text))
            self._clauses.put(Clause(turn, self._draft.number, record.clauses, text))
            record.clauses += 1
