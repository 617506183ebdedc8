"""Speech over the agent until it is decided what it is; and how the agent sounds meanwhile. Pure.

    speech     # # # # # # # # . . . . . . . . .
    agent    > > soft, silent                    goes on  |  dropped
    words                        asked . . there:  nothing  |  an interruption, which becomes a turn

Until it is decided the overlap is no turn and cancels nothing. As an interruption all of it, from its onset,
becomes a turn. A person goes on when the agent has fallen silent. Speech that ends when the agent's voice
ends may be its echo, louder than was known: then the agent goes on and nothing else happens. Not so "no!".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.floor.orders import Believe, EndSegment, Playout, Snapshot, Trim
from voicecli.floor.user.hush import Hush
from voicecli.listen.bargein.bargein import HOLD_FRAMES, response
from voicecli.listen.bargein.verdict import LONG_S, OverlapEvidence, cannot_be_echo, verdict
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
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from voicecli.floor.facts import Frame, Hiss
    from voicecli.floor.orders import Mode
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.floor.user.scribing import Scribing
    from voicecli.listen.bargein.verdict import Verdict
    from voicecli.messages import SegmentEvent

SURE = 0.8
"""A frame that is speech with this probability counts for two: so half of 12 clips, each begun at four places
in a frame, were known as speech a frame sooner (Silero v6)."""
LOOKS_S = (0.5, LONG_S)
"""s of speech at the first looks while it goes on: one to know early, one to be sure of no words."""
GOES_ON_S = 0.4
"""s: a person who pauses when the agent falls silent, and has more to say, goes on within this time."""
LOOK_AGAIN_S = 0.5
"""s of further speech before each later look."""


class Phase(Enum):
    """How far an overlap has come."""

    FAINT = "faint"
    """Not enough to hold the agent."""
    SPOKEN = "spoken"
    """The agent is held for it."""
    PAUSED = "paused"
    """The user has paused; the words up to the pause have been asked for."""
    ENDED = "ended"
    """The silence after it ended it; its words have been asked for."""
    NOTHING = "nothing"
    """It ended, and was too short for words or never enough to hold the agent."""


@dataclass(slots=True)
class Overlap:
    """What is said over the agent.

    phase    it holds   pauses    goes on   ends     too short
    FAINT    SPOKEN     -         -         NOTHING  NOTHING
    SPOKEN   -          PAUSED    -         ENDED    NOTHING
    PAUSED   -          -         SPOKEN    ENDED    NOTHING
    ENDED    -          -         -         -        -
    NOTHING  -          -         -         -        -
    From each phase it becomes a turn, or is dismissed, when `Overlaps.decide` says so.
    """

    over: int
    """The turn whose answer it is said over."""
    began_at: float
    """When its first sound met the microphone."""
    spoke_at: float
    """When its newest speech met the microphone."""
    phase: Phase = Phase.FAINT
    held: bool = False
    """It was enough to hold the agent."""
    looks: dict[int, float] = field(default_factory=dict)
    """Number of each look -> s of speech in the overlap at that time."""
    own: bool = False
    """Two frames exceeded the echo bound; the onset was trimmed to the first of them."""
    outlasting: int = 0
    """Frames of speech at times when the agent's voice and its echo had ended."""
    next_look_s: float = LOOKS_S[0]
    """s of speech at which the next look is taken, while it goes on."""
    look: int = 0
    """The number of the look at all of it; 0 while it goes on."""
    so_far: Utterance | None = None
    """All of it, in the pause or at the end."""

    @property
    def somebodys(self) -> bool:
        """Whether a person must have spoken, however loud the agent's echo may have become."""
        return self.outlasting >= HOLD_FRAMES

    @property
    def ended(self) -> bool:
        """Whether it was cut off by the silence after it."""
        return self.phase is Phase.ENDED

    def hold(self) -> None:
        """There is enough speech to hold the agent."""
        if self.phase is Phase.FAINT:
            self.phase, self.held = Phase.SPOKEN, True

    def take(self, event: SegmentEvent) -> bool:
        """Take what the gate found; say whether a look at all of it is due now."""
        match self.phase, event:
            case Phase.SPOKEN, SpeechPaused(so_far=so_far):
                self.phase, self.so_far = Phase.PAUSED, so_far
                return True
            case Phase.PAUSED, SpeechResumed():
                self.phase, self.so_far, self.look = Phase.SPOKEN, None, 0
            case (Phase.SPOKEN | Phase.PAUSED) as before, Utterance(complete=True):
                self.phase, self.so_far = Phase.ENDED, event
                return before is Phase.SPOKEN
            case (Phase.FAINT, Utterance(complete=True)) | (
                Phase.FAINT | Phase.SPOKEN | Phase.PAUSED,
                SpeechDropped(),
            ):
                self.phase = Phase.NOTHING
        return False


