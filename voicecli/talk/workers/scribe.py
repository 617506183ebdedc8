"""Scribe and judge: speech -> words, and whether the turn is over. They decide nothing.

A worker reports what its engine raised as the result of the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from voicecli.floor import facts, orders
from voicecli.floor.stages import TRANSCRIBER, TURN_MODEL, Fault
from voicecli.listen.recognise.passes import NO_WORDS, Passes
from voicecli.network.trouble.guard import guard_of, tell_by
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.engines import Seat
    from voicecli.floor.orders import Transcribe
    from voicecli.listen.detector import TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.talk.attempts import Attempts
    from voicecli.threads.channel import Channel

    Post: TypeAlias = Callable[[facts.Fact], None]


class Scribe:
    """Speech -> words; with the smaller recogniser where an order asks for it."""

    def __init__(
        self,
        recogniser: Seat[Recogniser],
        attempts: Attempts,
        inbox: Channel[Transcribe],
        post: Post,
        smaller: Seat[Recogniser] | None = None,
    ) -> None:
        self._usual = self._recogniser = recogniser
        self._smaller = smaller or recogniser
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
        recogniser = self._smaller if order.small else self._usual
        if recogniser is not self._recogniser:
            self._recogniser, self._passes = recogniser, Passes(recogniser.it)
        recogniser.it.narrow(on=order.narrow)
        tell_by(recogniser.it, lambda remark: self._post(facts.Noticed(remark.found, remark.remedy)))
        here = guard_of(recogniser.it) is None
        found = self._attempts.in_turn(
            order.work,
            TRANSCRIBER,
            lambda: self._passes.over(
                order.utterance, order.segment, paused=order.paused, language=order.language
            ),
            size=1.0
            + order.utterance.duration_s,  # a pass over a second of sound takes half of one over three
            here=here,
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
            Work.FINAL, TURN_MODEL, lambda: self._model.it.complete(order.utterance.samples), size=1.0
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
