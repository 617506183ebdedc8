"""The engine that the settings name is the one that is fetched, examined, loaded and shown."""

from __future__ import annotations

import shlex
import wave
from pathlib import Path

import numpy as np
import pytest

from rig.program import voicecli
from tests.fake_commands import EARS, MOUTH, SENTENCES, program
from tests.model_fakes import BYTES, a_whisper, install, model_file, small_manifest, vocabulary
from tests.sentences import pattern, wording
from voicecli import loading
from voicecli.cli.options import settings
from voicecli.config import Config, Mistake, SynthesizeConfig, TranscribeConfig, check
from voicecli.config.load import load
from voicecli.config.speech_engines import RECOGNISERS, VOICES, EngineFile
from voicecli.doctor.engine_checks import EngineChecks
from voicecli.errors import ConfigError, EngineError, ModelError
from voicecli.loading import load_recogniser, load_smaller, load_voice, unused_voices
from voicecli.messages import RATE_HZ
from voicecli.models.choice import (
    listens_with_a_model,
    moonshine_folder,
    needed,
    recogniser_name,
    voice_name,
    whisper_folder,
)
from voicecli.models.pull import DEFAULT_MODELS
from voicecli.models.store import ModelStore
from voicecli.speak.voice import sound_of
from voicecli.system.clock import MonotonicClock

MANIFEST = small_manifest()
MOONSHINE = "moonshine-tiny-en"


@pytest.fixture(autouse=True)
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody without settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    desk = tmp_path / "desk"
    desk.mkdir()
    monkeypatch.chdir(desk)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", MANIFEST)


def transcribe(engine: str, **others: object) -> TranscribeConfig:
    return TranscribeConfig.model_validate({"engine": engine, **others})


def synthesize(engine: str, **others: object) -> SynthesizeConfig:
    return SynthesizeConfig.model_validate({"engine": engine, **others})


# --- settings


@pytest.mark.parametrize("section", ["transcribe", "synthesize"])
@pytest.mark.parametrize("command", ["", "  "])
def test_a_command_engine_without_a_command_is_refused(section: str, command: str) -> None:
    refusal = check({section: {"engine": "command", "command": command}})
    assert isinstance(refusal, Mistake)
    assert (refusal.path, refusal.lacks) == ((section, "engine"), "command")
    assert isinstance(
        check({section: {"command": "", "engine": Config.model_fields[section].default.engine}}), Config
    )


def test_the_refusal_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECLI_TRANSCRIBE__ENGINE", "command")
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == wording(
        "config.lacks",
        source="VOICECLI_TRANSCRIBE__ENGINE",
        key="transcribe.engine",
        value='"command"',
        other="transcribe.command",
        empty='"" (the default)',
    )


def test_a_flag_that_names_a_voice_or_a_model_means_its_engine() -> None:
    Path("voicecli.toml").write_text(
        '[transcribe]\nengine = "command"\ncommand = "a"\n[synthesize]\nengine = "command"\ncommand = "b"\n'
    )
    config = settings(None, {"--voice": ("synthesize.voice", None), "--model": ("transcribe.model", None)})
    assert (config.transcribe.engine, config.synthesize.engine) == ("command", "command")
    config = settings(None, {"--voice": ("synthesize.voice", "x"), "--model": ("transcribe.model", "y")})
    assert (config.transcribe.engine, config.synthesize.engine) == ("whisper", "piper")


def test_a_flag_that_names_a_model_means_whisper_for_no_other_that_has_models() -> None:
    Path("voicecli.toml").write_text('[transcribe]\nengine = "moonshine"\n')
    assert settings(None, {"--model": ("transcribe.model", "y")}).transcribe.engine == "moonshine"


# --- models


def test_what_is_fetched_is_what_the_engines_need() -> None:
    assert needed(Config()) == DEFAULT_MODELS
    own = Config(transcribe=transcribe("moonshine"), synthesize=synthesize("command", command="x"))
    assert needed(own) == (MOONSHINE, "vad-silero", "turn-smart-v3")
    assert needed(own.model_copy(update={"transcribe": transcribe("command", command="x")})) == (
        "vad-silero",
        "turn-smart-v3",
    )


