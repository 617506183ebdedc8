"""Recordings as people have them: old tags, joined, damaged, cut, of odd scales, with many tracks."""

from __future__ import annotations

import os
import struct
import threading
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from tests.sentences import pattern, wording
from tests.test_files import float_wav
from voicecli.audio.level import level_dbfs
from voicecli.audio.recordings.damage import Damage, Timeline, clock_time
from voicecli.audio.recordings.files import WavWriter
from voicecli.audio.recordings.pipes import STDIN, at_hand
from voicecli.audio.recordings.recording import Recording
from voicecli.audio.recordings.scale import Scale
from voicecli.errors import AudioFileError
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.messages import Float32

SECONDS = 6.0
CODECS = {"mp3": "libmp3lame", "flac": "flac", "opus": "libopus", "m4a": "aac", "mp2": "mp2", "ac3": "ac3"}


def beeps(seconds: float = SECONDS, rate_hz: int = RATE_HZ) -> Float32:
    """Ten a second, each higher than the one before: any part tells where it is in the recording."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    number = np.floor(times * 10)
    return (0.3 * np.sin(2 * np.pi * (300 + 20 * number) * times) * (times * 10 % 1 < 0.7)).astype(np.float32)


def encoded(path: Path, codec: str, *tracks: Float32, rate_hz: int = 48_000) -> Path:
    """A file with (n,) at 16 kHz on each track."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream(codec, rate=rate_hz, layout="mono") for _ in tracks]
        for stream, samples in zip(streams, tracks, strict=True):
            context = stream.codec_context
            assert isinstance(context, av.AudioCodecContext)
            resampler = av.AudioResampler(
                format=context.format.name, layout="mono", rate=rate_hz, frame_size=context.frame_size or None
            )
            assert isinstance(stream, av.AudioStream)
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
            frame.sample_rate = RATE_HZ
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))
    return path


def read(path: Path, channel: int = 0, track: int = 0) -> tuple[Float32, Damage]:
    recording = Recording(path, RATE_HZ, channel=channel, track=track)
    return np.concatenate(list(recording)), recording.damage


def late(heard: Float32, wanted: Float32, at_s: float) -> int:
    """How many samples later than it should one second of the recording is heard."""
    begin, reach = round(at_s * RATE_HZ), 4000
    part = wanted[begin : begin + RATE_HZ]
    around = heard[begin - reach : begin + RATE_HZ + reach]
    return int(np.argmax(np.correlate(around, part, "valid"))) - reach


# ---- tags


def test_tags_of_any_encoding_are_not_looked_at(tmp_path: Path) -> None:
    wav = float_wav(tmp_path / "a.wav", beeps()[:, np.newaxis], RATE_HZ)
    info = b"INFOINAM" + struct.pack("<I", 6) + b"Se\xf1or\x93"
    wav.write_bytes(wav.read_bytes() + b"LIST" + struct.pack("<I", len(info)) + info)
    mp3 = encoded(tmp_path / "a.mp3", "libmp3lame", beeps())
    title = b"\xcf\xf0\xe8\xe2\xe5\xf2".ljust(30, b"\0")
    mp3.write_bytes(mp3.read_bytes() + b"TAG" + title + b"\x82\xa0".ljust(95, b"\0"))
    flac = encoded(tmp_path / "a.flac", "flac", beeps())
    comment = struct.pack("<I", 1) + b"x" + struct.pack("<I", 1) + struct.pack("<I", 8) + b"TITLE=\xe9\xff"
    block = bytes([4]) + struct.pack(">I", len(comment))[1:] + comment
    data = flac.read_bytes()
    flac.write_bytes(data[:4] + bytes([data[4] & 0x7F]) + data[5:42] + block + data[42:])
    for path in (wav, mp3, flac):
        heard, damage = read(path)
        assert heard.size == pytest.approx(SECONDS * RATE_HZ, abs=1600)
        assert not damage


# ---- joined


