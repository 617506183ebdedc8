"""The floor decides the conversation: facts in, one at a time, each with its time; orders out. Pure.

    Frame, Gate, Closed, Tick    who speaks: a turn, or an overlap                    speech, turn, overlap
    Hiss                         a hiss, which may begin a word over the agent        hush
    SoFar, Transcribed           what was said: partial words, drafts, the answer     scribing
    Frame, Judged, EndingJudged  when the turn is over                                pauses
    HasRead ... ReplyEnded       how it is answered, and what is remembered           answering, memory
    Pressed, Typed, Flushed      what keys ask for                                    keys
    EngineFailed, EngineLate     what does not work                                   faults
    ClauseSounds, time           what is heard while an answer is long in coming      cueing
    CueMade, time                what is said of a failure; phrases made beforehand   excuse, phrases
    QualityChanged, ServerBusy   what the talk does without, when it does not keep up means

No thread, clock, queue, model or lock. Workers report by `take`, one at a time (`talk.crew.Crew.post`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from voicecli import events
from voicecli.floor import facts
from voicecli.floor.agent.answering import Answering
from voicecli.floor.agent.cueing import Cueing
from voicecli.floor.agent.excuse import Excuse
from voicecli.floor.agent.memory import Memory
from voicecli.floor.agent.phrases import Phrases
from voicecli.floor.agent.reply_language import Languages
from voicecli.floor.keys import Keys
from voicecli.floor.load_facts import QualityChanged, ServerBusy
from voicecli.floor.orders import LetSound, Listen
from voicecli.floor.turns.exchange import Exchange, Numbers, Out
from voicecli.floor.turns.faults import Strikes
from voicecli.floor.user.endless import Endless
from voicecli.floor.user.overlap import Overlaps
from voicecli.floor.user.pauses import Pauses
from voicecli.floor.user.scribing import Scribing
from voicecli.floor.user.speech import Speech

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from voicecli.config import TurnConfig
    from voicecli.errors import StageError
    from voicecli.floor.agent.memory import Begin
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order


@dataclass(frozen=True, slots=True)
class ToldModel:
    """What the user is told of the language model."""

    name: str
    is_local: bool
    hint: str
    drafts: bool = True
    """It may be asked before the user's turn is over."""


