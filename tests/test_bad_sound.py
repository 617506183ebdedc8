"""Bad recordings in and bad places out: one line that names the remedy, and nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import wave
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soxr

from rig.made_speech import speak
from rig.program import complaint, started, voicecli
from tests.sentences import wording
from voicecli.audio.recordings.files import WavWriter
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from voicecli.messages import Int16

FOX = "The quick brown fox jumps over the lazy dog."
FRANCE = "What is the capital of France?"


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, or makes pipes")


def recording(path: Path, *parts: Int16, rate_hz: int = RATE_HZ) -> Path:
    with WavWriter(path, rate_hz, channels=1 if parts[0].ndim == 1 else parts[0].shape[1]) as wav:
        for part in parts:
            wav.write(part)
    return path


def spoken(text: str) -> Int16:
    return (speak(text) * 32767).astype(np.int16)


def bad_recordings(folder: Path) -> dict[str, str]:
    """Files, and what is to be said of each."""
    good = recording(folder / "good.wav", np.full(8000, 99, np.int16)).read_bytes()
    (folder / "good.wav").unlink()
    form = good.index(b"fmt ") + 8
    unreadable = wording("files.no_recording")
    files = {
        "nothing.wav": b"",
        "cut.wav": good[:20],
        "form.wav": good[:form] + b"\xff" * 16 + good[form + 16 :],
        "rate.wav": good[: form + 4] + bytes(4) + good[form + 8 :],
        "noise.wav": np.random.default_rng(0).bytes(50_000),
        "text.wav": b"This is not a recording.\n",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    recording(folder / "empty.wav", np.zeros(0, np.int16))
    (folder / "folder.wav").mkdir()
    return {
        **dict.fromkeys(files, unreadable),
        "empty.wav": wording("files.no_sound"),
        "folder.wav": wording("files.folder"),
        "absent.wav": wording("files.missing"),
        "esc\x1b[2J.wav": wording("files.missing_named", name="esc.wav"),
    }


@pytest.mark.models
def test_transcribe_names_every_bad_file_and_writes_down_the_others(tmp_path: Path) -> None:
    bad = bad_recordings(tmp_path)
    fox = recording(tmp_path / "fox.wav", spoken(FOX))
    france = recording(tmp_path / "france.wav", spoken(FRANCE))
    files = [fox.name, *bad, france.name]
    done = voicecli("transcribe", "--json", "--language", "en", *files, cwd=tmp_path)
    assert done.returncode == 1
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == [fox.name, france.name]
    lines = done.stderr.splitlines()
    assert len(lines) == len(bad), done.stderr
    for line, (name, told) in zip(lines, bad.items(), strict=True):
        assert line.startswith("voicecli: ")
        assert line.isprintable()
        assert name.partition("\x1b")[0] in line
        assert told in line


@pytest.mark.parametrize("name", ["cut.wav", "noise.wav", "empty.wav", "folder.wav", "absent.wav"])
def test_talk_refuses_a_bad_recording_before_it_loads_anything(tmp_path: Path, name: str) -> None:
    told = bad_recordings(tmp_path)[name]
    before = sorted(tmp_path.iterdir())
    flags = ["--from-file", name, "--to-file", "answer.wav", "--models-dir", "none"]
    line = complaint(voicecli("talk", *flags, cwd=tmp_path), 1)
    assert name in line
    assert told in line
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.models
def test_unusual_recordings_are_understood(tmp_path: Path) -> None:
    fine = soxr.resample(speak(FOX), RATE_HZ, 96_000)
    eight = np.zeros((fine.size, 8), np.int16)
    eight[:, 5] = fine * 32767  # one microphone of eight hears something
    floats = np.concatenate((speak(FOX), np.full(100, np.nan, np.float32), [np.float32(np.inf)]))
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + floats.nbytes, b"WAVE", b"fmt ", 16, 3, 1, 16_000, 64_000, 4, 32
    )
    (tmp_path / "floats.wav").write_bytes(
        head + struct.pack("<4sI", b"data", floats.nbytes) + floats.tobytes()
    )
    recording(tmp_path / "eight.wav", eight, rate_hz=96_000)
    recording(tmp_path / "one sample.wav", np.ones(1, np.int16))
    recording(tmp_path / "a:b%20 ü\udcff.wav", spoken(FOX))
    names = ["eight.wav", "floats.wav", "a:b%20 ü\udcff.wav", "one sample.wav"]
    done = voicecli("transcribe", "--json", "--language", "en", *names, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["file"] for result in results] == names
    assert len({result["text"] for result in results[:3]}) == 1
    assert "brown fox" in results[0]["text"]
    assert results[3]["text"] == ""
    assert results[0]["audio_s"] == pytest.approx(fine.size / 96_000, abs=0.001)


@pytest.mark.models
def test_of_a_damaged_recording_the_rest_is_written_down_and_one_line_tells_what_is_missing(
    tmp_path: Path,
) -> None:
    whole = recording(tmp_path / "whole.wav", spoken(FOX), np.zeros(RATE_HZ, np.int16), spoken(FRANCE))
    data = whole.read_bytes()
    (tmp_path / "cut\n\x1b[31m.wav").write_bytes(data[: -2 * RATE_HZ])
    names = ["whole.wav", "cut\n\x1b[31m.wav", "./whole.wav"]
    flags = ["transcribe", "--json", "--language", "en"]
    done = voicecli(*flags, *names, cwd=tmp_path)
    assert done.returncode == 0
    line = complaint_of_damage(done.stderr)
    assert line.startswith("voicecli: cut .wav breaks off at 0:0")
    results = [json.loads(row) for row in done.stdout.splitlines()]
    assert [result["file"] for result in results] == ["whole.wav", names[1], "whole.wav"]
    assert ["brown fox" in result["text"] for result in results] == [True] * 3
    assert [result["damage"] is None for result in results] == [True, False, True]
    strict = voicecli(*flags, "--strict", names[1], cwd=tmp_path)
    assert strict.returncode == 1
    assert "brown fox" in json.loads(strict.stdout)["text"]
    complaint_of_damage(strict.stderr)


def complaint_of_damage(stderr: str) -> str:
    """The one line."""
    (line,) = stderr.splitlines()
    assert line.isprintable()
    return line


@linux_only
@pytest.mark.models
def test_a_recording_from_a_pipe_and_one_that_never_ends(tmp_path: Path) -> None:
    data = recording(tmp_path / "fox.wav", spoken(FOX)).read_bytes()
    os.mkfifo(tmp_path / "pipe")
    with started("transcribe", "--language", "en", "pipe", cwd=tmp_path) as process:
        (tmp_path / "pipe").write_bytes(data)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "brown fox" in out
    with (
        started("transcribe", "--language", "en", "pipe", cwd=tmp_path) as process,
        (tmp_path / "pipe").open("wb", buffering=0) as pipe,
    ):
        pipe.write(data[: len(data) // 2])
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "")


def peak_mb(pid: int) -> float:
    """Most memory the process has had at a time."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


