"""The models of a process, each loaded once and warm; and the engines that each talk makes from them.

    Engines    the models' weights, shared by all talks of this process
    Session    one talk's engines, each with its own state: what it heard, said and read; its requests

A talk closes its session; the models stay for others. When an engine fails, its talk makes another. The first
talk that does so loads the model again, too; other talks whose engines fail then use that one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from voicecli.threads.lane import Lane, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from voicecli.listen.detector import Detector, TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.reply.generate import Generator
    from voicecli.speak.voice import Voice
    from voicecli.system.clock import Clock

E = TypeVar("E")


class Seat(Generic[E]):
    """What one talk holds of a shared model: `it` is the talk's own engine, made from that model."""

    def __init__(self, make: Callable[[], E], leave: Callable[[E], None] = lambda _: None) -> None:
        """`make` gives a new engine at each call; `leave` gives back one that is no longer used."""
        self._make = make
        self._leave = leave
        self.it = make()

    def renew(self) -> None:
        """Put another engine in the place of one that failed, or hangs. Raises ModelError."""
        self.leave()
        self.it = self._make()

    def leave(self) -> None:
        """Give up the engine: the talk does not use it any more, and requests to it end."""
        self._leave(self.it)


class SharedModel(Generic[E]):
    """A loaded model, and the way to load it again."""

    def __init__(
        self, load: Callable[[], Callable[[], E]], leave: Callable[[E], None] = lambda _: None
    ) -> None:
        """`load` loads and warms a model, and gives a function that makes engines of it.

        Raises what `load` raises, such as ModelError.
        """
        self._load = load
        self._leave = leave
        self._lock = threading.Lock()
        self._loaded = load()
        self.loads = 1
        """How often it was loaded."""

    def seat(self) -> Seat[E]:
        """Make a seat for one talk. Raises EngineError where the model has no more room."""
        known: Callable[[], E] | None = None

        def make() -> E:
            nonlocal known
            known = self._working(known)
            return known()

        return Seat(make, self._leave)

    def _working(self, broken: Callable[[], E] | None) -> Callable[[], E]:
        """Give what makes engines; load the model anew if no other talk has replaced the `broken` one yet."""
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
    """Where the talk waits for its turns to compute."""
    hint: str = ""
    """How to get a better language model than the one in use; empty where there is nothing to say."""
    voices: Mapping[str, Seat[Voice]] = field(default_factory=dict)
    """Voices of other languages than the main voice's, by ISO 639-1 code."""
    smaller: Seat[Recogniser] | None = None
    """A quicker recogniser with more wrong words, for when the computer does not keep up."""

    def close(self) -> None:
        """End all requests to the engines. The models stay, for other talks."""
        for seat in (self.detector, self.turn_model, self.recogniser, self.generator, self.voice):
            seat.leave()
        for voice in self.voices.values():
            voice.leave()
        if self.smaller is not None:
            self.smaller.leave()


@dataclass(frozen=True, slots=True)
class Engines:
    """The models of this process, each in memory once; freed with this object and its last session."""

    detector: SharedModel[Detector]
    turn_model: SharedModel[TurnModel]
    recogniser: SharedModel[Recogniser]
    generator: SharedModel[Generator]
    voice: SharedModel[Voice]
    voices: Mapping[str, SharedModel[Voice]]
    hint: str
    lane: Lane
    clock: Clock
    smaller: SharedModel[Recogniser] | None = None

    def session(self) -> Session:
        """Make the session of one more talk. Raises EngineError where the language model has no more room."""
        return Session(
            self.detector.seat(),
            self.turn_model.seat(),
            self.recogniser.seat(),
            self.generator.seat(),
            self.voice.seat(),
            Place(self.lane, self.clock),
            self.hint,
            {language: voice.seat() for language, voice in self.voices.items()},
            None if self.smaller is None else self.smaller.seat(),
        )
