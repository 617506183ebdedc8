"""`voicecli say`: arguments, pipes, broken text, any length; and WAV files beyond 4 GiB."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import tracemalloc
import wave
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.program import environment, started, voicecli
from tests.sentences import pattern, wording
from tests.studio import Studio
from voicecli.audio.recordings.files import WavWriter
from voicecli.audio.recordings.recording import decode
from voicecli.audio.recordings.wav import HEAD_BYTES, head
from voicecli.cli.say import PIECE, UNHURRIED_MS, aloud, clauses_of, read_pieces
from voicecli.config import Config
from voicecli.devices.single.settling import CALM_S
from voicecli.errors import ConfigError, DeviceError
from voicecli.speak.jitter import FADE_S
from voicecli.speak.voice import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

SENTENCE = "The quick brown fox jumps over the lazy dog. "


def piped(text: bytes, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "voicecli", "say", *arguments],
        input=text,
        env=environment(),
        cwd=cwd,
        capture_output=True,
        timeout=120,
        check=False,
    )


VOICE_HZ = 22_050


class Counting:
    """A voice of numbers: a clause takes 0.4 s, in two parts, and goes on where the one before ended."""

    def __init__(self) -> None:
        self.said = np.zeros(0, np.int16)

    def say(self, text: str) -> Iterator[Piece]:
        del text
        count = round(0.4 * VOICE_HZ)
        samples = (10_000 + (self.said.size + np.arange(count)) % 5000).astype(np.int16)
        self.said = np.concatenate((self.said, samples))
        yield Piece(samples[: count // 3], count - count // 3)
        yield Piece(samples[count // 3 :])


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Studio:
    studio = Studio(monkeypatch)
    studio.add("Speakers", 0, 2)
    studio.default.device = (-1, 0)
    return studio


@pytest.mark.parametrize("clauses", [1, 2, 12])
def test_all_is_said_to_the_last_sample_and_the_loudspeaker_given_back(studio: Studio, clauses: int) -> None:
    voice = Counting()
    aloud(map(str, range(clauses)), voice.say, VOICE_HZ, Config(), studio.clock)
    played = np.concatenate(studio.played[0])
    first, fade = np.flatnonzero(played)[0] - 1, round(FADE_S * VOICE_HZ)
    said = slice(first + fade, first + voice.said.size - fade)
    np.testing.assert_array_equal(played[said], voice.said[fade:-fade])
    assert not played[said.stop + 2 * fade :].any()
    assert studio.streams[0].log[-1] == "close"


def test_the_first_clause_is_made_before_the_loudspeaker_opens_and_more_while_it_plays(
    studio: Studio,
) -> None:
    voice, opened = Counting(), list[bool]()

    def say(text: str) -> Iterator[Piece]:
        for piece in voice.say(text):
            opened.append(bool(studio.streams))
            yield piece

    aloud(iter("abc"), say, VOICE_HZ, Config(), studio.clock)
    assert opened == [False, False, True, True, True, True]


@pytest.mark.parametrize(("set_ms", "asked_ms"), [(40, UNHURRIED_MS), (450, 450)])
def test_it_does_not_hurry(studio: Studio, set_ms: int, asked_ms: int) -> None:
    config = Config.model_validate({"audio": {"latency_ms": set_ms}})
    aloud(iter("a"), Counting().say, VOICE_HZ, config, studio.clock)
    assert studio.streams[0].asked["latency"] == asked_ms / 1000
    played = np.concatenate(studio.played[0])
    loud = np.flatnonzero(played)
    assert loud[0] / VOICE_HZ == pytest.approx(CALM_S, abs=0.05)
    # What the device has when it is closed is lost: it has silence.
    assert (len(played) - loud[-1]) / VOICE_HZ >= asked_ms / 1000


def test_a_loudspeaker_that_stops_is_named(studio: Studio) -> None:
    studio.dead = {0}
    with pytest.raises(DeviceError, match=pattern("devices.stopped", name="Speakers")):
        aloud(iter(["one", "two"]), Counting().say, VOICE_HZ, Config(), studio.clock)
    assert studio.streams[0].log[-1] == "close"


def seconds_of(path: Path) -> float:
    with wave.open(str(path)) as file:
        return float(file.getnframes() / file.getframerate())


@pytest.mark.models
@pytest.mark.parametrize("arguments", [["-"], []], ids=["dash", "nothing"])
def test_what_comes_through_a_pipe_is_said(tmp_path: Path, arguments: list[str]) -> None:
    done = piped(b"\xef\xbb\xbfGood morning \xff\xe9 to you.\n", *arguments, "-o", "a.wav", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert 0.8 < seconds_of(tmp_path / "a.wav") < 3


@pytest.mark.models
def test_several_words_are_one_text_and_a_minus_may_begin_it(tmp_path: Path) -> None:
    assert voicecli("say", "-o", "a.wav", "--", "-5", "degrees", "today", cwd=tmp_path).returncode == 0
    assert 1.0 < seconds_of(tmp_path / "a.wav") < 3


@pytest.mark.models
def test_a_pipe_without_a_word_is_told_in_one_line(tmp_path: Path) -> None:
    done = piped(b"\xff ... \n\n", "-o", "a.wav", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert b"nothing in it that can be said" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.models
def test_the_first_clause_is_written_while_the_pipe_is_open_and_ctrl_c_ends_the_wait(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "voicecli", "say", "-", "-o", "a.wav"]
    with subprocess.Popen(command, env=environment(), cwd=tmp_path, stdin=reader) as process:
        os.close(reader)
        try:
            os.write(writer, SENTENCE.encode() * 2)
            while not any(part.stat().st_size for part in tmp_path.glob(".a.wav.*.part")):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 130
        finally:
            os.close(writer)
            process.kill()
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_without_a_text_is_asked_for_one() -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "voicecli", "say"],
            env=environment(),
            stdin=theirs,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            _, err = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 2
    assert err == "voicecli: " + wording("files.no_text") + "\n"


def test_pieces_come_as_they_are_written_and_no_letter_is_cut() -> None:
    reader, writer = os.pipe()
    pieces = read_pieces(reader)
    data = ("\ufeff" + "a" * (PIECE - 2) + "é…€ ende").encode()
    os.write(writer, data[: PIECE + 4])  # in the middle of a letter
    read = next(pieces)
    assert read.startswith("aaa")
    os.write(writer, data[PIECE + 4 :] + b"\xe2")
    os.close(writer)
    assert read + "".join(pieces) == data.decode("utf-8-sig") + "\ufffd"
    os.close(reader)


def test_what_cannot_be_read_is_told() -> None:
    fd = os.open("/", os.O_RDONLY)
    try:
        with pytest.raises(ConfigError, match=pattern("files.pipe_broken")):
            next(read_pieces(fd))
    finally:
        os.close(fd)


def test_what_is_held_does_not_grow_with_what_was_read() -> None:
    reader, writer = os.pipe()
    text = SENTENCE.encode() * 4_000

    def write() -> None:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(text)

    def said_behind(count: int) -> int:
        held = clauses_of(read_pieces(reader), "en")
        seen = sum(1 for _ in islice(held, count))
        tracemalloc.start()
        try:
            seen += sum(1 for _ in held)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            assert seen == pytest.approx(4_000, abs=5)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert said_behind(3_000) < 100_000
    finally:
        os.close(reader)
        thread.join()


def test_clauses_come_before_the_text_has_ended() -> None:
    def pieces() -> list[str]:
        raise AssertionError("all of it was asked for")

    def text() -> object:
        yield SENTENCE * 3
        yield from pieces()

    assert next(clauses_of(text(), "en")).startswith("The quick")  # type: ignore[arg-type]


def test_a_file_beyond_four_gibibytes_tells_its_true_size(tmp_path: Path) -> None:
    path, size = tmp_path / "a.wav", 5 << 30
    with path.open("wb") as file:
        file.write(head(22_050, 1, size))
        file.write(np.full(22_050, 8192, "<i2").tobytes())
        file.truncate(HEAD_BYTES + size)  # the rest is a hole and takes no room
    first = next(iter(decode(path, 22_050)))
    assert first[100] == pytest.approx(0.25, abs=0.01)
    av = pytest.importorskip("av")
    with av.open(str(path)) as container:
        assert container.duration / 1e6 == pytest.approx(size / 2 / 22_050, rel=0.001)


def test_an_ordinary_file_is_an_ordinary_wav(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, 22_050, 2) as wav:
        wav.write(np.ones((50, 2), np.int16))
    data = path.read_bytes()
    assert data[:4] == b"RIFF"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert len(data) == HEAD_BYTES + 200
    assert seconds_of(path) == pytest.approx(50 / 22_050)


def test_help_is_there() -> None:
    with started("say", "--help") as process:
        assert "standard input" in " ".join(process.communicate(timeout=60)[0].split())
