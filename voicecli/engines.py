"""Settings -> models, loaded once and warm; and what each talk has of them.

    Engines    the weights, shared by all talks of this process
    Session    one talk's own: what it heard, said and read; its requests

A talk closes its session and `Engines` the models, whoever talks.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from voicecli.errors import EngineError, ModelError, VoicecliError
from voicecli.listen.complete import SmartTurn
from voicecli.listen.detect import Silero
from voicecli.listen.transcribe import Transcriber
from voicecli.listen.whisper import Whisper
from voicecli.models.choice import better_language_model, language_model_file, voice_file, whisper_folder
from voicecli.models.suited import LIGHT_MODEL
from voicecli.reply.generate import LanguageModel, Separate, ignore, make_language_model, never
from voicecli.reply.locales import localised
from voicecli.speak.synthesize import Piper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.config import Config, GenerateConfig, SynthesizeConfig, TranscribeConfig
    from voicecli.listen.detector import Detector, TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import ChatMessage, GenerationStats
    from voicecli.models.store import ModelStore
    from voicecli.reply.generate import Cancelled, Emit, Generator, Notify
    from voicecli.speak.voice import Voice

E = TypeVar("E")


class Seat(Generic[E]):
    """One talk's place at a model: `it` is the talk's own engine there."""

    def __init__(self, make: Callable[[], E]) -> None:
        """`make` gives an engine, each time anew."""
        self._make = make
        self.it = make()

    def renew(self) -> None:
        """Put another engine in the place of one that failed, or hangs. Raises ModelError."""
        self.it = self._make()


class Model(Generic[E]):
    """A model and the way to load it again."""

    def __init__(self, load: Callable[[], Callable[[], E]]) -> None:
        """`load` gives what makes engines of a model that is loaded and warm. Raises ModelError."""
        self._load = load
        self._lock = threading.Lock()
        self._session = load()

    def seat(self) -> Seat[E]:
        """For one talk."""
        used: list[Callable[[], E]] = []

        def make() -> E:
            used[:] = [self._working(*used)]
            return used[0]()

        return Seat(make)

    def _working(self, broken: Callable[[], E] | None = None) -> Callable[[], E]:
        """The model; loaded again where it is the one that is broken, and no other talk has done that."""
        with self._lock:
            if self._session is broken:
                self._session = self._load()
            return self._session


@dataclass(frozen=True, slots=True)
class Session:
    """One talk's engines, and only that talk's."""

    detector: Seat[Detector]
    turn_model: Seat[TurnModel]
    recogniser: Seat[Recogniser]
    generator: Seat[Generator]
    voice: Seat[Voice]
    hint: str = ""
    """How to get a better language model than the one in use; empty where there is nothing to say."""

    def close(self) -> None:
        """End what is asked of the language model; the models stay for other talks."""
        self.generator.it.close()


@dataclass(frozen=True, slots=True)
class Engines:
    """The models of this process, each loaded once."""

    detector: Model[Detector]
    turn_model: Model[TurnModel]
    recogniser: Model[Recogniser]
    language_model: LanguageModel
    voice: Model[Voice]
    hint: str

    def session(self) -> Session:
        """For one more talk. Raises EngineError where the language model has no more room."""
        generator = self.language_model.session()
        return Session(
            self.detector.seat(),
            self.turn_model.seat(),
            self.recogniser.seat(),
            Seat(lambda: generator),
            self.voice.seat(),
            self.hint,
        )

    def close(self) -> None:
        """When no talk needs them any more."""
        self.language_model.close()


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


def load(config: Config, store: ModelStore, tell: Callable[[str], None], talks: int = 1) -> Engines:
    """Load every engine for so many talks, naming each to `tell` before.

    Raises ModelError for any but the language model.
    """
    tell("voice activity detection")
    detector = load_detector(store)
    tell("end of turn")
    turn_model = load_turn_model(store)
    tell(f"speech to text: {config.transcribe.model}")
    recogniser = load_recogniser(config.transcribe, store)
    tell(f"text to speech: {config.synthesize.voice}")
    voice = load_voice(config.synthesize, store)
    tell("language model")
    language_model, hint = load_language_model(config.generate, store, talks)
    return Engines(detector, turn_model, recogniser, language_model, voice, hint)


def load_detector(store: ModelStore) -> Model[Detector]:
    """Silero. Raises ModelError."""
    return Model(lambda: Silero(store.file("vad-silero", ".onnx")).session)


def load_turn_model(store: ModelStore) -> Model[TurnModel]:
    """Smart Turn, warm. Raises ModelError."""

    def load() -> Callable[[], TurnModel]:
        model = SmartTurn(store.file("turn-smart-v3", ".onnx"))
        return lambda: model

    return Model(load)


def load_recogniser(config: TranscribeConfig, store: ModelStore) -> Model[Recogniser]:
    """Whisper, warm. Raises ModelError."""

    def load() -> Callable[[], Recogniser]:
        whisper = Whisper(whisper_folder(store, config.model), config.threads)
        Transcriber(whisper, config.language).warm()
        return lambda: Transcriber(whisper, config.language)

    return Model(load)


def load_voice(config: SynthesizeConfig, store: ModelStore) -> Model[Voice]:
    """Piper, warm. Raises ModelError."""

    def load() -> Callable[[], Voice]:
        piper = Piper(voice_file(store, config.voice), config)
        piper.warm()
        localised("1", piper.language)  # its tables are ready before they are latency
        return piper.session

    return Model(load)


def load_language_model(
    config: GenerateConfig, store: ModelStore, talks: int = 1
) -> tuple[LanguageModel, str]:
    """The language model, or what stands in for it, and how to get a better one; nothing is read yet."""
    try:
        gguf = language_model_file(store, config.model) if config.engine == "embedded" else None
        model = make_language_model(config, gguf, talks)
    except ModelError as error:
        absent = error
        return Separate(lambda: AbsentGenerator(absent)), ""
    hints = []
    if gguf is not None and config.model == "auto":
        if gguf.parent.name == LIGHT_MODEL:
            hints.append("it answers like a toy")
        if better := better_language_model(store, gguf.parent.name):
            hints.append(f"a better one: voicecli models pull {better}")
    return model, "; ".join(hints)
