"""Settings -> models, loaded once and warm; and what each talk has of them.

    Engines    the weights, shared by all talks of this process
    Session    one talk's own: what it heard, said and read; its requests

A talk closes its session; the models stay for others. What fails is made anew: the engine of the talk, and
the model behind it once, whoever finds it broken first.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from voicecli.clock import MonotonicClock
from voicecli.errors import EngineError, ModelError, VoicecliError
from voicecli.lane import Lane, Place
from voicecli.listen.complete import SmartTurn
from voicecli.listen.detect import Silero
from voicecli.listen.transcribe import Transcriber
from voicecli.listen.whisper import Whisper, knows_only_english
from voicecli.models.choice import better_language_model, language_model_file, voice_file, whisper_folder
from voicecli.models.suited import LIGHT_MODEL
from voicecli.posix import usable_cores
from voicecli.reply.generate import ignore, make_language_model, never
from voicecli.reply.locales import localised
from voicecli.speak.synthesize import Piper
from voicecli.speak.voices import language_of, never_heard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

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
    voices: Mapping[str, Seat[Voice]] = field(default_factory=dict)
    """Of other languages than the main voice's, by ISO 639-1 code."""

    def close(self) -> None:
        """End what is asked of the engines. The models stay, for other talks."""
        for seat in (self.detector, self.turn_model, self.recogniser, self.generator, self.voice):
            seat.leave()
        for voice in self.voices.values():
            voice.leave()


@dataclass(frozen=True, slots=True)
class Engines:
    """The models of this process, each in memory once; they are freed with it, and the last session."""

    detector: Model[Detector]
    turn_model: Model[TurnModel]
    recogniser: Model[Recogniser]
    generator: Model[Generator]
    voice: Model[Voice]
    voices: Mapping[str, Model[Voice]]
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
            {language: voice.seat() for language, voice in self.voices.items()},
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
    tell(f"speech to text: {config.transcribe.model}")
    recogniser = load_recogniser(config.transcribe, store)
    tell(f"text to speech: {config.synthesize.voice}")
    voice = load_voice(config.synthesize, store)
    voices = load_voices(config, store, tell)
    tell("language model")
    generator, hint = load_language_model(config.generate, store, talks)
    clock = MonotonicClock()
    lane = Lane(usable_cores(), clock)
    return Engines(detector, turn_model, recogniser, generator, voice, voices, hint, lane, clock)


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
        return _warm(voice_file(store, config.voice), config).session

    return Model(load)


def load_voices(config: Config, store: ModelStore, tell: Callable[[str], None]) -> dict[str, Model[Voice]]:
    """The voices of other languages by code, warm, without those that could never be heard.

    All at once, though they may not be needed: who is answered in another language waits no longer for it,
    and what is wrong with a file is found before the talk. Raises ModelError.
    """
    voices, unused = {}, unused_voices(config, store)
    for language, name in config.synthesize.voices.items():
        if language not in unused:
            tell(f"text to speech: {name}")
            voices[language] = Model(partial(_load_other, language, name, config.synthesize, store))
    return voices


def _load_other(language: str, name: str, config: SynthesizeConfig, store: ModelStore) -> Callable[[], Voice]:
    return _warm(voice_file(store, name), config, language).session


def _warm(voice: Path, config: SynthesizeConfig, language: str = "") -> Piper:
    """A voice, ready before that is latency; the same of the tables of what it is used for, or speaks."""
    piper = Piper(voice, config)
    piper.warm()
    localised("1", language or piper.language)
    return piper


def unused_voices(config: Config, store: ModelStore) -> dict[str, str]:
    """Those of `synthesize.voices` that can never be heard: language, and why. Raises ModelError."""
    if not config.synthesize.voices:
        return {}
    spoken = config.transcribe.language
    if spoken == "auto" and knows_only_english(whisper_folder(store, config.transcribe.model)):
        spoken = "en"
    main = language_of(voice_file(store, config.synthesize.voice))
    return never_heard(config.synthesize.voices, main, spoken)


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
