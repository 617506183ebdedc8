"""The ear: ring -> frames -> what the gate finds in them, as facts.

It is the only worker that polls, because a ring without a lock cannot wake a reader. An engine that fails
here costs one frame or one block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from voicecli.audio.convert import Converter
from voicecli.audio.level import SILENCE_DBFS, OffsetRemover, level_dbfs
from voicecli.errors import VoicecliError
from voicecli.floor import facts
from voicecli.floor.orders import Believe, EndSegment, Flush, Listen, Snapshot, Trim
from voicecli.floor.stages import CONVERSION, DETECTOR, TRANSCRIBER, Fault
from voicecli.listen.echo.residual import BEYOND_ECHO_DB
from voicecli.listen.gate.segment import Segmenter, State
from voicecli.listen.hearing import Hearing
from voicecli.listen.recogniser import within
from voicecli.messages import RATE_HZ, ScoredFrame, SpeechStarted
from voicecli.system.priority import step_forward
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from voicecli.audio.probe import Probe
    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.engines import Seat
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import ToEar
    from voicecli.floor.stages import Stage
    from voicecli.listen.capture import Capture
    from voicecli.listen.detector import Detector
    from voicecli.listen.echo.canceller import EchoCanceller
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Float32Frame, Pcm16Chunk, SegmentEvent
    from voicecli.speak.playback import Playback
    from voicecli.system.clock import Clock
    from voicecli.talk.attempts import Attempts
    from voicecli.talk.controls import Controls
    from voicecli.threads.channel import Channel

POLL_S = 0.01
"""s between two looks of the ear into the ring."""

IDLE_POLL_S = 0.03
"""s between two looks while nobody speaks: about a frame. That will do, as speech begins with several."""

AGENTS_S = 0.5
"""s after the agent's sound until which no channel of the microphone opens, because an audio interface may
bring the agent's voice back on a channel of its own."""

CHECK_S = 0.1
"""s between two looks after the devices, and two reports that time passes where there is no sound."""

DAYTIME_S = 1.0
"""s between two reports of what the clock on the wall shows."""


