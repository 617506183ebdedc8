"""Settings -> engines, loaded and warm: the one place that chooses each, and has its file load it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from voicecli.aloud.locales import localised
from voicecli.config.speech_engines import RECOGNISERS, VOICES
from voicecli.engines import Engines, SharedModel
from voicecli.errors import ConfigError, EngineError, ModelError, VoicecliError
from voicecli.listen.elsewhere.guarded_recogniser import GuardedRecogniser
from voicecli.listen.gate.detect import Silero
from voicecli.models.choice import (
    absent,
    absent_language_model,
    better_language_model,
    is_absent,
    language_model_file,
    recogniser_name,
    smaller_whisper,
    voice_file,
    voice_name,
)
from voicecli.models.store import pull_command
from voicecli.models.suited import LIGHT_MODEL
from voicecli.reply.generate import ignore, never
from voicecli.reply.generators import make_language_model
from voicecli.speak.elsewhere.guarded_voice import GuardedVoice
from voicecli.speak.synthesize import load as load_piper
from voicecli.speak.voices import language_of, never_heard
from voicecli.system.clock import MonotonicClock
from voicecli.system.extras import demand_packages, told
from voicecli.system.posix import usable_cores
from voicecli.threads.lane import Lane
from voicecli.turn.complete import SmartTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from voicecli.config import Config, GenerateConfig, SynthesizeConfig, TranscribeConfig
    from voicecli.listen.detector import Detector, TurnModel
    from voicecli.listen.recogniser import Recogniser, RecogniserEngine
    from voicecli.messages import ChatMessage, GenerationStats
    from voicecli.models.store import ModelStore
    from voicecli.reply.generate import Cancelled, Emit, Generator, Notify
    from voicecli.speak.voice import Voice, VoiceEngine
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


@told()
def load(config: Config, store: ModelStore, tell: Callable[[str], None], talks: int = 1) -> Engines:
    """Load every engine, for this many `talks` at the same time; before each, call `tell` with its name.

    Raises ModelError, for any but the language model; ConfigError, EngineError as the functions below do.
    """
    demand_packages("onnxruntime", "faster_whisper")
    demand(config, store)
    tell("voice activity detection")
    detector = load_detector(store)
    tell("end of turn")
    turn_model = load_turn_model(store)
    tell(f"speech to text: {recogniser_name(config.transcribe)}")
    recogniser = load_recogniser(config.transcribe, store)
    smaller = load_smaller(config, store, tell)
    tell(f"text to speech: {voice_name(config.synthesize)}")
    voice = load_voice(config.synthesize, store)
    voices = load_voices(config, store, tell)
    tell("language model")
    generator, hint = load_language_model(config.generate, store, talks)
    clock = MonotonicClock()
    lane = Lane(usable_cores(), clock)
    models = (detector, turn_model, recogniser, generator, voice, voices)
    return Engines(*models, hint, lane, clock, smaller)


def demand(config: Config, store: ModelStore) -> None:
    """Raise ModelError if a model is not on the disk without which there is no talk; name all that are not.

    A talk can begin without a language model, so that is named only beside others.
    """
    names = absent(config, store)
    unused = {} if names else unused_voices(config, store)
    named = dict.fromkeys(
        name for language, name in config.synthesize.voices.items() if language not in unused
    )
    names += [name for name in named if name not in names and is_absent(store, name)]
    if not names:
        return
    if language_model := absent_language_model(config.generate, store):
        names.append(language_model)
    told = ", ".join(f"'{name}'" for name in names)
    models, are = ("model", "is") if len(names) == 1 else ("models", "are")
    raise ModelError(f"{models} {told} {are} not here, in '{store.root}'", pull_command(" ".join(names)))


def load_detector(store: ModelStore) -> SharedModel[Detector]:
    """Silero. Raises ModelError, and EngineError where onnxruntime is not installed."""
    demand_packages("onnxruntime")
    return SharedModel(lambda: Silero(store.file("vad-silero", ".onnx")).session)


def load_turn_model(store: ModelStore) -> SharedModel[TurnModel]:
    """Smart Turn, warm. Raises ModelError, EngineError."""
    demand_packages("onnxruntime", "faster_whisper")

    def load() -> Callable[[], TurnModel]:
        model = SmartTurn(store.file("turn-smart-v3", ".onnx"))
        return lambda: model

    return SharedModel(load)


def recogniser_engine(config: TranscribeConfig) -> RecogniserEngine:
    """The file of the engine that the settings name."""
    return cast("RecogniserEngine", import_module(RECOGNISERS[config.engine].module))


def voice_engine(config: SynthesizeConfig) -> VoiceEngine:
    """The file of the engine that the settings name."""
    return cast("VoiceEngine", import_module(VOICES[config.engine].module))


def load_recogniser(config: TranscribeConfig, store: ModelStore) -> SharedModel[Recogniser]:
    """The recogniser of the settings, warm.

    Raises ModelError, ConfigError; EngineError for a command that is missing, or a server that is not there.
    """
    return SharedModel(partial(recogniser_engine(config).load, config, store), _end_requests)


def load_smaller(
    config: Config, store: ModelStore, tell: Callable[[str], None]
) -> SharedModel[Recogniser] | None:
    """A quicker recogniser that understands all that the one of the settings does; None where none is here.

    The talk can do without it: where its files are damaged, "voicecli models verify" tells why.
    """
    if not config.pressure.adapt or not (name := smaller_whisper(store, config.transcribe)):
        return None
    smaller = config.transcribe.model_copy(update={"model": name})
    with suppress(ModelError, ConfigError):  # it may not know the language of the settings
        if _understands_as_much(smaller, config.transcribe, store):
            tell(f"speech to text: {name}")
            return load_recogniser(smaller, store)
    return None


def _understands_as_much(one: TranscribeConfig, other: TranscribeConfig, store: ModelStore) -> bool:
    mine, wanted = (recogniser_engine(each).languages(each, store) for each in (one, other))
    return mine is None or (wanted is not None and mine >= wanted)


def load_voice(config: SynthesizeConfig, store: ModelStore) -> SharedModel[Voice]:
    """The voice of the settings, warm.

    Raises ModelError; ConfigError, EngineError for a command, or a server that is not there.
    """

    def load() -> Callable[[], Voice]:
        session = voice_engine(config).load(config, store)
        localised("1", session().language)  # loads the language's tables now, not in the first reply
        return session

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
    session = load_piper(config.model_copy(update={"voice": name}), store)
    localised("1", language)  # as above
    return session


def unused_voices(config: Config, store: ModelStore) -> dict[str, str]:
    """Language -> why its voice in `synthesize.voices` can never be heard. Raises ModelError, ConfigError."""
    if not config.synthesize.voices:
        return {}
    transcribe, synthesize = config.transcribe, config.synthesize
    spoken = voice_engine(synthesize).languages(synthesize, store)
    understood = recogniser_engine(transcribe).languages(transcribe, store)
    return never_heard(synthesize.voices, spoken, understood)


def mistaken_voices(config: Config, store: ModelStore) -> dict[str, str]:
    """Language -> the other one that its voice in `synthesize.voices` speaks. Raises ModelError."""
    found = {
        language: language_of(voice_file(store, name)) for language, name in config.synthesize.voices.items()
    }
    return {language: other for language, other in found.items() if other != language}


def _close(generator: Generator) -> None:
    generator.close()


def load_language_model(
    config: GenerateConfig, store: ModelStore, talks: int = 1
) -> tuple[SharedModel[Generator], str]:
    """The language model, or its stand-in, and how to get a better one. Its `warm` loads or connects it."""
    if config.engine == "embedded":
        demand_packages("xllamacpp")
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
