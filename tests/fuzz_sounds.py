"""Parsers of sound, for `fuzz_table`: files of any format, and what the user's commands print."""

from __future__ import annotations

import io
import struct
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tests.fuzzing import Parser
from voicecli.audio.recordings.recording import Recording
from voicecli.audio.recordings.wav import head
from voicecli.command import Command
from voicecli.errors import AudioFileError, EngineError
from voicecli.listen.recognise.recogniser_command import CommandRecogniser
from voicecli.messages import RATE_HZ
from voicecli.speak.streamed_voice import MOST_S, StreamedVoice
from voicecli.speak.voice_command import Spoken

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

_NOISE = np.random.default_rng(0).normal(0, 0.2, (4000, 2)).clip(-1, 1)
_INT16 = (_NOISE * 32767).astype("<i2")

_FORMS = (
    *((1, 0, 16_000, 32_000, 2, 16), (3, 1, 16_000, 64_000, 4, 32), (1, 255, 8000, 8000, 255, 8)),
    *((0xFFFE, 6, 48_000, 1, 18, 24), (6, 1, 0, 0, 1, 8), (17, 1, 16_000, 8000, 256, 4)),
)
_WAV_WORDS = (
    *(b"RIFF", b"RF64", b"WAVE", b"fmt ", b"data", b"ds64", b"JUNK", b"LIST", b"id3 ", b"fact", b"bext"),
    *(struct.pack("<HHIIHH", *form) for form in _FORMS),
    np.array([np.nan] * 50 + [np.inf, -np.inf] * 20 + [1e30, -1e-40], "<f4").tobytes(),
    b"data\xff\xff\xff\xff", b"data\0\0\0\0", b"data\xff\xff\xff\x7f", b"fmt \x10\0\0\0",
)  # fmt: skip


def wav(form: bytes, data: bytes, before: bytes = b"") -> bytes:
    """A WAV file of a form, that is the content of its chunk `fmt `."""
    body = b"WAVE" + before + _chunk(b"fmt ", form) + _chunk(b"data", data)
    return _chunk(b"RIFF", body)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _wavs() -> list[bytes]:
    floats = _NOISE.astype("<f4")
    floats[100:200] = np.nan
    plain = head(16_000, 1, 4000) + _INT16[:2000, 0].tobytes()
    return [
        plain,
        wav(struct.pack("<HHIIHH", 3, 2, 48_000, 48_000 * 8, 8, 32), floats.tobytes()),
        wav(struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8), _INT16[:, 0].tobytes()),
        wav(struct.pack("<HHIIHHHHI", 1, 6, 44_100, 44_100 * 18, 18, 24, 0, 0, 0), bytes(18 * 300)),
        plain + _chunk(b"LIST", b"INFO" + _chunk(b"INAM", b"a name")) + _chunk(b"data", _INT16.tobytes()),
    ]


def _encoded() -> list[bytes]:
    """A quarter of a second in each format that libav writes here."""
    import av
    from av.audio.stream import AudioStream

    made = []
    for form, codec, rate_hz in (
        ("flac", "flac", 44_100),
        ("ogg", "libopus", 48_000),
        ("mp3", "libmp3lame", 44_100),
        ("ipod", "aac", 44_100),
        ("webm", "libopus", 48_000),
        ("aiff", "pcm_s16be", 16_000),
        ("au", "pcm_s16be", 16_000),
        ("caf", "pcm_s16le", 16_000),
    ):
        file = io.BytesIO()
        with av.open(file, "w", format=form) as out:
            stream = out.add_stream(codec, rate=rate_hz)
            assert isinstance(stream, AudioStream)
            frame = av.AudioFrame.from_ndarray(_INT16.astype(np.int16).reshape(1, -1), "s16", "stereo")
            frame.sample_rate = rate_hz
            for packet in (*stream.encode(frame), *stream.encode(None)):
                out.mux(packet)
        made.append(file.getvalue())
    return made


def _read_recording(data: bytes, folder: Path) -> None:
    path = folder / "recording"
    path.write_bytes(data)
    recording = Recording(path, RATE_HZ)
    for block in recording:
        assert block.ndim == 1
        assert not block.size or (np.isfinite(block).all() and np.abs(block).max() <= 1.0)
    assert "\n" not in str(recording.damage)


class Printing(Command):
    """A command that prints what is given to it here, in pieces."""

    def __init__(self, setting: str, printed: bytes) -> None:
        super().__init__(setting, "a-command")
        self._prints = printed

    def run(self, given: bytes, most_bytes: int) -> Generator[bytes, None, None]:
        """Print it."""
        step = 1 + len(given + self._prints) % 997
        for at in range(0, len(self._prints), step):
            yield self._prints[at : at + step]


def _say(data: bytes, _folder: Path) -> None:
    spoken = Spoken(Printing("synthesize.command", data), "en")
    spoken.warm()
    said = sum(piece.samples.size for piece in StreamedVoice(spoken).say("Good morning."))
    assert said <= (MOST_S + 1) * spoken.rate_hz


def _hear(data: bytes, _folder: Path) -> None:
    recogniser = CommandRecogniser(Printing("transcribe.command", data))
    heard = recogniser.transcribe(_NOISE[:, 0].astype(np.float32)[:3200])
    assert heard.text.isprintable()


def _printed_wavs() -> Sequence[bytes]:
    return [
        _wavs()[0],
        head(22_050, 2, 0)[:-4] + b"\xff\xff\xff\xff" + _INT16.tobytes(),
        wav(struct.pack("<HHIIHHHHI", 1, 1, 16_000, 32_000, 2, 16, 0, 0, 0), _INT16.tobytes()),
    ]


_recording = partial(Parser, read=_read_recording, refuses=(AudioFileError,))

SOUNDS = {
    "wav": _recording(_wavs, words=_WAV_WORDS),
    "encoded sound": _recording(
        _encoded, words=(b"OggS", b"fLaC", b"moov", b"mdat", b"\x1aE\xdf\xa3", b"ID3")
    ),
    "voice command": Parser(_printed_wavs, _say, (EngineError,), _WAV_WORDS),
    "recogniser command": Parser(
        lambda: [b"Good morning.\n", "\ufeff(music) Grüß Gott".encode(), b"[BLANK_AUDIO]"],
        _hear,
        (EngineError,),
    ),
}
