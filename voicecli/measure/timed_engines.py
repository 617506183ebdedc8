"""Wraps engines to time each call; tells how long each engine takes alone, and while others work.

Promises: a watched engine works as before; only its calls are noted.
Relies on: one thread for each engine, as in a talk. All threads share one `Meter`, which has a lock.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from voicecli.audio.level import level_dbfs
from voicecli.engines import Seat
from voicecli.messages import FRAME_S, RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from voicecli.engines import Session
    from voicecli.listen.detector import Detector, TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import (
        ChatMessage,
        Float32,
        Float32Frame,
        GenerationStats,
        ScoredFrame,
        Transcript,
    )
    from voicecli.reply.generate import Cancelled, Emit, Generator
    from voicecli.speak.voice import Piece, Voice
    from voicecli.system.clock import Clock
    from voicecli.turn.witness import Ending

ENGINES = ("detector", "completion", "transcriber", "generator", "synthesizer")


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """The times of one engine: alone before the talk (idle), and in it while another works (busy).

    `rtf`, the real-time factor, is seconds of work for a second of sound; a language model has none. `ms` is
    the median of a call, for a language model the mean of a token. None: not measured.
    """

    name: str
    idle_rtf: float | None
    busy_rtf: float | None
    idle_ms: float | None
    busy_ms: float | None
    calls: int
    """Calls in the talk, idle or busy."""
    ms_of: str = "call"
    """Whether `ms` is the time of a call or of a token."""
    idle_prompt_tokens_per_s: float | None = None
    busy_prompt_tokens_per_s: float | None = None


@dataclass(slots=True)
class Call:
    """One call of an engine, filled in while it lasts; seconds."""

    engine: str
    began: float
    took_s: float = 0.0
    sound_s: float = 0.0
    """s of sound that the call transcribed, judged or made."""
    beside: bool = False
    """Whether another engine worked at some moment of the call."""
    first_s: float = 0.0
    """Language model: s until its first piece of text."""
    tokens_s: float = 0.0
    """Language model: s that it took for the pieces after the first, without the time of the code that gets
    them."""
    tokens: int = 0
    """Language model: number of pieces after the first."""
    prompt_tokens: int = 0
    """Language model: tokens of the prompt that this call evaluated."""


class Meter:
    """Notes the calls of all engines; `take` gives them to the caller and forgets them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._under_way: list[Call] = []
        self._done: list[Call] = []

    @contextmanager
    def call(self, engine: str) -> Iterator[Call]:
        """Time one call, and note whether another was under way meanwhile. A call that fails is not kept."""
        call = Call(engine, self.clock.now())
        with self._lock:
            for other in self._under_way:
                other.beside = call.beside = True
            self._under_way.append(call)
        try:
            yield call
            call.took_s = self.clock.now() - call.began
            with self._lock:
                self._done.append(call)
        finally:
            with self._lock:
                self._under_way.remove(call)

    def take(self) -> list[Call]:
        """Hand over the calls that have ended since the last time."""
        with self._lock:
            done, self._done = self._done, []
        return done


class _Watched:
    """Takes the place of an engine: passes calls on to it, and times some of them."""

    def __init__(self, engine: object, meter: Meter) -> None:
        self._engine = engine
        self._meter = meter

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)


class _Detector(_Watched):
    _engine: Detector

    def score(self, frame: Float32Frame, quiet_dbfs: float = -math.inf) -> ScoredFrame:
        if level_dbfs(frame.samples) < quiet_dbfs:
            return self._engine.score(frame, quiet_dbfs)  # too quiet for the model to run: not timed
        with self._meter.call("detector") as call:
            call.sound_s = FRAME_S
            return self._engine.score(frame, quiet_dbfs)


class _Recogniser(_Watched):
    _engine: Recogniser

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,
        language: str | None = None,
        clear_s: float = 0.0,
    ) -> Transcript:
        with self._meter.call("transcriber") as call:
            call.sound_s = samples.size / RATE_HZ
            return self._engine.transcribe(
                samples, provisional=provisional, language=language, clear_s=clear_s
            )


class _TurnModel(_Watched):
    _engine: TurnModel

    def complete(self, samples: Float32) -> float:
        with self._meter.call("completion") as call:
            call.sound_s = samples.size / RATE_HZ
            return self._engine.complete(samples)