class Overlaps:
    """The overlap under way, at most one. Owns the playout mode."""

    def __init__(self, out: Out, exchange: Exchange, scribing: Scribing) -> None:
        self._out = out
        self._exchange = exchange
        self._scribing = scribing
        self._looks = 0
        self._run = self._since = (
            0  # frames of speech in a row above the echo; frames since the first of them
        )
        self._run_at = 0.0  # when that met the microphone
        self._hush = Hush()
        self.mode: Mode = "play"
        self.current: Overlap | None = None

    def begin(self, at: float) -> None:
        """Speech begins over the agent."""
        self.current = Overlap(self._exchange.newest, at, at)
        if self.mode == "hold":
            self.current.hold()
            self._hush.was_right()

    def take(self, overlap: Overlap, event: SegmentEvent, spoken_s: float) -> None:
        """Take what the gate found."""
        if overlap.take(event) and overlap.so_far is not None:
            overlap.look = self._look(overlap, overlap.so_far, spoken_s, paused=True)

    def respond(self, frame: Frame, *, over_agent: bool) -> float:
        """Duck or hold the agent as soon as there is enough of a sound, or let it go on.

        Gives the s of speech in the overlap: less than the gate counts where the onset was trimmed.
        """
        overlap, spoken_s = self.current, frame.spoken_s
        sounding = frame.gate in (State.STARTING, State.SPEAKING)
        hushed = self._hush.lasts(frame.at, spoken=sounding)
        beyond = sounding and frame.over_echo_db >= BEYOND_ECHO_DB
        if beyond and not self._run:
            self._run_at = frame.at
        self._run = self._run + beyond if sounding else 0
        self._since = self._since + 1 if self._run else 0
        if overlap is None and frame.gate not in (State.QUIET, State.STARTING):
            return spoken_s  # a turn
        if overlap is not None and sounding:
            overlap.spoke_at = frame.at + FRAME_S
            overlap.outlasting += frame.over_echo_db == math.inf
            if self._run >= HOLD_FRAMES and not overlap.own:
                overlap.own, overlap.began_at = True, max(overlap.began_at, self._run_at)
                self._out.add(Trim(self._since))
                spoken_s = min(spoken_s, self._since * FRAME_S)
        if overlap is not None and overlap.phase is not Phase.FAINT:
            return spoken_s
        frames = self._run + (beyond and frame.probability >= SURE)
        match response(frame.barge_in, audible=over_agent, frames=frames):
            case "hold":
                self._sound("hold")
                if overlap is not None:
                    overlap.hold()
            case "duck" if not hushed:
                self._sound("duck")
            case _ if not hushed and (overlap is None or self.mode == "hold"):
                self.resume()
        return spoken_s

    def hiss(self, hiss: Hiss) -> None:
        """Hold the agent for what may begin a word, unless somebody already speaks."""
        faint = self.current is None or self.current.phase is Phase.FAINT
        if faint and self._hush.take(hiss, held=self.mode == "hold"):
            self._sound("hold")

    def decide(
        self, overlap: Overlap, frame: Frame, spoken_s: float, *, over_agent: bool, saying: str
    ) -> Verdict:
        """Decide what the overlap is, as of this frame.

        `over_agent`: the agent's voice may be in the frame. `saying`: what the agent said last.
        """
        if overlap.phase is Phase.NOTHING:
            return "dismiss"
        if overlap.phase is Phase.FAINT:
            outlasts = not over_agent and frame.gate is State.SPEAKING
            return "interrupt" if outlasts and overlap.own else "wait"
        if overlap.phase is Phase.SPOKEN:
            self._look_ahead(overlap, frame, spoken_s)
        (look, words), known = self._scribing.overheard, self._scribing.overheard[0] in overlap.looks
        pause_s = frame.at + FRAME_S - overlap.spoke_at if overlap.look else 0.0
        found = verdict(
            OverlapEvidence(
                spoken_s=spoken_s,
                pause_s=pause_s,
                words=words.text if known else None,
                language=words.language,
                heard_s=overlap.looks.get(look, 0.0),
                whole=known and look == overlap.look,
                asked=saying.rstrip().endswith("?"),
            )
        )
        no_echo = known and overlap.own and cannot_be_echo(words.text, words.language, saying)
        if found == "interrupt" and not (overlap.somebodys or no_echo):
            return "wait" if pause_s < GOES_ON_S else "dismiss"
        return found

    def is_more(self, overlap: Overlap, event: SegmentEvent) -> bool:
        """Whether this is sure to be more than an overlap, so that none of it may be lost."""
        match event:
            case SpeechStarted():  # it was over, and a user who only agrees says no more
                return overlap.somebodys
            case Utterance(complete=False):  # agreement is never so long; noise and the agent's echo may be
                look, words = self._scribing.overheard
                return overlap.somebodys and (look not in overlap.looks or bool(words.text))
            case _:
                return False

    def dismiss(self, overlap: Overlap, *, stops: bool = False) -> None:
        """It was no interruption, or it asked for silence alone."""
        if overlap.held:
            look, words = self._scribing.overheard
            text = words.text if look in overlap.looks else ""
            self._out.tell(events.Overheard(self._out.t, overlap.over, text or None))
            if not (overlap.somebodys or stops):
                self._out.add(Believe(somebody=False))
        self.current = None
        self._out.add(EndSegment(drop=True))
        if stops and overlap.over == self._exchange.newest:  # else the user has asked something new since
            self._exchange.call_off()
        self.resume()

    def resume(self) -> None:
        """The agent goes on, if it says something."""
        self._sound("play")

    def let_go(self) -> None:
        """The microphone closes: a sound that held the agent, and is no overlap yet, never becomes one."""
        self._run = self._since = 0
        self._hush.let_go()
        self.resume()

    def so_far(self, utterance: Utterance, spoken_s: float) -> None:
        """The snapshot that was asked for."""
        if self.current is not None:
            self._look(self.current, utterance, spoken_s, paused=False)

    def _look_ahead(self, overlap: Overlap, frame: Frame, spoken_s: float) -> None:
        """Take a look at its words while it goes on, if the scribe has time."""
        due = frame.gate is State.SPEAKING and spoken_s >= overlap.next_look_s
        if due and self._scribing.has_time(Work.LOOK, frame.room_for):
            later = spoken_s + LOOK_AGAIN_S
            overlap.next_look_s = next((at for at in LOOKS_S if at > spoken_s), later)
            self._out.add(Snapshot())

    def _look(self, overlap: Overlap, utterance: Utterance, spoken_s: float, *, paused: bool) -> int:
        """Have it transcribed, as a part of the turn it would be; give the number of the look."""
        self._looks += 1
        overlap.looks[self._looks] = spoken_s
        turn, segment = self._exchange.newest + 1, self._exchange.segment + 1
        self._scribing.offer(turn, segment, utterance, paused=paused, overlap=self._looks)
        return self._looks

    def _sound(self, mode: Mode) -> None:
        if mode != self.mode:
            self.mode = mode
            self._out.add(Playout(mode))
