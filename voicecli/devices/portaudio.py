"""Lists and opens this computer's microphones and loudspeakers. The only file that imports sounddevice.

The callbacks here run on PortAudio's thread: they wrap the block as an array, turn PortAudio's times into
the monotonic clock's and pass both on. They take no lock, write no log, and allocate nothing but the small
objects that CPython makes for a call.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from voicecli.audio.channels import MOST_CHANNELS
from voicecli.audio.streams import Pulse, StreamFormat, to_monotonic
from voicecli.devices.runaway import runaways_ended
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import sounddevice

    from voicecli.audio.streams import OnInput, OnOutput

Kind = Literal["input", "output"]
NOUN: dict[Kind, str] = {"input": "microphone", "output": "loudspeaker"}


class NoDeviceError(DeviceError):
    """The computer has no microphone at all, or no loudspeaker."""

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
    """PortAudio's "default low latency"; 0 where there is no input."""
    output_latency_s: float
    """The same for the output."""
    default_input: bool
    default_output: bool

    def channels(self, kind: Kind) -> int:
        """How many channels it offers as a microphone, or as a loudspeaker; 0 where it is none."""
        return self.input_channels if kind == "input" else self.output_channels

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it is: a microphone, a loudspeaker or both."""
        both: tuple[Kind, ...] = ("input", "output")
        return tuple(kind for kind in both if self.channels(kind))

    def is_default(self, kind: Kind) -> bool:
        """Whether the system uses this device when the user names none."""
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


def refresh() -> None:
    """Let PortAudio look for devices again: it lists only those that were there when it was initialised.

    Call it only while no stream is open: PortAudio would end open streams without a word. May take long, or
    for ever if a sound server hangs. Raises DeviceError.
    """
    sd = _sounddevice()
    with contextlib.suppress(sd.PortAudioError):  # PortAudio is not initialised: the last `refresh` failed
        sd._terminate()  # noqa: SLF001  # sounddevice has no public function for this
    try:
        sd._initialize()  # noqa: SLF001
    except sd.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot be started ({error})", "is a sound server running?") from error


def list_devices() -> list[Device]:
    """All devices but `nameless_devices`, in PortAudio's order. Raises DeviceError where PortAudio fails."""
    return _listed()[0]


def nameless_devices() -> list[str]:
    """Names that are not UTF-8, as far as they can be read. Sounddevice can neither describe nor open those.

    ALSA's settings may hold such a name. Raises DeviceError as `list_devices` does.
    """
    return _listed()[1]


def _listed() -> tuple[list[Device], list[str]]:
    sd = _sounddevice()
    nameless: list[str] = []
    try:
        apis = sd.query_hostapis()
        try:
            described = dict(enumerate(sd.query_devices()))
        except UnicodeDecodeError:  # one such name makes the whole call fail: ask for each device by itself
            described = {}
            for number in sorted(number for api in apis for number in api["devices"]):
                try:
                    described[number] = sd.query_devices(number)
                except UnicodeDecodeError as error:
                    nameless.append(error.object.decode(errors="replace"))
        default_input, default_output = sd.default.device
    except sd.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list devices ({error})", "is a sound server running?") from error
    found = [
        Device(
            number=number,
            name=raw["name"],
            host_api=apis[raw["hostapi"]]["name"],
            input_channels=raw["max_input_channels"],
            output_channels=raw["max_output_channels"],
            default_rate_hz=int(raw["default_samplerate"]),
            input_latency_s=raw["default_low_input_latency"] if raw["max_input_channels"] else 0.0,
            output_latency_s=raw["default_low_output_latency"] if raw["max_output_channels"] else 0.0,
            default_input=number == _default(default_input, apis, "input"),
            default_output=number == _default(default_output, apis, "output"),
        )
        for number, raw in described.items()
    ]
    return found, nameless


def host_apis() -> list[str]:
    """Names of the host APIs: PortAudio's default one, then all in PortAudio's order, the default again."""
    sd = _sounddevice()
    names = [api["name"] for api in sd.query_hostapis()]
    return [names[sd.default.hostapi], *names]


