"""A scripted PortAudio: a computer's sound as the module `sounddevice` shows it."""

from __future__ import annotations

import threading
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.devices.portaudio import Kind
    from voicecli.messages import Int16


class PortAudioError(Exception):
    """As sounddevice raises it: a text with PortAudio's own words at its end."""


GRANTED_MORE_S = 0.005


class FakeStream:
    """A stream that remembers what was asked of it; tests call its callback as PortAudio would."""

    def __init__(self, machine: Machine, kind: Kind, **asked: object) -> None:
        machine.refuse_if_told(f"open {kind}", f"Error opening Raw{kind.title()}Stream: ")
        self.machine, self.kind, self.asked = machine, kind, asked
        self.log: list[str] = []
        self.active_answer: bool | PortAudioError = True
        machine.streams.append(self)

    @property
    def latency(self) -> float:
        """A driver grants a little more than what was asked for."""
        asked = self.asked["latency"]
        assert isinstance(asked, float)
        return asked + GRANTED_MORE_S

    def start(self) -> None:
        self.log.append("start")
        self.machine.refuse_if_told(f"start {self.kind}", "Error starting stream: ")

    def abort(self, ignore_errors: bool) -> None:
        assert ignore_errors
        assert self.machine.loop_ended.wait(60)
        self.log.append("abort")

    def close(self, ignore_errors: bool) -> None:
        assert ignore_errors
        assert self.machine.answers.wait(60)
        self.log.append("close")

    @property
    def active(self) -> bool:
        if isinstance(self.active_answer, PortAudioError):
            raise self.active_answer
        return self.active_answer

    def call(self, data: Int16, times: tuple[float, float, float], **status: bool) -> None:
        """Times: input ADC, output DAC, current."""
        flags = SimpleNamespace(**{"input_overflow": False, "output_underflow": False, **status})
        adc, dac, current = times
        when = SimpleNamespace(inputBufferAdcTime=adc, outputBufferDacTime=dac, currentTime=current)
        callback = self.asked["callback"]
        assert callable(callback)
        callback(data.data.cast("B"), len(data), when, flags)


class Machine(ModuleType):
    """A computer's sound as the module `sounddevice` shows it."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.devices: list[dict[str, object]] = []
        self.apis = [
            {"name": "ALSA", "default_input_device": -1, "default_output_device": -1},
            {"name": "JACK", "default_input_device": -1, "default_output_device": -1},
        ]
        self.default = SimpleNamespace(device=(-1, -1), hostapi=0)
        self.takes: Callable[[int, int], bool] = lambda rate, channels: True
        self.refusals: dict[str, str] = {}
        self.checked: list[tuple[float, int]] = []
        self.streams: list[FakeStream] = []
        self.answers = threading.Event()
        """Closing a stream waits for it."""
        self.answers.set()
        self.loop_ended = threading.Event()
        """Aborting a stream waits for its thread, which may loop for ever."""
        self.loop_ended.set()
        self.initialized = True
        self.frozen: list[dict[str, object]] | None = None
        """What PortAudio saw when it was initialised; None while that makes no difference."""

    def _terminate(self) -> None:
        assert all(stream.log[-1:] == ["close"] for stream in self.streams), "a stream is open"
        if not self.initialized:
            raise PortAudioError("Error terminating PortAudio: PortAudio not initialized")
        self.initialized = False

    def _initialize(self) -> None:
        assert not self.initialized
        self.refuse_if_told("initialize", "Error initializing PortAudio: ")
        self.initialized = True
        self.frozen = None if self.frozen is None else list(self.devices)

    def add(self, name: str | bytes, inputs: int, outputs: int, rate: float = 48_000.0, api: int = 0) -> None:
        self.devices.append(
            {
                "name": name,
                "hostapi": api,
                "max_input_channels": inputs,
                "max_output_channels": outputs,
                "default_samplerate": rate,
                "default_low_input_latency": 0.01 if inputs else -1.0,
                "default_low_output_latency": 0.02 if outputs else -1.0,
            }
        )

    def refuse_if_told(self, what: str, prefix: str) -> None:
        if what in self.refusals:
            raise PortAudioError(prefix + self.refusals[what])

    def query_hostapis(self) -> Sequence[dict[str, object]]:
        self.refuse_if_told("list", "Error querying host APIs: ")
        return [
            {**api, "devices": [n for n, device in enumerate(self.devices) if device["hostapi"] == number]}
            for number, api in enumerate(self.apis)
        ]

    def query_devices(self, number: int | None = None) -> object:
        devices = self.devices if self.frozen is None else self.frozen
        for device in devices if number is None else [devices[number]]:
            if isinstance(name := device["name"], bytes):  # as sounddevice does with PortAudio's own
                name.decode()
        return devices if number is None else devices[number]

    def _check(self, device: int, channels: int, dtype: str, samplerate: float) -> None:
        assert dtype == "int16"
        assert 0 <= device < len(self.devices)
        self.checked.append((samplerate, channels))
        if not self.takes(int(samplerate), channels):
            raise PortAudioError(f"Error: Invalid sample rate {samplerate} [PaErrorCode -9997]")

    check_input_settings = check_output_settings = _check

    def RawInputStream(self, **asked: object) -> FakeStream:
        return FakeStream(self, "input", **asked)

    def RawOutputStream(self, **asked: object) -> FakeStream:
        return FakeStream(self, "output", **asked)
