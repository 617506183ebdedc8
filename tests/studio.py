"""A computer whose microphones hear tones and whose loudspeakers keep what they play, on its own clock."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from tests.fake_portaudio import FakeStream, Machine
from voicecli.devices import portaudio
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from voicecli.messages import Int16

TOLD_S = 0.03
"""Latency each device tells of."""
TONE_HZ = 1000.0


class Studio(Machine):
    """Time passes only while somebody waits on `clock`; then each open stream is called for every block."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.clock = StudioClock(self)
        self.amplitudes: dict[int, float] = {}
        """What each microphone hears, of full scale."""
        self.played: dict[int, list[Int16]] = {}
        self.dead: set[int] = set()
        """Devices that do not call any more."""
        self.replaced: list[Callable[[], None]] = []
        """What changes at each new look at the devices, in turn."""
        monkeypatch.setitem(sys.modules, "sounddevice", self)
        monkeypatch.setattr(portaudio, "time", SimpleNamespace(monotonic=self.clock.now))

    def _terminate(self) -> None:
        assert not any(open_now(stream) for stream in self.streams), "a stream is open"

    def _initialize(self) -> None:
        if self.replaced:
            self.replaced.pop(0)()
        self.refuse_if_told("begin", "Error initializing PortAudio: ")

    def turn(self, seconds: float) -> None:
        """Let all open streams run for so long."""
        for stream in self.streams:
            number = stream.asked["device"]
            assert isinstance(number, int)
            if open_now(stream) and number not in self.dead:
                self._run(stream, number, seconds)

    def _run(self, stream: FakeStream, number: int, seconds: float) -> None:
        rate, size, channels = (stream.asked[key] for key in ("samplerate", "blocksize", "channels"))
        assert isinstance(rate, int)
        assert isinstance(size, int)
        assert isinstance(channels, int)
        now = self.clock.now()
        times = (now - TOLD_S, now + TOLD_S, now)
        for block in range(round(seconds * rate / size)):
            data = np.zeros((size, channels), np.int16)
            if stream.kind == "input":
                at = (np.arange(size) + block * size)[:, np.newaxis] / rate
                tone = self.amplitudes.get(number, 0.0) * 32767 * np.sin(2 * np.pi * TONE_HZ * at)
                data[:] = np.clip(tone, -32768, 32767)
            stream.call(data, times)
            if stream.kind == "output":
                self.played.setdefault(number, []).append(data[:, 0].copy())


def open_now(stream: FakeStream) -> bool:
    """Whether it was started and not closed."""
    return bool(stream.log == ["start"])


class StudioClock(FakeClock):
    """A fake clock whose waits let the devices run."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self._studio.turn(timeout_s)
        return super().wait(event, timeout_s)
