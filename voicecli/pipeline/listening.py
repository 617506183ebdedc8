"""The two listening threads: ring -> frames -> segments, and segments -> what the user said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli import events
from voicecli.audio.convert import Converter
from voicecli.audio.level import SILENCE_DBFS, level_dbfs
from voicecli.audio.streams import Pulse
from voicecli.errors import DeviceError
from voicecli.listen.segment import Segmenter
from voicecli.messages import SpeechDropped, SpeechStarted, Transcript, UserTurn, Utterance

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams
    from voicecli.channel import Channel
    from voicecli.config import Config
    from voicecli.listen.capture import Capture
    from voicecli.listen.detect import Detector
    from voicecli.listen.transcribe import Transcriber
    from voicecli.messages import Float32Frame, SegmentEvent
    from voicecli.pipeline.turns import Turns
    from voicecli.speak.playback import Playback

POLL_S = 0.01
"""How often the listener looks into the ring: a ring without a lock has no bell."""

CHECK_S = 0.25
"""How often it looks whether both devices still run."""

NO_WORDS = Transcript(text="", language="", confidence=0.0)


class Listening:
    """From the microphone's ring to utterances, and the one who gives the floor to the user.

    Without headphones the microphone is held off while the agent is heard, and a little longer: it would
    hear the agent.
    """

    def __init__(
        self,
        streams: AudioStreams,
        capture: Capture,
        detector: Detector,
        playback: Playback,
        turns: Turns,
        config: Config,
        heard: Channel[tuple[int, Utterance | SpeechDropped]],
    ) -> None:
        self._streams = streams
        self._capture = capture
        self._converter = Converter(streams.microphone.rate_hz)
        self._detector = detector
        self.segmenter = Segmenter(config.segment)
        self._playback = playback
        self._turns = turns
        self._heard = heard
        self._headphones = config.audio.headphones
        self._tail_s = config.audio.tail_ms / 1000
        self._held_off = False
        self._told_silent = False
        self.level_dbfs = SILENCE_DBFS

    def run(self) -> None:
        """Until stopped. Raises DeviceError when a device is gone."""
        due = self._turns.clock.now()
        pulses = Pulse(due), Pulse(due)
        while not self._turns.stop.is_set():
            if self._turns.clock.now() >= due:
                self._check_devices(*pulses)
                due += CHECK_S
            chunk = self._capture.read()
            if chunk is None:
                self._turns.clock.wait(self._turns.stop, POLL_S)
                continue
            self._check_silence()
            for frame in self._converter.push(chunk):
                self._on_frame(frame)

    def _check_devices(self, microphone: Pulse, loudspeaker: Pulse) -> None:
        """A device may end its stream, or just never call again."""
        now, gone = self._turns.clock.now(), self._streams.stopped()
        if microphone.stopped(self._capture.received, now):
            gone = gone or self._streams.microphone.name
        if loudspeaker.stopped(self._playback.jitter.blocks, now):
            gone = gone or self._streams.loudspeaker.name
        if gone is not None:
            raise DeviceError(
                f"the device {gone!r} stopped",
                "plug it in again and start anew, or choose another: voicecli devices",
            )

    def _check_silence(self) -> None:
        """Once in a talk: some drivers give zeros whenever nobody speaks, and telling that would nag."""
        if self._capture.silent and not self._told_silent:
            self._told_silent = True
            name = self._streams.microphone.name
            self._turns.emit(
                events.Warned(
                    self._turns.elapsed_s(),
                    f"the microphone {name!r} delivers only digital silence",
                    "unmute it, allow this program to use it, or choose another: voicecli devices",
                )
            )

    def _on_frame(self, frame: Float32Frame) -> None:
        held_off = not self._turns.ready or (
            not self._headphones and self._playback.audible(frame.captured_at, self._tail_s)
        )
        if held_off != self._held_off:
            # What the user began before the agent's voice ends there: the voice must not join it.
            self._held_off = held_off
            self._on_segments(self.segmenter.flush())
        if held_off:
            self.level_dbfs = level_dbfs(frame.samples)
            return
        scored = self._detector.score(frame)
        self.level_dbfs = scored.level_dbfs
        self._on_segments(self.segmenter.push(scored))

    def _on_segments(self, segments: list[SegmentEvent]) -> None:
        for segment in segments:
            match segment:
                case SpeechStarted():
                    self._take_floor()
                case Utterance() | SpeechDropped():
                    self._heard.put((self._turns.newest, segment))

    def _take_floor(self) -> None:
        """Open a turn: a reply that is on its way, or sounding, is no longer wanted."""
        turn = self._turns.open()
        self._playback.drop(turn, self._turns.clock.now())
        self._turns.emit(events.SpeechBegan(self._turns.elapsed_s(), turn))


def transcribe(
    transcriber: Transcriber,
    heard: Channel[tuple[int, Utterance | SpeechDropped]],
    turns: Turns,
    said: Channel[UserTurn],
) -> None:
    """Body of the transcribing thread: utterances to user turns, until `heard` closes."""
    pieces: list[Transcript] = []
    while True:
        turn, segment = heard.get()
        complete = True
        if isinstance(segment, Utterance):
            pieces.append(transcriber.transcribe(segment.samples))
            complete = segment.complete
            times = turns.times[turn]
            times.speech_ended_at, times.endpoint_at = segment.speech_ended_at, segment.decided_at
            times.transcribe_at = turns.clock.now()
        if complete:
            said.put(UserTurn(turn, _joined(pieces)))
            pieces = []


def _joined(pieces: list[Transcript]) -> Transcript:
    """One transcript of a turn that was split because it grew long."""
    spoken = [piece for piece in pieces if piece.text]
    if not spoken:
        return NO_WORDS
    text = " ".join(piece.text for piece in spoken)
    return Transcript(text, spoken[0].language, min(piece.confidence for piece in spoken))
