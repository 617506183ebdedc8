"""Devices through a scripted PortAudio: choosing, agreeing, opening, times, and each refusal in one line."""

from __future__ import annotations

import importlib.abc
import math
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.audio import devices
from voicecli.audio.devices import (
    DeviceStream,
    DeviceStreams,
    NoDeviceError,
    agree,
    find_device,
    list_devices,
    to_monotonic,
)
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.audio.devices import Kind
    from voicecli.messages import Int16


class PortAudioError(Exception):
    """As sounddevice raises it: a text with PortAudio's own words at its end."""


class FakeStream:
    """A stream that remembers what was asked of it; tests call its callback as PortAudio would."""

    def __init__(self, machine: Machine, kind: Kind, **asked: object) -> None:
        machine.refuse_if_told(f"open {kind}", f"Error opening Raw{kind.title()}Stream: ")
        self.machine, self.kind, self.asked = machine, kind, asked
        self.log: list[str] = []
        self.active_answer: bool | PortAudioError = True
        machine.streams.append(self)

    def start(self) -> None:
        self.log.append("start")
        self.machine.refuse_if_told(f"start {self.kind}", "Error starting stream: ")

    def abort(self, ignore_errors: bool) -> None:
        assert ignore_errors
        self.log.append("abort")

    def close(self, ignore_errors: bool) -> None:
        assert ignore_errors
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
        self.default = SimpleNamespace(device=(-1, -1))
        self.takes: Callable[[int, int], bool] = lambda rate, channels: True
        self.refusals: dict[str, str] = {}
        self.checked: list[tuple[float, int]] = []
        self.streams: list[FakeStream] = []

    def add(self, name: str, inputs: int, outputs: int, rate: float = 48_000.0, api: int = 0) -> None:
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
        return self.apis

    def query_devices(self) -> Sequence[dict[str, object]]:
        return self.devices

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


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A computer with two microphones, a headset and a loudspeaker; the second microphone is the default."""
    machine = Machine()
    machine.add("Built-in Microphone", 2, 0, 44_100.0)
    machine.add("Yeti Stereo Microphone: USB", 2, 0)
    machine.add("Headset", 1, 2)
    machine.add("Built-in Speakers", 0, 8)
    machine.default.device = (1, 3)
    monkeypatch.setitem(sys.modules, "sounddevice", machine)
    return machine


def one_line(error: DeviceError) -> str:
    """The error's text, which is one line with a remedy."""
    assert error.remedy
    assert "\n" not in str(error)
    return str(error)


def refused(kind: Kind, wanted: str) -> str:
    with pytest.raises(DeviceError) as caught:
        find_device(kind, wanted)
    return one_line(caught.value)


@pytest.mark.usefixtures("machine")
def test_devices_are_listed_with_what_is_known_of_them() -> None:
    built_in, yeti, headset, speakers = list_devices()
    assert (built_in.number, built_in.name, built_in.host_api) == (0, "Built-in Microphone", "ALSA")
    assert (built_in.default_rate_hz, built_in.input_channels, built_in.output_channels) == (44_100, 2, 0)
    assert (built_in.input_latency_s, built_in.output_latency_s) == (0.01, 0.0)
    assert [device.is_default("input") for device in (built_in, yeti)] == [False, True]
    assert [device.is_default("output") for device in (headset, speakers)] == [False, True]
    assert (headset.channels("input"), headset.channels("output")) == (1, 2)


def test_without_a_global_default_the_first_host_api_s_counts(machine: Machine) -> None:
    machine.default.device = (-1, -1)
    machine.apis[0] |= {"default_input_device": 2, "default_output_device": 2}
    assert find_device("input", "default").name == "Headset"
    assert find_device("output", "default").name == "Headset"


def test_without_any_default_the_first_is_taken(machine: Machine) -> None:
    machine.default.device = (-1, -1)
    assert find_device("input", "default").name == "Built-in Microphone"
    assert find_device("output", "default").name == "Headset"


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("kind", "wanted", "number"),
    [
        ("input", "default", 1),
        ("output", "default", 3),
        ("input", "0", 0),
        ("output", "2", 2),
        ("input", "yeti", 1),
        ("input", "BUILT-in", 0),
        ("output", "built", 3),
        ("input", "Headset", 2),
    ],
)
def test_a_device_is_named_by_number_or_part_of_its_name(kind: Kind, wanted: str, number: int) -> None:
    assert find_device(kind, wanted).number == number


@pytest.mark.usefixtures("machine")
def test_an_ambiguous_name_lists_the_candidates_and_no_others() -> None:
    text = refused("input", "microphone")
    assert "0 Built-in Microphone (ALSA)" in text
    assert "1 Yeti Stereo Microphone: USB (ALSA)" in text
    assert "Speakers" not in text
    assert "number" in text


