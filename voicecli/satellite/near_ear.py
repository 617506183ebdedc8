"""The ear of a talk that is held elsewhere: ring -> clean frames -> sound for the server.

Echo is cancelled here, beside the loudspeaker it comes from, so that the server hears the user alone. Where
nothing can cancel it, the microphone is closed while the agent is audible, as in a local talk. Where it is
cancelled, only what is louder than the echo can be passes while there may be one.

It polls, as `talk.ear` does, because a ring without a lock cannot wake a reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Converter
from voicecli.audio.level import SILENCE_DBFS, level_dbfs, to_int16
from voicecli.listen.echo.residual import BEYOND_ECHO_DB
from voicecli.listen.gate.noise_floor import NoiseFloor
from voicecli.listen.hearing import Hearing
from voicecli.messages import RATE_HZ
from voicecli.satellite.protocol.sound_blocks import HeardBlock
from voicecli.system.priority import step_forward

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from voicecli.audio.probe import Probe
    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.listen.capture import Capture
    from voicecli.listen.echo.canceller import EchoCanceller
    from voicecli.messages import Float32, Float32Frame
    from voicecli.satellite.player import Player
    from voicecli.system.clock import Clock
    from voicecli.talk.controls import Controls

POLL_S = 0.01
"""How often it looks into the ring."""

CHECK_S = 0.1
"""How often it looks after the devices."""

NOISE = 2 / 32768
"""Largest sample of the silence that stands for a possible echo: -90 dBFS, as of `devices.simulated`."""

OPEN_S = 0.4
"""So long after a sound that is louder than any echo all of the microphone passes, s: between two syllables
there is less. What the canceller leaves of the agent meanwhile does no harm, because the agent is on hold."""

AGENTS_S = 0.5
"""No channel of the microphone opens until so long after the agent's sound: as in `talk.ear`."""


