"""A budget file -> which of its limits a report breaks. docs/budget.example.toml shows every kind of key."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.bench.findings import LOSSES
from voicecli.config.toml import parse, printable, shown
from voicecli.errors import ConfigError
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from voicecli.bench.findings import Report, StageFigures

PERCENTILES = ("p50", "p90", "p99")
_EXAMPLE = "docs/budget.example.toml shows what there is"


@dataclass(frozen=True, slots=True)
class Limit:
    """The most a figure may be. A figure that was not measured breaks it."""

    key: str
    most: float

    def broken_by(self, found: float | None) -> str | None:
        """Say in one line how the limit is broken; None if it is kept."""
        if found is None:
            return f"{self.key}: not measured, the budget is {self.most:g}"
        if found > self.most:
            return f"{self.key}: {found:g}, the budget is {self.most:g}"
        return None


def read_budget(path: Path) -> list[Limit]:
    """Read a TOML file of limits.

    Raises ConfigError: unreadable, no TOML, an unknown key (with the nearest known one), a value that is no
    number of 0 or more, or no limit at all.
    """
    name = printable(str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}", _EXAMPLE) from None
    limits = [_limit(name, key, value) for key, value in _flat(parse(data, name), "")]
    if not limits:
        raise ConfigError(f"{name} sets no limit", _EXAMPLE)
    return limits


def broken(limits: Sequence[Limit], report: Report) -> list[str]:
    """One line for each limit the report breaks."""
    found = _figures(report)
    lines = (limit.broken_by(found.get(limit.key)) for limit in limits)
    return [line for line in lines if line is not None]


def known_keys() -> list[str]:
    """Every key a budget may have."""
    timed = [
        f"{stage}.{percentile}_ms"
        for stage in (*STAGES, "total", "wire_total", "decided")
        for percentile in PERCENTILES
    ]
    engines = [
        f"{engine}.{load}_{figure}"
        for engine, figure in (
            *(("detector", "rtf"), ("transcriber", "rtf"), ("synthesizer", "rtf")),
            *(("detector", "ms"), ("transcriber", "ms"), ("synthesizer", "ms"), ("generator", "ms")),
        )
        for load in ("idle", "busy")
    ]
    cpu = ["cpu.talk_percent", "cpu.idle_percent", "cpu.rss_mb", "cpu.peak_rss_mb"]
    return [*timed, *engines, *cpu, *LOSSES, "drafts_dropped", "drafts_dropped_ms"]


def _flat(table: dict[str, object], path: str) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _limit(name: str, key: str, value: object) -> Limit:
    known = known_keys()
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        remedy = f"perhaps {near[0]}" if near else _EXAMPLE
        raise ConfigError(f"{name}: there is no {printable(key[:60])}", remedy)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return Limit(key, float(value))
    raise ConfigError(f"{name}: {key} cannot be {shown(value)}", "give a number, 0 or more")


def _figures(report: Report) -> dict[str, float | None]:
    """Key -> what the report measured; a key that is absent was not measured."""
    stages: dict[str, StageFigures | None] = {
        **report.stages,
        "wire_total": report.wire_total,
        "decided": report.decided,
    }
    found: dict[str, float | None] = dict(report.losses)
    for stage, measured in stages.items():
        if measured is not None:
            for percentile in PERCENTILES:
                found[f"{stage}.{percentile}_ms"] = getattr(measured, percentile)
    for engine in report.engines:
        for figure in ("idle_rtf", "busy_rtf", "idle_ms", "busy_ms"):
            found[f"{engine.name}.{figure}"] = getattr(engine, figure)
    for figure in ("talk_percent", "idle_percent", "rss_mb", "peak_rss_mb"):
        found[f"cpu.{figure}"] = getattr(report.cpu, figure)
    found["drafts_dropped"] = sum(turn.drafts_dropped for turn in report.turns)
    found["drafts_dropped_ms"] = sum(turn.drafts_dropped_ms for turn in report.turns)
    return found
