"""The voices of the settings: which are loaded, what is told of those that are missing or of no use."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.model_fakes import a_whisper, small_manifest, vocabulary
from tests.seats import attempts
from tests.sentences import pattern, wording
from voicecli import loading
from voicecli.audio.level import level_dbfs, to_float
from voicecli.audio.streams import StreamFormat
from voicecli.config import Config, PlaybackConfig, SynthesizeConfig, TranscribeConfig
from voicecli.config.speech_engines import RECOGNISERS
from voicecli.doctor import engine_checks as doctor
from voicecli.errors import ModelError
from voicecli.floor import facts
from voicecli.floor.orders import Say
from voicecli.listen.whisper.whisper import languages_of
from voicecli.messages import Clause
from voicecli.models.choice import DEFAULT_WHISPER
from voicecli.models.store import ModelStore, models_root
from voicecli.speak.playback import Playback
from voicecli.speak.voice import sound_of
from voicecli.speak.voices import language_called, language_of, never_heard
from voicecli.system.clock import FakeClock, MonotonicClock
from voicecli.talk.mouth import Mouth
from voicecli.threads.channel import Channel
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicecli.floor.orders import ToMouth


def a_voice(folder: Path, language: str) -> Path:
    """Files that look like a voice of espeak-ng's language."""
    file = folder / f"{language}.onnx"
    file.write_bytes(b"voice")
    (folder / f"{language}.onnx.json").write_text(json.dumps({"espeak": {"voice": language}}))
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Config]:
    """Settings with an English main voice, voices of these languages, and a recogniser of several."""
    ears = a_whisper(tmp_path / "ears", "en", "de", "fr")

    def of(*languages: str, spoken: str = "auto") -> Config:
        voices = {code.partition("-")[0]: str(a_voice(tmp_path, code)) for code in languages}
        main = str(a_voice(tmp_path, "en-us"))
        return Config(
            synthesize=SynthesizeConfig(voice=main, voices=voices),
            transcribe=TranscribeConfig(model=str(ears), language=spoken),
        )

    return of


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", small_manifest())


class Loads:
    """Takes the place of Piper: notes which files are loaded, and is warm at once."""

    language = "en"
    languages = frozenset({"en"})

    def __init__(self, voice: Path, _config: SynthesizeConfig) -> None:
        self.name = voice.name
        loaded.append(self.name)

    def warm(self) -> None:
        loaded.append(f"{self.name} warm")

    def session(self) -> Loads:
        return self


loaded: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    loaded.clear()
    if request.node.get_closest_marker("models") is None:
        monkeypatch.setattr("voicecli.speak.synthesize.Piper", Loads)


def test_each_voice_is_loaded_and_warm_before_the_talk(
    settings: Callable[..., Config], store: ModelStore
) -> None:
    told: list[str] = []
    voices = loading.load_voices(settings("de", "fr-fr"), store, told.append)
    assert list(voices) == ["de", "fr"]
    assert loaded == ["de.onnx", "de.onnx warm", "fr-fr.onnx", "fr-fr.onnx warm"]
    assert [line.rpartition("/")[2] for line in told] == ["de.onnx", "fr-fr.onnx"]
    seat = voices["de"].seat()
    seat.renew()
    assert loaded.count("de.onnx") == 2, "of a voice that failed the model is loaded again, and no other"
    assert loaded.count("fr-fr.onnx") == 1


def test_a_voice_that_can_never_be_heard_takes_no_memory(
    settings: Callable[..., Config], store: ModelStore, tmp_path: Path
) -> None:
    assert list(loading.load_voices(settings("de", "en-gb", "fr"), store, print)) == ["de", "fr"]
    assert list(loading.load_voices(settings("de", "fr", spoken="fr"), store, print)) == ["fr"]
    assert list(loading.load_voices(settings("de", "cy"), store, print)) == ["de"], "no Welsh is understood"
    english = TranscribeConfig(model=str(a_whisper(tmp_path / "english")))
    config = settings("de", "fr").model_copy(update={"transcribe": english})
    assert list(loading.load_voices(config, store, print)) == []


def test_a_voice_that_is_not_here_is_told_before_the_talk(store: ModelStore, tmp_path: Path) -> None:
    synthesize = SynthesizeConfig(
        voice=str(a_voice(tmp_path, "en-us")), voices={"de": "de_DE-thorsten-medium"}
    )
    ears = TranscribeConfig(model=str(a_whisper(tmp_path / "ears", "en", "de")))
    with pytest.raises(ModelError) as caught:
        loading.load_voices(Config(synthesize=synthesize, transcribe=ears), store, print)
    assert caught.value.remedy == wording("models.pull", model="de_DE-thorsten-medium")


def test_languages_go_by_the_codes_that_speech_to_text_has(tmp_path: Path) -> None:
    assert [language_called(voice) for voice in ("en-us", "de", "cmn", "nb")] == ["en", "de", "zh", "no"]
    assert language_of(a_voice(tmp_path, "pt-br")) == "pt"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"espeak": 5}', '{"espeak": {"voice": 5}}'])
def test_a_voice_that_does_not_tell_its_language_is_refused(tmp_path: Path, text: str) -> None:
    file = a_voice(tmp_path, "de")
    (tmp_path / "de.onnx.json").write_text(text)
    with pytest.raises(ModelError, match=pattern("models.no_language")):
        language_of(file)


