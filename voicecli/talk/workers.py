"""The workers that carry out orders and report what came of them: scribe, judge, author. They decide nothing.

Each sleeps on an inbox of its own. The author compares the number of its draft with `void_before`, to see
whether its reply is still wanted. A worker reports what its engine raised as the result of the order.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeAlias

from voicecli.aloud.clauses import ClauseSplitter
from voicecli.floor import facts, orders
from voicecli.floor.agent.answering import CLAUSES_AHEAD
from voicecli.floor.orders import GoOn, Hurry, ReadAhead, Transcribe, Write
from voicecli.floor.stages import LANGUAGE_MODEL, TRANSCRIBER, TURN_MODEL, Fault
from voicecli.listen.recognise.passes import NO_WORDS, Passes
from voicecli.messages import GenerationStats
from voicecli.reply.generate import AllTakenBack, Remark, never
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from voicecli.engines import Seat
    from voicecli.floor.orders import ToAuthor
    from voicecli.listen.detector import TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import ChatMessage
    from voicecli.reply.generate import Generator
    from voicecli.system.clock import Clock
    from voicecli.talk.attempts import Attempts
    from voicecli.threads.channel import Channel

    Post: TypeAlias = Callable[[facts.Fact], None]
    VoidBefore: TypeAlias = Callable[[], int]

SHOWN_CHARS = 40
"""Characters of a reply that are kept, to be shown to the user where it has no words."""


class Scribe:
    """Speech -> words."""

    def __init__(
        self, recogniser: Seat[Recogniser], attempts: Attempts, inbox: Channel[Transcribe], post: Post
    ) -> None:
        self._recogniser = recogniser
        self._passes = Passes(recogniser.it)
        self._order: Transcribe | None = None
        self._attempts = attempts
        self._inbox = inbox
        self._post = post

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            self.take(self._inbox.get())

    def take(self, order: Transcribe) -> None:
        """Have the utterance transcribed, and report its words or the fault."""
        self._order = order
        found = self._attempts.in_turn(
            order.work,
            TRANSCRIBER,
            lambda: self._passes.over(
                order.utterance, order.segment, paused=order.paused, language=order.language
            ),
        )
        if isinstance(found, Fault):
            self._post(facts.Transcribed(order, NO_WORDS, fault=found))
            self._mend(found)
        else:
            self._post(facts.Transcribed(order, *found))

    def give_up(self, fault: Fault) -> None:
        """The thread that ran this hangs, and another one will: the order it was at counts as failed."""
        if self._order is not None:
            self._post(facts.Transcribed(self._order, NO_WORDS, fault=fault))
        self._mend(fault)

    def _mend(self, fault: Fault) -> None:
        if self._attempts.mend(self._recogniser, fault):
            self._passes = Passes(self._recogniser.it)


class TurnJudge:
    """Speech -> how likely the turn is over."""

    def __init__(
        self, model: Seat[TurnModel], attempts: Attempts, inbox: Channel[orders.Judge], post: Post
    ) -> None:
        self._model = model
        self._order: orders.Judge | None = None
        self._attempts = attempts
        self._inbox = inbox
        self._post = post

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            self.take(self._inbox.get())

    def take(self, order: orders.Judge) -> None:
        """Have the sound judged, and report the probability or the fault."""
        self._order = order
        found = self._attempts.in_turn(
            Work.FINAL, TURN_MODEL, lambda: self._model.it.complete(order.utterance.samples)
        )
        fault = found if isinstance(found, Fault) else None
        probability = None if isinstance(found, Fault) else found
        self._post(facts.Judged(order.turn, order.segment, probability, fault))
        if fault is not None:
            self._attempts.mend(self._model, fault)

    def give_up(self, fault: Fault) -> None:
        """The thread that ran this hangs, and another one will: the order it was at counts as failed."""
        if self._order is not None:
            self._post(facts.Judged(self._order.turn, self._order.segment, None, fault))
        self._attempts.mend(self._model, fault)


class Author:
    """The talk so far -> the clauses of a reply."""

    def __init__(
        self,
        generator: Seat[Generator],
        language: str,
        clock: Clock,
        attempts: Attempts,
        inbox: Channel[ToAuthor],
        post: Post,
        void_before: VoidBefore,
    ) -> None:
        """`language` is the main voice's, ISO 639-1: that of a reply whose order names none."""
        self._generator = generator
        self._order: ToAuthor | None = None
        self._language = language
        self._clock = clock
        self._attempts = attempts
        self._inbox = inbox
        self._post = post
        self._void_before = void_before

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            self.take(self._inbox.get())

    def take(self, order: ToAuthor) -> None:
        """Read ahead, or write a reply."""
        self._order = order
        match order:
            case ReadAhead(messages, first):
                if first or self._generator.it.reads_ahead:
                    self._generator.it.notify = self._on_notice
                    cancelled = never if first else self._asked
                    self._in_passing(lambda: self._generator.it.warm(messages, cancelled), messages)
                if first:
                    self._in_passing(lambda: self._generator.it.ending(first), first)
                self._post(facts.HasRead())
            case Write():
                self._write(order)
            case Hurry() | GoOn():
                pass  # it came too late: the reading or the draft it is for is over

    def give_up(self, fault: Fault) -> None:
        """The thread that ran this hangs, and another one will: the order it was at counts as failed."""
        match self._order:
            case Write(draft=draft):
                self._post(facts.ReplyWritten(draft, None, cancelled=self._void(draft)(), fault=fault))
            case ReadAhead():
                self._post(facts.EngineFailed(LANGUAGE_MODEL, 0, fault, counts=False))
                self._post(facts.HasRead())
        self._attempts.mend(self._generator, fault)

    def _asked(self) -> bool:
        """Whether an order waits, or the talk ends."""
        return self._inbox.stats().fill > 0 or self._void_before() == sys.maxsize

    def _void(self, number: int) -> Callable[[], bool]:
        return lambda: number < self._void_before()

    def _in_passing(self, call: Callable[[], object], messages: Sequence[ChatMessage]) -> None:
        """Make a call that only saves time: the talk goes on if it fails."""
        found = self._attempts.in_turn(Work.DRAFT, LANGUAGE_MODEL, call, _words(messages))
        if isinstance(found, Fault):
            self._post(facts.EngineFailed(LANGUAGE_MODEL, 0, found, counts=False))
            self._attempts.mend(self._generator, found)

    def _on_notice(self, notice: Remark | AllTakenBack) -> None:
        """What the model tells while it warms."""
        if isinstance(notice, Remark):
            self._post(facts.Noticed(notice.found, notice.remedy))

    def _write(self, order: Write) -> None:
        began_at = self._clock.now()
        language = order.language or self._language
        reply = _WrittenReply(order.draft, language, self._clock, self._post, self._pace(order.draft))
        cancelled = self._void(order.draft)

        def generate() -> GenerationStats:
            stats = GenerationStats()
            try:
                if not cancelled():
                    if order.judges:
                        ending = self._generator.it.ending(order.messages)
                        self._post(facts.EndingJudged(order.draft, ending))
                    self._generator.it.notify = reply.on_notice
                    on_text = self._attempts.apart(LANGUAGE_MODEL, reply.on_text)
                    stats = self._generator.it.generate(order.messages, on_text, cancelled)
            finally:
                self._attempts.check(LANGUAGE_MODEL)
                if not cancelled():
                    reply.finish()  # the reply is complete, or broke off: what has come stands
            return stats

        work = Work.DRAFT if order.judges else Work.ANSWER
        found = self._attempts.in_turn(work, LANGUAGE_MODEL, generate, _words(order.messages))
        self._post(
            facts.ReplyWritten(
                order.draft,
                None if isinstance(found, Fault) else found,
                self._clock.now() - began_at,
                reply.beginning,
                reply.token_at,
                cancelled=cancelled(),
                fault=found if isinstance(found, Fault) else None,
            )
        )
        if isinstance(found, Fault):
            self._attempts.mend(self._generator, found)

    def _pace(self, draft: int) -> Callable[[], None]:
        """To be called before each clause: sleeps while too many wait for the voice."""
        credit, void = CLAUSES_AHEAD, self._void(draft)

        def wait() -> None:
            nonlocal credit
            while (self._inbox.stats().fill or not credit) and not void():
                if self._inbox.get() == GoOn(draft):
                    credit += 1
            credit -= 1

        return wait


