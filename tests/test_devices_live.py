"""`devices --meter`, `--test` and `--watch` on scripted devices and a clock of their own."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rig.program import complaint, voicecli
from tests.fake_terminal import FakeTerminal
from tests.sentences import pattern, wording
from tests.studio import Studio
from voicecli.audio.level import SILENCE_DBFS, level_dbfs, to_float
from voicecli.cli.devices import metering, trying, watching
from voicecli.cli.devices.listing import devices as devices_command
from voicecli.config import AudioConfig, Config
from voicecli.devices.portaudio import NoDeviceError, list_devices, refresh
from voicecli.devices.single.meter import Level, level_of
from voicecli.errors import DeviceError
from voicecli.view.live.microphones import MeterRow, meter_lines

SINE_DB = -3.01
"""RMS of a sine below its peak."""


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Studio:
    """Two microphones, of which one hears a tone of -20 dBFS peak, and a loudspeaker."""
    studio = Studio(monkeypatch)
    studio.add("Desk", 1, 0)
    studio.add("Camera", 2, 0)
    studio.add("Speakers", 0, 2)
    studio.default.device = (0, 2)
    studio.amplitudes[1] = 0.1
    return studio


def dbfs(amplitude: float) -> float:
    return 20 * float(np.log10(amplitude))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("amplitude", [1.0, 0.5, 0.01])
def test_a_tone_s_level_is_that_of_its_rms_and_its_peak(amplitude: float, channels: int) -> None:
    tone = amplitude * 32767 * np.sin(2 * np.pi * np.arange(1600) / 16)
    level = level_of(np.repeat(tone.astype(np.int16)[:, np.newaxis], channels, axis=1))
    assert level.rms_dbfs == pytest.approx(dbfs(amplitude) + SINE_DB, abs=0.1)
    assert level.peak_dbfs == pytest.approx(dbfs(amplitude), abs=0.1)
    assert level.clipped == (amplitude == 1.0)


def test_silence_has_a_number_and_one_loud_channel_is_seen() -> None:
    assert level_of(np.zeros((160, 2), np.int16)) == Level(SILENCE_DBFS, SILENCE_DBFS, clipped=False)
    one = np.zeros((160, 2), np.int16)
    one[:, 1] = -32768
    assert level_of(one).clipped
    assert level_of(one).rms_dbfs == pytest.approx(0.0, abs=0.01)  # the one that is heard


def metered(
    studio: Studio, capsys: pytest.CaptureFixture[str], seconds: float = 3
) -> list[dict[str, object]]:
    metering.meter(AudioConfig(), studio.clock, seconds, as_json=True)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_meter_tells_each_microphone_s_level_once_a_second(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = metered(studio, capsys)
    assert [(line["t"], line["name"]) for line in lines] == [
        (t, name) for t in (1.0, 2.0, 3.0) for name in ("Desk", "Camera")
    ]
    assert [line["rms_dbfs"] for line in lines[:2]] == [SILENCE_DBFS, pytest.approx(-20 + SINE_DB, abs=0.1)]
    assert lines[1]["peak_dbfs"] == pytest.approx(-20, abs=0.1)
    assert all(stream.log[-1] == "close" for stream in studio.streams)


@pytest.mark.parametrize(
    ("settings", "named_alone", "names"),
    [
        ({"input_device": "cam"}, True, {"Camera"}),
        ({"input_device": "cam"}, False, {"Desk", "Camera", "Camera 2"}),
        ({"host_api": "jack"}, False, {"Camera 2"}),
        ({"host_api": "jack", "input_device": "cam"}, True, {"Camera 2"}),
    ],
)
def test_the_meter_shows_the_microphones_that_are_meant(
    studio: Studio,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    named_alone: bool,
    names: set[str],
) -> None:
    studio.add("Camera 2", 1, 0, api=1)
    audio = AudioConfig.model_validate(settings)
    metering.meter(audio, studio.clock, 1, named_alone=named_alone, as_json=True)
    assert {json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()} == names


def test_the_meter_of_a_flag_is_that_of_one_microphone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], studio: Studio
) -> None:
    monkeypatch.setattr("voicecli.system.clock.MonotonicClock", lambda: studio.clock)
    devices_command(meter=True, seconds=1, input_device="camera", as_json=True)
    assert {json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()} == {"Camera"}


def test_the_devices_of_the_preferred_host_api_are_tried(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.add("System", 1, 1, api=1)
    studio.amplitudes[3] = 0.2
    config = Config(audio=AudioConfig(host_api="jack"))
    trying.test(config, studio.clock, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["microphone"], told["loudspeaker"]) == ("System", "System")


def test_the_meter_in_words(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.amplitudes[0] = 1.0
    studio.devices[0]["name"] = "Desk\x1b[2J\u202e"
    metering.meter(AudioConfig(), studio.clock, 1, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "   1.0 s  0 Desk  -3.0 dBFS, peak 0.0, clips",
        "   1.0 s  1 Camera  -23.0 dBFS, peak -20.0",
    ]


def test_a_microphone_that_does_not_open_is_named_and_the_others_are_shown(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.takes = lambda rate, channels: channels == 2  # the camera alone
    metering.meter(AudioConfig(), studio.clock, 1, as_json=False)
    told = capsys.readouterr()
    assert "1 Camera" in told.out
    assert "Desk" not in told.out
    assert told.err.startswith("voicecli: 0 " + wording("devices.busy", noun="microphone", name="Desk"))


def test_a_microphone_that_goes_away_is_told_and_the_last_one_ends_it(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.dead = {0}
    lines = metered(studio, capsys)
    assert [line["rms_dbfs"] for line in lines if line["name"] == "Desk"] == [None] * 3
    assert [line["rms_dbfs"] for line in lines if line["name"] == "Camera"] == [
        pytest.approx(-20 + SINE_DB, abs=0.1)
    ] * 3
    studio.dead = {0, 1}
    with pytest.raises(DeviceError, match=pattern("devices.lost_all")):
        metered(studio, capsys, seconds=60)
    assert studio.clock.now() < 115
    assert all(stream.log[-1] == "close" for stream in studio.streams)


def test_no_microphone_at_all(studio: Studio) -> None:
    del studio.devices[:2]
    with pytest.raises(NoDeviceError):
        metering.meter(AudioConfig(), studio.clock, 1, as_json=False)


def test_no_microphone_that_opens(studio: Studio) -> None:
    studio.refusals["open input"] = "Device unavailable"
    both = ".*".join(pattern("devices.busy", name=name) for name in ("Desk", "Camera"))
    with pytest.raises(DeviceError, match=both):
        metering.meter(AudioConfig(), studio.clock, 1, as_json=False)


@pytest.mark.parametrize("width", [40, 60, 72, 120, 200])
def test_the_bars_fit_and_are_longer_for_what_is_louder(width: int) -> None:
    rows = [
        MeterRow(
            "0 a name that is as long as the names of sound cards are",
            Level(dbfs_, dbfs_ + 3, False),
            dbfs_ + 3,
            False,
        )
        for dbfs_ in (-200.0, -60.0, -30.0, -3.0, float("nan"))
    ]
    rows += [
        MeterRow("5 \x1b[31mred", None, 0.0, clipped=False),
        MeterRow("6", None, 0, clipped=False, note="stopped"),
    ]
    lines = [line.plain for line in meter_lines(rows, FakeTerminal(width).console)]
    assert all(len(line) < width for line in lines)
    filled = [line.count("█") for line in lines[:5]]
    assert filled[0] == filled[4] == 0 < filled[1] < filled[2] < filled[3]
    assert " -30 dBFS" in lines[2]
    assert ("peak  -27" in lines[2]) == (width >= 72)
    assert lines[6].endswith("stopped")
    assert "\x1b" not in "".join(lines)


def test_clipping_is_a_word(studio: Studio) -> None:
    (line,) = meter_lines(
        [MeterRow("0", Level(-1, 0, clipped=True), 0, clipped=True)], FakeTerminal(60).console
    )
    assert line.plain.endswith("clips")


def test_what_was_said_is_played_back(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.amplitudes[0] = 0.2
    trying.test(Config(), studio.clock, as_json=False)
    told = capsys.readouterr()
    assert told.out == wording("devices.tried", level="-17.0", peak="-14.0") + "\n"
    assert "'Desk'" in told.err
    sound = np.trim_zeros(to_float(np.concatenate(studio.played[2])))
    assert sound.size == pytest.approx(3 * 16_000, abs=32)
    assert level_dbfs(sound) == pytest.approx(-17.0, abs=0.1)
    assert all(stream.log[-1] == "close" for stream in studio.streams)


def test_another_rate_on_the_way_back_is_the_same_sound(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_48_khz(samplerate: int, **_: object) -> None:
        if samplerate != 48_000:
            raise studio.PortAudioError("Invalid sample rate")

    studio.amplitudes[0] = 0.2
    monkeypatch.setattr(studio, "check_output_settings", only_48_khz)
    trying.test(Config(), studio.clock, as_json=True)
    sound = to_float(np.concatenate(studio.played[2]))
    loud = np.nonzero(np.abs(sound) > 0.01)[0]
    assert loud[-1] - loud[0] == pytest.approx(3 * 48_000, rel=0.01)
    assert level_dbfs(sound[loud[0] : loud[-1]]) == pytest.approx(-17.0, abs=0.2)


@pytest.mark.parametrize(
    ("amplitude", "found"), [(0.0, "only digital silence"), (0.0005, pattern("devices.faint"))]
)
def test_silence_is_not_played_but_explained(
    studio: Studio, amplitude: float, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.amplitudes[0] = amplitude
    with pytest.raises(DeviceError, match=found) as caught:
        trying.test(Config(), studio.clock, as_json=True)
    assert caught.value.remedy
    assert json.loads(capsys.readouterr().out)["silent"]
    assert studio.played == {}


def test_clipping_is_said(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.amplitudes[0] = 2.0
    trying.test(Config(), studio.clock, as_json=False)
    assert wording("devices.clipped") in capsys.readouterr().out


@pytest.mark.parametrize("dies", [0, 2], ids=["microphone", "loudspeaker"])
def test_a_device_that_stops_meanwhile_is_named(studio: Studio, dies: int) -> None:
    studio.amplitudes[0] = 0.2
    studio.dead = {dies}
    with pytest.raises(DeviceError, match=pattern("devices.stopped", name=studio.devices[dies]["name"])):
        trying.test(Config(), studio.clock, as_json=False)
    assert all(stream.log[-1] == "close" for stream in studio.streams)


def test_devices_that_come_and_go_are_told(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    def headset() -> None:
        studio.add("Headset", 1, 2)
        studio.add("Headset", 1, 2)  # two of a kind
        studio.default.device = (3, 2)

    def one_less() -> None:
        studio.devices.pop()
        studio.default.device = (0, 2)

    def broken() -> None:
        studio.refusals["begin"] = "no host API"

    studio.replaced = [lambda: None, headset, one_less, broken, lambda: None, studio.refusals.clear]
    watching.watch(studio.clock, 7, as_json=True)
    told = capsys.readouterr()
    seen = [json.loads(line) for line in told.out.splitlines()]
    assert [(s["t"], s["what"], s["name"]) for s in seen] == [
        *((0.0, "here", name) for name in ("Desk", "Camera", "Speakers")),
        *((0.0, "default", name) for name in ("Desk", "Speakers")),
        *((2.0, "came", "Headset"), (2.0, "came", "Headset"), (2.0, "default", "Headset")),
        *((3.0, "went", "Headset"), (3.0, "default", "Desk")),
        *((4.0, "went", name) for name in ("Desk", "Camera", "Speakers", "Headset")),
        *((6.0, "came", name) for name in ("Desk", "Camera", "Speakers", "Headset")),
        *((6.0, "default", name) for name in ("Desk", "Speakers")),
    ]
    assert seen[5]["kinds"] == ["input", "output"]
    assert told.err.count("\n") == 1  # said once, though it was so twice
    assert wording("devices.no_audio") in told.err


def test_watching_in_words(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.devices[1]["name"] = "Cam\x07era"
    watching.watch(studio.clock, 1, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "Ctrl-C ends.",
        "    0.0 s  here Desk (ALSA), microphone",
        "    0.0 s  here Camera (ALSA), microphone",
        "    0.0 s  here Speakers (ALSA), loudspeaker",
        "    0.0 s  default microphone: Desk (ALSA)",
        "    0.0 s  default loudspeaker: Speakers (ALSA)",
    ]


def test_where_a_sound_server_is_what_it_hides_is_told(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.add("pulse", 32, 32)
    watching.watch(studio.clock, 1, as_json=False)
    assert wording("devices.unseen") in capsys.readouterr().out


def test_a_new_look_after_one_that_failed(studio: Studio) -> None:
    studio.refusals["begin"] = "no host API"
    with pytest.raises(DeviceError, match=pattern("devices.no_audio")):
        refresh()
    studio.refusals.clear()
    refresh()
    assert len(list_devices()) == 3


@pytest.mark.parametrize(
    "flags", [["--meter", "--watch"], ["--check", "--test"], ["--seconds", "3"], ["--test", "--seconds", "3"]]
)
def test_flags_that_do_not_go_together(flags: list[str]) -> None:
    complaint(voicecli("devices", *flags), 2)
