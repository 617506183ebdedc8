"""The run itself, with a pipeline that answers by the sample, so that every figure is known beforehand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.bench_report import latency
from voicecli import events
from voicecli.audio.level import to_float
from voicecli.audio.simulated import SIMULATED_LATENCY_S
from voicecli.bench import machine
from voicecli.bench import run as bench_run
from voicecli.bench.engines import Meter, engine_figures, watched
from voicecli.bench.report import Report, from_json, to_json
from voicecli.bench.run import Bench, Question
from voicecli.bench.wires import Tape, heard, speech_bounds
from voicecli.buffers import BufferFill
from voicecli.channel import Channel
from voicecli.clock import FakeClock, MonotonicClock
from voicecli.config import Config
from voicecli.engines import Engines
from voicecli.errors import EngineError
from voicecli.events import Failed, Status, TurnDone
from voicecli.messages import ChatMessage, Float32Frame, GenerationStats, ScoredFrame, Transcript

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams
    from voicecli.messages import Float32, Int16

RATE_HZ = 16_000
BLOCK_MS = 20
GAP_BLOCKS = 5
"""Blocks of silence before the pretended pipeline answers."""


def tone(seconds: float, level: float = 0.3) -> Int16:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * 300 * at) * level * 32767).astype(np.int16)


class Answering:
    """Plays a tone so many blocks after the user fell silent, and tells of the turn."""

    cut_in_at: int | None = None
    """Answers when so many blocks of speech have come, the user's silence or not."""
    mute_turns: tuple[int, ...] = ()
    failing_turns: tuple[int, ...] = ()
    given_up: bool = False
    """Tells of an answer that was given up before the one that sounded."""

    def __init__(
        self, streams: AudioStreams, engines: Engines, config: Config, clock: MonotonicClock, began: float
    ) -> None:
        self._streams, self._engines = streams, engines
        self.events: Channel[events.Event] = Channel("events", 100, "drop_oldest")
        self._turn = self._spoken = self._quiet = self._to_play = 0
        self.idle = True

    def start(self) -> None:
        self._streams.start(self._hear, self._play)

    def close(self) -> bool:
        self._streams.close()
        self.events.close()
        return True

    def check(self) -> None:
        pass

    def status(self) -> Status:
        losses = {
            "microphone overflows": 2,
            "loudspeaker underflows": 1,
            "gaps in the reply": 4,
            "new kind": 5,
        }
        return Status("listening", -60, -60, "", "", "", "", losses)

    def buffers(self) -> list[BufferFill]:
        return [BufferFill("ring", "ms", 8000, 0, 40, 0, 20, "drop_oldest")]

    def _hear(self, samples: Int16, at: float, lost: bool) -> None:
        if np.abs(samples).max() > 1000:
            self.idle, self._quiet = False, 0
            self._spoken += 1
            if self._spoken == self.cut_in_at:
                self._to_play = 2
            return
        self._quiet += 1
        if self._spoken and self._quiet > GAP_BLOCKS:
            self._engines.transcriber.transcribe(to_float(samples[:, 0]))
            self._turn, self._spoken = self._turn + 1, 0
            self._to_play = 0 if self._turn in self.mute_turns else 5
            self._tell()

    def _tell(self) -> None:
        if self._turn in self.failing_turns:
            self.events.put(Failed(0, "no server answers", "start it", self._turn))
            self._to_play = 0
        if self.given_up:
            self.events.put(TurnDone(0, self._turn, "", latency(999), 99, 1, 30.0))
        known = latency() if self._to_play else {}
        self.events.put(TurnDone(0, self._turn, "", known, 210, 2, 50.04, 90, 12))
        self.idle = not self._to_play

    def _play(self, block: Int16, at: float, dry: bool) -> None:
        if self._to_play:
            block[:] = tone(BLOCK_MS / 1000)[: len(block)]
            self._to_play -= 1
            self.idle = not self._to_play and not self._spoken


class LoudIsSpeech:
    def score(self, frame: Float32Frame) -> ScoredFrame:
        return ScoredFrame(frame, 1.0, -20.0)


class Scribe:
    def transcribe(self, samples: Float32) -> Transcript:
        return Transcript("words", "en", 0.9)


class Brain:
    name = "a brain"
    is_local = True

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        pass

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        for piece in ("one ", "two ", "three"):
            emit(piece)
        return GenerationStats(100, 30, 3)

    def close(self) -> None:
        pass


class Voice:
    rate_hz = RATE_HZ
    language = "en"

    def synthesize(self, text: str) -> Int16:
        return tone(0.1 * len(text.split()))


def engines() -> Engines:
    return Engines(LoudIsSpeech(), Scribe(), Brain(), Voice(), "")  # type: ignore[arg-type]  # duck-typed fakes


