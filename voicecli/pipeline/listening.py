"""The listening thread: ring -> frames -> segments -> turns."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.audio.level import SILENCE_DBFS, level_dbfs
from voicecli.listen.residual import BEYOND_ECHO_DB
from voicecli.listen.segment import Segmenter, State
from voicecli.messages import (
    FRAME_S,
    Speech,
    SpeechDropped,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Typed,
    Utterance,
)
from voicecli.pipeline.asides import Asides
from voicecli.pipeline.controls import Interrupt, Say
from voicecli.pipeline.deciding import Deciding
from voicecli.pipeline.ear import Ear
from voicecli.pipeline.hearing import Hearing

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.listen.capture import Capture
    from voicecli.listen.detect import Detector
    from voicecli.listen.echo import EchoCanceller
    from voicecli.messages import Float32Frame, SegmentEvent
    from voicecli.pipeline.asides import Aside
    from voicecli.pipeline.controls import Controls
    from voicecli.pipeline.faults import Faults
    from voicecli.pipeline.judging import Judging
    from voicecli.pipeline.transcribing import Transcribing
    from voicecli.pipeline.turns import Turns
    from voicecli.speak.playback import Playback

POLL_S = 0.01
"""How often the listener looks into the ring: a ring without a lock has no bell."""

IDLE_POLL_S = 0.03
"""How often while nobody speaks: about a frame, and speech begins with several."""

AGENTS_S = 0.5
"""An interface may bring the agent's voice back on a channel of its own: none opens until so much later."""

CHECK_S = 0.1
"""How often it looks after the devices."""

REMEMBERED_FRAMES = 128
"""When each of the last 4 s of frames was heard: a turn ends at most max_pause_ms after its last sound."""


