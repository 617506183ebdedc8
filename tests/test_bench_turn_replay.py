"""A recording as the bench hears it: which pauses the gate finds, with evidence from models made for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.engine_fakes import Asked, Recogniser
from voicecli.audio.level import level_dbfs, to_int16
from voicecli.audio.recordings.files import WavWriter
from voicecli.bench.labels import Label
from voicecli.bench.turns import Judges, Replayed, replay
from voicecli.errors import AudioFileError
from voicecli.messages import FRAME_S, RATE_HZ, ScoredFrame, Transcript
from voicecli.turn.witness import Ending

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.messages import Float32, Float32Frame


class ByLevel:
    """Takes what is loud for speech."""

    def begin(self, room_dbfs: float) -> None:
        pass

    def score(self, frame: Float32Frame, quiet_dbfs: float = -math.inf) -> ScoredFrame:
        level = level_dbfs(frame.samples)
        return ScoredFrame(frame, float(level > -40), level)


class ByLength(Recogniser):
    """One word for each tenth of a second of sound."""

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        return []

    def hear(self, samples: Float32, asked: Asked) -> Transcript:
        return Transcript(
            "word " * round(10 * float(np.mean(abs(samples) > 0.05)) * samples.size / RATE_HZ), "en", 1
        )


class Sure:
    window_s = 8.0

    def complete(self, samples: Float32) -> float:
        return 0.75


JUDGES = Judges(ByLevel(), Sure(), ByLength(), lambda words: Ending(len(words), 0.5))


def heard(folder: Path, *parts_s: float, turn_end_s: float = 1.0) -> Replayed:
    """Silence and speech in turn, so many seconds each, silence first."""
    random = np.random.default_rng(0)
    sound = [
        (0.3 if number % 2 else 1e-4) * np.sign(random.standard_normal(round(length_s * RATE_HZ)))
        for number, length_s in enumerate(parts_s)
    ]
    with WavWriter(folder / "a.wav", RATE_HZ, channels=1) as wav:
        wav.write(to_int16(np.concatenate(sound).astype(np.float32)))
    return replay(folder, Label("a.wav", turn_end_s), JUDGES)


def test_each_pause_is_found_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    first, end = heard(tmp_path, 1.0, 1.0, 0.5, 2.0, 3.0).pauses
    assert first.begin_s == pytest.approx(2.0, abs=0.05)
    assert first.end_s == pytest.approx(2.5, abs=0.05)
    assert end.begin_s == pytest.approx(4.5, abs=0.05)
    assert end.end_s == math.inf
    assert first.evidence.spoken_s == pytest.approx(1.0, abs=0.1)
    assert end.evidence.spoken_s == pytest.approx(3.0, abs=0.1)
    assert first.evidence.words is not None
    assert len(first.evidence.words) < len(end.evidence.words or "")
    assert (first.evidence.sound, first.evidence.ending) == (0.75, (len(first.evidence.words), 0.5))


def test_a_pause_of_five_seconds_does_not_end_the_recording(tmp_path: Path) -> None:
    first, end = heard(tmp_path, 1.0, 1.0, 5.0, 1.0, 3.0).pauses
    assert first.end_s - first.begin_s == pytest.approx(5.0, abs=3 * FRAME_S)
    assert end.end_s == math.inf


def test_a_click_before_the_turn_is_no_part_of_it(tmp_path: Path) -> None:
    (end,) = heard(tmp_path, 1.0, 0.12, 1.5, 2.0, 3.0).pauses
    assert end.begin_s == pytest.approx(4.62, abs=0.05)
    assert end.evidence.spoken_s == pytest.approx(2.0, abs=0.1)


def test_a_recording_that_ends_before_its_turn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="ends before"):
        heard(tmp_path, 1.0, 1.0, turn_end_s=2.5)