def test_a_moonshine_is_found_by_name_by_folder_and_where_only_the_engine_is_set(store: ModelStore) -> None:
    install(store.root, MANIFEST[MOONSHINE])
    for name in (MOONSHINE, "whisper-base", str(store.root / MOONSHINE)):
        assert moonshine_folder(store, name) == store.root / MOONSHINE


def test_one_recogniser_named_for_the_other_is_told_which_engine_it_is_of(store: ModelStore) -> None:
    with pytest.raises(ModelError) as caught:
        whisper_folder(store, MOONSHINE)
    assert caught.value.remedy == wording("models.set_engine", engine="moonshine")
    with pytest.raises(ModelError, match=pattern("models.other_kind", kind="voice", wanted="moonshine")):
        moonshine_folder(store, "voice-en-us-joe")


# --- the doctor


def test_the_doctor_looks_at_the_engines_of_the_settings(store: ModelStore, tmp_path: Path) -> None:
    install(store.root, MANIFEST[MOONSHINE])
    config = Config(
        transcribe=transcribe("moonshine"), synthesize=synthesize("command", command=program(tmp_path, MOUTH))
    )
    doctor = EngineChecks(config, store, MonotonicClock())
    assert doctor.transcriber().status == "pass"
    assert MOONSHINE in doctor.transcriber().found
    assert doctor.transcriber().found.endswith("understands English")
    assert doctor.synthesizer().status == "pass"


def test_the_doctor_refuses_a_language_that_the_recogniser_does_not_know(store: ModelStore) -> None:
    install(store.root, MANIFEST[MOONSHINE])
    doctor = EngineChecks(Config(transcribe=transcribe("moonshine", language="de")), store, MonotonicClock())
    with pytest.raises(ConfigError, match=pattern("engines.no_language", language="de")):
        doctor.transcriber()


def test_the_doctor_misses_a_program(store: ModelStore) -> None:
    config = Config(
        transcribe=transcribe("command", command="no-such-program --fast"),
        synthesize=synthesize("command", command="no-such-program"),
    )
    doctor = EngineChecks(config, store, MonotonicClock())
    for finding in (doctor.transcriber(), doctor.synthesizer()):
        assert finding.status == "fail"
        assert f"{finding.found}; {finding.remedy}".endswith(
            wording("command.missing", name="no-such-program") + ", or give its whole path"
        )


# --- loaded


@pytest.mark.parametrize(
    ("small", "language", "told"),
    [
        ((), "en", ["speech to text: whisper-tiny-en"]),
        ((), "auto", []),
        ((), "de", []),
        (("en", "de"), "de", ["speech to text: whisper-tiny-en"]),
        (("en", "de"), "auto", []),
        (("en", "de", "fr"), "auto", ["speech to text: whisper-tiny-en"]),
    ],
)
def test_a_smaller_recogniser_understands_all_that_the_other_does(
    tmp_path: Path, small: tuple[str, ...], language: str, told: list[str]
) -> None:
    """Its name tells nothing. What is here cannot be loaded, so that the talk does without."""
    manifest = {}
    for name, languages in (("whisper-base", ("en", "de", "fr")), ("whisper-tiny-en", small)):
        data = {**BYTES, "vocabulary.txt": vocabulary(*languages)}
        files = tuple(model_file(file, content) for file, content in data.items())
        manifest[name] = MANIFEST["whisper-base"].model_copy(update={"name": name, "files": files})
        a_whisper(tmp_path / name, *languages)
    found: list[str] = []
    config = Config(transcribe=transcribe("whisper", language=language))
    assert load_smaller(config, ModelStore(tmp_path, manifest), found.append) is None
    assert found == told


