"""Speech over the agent until it is known what it is: listening thread. The agent is held meanwhile.

    speech     # # # # # # # # . . . . . . . . .
    agent    > > soft, silent                    goes on  |  dropped
    words                        asked . . there:  nothing  |  an interruption, which becomes a turn

It is no turn and cancels nothing before that. Then all of it is the turn's, from its onset.

Who is somebody goes on when the agent has fallen silent. What ends with its voice may be an echo that has
become louder than was known, and the words are the agent's own: nothing is done but to go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.listen.bargein import HOLD_FRAMES, response
from voicecli.listen.overlap import LONG_S, Overlap, verdict
from voicecli.listen.residual import BEYOND_ECHO_DB
from voicecli.listen.segment import State
from voicecli.messages import (
    FRAME_S,
    Speech,
    SpeechDropped,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Utterance,
)

if TYPE_CHECKING:
    from voicecli.listen.bargein import BargeIn
    from voicecli.listen.overlap import Verdict
    from voicecli.listen.segment import Segmenter
    from voicecli.messages import ScoredFrame, SegmentEvent
    from voicecli.pipeline.transcribing import Transcribing
    from voicecli.pipeline.turns import Turns
    from voicecli.speak.playback import Playback

SURE = 0.8
"""A frame that is speech with this probability counts for two: half of 12 clips, each begun at four places in
a frame, were clear a frame sooner so (Silero v6)."""

LOOKS_S = (0.5, LONG_S)
"""Speech in it when its words are looked at while it goes on: once to know early, once to be sure of none."""
GOES_ON_S = 0.4
"""Somebody who pauses when the agent falls silent, and has more to say, goes on before."""

LOOK_AGAIN_S = 0.5
"""More of it before each look after these."""


@dataclass(slots=True)
class Aside:
    """What is said over the agent."""

    over: int
    """The turn whose answer it is said over."""
    began_at: float
    """When its first sound met the microphone."""
    spoke_at: float
    """When its newest speech did."""
    looks: dict[int, float] = field(default_factory=dict)
    """Of each time that its words were asked for, by number: the speech in it by then, s."""
    own: bool = False
    """It is somebody's, and began with the first frame that is more than echo."""
    held: bool = False
    """It was enough to hold the agent."""
    outlasting: int = 0
    """Frames of speech where nothing of the agent's voice can be left."""
    next_look_s: float = LOOKS_S[0]
    """Speech in it when its words are looked at next, while it goes on."""
    look: int = 0
    """At all of it, up to the pause it is in; 0 while it goes on."""
    ended: Utterance | None = None
    """All of it, when the silence after it has lasted so long that it is cut off."""
    nothing: bool = False
    """It ended, and was too short for words or never enough to hold the agent."""

    @property
    def somebodys(self) -> bool:
        """Whether it cannot be the agent's own voice, however loud its echo may have become."""
        return self.outlasting >= HOLD_FRAMES