@linux_only
@pytest.mark.models
@pytest.mark.matrix
def test_an_hour_takes_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    """Measured on two cores: 370 MB for an hour as for three seconds, 20 s of time."""
    minute = np.zeros(60 * RATE_HZ, np.int16)
    hour = recording(tmp_path / "hour.wav", *chain([spoken(FOX)], [minute] * 60, [spoken(FRANCE)]))
    # The second file keeps the process there to be looked at.
    with started("transcribe", "--json", "--language", "en", str(hour), str(hour)) as process:
        assert process.stdout is not None
        result = json.loads(process.stdout.readline())
        peak = peak_mb(process.pid)
    assert result["audio_s"] > 3600
    assert "brown fox" in result["text"]
    assert "France" in result["text"]
    assert peak < 700


@pytest.mark.models
@pytest.mark.parametrize("output", ["absent/a.wav", "", "/dev/full", "x" * 300])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, output: str) -> None:
    line = complaint(voicecli("say", "hello", "-o", output, cwd=tmp_path), 1)
    assert output in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.models
@pytest.mark.parametrize(
    "command",
    [
        ["say", f"{FOX} {FOX} {FOX}", "-o", "kept.wav"],
        ["talk", "--json", "--engine", "echo", "--from-file", "long.wav", "--to-file", "kept.wav"],
    ],
    ids=lambda command: command[0],
)
def test_a_disk_that_is_full_leaves_the_file_that_was_there(tmp_path: Path, command: list[str]) -> None:
    resource = pytest.importorskip("resource")
    kept = tmp_path / "kept.wav"
    kept.write_bytes(b"the recording of yesterday")
    recording(tmp_path / "long.wav", spoken(FOX), np.zeros(5 * RATE_HZ, np.int16))
    before = sorted(tmp_path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # handed on to children
    try:
        done = voicecli(*command, cwd=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    line = complaint(done, 1)
    assert "kept.wav cannot be written (File too large)" in line
    assert kept.read_bytes() == b"the recording of yesterday"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.models
@pytest.mark.parametrize("text", ["", " \u200b😀🎉 ...", "\x1b[31m\x07"])
def test_text_that_holds_nothing_to_say(tmp_path: Path, text: str) -> None:
    line = complaint(voicecli("say", text, "-o", "a.wav", cwd=tmp_path), 2)
    assert "nothing" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.models
def test_control_characters_in_a_text_are_not_said(tmp_path: Path) -> None:
    done = voicecli("say", f"\x07\x1b]0;title\x07{FOX}\x1b[2J\r\n", "-o", "a.wav", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert 2 < file.getnframes() / file.getframerate() < 5


@linux_only
@pytest.mark.models
def test_a_book_can_be_stopped_and_takes_little_memory(tmp_path: Path) -> None:
    book = f"{FOX} " * (100_000 // len(FOX))
    with started("say", book, "-o", "book.wav", cwd=tmp_path) as process:
        while not any(part.stat().st_size > 500_000 for part in tmp_path.glob(".book.wav.*.part")):
            assert process.poll() is None
        assert peak_mb(process.pid) < 700
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.models
def test_transcribe_can_be_stopped(tmp_path: Path) -> None:
    file = recording(tmp_path / "fox.wav", spoken(FOX))
    with started("transcribe", *[str(file)] * 500) as process:
        assert process.stdout is not None
        assert "fox" in process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")
