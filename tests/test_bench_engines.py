"""What the bench notes of an engine's calls, on a clock that the test moves, and of the computer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.bench_engines import RATE_HZ, Brain, Judge, LoudIsSpeech, Scribe, Voice, engines
from tests.seats import seated
from voicecli.errors import EngineError
from voicecli.measure import computer
from voicecli.measure.timed_engines import Meter, engine_figures, watched
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.speak.voice import sound_of
from voicecli.system.clock import FakeClock
from voicecli.turn.witness import Ending


def test_a_call_beside_another_is_busy_and_both_know() -> None:
    clock = FakeClock()
    meter = Meter(clock)
    with meter.call("transcriber") as outer:
        outer.sound_s = 2.0
        clock.advance(0.1)
        with meter.call("detector") as inner:
            inner.sound_s = 0.032
            clock.advance(0.2)
    with meter.call("detector") as free:
        free.sound_s = 0.032
        clock.advance(0.05)
    detector, _, transcriber, *_ = engine_figures([], meter.take())
    assert (detector.calls, detector.busy_ms, detector.busy_rtf) == (2, 200.0, 6.25)
    assert (transcriber.calls, transcriber.busy_rtf, transcriber.idle_rtf) == (1, 0.15, None)
    assert meter.take() == []


def test_a_call_that_fails_is_not_counted_and_not_under_way_any_more() -> None:
    meter = Meter(FakeClock())
    with pytest.raises(EngineError), meter.call("detector"):
        raise EngineError("it failed")
    with meter.call("transcriber") as call:
        pass
    assert meter.take() == [call]
    assert not call.beside


def test_a_language_model_is_timed_without_the_time_of_who_listens() -> None:
    clock = FakeClock()

    class Slow(Brain):
        def generate(
            self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
        ) -> GenerationStats:
            clock.advance(0.3)  # reads 30 tokens
            for _ in range(5):
                emit("word ")
                clock.advance(0.01)
            return GenerationStats(100, 30, 5)

        def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
            clock.advance(0.2)  # for what the reply then has read
            return Ending(1.0, 1.0)

    meter = Meter(clock)
    seen = watched(seated(LoudIsSpeech(), Judge(), Scribe(), Slow(), Voice()), meter)
    stats = seen.generator.it.generate([], lambda piece: clock.advance(1.0), lambda: False)
    assert stats == GenerationStats(100, 30, 5)
    generator = engine_figures(meter.take(), [])[3]
    assert generator.idle_ms == pytest.approx(10.0)
    assert generator.idle_prompt_tokens_per_s == pytest.approx(100.0)
    assert (generator.idle_rtf, generator.ms_of) == (None, "token")
    seen.generator.it.ending([])
    seen.generator.it.generate([], lambda _piece: None, lambda: False)
    generator = engine_figures(meter.take(), [])[3]
    assert generator.idle_prompt_tokens_per_s == pytest.approx(60.0), (
        "what was read to judge the words counts"
    )


def test_what_is_watched_does_what_it_did() -> None:
    plain, seen = engines(), watched(engines(), Meter(FakeClock()))
    assert seen.generator.it.name == "a brain"
    assert (seen.voice.it.rate_hz, seen.voice.it.language) == (RATE_HZ, "en")
    np.testing.assert_array_equal(sound_of(seen.voice.it, "a b"), sound_of(plain.voice.it, "a b"))
    with pytest.raises(AttributeError):
        _ = seen.detector.it.no_such_thing  # type: ignore[attr-defined]  # that is the test


def test_cpu_time_is_told_as_a_share_of_one_core() -> None:
    before, after = computer.Spent(10.0, 3.0), computer.Spent(14.0, 9.0)
    assert computer.percent_of_core(before, after) == 150.0
    assert computer.percent_of_core(before, before) == 0.0
    assert computer.spent(5.0).cpu_s > 0


def test_the_machine_is_described_and_memory_found() -> None:
    described = computer.describe()
    assert described.cpu
    assert described.cores >= 1
    assert "onnxruntime" in described.engines
    resident, peak = computer.resident_mb(), computer.peak_mb()
    assert resident is None or resident > 1
    assert peak is None or resident is None or peak > resident * 0.9
