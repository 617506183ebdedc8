"""A run of the bench, with a pipeline that answers at an exact sample: every figure is known beforehand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.bench_engines import RATE_HZ, engines, tone
from tests.bench_report import latency
from tests.sentences import pattern
from voicecli import events
from voicecli.audio.level import to_float
from voicecli.bench import run as bench_run
from voicecli.bench.findings import Report, from_json, to_json
from voicecli.bench.run import SIMULATED, Bench, Devices
from voicecli.config import Config
from voicecli.devices.simulated import SIMULATED_LATENCY_S, RecordedUser, SimulatedStreams
from voicecli.engines import Session
from voicecli.errors import EngineError
from voicecli.events import WEIGHTS, Failed, TurnDone, weight
from voicecli.measure.questions import Question
from voicecli.status import Status
from voicecli.system.clock import MonotonicClock
from voicecli.talk.inboxes import EVENTS
from voicecli.threads.log import Log
from voicecli.waiting.buffers import BufferFill

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams
    from voicecli.messages import Int16

BLOCK_MS = 20
GAP_BLOCKS = 5
"""Blocks of silence before the pretended pipeline answers."""


class Answering:
    """Plays a tone so many blocks after the user fell silent, and tells of the turn."""

    cut_in_at: int | None = None
    """Answers when so many blocks of speech have come, the user's silence or not."""
    mute_turns: tuple[int, ...] = ()
    failing_turns: tuple[int, ...] = ()
    given_up: bool = False
    """Tells of an answer that was given up before the one that sounded."""

    def __init__(
        self, streams: AudioStreams, engines: Session, config: Config, clock: MonotonicClock, began: float
    ) -> None:
        self._streams, self._engines = streams, engines
        self.events: Log[events.Event] = Log(EVENTS, WEIGHTS, weight)
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
            self._engines.recogniser.it.transcribe(to_float(samples[:, 0]))
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
    device: str = SIMULATED,
    hidden_ms: float = 0.0,
    **behaviour: object,
) -> Report:
    pipeline = type("Behaving", (Answering,), behaviour)
    monkeypatch.setattr(bench_run, "Talk", pipeline)
    clock = MonotonicClock()
    streams = SimulatedStreams(RecordedUser(), RATE_HZ, BLOCK_MS, clock)
    devices = Devices(streams, device, hidden_ms * 2 or None, hidden_ms)
    bench = Bench(engines(), devices, Config(), clock, stop or threading.Event(), tell)
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


def test_what_devices_do_not_tell_is_added_to_the_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    (plain,) = measured(monkeypatch, 1).turns
    report = measured(monkeypatch, 1, device="mine", hidden_ms=25.0)
    (turn,) = report.turns
    assert turn.latency_ms == {**latency(), "playback": 75.0, "total": 425.0}
    assert turn.wire_total_ms == pytest.approx((plain.wire_total_ms or 0) + 25)
    assert (report.devices, report.round_trip_ms) == ("mine", 50.0)
    assert report.losses["xruns"] == 3  # only what the device told


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
    with pytest.raises(EngineError, match=pattern("bench.not_done")):
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
    assert list(by_name) == ["detector", "completion", "transcriber", "generator", "synthesizer"]
    assert all(by_name[name].idle_rtf is not None for name in ("detector", "transcriber", "synthesizer"))
    assert by_name["transcriber"].calls == 2
    assert by_name["generator"].idle_rtf is None
    assert by_name["generator"].idle_ms is not None