def _default(number: int, apis: list[dict[str, int]], kind: Kind) -> int:
    """Number of the default device. If sounddevice says -1 (none), take the default of the first host API."""
    if number >= 0 or not apis:
        return number
    return apis[0][f"default_{kind}_device"]


def agree(kind: Kind, device: Device, rate_hz: int) -> tuple[int, int]:
    """Find a rate and a number of channels that the device takes, without opening it.

    The rate is `rate_hz`, else the device's own, else a usual one. Of a microphone all channels are used, as
    the voice may be on any of them; a driver that mixes 16 channels to one makes a voice on one 24 dB softer.
    Of a loudspeaker one channel is used, if it allows that. Raises DeviceError if the device takes no offer.
    """
    sd = _sounddevice()
    check = sd.check_input_settings if kind == "input" else sd.check_output_settings
    own = device.channels(kind)
    counts = (min(own, MOST_CHANNELS), min(2, own), 1) if kind == "input" else (1, min(2, own), own)
    offers = [
        (rate, channels)
        for channels in dict.fromkeys(counts)
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
    """PortAudio's own words, without what sounddevice puts before them."""
    text = str(error)
    return text.split(": ", 1)[1] if text.startswith("Error opening") else text


class DeviceStream:
    """One open PortAudio stream, a `RawInputStream` or a `RawOutputStream`, int16."""

    def __init__(self, kind: Kind, device: Device, rate_hz: int, block_ms: int, latency_ms: int) -> None:
        """Agree on rate and channels with the device; `start` opens it. Raises DeviceError."""
        self._kind: Kind = kind
        self._device = device
        self._block_ms = block_ms
        rate, channels = agree(kind, device, rate_hz)
        self.form = StreamFormat(device.name, rate, channels, latency_ms / 1000)
        self._stream: sounddevice.RawInputStream | sounddevice.RawOutputStream | None = None
        self._pulse: Pulse | None = None
        self.calls = 0
        """How often the device has called since it was opened."""

    def start(self, callback: OnInput | OnOutput) -> None:
        """Open and begin. Raises DeviceError; then it is closed again."""
        sd = _sounddevice()
        make = sd.RawInputStream if self._kind == "input" else sd.RawOutputStream
        wrap = _input_callback if self._kind == "input" else _output_callback
        call = wrap(callback, self.form)

        def counted(data: memoryview, frames: int, when: _Times, status: sounddevice.CallbackFlags) -> None:
            self.calls += 1
            call(data, frames, when, status)

        try:
            self._stream = make(
                samplerate=self.form.rate_hz,
                channels=self.form.channels,
                dtype="int16",
                blocksize=self.form.rate_hz * self._block_ms // 1000,
                latency=self.form.latency_s,
                device=self._device.number,
                callback=counted,
            )
            self.form = replace(self.form, reported_s=float(self._stream.latency))
            self._stream.start()
            self.form = replace(self.form, reported_s=float(self._stream.latency))
        except sd.PortAudioError as error:
            self.close()
            raise _refused(self._kind, self.form.name, error) from error

    @property
    def ended(self) -> bool:
        """Whether it was started and has ended by itself."""
        stream = self._stream
        try:
            return stream is not None and not stream.active
        except _sounddevice().PortAudioError:  # PortAudio cannot even say whether it is active
            return True

    def dead(self, now: float) -> bool:
        """Whether the stream has ended, or the device does not call any more. Ask a few times a second."""
        if self._stream is None:
            return False
        if self._pulse is None:
            self._pulse = Pulse(now)
        return self.ended or self._pulse.stopped(self.calls, now)

    def close(self) -> None:
        """Abort the stream, without waiting for sound that has not been played. Idempotent.

        Takes as long as the driver does: for ever where a sound server hangs.
        """
        stream, self._stream = self._stream, None
        if stream is not None:
            with runaways_ended():
                stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)


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
