"""How long a file was when it was written, where its header tells and libav does not: MP3 and WAV."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By the version in a frame's header: MPEG 1, 2, 2.5."""

_LONGEST_FRAME = 1500

UNKNOWN_BYTES = 0x7FFF0000
"""From here on a size in a WAV's header stands for one that was not known: a program wrote into a pipe."""

_MOST_CHUNKS = 100


def written_length_s(form: str, path: Path) -> float:
    """Seconds, for a file in one of libav's formats; 0 where its header does not tell."""
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
    byte_rate = long_bytes = 0
    try:
        with path.open("rb") as file:
            if file.read(12)[8:] != b"WAVE":
                return 0.0
            for _ in range(_MOST_CHUNKS):
                name, size = struct.unpack("<4sI", file.read(8))
                match name:
                    case b"data":
                        size = long_bytes or size
                        known = byte_rate and (long_bytes or size < UNKNOWN_BYTES)
                        return size / byte_rate if known else 0.0
                    case b"fmt ":
                        byte_rate = struct.unpack("<8xI", file.read(12))[0]
                        file.seek(size - 12 + size % 2, 1)
                    case b"ds64":
                        long_bytes = struct.unpack("<8xQ", file.read(16))[0]
                        file.seek(size - 16 + size % 2, 1)
                    case _:
                        file.seek(size + size % 2, 1)
    except (OSError, struct.error):
        return 0.0
    return 0.0