class _Voice(_Watched):
    _engine: Voice

    def say(self, text: str) -> Iterator[Piece]:
        pieces = self._engine.say(text)
        while True:  # times each piece by itself, without the time of the code that gets it
            with self._meter.call("synthesizer") as call:
                piece = next(pieces, None)
                call.sound_s = piece.samples.size / self._engine.rate_hz if piece else 0.0
            if piece is None:
                return
            yield piece
            if not piece.to_come:
                return


class _Generator(_Watched):
    _engine: Generator
    _judged_s = 0.0
    """Seconds that `ending` took to read the user's words; the next reply need not read them again."""

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        began = self._meter.clock.now()
        ending = self._engine.ending(messages)
        self._judged_s = self._meter.clock.now() - began
        return ending

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        clock, free_at = self._meter.clock, 0.0
        judged_s, self._judged_s = self._judged_s, 0.0
        with self._meter.call("generator") as call:

            def pass_on(piece: str) -> None:
                nonlocal free_at
                now = clock.now()
                if free_at:
                    call.tokens += 1
                    call.tokens_s += now - free_at
                else:
                    call.first_s = judged_s + now - call.began
                emit(piece)
                free_at = clock.now()  # the time in `emit` does not count for the engine

            stats = self._engine.generate(messages, pass_on, cancelled)
            call.prompt_tokens = stats.prompt_tokens_evaluated or 0
            return stats


def watched(session: Session, meter: Meter) -> Session:
    """Wrap the engines of a session so that `meter` notes their calls."""
    detector, turn_model, recogniser = session.detector.it, session.turn_model.it, session.recogniser.it
    generator, voice = session.generator.it, session.voice.it
    return dataclasses.replace(
        session,
        detector=Seat(lambda: cast("Detector", _Detector(detector, meter))),
        turn_model=Seat(lambda: cast("TurnModel", _TurnModel(turn_model, meter))),
        recogniser=Seat(lambda: cast("Recogniser", _Recogniser(recogniser, meter))),
        generator=Seat(lambda: cast("Generator", _Generator(generator, meter))),
        voice=_watched_voice(voice, meter),
        voices={language: _watched_voice(seat.it, meter) for language, seat in session.voices.items()},
    )


def _watched_voice(voice: Voice, meter: Meter) -> Seat[Voice]:
    return Seat(lambda: cast("Voice", _Voice(voice, meter)))


def engine_figures(alone: Sequence[Call], talk: Sequence[Call]) -> list[EngineFigures]:
    """Make each engine's figures: idle ones from the calls of `alone`, busy ones from those of `talk`."""
    return [_figures(engine, alone, talk) for engine in ENGINES]


def _figures(engine: str, alone: Sequence[Call], talk: Sequence[Call]) -> EngineFigures:
    idle = [call for call in alone if call.engine == engine]
    calls = [call for call in talk if call.engine == engine]
    busy = [call for call in calls if call.beside]
    if engine == "generator":
        return EngineFigures(
            engine,
            idle_rtf=None,
            busy_rtf=None,
            idle_ms=_ms_per_token(idle),
            busy_ms=_ms_per_token(busy),
            calls=len(calls),
            ms_of="token",
            idle_prompt_tokens_per_s=_prompt_tokens_per_s(idle),
            busy_prompt_tokens_per_s=_prompt_tokens_per_s(busy),
        )
    return EngineFigures(engine, _rtf(idle), _rtf(busy), _ms(idle), _ms(busy), len(calls))


def _rtf(calls: Sequence[Call]) -> float | None:
    sound_s = sum(call.sound_s for call in calls)
    return round(sum(call.took_s for call in calls) / sound_s, 4) if sound_s else None


def _ms(calls: Sequence[Call]) -> float | None:
    return round(statistics.median(call.took_s for call in calls) * 1000, 2) if calls else None


def _ms_per_token(calls: Sequence[Call]) -> float | None:
    tokens = sum(call.tokens for call in calls)
    return round(sum(call.tokens_s for call in calls) * 1000 / tokens, 2) if tokens else None


def _prompt_tokens_per_s(calls: Sequence[Call]) -> float | None:
    """Prompt tokens that the model reads a second; the time counts until its first piece of text."""
    read = [call for call in calls if call.prompt_tokens]
    first_s = sum(call.first_s for call in read)
    return round(sum(call.prompt_tokens for call in read) / first_s, 1) if first_s else None