QUESTIONS = [Question(f"question {n}", tone(0.1 + n / 100)) for n in range(3)]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_run, "QUIET_S", 0.25)
    monkeypatch.setattr(bench_run, "IDLE_S", 0.02)


def measured(
    monkeypatch: pytest.MonkeyPatch,
    turns: int,
    tell: Callable[[str], None] = lambda line: None,
    stop: threading.Event | None = None,
    **behaviour: object,
) -> Report:
    pipeline = type("Behaving", (Answering,), behaviour)
    monkeypatch.setattr(bench_run, "Pipeline", pipeline)
    bench = Bench(engines(), Config(), MonotonicClock(), stop or threading.Event(), tell)
    bench.run(QUESTIONS, turns)
    return bench.report()


def test_after_a_warm_up_questions_are_asked_in_turn_and_timed_by_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    report = measured(monkeypatch, 4, told.append)
    assert [turn.question for turn in report.turns] == [f"question {n}" for n in (1, 2, 0, 1)]
    assert [turn.turn for turn in report.turns] == [1, 2, 3, 4]
    for turn in report.turns:
        # The block in which silence was noticed is the one that sounds; questions end inside a block.
        length = len(QUESTIONS[int(turn.question[-1])].samples)
        rest = -length % (RATE_HZ * BLOCK_MS // 1000) / RATE_HZ * 1000
        gap_ms = rest + GAP_BLOCKS * BLOCK_MS + BLOCK_MS + SIMULATED_LATENCY_S * 1000
        assert turn.wire_total_ms == pytest.approx(gap_ms, abs=10.1)
        assert turn.latency_ms == latency()
        assert (turn.drafts_dropped, turn.drafts_dropped_ms, turn.decided_ms) == (2, 50.0, 210)
        assert (turn.prompt_tokens, turn.prompt_tokens_evaluated) == (90, 12)
    assert report.stages["total"].n == 4
    assert report.models.generator == "a brain"
    assert report.buffers[0].name == "ring"
    assert told[-1] == "4 of 4: 400 ms"
    assert from_json(to_json(report), "it") == report


def test_losses_are_summed_by_kind_and_new_kinds_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = measured(monkeypatch, 1).losses
    assert losses["xruns"] >= 3  # and what the computer was late for
    assert losses["gaps_in_the_reply"] == 4
    assert losses["new_kind"] == 5
    assert losses["cut_ins"] == losses["turns_without_answer"] == 0


def test_an_agent_that_cuts_in_is_counted_and_is_in_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    report = measured(monkeypatch, 2, cut_in_at=2)
    assert [turn.cut_in for turn in report.turns] == [True, True]
    assert report.losses["cut_ins"] == 2
    assert report.stages == {}
    assert report.wire_total is None


def test_a_turn_without_answer_is_counted_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    # The first turn warms up.
    report = measured(monkeypatch, 3, told.append, mute_turns=(2,), failing_turns=(3,))
    assert [bool(turn.latency_ms) for turn in report.turns] == [False, False, True]
    assert [turn.wire_total_ms is None for turn in report.turns] == [True, True, False]
    assert report.losses["turns_without_answer"] == 2
    assert report.stages["total"].n == 1
    assert told[-3:] == ["1 of 3: no answer", "2 of 3: no server answers", "3 of 3: 400 ms"]


def test_an_answer_that_was_given_up_counts_for_its_drafts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    (turn,) = measured(monkeypatch, 1, given_up=True).turns
    assert turn.latency_ms == latency()
    assert (turn.drafts_dropped, turn.drafts_dropped_ms) == (3, 80.0)


def test_without_a_language_model_it_ends_after_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="no server answers; start it"):
        measured(monkeypatch, 1, failing_turns=(1,))


def test_a_pipeline_that_hangs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_run, "LONGEST_TURN_S", 0.2)
    with pytest.raises(EngineError, match="is not done after"):
        measured(monkeypatch, 1, _tell=lambda self: None)


def test_stopped_it_reports_the_turns_that_were_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    def tell(line: str) -> None:
        if line.startswith("2 of 3"):
            stop.set()

    report = measured(monkeypatch, 3, tell, stop)
    assert [turn.turn for turn in report.turns] == [1, 2]
    assert report.stages["total"].n == 2


def test_stopped_at_once_it_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    stop.set()
    report = measured(monkeypatch, 3, stop=stop)
    assert report.turns == []
    assert report.stages == {}
    assert report.cpu.idle_percent is None


def test_engines_are_measured_alone_and_in_the_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    report = measured(monkeypatch, 2)
    by_name = {engine.name: engine for engine in report.engines}
    assert list(by_name) == ["detector", "transcriber", "generator", "synthesizer"]
    assert all(by_name[name].idle_rtf is not None for name in ("detector", "transcriber", "synthesizer"))
    assert by_name["transcriber"].calls == 2
    assert by_name["generator"].idle_rtf is None
    assert by_name["generator"].idle_ms is not None


