"""A talk in a folder: both sides on one time line, and no disk that delays or stops the talk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.desk import Desk, places, sides
from tests.sentences import pattern
from voicecli import events
from voicecli.audio.recordings.recording import Recording
from voicecli.audio.tap import Tap
from voicecli.config import Config
from voicecli.errors import ConfigError
from voicecli.floor import facts
from voicecli.floor import orders as to
from voicecli.messages import Utterance
from voicecli.records import notes, recorder, soundfiles
from voicecli.records.about import settings_text
from voicecli.records.appended import Appended
from voicecli.records.recorder import RATE_HZ, Recorder
from voicecli.records.track import Track
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE_S = 1 / RATE_HZ


def lines_of(desk: Desk) -> list[dict[str, object]]:
    return [json.loads(line) for line in (desk.folder / notes.TRANSCRIPT).read_text("ascii").splitlines()]


def sound_t(desk: Desk) -> float:
    """When the sound begins."""
    return next(float(str(line["t"])) for line in lines_of(desk) if line["event"] == "sound")


@pytest.mark.parametrize(
    ("heard_hz", "played_hz", "channels"),
    [(16_000, 22_050, 1), (48_000, 44_100, 2), (8_000, 16_000, 1), (44_100, 48_000, 1)],
)
def test_both_sides_are_aligned_to_a_sample(
    tmp_path: Path, heard_hz: int, played_hz: int, channels: int
) -> None:
    desk = Desk(tmp_path / "talk", heard_hz, played_hz, channels)
    desk.clicks = [1.0 + 0.7123 * number for number in range(12)]
    desk.records(10.0)
    desk.ends()
    user, agent = sides(desk.folder / "conversation.flac")
    assert len(user) == len(agent)
    expected = [click - sound_t(desk) for click in desk.clicks]
    found = places(user, expected), places(agent, expected)
    assert found[0] == pytest.approx(found[1], abs=SAMPLE_S)
    assert found[0] == pytest.approx(expected, abs=0.001)  # `t` has three decimals


def test_a_device_that_was_away_leaves_silence_and_what_follows_is_in_its_place(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk")
    desk.clicks = [1.0, 2.0, 4.7, 6.0]
    desk.records(2.5)
    desk.away = True
    desk.records(1.7)
    desk.away = False
    desk.records(3.0)
    desk.ends()
    user, agent = sides(desk.folder / "conversation.flac")
    expected = [click - sound_t(desk) for click in desk.clicks]
    assert places(user, expected) == pytest.approx(places(agent, expected), abs=SAMPLE_S)
    assert places(user, expected) == pytest.approx(expected, abs=0.001)
    assert not user[round(2.8 * RATE_HZ) : round(4.0 * RATE_HZ)].any()


def test_clocks_that_drift_stay_together() -> None:
    """100 ppm for a minute are 6 ms."""
    track, drift, block = Track(16_000, RATE_HZ, 100.0), 1e-4, 320
    clicks = [5.0 * number for number in range(1, 12)]
    times = np.arange(16_000 * 60) / (16_000 * (1 + drift))
    sound = sum(0.5 * np.exp(-(((times - click) / 0.0004) ** 2) / 2) for click in clicks)
    samples = np.asarray(sound, np.float32)
    for begin in range(0, len(samples), block):
        track.push(samples[begin : begin + block], 100.0 + float(times[begin]), begin)
    track.end_run()
    assert places(track.take(track.ready), clicks) == pytest.approx(clicks, abs=0.0003)


def test_a_reader_of_a_tap_that_lags_loses_the_oldest_and_sees_how_much() -> None:
    tap = Tap(1000, 1, 0.1)
    first, late = tap.reader(), tap.reader()
    for number in range(20):
        tap.write(np.full((10, 1), number, np.int16), number / 100, False)
        (block,) = first.read()
        assert (block.position, int(block.samples[0, 0]), block.at) == (number * 10, number, number / 100)
    assert [block.position for block in late.read()] == list(range(100, 200, 10))
    assert list(late.read()) == []


def test_what_a_closed_microphone_hears_is_not_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk")
    desk.clicks = [1.0, 2.0, 3.0]
    desk.records(1.5)
    desk.deaf = True
    desk.records(0.9)
    desk.deaf = False
    desk.records(1.5)
    desk.ends()
    user, agent = sides(desk.folder / "conversation.flac")
    expected = [click - sound_t(desk) for click in desk.clicks]
    assert [bool(place == place) for place in places(user, expected)] == [True, False, True]
    assert not np.isnan(places(agent, expected)).any()


# ---- the disk


def test_a_slow_disk_delays_nothing_and_loses_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk")
    desk.disk.delay_s = 0.5
    desk.clicks = [1.0 + number for number in range(25)]
    for number in range(10):
        desk.log.put(events.Partial(float(number), 1, "so far"))
        desk.records(3.0)
    assert max(desk.lags) < 3.0
    desk.disk.delay_s = 0.0
    desk.ends()
    user, agent = sides(desk.folder / "conversation.flac")
    expected = [click - sound_t(desk) for click in desk.clicks]
    assert places(user, expected) == pytest.approx(places(agent, expected), abs=SAMPLE_S)
    assert lines_of(desk)[-1] == {**lines_of(desk)[-1], "partials_shed": 0, "silenced_s": 0.0}
    assert sum(line["event"] == "partial" for line in lines_of(desk)) == 10
    assert desk.warned == []


def stuck(desk: Desk, seconds: float) -> None:
    """The disk takes so long for one write, of sound, while the user speaks."""
    desk.disk.delay_s = seconds - recorder.ROUND_S

    def once(spent: float) -> None:
        desk.runs(spent)
        desk.disk.delay_s = 0.0

    desk.disk.passes = once
    desk.records(0.1)
    desk.log.put(events.SpeechBegan(1.0, 1))
    desk.log.put(events.Partial(2.0, 1, "so far"))
    desk.log.put(events.Heard(3.0, 1, "the words", "en", 0.9))
    desk.records(3.0)


def test_provisional_words_are_shed_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk")
    desk.records(2.0)
    stuck(desk, recorder.SHED_PARTIALS_S + 0.5)
    desk.ends()
    names = [line["event"] for line in lines_of(desk)]
    assert "partial" not in names
    assert {"speech_started", "transcript"} <= set(names)
    assert lines_of(desk)[-1] == {**lines_of(desk)[-1], "partials_shed": 1, "silenced_s": 0.0}
    assert len(desk.warned) == 1


@pytest.mark.parametrize("seconds", [recorder.SHED_SOUND_S + 1, recorder.TAP_S + 20])
def test_then_sound_becomes_silence_and_is_counted_and_never_words(tmp_path: Path, seconds: float) -> None:
    desk = Desk(tmp_path / "talk")
    desk.clicks = [1.0, 4.0, seconds + 3.0]
    desk.records(2.0)
    stuck(desk, seconds)
    desk.ends()
    user, agent = sides(desk.folder / "conversation.flac")
    expected = [click - sound_t(desk) for click in desk.clicks]
    assert [bool(place == place) for place in places(user, expected)] == [True, False, True]
    assert places(user, expected)[2] == pytest.approx(expected[2], abs=0.001)
    assert places(agent, expected)[2] == pytest.approx(places(user, expected)[2], abs=SAMPLE_S)
    end = lines_of(desk)[-1]
    assert end["partials_shed"] == 1
    assert end["silenced_s"] == pytest.approx(seconds - recorder.KEPT_S, abs=1.0)
    assert [line["text"] for line in lines_of(desk) if line["event"] == "transcript"] == ["the words"]
    assert len(desk.warned) == 1


@pytest.mark.parametrize("room", [0, 9_000, 9_500])
def test_a_full_disk_ends_the_recording_once_and_nothing_else(tmp_path: Path, room: int) -> None:
    desk = Desk(tmp_path / "talk")
    desk.clicks = [0.5 + 0.1 * number for number in range(100)]
    desk.disk.room = room
    for number in range(10):
        desk.log.put(events.Heard(float(number), number + 1, "words", "en", 0.9))
        desk.records(1.0)
    assert desk.recorder.failed
    assert len(desk.warned) == 1
    assert desk.recorder.lag_s == 0
    desk.disk.room = 10**9
    desk.records(1.0)
    desk.ends()
    for line in lines_of(desk):
        assert line["event"] in ("transcript", "sound")
    sound = desk.folder / "conversation.flac"
    if sound.exists() and sound.stat().st_size:
        recording = Recording(sound, RATE_HZ)
        assert sum(map(len, recording)) > 0
        assert not recording.damage


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB; only an administrator can make one."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("needs to mount a disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_tiny_disk_fills_and_what_is_on_it_can_be_read(tiny: Path) -> None:
    desk = Desk(tiny / "talk")
    desk.clicks = [0.5 + 0.01 * number for number in range(1000)]
    desk.records(10.0)
    desk.ends()
    assert desk.recorder.failed
    assert len(desk.warned) == 1
    recording = Recording(desk.folder / "conversation.flac", RATE_HZ)
    assert sum(map(len, recording)) > RATE_HZ
    assert not recording.damage
    assert lines_of(desk)[0]["event"] == "sound"


def test_of_a_piece_that_a_full_disk_takes_half_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Appended(tmp_path / "file")
    file.add(b"whole\n")
    write = os.write

    def half(number: int, data: bytes) -> int:
        if len(data) < 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(number, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        file.add(b"another\n")
    monkeypatch.undo()
    file.add(b"last\n")
    file.close()
    assert (tmp_path / "file").read_bytes() == b"whole\nlast\n"


# ---- what is in the folder


def test_the_oldest_minutes_are_deleted(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk", max_minutes=1)
    desk.clicks = [96.0]
    desk.records(100.0)
    desk.ends()
    kept = sorted(desk.folder.glob("conversation-*.flac"))
    length_s = [len(sides(path)[0]) / RATE_HZ for path in kept]
    piece_s = 60 / soundfiles.PIECES
    assert 60 - piece_s <= sum(length_s) <= 60
    began = {line["file"]: float(str(line["t"])) for line in lines_of(desk) if line["event"] == "sound"}
    deleted = [line["file"] for line in lines_of(desk) if line["event"] == "deleted"]
    assert [path.name for path in kept] == [name for name in began if name not in deleted]
    path = next(path for path in reversed(kept) if began[path.name] < 96.0)
    user, agent = sides(path)
    expected = [96.0 - began[path.name]]
    assert places(user, expected) == pytest.approx(expected, abs=0.001)
    assert places(agent, expected) == pytest.approx(places(user, expected), abs=SAMPLE_S)


def test_a_finished_file_tells_how_long_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk")
    desk.records(3.0)
    path = desk.folder / "conversation.flac"
    running = path.read_bytes()
    desk.ends()
    ended = path.read_bytes()
    assert running[:21] == ended[:21]
    assert int.from_bytes(running[21:26], "big") & (1 << 36) - 1 == 0
    assert int.from_bytes(ended[21:26], "big") & (1 << 36) - 1 == len(sides(path)[0])


def test_all_of_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        desk = Desk(tmp_path / "talk")
        desk.records(1.0)
        desk.ends()
    finally:
        os.umask(before)
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in desk.folder.iterdir()} == {0o600}
    assert {path.name for path in desk.folder.iterdir()} == {
        "about.json",
        "conversation.flac",
        "settings.toml",
        "transcript.jsonl",
    }


def test_no_secret_is_in_the_settings(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "generate": {
                "engine": "openai",
                "base_url": "https://me:SECRET@example.org/v1?key=SECRET",
                "api_key_env": "SK_SECRET",
            },
            "transcribe": {
                "engine": "command",
                "command": "hear --key SECRET",
                "url": "https://me:SECRET@example.org/v1?key=SECRET",
            },
            "synthesize": {
                "engine": "command",
                "command": "speak --key SECRET",
                "url": "https://me:SECRET@example.org/v1?key=SECRET",
            },
        }
    )
    desk = Desk(tmp_path / "talk", config=config)
    desk.records(1.0)
    desk.ends()
    for path in desk.folder.iterdir():
        assert b"SECRET" not in path.read_bytes()
    kept = (desk.folder / notes.SETTINGS).read_text()
    assert 'base_url = "https://example.org/v1"' in kept
    assert 'command = "hear"' in kept
    assert settings_text(Config()) == settings_text(Config())


def test_who_spoke_when_is_noted(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk")
    at = desk.began + 5.0
    samples = np.zeros(16_000, np.float32)
    speech = Utterance(samples, 0, 16_000, at, at, at + 0.3, spans=((0.1, 0.4), (0.7, 1.0)))
    desk.facts.put((at, facts.Gate(speech), []))
    sounds = facts.ClauseSounds(7, 0, "It is noon.", at, (at + 0.2, at + 0.35, at + 0.8))
    desk.facts.put((at, sounds, [to.Tell(events.Speaking(5.0, 3, 0, "It is noon."))]))
    desk.facts.put((at, facts.Tick(), []))
    desk.records(0.5)
    desk.ends()
    user, agent = (line for line in lines_of(desk) if line["event"] in ("user_speech", "agent_words"))
    assert user["spans_t"] == [[4.1, 4.4], [4.7, 5.0]]
    assert (agent["turn"], agent["text"], agent["ends_t"]) == (3, "It is noon.", [5.2, 5.35, 5.8])
    assert notes.noted(sounds)
    assert not notes.noted(facts.Tick())


def test_losses_are_noted_when_they_change(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "talk")
    desk.losses = {"gaps in the reply": 0}
    desk.records(1.0)
    desk.losses = {"gaps in the reply": 2, "events lost": 0}
    desk.records(1.0)
    desk.ends()
    noted = [line["losses"] for line in lines_of(desk) if line["event"] == "losses"]
    assert noted == [{"gaps in the reply": 2}]


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=pattern("records.not_empty", folder=tmp_path)):
        Recorder(tmp_path, Config(), FakeClock(), 0.0)
    with pytest.raises(ConfigError, match=pattern("records.unwritable", folder=tmp_path / "file")):
        Recorder(tmp_path / "file", Config(), FakeClock(), 0.0)


def test_a_recording_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "talk"
    assert Recorder(folder, Config(), FakeClock(), 0.0).close() == ""
    assert not folder.exists()
