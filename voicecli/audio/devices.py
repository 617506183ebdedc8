"""Microphones and loudspeakers of this computer. The only file that imports sounddevice (PortAudio).

The callbacks here run on PortAudio's thread: they wrap the block as an array, turn PortAudio's times into
the monotonic clock's and pass both on. No lock, no log, no allocation beyond the small objects CPython
makes for a call.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from voicecli.audio.streams import StreamFormat
from voicecli.errors import DeviceError
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import sounddevice

    from voicecli.audio.streams import OnInput, OnOutput

Kind = Literal["input", "output"]
NOUN: dict[Kind, str] = {"input": "microphone", "output": "loudspeaker"}
WITHOUT: dict[Kind, str] = {
    "input": "use talk --from-file, or try it with: voicecli demo",
    "output": "write to a file: say -o, talk --from-file --to-file, or voicecli demo",
}
"""What can be done without one."""

# A device whose times are further off than this does not know them (some drivers report 0).
_PLAUSIBLE_S = 5.0


class NoDeviceError(DeviceError):
    """There is no such device at all on this computer."""

    exit_code = 3


class _Times(Protocol):
    """PortAudio's times of a block, seconds on the stream's own clock."""

    inputBufferAdcTime: float  # noqa: N815
    outputBufferDacTime: float  # noqa: N815
    currentTime: float  # noqa: N815


@dataclass(frozen=True, slots=True)
class Device:
    """One device as PortAudio lists it."""

    number: int
    name: str
    host_api: str
    input_channels: int
    output_channels: int
    default_rate_hz: int
    input_latency_s: float
    """Default low latency; 0 where there is no input."""
    output_latency_s: float
    default_input: bool
    default_output: bool

    def channels(self, kind: Kind) -> int:
        """How many channels it offers that way."""
        return self.input_channels if kind == "input" else self.output_channels

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Which it is: a microphone, a loudspeaker or both."""
        both: tuple[Kind, ...] = ("input", "output")
        return tuple(kind for kind in both if self.channels(kind))

    def is_default(self, kind: Kind) -> bool:
        """Whether the system uses it when none is named."""
        return self.default_input if kind == "input" else self.default_output


def _sounddevice() -> ModuleType:
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            f"the PortAudio library cannot be loaded ({error})",
            'install it: "apt-get install libportaudio2" (Debian, Ubuntu), "brew install portaudio" (macOS)',
        ) from error
    module: ModuleType = sounddevice
    return module


def list_devices() -> list[Device]:
    """All devices, in PortAudio's order. Raises DeviceError where PortAudio itself does not work."""
    sd = _sounddevice()
    try:
        apis = sd.query_hostapis()
        default_input, default_output = sd.default.device
        return [
            Device(
                number=index,
                name=raw["name"],
                host_api=apis[raw["hostapi"]]["name"],
                input_channels=raw["max_input_channels"],
                output_channels=raw["max_output_channels"],
                default_rate_hz=int(raw["default_samplerate"]),
                input_latency_s=raw["default_low_input_latency"] if raw["max_input_channels"] else 0.0,
                output_latency_s=raw["default_low_output_latency"] if raw["max_output_channels"] else 0.0,
                default_input=index == _default(default_input, apis, "input"),
                default_output=index == _default(default_output, apis, "output"),
            )
            for index, raw in enumerate(sd.query_devices())
        ]
    except sd.PortAudioError as error:
        raise DeviceError(
            f"PortAudio cannot list the devices ({error})", "is a sound server running?"
        ) from error


def rescan() -> None:
    """Let PortAudio look again, for it lists what was there when it began. Only while no stream is open.

    Raises DeviceError where PortAudio does not begin again; it may be tried again later.
    """
    sd = _sounddevice()
    with suppress(sd.PortAudioError):  # the time before, it did not begin
        sd._terminate()  # noqa: SLF001  # sounddevice has no other name for it
    try:
        sd._initialize()  # noqa: SLF001
    except sd.PortAudioError as error:
        raise DeviceError(f"PortAudio does not begin ({error})", "is a sound server running?") from error


def _default(number: int, apis: list[dict[str, int]], kind: Kind) -> int:
    """sounddevice gives -1 where PortAudio has no global default: then the first host API's counts."""
    if number >= 0 or not apis:
        return number
    return apis[0][f"default_{kind}_device"]


def find_device(kind: Kind, wanted: str) -> Device:
    """The device meant by `default`, a number, or part of a name in any case.

    Raises NoDeviceError where there is none of that kind, DeviceError for an unknown or ambiguous name.
    """
    devices = [device for device in list_devices() if device.channels(kind)]
    noun = NOUN[kind]
    if not devices:
        raise NoDeviceError(f"this computer shows no {noun}", f"plug one in, or {WITHOUT[kind]}")
    if wanted == "default":
        return next((device for device in devices if device.is_default(kind)), devices[0])
    if wanted.isdecimal():
        found = [device for device in devices if device.number == int(wanted)]
    else:
        found = [device for device in devices if wanted.casefold() == device.name.casefold()]
        found = found or [device for device in devices if wanted.casefold() in device.name.casefold()]
    match found:
        case [device]:
            return device
        case []:
            raise DeviceError(f"no {noun} matches {wanted!r}", 'run "voicecli devices" and copy a name')
        case _:
            listed = ", ".join(f"{device.number} {device.name} ({device.host_api})" for device in found)
            raise DeviceError(f"{len(found)} devices match {wanted!r}: {listed}", "name one by its number")