class NearEar:
    """Hears the user, and hands on what the server is to hear. For one thread; others may read."""

    def __init__(
        self,
        streams: AudioStreams,
        capture: Capture,
        player: Player,
        controls: Controls,
        canceller: EchoCanceller | None,
        config: Config,
        clock: Clock,
        *,
        tell: Callable[[str, str], None],
        send: Callable[[HeardBlock], None],
        closed: Callable[[], None],
    ) -> None:
        """`tell` gets what is wrong and the remedy; `closed`: the talk key has closed the microphone."""
        self.hearing = Hearing(streams, capture, tell, canceller, config.audio)
        self.canceller = canceller
        self._rate_hz, self._channel = streams.microphone.rate_hz, config.audio.channel
        self.converter = Converter(self._rate_hz, canceller, self._channel)
        self._capture = capture
        self._player = player
        self._controls = controls
        self._snr_db, self._least_dbfs = config.segment.snr_db, config.segment.min_level_dbfs
        self._clock = clock
        self._send = send
        self._on_closed = closed
        self._check_at = clock.now()
        self._floor = NoiseFloor()
        self.level_dbfs = SILENCE_DBFS
        self.listens = False
        """Whether the talk has begun; before that nothing is sent. Any thread may set it."""
        self.idle: Callable[[], bool] = lambda: False
        """Whether nobody speaks, so that the devices may be opened anew."""
        self.probe: Probe | None = None
        self._key_was_down = False
        self._open_until = 0.0  # somebody was louder than any echo shortly before
        self._next = 0  # position of the next frame, if none is lost
        self._noise = np.random.default_rng(0)
        self._began_ms = self._ends_ms = 0.0  # of what was handed on since the last gap: its time
        self._given = 0  # the samples of it
        self._after_gap = self._deaf = True

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set. Raises DeviceError when a device is gone for good."""
        step_forward()  # whoever speaks over the agent waits for this thread
        while not stop.is_set():
            if not self.step():
                self._clock.wait(stop, POLL_S)

    def step(self) -> bool:
        """Look once after the devices and the ring; say whether there was sound. Raises as `run` does."""
        now = self._clock.now()
        if now >= self._check_at:
            self._check_at = now + CHECK_S
            self.hearing.check(listens=self.listens, idle=self.idle())
        self._look_at_the_key()
        chunk = self._capture.read()
        if chunk is None:
            return False
        self.hearing.check_silence()
        if self.probe is not None:
            self.probe.piece("microphone", chunk.samples, chunk.rate_hz, now)
        begin = min(self._channel, chunk.samples.shape[1]) - 1  # the others may carry anything
        heard = chunk.samples[:, begin : begin + 1] if self._channel else chunk.samples
        self.hearing.sense.chunk(heard, len(heard) / chunk.rate_hz)
        hold = self._player.audible(chunk.captured_at, max(self.hearing.tail_s, AGENTS_S))
        for frame in self.converter.push(chunk, hold=hold):
            self._on_frame(frame)
        return True

    @property
    def floor_dbfs(self) -> float:
        """Level of the room."""
        return self._floor.dbfs

    @property
    def threshold_dbfs(self) -> float:
        """Nothing below it is loud enough to be speech, as far as can be told here."""
        return max(self._floor.dbfs + self._snr_db, self._least_dbfs)

    def _look_at_the_key(self) -> None:
        """When the talk key has closed the microphone, and all before that was handed on, tell so."""
        if self._controls.open:
            self._key_was_down = True
        elif self._key_was_down and self._deaf:
            self._key_was_down = False
            self._on_closed()

    def _on_frame(self, frame: Float32Frame) -> None:
        at = frame.captured_at
        deaf = self._controls.deaf(at)
        self.level_dbfs = SILENCE_DBFS if deaf else level_dbfs(frame.samples)
        if not deaf and self.level_dbfs < self.threshold_dbfs:
            self._floor.update(self.level_dbfs)
        if deaf or not self.listens:
            if not self._deaf:
                self._send(HeardBlock(np.zeros(0, np.int16), round(self._ends_ms)))
            self._deaf = self._after_gap = True
            return
        self._after_gap = self._after_gap or frame.position != self._next
        self._next = frame.position + len(frame.samples)
        self._deaf = False
        if self.probe is not None:
            self.probe.piece("frames", frame.samples, RATE_HZ, self._clock.now())
        self._hand_on(frame)

    def _passes(self, at: float) -> bool:
        """Whether the server may hear what the microphone heard at time `at`.

        As in a local talk only what is louder than the echo can be is a person, whose next syllables may be
        softer.
        """
        if self.hearing.barge_in == "off" and self._player.audible(at, self.hearing.tail_s):
            return False
        if self.hearing.over_echo_db(at) >= BEYOND_ECHO_DB:
            self._open_until = at + OPEN_S
        return at < self._open_until

    def _hand_on(self, frame: Float32Frame) -> None:
        """Give the next frame to the server.

        What may be an echo, or is digital silence, becomes a quiet room: the server's time goes on. Its time
        is counted in samples from the last gap on: devices tell theirs with an error of some ms, and sound
        that seems to go back in time counts as heard before.
        """
        if self._after_gap:
            self._began_ms, self._given = max(self._ends_ms, frame.captured_at * 1000), 0
        passes = self._passes(frame.captured_at) and frame.samples.any()
        samples = frame.samples if passes else self._nothing(len(frame.samples))
        at_ms = self._began_ms + self._given * 1000 / RATE_HZ
        self._given += len(samples)
        self._ends_ms = self._began_ms + self._given * 1000 / RATE_HZ
        self._send(HeardBlock(to_int16(samples), round(at_ms), self._after_gap))
        self._after_gap = False

    def _nothing(self, count: int) -> Float32:
        """Sound of a room without anybody: no real microphone gives zeros."""
        return self._noise.uniform(-NOISE, NOISE, count).astype(np.float32)
