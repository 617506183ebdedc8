"""Settings -> models, loaded once and warm; and what each talk has of them.

    Engines    the weights, shared by all talks of this process
    Session    one talk's own: what it heard, said and read; its requests

A talk closes its session; the models stay for others. What fails is made anew: the engine of the talk, and
the model behind it once, whoever finds it broken first.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from voicecli.clock import MonotonicClock
from voicecli.command import Command
from voicecli.errors import EngineError, ModelError, VoicecliError
from voicecli.lane import Lane, Place
from voicecli.listen.command import CommandRecogniser
from voicecli.listen.complete import SmartTurn
from voicecli.listen.detect import Silero
from voicecli.listen.moonshine import Moonshine
from voicecli.listen.transcribe import Transcriber
from voicecli.listen.whisper import Whisper
from voicecli.models.choice import (
    better_language_model,
    language_model_file,
    moonshine_folder,
    recogniser_name,
    voice_file,
    voice_name,
    whisper_folder,
)
from voicecli.models.suited import LIGHT_MODEL
from voicecli.posix import usable_cores
from voicecli.reply.generate import ignore, make_language_model, never
from voicecli.reply.locales import localised
from voicecli.speak.command import Spoken
from voicecli.speak.synthesize import Piper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.clock import Clock
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

    def __init__(self, make: Callable[[], E], leave: Callable[[E], None] = lambda _: None) -> None:
        """`make` gives an engine, each time anew; `leave` takes one that is not used any more."""
        self._make = make
        self._leave = leave
        self.it = make()

    def renew(self) -> None:
        """Put another engine in the place of one that failed, or hangs. Raises ModelError."""
        self.leave()
        self.it = self._make()

    def leave(self) -> None:
        """The talk does not use it any more; what it is asked ends."""
        self._leave(self.it)


class Model(Generic[E]):
    """A model, loaded, and the way to load it again."""

    def __init__(
        self, load: Callable[[], Callable[[], E]], leave: Callable[[E], None] = lambda _: None
    ) -> None:
        """`load` gives what makes engines of a model that is loaded and warm. Raises ModelError."""
        self._load = load
        self._leave = leave
        self._lock = threading.Lock()
        self._loaded = load()
        self.loads = 1
        """How often it was loaded."""

    def seat(self) -> Seat[E]:
        """For one talk. Raises EngineError where there is no more room."""
        known: Callable[[], E] | None = None

        def make() -> E:
            nonlocal known
            known = self._working(known)
            return known()

        return Seat(make, self._leave)

    def _working(self, broken: Callable[[], E] | None) -> Callable[[], E]:
        """What makes engines; loaded again where that one is broken, and no other talk has done it."""
        with self._lock:
            if self._loaded is broken:
                self._loaded = self._load()
                self.loads += 1
            return self._loaded


@dataclass(frozen=True, slots=True)
class Session:
    """One talk's engines, and only that talk's."""

    detector: Seat[Detector]
    turn_model: Seat[TurnModel]
    recogniser: Seat[Recogniser]
    generator: Seat[Generator]
    voice: Seat[Voice]
    place: Place
    """Where it waits for its turn to compute."""
    hint: str = ""
    """How to get a better language model than the one in use; empty where there is nothing to say."""

    def close(self) -> None:
        """End what is asked of the engines. The models stay, for other talks."""
        for seat in (self.detector, self.turn_model, self.recogniser, self.generator, self.voice):
            seat.leave()


@dataclass(frozen=True, slots=True)
class Engines:
    """The models of this process, each in memory once; they are freed with it, and the last session."""

    detector: Model[Detector]
    turn_model: Model[TurnModel]
    recogniser: Model[Recogniser]
    generator: Model[Generator]
    voice: Model[Voice]
    hint: str
    lane: Lane
    clock: Clock

    def session(self) -> Session:
        """For one more talk. Raises EngineError where the language model has no more room."""
        return Session(
            self.detector.seat(),
            self.turn_model.seat(),
            self.recogniser.seat(),
            self.generator.seat(),
            self.voice.seat(),
            Place(self.lane, self.clock),
            self.hint,
        )


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
    tell(f"speech to text: {recogniser_name(config.transcribe)}")
    recogniser = load_recogniser(config.transcribe, store)
    tell(f"text to speech: {voice_name(config.synthesize)}")
    voice = load_voice(config.synthesize, store)
    tell("language model")
    generator, hint = load_language_model(config.generate, store, talks)
    clock = MonotonicClock()
    lane = Lane(usable_cores(), clock)
    return Engines(detector, turn_model, recogniser, generator, voice, hint, lane, clock)


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
    """The one of the settings, warm. Raises ModelError, ConfigError; EngineError for a command."""

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

    return Model(load)


def load_voice(config: SynthesizeConfig, store: ModelStore) -> Model[Voice]:
    """The one of the settings, warm. Raises ModelError; ConfigError, EngineError for a command."""

    def load() -> Callable[[], Voice]:
        voice = made()
        voice.warm()
        localised("1", voice.language)  # its tables are ready before they are latency
        return voice.session

    def made() -> Piper | Spoken:
        match config.engine:
            case "piper":
                return Piper(voice_file(store, config.voice), config)
            case "command":
                command = Command("synthesize.command", config.command)
                return Spoken(command, config.language, config.volume)

    return Model(load)


def _close(generator: Generator) -> None:
    generator.close()


def load_language_model(
    config: GenerateConfig, store: ModelStore, talks: int = 1
) -> tuple[Model[Generator], str]:
    """The language model, or what stands in for it, and how to get a better one; nothing is read yet."""
    try:
        gguf = language_model_file(store, config.model) if config.engine == "embedded" else None
        model = Model(lambda: make_language_model(config, gguf, talks), _close)
    except ModelError as error:
        absent = error
        return Model(lambda: lambda: AbsentGenerator(absent)), ""
    hints = []
    if gguf is not None and config.model == "auto":
        if gguf.parent.name == LIGHT_MODEL:
            hints.append("it answers like a toy")
        if better := better_language_model(store, gguf.parent.name):
            hints.append(f"a better one: voicecli models pull {better}")
    return model, "; ".join(hints)