def test_a_whole_name_is_not_ambiguous_with_longer_ones(machine: Machine) -> None:
    machine.add("Headset Pro", 1, 0)
    assert find_device("input", "headset").number == 2
    machine.add("Headset", 1, 0, api=1)
    text = refused("input", "headset")
    assert "2 Headset (ALSA)" in text
    assert "5 Headset (JACK)" in text


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("wanted", ["snowball", "17", "3", "-1", "1.5"])
def test_an_unknown_device_is_refused_by_its_name(wanted: str) -> None:
    """Number 3 is a loudspeaker."""
    text = refused("input", wanted)
    assert repr(wanted) in text
    assert "microphone" in text
    assert "voicecli devices" in text


@pytest.mark.parametrize(("kind", "noun"), [("input", "microphone"), ("output", "loudspeaker")])
def test_a_computer_without_any_ends_in_exit_code_3(machine: Machine, kind: Kind, noun: str) -> None:
    machine.devices.clear()
    for wanted in ("default", "0", "yeti"):
        with pytest.raises(NoDeviceError) as caught:
            find_device(kind, wanted)
        assert noun in one_line(caught.value)
        assert caught.value.exit_code == 3
    assert "demo" in caught.value.remedy


def test_where_portaudio_cannot_list_devices_it_says_so(machine: Machine) -> None:
    machine.refusals["list"] = "Unanticipated host error"
    with pytest.raises(DeviceError, match="Unanticipated host error") as caught:
        list_devices()
    one_line(caught.value)


def test_a_missing_portaudio_library_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing(importlib.abc.MetaPathFinder):
        """Fails as sounddevice does where the library is not installed."""

        def find_spec(self, fullname: str, *_: object) -> None:
            if fullname == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(DeviceError, match="PortAudio library not found") as caught:
        list_devices()
    assert "apt-get install libportaudio2" in one_line(caught.value)


@pytest.mark.parametrize(
    ("takes", "expected"),
    [
        pytest.param(lambda rate, channels: True, (16_000, 1), id="all"),
        pytest.param(lambda rate, channels: channels == 1 and rate == 44_100, (44_100, 1), id="its own rate"),
        pytest.param(lambda rate, channels: channels == 1 and rate == 48_000, (48_000, 1), id="a usual rate"),
        pytest.param(lambda rate, channels: channels == 2 and rate == 16_000, (16_000, 2), id="stereo"),
        pytest.param(lambda rate, channels: channels == 8 and rate == 96_000, None, id="a rate nobody names"),
        pytest.param(lambda rate, channels: channels == 8 and rate == 44_100, (44_100, 8), id="all channels"),
    ],
)
def test_rate_and_channels_fall_back_to_what_the_device_has(
    machine: Machine, takes: Callable[[int, int], bool], expected: tuple[int, int] | None
) -> None:
    machine.add("Interface", 8, 8, 44_100.0)
    machine.takes = takes
    for kind in ("input", "output"):
        device = find_device(kind, "Interface")
        if expected is not None:
            assert agree(kind, device, 16_000) == expected
            continue
        with pytest.raises(DeviceError, match=r"Interface.*Invalid sample rate 16000") as caught:
            agree(kind, device, 16_000)
        one_line(caught.value)
        assert len(machine.checked) == len(set(machine.checked))  # each is asked once
        machine.checked.clear()


def test_a_stream_is_opened_as_agreed(machine: Machine) -> None:
    machine.takes = lambda rate, channels: (rate, channels) == (44_100, 2)
    stream = DeviceStream("input", find_device("input", "0"), 16_000, 20, 60)
    assert (stream.form.rate_hz, stream.form.channels, stream.form.latency_s) == (44_100, 2, 0.06)
    assert stream.form.name == "Built-in Microphone"
    assert machine.streams == []  # nothing is opened yet
    assert not stream.ended
    stream.start(lambda *_: None)
    (opened,) = machine.streams
    asked = {key: value for key, value in opened.asked.items() if key != "callback"}
    assert asked == {
        "samplerate": 44_100,
        "channels": 2,
        "dtype": "int16",
        "blocksize": 882,
        "latency": 0.06,
        "device": 0,
    }
    assert opened.log == ["start"]
    assert not stream.ended
    stream.close()
    stream.close()
    assert opened.log == ["start", "abort", "close"]
    assert not stream.ended


@pytest.mark.parametrize("when", ["open input", "start input"])
def test_a_busy_device_is_told_in_one_line_and_closed(machine: Machine, when: str) -> None:
    machine.refusals[when] = "Device unavailable [PaErrorCode -9985]"
    stream = DeviceStream("input", find_device("input", "0"), 16_000, 20, 60)
    with pytest.raises(DeviceError) as caught:
        stream.start(lambda *_: None)
    text = one_line(caught.value)
    assert "'Built-in Microphone' cannot be opened (" in text
    assert "Device unavailable" in text
    assert "Error opening" not in text
    assert [opened.log[-1] for opened in machine.streams] == ["close"] * len(machine.streams)
    assert not stream.ended