def test_which_voices_can_never_be_heard() -> None:
    english, german, some = frozenset({"en"}), frozenset({"de"}), frozenset({"de", "en", "fr"})
    assert never_heard(["de", "fr"], english, some) == {}
    assert never_heard(["de", "en"], english, some).keys() == {"en"}
    assert never_heard(["de", "fr"], english, german).keys() == {"fr"}
    assert never_heard(["de", "fr"], frozenset({"en", "de"}), some).keys() == {"de"}
    assert never_heard(["de", "cy"], english, some).keys() == {"cy"}
    assert never_heard(["de", "fr"], None, None) == {}, "what is not known rules nothing out"


@pytest.mark.parametrize(
    ("name", "data", "languages"),
    [
        ("vocabulary.txt", vocabulary("en", "de", "yue"), {"en", "de", "yue"}),
        ("vocabulary.txt", vocabulary(), {"en"}),
        ("vocabulary.json", json.dumps(vocabulary("en", "de").decode().split()).encode(), {"en", "de"}),
        ("vocabulary.json", b'["a", "<|de|>"]', {"en"}),
    ],
    ids=["several", "English alone", "as JSON", "short"],
)
def test_the_languages_of_a_whisper_are_those_of_its_vocabulary(
    tmp_path: Path, name: str, data: bytes, languages: set[str]
) -> None:
    (tmp_path / name).write_bytes(data)
    assert languages_of(tmp_path) == languages


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("vocabulary.json", b"not json"),
        ("vocabulary.json", b"5"),
        ("another.txt", b""),
        ("vocabulary.txt", vocabulary("en").replace(b"<|en|>", b"english")),
    ],
    ids=["no JSON", "a number", "absent", "no language"],
)
def test_a_vocabulary_that_tells_no_language_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match="vocabulary"):
        languages_of(tmp_path)


def test_doctor_looks_at_every_voice(
    settings: Callable[..., Config], store: ModelStore, tmp_path: Path
) -> None:
    def finding(config: Config) -> tuple[str, str]:
        found = doctor.EngineChecks(config, store, MonotonicClock()).synthesizer()
        return found.status, f"{found.found}; {found.remedy}"

    status, line = finding(settings("de", "fr"))
    assert status == "pass"
    assert "de: de.onnx" in line
    assert "fr: fr.onnx" in line
    status, line = finding(settings("de", spoken="en"))
    assert status == "warn"
    assert "synthesize.voices.de" in line
    english, swapped = a_voice(tmp_path, "en-us"), settings("de")
    voices = swapped.synthesize.model_copy(update={"voices": {"de": str(english)}})
    status, line = finding(swapped.model_copy(update={"synthesize": voices}))
    assert status == "warn"
    assert "the voice of synthesize.voices.de speaks English" in line
    assert "de_DE-thorsten-medium" in line
    absent = SynthesizeConfig(voice=str(a_voice(tmp_path, "en-us")), voices={"de": "de_DE-thorsten-medium"})
    with pytest.raises(ModelError, match="de_DE-thorsten-medium"):
        finding(Config(synthesize=absent))


@pytest.mark.models
def test_what_is_told_of_a_whisper_is_what_its_files_know() -> None:
    store = ModelStore(models_root())
    here = [each for each in store.models() if each.kind == "whisper" and store.state(each) == "here"]
    assert here
    for model in here:
        known = languages_of(store.path(model.name))
        assert ("English only" if known == {"en"} else f"{len(known)} languages") in model.about
        if model.name == DEFAULT_WHISPER:
            assert RECOGNISERS["whisper"].about == f"{len(known)} languages"


@pytest.mark.models
def test_two_real_voices_speak_in_one_session(tmp_path: Path) -> None:
    """The second has the weights of the first, and the sounds of German."""
    joe = models_root() / "voice-en-us-joe" / "en_US-joe-medium.onnx"
    german = tmp_path / "german.onnx"
    shutil.copy(joe, german)
    described = json.loads(joe.with_name(f"{joe.name}.json").read_text("utf-8"))
    described["espeak"]["voice"] = "de"
    (tmp_path / "german.onnx.json").write_text(json.dumps(described))
    store = ModelStore(models_root())
    config = Config(synthesize=SynthesizeConfig(voices={"de": str(german)}))
    main = loading.load_voice(config.synthesize, store).seat()
    voices = {code: voice.seat() for code, voice in loading.load_voices(config, store, print).items()}
    assert (main.it.language, voices["de"].it.language) == ("en", "de")

    clock, told, device_hz = FakeClock(), list[facts.Fact](), 16_000
    inbox: Channel[ToMouth] = Channel(Buffer("to the mouth", "orders", 9, "block", "a test"))
    playback = Playback(StreamFormat("speaker", device_hz, 1, 0.02), PlaybackConfig(ahead_ms=5000))
    mouth = Mouth(main, playback, clock, attempts(clock), inbox, told.append, lambda: 0, voices)
    mouth.take(Say(Clause(1, 1, 0, "A spider has legs.")))
    mouth.take(Say(Clause(1, 1, 1, "Die Spinne hat Beine.", "de")))
    playback.finish()
    playback.open(1)
    block = np.zeros(5 * device_hz, np.int16)
    playback.pull(block, 1.0, False)
    outcomes = [(fact.index, fact.fault) for fact in told if isinstance(fact, facts.ClauseVoiced)]
    assert outcomes == [(0, None), (1, None)]
    seconds = [sound_of(seat.it, text).size / seat.it.rate_hz for seat, text in (
        (main, "A spider has legs."), (voices["de"], "Die Spinne hat Beine."))]  # fmt: skip
    sounded = np.flatnonzero(np.abs(block) > 300)[-1] / device_hz
    assert sounded == pytest.approx(sum(seconds), rel=0.2)
    second = to_float(block[round(seconds[0] * device_hz) : round(sum(seconds) * device_hz)])
    assert level_dbfs(second) > -40