def test_commands_are_loaded_and_called_by_their_programs(store: ModelStore, tmp_path: Path) -> None:
    heard = transcribe("command", command=program(tmp_path, EARS, "--key", "SECRET"), language="en")
    spoken = synthesize("command", command=program(tmp_path, MOUTH, "--key", "SECRET"), language="de")
    recogniser, voice = load_recogniser(heard, store).seat().it, load_voice(spoken, store).seat().it
    assert recogniser.transcribe(np.full(RATE_HZ, 0.1, np.float32)).text == SENTENCES[0]
    assert sound_of(voice, SENTENCES[0]).size
    assert voice.language == "de"
    for name in (recogniser_name(heard), voice_name(spoken)):
        assert name == shlex.split(heard.command)[0]


def test_a_command_speaks_the_language_of_the_settings(store: ModelStore) -> None:
    """What is asked of the files of Piper would fail, because none is here."""
    spoken = synthesize("command", command="x", language="de", voices={"de": "x.onnx", "fr": "y.onnx"})
    heard = transcribe("command", command="x", language="fr")
    assert unused_voices(Config(transcribe=heard, synthesize=spoken), store).keys() == {"de"}


def test_an_engine_is_a_file_and_a_row(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ears, mouth = EngineFile("its length", "tests.added_ears"), EngineFile("tones", "tests.added_mouth")
    monkeypatch.setattr(loading, "RECOGNISERS", {**RECOGNISERS, "length": ears})
    monkeypatch.setattr(loading, "VOICES", {**VOICES, "tones": mouth})
    config = Config(
        transcribe=transcribe("whisper", language="en").model_copy(update={"engine": "length"}),
        synthesize=synthesize("piper", language="de", voices={"de": "x.onnx", "fr": "y.onnx"}).model_copy(
            update={"engine": "tones"}
        ),
    )
    recogniser = load_recogniser(config.transcribe, store).seat().it
    assert recogniser.transcribe(np.full(RATE_HZ, 0.1, np.float32)).text == "1.0 seconds"
    voice = load_voice(config.synthesize, store).seat().it
    assert (voice.language, sound_of(voice, "two words").size) == ("de", RATE_HZ // 2)
    assert (recogniser_name(config.transcribe), voice_name(config.synthesize)) == ("length", "tones")
    assert unused_voices(config, store).keys() == {"de", "fr"}, "it hears English"
    assert needed(config) == ("vad-silero", "turn-smart-v3")
    doctor = EngineChecks(config, store, MonotonicClock())
    assert doctor.transcriber().found.endswith("understands English")
    german = config.transcribe.model_copy(update={"language": "de"})
    with pytest.raises(ConfigError, match=pattern("engines.no_language", language="de")):
        load_recogniser(german, store)


def test_an_engine_that_is_named_nowhere_else_has_no_model() -> None:
    assert not listens_with_a_model(transcribe("whisper").model_copy(update={"engine": "added"}))
    assert listens_with_a_model(transcribe("moonshine"))


def test_a_program_that_is_not_there_is_told_before_the_talk(store: ModelStore) -> None:
    with pytest.raises(EngineError, match=pattern("command.missing", name="no-such-program")):
        load_recogniser(transcribe("command", command="no-such-program"), store)
    with pytest.raises(EngineError, match=pattern("command.missing", name="no-such-program")):
        load_voice(synthesize("command", command="no-such-program"), store)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (transcribe("whisper"), "whisper-base"),
        (transcribe("moonshine"), MOONSHINE),
        (transcribe("moonshine", model="my/own"), "my/own"),
    ],
)
def test_models_are_called_by_their_names(config: TranscribeConfig, name: str) -> None:
    assert recogniser_name(config) == name


def test_say_speaks_with_a_command(tmp_path: Path) -> None:
    file = tmp_path / "voicecli.toml"
    file.write_text(f"[synthesize]\nengine = 'command'\ncommand = '''{program(tmp_path, MOUTH)}'''\n")
    said = tmp_path / "said.wav"
    words = ("say", "--config", str(file), "-o", str(said), "Good morning. How are you?")
    done = voicecli(*words, cwd=Path(__file__).parent.parent)
    assert done.returncode == 0, done.stderr
    with wave.open(str(said)) as sound:
        assert sound.getframerate() == 8_000
        assert sound.getnframes() > 8_000