# ---- engines, with a clock that is told


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
    detector, transcriber, *_ = engine_figures([], meter.take())
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

    meter = Meter(clock)
    seen = watched(Engines(LoudIsSpeech(), Scribe(), Slow(), Voice(), ""), meter)  # type: ignore[arg-type]  # duck-typed fakes
    stats = seen.generator.generate([], lambda piece: clock.advance(1.0), lambda: False)
    assert stats == GenerationStats(100, 30, 5)
    generator = engine_figures(meter.take(), [])[2]
    assert generator.idle_ms == pytest.approx(10.0)
    assert generator.idle_prompt_tokens_per_s == pytest.approx(100.0)
    assert (generator.idle_rtf, generator.ms_of) == (None, "token")


def test_what_is_watched_does_what_it_did() -> None:
    plain, seen = engines(), watched(engines(), Meter(FakeClock()))
    assert seen.generator.name == "a brain"
    assert (seen.synthesizer.rate_hz, seen.synthesizer.language) == (RATE_HZ, "en")
    np.testing.assert_array_equal(seen.synthesizer.synthesize("a b"), plain.synthesizer.synthesize("a b"))
    with pytest.raises(AttributeError):
        _ = seen.detector.no_such_thing  # type: ignore[attr-defined]  # that is the test


# ---- wires


def wires(*pieces: tuple[float, float]) -> Float32:
    """(seconds, level) after one another."""
    return to_float(np.concatenate([tone(seconds, level) for seconds, level in pieces]))


def test_speech_ends_with_its_last_soft_sound_but_not_with_breath() -> None:
    # 0.3 is -13.5 dBFS, 0.02 is -37 and counts; 0.004 is -51, which is below the floor.
    spoken = wires((0.2, 0.0), (0.5, 0.3), (0.1, 0.02), (0.1, 0.004), (0.3, 0.0))
    assert speech_bounds(spoken, RATE_HZ) == (0.2 * RATE_HZ, 0.8 * RATE_HZ)
    with pytest.raises(ValueError, match="nothing was spoken"):
        speech_bounds(wires((1.0, 0.001)), RATE_HZ)
    with pytest.raises(ValueError, match="nothing was spoken"):
        speech_bounds(np.zeros(0, np.float32), RATE_HZ)


def test_the_gap_on_the_wires_has_the_devices_in_it() -> None:
    spoken = wires((0.5, 0.3), (1.5, 0.0))
    played = wires((0.8, 0.0), (1.0, 0.1), (0.2, 0.0))
    found = heard(spoken, played, RATE_HZ, device_s=0.04)
    assert (found.gap_ms, found.cut_in) == (340.0, False)
    assert heard(spoken, wires((2.0, 0.001)), RATE_HZ, 0.04).gap_ms is None
    early = heard(spoken, wires((0.3, 0.0), (1.7, 0.1)), RATE_HZ, 0.04)
    assert (early.gap_ms, early.cut_in) == (None, True)


def test_the_tape_gives_what_was_written_since_and_counts_runs_of_late_blocks() -> None:
    clock = FakeClock()
    tape = Tape(RATE_HZ, clock, latency_s=0.06)
    block_s = BLOCK_MS / 1000

    def write(after_s: float, level: float) -> None:
        clock.advance(after_s)
        tape.write(tone(block_s, level), tone(block_s, level / 2))

    for _ in range(3):
        write(block_s, 0.2)
    assert tape.late == 0
    write(block_s + 0.05, 0.2)  # late, but less than the device holds
    assert tape.late == 0
    write(block_s + 0.05, 0.2)  # 100 ms late by now
    write(0.0, 0.2)
    assert tape.late == 1
    for _ in range(5):
        write(0.0, 0.2)  # it catches up
    write(0.5, 0.2)
    assert tape.late == 2
    spoken, played = tape.take()
    assert len(spoken) == len(played) == 12 * RATE_HZ * BLOCK_MS // 1000
    np.testing.assert_allclose(played, spoken / 2, atol=2 / 32768)
    assert tape.take()[0].size == 0


# ---- machine


def test_cpu_time_is_told_as_a_share_of_one_core() -> None:
    before, after = machine.Spent(10.0, 3.0), machine.Spent(14.0, 9.0)
    assert machine.percent_of_core(before, after) == 150.0
    assert machine.percent_of_core(before, before) == 0.0
    assert machine.spent(5.0).cpu_s > 0


def test_the_machine_is_described_and_memory_found() -> None:
    described = machine.describe()
    assert described.cpu
    assert described.cores >= 1
    assert "onnxruntime" in described.engines
    resident, peak = machine.resident_mb(), machine.peak_mb()
    assert resident is None or resident > 1
    assert peak is None or resident is None or peak > resident * 0.9