class Asides:
    """At most one at a time."""

    def __init__(
        self, segmenter: Segmenter, playback: Playback, turns: Turns, transcribing: Transcribing
    ) -> None:
        self._segmenter = segmenter
        self._playback = playback
        self._turns = turns
        self._transcribing = transcribing
        self._looks = 0
        self._run = 0  # frames of speech in a row that are more than echo
        self._since = 0  # frames since the first of them
        self.current: Aside | None = None

    def begin(self, started: SpeechStarted) -> None:
        """Speech begins over the agent."""
        self.current = Aside(self._turns.newest, started.at, started.at, held=self._playback.jitter.on_hold)

    def take(self, aside: Aside, segment: SegmentEvent) -> None:
        """What the gate says of it."""
        match segment:
            case SpeechPaused() if aside.held:
                aside.look = self._look(aside, segment.so_far, paused=True)
            case SpeechResumed():
                aside.look = 0
            case Utterance(complete=True) if aside.held:
                aside.ended = segment
                aside.look = aside.look or self._look(aside, segment, paused=True)
            case Utterance(complete=True) | SpeechDropped():
                aside.nothing = True

    def respond(self, scored: ScoredFrame, mode: BargeIn, over_echo_db: float, *, audible: bool) -> None:
        """Duck or hold the agent as soon as there is enough of a sound, or let it go on."""
        state, aside = self._segmenter.state, self.current
        sounding = state in (State.STARTING, State.SPEAKING)
        beyond = sounding and over_echo_db >= BEYOND_ECHO_DB
        self._run = self._run + beyond if sounding else 0
        self._since = self._since + 1 if self._run else 0
        if aside is None and state not in (State.QUIET, State.STARTING):
            return  # a turn
        if aside is not None and sounding:
            aside.spoke_at = scored.frame.captured_at + FRAME_S
            aside.outlasting += over_echo_db == math.inf
            if self._run >= HOLD_FRAMES and not aside.own:
                aside.own = True
                aside.began_at = self._segmenter.keep(self._since)
        if aside is not None and aside.held:
            return
        frames = self._run + (beyond and scored.probability >= SURE)
        match response(mode, audible=audible, frames=frames):
            case "hold":
                self._playback.hold()
                if aside is not None:
                    aside.held = True
            case "duck":
                self._playback.duck()
            case _ if aside is None:
                self._playback.resume()

    def let_go(self) -> None:
        """Nobody is listened to: a sound that held the agent, and is no aside yet, never becomes one."""
        self._run = self._since = 0
        self._playback.resume()

    def decide(self, aside: Aside, now: float, *, audible: bool) -> Verdict:
        """What it is, now that a frame up to `now` was heard; `audible`: the agent may be heard in it."""
        if aside.nothing:
            return "dismiss"
        if not aside.held:
            outlasts = not audible and self._segmenter.state is State.SPEAKING
            return "interrupt" if outlasts and aside.own else "wait"
        self._look_ahead(aside)
        look, words = self._transcribing.overheard
        known = look in aside.looks
        pause_s = now - aside.spoke_at if aside.look else 0.0
        found = verdict(
            Overlap(
                spoken_s=self._segmenter.spoken_s,
                pause_s=pause_s,
                words=words.text if known else None,
                language=words.language,
                heard_s=aside.looks.get(look, 0.0),
                whole=known and look == aside.look,
                asked=self._turns.saying.rstrip().endswith("?"),
            )
        )
        if found == "interrupt" and not aside.somebodys:
            return "wait" if pause_s < GOES_ON_S else "dismiss"
        return found

    def is_more(self, aside: Aside, segment: SegmentEvent) -> bool:
        """Whether what the gate says is sure to be more than an aside, none of which is to be lost."""
        match segment:
            case SpeechStarted():  # it was over, and who only agrees says no more
                return aside.somebodys
            case Utterance(complete=False):  # nobody agrees for so long; noise and the agent's echo may last
                look, words = self._transcribing.overheard
                return aside.somebodys and (look not in aside.looks or bool(words.text))
            case _:
                return False

    def dismiss(self, aside: Aside) -> None:
        """It was nothing to stop for."""
        self._tell(aside)
        self._end()
        self._playback.resume()

    def stop(self, aside: Aside) -> None:
        """It asked for silence, and no more."""
        self._tell(aside)  # before the reply's end is told
        self._end()
        if aside.over == self._turns.newest:  # else the user has asked something new since
            self._turns.call_off()
            self._playback.drop(self._turns.draft + 1, self._turns.clock.now())
        self._playback.resume()

    def _tell(self, aside: Aside) -> None:
        if aside.held:
            look, words = self._transcribing.overheard
            text = words.text if look in aside.looks else ""
            self._turns.emit(events.Overheard(self._turns.elapsed_s(), aside.over, text or None))

    def _end(self) -> None:
        self.current = None
        self._segmenter.end()

    def _look_ahead(self, aside: Aside) -> None:
        """Have its words looked at while it goes on, if there is time."""
        due = self._segmenter.state is State.SPEAKING and self._segmenter.spoken_s >= aside.next_look_s
        if due and self._transcribing.has_time(dipped=True):
            later = self._segmenter.spoken_s + LOOK_AGAIN_S
            aside.next_look_s = next((at for at in LOOKS_S if at > self._segmenter.spoken_s), later)
            self._look(aside, self._segmenter.so_far(), paused=False)

    def _look(self, aside: Aside, utterance: Utterance, *, paused: bool) -> int:
        """Have it transcribed, as a part of the turn it would be; give the number of the look."""
        self._looks += 1
        aside.looks[self._looks] = self._segmenter.spoken_s
        turn, stretch = self._turns.newest + 1, self._turns.stretch + 1
        self._transcribing.offer(Speech(turn, stretch, utterance, paused, self._looks))
        return self._looks
