"""Piper through our wrapper: sound for words, nothing for nothing, speed and volume, clear refusals."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.sentences import pattern
from voicecli.audio.level import FULL_SCALE, first_audible, frame_levels_dbfs, level_dbfs, to_float
from voicecli.config import SynthesizeConfig
from voicecli.errors import EngineError, ModelError
from voicecli.models.store import models_root
from voicecli.speak.synthesize import (
    FIRST_COLUMNS,
    HISS_LSB,
    KNEE,
    LEAD_S,
    MOST_COLUMNS,
    Parts,
    Piper,
    Synthesizer,
    Wholes,
    bent,
    spans,
)
from voicecli.speak.voice import sound_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from piper.voice import AudioChunk

    from voicecli.messages import Float32
    from voicecli.speak.synthesize import Maker

pytestmark = pytest.mark.models

TEXT = "The quick brown fox jumps over the lazy dog."


def voice() -> Path:
    return models_root() / "voice-en-us-joe" / "en_US-joe-medium.onnx"


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    piper = Piper(voice(), SynthesizeConfig())
    piper.warm()
    return piper.session()


def test_words_become_sound_without_the_silence_before_it(synthesizer: Synthesizer) -> None:
    assert synthesizer.rate_hz == 22_050
    samples = sound_of(synthesizer, TEXT)
    assert samples.dtype == np.int16
    assert samples.ndim == 1
    assert 1.5 < samples.size / synthesizer.rate_hz < 5.0
    assert -35 < level_dbfs(to_float(samples)) < -10
    assert first_audible(to_float(samples), synthesizer.rate_hz) <= (LEAD_S + 0.01) * synthesizer.rate_hz
    assert np.abs(samples.astype(int)).max() < 32_767  # nothing clipped


def test_pauses_are_not_digital_silence(synthesizer: Synthesizer) -> None:
    """So that a pause can be told from a buffer that ran dry, and no amplifier switches itself off."""
    levels = frame_levels_dbfs(to_float(sound_of(synthesizer, "One. Two.")), synthesizer.rate_hz // 100)
    hiss = 20 * np.log10(HISS_LSB / FULL_SCALE)
    assert levels.min() == pytest.approx(hiss, abs=1.5)


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_a_length_that_comes_again_takes_no_memory_of_its_own() -> None:
    """ONNX Runtime's memory patterns took 40 MB for this clause."""
    own, longest = Piper(voice(), SynthesizeConfig()).session(), "museum " * 34
    sound_of(own, longest)
    before = _resident_mb()
    sound_of(own, longest)
    assert _resident_mb() - before < 20


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_nothing_is_said_for_nothing(synthesizer: Synthesizer, text: str) -> None:
    assert sound_of(synthesizer, text).size == 0


@pytest.mark.parametrize("text", ["?", "…", "日本", "Ωmega", "a" * 300, "naïve café №5"])
def test_odd_text_is_no_failure(synthesizer: Synthesizer, text: str) -> None:
    assert sound_of(synthesizer, text).dtype == np.int16


def test_speed_and_volume_are_as_set(synthesizer: Synthesizer) -> None:
    plain = sound_of(synthesizer, TEXT)
    fast = sound_of(Piper(voice(), SynthesizeConfig(speed=2.0, volume=0.07)).session(), TEXT)
    assert 0.4 < fast.size / plain.size < 0.8
    assert level_dbfs(to_float(fast)) - level_dbfs(to_float(plain)) == pytest.approx(-20.0, abs=2.5)


def joined(maker: Maker, text: str) -> Float32:
    return np.concatenate([sound for sound, _, _ in maker.sounds(text)])


