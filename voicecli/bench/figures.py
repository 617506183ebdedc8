"""Single turns -> percentiles, budgets and the critical path."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from voicecli.bench.findings import StageFigures
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from voicecli.bench.findings import MeasuredTurn

BUDGETS_MS: dict[str, float] = {
    "device_in": 60,
    "pause": 70,
    "transcribe": 110,
    "first_token": 70,
    "first_clause": 60,
    "first_audio": 60,
    "decision": 0,
    "playback": 60,
    "total": 600,
}
"""ms that each stage should take at the median: goals, see docs/latency.md."""

WAITED_MS = 1.0
"""ms: a stage that took less is not on the critical path."""


def counted(turns: Iterable[MeasuredTurn]) -> list[MeasuredTurn]:
    """Give the turns that count for the figures: answered ones, but not before the end of the question."""
    return [turn for turn in turns if turn.latency_ms and not turn.cut_in]


def figures(values: Sequence[float], budget_ms: float | None = None) -> StageFigures | None:
    """The percentiles of `values`, as `Definitions` defines them; None if there are no values."""
    if not values:
        return None
    ranked = sorted(values)
    p90, p99 = (ranked[math.ceil(share * len(ranked)) - 1] for share in (0.90, 0.99))
    return StageFigures(len(ranked), round(statistics.median(ranked), 1), p90, p99, budget_ms)


def stage_figures(turns: Sequence[MeasuredTurn]) -> dict[str, StageFigures]:
    """The figures of each stage, in order, and of `total`."""
    found = {
        stage: figures([turn.latency_ms[stage] for turn in counted(turns)], BUDGETS_MS[stage])
        for stage in (*STAGES, "total")
    }
    return {stage: measured for stage, measured in found.items() if measured is not None}


def critical_path(turns: Sequence[MeasuredTurn]) -> list[str]:
    """Stages that took time in the turn whose total is the median (of two, the faster one)."""
    ranked = sorted(counted(turns), key=lambda turn: turn.latency_ms["total"])
    if not ranked:
        return []
    latency_ms = ranked[(len(ranked) - 1) // 2].latency_ms
    return [stage for stage in STAGES if latency_ms[stage] >= WAITED_MS]