class Ear:
    """Hears the user for a talk; nothing while the agent speaks, where nothing can cancel its echo."""

    def __init__(
        self,
        streams: AudioStreams,
        capture: Capture,
        detector: Seat[Detector],
        recogniser: Recogniser,
        playback: Playback,
        config: Config,
        clock: Clock,
        *,
        controls: Controls,
        make_canceller: Callable[[], EchoCanceller | None],
        attempts: Attempts,
        inbox: Channel[ToEar],
        post: Callable[[Fact], None],
        look_after: Callable[[], None],
    ) -> None:
        """`make_canceller` gives None where the settings ask for nothing that it does. Raises EngineError.

        `look_after` is called every CHECK_S, whether there is sound or not.
        """
        self.make_canceller = make_canceller
        self.canceller = canceller = make_canceller()
        """What takes the echo out, where it is taken out."""
        self.hearing = Hearing(
            streams,
            capture,
            lambda found, remedy: post(facts.Noticed(found, remedy)),
            canceller,
            config.audio,
        )
        self.segmenter = Segmenter(within(config.segment, recogniser), config.turn.max_pause_ms / 1000)
        self.level_dbfs = SILENCE_DBFS
        self._capture = capture
        self._rate_hz, self._channel = streams.microphone.rate_hz, config.audio.channel
        self.converter = Converter(self._rate_hz, canceller, self._channel)
        self._offset = OffsetRemover(RATE_HZ)
        self._detector = detector
        self._looks_ahead = recogniser.looks_ahead
        self._playback = playback
        self._speech_dbfs = config.segment.min_level_dbfs
        self._clock = clock
        self._controls = controls
        self._attempts = attempts
        self._inbox = inbox
        self._post = post
        self._look_after = look_after
        self._listens = False  # the talk has begun
        self._closed = False
        self._idle: Callable[[], bool] = lambda: False
        self._check_at = self._daytime_at = self._tick_at = clock.now()
        self.probe: Probe | None = None  # where --debug looks at the boundaries
        self._position = 0  # of the newest chunk
        self._newest = 0.0  # probability of speech of the newest frame
        self._failing: set[Stage] = set()

    def run(self, stop: threading.Event, idle: Callable[[], bool]) -> None:
        """Listen until `stop` is set. Raises DeviceError when a device is gone for good."""
        self._idle = idle
        step_forward()  # somebody who begins to speak over the agent waits for this thread
        while not stop.is_set():
            if not self.step():
                self._clock.wait(stop, IDLE_POLL_S if idle() else POLL_S)

    def step(self) -> bool:
        """Look once after devices, orders and the ring; say whether there was sound. Raises as `run` does."""
        if self._clock.now() >= self._check_at:
            self._check()
        self._obey()
        chunk = self._capture.read()
        if chunk is None:
            self._tick()
            return False
        self._position = chunk.position
        self.hearing.check_silence()
        if self.probe is not None:
            self.probe.piece("microphone", chunk.samples, chunk.rate_hz, self._clock.now())
        begin = min(self._channel, chunk.samples.shape[1]) - 1  # the others may carry anything
        heard = chunk.samples[:, begin : begin + 1] if self._channel else chunk.samples
        self.hearing.sense.chunk(heard, len(heard) / chunk.rate_hz)
        # The agent's voice may come back sooner than the devices' times tell, if it never was in the air.
        sounding, at = self._playback.sounding, chunk.captured_at
        hold = sounding or self._playback.audible(at, max(self.hearing.tail_s, AGENTS_S))
        fresh: list[Float32Frame] = []
        for frame in self.frames(chunk, hold=hold):
            fresh.append(frame)
            self._on_frame(frame)
        self._on_hiss(at, self.hearing.onset(fresh))
        return True

    def _on_hiss(self, at: float, steps: int) -> None:
        """Report a hiss at once, and not with the frame that it will be part of."""
        if steps and not self._closed:
            audible = self._playback.audible(at, self.hearing.tail_s)
            self._post(facts.Hiss(at, steps, audible, self.hearing.barge_in))

    def frames(self, chunk: Pcm16Chunk, *, hold: bool) -> Iterator[Float32Frame]:
        """Frames that this chunk completes; where their conversion fails, its sound is lost."""
        fresh = self.converter.push(chunk, hold=hold)
        while True:
            frame = self._attempts.attempt(CONVERSION, lambda: next(fresh, None))
            if isinstance(frame, Fault):
                self._fails(CONVERSION, chunk.position, frame)
                self._convert_anew()
                return
            if frame is None:
                return
            self._works(CONVERSION)
            yield replace(frame, samples=self._offset.push(frame.samples))

    def score(self, frame: Float32Frame) -> ScoredFrame:
        """Score the frame as the detector does; where that fails, the probability of the last frame holds."""
        quiet_dbfs = self.segmenter.quiet_dbfs
        scored = self._attempts.attempt(DETECTOR, lambda: self._detector.it.score(frame, quiet_dbfs))
        if isinstance(scored, Fault):
            self._fails(DETECTOR, frame.position, scored)
            self._attempts.mend(self._detector, scored)
            return ScoredFrame(frame, self._newest, level_dbfs(frame.samples))
        self._works(DETECTOR)
        self._newest = scored.probability
        return scored

    def give_up(self, stage: Stage, fault: Fault) -> None:
        """The thread that ran this hangs in one of the two engines, and another one will."""
        self._fails(stage, self._position, fault)
        if stage is DETECTOR:
            self._attempts.mend(self._detector, fault)
        else:
            self._convert_anew()

    def _convert_anew(self) -> None:
        """Put another converter in the place of one that failed; without a canceller, if none can be made."""
        try:
            canceller = self.make_canceller()
        except VoicecliError as error:
            canceller = None  # the microphone is then off while the agent speaks
            self._post(facts.Noticed(error.found, error.remedy))
        self.canceller = canceller
        self.hearing.cancels_with(canceller)
        self.converter = Converter(self._rate_hz, canceller, self._channel)

    def _fails(self, stage: Stage, unit: int, fault: Fault) -> None:
        self._failing.add(stage)
        self._post(facts.EngineFailed(stage, unit, fault))

    def _works(self, stage: Stage) -> None:
        if stage in self._failing:
            self._failing.remove(stage)
            self._post(facts.EngineWorked(stage))

    def _check(self) -> None:
        now = self._clock.now()
        self._check_at = now + CHECK_S
        self.hearing.check(listens=self._listens, idle=self._idle())
        self._look_after()
        if now >= self._daytime_at:
            self._daytime_at = now + DAYTIME_S
            self._post(facts.DayTime(self._clock.local()))

    def _tick(self) -> None:
        """Report that time passes, if neither a frame nor a tick has been reported for CHECK_S."""
        now = self._clock.now()
        if now >= self._tick_at:
            self._tick_at = now + CHECK_S
            self._post(facts.Tick())

    def _obey(self) -> None:
        while self._inbox.stats().fill:
            match self._inbox.get(0):
                case Listen():
                    self._listens = True
                case Snapshot():
                    speaking = self.segmenter.state in (State.SPEAKING, State.STOPPING)
                    self._post(facts.SoFar(self.segmenter.so_far() if speaking else None))
                case EndSegment(drop):
                    ended = self.segmenter.end()
                    self._report([] if drop else ended)
                case Trim(frames):
                    self.segmenter.keep(frames)
                case Flush():
                    self._report(self.segmenter.flush())
                    self._post(facts.Flushed())
                case Believe(somebody):
                    (self.hearing.heard_somebody if somebody else self.hearing.doubt)()

    def _on_frame(self, frame: Float32Frame) -> None:
        at = frame.captured_at
        deaf, mode = self._controls.deaf(at), self.hearing.barge_in
        audible = self._playback.audible(at, self.hearing.tail_s)
        closed = not self._listens or deaf or (mode == "off" and audible)
        if closed != self._closed:
            # A segment that the user began ends here: the agent's voice must not become part of it.
            self._closed = closed
            self._report(self.segmenter.flush())
            if closed:
                self._post(facts.Closed())
            self._obey()
        if closed:
            self.level_dbfs = SILENCE_DBFS if deaf else level_dbfs(frame.samples)
            self._tick()
            return
        if self.probe is not None:
            self.probe.piece("frames", frame.samples, RATE_HZ, self._clock.now())
        scored, gate = self.score(frame), self.segmenter
        self.level_dbfs = scored.level_dbfs
        self.hearing.check_loudness(scored.level_dbfs, self._speech_dbfs)
        self._report(gate.push(scored))
        self.hearing.sense.frame(scored.level_dbfs, speaking=gate.state is State.SPEAKING)
        self._tick_at = self._clock.now() + CHECK_S
        self._post(
            facts.Frame(
                at,
                scored.level_dbfs,
                scored.probability,
                gate.state,
                gate.pause_s,
                gate.spoken_s,
                self.hearing.over_echo_db(at),
                self._playback.audible(at, self.hearing.tail_s),
                self.hearing.barge_in,
                self._attempts.room_for(TRANSCRIBER) if self._looks_ahead else Work.FINAL,
            )
        )
        self._obey()

    def _report(self, found: list[SegmentEvent]) -> None:
        for event in found:
            over_agent = isinstance(event, SpeechStarted) and (
                self._playback.audible(event.at, self.hearing.tail_s)
                or self.hearing.over_echo_db(event.at) < BEYOND_ECHO_DB
            )
            self._post(facts.Gate(event, self.segmenter.spoken_s, over_agent))