def agree(kind: Kind, device: Device, rate_hz: int) -> tuple[int, int]:
    """Rate and channels the device takes: `rate_hz` mono if it can, else its own rate, else its own channels.

    Raises DeviceError when it takes none of these.
    """
    sd = _sounddevice()
    check = sd.check_input_settings if kind == "input" else sd.check_output_settings
    own_channels = min(2, device.channels(kind))
    offers = [
        (rate, channels)
        for channels in dict.fromkeys((1, own_channels, device.channels(kind)))
        for rate in dict.fromkeys((rate_hz, device.default_rate_hz, 48_000, 44_100))
    ]
    refusal: Exception | None = None
    for rate, channels in offers:
        try:
            check(device=device.number, channels=channels, dtype="int16", samplerate=rate)
        except (sd.PortAudioError, ValueError) as error:
            refusal = refusal or error
        else:
            return rate, channels
    raise _refused(kind, device.name, refusal)


def _refused(kind: Kind, name: str, error: Exception | None) -> DeviceError:
    return DeviceError(
        f"the {NOUN[kind]} {name!r} cannot be opened ({_reason(error)})",
        "close other programs that use it, check its permission, or choose another: voicecli devices",
    )


def _reason(error: Exception | None) -> str:
    """PortAudio's own words without the repetition sounddevice puts before them."""
    text = str(error)
    return text.split(": ", 1)[1] if text.startswith("Error opening") else text


def to_monotonic(device_time: float, device_now: float, now: float, fallback: float) -> float:
    """PortAudio's time of a block -> the monotonic clock.

    PortAudio's clock has its own zero (the wall clock on ALSA), so only the distance to the callback's own
    time is used; `fallback` is that distance for drivers that do not report one.
    """
    distance = device_time - device_now
    if device_time <= 0.0 or not abs(distance) <= _PLAUSIBLE_S:  # which NaN is not either
        distance = fallback
    return now + distance


class DeviceStream:
    """One open PortAudio stream, a `RawInputStream` or a `RawOutputStream`, int16."""

    def __init__(self, kind: Kind, device: Device, rate_hz: int, block_ms: int, latency_ms: int) -> None:
        """Agree on a rate, nothing is opened yet. Raises DeviceError."""
        self._kind: Kind = kind
        self._device = device
        self._block_ms = block_ms
        rate, channels = agree(kind, device, rate_hz)
        self.form = StreamFormat(device.name, rate, channels, latency_ms / 1000)
        self._stream: sounddevice.RawInputStream | sounddevice.RawOutputStream | None = None

    def start(self, callback: OnInput | OnOutput) -> None:
        """Open and begin. Raises DeviceError; then it is closed again."""
        sd = _sounddevice()
        make = sd.RawInputStream if self._kind == "input" else sd.RawOutputStream
        wrap = _input_callback if self._kind == "input" else _output_callback
        try:
            self._stream = make(
                samplerate=self.form.rate_hz,
                channels=self.form.channels,
                dtype="int16",
                blocksize=self.form.rate_hz * self._block_ms // 1000,
                latency=self.form.latency_s,
                device=self._device.number,
                callback=wrap(callback, self.form),
            )
            self._stream.start()
        except sd.PortAudioError as error:
            self.close()
            raise _refused(self._kind, self.form.name, error) from error

    @property
    def ended(self) -> bool:
        """Whether it was started and has ended by itself."""
        stream = self._stream
        try:
            return stream is not None and not stream.active
        except _sounddevice().PortAudioError:  # it cannot even be asked
            return True

    def close(self) -> None:
        """Abort; what is not played yet is not waited for. Idempotent."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)


class DeviceStreams:
    """A microphone and a loudspeaker of this computer, as `AudioStreams`."""

    def __init__(
        self, microphone: Device, loudspeaker: Device, output_rate_hz: int, block_ms: int, latency_ms: int
    ) -> None:
        """Agree on rates, nothing is opened yet. Raises DeviceError."""
        self._input = DeviceStream("input", microphone, RATE_HZ, block_ms, latency_ms)
        self._output = DeviceStream("output", loudspeaker, output_rate_hz, block_ms, latency_ms)
        self.microphone = self._input.form
        self.loudspeaker = self._output.form

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Open both and begin. Raises DeviceError; then neither stays open."""
        self._output.start(on_output)
        try:
            self._input.start(on_input)
        except DeviceError:
            self._output.close()
            raise

    def stopped(self) -> str | None:
        """The name of a device whose stream ended by itself."""
        return next((stream.form.name for stream in (self._input, self._output) if stream.ended), None)

    def close(self) -> None:
        """Abort both. Idempotent."""
        self._input.close()
        self._output.close()


def _input_callback(on_input: OnInput, form: StreamFormat) -> Callable[..., None]:
    def callback(data: memoryview, frames: int, when: _Times, status: sounddevice.CallbackFlags) -> None:
        del frames  # the array knows its length
        at = to_monotonic(when.inputBufferAdcTime, when.currentTime, time.monotonic(), -form.latency_s)
        samples = np.frombuffer(data, np.int16).reshape(-1, form.channels)
        on_input(samples, at, bool(status.input_overflow))

    return callback


def _output_callback(on_output: OnOutput, form: StreamFormat) -> Callable[..., None]:
    mono = np.zeros(form.rate_hz, np.int16)  # one second: more than any block

    def callback(data: memoryview, frames: int, when: _Times, status: sounddevice.CallbackFlags) -> None:
        at = to_monotonic(when.outputBufferDacTime, when.currentTime, time.monotonic(), form.latency_s)
        block = mono[:frames]
        on_output(block, at, bool(status.output_underflow))
        np.frombuffer(data, np.int16).reshape(-1, form.channels)[:] = block[:, np.newaxis]

    return callback