class _WrittenReply:
    """One draft's reply while it is written: text -> clauses."""

    def __init__(self, draft: int, language: str, clock: Clock, post: Post, pace: Callable[[], None]) -> None:
        self._draft = draft
        self._language = language
        self._clock = clock
        self._post = post
        self._pace = pace
        self._splitter = ClauseSplitter(language)
        self._clauses = 0
        self.beginning = ""
        self.token_at: float | None = None

    def on_text(self, delta: str) -> None:
        """Take the next piece of the reply."""
        self.beginning = (self.beginning + delta)[:SHOWN_CHARS]
        self.token_at = self.token_at or self._clock.now()
        self._say(self._splitter.push(delta))

    def on_notice(self, notice: Remark | AllTakenBack) -> None:
        """Take what the language model tells besides words."""
        match notice:
            case Remark(found, remedy):
                self._post(facts.Noticed(found, remedy, self._draft))
            case AllTakenBack():
                self._splitter, self.beginning = ClauseSplitter(self._language), ""
                self._post(facts.TakenBack(self._draft, self._clauses))

    def finish(self) -> None:
        """Take what is left."""
        self._say(self._splitter.finish())

    def _say(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._pace()
            token_at = self.token_at or self._clock.now()
            self._post(facts.ClauseWritten(self._draft, self._clauses, text, token_at))
            self._clauses += 1


def _words(messages: Sequence[ChatMessage]) -> list[str]:
    """What user and agent said, without the system's message."""
    return [message.content for message in messages if message.role != "system"]
