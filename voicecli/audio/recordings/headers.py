"""Reads from MP3 and WAV files what libav does not: the length in the header, and all chunks of samples."""

from __future__ import annotations

import io
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Sample rates by the version bits in a frame's header: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""

_LONGEST_FRAME = 1500
"""Bytes of an MP3 frame that are read; the `Xing` tag lies near its beginning."""

UNKNOWN_BYTES = 0x7FFF0000
"""A size in a WAV's header from here on means "not known": a program wrote the WAV into a pipe."""

_MOST_CHUNKS = 100
"""A WAV's chunks beyond these are not looked at."""


def written_length_s(form: str, path: Path) -> float:
    """Seconds of a file, as its header tells; 0 where it does not. `form` is libav's name of the format."""
    return {"mp3": xing_length_s, "wav": wav_length_s}.get(form, lambda _: 0.0)(path)


def xing_length_s(path: Path) -> float:
    """Seconds, from a `Xing` or `Info` frame (Gabriel Bouvigne's description of them); 0 without one."""
    try:
        with path.open("rb") as file:
            tag = file.read(10)
            if tag[:3] == b"ID3" and len(tag) == 10:  # ID3v2.4, 3.1: sizes have 7 bits a byte
                file.seek(10 + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(tag[:5:-1])))
            else:
                file.seek(0)
            head = file.read(_LONGEST_FRAME)
    except OSError:
        return 0.0
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 4 or len(head) < at + 12 or head[0] != 0xFF or not head[at + 7] & 1:
        return 0.0
    version, place = head[1] >> 3 & 3, head[2] >> 2 & 3
    if version not in RATES_HZ or place > 2:
        return 0.0
    (frames,) = struct.unpack(">I", head[at + 8 : at + 12])
    return float(frames * (1152 if version == 3 else 576) / RATES_HZ[version][place])


def wav_length_s(path: Path) -> float:
    """Seconds, from the sizes in its header (RIFF, RF64); 0 where they are not known."""
    try:
        with path.open("rb") as file:
            chunks = {name: (begin, size) for name, begin, size in reversed([*_chunks(file)])}
            file.seek(chunks[b"fmt "][0] + 8)
            (byte_rate,) = struct.unpack("<I", file.read(4))
            size = chunks[b"data"][1]
            if b"ds64" in chunks:
                file.seek(chunks[b"ds64"][0] + 8)
                (size,) = struct.unpack("<Q", file.read(8))
            elif size >= UNKNOWN_BYTES:
                return 0.0
            return float(size / byte_rate) if byte_rate else 0.0
    except (OSError, struct.error, KeyError):
        return 0.0


@contextmanager
def joined_wav(path: Path) -> Iterator[JoinedWav | None]:
    """Give a file to read in place of a WAV that has several chunks of samples; None for any other file.

    libav would read the first chunk alone.
    """
    parts = _parts_of(path)
    if parts is None:
        yield None
        return
    with JoinedWav(path, *parts) as joined:
        yield joined


def _parts_of(path: Path) -> tuple[bytes, list[tuple[int, int]]] | None:
    """Of a WAV with several chunks of samples: its `fmt ` chunk, and where each chunk of samples lies."""
    try:
        with path.open("rb") as file:
            chunks = [*_chunks(file)]
            parts = [(begin, size) for name, begin, size in chunks if name == b"data"]
            forms = [(begin, size) for name, begin, size in chunks if name == b"fmt "]
            if len(parts) < 2 or not forms:
                return None
            file.seek(forms[0][0])
            form = file.read(forms[0][1])
    except OSError:
        return None
    return form, parts


class JoinedWav(io.RawIOBase):
    """A WAV, read as a file, with the format of another and all its chunks of samples as one."""

    def __init__(self, path: Path, form: bytes, parts: list[tuple[int, int]]) -> None:
        length = sum(size for _, size in parts)
        head = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", length)
        self._head = b"RIFF" + struct.pack("<I", len(head) + length) + head
        self._parts = parts
        self._length = len(self._head) + length
        self._file = path.open("rb")
        self._at = 0

    def readable(self) -> bool:
        """Say that it can be read; the method of `io.RawIOBase` says that it cannot."""
        return True

    def seekable(self) -> bool:
        """Say that it can seek, for the same reason."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position, as in any file; give it."""
        self._at = max(0, offset + (0, self._at, self._length)[whence])
        return self._at

    def tell(self) -> int:
        """Give the position, in bytes."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes, and no further than the end of one chunk of samples."""
        begin = self._at
        found = self._head[begin:] if begin < len(self._head) else b""
        begin -= len(self._head)
        for offset, length in self._parts:
            if found or begin < 0:
                break
            if begin < length:
                self._file.seek(offset + begin)
                found = self._file.read(length - begin if size < 0 else min(size, length - begin))
            begin -= length
        found = found if size < 0 else found[:size]
        self._at += len(found)
        return found

    def close(self) -> None:
        """Close the file, too."""
        self._file.close()
        super().close()


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, position and size of each chunk of a RIFF or RF64 file, up to where the file breaks off."""
    if file.read(12)[8:] != b"WAVE":
        return
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = struct.unpack("<4sI", head)
        begin = file.tell()
        yield name, begin, size
        file.seek(begin + size + size % 2)
