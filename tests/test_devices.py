"""Devices through a scripted PortAudio: choice, rate and channels, opening, times; a refusal is one line."""

from __future__ import annotations

import importlib.abc
import math
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.fake_portaudio import Machine, PortAudioError
from tests.sentences import wording
from voicecli.audio.streams import DEAD_DEVICE_S, FIRST_CALL_S, to_monotonic
from voicecli.cli.devices import trying
from voicecli.devices import closing, portaudio
from voicecli.devices.choose import find_device
from voicecli.devices.pair import DeviceStreams
from voicecli.devices.portaudio import (
    DeviceStream,
    NoDeviceError,
    agree,
    list_devices,
    nameless_devices,
    refresh,
)
from voicecli.errors import DeviceError
from voicecli.system.clock import FakeClock
from voicecli.threads.worker import any_alive

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.devices.portaudio import Kind
    from voicecli.messages import Int16


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


@pytest.mark.parametrize(
    ("wanted", "default_api", "host_api", "number"),
    [
        ("yeti", 0, "", 0),
        ("yeti", 2, "", 4),
        ("yeti", 0, "wasapi", 4),
        ("speakers", 1, "", 3),
        ("Mic (Yeti Stereo Microphone)", 0, "", 2),  # not in the default one: the first that has it
        ("4", 0, "", 4),
    ],
)
def test_of_a_device_in_several_host_apis_the_default_one_s_is_taken(
    machine: Machine, wanted: str, default_api: int, host_api: str, number: int
) -> None:
    apis = ("MME", "Windows DirectSound", "Windows WASAPI")
    machine.apis = [{"name": api, "default_input_device": -1, "default_output_device": -1} for api in apis]
    machine.devices.clear()
    for api, name in enumerate(("Mic (Yeti Stereo Micro", *["Mic (Yeti Stereo Microphone)"] * 2)):
        machine.add(name, 1, 0, api=api)
        machine.add("Speakers", 0, 2, api=api)
    machine.default.hostapi = default_api
    kind: Kind = "output" if wanted == "speakers" else "input"
    assert find_device(kind, wanted, host_api).number == number


def test_several_within_one_host_api_are_ambiguous_and_another_may_decide(machine: Machine) -> None:
    machine.add("Built-in Microphone", 1, 0, api=1)
    text = refused("input", "microphone")
    assert text.startswith("3 devices match 'microphone': 0 Built-in Microphone (ALSA), 1 Yeti")
    assert text.endswith("4 Built-in Microphone (JACK); " + wording("devices.api_remedy", api="JACK"))


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


def test_a_name_that_is_not_utf_8_leaves_out_that_device_alone(machine: Machine) -> None:
    machine.add(b"B\xfcro", 1, 0)
    machine.add("Desk", 1, 0)
    assert [(device.number, device.name) for device in list_devices()][-2:] == [
        (3, "Built-in Speakers"),
        (5, "Desk"),
    ]
    assert nameless_devices() == ["B\ufffdro"]
    assert find_device("input", "default").name == "Yeti Stereo Microphone: USB"
    assert find_device("input", "desk").number == 5
    machine.default.device = (4, 3)
    assert find_device("input", "default").name == "Built-in Microphone"


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


def test_a_microphone_is_opened_with_all_its_channels_and_a_loudspeaker_with_one(machine: Machine) -> None:
    machine.add("Interface", 8, 8, 44_100.0)
    machine.add("Server", 128, 128, 44_100.0)
    assert agree("input", find_device("input", "Interface"), 16_000) == (16_000, 8)
    assert agree("output", find_device("output", "Interface"), 16_000) == (16_000, 1)
    assert agree("input", find_device("input", "Server"), 16_000) == (16_000, 32)


def test_a_stream_is_opened_as_agreed(machine: Machine) -> None:
    machine.takes = lambda rate, channels: (rate, channels) == (44_100, 2)
    stream = DeviceStream("input", find_device("input", "0"), 16_000, 20, 60)
    assert (stream.form.rate_hz, stream.form.channels, stream.form.latency_s) == (44_100, 2, 0.06)
    assert stream.form.name == "Built-in Microphone"
    assert machine.streams == []  # nothing is opened yet
    assert not stream.ended
    stream.start(lambda *_: None)
    (opened,) = machine.streams
    assert stream.form.reported_s == opened.latency
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
    assert wording("devices.busy", noun="microphone", name="Built-in Microphone") in text
    assert "Device unavailable" in text
    assert "Error opening" not in text
    assert [opened.log[-1] for opened in machine.streams] == ["close"] * len(machine.streams)
    assert not stream.ended


