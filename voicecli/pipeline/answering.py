"""The thread that answers: what the user said -> clauses of a reply."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.listen.overlap import kind_of
from voicecli.messages import (
    Clause,
    Draft,
    EndOfReply,
    GenerationStats,
    ReplyOutcome,
    WordsSoFar,
)
from voicecli.pipeline.faults import LANGUAGE_MODEL, Fault
from voicecli.pipeline.saying import Saying
from voicecli.pipeline.turns import TICK_S
from voicecli.reply.generate import Remark, TakenBack, never
from voicecli.reply.prompt import begin

if TYPE_CHECKING:
    from voicecli.channel import Channel
    from voicecli.config import ConversationConfig
    from voicecli.engines import Engines
    from voicecli.messages import ChatMessage
    from voicecli.pipeline.faults import Faults
    from voicecli.pipeline.turns import Turns
    from voicecli.reply.generate import Cancelled

DATE_CHECK_S = 30.0
"""How often it is looked whether another day has begun, while nobody speaks."""

_ASK_AGAIN = "ask again, or in other words"


class Replying:
    """Owns the conversation. One draft at a time: a reply is remembered, as far as heard, before the next."""

    def __init__(
        self,
        engines: Engines,
        config: ConversationConfig,
        turns: Turns,
        said: Channel[Draft | WordsSoFar],
        clauses: Channel[Clause | EndOfReply],
        outcomes: Channel[ReplyOutcome],
        faults: Faults,
    ) -> None:
        self._generator = engines.generator
        self._hint = engines.hint
        self._language = engines.synthesizer.language
        self._conversation = begin(config, engines.generator, turns.clock.local)
        self._turns = turns
        self._said = said
        self._clauses = clauses
        self._outcomes = outcomes
        self._faults = faults
        self._last = ""
        """What was heard of the last reply."""

    def run(self) -> None:
        """Until `said` closes."""
        if not self._generator.is_local:
            found = f"what you say goes to another computer: {self._generator.name}"
            self._turns.emit(events.Warned(self._turns.elapsed_s(), found, "--engine embedded keeps it here"))
        self._warm("")
        hello = self._conversation.messages_for("Hello")
        self._faults.in_passing(LANGUAGE_MODEL, lambda: self._generator.ending(hello))
        self._turns.ready = True
        self._turns.emit(events.Listening(self._turns.elapsed_s(), self._generator.name, self._hint or None))
        while True:
            self.take(self._next())

    def take(self, item: Draft | WordsSoFar) -> None:
        """The next of `said`."""
        match item:
            case Draft():
                self._on_draft(item)
            case WordsSoFar(turn, text) if self._turns.is_open(turn) and self._generator.reads_ahead:
                self._warm(text, self._asked)

    def _next(self) -> Draft | WordsSoFar:
        """The next item; while there is none, the model reads a new date, so that no answer waits for it."""
        while True:
            with suppress(TimeoutError):
                return self._said.get(DATE_CHECK_S)
            if self._conversation.date_changed and self._generator.reads_ahead:
                self._warm("", self._asked)

    def _warm(self, text: str, cancelled: Cancelled = never) -> None:
        """Let the model read what it already can; one that fails says so, and talk goes on."""
        self._generator.notify = self._on_notice
        messages = self._conversation.messages_for(text)
        warm = lambda: self._generator.warm(messages, cancelled)  # noqa: E731
        self._faults.in_passing(LANGUAGE_MODEL, warm, _words(messages))

    def _on_notice(self, notice: Remark | TakenBack) -> None:
        """Tell what the model tells while it warms."""
        if isinstance(notice, Remark):
            self._turns.emit(events.Warned(self._turns.elapsed_s(), notice.found, notice.remedy))

    def _asked(self) -> bool:
        """Whether something waits to be answered, or the talk ends."""
        return self._said.stats().fill > 0 or self._turns.stop.is_set()

    def _on_draft(self, draft: Draft) -> None:
        """See a draft through, and the turn with it when it is taken there."""
        if not self._turns.may_answer(draft):
            return
        messages = self._conversation.messages_for(draft.transcript.text)
        answerable = bool(self._last if draft.repeats else messages[-1].content)
        stats = self._answer(draft, messages) if answerable else None
        outcome = self._outcome(draft) if answerable else None
        if not self._turns.await_taken(draft):
            return
        if outcome is not None:
            self._close_turn(draft, outcome, stats)
        self._turns.settle(draft.turn)
        if stats is not None and self._generator.reads_ahead:
            self._warm("", self._asked)
        self._turns.emit(events.Listening(self._turns.elapsed_s()))

    def _outcome(self, draft: Draft) -> ReplyOutcome | None:
        """How the reply ended; None as soon as it will not be the answer."""
        while True:
            with suppress(TimeoutError):
                outcome = self._outcomes.get(TICK_S)
                if outcome.draft == draft.number:
                    return outcome
            if not self._turns.may_answer(draft):
                return None

    def _close_turn(self, draft: Draft, outcome: ReplyOutcome, stats: GenerationStats | None) -> None:
        """Remember what was said and heard, and tell how long it took."""
        record, times = self._turns.drafts[draft.number], self._turns.times_of(draft)
        answered_at = times.playback_at if outcome.heard else None
        if outcome.interrupted and self._turns.goes_on(draft.turn, answered_at):
            self._conversation.go_on(draft.transcript.text)
        elif stats and not outcome.interrupted and (shown := record.wordless):
            self._conversation.go_on(draft.transcript.text)  # what they said is not lost
            found = f"the reply has no words to say, only {shown}"
            self._turns.emit(events.Warned(self._turns.elapsed_s(), found, _ASK_AGAIN, draft.turn))
        elif record.failed and not (draft.repeats or outcome.interrupted or outcome.heard):
            self._conversation.go_on(draft.transcript.text)  # it can be asked again
        elif not draft.repeats:
            cut_off = outcome.interrupted or record.failed
            self._conversation.remember(draft.transcript.text, outcome.heard, cut_off)
            self._last = outcome.heard or self._last
        self._turns.asked = not outcome.interrupted and outcome.heard.rstrip().endswith("?")
        if outcome.interrupted:
            self._turns.emit(events.Interrupted(self._turns.elapsed_s(), draft.turn, outcome.heard))
        dropped, dropped_s = self._turns.dropped(draft)
        stats = stats or GenerationStats()
        self._turns.emit(
            events.TurnDone(
                self._turns.elapsed_s(),
                draft.turn,
                outcome.heard,
                times.latency_ms(),
                times.decided_ms,
                dropped,
                round(dropped_s * 1000, 1),
                stats.prompt_tokens,
                stats.prompt_tokens_evaluated,
            )
        )

    def _answer(self, draft: Draft, messages: list[ChatMessage]) -> GenerationStats | None:
        """Make the reply; None where the model failed."""
        heard, turn = draft.transcript, draft.turn
        if heard.text:
            now = self._turns.elapsed_s()
            language = heard.language or self._language  # who types before they ever spoke
            self._turns.tell(draft, events.Heard(now, turn, heard.text, language, heard.confidence))
        began_at, record = self._turns.clock.now(), self._turns.drafts[draft.number]
        saying = Saying(draft, self._turns, self._clauses, self._language)
        stats = self._faults.attempt(
            LANGUAGE_MODEL,
            turn,
            lambda: self._generate(draft, messages, saying),
            _words(messages),
            saying.cancelled,
        )
        if isinstance(stats, Fault):
            record.failed = True
            failed = events.Failed(self._turns.elapsed_s(), stats.found, stats.remedy, turn)
            self._turns.tell(draft, failed)
        record.generate_s = self._turns.clock.now() - began_at
        self._clauses.put(EndOfReply(turn, draft.number))
        return None if isinstance(stats, Fault) else stats

    def _only_stops(self, draft: Draft) -> bool:
        """Whether "never mind" is all that was said, and of an answer: it gets none itself."""
        record, said = self._turns.turns.get(draft.turn), draft.transcript
        about = record is not None and record.may_stop
        return about and kind_of(said.text, said.language or self._language) == "stop"

    def _generate(self, draft: Draft, messages: list[ChatMessage], saying: Saying) -> GenerationStats:
        stats = GenerationStats()
        try:
            if saying.cancelled() or self._only_stops(draft):
                pass
            elif draft.repeats:
                saying.on_text(self._last)
            else:
                if self._turns.is_open(draft.turn):
                    self._turns.drafts[draft.number].ending = self._generator.ending(messages)
                self._generator.notify = saying.on_notice
                on_text = self._faults.apart(LANGUAGE_MODEL, saying.on_text)
                stats = self._generator.generate(messages, on_text, saying.cancelled)
        finally:
            saying.finish()
        return stats


def _words(messages: list[ChatMessage]) -> list[str]:
    """What was said, by either."""
    return [message.content for message in messages if message.role != "system"]
