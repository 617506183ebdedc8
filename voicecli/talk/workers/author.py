"""The author: the talk so far -> the clauses of a reply. It decides nothing.

It compares the number of its draft with `void_before`, to see whether its reply is still wanted. It reports
what its engine raised as the result of the order.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from voicecli.aloud.lengths import CLAUSE_REST
from voicecli.aloud.reply_clauses import ReplyClauses
from voicecli.floor import facts
from voicecli.floor.load_facts import ServerBusy
from voicecli.floor.orders import GoOn, Hurry, ReadAhead, Write
from voicecli.floor.stages import LANGUAGE_MODEL, Fault
from voicecli.floor.turns.turn import CLAUSES_AHEAD
from voicecli.messages import GenerationStats
from voicecli.network.trouble.remarks import Remark, TooManyRequests
from voicecli.reply.generate import AllTakenBack, never
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from voicecli.engines import Seat
    from voicecli.floor.orders import ToAuthor
    from voicecli.messages import ChatMessage
    from voicecli.reply.generate import Generator, Notice
    from voicecli.system.clock import Clock
    from voicecli.talk.attempts import Attempts
    from voicecli.talk.workers.scribe import Post
    from voicecli.threads.channel import Channel
    from voicecli.waiting.buffers import BufferFill

    VoidBefore: TypeAlias = Callable[[], int]
    Pace: TypeAlias = Callable[[], None]


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
        self._reply: _WrittenReply | None = None
        self._peak = 0

    def stats(self) -> BufferFill:
        """What has been written and is in no clause yet."""
        held = self._reply.held if self._reply else 0
        return CLAUSE_REST.filled(held, max(self._peak, held))

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

    def _on_notice(self, notice: Notice) -> None:
        """What the model tells while it warms."""
        match notice:
            case Remark(found, remedy):
                self._post(facts.Noticed(found, remedy))
            case TooManyRequests():
                self._post(ServerBusy())

    def _write(self, order: Write) -> None:
        began_at = self._clock.now()
        language = order.language or self._language
        reply = _WrittenReply(order, language, self._clock, self._post, self._pace(order.draft))
        self._reply = reply
        cancelled = self._void(order.draft)

        def take(delta: str) -> None:
            reply.on_text(delta)
            self._peak = max(self._peak, reply.held)

        def generate() -> GenerationStats:
            stats, whole = GenerationStats(), False
            try:
                if not cancelled():
                    if order.judges:
                        ending = self._generator.it.ending(order.messages)
                        self._post(facts.EndingJudged(order.draft, ending))
                    self._generator.it.notify = reply.on_notice
                    on_text = self._attempts.apart(LANGUAGE_MODEL, take)
                    stats = self._generator.it.generate(order.messages, on_text, cancelled)
                whole = True
            finally:
                self._attempts.check(LANGUAGE_MODEL)
                if not cancelled():
                    reply.finish(whole=whole)  # what has come of one that broke off stands
            return stats

        work = Work.DRAFT if order.judges else Work.ANSWER
        found = self._attempts.in_turn(work, LANGUAGE_MODEL, generate, _words(order.messages))
        fault = found if isinstance(found, Fault) else None
        if fault is not None and fault.apologise:
            fault = replace(fault, apologise=not cancelled() and reply.apologise())
        self._post(
            facts.ReplyWritten(
                order.draft,
                None if isinstance(found, Fault) else found,
                self._clock.now() - began_at,
                reply.words.beginning,
                reply.token_at,
                cancelled=cancelled(),
                fault=fault,
            )
        )
        if fault is not None:
            self._attempts.mend(self._generator, fault)

    def _pace(self, draft: int) -> Pace:
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
    """One draft's reply while it is written: reports its clauses."""

    def __init__(self, order: Write, language: str, clock: Clock, post: Post, pace: Pace) -> None:
        self._draft = order.draft
        self._clock = clock
        self._post = post
        self._pace = pace
        self._clauses = 0
        self.words = ReplyClauses(language, long=order.long_clauses)
        self.token_at: float | None = None

    def on_text(self, delta: str) -> None:
        """Take the next piece of the reply."""
        self.token_at = self.token_at or self._clock.now()
        self._say(self.words.push(delta))

    @property
    def held(self) -> int:
        """Characters that are in no clause yet."""
        return self.words.held

    def on_notice(self, notice: Notice) -> None:
        """Take what the language model tells besides words."""
        match notice:
            case Remark(found, remedy, of_reply):
                self._post(facts.Noticed(found, remedy, self._draft if of_reply else 0))
            case AllTakenBack():
                self.words.take_back()
                self._post(facts.TakenBack(self._draft, self._clauses))
            case TooManyRequests():
                self._post(ServerBusy())

    def finish(self, *, whole: bool) -> None:
        """Take what is left; it is `whole`, or broke off."""
        self._say(self.words.finish(whole=whole))

    def apologise(self) -> bool:
        """Say an apology in place of the reply, if none of it has come; say whether that is so."""
        self._say(apology := self.words.apologise())
        return bool(apology)

    def _say(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._pace()
            token_at = self.token_at or self._clock.now()
            self._post(facts.ClauseWritten(self._draft, self._clauses, text, token_at))
            self._clauses += 1


def _words(messages: Sequence[ChatMessage]) -> list[str]:
    """What user and agent said, without the system's message."""
    return [message.content for message in messages if message.role != "system"]