class Listening:
    """From the microphone's ring to turns: gives the floor to the user, and takes it.

    What is said over the agent is an aside until it is known to be more. Where the agent would be heard in
    it, the microphone is held off while the agent is heard, and a little longer.
    """

    def __init__(
        self,
        streams: AudioStreams,
        capture: Capture,
        detector: Detector,
        playback: Playback,
        turns: Turns,
        config: Config,
        transcribing: Transcribing,
        judging: Judging,
        *,
        controls: Controls,
        canceller: EchoCanceller | None,
        faults: Faults,
    ) -> None:
        self._controls = controls
        self._capture = capture
        self.hearing = Hearing(streams, capture, turns, canceller, config.audio)
        self._ear = Ear(streams.microphone.rate_hz, canceller, config.audio.channel, detector, faults)
        self._speech_dbfs = config.segment.min_level_dbfs
        self.segmenter = Segmenter(config.segment, config.turn.max_pause_ms / 1000)
        self._playback = playback
        self._turns = turns
        self._transcribing = transcribing
        self._judging = judging
        self._asides = Asides(self.segmenter, playback, turns, transcribing)
        self._deciding = Deciding(self.segmenter, turns, transcribing, judging, config.turn)
        self._frames: deque[tuple[float, float]] = deque(maxlen=REMEMBERED_FRAMES)
        self._seen_s = 0.0  # speech of this turn that was given to it
        self._held_off = False
        self._check_at = turns.clock.now()
        self.level_dbfs = SILENCE_DBFS

    def run(self) -> None:
        """Until stopped. Raises DeviceError when a device is gone for good."""
        while not self._turns.stop.is_set():
            if not self.step():
                self._turns.clock.wait(self._turns.stop, self._poll_s)

    def step(self) -> bool:
        """Look once after devices, keys and the ring; say whether there was sound. Raises as `run` does."""
        if self._turns.clock.now() >= self._check_at:
            self.hearing.check()
            self._check_at = self._turns.clock.now() + CHECK_S
        self._obey()
        chunk = self._capture.read()
        if chunk is None:
            return False
        self.hearing.check_silence()
        # It may come back sooner than devices tell: the copy never was in the air.
        sounding, at = self._playback.jitter.sounding, chunk.captured_at
        hold = sounding or self._playback.audible(at, max(self.hearing.tail_s, AGENTS_S))
        for frame in self._ear.frames(chunk, hold=hold):
            self._on_frame(frame)
        return True

    @property
    def quiet(self) -> bool:
        """Whether nobody speaks, and nothing that was said is left to be decided."""
        return self.segmenter.state is State.QUIET and self._asides.current is None

    @property
    def idle(self) -> bool:
        """Any thread: whether nobody speaks and every turn is dealt with."""
        # In this order: what is not quiet any more has become a turn before.
        return self.quiet and self._turns.settled == self._turns.newest

    @property
    def _poll_s(self) -> float:
        return IDLE_POLL_S if self.idle else POLL_S

    def _on_frame(self, frame: Float32Frame) -> None:
        deaf = self._controls.deaf(frame.captured_at)
        audible = self._playback.audible(frame.captured_at, self.hearing.tail_s)
        held_off = not self._turns.ready or deaf or (self.hearing.barge_in == "off" and audible)
        if held_off != self._held_off:
            # What the user began before the agent's voice ends there: the voice must not join it.
            self._held_off = held_off
            self._on_segments(self.segmenter.flush())
            if held_off and self._asides.current is not None:
                self._dismiss(self._asides.current)
        if held_off:
            self._asides.let_go()
            self.level_dbfs = SILENCE_DBFS if deaf else level_dbfs(frame.samples)
            return
        scored = self._ear.score(frame, self.segmenter.quiet_dbfs)
        self.level_dbfs = scored.level_dbfs
        self.hearing.check_loudness(scored.level_dbfs, self._speech_dbfs)
        self._frames.append((frame.captured_at + FRAME_S, self._turns.clock.now()))
        self._on_segments(self.segmenter.push(scored))
        audible = self._over_agent(frame.captured_at)
        over_echo_db = self.hearing.over_echo_db(frame.captured_at)
        self._asides.respond(scored, self.hearing.barge_in, over_echo_db, audible=audible)
        if self._asides.current is None:
            self._decide()
        else:
            self._decide_aside(self._asides.current, frame.captured_at + FRAME_S, audible=audible)

    def _obey(self) -> None:
        """Do what keys ask for: it opens and ends turns as speech does."""
        if not self._turns.ready:
            return
        for command in self._controls.commands():
            match command:
                case Interrupt() if self._turns.answer() is not None:
                    self._turns.call_off()
                    self._silence_agent()
                case Interrupt() | Say("") if self._turns.settled < self._turns.newest:
                    # Until it is known what is interrupted, or the reply has ended that would be cut short.
                    if not self._turns.is_open(self._turns.newest):
                        self._controls.put_off(command)
                case Say(text):
                    self._on_segments(self.segmenter.flush())  # what was being said is a turn of its own
                    now = self._turns.clock.now()
                    self._turns.call_off()  # who types asks something new
                    turn = self._turns.open(now)
                    self._silence_agent()
                    self._transcribing.offer(Typed(turn, self._turns.stretch, text))
                    self._turns.take(now, now)

    def _on_segments(self, segments: list[SegmentEvent]) -> None:
        for segment in segments:
            if self._is_aside(segment):
                continue
            match segment:
                case SpeechStarted():
                    self._begin_turn(segment.at)
                case SpeechResumed():
                    self._turns.resume()
                    self._silence_agent()
                case SpeechPaused():
                    self._offer(segment.so_far)
                case Utterance(complete=False):
                    self._give(segment)
                case Utterance():
                    if self._turns.paused != self._turns.stretch:  # cut off in the middle of speech
                        self._offer(segment)
                    self._take(segment.speech_ended_at)
                case SpeechDropped():
                    self._give(None, paused=True)
                    self._take(segment.at)

    def _is_aside(self, segment: SegmentEvent) -> bool:
        """Whether this is of something that is said over the agent, and not to be acted on yet."""
        aside = self._asides.current
        if aside is not None and self._asides.is_more(aside, segment):
            self._interrupt(aside)
        elif isinstance(segment, SpeechStarted) and (aside is not None or self._over_agent(segment.at)):
            self._asides.begin(segment)
        elif aside is not None:
            self._asides.take(aside, segment)
        return self._asides.current is not None

    def _begin_turn(self, at: float) -> None:
        turn = self._turns.open(at)
        self.hearing.heard_somebody()
        self._seen_s = 0.0
        self._silence_agent()
        self._playback.resume()  # a hold: nothing of it is left to be heard
        self._turns.emit(events.SpeechBegan(self._turns.elapsed_s(), turn))

    def _over_agent(self, at: float) -> bool:
        """Whether what met the microphone then may have met the agent's voice."""
        audible = self._playback.jitter.on_hold or self._playback.audible(at, self.hearing.tail_s)
        return audible or self.hearing.over_echo_db(at) < BEYOND_ECHO_DB

    def _decide_aside(self, aside: Aside, now: float, *, audible: bool) -> None:
        match self._asides.decide(aside, now, audible=audible):
            case "resume":
                self._playback.resume()
            case "dismiss":
                self._dismiss(aside)
            case "stop":
                self._asides.stop(aside)
            case "interrupt":
                self._interrupt(aside)

    def _dismiss(self, aside: Aside) -> None:
        if aside.held and not aside.somebodys:
            self.hearing.doubt()
        self._asides.dismiss(aside)

    def _interrupt(self, aside: Aside) -> None:
        """It is the next turn of the user, with all that was said since its onset."""
        self._begin_turn(aside.began_at)
        self._asides.current = None  # not before: see `idle`
        if aside.ended is not None:
            self._offer(aside.ended)
            self._take(aside.ended.speech_ended_at)
        elif aside.look:
            self._offer(self.segmenter.so_far())

    def _offer(self, utterance: Utterance) -> None:
        """Let the words, and a draft of the reply, be made while the silence is still being judged."""
        self._turns.pause()
        self._judging.offer(self._give(utterance, paused=True))

    def _give(self, utterance: Utterance | None, *, paused: bool = False) -> Speech:
        speech = Speech(self._turns.newest, self._turns.stretch, utterance, paused)
        self._transcribing.offer(speech)
        self._seen_s = self.segmenter.spoken_s
        return speech

    def _take(self, ended_at: float) -> None:
        """The user has finished: what was drafted may be heard."""
        heard_at = next((at for captured_at, at in self._frames if captured_at >= ended_at), None)
        self._turns.take(ended_at, heard_at)

    def _silence_agent(self) -> None:
        """What it says, or was about to say, is not wanted any more."""
        self._playback.drop(self._turns.draft + 1, self._turns.clock.now())

    def _decide(self) -> None:
        """Take the turn when it is over; else let the words so far be looked at, if that is worth it."""
        if self._deciding.is_over():
            self._on_segments(self.segmenter.end())
        elif self.segmenter.state is State.SPEAKING and self._deciding.wants_a_look(
            self.level_dbfs, self.segmenter.spoken_s - self._seen_s
        ):
            self._give(self.segmenter.so_far())