def both(clock: FakeClock) -> DeviceStreams:
    pair = find_device("input", "default"), find_device("output", "default")
    return DeviceStreams(*pair, 22_050, 20, 60, clock)


def test_a_microphone_that_cannot_be_opened_leaves_no_loudspeaker_open(machine: Machine) -> None:
    machine.refusals["open input"] = "Device unavailable"
    with pytest.raises(DeviceError, match="microphone"):
        both(FakeClock()).start(lambda *_: None, lambda *_: None)
    (loudspeaker,) = machine.streams
    assert loudspeaker.log == ["start", "abort", "close"]


def test_a_driver_that_hangs_is_not_waited_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "CLOSE_S", 0.05)
    streams = both(FakeClock())
    streams.start(lambda *_: None, lambda *_: None)
    machine.answers.clear()
    assert not streams.close()
    assert any_alive()  # which is how the end of the process knows
    machine.answers.set()


def test_a_check_does_not_wait_for_a_driver_that_hangs(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "CLOSE_S", 0.05)
    machine.answers.clear()
    assert "Hz" in trying.check(find_device("output", "default"), "output")
    assert any_alive()
    machine.answers.set()


@pytest.mark.parametrize("answer", [False, PortAudioError("Unanticipated host error")])
@pytest.mark.parametrize(("which", "name"), [(0, "Built-in Speakers"), (1, "Yeti Stereo Microphone: USB")])
def test_a_device_that_ends_by_itself_is_named(
    machine: Machine, answer: bool | PortAudioError, which: int, name: str
) -> None:
    streams = both(FakeClock())
    assert streams.poll() == []
    streams.start(lambda *_: None, lambda *_: None)
    assert [stream.asked["samplerate"] for stream in machine.streams] == [22_050, 16_000]
    assert streams.poll() == []
    machine.streams[which].active_answer = answer
    with pytest.raises(DeviceError, match=name) as caught:
        streams.poll()
    one_line(caught.value)
    assert streams.close()
    assert streams.close()
    assert streams.poll() == []
    assert [stream.log for stream in machine.streams] == [["start", "abort", "close"]] * 2


def test_a_device_that_never_calls_again_is_dead_and_one_just_opened_has_more_time(machine: Machine) -> None:
    stream = DeviceStream("input", find_device("input", "0"), 16_000, 20, 60)
    assert not stream.dead(0.0)
    stream.start(lambda *_: None)
    assert not stream.dead(100.0)
    assert not stream.dead(100.0 + FIRST_CALL_S)
    assert stream.dead(100.1 + FIRST_CALL_S)
    machine.streams[0].call(np.zeros((320, 1), np.int16), (0.0, 0.0, 0.0))
    assert (stream.calls, stream.dead(106.0)) == (1, False)
    assert not stream.dead(106.0 + DEAD_DEVICE_S)
    assert stream.dead(106.1 + DEAD_DEVICE_S)


def test_the_list_is_made_anew_by_a_refresh_alone(machine: Machine) -> None:
    machine.add("Snowball", 1, 0)
    machine.frozen = list(machine.devices[:-1])
    assert "Snowball" not in {device.name for device in list_devices()}
    refresh()
    assert "Snowball" in {device.name for device in list_devices()}


def test_a_portaudio_that_does_not_start_says_so_and_may_be_tried_again(machine: Machine) -> None:
    machine.refusals["initialize"] = "Internal PortAudio error"
    for _ in range(2):
        with pytest.raises(DeviceError, match="Internal PortAudio error") as caught:
            refresh()
        one_line(caught.value)
    machine.refusals.clear()
    refresh()
    assert list_devices()


@pytest.mark.parametrize(
    ("wanted", "api", "number"),
    [("headset", "", 2), ("headset", "jack", 5), ("2", "jack", 2), ("default", "JACK", 4)],
)
def test_a_host_api_is_preferred_but_a_number_names_any(
    machine: Machine, wanted: str, api: str, number: int
) -> None:
    machine.add("System", 2, 2, api=1)
    machine.add("Headset Pro", 1, 0, api=1)
    assert find_device("input", wanted, api).number == number
    with pytest.raises(DeviceError, match="ASIO") as caught:
        find_device("input", "default", "ASIO")
    assert "ALSA, JACK" in one_line(caught.value)


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
    monkeypatch.setattr(portaudio, "time", SimpleNamespace(monotonic=lambda: 50.0))


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
