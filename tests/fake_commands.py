"""Programs that stand in for a user's recogniser and voice: small, and each does one thing."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SENTENCES = ("What is the capital of France?", "I would like to cook something with rice and beans tonight.")

EARS = f"""
import io, struct, sys, wave
with wave.open(io.BytesIO(sys.stdin.buffer.read())) as wav:
    assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, 16_000)
    seconds = wav.getnframes() / 16_000
print({SENTENCES!r}[seconds > 2.4])
"""
"""Knows two sentences by their lengths."""

MOUTH = """
import math, struct, sys
text = sys.stdin.buffer.read().decode()
assert text.endswith("\\n") and text.count("\\n") == 1, text
rate = 8_000
tone = [round(9_000 * math.sin(n * 440 * math.tau / rate)) for n in range(rate * len(text) // 15)]
samples = struct.pack(f"<{rate // 4 + len(tone)}h", *[0] * (rate // 4), *tone)
form = struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
unknown = bytes([255] * 4)
head = b"RIFF" + unknown + b"WAVEfmt " + form + b"data" + unknown
sys.stdout.buffer.write(head + samples)
"""
"""Hums as long as the text takes to say, after 0.25 s of silence; its header knows no length."""


def program(folder: Path, source: str, *arguments: str) -> str:
    """The command line of a Python program with this source."""
    path = folder / f"program{len(list(folder.iterdir()))}.py"
    path.write_text(source)
    return shlex.join([sys.executable, "-I", "-S", str(path), *arguments])
