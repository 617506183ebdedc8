"""Settings -> engines, loaded and warm: the one place that chooses and loads each."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from voicecli.aloud.locales import localised
from voicecli.command import Command
from voicecli.engines import Engines, SharedModel
from voicecli.errors import EngineError, ModelError, VoicecliError
from voicecli.listen.elsewhere.guarded_recogniser import GuardedRecogniser
from voicecli.listen.elsewhere.hearing_settings import server_recogniser
from voicecli.listen.gate.detect import Silero
from voicecli.listen.recognise.moonshine import Moonshine
from voicecli.listen.recognise.recogniser_command import DEFAULT_LANGUAGE, CommandRecogniser
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Whisper, knows_only_english
from voicecli.models.choice import (
    better_language_model,
    language_model_file,
    moonshine_folder,
    recogniser_name,
    smaller_whisper,
    voice_file,
    voice_name,
    whisper_folder,
)
from voicecli.models.suited import LIGHT_MODEL
from voicecli.reply.generate import ignore, never
from voicecli.reply.generators import make_language_model
from voicecli.speak.elsewhere.guarded_voice import GuardedVoice
from voicecli.speak.elsewhere.speaking_settings import server_voice
from voicecli.speak.synthesize import Piper
from voicecli.speak.voice_command import Spoken
from voicecli.speak.voices import language_of, never_heard
from voicecli.system.clock import MonotonicClock
from voicecli.system.posix import usable_cores
from voicecli.threads.lane import Lane
from voicecli.turn.complete import SmartTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from voicecli.config import Config, GenerateConfig, SynthesizeConfig, TranscribeConfig
    from voicecli.listen.detector import Detector, TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import ChatMessage, GenerationStats
    from voicecli.models.store import ModelStore
    from voicecli.reply.generate import Cancelled, Emit, Generator, Notify
    from voicecli.speak.voice import Voice
    from voicecli.turn.witness import Ending


class AbsentGenerator:
    """Stands in for a language model that is missing: says so at every turn, so that the talk can go on."""

    name = "no language model"
    is_local = True
    is_small = False
    reads_ahead = False

    def __init__(self, error: VoicecliError) -> None:
        self._error = error
        self.notify: Notify = ignore

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Raise EngineError with what is missing and the remedy."""
        raise EngineError(self._error.found, self._error.remedy)

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Raise EngineError with what is missing and the remedy."""
        raise EngineError(self._error.found, self._error.remedy)

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        """Give None: there is no model to ask."""
        return None

    def close(self) -> None:
        """Do nothing."""


def load(config: Config, store: ModelStore, tell: Callable[[str], None], talks: int = 1) -> Engines:
    """Load every engine, for so many `talks` at the same time; before each, call `tell` with its name.

    Raises ModelError for any but the language model; ConfigError, EngineError as the functions below do.
    """
    tell("voice activity detection")
    detector = load_detector(store)
    tell("end of turn")
    turn_model = load_turn_model(store)
    tell(f"speech to text: {recogniser_name(config.transcribe)}")
    recogniser = load_recogniser(config.transcribe, store)
    smaller = None
    if config.pressure.adapt and (name := smaller_whisper(store, config.transcribe)):
        tell(f"speech to text: {name}")
        with suppress(ModelError):  # the talk can do without it; "voicecli models verify" tells why
            smaller = load_recogniser(config.transcribe.model_copy(update={"model": name}), store)
    tell(f"text to speech: {voice_name(config.synthesize)}")
    voice = load_voice(config.synthesize, store)
    voices = load_voices(config, store, tell)
    tell("language model")
    generator, hint = load_language_model(config.generate, store, talks)
    clock = MonotonicClock()
    lane = Lane(usable_cores(), clock)
    models = (detector, turn_model, recogniser, generator, voice, voices)
    return Engines(*models, hint, lane, clock, smaller)


def load_detector(store: ModelStore) -> SharedModel[Detector]:
    """Silero. Raises ModelError."""
    return SharedModel(lambda: Silero(store.file("vad-silero", ".onnx")).session)


def load_turn_model(store: ModelStore) -> SharedModel[TurnModel]:
    """Smart Turn, warm. Raises ModelError."""

    def load() -> Callable[[], TurnModel]:
        model = SmartTurn(store.file("turn-smart-v3", ".onnx"))
        return lambda: model

    return SharedModel(load)


def load_recogniser(config: TranscribeConfig, store: ModelStore) -> SharedModel[Recogniser]:
    """The recogniser of the settings, warm.

    Raises ModelError, ConfigError; EngineError for a command that is missing, or a server that is not there.
    """

    def load() -> Callable[[], Recogniser]:
        match config.engine:
            case "whisper":
                whisper = Whisper(whisper_folder(store, config.model), config.threads)
                Transcriber(whisper, config.language).warm()
                return lambda: Transcriber(whisper, config.language)
            case "moonshine":
                folder = moonshine_folder(store, config.model)
                moonshine = Moonshine(folder, config.threads, config.language)
                moonshine.warm()
                return moonshine.session
            case "command":
                command = Command("transcribe.command", config.command)
                command.demand()
                return lambda: CommandRecogniser(command, config.language)
            case "openai" | "wyoming":
                return server_recogniser(config, store, MonotonicClock())

    return SharedModel(load, _end_requests)


def load_voice(config: SynthesizeConfig, store: ModelStore) -> SharedModel[Voice]:
    """The voice of the settings, warm.

    Raises ModelError; ConfigError, EngineError for a command, or a server that is not there.
    """

    def load() -> Callable[[], Voice]:
        session = made()
        localised("1", session().language)  # loads the language's tables now, not in the first reply
        return session

    def made() -> Callable[[], Voice]:
        match config.engine:
            case "piper":
                piper = Piper(voice_file(store, config.voice), config)
                piper.warm()
                return piper.session
            case "command":
                spoken = Spoken(Command("synthesize.command", config.command), config.language, config.volume)
                spoken.warm()
                return spoken.session
            case "openai" | "wyoming":
                return server_voice(config, store, MonotonicClock())

    return SharedModel(load, _end_requests)


def _end_requests(engine: Recogniser | Voice) -> None:
    """End what an engine still asks of its server, if it has one."""
    if isinstance(engine, GuardedRecogniser | GuardedVoice):
        engine.close()


def load_voices(
    config: Config, store: ModelStore, tell: Callable[[str], None]
) -> dict[str, SharedModel[Voice]]:
    """The voices of other languages by code, warm, without those that could never be heard.

    Loads them all before the talk, though it may not need some: so a user who speaks another language waits
    no longer, and a bad file shows before the talk. Raises ModelError.
    """
    voices, unused = {}, unused_voices(config, store)
    for language, name in config.synthesize.voices.items():
        if language not in unused:
            tell(f"text to speech: {name}")
            voices[language] = SharedModel(partial(_load_other, language, name, config.synthesize, store))
    return voices


def _load_other(language: str, name: str, config: SynthesizeConfig, store: ModelStore) -> Callable[[], Voice]:
    return _warm(voice_file(store, name), config, language).session


def _warm(voice: Path, config: SynthesizeConfig, language: str = "") -> Piper:
    """A Piper voice, warm. Also loads the tables of `language`, or else of the one that the voice speaks."""
    piper = Piper(voice, config)
    piper.warm()
    localised("1", language or piper.language)
    return piper


def unused_voices(config: Config, store: ModelStore) -> dict[str, str]:
    """Language -> why its voice in `synthesize.voices` can never be heard. Raises ModelError."""
    if not config.synthesize.voices:
        return {}
    synthesize = config.synthesize
    if synthesize.engine == "piper":
        main = language_of(voice_file(store, synthesize.voice))
    else:
        main = synthesize.language
    return never_heard(synthesize.voices, main, _understood(config.transcribe, store))


def _understood(config: TranscribeConfig, store: ModelStore) -> str:
    """The only language that the recogniser understands, or "auto". Raises ModelError."""
    match config.engine:
        case "whisper" if config.language == "auto":
            return "en" if knows_only_english(whisper_folder(store, config.model)) else "auto"
        case "openai" | "wyoming":
            return config.language
        case _:
            return DEFAULT_LANGUAGE if config.language == "auto" else config.language


def _close(generator: Generator) -> None:
    generator.close()


def load_language_model(
    config: GenerateConfig, store: ModelStore, talks: int = 1
) -> tuple[SharedModel[Generator], str]:
    """The language model, or its stand-in, and how to get a better one. Its `warm` loads or connects it."""
    hints: list[str] = []
    try:
        gguf = language_model_file(store, config.model) if config.engine == "embedded" else None
        if config.engine == "openai" and config.fallback == "embedded":
            gguf = _stand_in_file(store)
            if gguf is None:
                hints.append('generate.fallback finds no embedded model: run "voicecli models pull"')
        model = SharedModel(lambda: make_language_model(config, gguf, talks), _close)
    except ModelError as error:
        absent = error
        return SharedModel(lambda: lambda: AbsentGenerator(absent)), ""
    if config.engine == "embedded" and gguf is not None and config.model == "auto":
        if gguf.parent.name == LIGHT_MODEL:
            hints.append("it answers like a toy")
        if better := better_language_model(store, gguf.parent.name):
            hints.append(f"a better one: voicecli models pull {better}")
    return model, "; ".join(hints)


def _stand_in_file(store: ModelStore) -> Path | None:
    """The model that stands in for a server: the lightest, for it is in memory beside all else; or any."""
    for name in ("light", "auto"):
        try:
            return language_model_file(store, name)
        except ModelError:
            pass
    return None
