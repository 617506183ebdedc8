"""Settings -> the engines of a talk, loaded and warm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.errors import EngineError, ModelError, VoicecliError
from voicecli.listen.complete import CompletionModel
from voicecli.listen.detect import Detector
from voicecli.listen.transcribe import Transcriber
from voicecli.listen.whisper import Whisper
from voicecli.models.choice import better_language_model, language_model_file, voice_file, whisper_folder
from voicecli.models.suited import LIGHT_MODEL
from voicecli.reply.generate import ignore, make_generator, never
from voicecli.reply.locales import localised
from voicecli.speak.synthesize import Synthesizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.config import Config, GenerateConfig, SynthesizeConfig, TranscribeConfig
    from voicecli.messages import ChatMessage, GenerationStats
    from voicecli.models.store import ModelStore
    from voicecli.reply.generate import Cancelled, Emit, Generator, Notify


@dataclass(frozen=True, slots=True)
class Engines:
    """One of each."""

    detector: Detector
    completion: CompletionModel
    transcriber: Transcriber
    generator: Generator
    synthesizer: Synthesizer
    hint: str
    """How to get a better language model than the one in use; empty where there is nothing to say."""


class AbsentGenerator:
    """Stands in for a language model that is not there: says so at every turn, so that talk can go on."""

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

    def ending(self, messages: Sequence[ChatMessage]) -> float | None:
        """Know nothing."""
        return None

    def close(self) -> None:
        """Do nothing."""


def load(config: Config, store: ModelStore, tell: Callable[[str], None]) -> Engines:
    """Load every engine, naming each to `tell` before; raises ModelError for any but the language model."""
    tell("voice activity detection")
    detector = load_detector(store)
    tell("end of turn")
    completion = load_completion(store)
    tell(f"speech to text: {config.transcribe.model}")
    transcriber = load_transcriber(config.transcribe, store)
    tell(f"text to speech: {config.synthesize.voice}")
    synthesizer = load_synthesizer(config.synthesize, store)
    tell("language model")
    generator, hint = load_generator(config.generate, store)
    return Engines(detector, completion, transcriber, generator, synthesizer, hint)


def load_detector(store: ModelStore) -> Detector:
    """Silero. Raises ModelError."""
    return Detector(store.file("vad-silero", ".onnx"))


def load_completion(store: ModelStore) -> CompletionModel:
    """Smart Turn, warm. Raises ModelError."""
    completion = CompletionModel(store.file("turn-smart-v3", ".onnx"))
    completion.warm()
    return completion


def load_transcriber(config: TranscribeConfig, store: ModelStore) -> Transcriber:
    """Whisper, warm. Raises ModelError."""
    transcriber = Transcriber(Whisper(whisper_folder(store, config.model), config.threads), config.language)
    transcriber.warm()
    return transcriber


def load_synthesizer(config: SynthesizeConfig, store: ModelStore) -> Synthesizer:
    """Piper, warm. Raises ModelError."""
    synthesizer = Synthesizer(voice_file(store, config.voice), config)
    synthesizer.warm()
    localised("1", synthesizer.language)  # its tables are ready before they are latency
    return synthesizer


def load_generator(config: GenerateConfig, store: ModelStore) -> tuple[Generator, str]:
    """The language model, or what stands in for it, and how to get a better one; nothing is read yet."""
    try:
        gguf = language_model_file(store, config.model) if config.engine == "embedded" else None
        generator = make_generator(config, gguf)
    except ModelError as error:
        return AbsentGenerator(error), ""
    hints = []
    if gguf is not None and config.model == "auto":
        if gguf.parent.name == LIGHT_MODEL:
            hints.append("it answers like a toy")
        if better := better_language_model(store, gguf.parent.name):
            hints.append(f"a better one: voicecli models pull {better}")
    return generator, "; ".join(hints)