@pytest.mark.parametrize("kind", ["mp3", "aac"])
def test_a_rate_that_changes_in_the_middle(tmp_path: Path, kind: str) -> None:
    codec = CODECS.get(kind, "aac")
    parts = [
        encoded(tmp_path / f"{rate_hz}.{kind}", codec, beeps(), rate_hz=rate_hz).read_bytes()
        for rate_hz in (44_100, 48_000)
    ]
    (tmp_path / f"both.{kind}").write_bytes(b"".join(parts))
    heard, damage = read(tmp_path / f"both.{kind}")
    assert heard.size / RATE_HZ == pytest.approx(2 * SECONDS, abs=0.2)
    assert level_dbfs(heard[: heard.size // 2]) == pytest.approx(
        level_dbfs(heard[heard.size // 2 :]), abs=0.5
    )
    assert not damage


# ---- damaged


@pytest.mark.parametrize("kind", CODECS)
@pytest.mark.parametrize("hole", ["random", "zeros"])
def test_what_is_behind_a_hole_is_heard_in_step_and_nothing_loud_is_made_of_it(
    tmp_path: Path, kind: str, hole: str
) -> None:
    path = encoded(tmp_path / f"a.{kind}", CODECS[kind], beeps())
    whole, none = read(path)
    assert not none
    data = bytearray(path.read_bytes())
    begin = len(data) // 3
    filling = np.random.default_rng(0).bytes(2000) if hole == "random" else bytes(2000)
    data[begin : begin + 2000] = filling
    path.write_bytes(data)
    heard, damage = read(path)
    assert damage.places >= 1
    assert damage.first_at_s == pytest.approx(SECONDS / 3, abs=1.2)
    assert "is damaged at 0:0" in str(damage) or "the first at 0:0" in str(damage)
    assert np.abs(heard).max() < 0.45  # the beeps have 0.3, and codecs overshoot
    in_step = 160 if kind == "mp3" else 2  # it has no timestamps: the hole's length is estimated
    assert abs(late(heard, whole, 0.5)) <= 2
    assert abs(late(heard, whole, 4.7)) <= in_step
    assert abs(heard.size - whole.size) <= in_step


def test_a_few_wrong_bytes_in_flac_are_silence_not_noise(tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.flac", "flac", beeps())
    whole, _ = read(path)
    data = bytearray(path.read_bytes())
    at = len(data) // 2
    data[at : at + 4] = bytes(byte ^ 0x55 for byte in data[at : at + 4])
    path.write_bytes(data)
    heard, damage = read(path)
    assert damage.places == 1
    assert 0.05 < damage.missing_s < 0.3
    differs = np.flatnonzero(np.abs(heard - whole) > 0.01)
    assert heard.size == whole.size
    assert np.abs(heard[differs[0] : differs[-1] + 1]).max() <= 0.31
    assert np.count_nonzero(heard[differs] == 0.0) > 0.9 * differs.size


def test_a_stray_byte_at_the_end_costs_one_line(tmp_path: Path) -> None:
    """What sox and telephone systems write behind the last block of GSM, here of IMA ADPCM."""
    blocks = bytes(256 * 20)
    form = struct.pack("<HHIIHHHH", 0x11, 1, 8000, 4055, 256, 4, 2, 505)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"fact\x04\0\0\0" + struct.pack("<I", 505 * 20)
    body += b"data" + struct.pack("<I", len(blocks) + 1) + blocks + b"\x01"
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    heard, damage = read(tmp_path / "a.wav")
    assert heard.size == pytest.approx(505 * 40, abs=4)
    assert damage.missing_s < 0.01


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
def test_a_recording_that_breaks_off_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "wav":
        float_wav(path, beeps()[:, np.newaxis], RATE_HZ)
    else:
        encoded(path, CODECS[kind], beeps())
    assert not read(path)[1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    heard, damage = read(path)
    assert damage.ends_at_s == pytest.approx(heard.size / RATE_HZ, abs=0.1)
    assert damage.cut_s == pytest.approx(SECONDS - heard.size / RATE_HZ, abs=0.1)
    assert "breaks off at 0:0" in str(damage)


def test_a_stream_s_wav_without_a_length_is_whole(tmp_path: Path) -> None:
    path = float_wav(tmp_path / "a.wav", beeps()[:, np.newaxis], RATE_HZ)
    data = path.read_bytes()
    at = data.index(b"data") + 4
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        path.write_bytes(data[:4] + size + data[8:at] + size + data[at + 4 :])
        heard, damage = read(path)
        assert heard.size == SECONDS * RATE_HZ
        assert not damage


def test_a_wav_with_several_chunks_of_samples_is_read_whole(tmp_path: Path) -> None:
    path = float_wav(tmp_path / "a.wav", beeps()[:, np.newaxis], RATE_HZ)
    data = path.read_bytes()
    head, samples = data[:36], data[44:]
    chunks = [samples[:40_000], samples[40_000:40_004], samples[40_004:]]
    body = b"LIST\x03\0\0\0abc\0".join(b"data" + struct.pack("<I", len(part)) + part for part in chunks)
    path.write_bytes(head + body)
    heard, damage = read(path)
    np.testing.assert_allclose(heard, beeps(), atol=1e-6)
    assert not damage


def test_the_clock_of_a_recording() -> None:
    """Frames of 20 ms with their timestamps: what lies between is silence, if it may be."""
    damage = Damage()
    timeline = Timeline(damage, length_s=10.0)
    told = []
    for at_s in (5.0, 5.02, 5.041, 5.5, 5.52, 900.0, 900.02):
        told.append(round(timeline.silence_before(at_s), 3))
        timeline.read(0.02)
    assert told == [0, 0, 0, 0.44, 0, 0, 0]  # rounding; a pause; a timestamp that cannot be
    assert not damage
    timeline.hurt()
    assert timeline.silence_before(900.07) == pytest.approx(0.03)
    timeline.read(0.02)
    assert (damage.places, round(damage.missing_s, 3)) == (1, 0.03)
    timeline.hurt(0.5)  # no timestamps from here on
    timeline.hurt(0.25)
    assert timeline.silence_before(None) == pytest.approx(0.75)
    assert (damage.places, round(damage.missing_s, 3)) == (2, 0.78)
    assert timeline.silence_before(0.0) == 0.0  # a recording that follows has its own


def test_damage_in_words() -> None:
    damage = Damage()
    assert not damage
    damage.at(65.44)
    assert str(damage) == wording("files.damaged", first="1:05.4", lost="0.01")
    damage.at(70.0)
    damage.missing_s, damage.cut_s, damage.ends_at_s = 1.234, 61.0, 3725.0
    assert str(damage) == wording(
        "files.cut_and_damaged", places=2, first="1:05.4", lost="1.23", end="1:02:05.0", cut="61.0"
    )
    assert [clock_time(s) for s in (0.0, 59.96, 3599.99)] == ["0:00.0", "1:00.0", "1:00:00.0"]


# ---- scale


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_a_recording_within_full_scale_is_left_as_it_is(tmp_path: Path, scale: float) -> None:
    samples = scale * beeps() / 0.3
    heard, _ = read(float_wav(tmp_path / "a.wav", samples[:, np.newaxis], RATE_HZ))
    np.testing.assert_allclose(heard, samples, atol=1e-6)


@pytest.mark.parametrize(
    ("scale", "full"),
    [(4.0, 4.0), (16.0, 16.0), (2.0**15, 2.0**15), (9000.0, 2.0**15), (2.0**23, 2.0**23), (2.0**31, 2.0**31)],
)
def test_floats_on_the_scale_of_integers_or_far_too_loud_are_scaled_not_clipped(
    tmp_path: Path, scale: float, full: float
) -> None:
    samples = beeps() / 0.3 * np.float32(0.999 * scale)
    heard, _ = read(float_wav(tmp_path / "a.wav", samples[:, np.newaxis], RATE_HZ))
    gain = float(np.abs(heard).max() / np.abs(samples).max())
    assert gain == pytest.approx(1 / full, rel=0.01)
    np.testing.assert_allclose(heard, samples * gain, atol=1e-4)


def test_a_few_samples_of_any_size_do_not_make_a_scale() -> None:
    scale = Scale()
    scale.push(beeps(0.1))
    scale.push(np.array([1e30, -np.inf, np.nan, 5.0], np.float32))
    assert scale.full == 1.0
    assert Scale().full == 1.0


# ---- channels and tracks


def test_a_channel_may_be_fixed_and_has_to_be_there(tmp_path: Path) -> None:
    both = np.stack((beeps(), 0.1 * beeps()), axis=1)
    path = float_wav(tmp_path / "a.wav", both, RATE_HZ)
    np.testing.assert_allclose(read(path)[0], both[:, 0], atol=1e-6)
    np.testing.assert_allclose(read(path, channel=2)[0], both[:, 1], atol=1e-6)
    with pytest.raises(
        AudioFileError, match="--channel 3: .*" + pattern("files.no_channel", name="a.wav", channels=2)
    ):
        read(path, channel=3)
    with pytest.raises(
        AudioFileError, match="--track 2: .*" + pattern("files.no_track", name="a.wav", tracks=1)
    ):
        read(path, track=2)


def test_of_several_tracks_one_with_sound_is_heard(tmp_path: Path) -> None:
    """A screen recorder's: all, the microphone, the computer; all may be off."""
    silent, loud = np.zeros_like(beeps()), beeps()
    path = encoded(tmp_path / "a.mka", "libopus", silent, loud, 0.5 * loud)
    assert level_dbfs(read(path)[0]) == pytest.approx(level_dbfs(loud), abs=1)
    assert level_dbfs(read(path, track=3)[0]) == pytest.approx(level_dbfs(loud) - 6, abs=1)
    assert level_dbfs(read(path, track=1)[0]) < -80
    first = encoded(tmp_path / "b.mka", "libopus", 0.5 * loud, loud)
    assert level_dbfs(read(first)[0]) == pytest.approx(level_dbfs(loud) - 6, abs=1)


# ---- pipes


def test_a_pipe_is_a_recording_too_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "kept"))
    (tmp_path / "kept").mkdir()
    m4a = encoded(tmp_path / "a.m4a", "aac", beeps())
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(m4a.read_bytes()))
    writer.start()
    with at_hand(tmp_path / "pipe") as path:
        heard, damage = read(path)
    writer.join()
    np.testing.assert_array_equal(heard, read(m4a)[0])
    assert not damage
    assert list((tmp_path / "kept").iterdir()) == []


def test_standard_input_is_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with WavWriter(tmp_path / "a.wav", RATE_HZ, 1) as wav:
        wav.write((beeps() * 32767).astype(np.int16))
    with (tmp_path / "a.wav").open("rb") as file:
        monkeypatch.setattr("voicecli.audio.recordings.pipes.STDIN_FD", file.fileno())
        with at_hand(STDIN) as path:
            assert read(path)[0].size == SECONDS * RATE_HZ
        with pytest.raises(AudioFileError, match=pattern("files.pipe_empty")), at_hand(STDIN):
            raise AssertionError


def test_a_pipe_without_an_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicecli.audio.recordings.pipes.MOST_BYTES", 1 << 22)
    with open("/dev/zero", "rb") as zeros:  # noqa: PTH123
        monkeypatch.setattr("voicecli.audio.recordings.pipes.STDIN_FD", zeros.fileno())
        with pytest.raises(AudioFileError, match=pattern("files.pipe_endless")), at_hand(STDIN):
            raise AssertionError


def test_a_file_is_read_where_it_is(tmp_path: Path) -> None:
    for name in ("-x.wav", "absent.wav", "http:", "a\nb.wav"):
        with at_hand(tmp_path / name) as path:
            assert path == tmp_path / name
