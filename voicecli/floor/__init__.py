"""The floor: whose turn it is. Told facts, one at a time, each with its time; gives orders. Pure.

    Frame, Gate                  who speaks: a turn, or an overlap of the agent's     exchange, turn, overlap
    SoFar, Transcribed           what was said: partial words, drafts, the answer     scribing
    Frame, Judged, EndingJudged  when the turn is over                                pauses
    HasRead ... ReplyEnded       how it is answered, and what is remembered           answering, memory
    Interrupted, Typed, Flushed  what keys ask for                                    keys
    EngineFailed, EngineLate     what does not work                                   faults

No thread, clock, queue, model or lock: who reports calls `take`, one at a time (`voicecli.talk.Talk.post`).
"""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from voicecli import events
from voicecli.floor import facts
from voicecli.floor.answering import Answering
from voicecli.floor.exchange import Exchange, Numbers, Out
from voicecli.floor.faults import Strikes
from voicecli.floor.keys import Keys
from voicecli.floor.memory import Memory
from voicecli.floor.orders import Believe, EndSegment, LetSound, Listen
from voicecli.floor.overlap import Overlaps
from voicecli.floor.pauses import Pauses
from voicecli.floor.scribing import Scribing
from voicecli.listen.residual import BEYOND_ECHO_DB
from voicecli.listen.segment import State
from voicecli.messages import (
    FRAME_S,
    SpeechDropped,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Utterance,
)

if TYPE_CHECKING:
    from voicecli.config import Config
    from voicecli.errors import StageError
    from voicecli.floor.facts import Fact, Frame, Gate
    from voicecli.floor.orders import Order
    from voicecli.floor.overlap import Overlap
    from voicecli.messages import SegmentEvent

REMEMBERED_FRAMES = 128
"""When each of the last 4 s of frames was heard: a turn ends at most max_pause_ms after its last sound."""

GONE_S = 2.0
"""A microphone of which nothing was heard for so long is gone, or off."""


@dataclass(frozen=True, slots=True)
class Model:
    """What the user is told of the language model."""

    name: str
    is_local: bool
    hint: str


