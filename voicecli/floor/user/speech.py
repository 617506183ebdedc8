"""Makes turns and overlaps of what the ear reports. Pure.

gate       SpeechStarted   SpeechPaused   SpeechResumed    Utterance      SpeechDropped
turn       begins          words, draft   goes on          is committed   is committed, without words
overlap    begins          words          goes on          ended          nothing
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.floor import facts
from voicecli.floor.orders import Believe, EndSegment
from voicecli.floor.user.levels import Levels
from voicecli.listen.echo.residual import BEYOND_ECHO_DB
from voicecli.listen.gate.segment import State
from voicecli.messages import (
    FRAME_S,
    SpeechDropped,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Utterance,
)

if TYPE_CHECKING:
    from voicecli.floor.agent.answering import Answering
    from voicecli.floor.facts import Fact, Frame, Gate
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.floor.user.endless import Endless
    from voicecli.floor.user.overlap import Overlap, Overlaps
    from voicecli.floor.user.pauses import Pauses
    from voicecli.floor.user.scribing import Scribing
    from voicecli.messages import SegmentEvent

REMEMBERED_FRAMES = 128
"""4 s of frames whose times are kept: a turn ends at most `turn.max_pause_ms` after its last sound."""

GONE_S = 2.0
"""s without a frame after which the microphone counts as gone, or off."""

NO_SPEECH = (State.QUIET, State.STARTING)
"""The gate has not found speech."""


class Speech:
    """Begins, continues and ends turns and overlaps."""

    def __init__(
        self,
        out: Out,
        exchange: Exchange,
        overlaps: Overlaps,
        pauses: Pauses,
        scribing: Scribing,
        answering: Answering,
        endless: Endless,
    ) -> None:
        self._out = out
        self._exchange = exchange
        self._overlaps = overlaps
        self._pauses = pauses
        self._scribing = scribing
        self._answering = answering
        self._endless = endless
        self._levels = Levels(out)
        self.gate = State.QUIET
        self._spoken_s = 0.0
        self._newest: Frame | None = None
        self._pauses_in_turn = False  # the silence under way began in a turn, not over the agent
        self._heard: deque[tuple[float, float]] = deque(maxlen=REMEMBERED_FRAMES)

    @property
    def silent(self) -> bool:
        """Whether the user is silent and no turn or overlap is undecided."""
        return self.gate is State.QUIET and self._overlaps.current is None

    def take(self, fact: Fact) -> None:
        """Take what the ear reports of sound."""
        match fact:
            case facts.Frame():
                self._on_frame(fact)
            case facts.Hiss() if self._overlaps.current is not None or self.gate in NO_SPEECH:
                self._overlaps.hiss(fact)
            case facts.Gate() if self._endless.ignores:
                self._endless.take(fact.event)
            case facts.Gate():
                self._on_gate(fact)
            case facts.SoFar(Utterance() as utterance) if self._overlaps.current is not None:
                self._overlaps.so_far(utterance, self._spoken_s)
            case facts.SoFar(Utterance() as utterance):
                self._pauses.give(utterance, self._spoken_s)
            case facts.Closed():
                self.gate = State.QUIET
                self._endless.let_go()
                if self._overlaps.current is not None:
                    self._dismiss(self._overlaps.current)
                self._overlaps.let_go()
            case facts.Tick():
                self._on_silence()
            case _:
                pass

    def _on_frame(self, frame: Frame) -> None:
        self.gate, self._spoken_s, self._newest = frame.gate, frame.spoken_s, frame
        self._heard.append((frame.at + FRAME_S, self._out.now))
        self._levels.take(frame)
        if self._endless.ignores and not self._endless.pauses(frame):
            self.gate = State.QUIET
            return
        over_agent = self._overlaps.mode == "hold" or frame.audible or frame.over_echo_db < BEYOND_ECHO_DB
        self._spoken_s = self._overlaps.respond(frame, over_agent=over_agent)
        overlap = self._overlaps.current
        if overlap is None:
            self._endless.look(frame)
            self._pauses.decide(frame)
            return
        self._judge(overlap, frame, over_agent=over_agent)

    def _judge(self, overlap: Overlap, frame: Frame, *, over_agent: bool) -> None:
        """Act on the overlap, once it is decided what it is."""
        saying = self._answering.saying
        match self._overlaps.decide(overlap, frame, self._spoken_s, over_agent=over_agent, saying=saying):
            case "resume":
                self._overlaps.resume()
            case "dismiss":
                self._dismiss(overlap)
            case "stop":
                self._dismiss(overlap, stops=True)
            case "interrupt":
                self._interrupt(overlap)

    def _dismiss(self, overlap: Overlap, *, stops: bool = False) -> None:
        if not overlap.held:
            self._out.drop("held_off", overlap.over)
        self._overlaps.dismiss(overlap, stops=stops)
        self.gate = State.QUIET

    def _on_gate(self, gate: Gate) -> None:
        event, self._spoken_s = gate.event, gate.spoken_s
        if self._is_overlap(event, over_agent=gate.over_agent):
            return
        match event:
            case SpeechStarted():
                self._begin_turn(event.at)
            case SpeechResumed():
                self._learn_pause()
                self._exchange.go_on()
            case SpeechPaused():
                self._pauses_in_turn = True
                self._pauses.offer(event.so_far, self._spoken_s)
            case Utterance(complete=False):
                self._pauses.give(event, self._spoken_s)
            case Utterance():
                if self._exchange.paused != self._exchange.segment:  # cut off in the middle of speech
                    self._pauses.offer(event, self._spoken_s)
                self._finish(event)
            case SpeechDropped():
                self._scribing.wordless(self._exchange.turns[self._exchange.newest])
                self._commit(event.at)

    def _is_overlap(self, event: SegmentEvent, *, over_agent: bool) -> bool:
        """Whether this event is of an overlap that is not decided yet."""
        overlap = self._overlaps.current
        if overlap is not None and self._overlaps.is_more(overlap, event):
            self._interrupt(overlap)
        elif isinstance(event, SpeechStarted):
            if overlap is not None or over_agent or self._overlaps.mode == "hold":
                self._overlaps.begin(event.at)
        elif overlap is not None:
            self._overlaps.take(overlap, event, self._spoken_s)
        return self._overlaps.current is not None

    def _begin_turn(self, at: float) -> None:
        turn = self._exchange.begin(at)
        turn.longest_pause_s, self._pauses_in_turn = 0.0, False
        self._pauses.begin()
        self._out.add(Believe(somebody=True))
        self._overlaps.resume()  # held: nothing of the agent's voice is left in the microphone
        self._out.tell(events.SpeechBegan(self._out.t, turn.number))

    def _learn_pause(self) -> None:
        """The user has gone on: the silence up to here was a pause inside the turn."""
        turn = self._exchange.turns.get(self._exchange.newest)
        if turn is not None and self._newest is not None and self._pauses_in_turn:
            turn.longest_pause_s = max(turn.longest_pause_s or 0.0, self._newest.pause_s)
        self._pauses_in_turn = False

    def _interrupt(self, overlap: Overlap) -> None:
        """Make the overlap the user's next turn, with all that was said since its onset."""
        self._begin_turn(overlap.began_at)
        self._overlaps.current = None
        if overlap.so_far is not None:
            self._pauses.offer(overlap.so_far, self._spoken_s)
            if overlap.ended:
                self._finish(overlap.so_far)

    def _finish(self, utterance: Utterance) -> None:
        """Commit the turn with its last utterance, and tell how much sound was lost in it."""
        self._commit(utterance.speech_ended_at)
        if utterance.lost_s:
            found = f"{utterance.lost_s:.1f} s of what you said was lost before it could be heard"
            remedy = "say it again if the answer does not fit"
            self._out.tell(events.Warned(self._out.t, found, remedy, self._exchange.newest))

    def _commit(self, ended_at: float) -> None:
        """The user has finished: the confirmed draft may sound."""
        self.gate = State.QUIET
        heard_at = next((at for until, at in self._heard if until >= ended_at), None)
        self._exchange.commit(ended_at, heard_at)
        self._endless.ended(self._out.now)

    def _on_silence(self) -> None:
        """Where no sound comes any more, as from a device that is gone, end what was being said."""
        if not self._heard or self._out.now - self._heard[-1][1] < GONE_S:
            return
        overlap = self._overlaps.current
        if self.gate is not State.QUIET:
            self.gate = State.QUIET
            self._out.add(EndSegment())  # an overlap as well: its words decide when they are known
        elif overlap is not None and self._newest is not None:
            quiet = replace(self._newest, at=self._out.now - FRAME_S, gate=State.QUIET, audible=False)
            self._judge(overlap, quiet, over_agent=False)
        self._overlaps.let_go()
