"""Whatever moment a recording program is killed at, at most its last second is lost."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.matrix import also
from voicecli.audio.recordings.recording import Recording
from voicecli.records.notes import TRANSCRIPT
from voicecli.records.recorder import RATE_HZ

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 8
MANY = 20
"""Kills of `make test-all`."""
AT_ONCE = 2
LOST_S = 1.0
EARLIEST_S, LATEST_S = 1.2, 3.0
PATIENCE_S = 60.0


def killed(folder: Path, after_s: float) -> tuple[float, float]:
    """Record for a while; give how much sound and how much of the words is missing at the end, s."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.recording_child", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        began = float(process.stdout.readline())
        transcript = folder / TRANSCRIPT
        deadline = time.monotonic() + PATIENCE_S
        while not transcript.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.01)  # another process: there is nothing to wait on
        time.sleep(after_s)
        process.kill()
        ended = time.monotonic()
        process.wait()
    finally:
        process.kill()
        process.stdout.close()
    text = transcript.read_text("ascii")
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.splitlines()]
    sound = next(line for line in lines if line["event"] == "sound")
    recording = Recording(folder / str(sound["file"]), RATE_HZ)
    count = sum(map(len, recording))
    assert not recording.damage
    words_t = max(line["t"] for line in lines if line["event"] == "transcript")
    return ended - began - sound["t"] - count / RATE_HZ, ended - began - words_t


@pytest.mark.skipif(sys.platform == "win32", reason="its clocks of two processes differ")
@pytest.mark.parametrize("kills", [KILLS, *also(MANY)])
def test_at_most_a_second_is_lost(tmp_path: Path, kills: int) -> None:
    chance = random.Random(os.urandom(8).hex())
    moments = [chance.uniform(EARLIEST_S, LATEST_S) for _ in range(kills)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lost = list(pool.map(killed, [tmp_path / str(number) for number in range(kills)], moments))
    assert max(sound_s for sound_s, _ in lost) <= LOST_S, (moments, lost)
    assert max(words_s for _, words_s in lost) <= LOST_S, (moments, lost)
