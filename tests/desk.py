"""A recorder in virtual time: two devices that the test runs, a log of events, a disk slow or full."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.recordings.recording import Recording
from voicecli.audio.streams import StreamFormat
from voicecli.config import Config
from voicecli.events import WEIGHTS, weight
from voicecli.records.appended import Appended
from voicecli.records.recorder import RATE_HZ, ROUND_S, Followed, Recorder
from voicecli.system.clock import FakeClock
from voicecli.talk.inboxes import EVENTS, FACTS
from voicecli.threads.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from voicecli.audio.streams import AudioStreams, Notice, OnInput, OnOutput
    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.messages import Float32
    from voicecli.records.appended import Growing

BLOCK_S = 0.02
LATENCY_S = 0.03
CLICK_S = 0.0004
"""Half width of a click: its band ends below 2 kHz, so each rate carries it whole."""


class Disk:
    """Of files that take `delay_s` for each write, until `room` bytes are used up."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.room = 10**9
        self.passes: Callable[[float], None] = lambda _: None

    def open(self, path: Path) -> Growing:
        return OnDisk(self, path)


class OnDisk(Appended):
    def __init__(self, disk: Disk, path: Path) -> None:
        super().__init__(path)
        self._disk = disk

    def add(self, piece: bytes) -> None:
        self._disk.passes(self._disk.delay_s)
        if len(piece) > self._disk.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._disk.room -= len(piece)
        super().add(piece)

    def sync(self) -> None:
        """At once: the test's own disk may be slow, too."""


class HandRun:
    """Streams whose callbacks the test calls."""

    def __init__(self, heard_hz: int, played_hz: int, channels: int) -> None:
        self.microphone = StreamFormat("microphone", heard_hz, channels, LATENCY_S)
        self.loudspeaker = StreamFormat("loudspeaker", played_hz, 1, LATENCY_S)

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        self.on_input, self.on_output = on_input, on_output

    def poll(self, *, idle: bool = False) -> list[Notice]:
        return []

    def close(self) -> bool:
        return True


class Desk:
    """Clicks sound on both sides at the same moments; the agent's are heard from the loudspeaker alone."""

    def __init__(
        self,
        folder: Path,
        heard_hz: int = 16_000,
        played_hz: int = 22_050,
        channels: int = 1,
        max_minutes: int = 0,
        config: Config | None = None,
    ) -> None:
        self.clock, self.disk = FakeClock(), Disk()
        self.began = self.clock.now()
        self.log: Log[Event] = Log(EVENTS, WEIGHTS, weight)
        self.facts: Log[tuple[float, Fact, list[Order]]] = Log(FACTS)
        self.losses: dict[str, int] = {}
        self.warned: list[str] = []
        self.deaf = False
        self.away = False
        """Neither device calls; the time goes on."""
        self.clicks: Sequence[float] = ()
        """Seconds from the beginning."""
        self.recorder = Recorder(
            folder,
            config or Config(),
            self.clock,
            self.began,
            max_minutes=max_minutes,
            opened=self.disk.open,
        )
        self.folder = folder
        self._devices = HandRun(heard_hz, played_hz, channels)
        streams: AudioStreams = self.recorder.over(self._devices)
        self.recorder.follow(
            Followed(
                self.log.reader("recorder"),
                self.facts.reader("recorder"),
                lambda _: self.deaf,
                lambda: self.losses,
                lambda found, _: self.warned.append(found),
            )
        )
        streams.start(lambda *_: None, self._fill)
        self.disk.passes = self.runs
        self._counts = [0, 0]
        self._at = self.began
        self.lags: list[float] = []

    def runs(self, seconds: float) -> None:
        """Let the devices run so long."""
        until = self.clock.now() + seconds
        while self.clock.now() < until - 1e-9:
            self.clock.advance(min(BLOCK_S, until - self.clock.now()))
            if self.away:
                self._at = self.clock.now()
            while self._at + BLOCK_S <= self.clock.now() + 1e-9:
                self._call(self._at)
                self._at += BLOCK_S

    def _call(self, at: float) -> None:
        """Both devices are called for the block that begins at `at`."""
        heard_hz, channels = self._devices.microphone.rate_hz, self._devices.microphone.channels
        count = round(heard_hz * BLOCK_S)
        heard = self._sound(at - LATENCY_S, count, heard_hz)
        self._devices.on_input(np.repeat(heard[:, np.newaxis], channels, axis=1), at - LATENCY_S, False)
        played = np.zeros(round(self._devices.loudspeaker.rate_hz * BLOCK_S), np.int16)
        self._devices.on_output(played, at + LATENCY_S, False)

    def _fill(self, block: np.ndarray, at: float, dry: bool) -> None:
        del dry
        block[:] = self._sound(at, len(block), self._devices.loudspeaker.rate_hz)

    def _sound(self, at: float, count: int, rate_hz: int) -> np.ndarray:
        times = at - self.began + np.arange(count) / rate_hz
        sound = np.zeros(count)
        for click in self.clicks:
            sound += 0.5 * np.exp(-(((times - click) / CLICK_S) ** 2) / 2)
        return np.rint(sound * 32767).astype(np.int16)

    def records(self, seconds: float) -> None:
        """Let the devices and the recorder run."""
        until = self.clock.now() + seconds
        while self.clock.now() < until:
            self.runs(ROUND_S)
            self.lags.append(self.recorder.lag_s)
            self.recorder.step()

    def ends(self) -> None:
        self.log.close()
        self.facts.close()
        self.recorder.finish()


def sides(path: Path) -> tuple[Float32, Float32]:
    """What a file of sound holds: the user and the agent."""
    user, agent = (np.concatenate(list(Recording(path, RATE_HZ, channel=channel))) for channel in (1, 2))
    return user, agent


def places(side: Float32, around: Sequence[float]) -> list[float]:
    """Where clicks are, s, each near a time; by their centre of gravity. NaN where there is none."""
    found = []
    for click in around:
        begin = round((click - 0.01) * RATE_HZ)
        power = np.square(side[begin : begin + round(0.02 * RATE_HZ)].astype(np.float64))
        power[power < 1e-4] = 0
        centre = (power * np.arange(len(power))).sum() / power.sum() if power.any() else np.nan
        found.append((begin + centre) / RATE_HZ)
    return found