class Floor:
    """Owns the conversation: takes facts, gives orders."""

    exchange_type: ClassVar[type[Exchange]] = Exchange
    overlaps_type: ClassVar[type[Overlaps]] = Overlaps
    """Classes of two parts. A test or an experiment may replace them, to see what another rule would do."""

    def __init__(
        self,
        config: TurnConfig,
        model: ToldModel,
        language: str,
        began: float,
        remember: Begin,
        others: Collection[str] = (),
        *,
        speaks_errors: bool = False,
        leaves: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`language` is the main voice's, `others` are those that it or another voice speaks besides.

        `began` is the time the `t` of events is counted from. `remember` makes the conversation; its argument
        is a function that gives date and time. `speaks_errors`: the agent tells of failures by voice, too.
        `leaves`: what else leaves this computer, and how to keep it here; told at the start.
        """
        self._model = model
        self._leaves = leaves
        self._out = out = Out(began)
        self._numbers = Numbers()
        self.exchange = self.exchange_type(out, self._numbers)
        self.exchange.means.drafted = model.drafts
        languages = Languages(out, language, others)
        self.memory = Memory(remember, languages)
        self.strikes = Strikes(out, self.exchange)
        self._phrases = phrases = Phrases(out)
        self._excuse = Excuse(out, self.exchange, languages, phrases, others, speaks=speaks_errors)
        self.answering = Answering(out, self.exchange, self._numbers, self.strikes, self.memory, self._excuse)
        self.scribing = Scribing(out, self.exchange, self._numbers, self.strikes, self.answering.read_ahead)
        self.overlaps = self.overlaps_type(out, self.exchange, self.scribing)
        pauses = self._pauses = Pauses(out, self.exchange, self.scribing, self.strikes, self.memory, config)
        self._cueing = Cueing(out, self.exchange, self._numbers, languages, phrases, others, config)
        endless = Endless(out, self.exchange, config.max_s)
        self.speech = Speech(
            out, self.exchange, self.overlaps, pauses, self.scribing, self.answering, endless
        )
        self.keys = Keys(out, self.exchange, self.scribing)
        self.ready = False
        """The language model is warm, or it failed to load. Before that the microphone is not listened to."""

    # ---- any thread

    @property
    def void_before(self) -> int:
        """Drafts with a lower number are void."""
        return self._numbers.void_before

    # ---- one at a time

    def start(self, now: float) -> list[Order]:
        """Give the first orders."""
        self._out.now = now
        if not self._model.is_local:
            found = f"what you say goes to another computer: {self._model.name}"
            self._out.tell(events.Warned(self._out.t, found, "--engine embedded keeps it here"))
        for found, remedy in self._leaves:
            self._out.tell(events.Warned(self._out.t, found, remedy))
        self.answering.read_first()
        return self._out.taken()

    def take(self, fact: Fact, now: float) -> list[Order]:
        """Take a fact, and give the orders that follow from it."""
        self._out.now = now
        if self.stopped:
            return []
        self.exchange.means.look()
        self.speech.take(fact)
        self._on_rest(fact)
        self._on_work(fact)
        if self.ready:
            self.keys.obey()
        self.answering.advance()
        quiet = self.speech.silent and self.overlaps.mode == "play"
        self._cueing.look(quiet=quiet)
        self._excuse.look(quiet=quiet)
        self._phrases.look(idle=self.idle)
        return self._decided()

    def _decided(self) -> list[Order]:
        """The orders so far, without `LetSound` for a draft that the same fact made void."""
        return [
            order
            for order in self._out.taken()
            if not isinstance(order, LetSound) or order.draft >= self.void_before
        ]

    def stop(self) -> None:
        """End the talk: every draft becomes void."""
        self._numbers.void(sys.maxsize)

    @property
    def stopped(self) -> bool:
        """Whether the talk has ended."""
        return self.void_before == sys.maxsize

    @property
    def idle(self) -> bool:
        """Whether the model is ready, the user is silent and every turn is final."""
        return self.ready and self.speech.silent and self.exchange.settled == self.exchange.newest

    @property
    def end(self) -> StageError | None:
        """What ends the talk, where a stage failed again and again."""
        return self.strikes.end()

    def elapsed_s(self, now: float) -> float:
        """Seconds since the talk began, the `t` of events."""
        return self._out.elapsed_s(now)

    # ---- what is reported

    def _on_rest(self, fact: Fact) -> None:
        """Facts of the clock on the wall, of the keys and of what is heard."""
        match fact:
            case facts.ClauseSounds():
                self._cueing.take(fact)
            case facts.CueMade():
                self._phrases.take(fact)
            case facts.DayTime(local):
                self.memory.local = local
            case facts.Pressed() | facts.Typed():
                self.keys.take(fact)
            case facts.Flushed():
                self.keys.flushed()
            case QualityChanged() | ServerBusy():
                self.exchange.means.take(fact)
                self.memory.shorten(short=self.exchange.means.quality.short_history)
            case _:
                pass

    def _on_work(self, fact: Fact) -> None:  # noqa: C901  # one line a fact
        """Facts of the other workers."""
        match fact:
            case facts.Transcribed():
                self.scribing.take(fact)
            case facts.Judged():
                self._pauses.judged(fact)
            case facts.HasRead():
                self.answering.has_read()
                self._begin_to_listen()
            case facts.EndingJudged(draft, ending) if found := self.exchange.find(draft):
                found.ending = ending
            case facts.ClauseWritten() | facts.TakenBack() | facts.ReplyWritten():
                self.answering.written(fact)
            case facts.ClauseVoiced() | facts.ClauseSounds() | facts.ReplyEnded():
                self.answering.voiced(fact)
            case facts.Noticed():
                self._on_notice(fact)
            case facts.EngineFailed(stage, unit, fault, counts):
                if counts:
                    self.strikes.failed(stage, unit, fault)
                self.strikes.warn(stage, fault)
            case facts.EngineWorked(stage):
                self.strikes.worked(stage)
            case facts.EngineLate(stage) if self.ready:  # models are being read before
                self.strikes.late(stage)
            case _:
                pass

    def _begin_to_listen(self) -> None:
        if not self.ready:
            self.ready = True
            self._out.add(Listen())
            hint = self._model.hint or None
            self._out.tell(events.Listening(self._out.t, self._model.name, hint))

    def _on_notice(self, notice: facts.Noticed) -> None:
        draft = self.exchange.find(notice.draft)
        turn = None if draft is None else draft.turn
        warned = events.Warned(self._out.t, notice.found, notice.remedy, turn)
        if draft is not None:
            self.exchange.tell(draft, warned)
        elif not notice.draft:
            self._out.tell(warned)
