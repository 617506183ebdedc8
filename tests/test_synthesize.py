"""Piper through our wrapper: sound for words, nothing for nothing, speed and volume, clear refusals."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from voicecli.audio.level import FULL_SCALE, first_audible, frame_levels_dbfs, level_dbfs, to_float
from voicecli.config import SynthesizeConfig
from voicecli.errors import EngineError, ModelError
from voicecli.models.store import models_root
from voicecli.speak.synthesize import HISS_LSB, LEAD_S, Synthesizer

pytestmark = pytest.mark.models

TEXT = "The quick brown fox jumps over the lazy dog."


def voice() -> Path:
    return models_root() / "voice-en-us-joe" / "en_US-joe-medium.onnx"


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    return Synthesizer(voice(), SynthesizeConfig())


def test_words_become_sound_without_the_silence_before_it(synthesizer: Synthesizer) -> None:
    synthesizer.warm()
    assert synthesizer.rate_hz == 22_050
    samples = synthesizer.synthesize(TEXT)
    assert samples.dtype == np.int16
    assert samples.ndim == 1
    assert 1.5 < samples.size / synthesizer.rate_hz < 5.0
    assert -35 < level_dbfs(to_float(samples)) < -10
    assert first_audible(to_float(samples), synthesizer.rate_hz) <= (LEAD_S + 0.01) * synthesizer.rate_hz
    assert np.abs(samples.astype(int)).max() < 32_767  # nothing clipped


def test_pauses_are_not_digital_silence(synthesizer: Synthesizer) -> None:
    """So that a pause can be told from a buffer that ran dry, and no amplifier switches itself off."""
    levels = frame_levels_dbfs(to_float(synthesizer.synthesize("One. Two.")), synthesizer.rate_hz // 100)
    hiss = 20 * np.log10(HISS_LSB / FULL_SCALE)
    assert levels.min() == pytest.approx(hiss, abs=1.5)


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_a_length_that_comes_again_takes_no_memory_of_its_own() -> None:
    """ONNX Runtime's memory patterns took 40 MB for this clause."""
    own, longest = Synthesizer(voice(), SynthesizeConfig()), "museum " * 34
    own.synthesize(longest)
    before = _resident_mb()
    own.synthesize(longest)
    assert _resident_mb() - before < 20


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_nothing_is_said_for_nothing(synthesizer: Synthesizer, text: str) -> None:
    assert synthesizer.synthesize(text).size == 0


@pytest.mark.parametrize("text", ["?", "…", "日本", "Ωmega", "a" * 300, "naïve café №5"])
def test_odd_text_is_no_failure(synthesizer: Synthesizer, text: str) -> None:
    assert synthesizer.synthesize(text).dtype == np.int16


def test_speed_and_volume_are_as_set(synthesizer: Synthesizer) -> None:
    plain = synthesizer.synthesize(TEXT)
    fast = Synthesizer(voice(), SynthesizeConfig(speed=2.0, volume=0.07)).synthesize(TEXT)
    assert 0.4 < fast.size / plain.size < 0.8
    assert level_dbfs(to_float(fast)) - level_dbfs(to_float(plain)) == pytest.approx(-20.0, abs=2.5)


def test_a_voice_with_alignments_tells_where_its_words_end(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from piper.voice import AudioChunk, PhonemeAlignment

    loud = np.sin(np.arange(6000)).astype(np.float32)
    loud[:1000] = 0  # taken off, but for LEAD_S of it
    lead = round(LEAD_S * synthesizer.rate_hz)

    class Aligned:
        lengths: tuple[tuple[str, int], ...] = (("^", 500), ("a", 2000), (" ", 500), ("b", 2500), ("$", 500))

        def synthesize(self, *_: object, include_alignments: bool) -> list[AudioChunk]:
            assert include_alignments
            alignments = [PhonemeAlignment(phoneme, [], count) for phoneme, count in self.lengths]
            chunk = AudioChunk(synthesizer.rate_hz, 2, 1, loud, [], [], None, alignments or None)
            return [chunk, chunk]

    monkeypatch.setattr(synthesizer, "_voice", Aligned())
    samples = synthesizer.synthesize("a b. a b.")
    begin = 12_000 - samples.size
    assert begin == pytest.approx(1000 - lead, abs=synthesizer.rate_hz // 100)
    assert synthesizer.word_ends == tuple(end - begin for end in (2500, 6000, 8500, 12_000))
    monkeypatch.setattr(Aligned, "lengths", ())
    synthesizer.synthesize("a b")
    assert synthesizer.word_ends == ()


def test_a_voice_that_fails_on_a_clause_says_so(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def synthesize(self, *_: object) -> None:
            raise RuntimeError("in the middle of a session")

    monkeypatch.setattr(synthesizer, "_voice", Broken())
    with pytest.raises(EngineError) as caught:
        synthesizer.synthesize("secret words")
    assert caught.value.remedy
    assert "secret" not in str(caught.value)  # nothing spoken gets into an error


@pytest.mark.parametrize("settings", [None, "{}", "not json", "[]", '{"audio": 1}'])
@pytest.mark.parametrize("model", [None, b"not a model"])
def test_what_is_no_voice_is_refused_in_one_line(
    tmp_path: Path, settings: str | None, model: bytes | None
) -> None:
    path = tmp_path / "wrong.onnx"
    if model is not None:
        path.write_bytes(model)
    if settings is not None:
        path.with_name("wrong.onnx.json").write_text(settings)
    found = r"wrong.onnx.json cannot be read \(No such file" if settings is None else "not a Piper voice"
    with pytest.raises(ModelError, match=found) as caught:
        Synthesizer(path, SynthesizeConfig())
    assert "voicecli models verify" in caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [None, b"", b"not a model"])
def test_a_model_that_is_missing_or_wrong_beside_its_settings_is_refused(
    tmp_path: Path, model: bytes | None
) -> None:
    path = tmp_path / "wrong.onnx"
    shutil.copy(voice().with_name(voice().name + ".json"), tmp_path / "wrong.onnx.json")
    if model is not None:
        path.write_bytes(model)
    with pytest.raises(ModelError, match="not a Piper voice"):
        Synthesizer(path, SynthesizeConfig())
