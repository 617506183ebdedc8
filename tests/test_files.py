"""Recordings in and out: any shape of file gives its samples or one clear line, and nothing half-written."""

from __future__ import annotations

import os
import resource
import socket
import struct
import tracemalloc
import wave
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.sentences import pattern, wording
from voicecli.audio.level import level_dbfs
from voicecli.audio.recordings.files import WavWriter
from voicecli.audio.recordings.recording import decode
from voicecli.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32

RATE_HZ = 16_000


def sine(seconds: float, rate_hz: int, hz: float = 440.0, peak: float = 0.5) -> Float32:
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return (peak * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def float_wav(path: Path, samples: Float32, rate_hz: int) -> Path:
    """A WAV file of float32 (n, channels), as recorders with many channels write it."""
    channels = samples.shape[1]
    form = struct.pack("<HHIIHH", 3, channels, rate_hz, rate_hz * channels * 4, channels * 4, 32)
    data = samples.astype("<f4").tobytes()
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def read(path: Path) -> Float32:
    return np.concatenate(list(decode(path, RATE_HZ)))


def refusal(path: Path) -> AudioFileError:
    """The error a file ends in: one line that names the file and a remedy."""
    with pytest.raises(AudioFileError) as caught:
        read(path)
    error = caught.value
    assert str(path) in error.found
    assert error.remedy
    assert "\n" not in str(error)
    return error


def test_written_samples_are_read_back(tmp_path: Path) -> None:
    samples = (sine(0.5, RATE_HZ) * 32767).astype(np.int16)
    with WavWriter(tmp_path / "a.wav", RATE_HZ, 1) as wav:
        for block in np.array_split(samples, 7):
            wav.write(block)
    np.testing.assert_allclose(read(tmp_path / "a.wav"), samples / 32768, atol=1e-6)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("channels", [1, 2, 8, 9, 32])
@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 96_000])
def test_many_channels_at_any_rate_are_as_loud_as_one(tmp_path: Path, channels: int, rate_hz: int) -> None:
    """Full scale on all channels at once neither clips nor changes its level."""
    tone = sine(0.5, rate_hz, peak=0.999)
    path = float_wav(tmp_path / "a.wav", np.repeat(tone[:, np.newaxis], channels, axis=1), rate_hz)
    heard = read(path)
    assert heard.size == pytest.approx(RATE_HZ / 2, abs=20)
    middle = slice(800, 7000)
    np.testing.assert_allclose(heard[middle], sine(0.5, RATE_HZ, peak=0.999)[middle], atol=0.01)


def test_speech_on_one_channel_of_many_is_heard_whichever_it_is(tmp_path: Path) -> None:
    for channel in range(8):
        samples = np.zeros((48_000, 8), np.float32)
        samples[:, channel] = sine(0.5, 96_000)
        level = level_dbfs(read(float_wav(tmp_path / "a.wav", samples, 96_000)))
        assert level == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.1)


def test_samples_that_are_no_numbers_or_too_loud_are_silenced_or_clipped(tmp_path: Path) -> None:
    samples = np.repeat(sine(0.5, RATE_HZ)[:, np.newaxis], 2, axis=1)
    samples[1000:1100] = np.nan
    samples[2000], samples[3000], samples[4000] = np.inf, -np.inf, 1e30
    heard = read(float_wav(tmp_path / "a.wav", samples, RATE_HZ))
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    assert (heard[2000], heard[3000], heard[4000]) == (1.0, -1.0, 1.0)
    assert (heard[1000:1100] == 0.0).all()
    np.testing.assert_allclose(heard[5000:], samples[5000:, 0], atol=1e-6)


@pytest.mark.parametrize(("frames", "rate_hz"), [(1, 16_000), (100, 48_000), (1000, 96_000)])
def test_the_shortest_recording_is_no_error(tmp_path: Path, frames: int, rate_hz: int) -> None:
    samples = np.full((frames, 1), 0.5, np.float32)
    assert (
        0.5 < read(float_wav(tmp_path / "a.wav", samples, rate_hz)).size / (frames * RATE_HZ / rate_hz) < 1.5
    )


