"""Events -> the figures of a talk: how long each stage took, what was interrupted, what was lost."""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.events import Interrupted, TurnDone
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from voicecli.events import Event

TURNS_KEPT = 10_000
"""Newest turns whose times count: days of talk, a few MB."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of one time over all answered turns, ms: 90 % or 99 % of them took no longer. docs/latency.md."""

    count: int
    p50: float
    p90: float
    p99: float


def percentiles(values: Sequence[float]) -> Percentiles | None:
    """None if there are no values."""
    if not values:
        return None
    ranked = sorted(values)
    p90, p99 = (ranked[math.ceil(share * len(ranked)) - 1] for share in (0.90, 0.99))
    return Percentiles(len(ranked), statistics.median(ranked), p90, p99)


class TalkTally:
    """Counts while a talk goes on, or while a recorded one is read."""

    def __init__(self) -> None:
        self.turns = 0
        self.interruptions = 0
        self.losses: dict[str, int] = {}
        self._latency_ms: deque[Mapping[str, float]] = deque(maxlen=TURNS_KEPT)

    def add(self, event: Event) -> None:
        """Count an event."""
        match event:
            case TurnDone(latency_ms=latency_ms):
                self.turns += 1
                if "total" in latency_ms:
                    self._latency_ms.append(latency_ms)
            case Interrupted():
                self.interruptions += 1
            case _:
                pass

    def of(self, stage: str) -> Percentiles | None:
        """The percentiles of a stage, or of `total`."""
        return percentiles([each[stage] for each in self._latency_ms if stage in each])

    def short(self) -> str:
        """One line for the end of a talk; empty where no turn was over."""
        if not self.turns:
            return ""
        parts = [_count(self.turns, "turn"), _count(self.interruptions, "interruption")]
        if total := self.of("total"):
            parts.append(
                f"answered after {total.p50:.0f} ms (p50), {total.p90:.0f} ms (p90), {total.p99:.0f} ms (p99)"
            )
        return ", ".join(parts) + self._lost()

    def _lost(self) -> str:
        lost = [f"{name} {count}" for name, count in self.losses.items() if count]
        return f"; lost: {', '.join(lost)}" if lost else ""

    def table(self) -> Iterator[str]:
        """All figures, line by line."""
        yield f"{_count(self.turns, 'turn')}, {_count(self.interruptions, 'interruption')}{self._lost()}"
        rows = [(stage, found) for stage in (*STAGES, "total") if (found := self.of(stage))]
        if rows:
            yield f"{'ms':14}{'p50':>8}{'p90':>8}{'p99':>8}{'turns':>8}"
        for stage, found in rows:
            yield f"{stage:14}{found.p50:8.0f}{found.p90:8.0f}{found.p99:8.0f}{found.count:8}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