class Floor:
    """Owns the conversation."""

    exchange_type: ClassVar[type[Exchange]] = Exchange
    overlaps_type: ClassVar[type[Overlaps]] = Overlaps
    """What it is made of, for whoever wants to know what another rule would do."""

    def __init__(self, config: Config, model: Model, language: str, began: float) -> None:
        """`language` is the voice's; `began` the time the `t` of events is counted from."""
        self._model = model
        self._out = out = Out(began)
        self._numbers = Numbers()
        self.exchange = self.exchange_type(out, self._numbers)
        self.memory = Memory(config.conversation)
        self.strikes = Strikes(out, self.exchange)
        self.answering = Answering(out, self.exchange, self._numbers, self.strikes, self.memory, language)
        self.scribing = Scribing(out, self.exchange, self._numbers, self.strikes, self.answering.read_ahead)
        self.overlaps = self.overlaps_type(out, self.exchange, self.scribing)
        self._pauses = Pauses(out, self.exchange, self.scribing, self.strikes, self.memory, config.turn)
        self._keys = Keys(out, self.exchange, self.scribing)
        self.ready = False
        """The model is warm, or it failed. Before that nobody is heard."""
        self.gate = State.QUIET
        self._spoken_s = 0.0
        self._heard: deque[tuple[float, float]] = deque(maxlen=REMEMBERED_FRAMES)

    # ---- any thread

    @property
    def void_before(self) -> int:
        """Drafts, and what is read ahead, with a lower number are not wanted."""
        return self._numbers.void_before

    # ---- one at a time

    def start(self, now: float) -> list[Order]:
        """What is to be done first."""
        self._out.now = now
        if not self._model.is_local:
            found = f"what you say goes to another computer: {self._model.name}"
            self._out.tell(events.Warned(self._out.t, found, "--engine embedded keeps it here"))
        self.answering.read_first()
        return self._out.taken()

    def take(self, fact: Fact, now: float) -> list[Order]:
        """What is to be done now that this has happened."""
        self._out.now = now
        if self.stopped:
            return []
        self._on_sound(fact)
        self._on_work(fact)
        if self.ready:
            self._keys.obey()
        self.answering.advance()
        return self._decided()

    def _decided(self) -> list[Order]:
        """The orders, but for the leave to sound of what was called off by the same fact."""
        return [
            order
            for order in self._out.taken()
            if not isinstance(order, LetSound) or order.draft >= self.void_before
        ]

    def stop(self) -> None:
        """The talk ends: nothing is wanted any more."""
        self._numbers.void(sys.maxsize)

    @property
    def stopped(self) -> bool:
        """Whether the talk has ended."""
        return self.void_before == sys.maxsize

    @property
    def idle(self) -> bool:
        """Whether it listens, the user is silent and every turn is dealt with."""
        silent = self.gate is State.QUIET and self.overlaps.current is None
        return self.ready and silent and self.exchange.settled == self.exchange.newest

    @property
    def end(self) -> StageError | None:
        """What ends the talk, where a stage failed again and again."""
        return self.strikes.end()

    def elapsed_s(self, now: float) -> float:
        """Seconds since the talk began, the `t` of events."""
        return self._out.elapsed_s(now)

    # ---- what is reported

    def _on_sound(self, fact: Fact) -> None:  # noqa: C901  # one line a fact
        """What the ear and the keys report."""
        match fact:
            case facts.Frame():
                self._on_frame(fact)
            case facts.Gate():
                self._on_gate(fact)
            case facts.SoFar(Utterance() as utterance) if self.overlaps.current is not None:
                self.overlaps.so_far(utterance, self._spoken_s)
            case facts.SoFar(Utterance() as utterance):
                self._pauses.give(utterance, self._spoken_s)
            case facts.Closed():
                self.gate = State.QUIET
                if self.overlaps.current is not None:
                    self._dismiss(self.overlaps.current)
                self.overlaps.let_go()
            case facts.Tick():
                self._on_silence()
            case facts.DayTime(local):
                self.memory.local = local
            case facts.Interrupted() | facts.Typed():
                self._keys.take(fact)
            case facts.Flushed():
                self._keys.flushed()
            case _:
                pass

    def _on_work(self, fact: Fact) -> None:  # noqa: C901  # one line a fact
        """What the other workers report."""
        match fact:
            case facts.Transcribed():
                self.scribing.take(fact)
            case facts.Judged():
                self._pauses.judged(fact)
            case facts.HasRead():
                self.answering.has_read()
                self._begin_to_listen()
            case facts.EndingJudged(draft, log_odds) if found := self.exchange.find(draft):
                found.ending = log_odds
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

    # ---- who speaks

    def _on_frame(self, frame: Frame) -> None:
        self.gate, self._spoken_s = frame.gate, frame.spoken_s
        self._heard.append((frame.at + FRAME_S, self._out.now))
        over_agent = self.overlaps.mode == "hold" or frame.audible or frame.over_echo_db < BEYOND_ECHO_DB
        self._spoken_s = self.overlaps.respond(frame, over_agent=over_agent)
        overlap = self.overlaps.current
        if overlap is None:
            self._pauses.decide(frame)
            return
        asked = self.answering.saying.rstrip().endswith("?")
        match self.overlaps.decide(overlap, frame, self._spoken_s, over_agent=over_agent, asked=asked):
            case "resume":
                self.overlaps.resume()
            case "dismiss":
                self._dismiss(overlap)
            case "stop":
                self._dismiss(overlap, stops=True)
            case "interrupt":
                self._interrupt(overlap)

    def _dismiss(self, overlap: Overlap, *, stops: bool = False) -> None:
        self.overlaps.dismiss(overlap, stops=stops)
        self.gate = State.QUIET

    def _on_gate(self, gate: Gate) -> None:
        event, self._spoken_s = gate.event, gate.spoken_s
        if self._is_overlap(event, over_agent=gate.over_agent):
            return
        match event:
            case SpeechStarted():
                self._begin_turn(event.at)
            case SpeechResumed():
                self.exchange.go_on()
            case SpeechPaused():
                self._pauses.offer(event.so_far, self._spoken_s)
            case Utterance(complete=False):
                self._pauses.give(event, self._spoken_s)
            case Utterance():
                if self.exchange.paused != self.exchange.segment:  # cut off in the middle of speech
                    self._pauses.offer(event, self._spoken_s)
                self._commit(event.speech_ended_at)
            case SpeechDropped():
                self.scribing.wordless(self.exchange.turns[self.exchange.newest])
                self._commit(event.at)

    def _is_overlap(self, event: SegmentEvent, *, over_agent: bool) -> bool:
        """Whether this is of something that is said over the agent, and not to be acted on yet."""
        overlap = self.overlaps.current
        if overlap is not None and self.overlaps.is_more(overlap, event):
            self._interrupt(overlap)
        elif isinstance(event, SpeechStarted):
            if overlap is not None or over_agent or self.overlaps.mode == "hold":
                self.overlaps.begin(event.at)
        elif overlap is not None:
            self.overlaps.take(overlap, event, self._spoken_s)
        return self.overlaps.current is not None

    def _begin_turn(self, at: float) -> None:
        turn = self.exchange.begin(at)
        self._pauses.begin()
        self._out.add(Believe(somebody=True))
        self.overlaps.resume()  # a hold: nothing of it is left to be heard
        self._out.tell(events.SpeechBegan(self._out.t, turn.number))

    def _interrupt(self, overlap: Overlap) -> None:
        """It is the next turn of the user, with all that was said since its onset."""
        self._begin_turn(overlap.began_at)
        self.overlaps.current = None
        if overlap.so_far is not None:
            self._pauses.offer(overlap.so_far, self._spoken_s)
            if overlap.ended:
                self._commit(overlap.so_far.speech_ended_at)

    def _commit(self, ended_at: float) -> None:
        """The user has finished: what was drafted may be heard."""
        self.gate = State.QUIET
        heard_at = next((at for until, at in self._heard if until >= ended_at), None)
        self.exchange.commit(ended_at, heard_at)

    def _on_silence(self) -> None:
        """Where no sound comes any more, as from a device that is gone, nobody is waited for."""
        if not self._heard or self._out.now - self._heard[-1][1] < GONE_S:
            return
        if self.overlaps.current is not None:
            self._dismiss(self.overlaps.current)
        elif self.gate is not State.QUIET:
            self.gate = State.QUIET
            self._out.add(EndSegment())
        self.overlaps.let_go()