def test_a_recording_that_breaks_off_is_given_as_far_as_it_goes(tmp_path: Path) -> None:
    path = float_wav(tmp_path / "a.wav", sine(1.0, RATE_HZ)[:, np.newaxis], RATE_HZ)
    path.write_bytes(path.read_bytes()[:-32_001])
    assert read(path).size == pytest.approx(RATE_HZ / 2, abs=2)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAV", id="cut in its header"),
        pytest.param(b"This is a text. " * 500, id="not audio"),
        pytest.param(bytes(range(256)) * 40, id="noise"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert "not a recording" in refusal(path).found


def test_a_recording_without_a_sample_is_refused(tmp_path: Path) -> None:
    assert "no sound" in refusal(float_wav(tmp_path / "a.wav", np.zeros((0, 1), np.float32), 8000)).found


def test_a_folder_and_an_absent_file_are_told_apart(tmp_path: Path) -> None:
    assert "folder" in refusal(tmp_path).found
    assert "no file" in refusal(tmp_path / "absent.wav").found


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Root may read everything; for as long as this takes, we are not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = float_wav(tmp_path / "a.wav", np.zeros((9, 1), np.float32), RATE_HZ)
    list(decode(path, RATE_HZ))  # libav is loaded
    path.chmod(0)
    with an_ordinary_user():
        assert wording("files.no_permission") in refusal(path).found


def test_an_address_is_a_name_of_no_file_and_nothing_is_connected_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.wav"
        assert "no file" in refusal(Path(address)).found
        playlist = tmp_path / "a.m3u8"
        playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n")
        refusal(playlist)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_long_recording_is_decoded_and_written_block_by_block(tmp_path: Path) -> None:
    path, minute = tmp_path / "a.wav", np.zeros(60 * RATE_HZ, np.int16)
    tracemalloc.start()
    try:
        with WavWriter(path, RATE_HZ, 1) as wav:
            for _ in range(600):
                wav.write(minute[:RATE_HZ])
        assert sum(block.size for block in decode(path, RATE_HZ)) == 600 * RATE_HZ
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 19_000_000
    assert peak < 4_000_000


def test_a_failure_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"older")
    with pytest.raises(TypeError), WavWriter(path, RATE_HZ, 1) as wav:
        wav.write(np.array([None]))
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, 22_050, 2) as wav:
        wav.write(np.ones((50, 2), np.int16))
        assert not path.exists()
    with wave.open(str(path)) as written:
        assert written.getparams()[:4] == (2, 2, 22_050, 50)


def test_a_file_without_a_sample_is_still_a_wav_file(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav", RATE_HZ, 1):
        pass
    with wave.open(str(tmp_path / "a.wav")) as written:
        assert written.getnframes() == 0


def test_the_file_has_the_permissions_the_user_gives_to_files(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with WavWriter(tmp_path / "a.wav", RATE_HZ, 1):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a.wav").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(AudioFileError) as caught, WavWriter(tmp_path / "a.wav", RATE_HZ, 1) as wav:
            wav.write(np.zeros(20_000, np.int16))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be written" in caught.value.found
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["absent/a.wav", "file/a.wav"])
def test_a_place_where_nothing_can_be_written_is_refused_before_any_sound(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(AudioFileError, match="cannot be written") as caught,
        WavWriter(tmp_path / place, 1, 1),
    ):
        raise AssertionError
    assert caught.value.remedy


def test_a_folder_or_a_device_is_not_replaced_by_a_recording(tmp_path: Path) -> None:
    for place in (tmp_path, Path("/dev/null")):
        with pytest.raises(AudioFileError, match=pattern("files.not_a_file")), WavWriter(place, 1, 1):
            raise AssertionError
    assert Path("/dev/null").is_char_device()
