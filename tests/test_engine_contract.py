"""What every recogniser and voice promises: the test to pass for one that is added (docs/engines.md)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.made_speech import speak
from tests import added_ears, added_mouth
from tests.fake_commands import EARS, MOUTH, SENTENCES, program
from tests.real_servers import real_servers
from voicecli.audio.level import first_audible, level_dbfs, to_float
from voicecli.command import Command
from voicecli.config import SynthesizeConfig, TranscribeConfig, speech_engines
from voicecli.listen.elsewhere import hearing_settings
from voicecli.listen.elsewhere.guarded_recogniser import GuardedRecogniser
from voicecli.listen.elsewhere.hearing_settings import hearing_server
from voicecli.listen.recognise import moonshine_engine, recogniser_command
from voicecli.listen.recognise.moonshine import Moonshine
from voicecli.listen.recognise.recogniser_command import CommandRecogniser
from voicecli.listen.recogniser import Recogniser, RecogniserEngine
from voicecli.listen.whisper import whisper_engine
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Whisper
from voicecli.loading import recogniser_engine, voice_engine
from voicecli.messages import RATE_HZ
from voicecli.models.store import ModelStore, models_root, pull_command
from voicecli.network.trouble.breaker import Breaker
from voicecli.speak import synthesize, voice_command
from voicecli.speak.elsewhere import speaking_settings
from voicecli.speak.elsewhere.guarded_voice import GuardedVoice
from voicecli.speak.elsewhere.speaking_settings import speech_server
from voicecli.speak.synthesize import LEAD_S, Piper
from voicecli.speak.voice import Voice, VoiceEngine, sound_of
from voicecli.speak.voice_command import Spoken
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from voicecli.messages import Float32

Listens = Callable[[], Recogniser]
"""Makes a recogniser for one talk."""
Speaks = Callable[[], Voice]


def folder_of(model: str) -> Path:
    """Of a model, or a test that is left out where it is not here."""
    folder = models_root() / model
    if not folder.is_dir():
        pytest.skip(f"{model} is not here: {pull_command(model)}")
    return folder


# --- one entry for each engine; a new one is added here


def whisper(_: Path) -> Listens:
    model = Whisper(folder_of("whisper-base"))
    return lambda: Transcriber(model, "en")


def moonshine(_: Path) -> Listens:
    return Moonshine(folder_of("moonshine-tiny-en")).session


def command_that_listens(folder: Path) -> Listens:
    command = Command("transcribe.command", program(folder, EARS))
    return lambda: CommandRecogniser(command)


def piper(_: Path) -> Speaks:
    model = Piper(folder_of("voice-en-us-joe") / "en_US-joe-medium.onnx", SynthesizeConfig())
    model.warm()
    return model.session


def command_that_speaks(folder: Path) -> Speaks:
    return Spoken(Command("synthesize.command", program(folder, MOUTH)), "en").session


def espeak_ng(_: Path) -> Speaks:
    if shutil.which("espeak-ng") is None:
        pytest.skip("no espeak-ng here")
    return Spoken(Command("synthesize.command", "espeak-ng --stdout"), "en").session


SERVING = ExitStack()
"""The servers that run, once an entry needs them."""


@cache
def servers() -> tuple[str, str]:
    """Addresses of `voicecli serve`, with the models of the entries above: REST and Wyoming."""
    folder_of("whisper-base")
    folder_of("voice-en-us-joe")
    return SERVING.enter_context(real_servers())


@pytest.fixture(scope="module", autouse=True)
def _servers_end() -> Iterator[None]:
    with SERVING:
        yield
    servers.cache_clear()


def url_for(engine: str) -> str:
    """The address for the settings; empty for an engine without a server."""
    if engine not in ("openai", "wyoming"):
        return ""
    return servers()[engine == "wyoming"]


def listens_at(engine: str, url: str) -> Listens:
    config = TranscribeConfig.model_validate(
        {"engine": engine, "url": url, "language": "en", "timeout_s": 30.0}
    )

    def session() -> GuardedRecogniser:
        engine = GuardedRecogniser(hearing_server(config), Breaker(MonotonicClock()), None)
        SERVING.callback(engine.close)
        return engine

    return session


def speaks_at(engine: str, url: str) -> Speaks:
    config = SynthesizeConfig.model_validate({"engine": engine, "url": url, "timeout_s": 30.0})

    def session() -> GuardedVoice:
        engine = GuardedVoice(speech_server(config), Breaker(MonotonicClock()), None)
        SERVING.callback(engine.close)
        return engine

    return session


def openai_that_listens(_: Path) -> Listens:
    return listens_at("openai", url_for("openai"))


def wyoming_that_listens(_: Path) -> Listens:
    return listens_at("wyoming", url_for("wyoming"))


def openai_that_speaks(_: Path) -> Speaks:
    return speaks_at("openai", url_for("openai"))


def wyoming_that_speaks(_: Path) -> Speaks:
    return speaks_at("wyoming", url_for("wyoming"))


models = pytest.mark.models
RECOGNISERS = [
    pytest.param(whisper, marks=models),
    pytest.param(moonshine, marks=models),
    pytest.param(command_that_listens, marks=models),  # what it hears is said by Piper
    pytest.param(openai_that_listens, marks=models),
    pytest.param(wyoming_that_listens, marks=models),
]
VOICES = [
    pytest.param(piper, marks=models),
    command_that_speaks,
    espeak_ng,
    pytest.param(openai_that_speaks, marks=models),
    pytest.param(wyoming_that_speaks, marks=models),
]

FILES: dict[str, RecogniserEngine] = {
    "whisper": whisper_engine,
    "moonshine": moonshine_engine,
    "command": recogniser_command,
    "openai": hearing_settings,
    "wyoming": hearing_settings,
}
"""The file of each recogniser by its name in the settings; mypy sees that it has what it must have."""
VOICE_FILES: dict[str, VoiceEngine] = {
    "piper": synthesize,
    "command": voice_command,
    "openai": speaking_settings,
    "wyoming": speaking_settings,
}
ADDED: tuple[RecogniserEngine, VoiceEngine] = (added_ears, added_mouth)
"""The shortest of each kind: mypy looks at them, too."""


# --- what the settings name


def test_each_engine_that_the_settings_name_is_here() -> None:
    heard, spoken = TranscribeConfig(), SynthesizeConfig()
    for name in speech_engines.RECOGNISERS:
        assert recogniser_engine(heard.model_copy(update={"engine": name})) is FILES.get(name), name
    for name in speech_engines.VOICES:
        assert voice_engine(spoken.model_copy(update={"engine": name})) is VOICE_FILES.get(name), name


@models
@pytest.mark.parametrize("language", ["auto", "en"])
@pytest.mark.parametrize("name", FILES)
def test_a_recogniser_understands_what_its_file_tells(tmp_path: Path, name: str, language: str) -> None:
    store = ModelStore(models_root())
    config = TranscribeConfig(
        engine=name, language=language, command=program(tmp_path, EARS), url=url_for(name)
    )
    assert FILES[name].languages(config, store) == FILES[name].load(config, store)().languages


@models
@pytest.mark.parametrize("name", VOICE_FILES)
def test_a_voice_speaks_what_its_file_tells(tmp_path: Path, name: str) -> None:
    store = ModelStore(models_root())
    config = SynthesizeConfig(engine=name, command=program(tmp_path, MOUTH), url=url_for(name))
    assert VOICE_FILES[name].languages(config, store) == VOICE_FILES[name].load(config, store)().languages


# --- recognisers


@pytest.fixture(scope="module", params=RECOGNISERS)
def listens(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Listens:
    makes: Listens = request.param(tmp_path_factory.mktemp("ears"))
    return makes


def heard(text: str) -> set[str]:
    """Words, whatever their case and punctuation."""
    return {"".join(filter(str.isalnum, word)) for word in text.lower().split()}


def are_codes(languages: frozenset[str] | None) -> bool:
    """Whether these are codes of languages; None is right, too."""
    if languages is None:
        return True
    return bool(languages) and all(re.fullmatch("[a-z]{2,3}", code) for code in languages)


def test_it_says_what_it_is(listens: Listens) -> None:
    recogniser = listens()
    assert 20.0 <= recogniser.window_s <= 30.0  # what a talk gives it at most, see segment.max_utterance_s
    assert are_codes(recogniser.languages)
    several = recogniser.languages is None or len(recogniser.languages) > 1
    assert recogniser.finds_language in (False, several)
    assert isinstance(recogniser.looks_ahead, bool)


@pytest.mark.parametrize("provisional", [False, True])
def test_speech_becomes_words(listens: Listens, *, provisional: bool) -> None:
    speech = speak(SENTENCES[0])
    assert not speech.flags.writeable  # it may not change what it is given
    recogniser = listens()
    transcript = recogniser.transcribe(speech, provisional=provisional, clear_s=1.0)
    assert {"capital", "france"} <= heard(transcript.text)
    assert transcript.text == transcript.text.strip()
    assert transcript.language == "en"
    assert recogniser.languages is None or transcript.language in recogniser.languages
    assert 0.0 < transcript.confidence <= 1.0
    assert transcript.spoken > 0.5
    assert transcript.settled


@pytest.mark.parametrize("seconds", [0.001, 0.05, 2.0, 20.0])
def test_silence_gives_no_words(listens: Listens, seconds: float) -> None:
    transcript = listens().transcribe(np.zeros(max(1, round(seconds * RATE_HZ)), np.float32))
    assert transcript.text == ""
    assert transcript.confidence == 0.0
    assert transcript.spoken < 0.5


def wrong_samples(recogniser: Recogniser) -> Iterator[Float32]:
    second = np.zeros(RATE_HZ, np.float32)
    yield second[:0]
    yield second[np.newaxis]
    yield second.astype(np.float64)
    yield np.zeros(round(recogniser.window_s * RATE_HZ) + 1, np.float32)
    for value in (np.nan, np.inf, 1.5):
        yield np.where(np.arange(RATE_HZ) == 7, np.float32(value), second)


def test_samples_that_are_none_are_refused(listens: Listens) -> None:
    recogniser = listens()
    for samples in wrong_samples(recogniser):
        with pytest.raises(ValueError, match="samples"):
            recogniser.transcribe(samples)
        with pytest.raises(ValueError, match="samples"):
            recogniser.language_odds(samples, [])
    assert "france" in heard(recogniser.transcribe(speak(SENTENCES[0])).text)  # and it goes on


def test_all_that_a_window_holds_is_taken(listens: Listens) -> None:
    recogniser = listens()
    window = np.zeros(round(recogniser.window_s * RATE_HZ), np.float32)
    speech = speak(SENTENCES[1])
    window[-speech.size :] = speech
    assert {"cook", "rice", "beans"} <= heard(recogniser.transcribe(window).text)


def test_each_part_has_its_languages(listens: Listens) -> None:
    speech = speak(SENTENCES[0])
    found = listens().language_odds(speech, [(0.0, 0.8), (0.8, 1.6)])
    assert len(found) == 2
    for likely in found:
        assert likely
        assert all(0.0 <= probability <= 1.0 for probability in likely.values())


def test_two_talks_at_once_do_not_mix(listens: Listens) -> None:
    alone = [listens().transcribe(speak(text)).text for text in SENTENCES]
    talks = [listens(), listens()]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            both = pool.map(lambda talk, text: talk.transcribe(speak(text)).text, talks, SENTENCES)
            assert list(both) == alone


# --- voices


@pytest.fixture(scope="module", params=VOICES)
def speaks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Speaks:
    makes: Speaks = request.param(tmp_path_factory.mktemp("mouth"))
    return makes


def test_it_says_its_rate_and_language(speaks: Speaks) -> None:
    voice = speaks()
    assert 8_000 <= voice.rate_hz <= 48_000
    assert voice.language == "en"
    assert are_codes(voice.languages)
    assert voice.languages is None or voice.language in voice.languages


def test_a_clause_becomes_sound_piece_by_piece(speaks: Speaks) -> None:
    voice = speaks()
    pieces = list(voice.say(SENTENCES[1]))
    for piece in pieces:
        assert piece.samples.dtype == np.int16
        assert piece.samples.ndim == 1
        assert piece.samples.size > 0
    assert [piece.to_come > 0 for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert not any(piece.word_ends for piece in pieces[1:])  # the first tells all of the clause, or none does
    sound = to_float(np.concatenate([piece.samples for piece in pieces]))
    assert 2.0 < sound.size / voice.rate_hz < 8.0
    assert -40 < level_dbfs(sound) < -5
    assert first_audible(sound, voice.rate_hz) <= (LEAD_S + 0.01) * voice.rate_hz  # silence is latency


def test_what_is_to_come_is_about_right(speaks: Speaks) -> None:
    voice = speaks()
    first, *rest = voice.say(SENTENCES[1])
    came = sum(piece.samples.size for piece in rest)
    assert abs(first.to_come - came) < 3.0 * voice.rate_hz


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_nothing_is_said_for_nothing(speaks: Speaks, text: str) -> None:
    assert list(speaks().say(text)) == []


@pytest.mark.parametrize("text", ["--help", "$(touch here) `id` | ; & 'one' \"two\"", "Zoë, 5 €", "one\ntwo"])
def test_odd_text_is_text(speaks: Speaks, text: str) -> None:
    assert sound_of(speaks(), text).size > 0


def test_a_clause_that_is_left_is_left_and_the_next_is_whole(speaks: Speaks) -> None:
    voice = speaks()
    whole = sound_of(voice, SENTENCES[0]).size
    left = voice.say(SENTENCES[1])
    next(left)
    del left  # its generator is closed
    assert sound_of(voice, SENTENCES[0]).size == pytest.approx(whole, rel=0.3)


def test_two_voices_at_once_do_not_mix(speaks: Speaks) -> None:
    alone = [sound_of(speaks(), text).size for text in SENTENCES]
    clauses = [speaks().say(text) for text in SENTENCES]
    sizes = [0, 0]
    while any(pieces := [next(clause, None) for clause in clauses]):
        for number, piece in enumerate(pieces):
            sizes[number] += 0 if piece is None else piece.samples.size
    for size, expected in zip(sizes, alone, strict=True):
        assert size == pytest.approx(expected, rel=0.3)