def test_a_clause_in_parts_is_the_clause_as_a_whole() -> None:
    """Without the noise that makes each saying another, Piper's way and ours differ in loudness alone."""
    from piper import PiperVoice, SynthesisConfig

    plain = PiperVoice.load(voice())
    plain.config.noise_scale = plain.config.noise_w_scale = 0.0
    speech = SynthesisConfig(length_scale=1.0)
    own = Piper(voice(), SynthesizeConfig(volume=1.0))
    assert isinstance(own.maker, Parts)
    own.maker.described.noise_scale = own.maker.described.noise_w_scale = 0.0
    whole, parts = joined(Wholes(plain, speech), TEXT), joined(own.maker, TEXT)
    assert len(parts) == pytest.approx(len(whole), abs=own.rate_hz // 50)  # where it is taken to begin
    count = min(len(whole), len(parts))
    whole, parts = whole[-count:], parts[-count:]
    soft = np.abs(parts) < KNEE
    gain = np.dot(whole[soft], parts[soft]) / np.dot(parts[soft], parts[soft])
    assert np.abs(gain * parts[soft] - whole[soft]).max() < 1e-3


def test_the_first_part_comes_alone_and_each_tells_what_is_to_come(synthesizer: Synthesizer) -> None:
    pieces = list(synthesizer.say(TEXT))
    sizes = [piece.samples.size for piece in pieces]
    assert len(pieces) > 2
    assert 0.15 < sizes[0] / synthesizer.rate_hz < 0.25  # what the jitter buffer wants before it begins
    assert [piece.to_come for piece in pieces] == [sum(sizes[at + 1 :]) for at in range(len(sizes))]


def test_of_a_sentence_that_is_not_planned_yet_the_length_is_estimated(synthesizer: Synthesizer) -> None:
    pieces = list(synthesizer.say(f"{TEXT} {TEXT}"))
    rest = sum(piece.samples.size for piece in pieces[1:])
    assert pieces[0].to_come == pytest.approx(rest, rel=0.3)
    assert pieces[-1].to_come == 0


@pytest.mark.parametrize("columns", [1, FIRST_COLUMNS, FIRST_COLUMNS + 1, 500])
def test_a_sequence_is_cut_without_a_gap(columns: int) -> None:
    cuts = list(spans(columns))
    assert [begin for begin, _ in cuts] == [0, *(end for _, end in cuts[:-1])]
    assert cuts[-1][1] == columns
    assert all(end - begin <= MOST_COLUMNS for begin, end in cuts)
    assert cuts[0][1] == min(columns, FIRST_COLUMNS)


def test_peaks_are_bent_and_nothing_else() -> None:
    sound = np.linspace(-1.5, 1.5, 301, dtype=np.float32)
    made = bent(sound)
    soft = np.abs(sound) <= KNEE
    np.testing.assert_array_equal(made[soft], sound[soft])
    assert np.abs(made).max() < 1
    assert (np.diff(made) > 0).all()


class Aligned:
    """A voice that was exported with alignments."""

    def __init__(self, rate_hz: int, lengths: tuple[tuple[str, int], ...]) -> None:
        self._rate_hz = rate_hz
        self._lengths = lengths
        self.loud = np.sin(np.arange(6000)).astype(np.float32)
        self.loud[:1000] = 0  # taken off, but for LEAD_S of it

    def synthesize(self, *_: object, include_alignments: bool) -> list[AudioChunk]:
        from piper.voice import AudioChunk, PhonemeAlignment

        assert include_alignments
        alignments = [PhonemeAlignment(phoneme, [], count) for phoneme, count in self._lengths]
        return [AudioChunk(self._rate_hz, 2, 1, self.loud, [], [], None, alignments or None)] * 2


def test_a_voice_with_alignments_tells_where_its_words_end(synthesizer: Synthesizer) -> None:
    lengths = (("^", 500), ("a", 2000), (" ", 500), ("b", 2500), ("$", 500))
    lead = round(LEAD_S * synthesizer.rate_hz)
    ((sound, to_come, ends),) = Wholes(Aligned(synthesizer.rate_hz, lengths), None).sounds("a b. a b.")  # type: ignore[arg-type]
    begin = 12_000 - sound.size
    assert begin == pytest.approx(1000 - lead, abs=synthesizer.rate_hz // 100)
    assert to_come == 0
    assert ends == tuple(end - begin for end in (2500, 6000, 8500, 12_000))
    ((_, _, ends),) = Wholes(Aligned(synthesizer.rate_hz, ()), None).sounds("a b")  # type: ignore[arg-type]
    assert ends == ()


class Broken:
    """A voice that says the beginning, and fails."""

    def sounds(self, text: str) -> Iterator[tuple[Float32, int, tuple[int, ...]]]:
        yield np.zeros(10, np.float32), 10, ()
        raise RuntimeError(f"in the middle of a session: {text}")

    def settle(self) -> None:
        pass


def test_a_voice_that_fails_on_a_clause_says_so() -> None:
    piper = Piper(voice(), SynthesizeConfig())
    piper.maker = Broken()
    synthesizer = piper.session()
    pieces = synthesizer.say("secret words")
    assert next(pieces).to_come == 10
    with pytest.raises(EngineError) as caught:
        next(pieces)
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
    found = (
        pattern(
            "engines.voice_unread", file=path.with_name("wrong.onnx.json"), why="No such file or directory"
        )
        if settings is None
        else pattern("engines.no_voice")
    )
    with pytest.raises(ModelError, match=found) as caught:
        Piper(path, SynthesizeConfig())
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
    with pytest.raises(ModelError, match=pattern("engines.no_voice")):
        Piper(path, SynthesizeConfig())