def both(_: Machine) -> DeviceStreams:
    return DeviceStreams(find_device("input", "default"), find_device("output", "default"), 22_050, 20, 60)


def test_a_microphone_that_cannot_be_opened_leaves_no_loudspeaker_open(machine: Machine) -> None:
    machine.refusals["open input"] = "Device unavailable"
    with pytest.raises(DeviceError, match="microphone"):
        both(machine).start(lambda *_: None, lambda *_: None)
    (loudspeaker,) = machine.streams
    assert loudspeaker.log == ["start", "abort", "close"]


def test_a_device_that_ends_by_itself_is_named(machine: Machine) -> None:
    streams = both(machine)
    assert streams.stopped() is None
    streams.start(lambda *_: None, lambda *_: None)
    loudspeaker, microphone = machine.streams
    assert (loudspeaker.asked["samplerate"], microphone.asked["samplerate"]) == (22_050, 16_000)
    assert streams.stopped() is None
    loudspeaker.active_answer = False
    assert streams.stopped() == "Built-in Speakers"
    loudspeaker.active_answer = True
    microphone.active_answer = PortAudioError("Unanticipated host error")
    assert streams.stopped() == "Yeti Stereo Microphone: USB"
    streams.close()
    streams.close()
    assert streams.stopped() is None
    assert loudspeaker.log == microphone.log == ["start", "abort", "close"]


@pytest.mark.parametrize(
    ("device_time", "device_now", "distance"),
    [
        pytest.param(1000.02, 1000.0, 0.02, id="known"),
        pytest.param(1.7e9 - 0.03, 1.7e9, -0.03, id="a wall clock"),
        pytest.param(0.0, 0.0, 0.06, id="all zero"),
        pytest.param(0.0, 1000.0, 0.06, id="not reported"),
        pytest.param(1000.0, 0.0, 0.06, id="now not reported"),
        pytest.param(-3.0, -3.0, 0.06, id="negative"),
        pytest.param(1.7e9, 1000.0, 0.06, id="two clocks"),
        pytest.param(math.nan, 1000.0, 0.06, id="no number"),
        pytest.param(math.inf, 1000.0, 0.06, id="infinity"),
    ],
)
def test_times_are_taken_by_their_distance_where_they_make_sense(
    device_time: float, device_now: float, distance: float
) -> None:
    assert to_monotonic(device_time, device_now, 50.0, 0.06) == pytest.approx(50.0 + distance, abs=1e-6)


@pytest.fixture
def at_50(monkeypatch: pytest.MonkeyPatch) -> None:
    """The monotonic clock stands at 50 s."""
    monkeypatch.setattr(devices, "time", SimpleNamespace(monotonic=lambda: 50.0))


@pytest.mark.usefixtures("at_50")
@pytest.mark.parametrize(("adc", "at"), [(999.97, 49.97), (0.0, 49.94)])
def test_the_microphone_s_block_arrives_with_its_channels_and_time(
    machine: Machine, adc: float, at: float
) -> None:
    machine.takes = lambda rate, channels: channels == 2
    got: list[tuple[Int16, float, bool]] = []
    stream = DeviceStream("input", find_device("input", "0"), 16_000, 20, 60)
    stream.start(lambda samples, when, lost: got.append((samples.copy(), when, lost)))
    data = np.arange(640, dtype=np.int16).reshape(320, 2)
    machine.streams[0].call(data, (adc, 0.0, 1000.0))
    machine.streams[0].call(data, (adc, 0.0, 1000.0), input_overflow=True)
    np.testing.assert_array_equal(got[0][0], data)
    assert got[0][1] == pytest.approx(at)
    assert [lost for _, _, lost in got] == [False, True]


@pytest.mark.usefixtures("at_50")
@pytest.mark.parametrize(("dac", "at"), [(1000.03, 50.03), (0.0, 50.06)])
def test_the_loudspeaker_plays_the_block_on_every_channel(machine: Machine, dac: float, at: float) -> None:
    machine.takes = lambda rate, channels: channels == 8
    asked: list[tuple[int, float, bool]] = []

    def fill(block: Int16, when: float, ran_dry: bool) -> None:
        asked.append((len(block), when, ran_dry))
        block[:] = np.arange(len(block))

    stream = DeviceStream("output", find_device("output", "3"), 16_000, 20, 60)
    stream.start(fill)
    data = np.full((320, 8), -1, np.int16)
    machine.streams[0].call(data, (0.0, dac, 1000.0), output_underflow=True)
    np.testing.assert_array_equal(data, np.repeat(np.arange(320)[:, np.newaxis], 8, axis=1))
    ((frames, when, ran_dry),) = asked
    assert (frames, ran_dry) == (320, True)
    assert when == pytest.approx(at)
