"""Moonshine: words out of speech, next to none out of anything else, and a refusal for what is no model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rig.made_speech import speak
from rig.noises import hiss_music_keys, murmur
from tests.sentences import pattern
from voicecli.config import TranscribeConfig
from voicecli.errors import ConfigError, EngineError, ModelError
from voicecli.listen.recognise import moonshine, moonshine_engine
from voicecli.listen.recognise.moonshine import FILES, Moonshine, MoonshineRecogniser, Said
from voicecli.listen.whisper.guards import CLEAR_S
from voicecli.messages import RATE_HZ
from voicecli.models.store import ModelStore, models_root, pull_command

SENTENCE = "Please call me back tomorrow morning."


def said(text: str, log_prob: float = -0.1, *, cut_off: bool = False) -> Said:
    return Said(text, log_prob, len(text.split()), cut_off)


class Scripted:
    """Weights that write down what they are told to."""

    def __init__(self, *script: Said) -> None:
        self._script = list(script)

    def decode(self, samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Said:
        return self._script.pop(0)


def hears(words: Said, *, seconds: float = 2.0, clear_s: float = 0.0, provisional: bool = False) -> str:
    recogniser = MoonshineRecogniser(Scripted(words))
    transcript = recogniser.transcribe(
        np.full(round(seconds * RATE_HZ), 0.1, np.float32), clear_s=clear_s, provisional=provisional
    )
    assert transcript.settled is not (provisional and words.repeats and bool(transcript.text))
    return transcript.text


# --- the file of tokens


def packed(tokens: list[bytes]) -> bytes:
    sizes = [bytes([len(t)]) if len(t) < 128 else bytes([128 + len(t) % 128, len(t) // 128]) for t in tokens]
    return b"".join(size + token for size, token in zip(sizes, tokens, strict=True))


def test_tokens_of_any_length_are_read(tmp_path: Path) -> None:
    tokens = [b"", b"a", b"\xe2\x96\x81the", b"x" * 127, b"y" * 128, b"z" * 1000]
    (tmp_path / "tokens").write_bytes(packed(tokens))
    assert moonshine.read_tokens(tmp_path / "tokens") == tokens


@pytest.mark.parametrize("data", [b"", b"\x05abc", packed([b"z" * 200])[:-1], b"\x01a\x80"])
def test_a_file_that_ends_within_a_token_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "tokens").write_bytes(data)
    with pytest.raises(ModelError):
        moonshine.read_tokens(tmp_path / "tokens")


# --- judging


@pytest.mark.parametrize("text", ["You", "you.", "Thank you for watching!", "♪♪♪", "© a b", "", "..."])
def test_what_it_writes_of_silence_is_nothing(text: str) -> None:
    assert hears(said(text, -0.01), clear_s=1.0) == ""


@pytest.mark.parametrize("text", ["Thank you.", "You are right.", "Are you there?"])
def test_words_that_look_like_it_are_words(text: str) -> None:
    assert hears(said(text)) == text


def test_unlikely_words_are_none_unless_the_detector_is_sure() -> None:
    words = said("so what do you think", -0.65)
    assert -moonshine.CLEAR_SPARE < words.margin < 0
    assert hears(words) == ""
    assert hears(words, clear_s=CLEAR_S) == words.text
    assert hears(said(words.text, -1.2), clear_s=5.0) == ""


def test_more_words_must_be_likelier() -> None:
    assert hears(said("stop", -0.7)) == "stop"
    assert hears(said("stop the music in the kitchen at nine", -0.7)) == ""


def test_of_a_loop_that_the_sound_cannot_hold_one_round_is_left() -> None:
    loop = said("I am going home. " * 6, cut_off=True)
    assert hears(loop) == "I am going home."
    assert hears(said("No, no, no, no."), seconds=1.0) == "No, no, no, no."


def test_what_repeats_itself_is_not_settled_while_it_goes_on() -> None:
    assert hears(said("No, no, no, no."), provisional=True)


def test_the_likelihood_is_that_of_softmax() -> None:
    logits = np.array([1.0, 3.0, 2.0], np.float32)
    token, log_prob = moonshine.likeliest(logits)
    assert token == 1
    assert log_prob == pytest.approx(3.0 - np.log(np.exp(logits.astype(float)).sum()))
    assert moonshine.likeliest(np.array([900.0, -900.0], np.float32)) == (0, 0.0)


@pytest.mark.parametrize(
    ("text", "bare"), [("\"'Good day.'\"", "Good day."), ("'tis so", "'tis so"), ('"', ""), ("'", "'")]
)
def test_quotation_marks_around_all_are_left_out(text: str, bare: str) -> None:
    assert moonshine.unquoted(text) == bare


def test_the_budget_is_what_its_authors_allow() -> None:
    assert moonshine.token_budget(10.0) == 65 + moonshine.SPARE_TOKENS
    assert moonshine.token_budget(0.1) > 3


# --- the model


@pytest.fixture(scope="module")
def folder() -> Path:
    found = models_root() / "moonshine-tiny-en"
    if not found.is_dir():
        pytest.skip(f"moonshine-tiny-en is not here: {pull_command('moonshine-tiny-en')}")
    return found


@pytest.fixture(scope="module")
def model(folder: Path) -> Moonshine:
    loaded = Moonshine(folder)
    loaded.warm()
    return loaded


@pytest.mark.models
@pytest.mark.parametrize("text", [SENTENCE, "Yes.", "Stop.", "What time is it?"])
def test_words_are_those_that_were_said(model: Moonshine, text: str) -> None:
    assert model.session().transcribe(speak(text)).text == text


@pytest.mark.models
def test_faint_speech_is_raised(model: Moonshine) -> None:
    assert model.session().transcribe(speak(SENTENCE) * np.float32(0.01)).text == SENTENCE


@pytest.mark.models
@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0, 4.0])
def test_next_to_no_words_out_of_noise(model: Moonshine, seconds: float) -> None:
    sounds = np.concatenate((murmur(16.0), hiss_music_keys()))
    size = round(seconds * RATE_HZ)
    texts = [
        model.session().transcribe(sounds[at:][:size]).text for at in range(0, sounds.size - size, RATE_HZ)
    ]
    assert sum(map(bool, texts)) <= 2, texts


@pytest.mark.models
def test_a_folder_that_is_no_model_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in FILES:
        copy = tmp_path / name
        shutil.copytree(folder, copy)
        (copy / name).write_bytes(b"\x7fnothing")
        with pytest.raises(ModelError):
            Moonshine(copy)
        (copy / name).unlink()
        with pytest.raises(ModelError, match=name):
            Moonshine(copy)


@pytest.mark.models
def test_files_that_are_another_model_are_refused(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "other")
    shutil.copy(folder / FILES[0], other / FILES[1])
    with pytest.raises(ModelError):
        Moonshine(other)


@pytest.mark.models
def test_an_encoder_that_does_not_fit_fails_in_one_line(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "other")
    shutil.copy(folder / FILES[1], other / FILES[0])
    with pytest.raises(EngineError) as caught:
        Moonshine(other).session().transcribe(speak(SENTENCE))
    assert str(caught.value).isprintable()
    assert caught.value.remedy


def test_another_language_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    settings = TranscribeConfig(engine="moonshine", language="de")
    with pytest.raises(ConfigError, match=pattern("engines.no_language", language="de")) as caught:
        moonshine_engine.load(settings, ModelStore(tmp_path, {}))
    assert 'use "en"' in caught.value.remedy
