"""Speech over the agent until it is known what it is: listening thread. The agent is held meanwhile.

    speech     # # # # # # # # . . . . . . . . .
    agent    > > soft, silent                    goes on  |  dropped
    words                        asked . . there:  nothing  |  an interruption, which becomes a turn

It is no turn and cancels nothing before that. Then all of it is the turn's, from its onset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.listen.bargein import response
from voicecli.listen.overlap import Overlap, verdict
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
from voicecli.pipeline.transcribing import NO_WORDS

if TYPE_CHECKING:
    from voicecli.listen.bargein import EchoState
    from voicecli.listen.overlap import Verdict
    from voicecli.listen.segment import Segmenter
    from voicecli.messages import ScoredFrame, SegmentEvent, Transcript
    from voicecli.pipeline.transcribing import Transcribing
    from voicecli.pipeline.turns import Turns
    from voicecli.speak.playback import Playback

LOOK_S = 0.5
"""Speech before its words are first looked at while it goes on."""
LOOK_AGAIN_S = 0.3
"""More of it before the next look."""


@dataclass(slots=True)
class Aside:
    """What is said over the agent."""

    began_at: float
    """When its first sound met the microphone."""
    first_look: int
    spoke_at: float
    """When its newest speech did."""
    held: bool = False
    """It was enough to hold the agent."""
    seen_s: float = LOOK_S - LOOK_AGAIN_S
    """Speech in it when its words were looked at last."""
    look: int = 0
    """At all of it, up to the pause it is in; 0 while it goes on."""
    ended: Utterance | None = None
    """All of it, when the silence after it has lasted so long that it is cut off."""
    nothing: bool = False
    """It ended, and was too short for words or never enough to hold the agent."""


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
        self._run = 0  # frames of speech in a row
        self.current: Aside | None = None

    def begin(self, started: SpeechStarted) -> None:
        """Speech begins over the agent."""
        self.current = Aside(started.at, self._looks + 1, started.at)

    def take(self, aside: Aside, segment: SegmentEvent) -> None:
        """What the gate says of it."""
        match segment:
            case SpeechPaused() if aside.held:
                aside.look = self._look(segment.so_far, paused=True)
            case SpeechResumed():
                aside.look = 0
            case Utterance(complete=True) if aside.held:
                aside.ended = segment
                aside.look = aside.look or self._look(segment, paused=True)
            case Utterance(complete=True) | SpeechDropped():
                aside.nothing = True

    def respond(
        self, scored: ScoredFrame, echo: EchoState | None, *, headphones: bool, audible: bool
    ) -> None:
        """Duck or hold the agent as soon as there is enough of a sound, or let it go on."""
        state, aside = self._segmenter.state, self.current
        sounding = state in (State.STARTING, State.SPEAKING)
        self._run = self._run + 1 if sounding else 0
        if aside is None and state not in (State.QUIET, State.STARTING):
            return  # a turn
        if aside is not None and sounding:
            aside.spoke_at = scored.frame.captured_at + FRAME_S
        if aside is not None and aside.held:
            return
        above_db = scored.level_dbfs - self._segmenter.floor.dbfs
        match response(echo, headphones=headphones, audible=audible, frames=self._run, above_db=above_db):
            case "hold" if aside is not None:
                aside.held = True
                self._playback.hold()
            case "duck" | "hold":
                self._playback.duck()
            case _ if aside is None:
                self._playback.resume()

    def decide(self, aside: Aside, now: float) -> Verdict:
        """What it is, now that a frame up to `now` was heard."""
        if aside.nothing:
            return "dismiss"
        if not aside.held:
            return "wait"
        words, whole = self.words(aside)
        self._look_ahead(aside)
        return verdict(
            Overlap(
                lasted_s=now - aside.began_at,
                spoken_s=self._segmenter.spoken_s,
                pause_s=now - aside.spoke_at if aside.look else 0.0,
                words=None if words is None else words.text,
                language="" if words is None else words.language,
                whole=whole,
                asked=self._turns.saying.rstrip().endswith("?"),
            )
        )

    def words(self, aside: Aside) -> tuple[Transcript | None, bool]:
        """What is known of its words, and whether that is all of them."""
        look, words = self._transcribing.overheard
        return (words if look >= aside.first_look else None), look == aside.look != 0

    def dismiss(self, aside: Aside) -> None:
        """It was nothing to stop for."""
        self.current = None
        self._segmenter.end()
        self._playback.resume()
        if aside.held:
            self._tell(aside)

    def stop(self, aside: Aside) -> None:
        """It asked for silence, and no more."""
        self._turns.resume()
        self._playback.drop(self._turns.draft + 1, self._turns.clock.now())
        self.dismiss(aside)

    def _tell(self, aside: Aside) -> None:
        words = self.words(aside)[0] or NO_WORDS
        self._turns.emit(events.Overheard(self._turns.elapsed_s(), self._turns.newest, words.text or None))

    def _look_ahead(self, aside: Aside) -> None:
        spoken_s = self._segmenter.spoken_s
        fresh = spoken_s - aside.seen_s >= LOOK_AGAIN_S
        if self._segmenter.state is State.SPEAKING and fresh and self._transcribing.has_time(dipped=False):
            aside.seen_s = spoken_s
            self._look(self._segmenter.so_far(), paused=False)

    def _look(self, utterance: Utterance, *, paused: bool) -> int:
        """Have it transcribed, as a part of the turn it would be."""
        self._looks += 1
        turn, stretch = self._turns.newest + 1, self._turns.stretch + 1
        self._transcribing.offer(Speech(turn, stretch, utterance, paused, self._looks))
        return self._looks
