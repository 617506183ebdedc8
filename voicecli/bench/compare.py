"""Two reports -> what changed, and whether by more than chance.

The method is the percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter
13): draw turns from both runs with replacement, compute the difference of the two medians, and repeat that
many times. If the middle 99 % of these differences lie on one side of zero, the change is more than chance. A
comparison has nine rows, so about one in ten comparisons of two equal programs has a row that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from voicecli.bench.figures import counted
from voicecli.bench.findings import LOSSES, from_json
from voicecli.errors import ConfigError
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.bench.findings import Report

LEVEL = 0.99
DRAWS = 4000
FEWEST_TURNS = 5
"""Fewest turns that a run must have: with fewer, the result of the draws says too little."""

Verdict = Literal["slower", "faster", "no change beyond noise", "too few turns to tell"]


@dataclass(frozen=True, slots=True)
class Change:
    """One stage in both runs, ms."""

    stage: str
    old_p50: float
    new_p50: float
    low: float
    high: float
    """`low` to `high`: the middle 99 % of the differences, new minus old, of all draws."""
    verdict: Verdict

    @property
    def difference(self) -> float:
        """Difference of the medians, new minus old, ms."""
        return round(self.new_p50 - self.old_p50, 1)


def read_report(path: Path) -> Report:
    """Read what `voicecli bench --json` wrote. Raises ConfigError: unreadable, no report, another version."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", "check the name") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no report", "give a file that voicecli bench --json wrote") from None
    return from_json(text, str(path))


def compare(old: Report, new: Report) -> list[Change]:
    """Compare each stage, and the totals; leave out stages that one of the two runs has not measured."""
    changes = [_change(stage, _values(old, stage), _values(new, stage)) for stage in (*STAGES, "total")]
    return [change for change in changes if change is not None]


def caveats(old: Report, new: Report) -> list[str]:
    """What else differs between the two runs, one line each: then the comparison says little."""
    pairs = {
        "processor": (old.machine.cpu, new.machine.cpu),
        "cores": (old.machine.cores, new.machine.cores),
        "transcriber": (old.models.transcriber, new.models.transcriber),
        "language model": (old.models.generator, new.models.generator),
        "voice": (old.models.voice, new.models.voice),
        "devices": (old.devices, new.devices),
    }
    lines = [f"other {name}: {before}, now {now}" for name, (before, now) in pairs.items() if before != now]
    if _questions(old) != _questions(new):
        lines.append("other questions")
    lines += [
        f"{name.replace('_', ' ')}: {old.losses.get(name, 0)}, now {new.losses.get(name, 0)}"
        for name in LOSSES
        if old.losses.get(name, 0) != new.losses.get(name, 0)
    ]
    return lines


def _questions(report: Report) -> frozenset[str]:
    return frozenset(turn.question for turn in report.turns)


def _values(report: Report, stage: str) -> list[float]:
    return [turn.latency_ms[stage] for turn in counted(report.turns) if stage in turn.latency_ms]


def _change(stage: str, old: Sequence[float], new: Sequence[float]) -> Change | None:
    if not (old and new):
        return None
    rng = np.random.default_rng(0)  # the same two reports always get the same verdict
    before, after = (np.median(rng.choice(values, (DRAWS, len(values))), axis=1) for values in (old, new))
    low, high = np.quantile(after - before, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    verdict: Verdict = "no change beyond noise"
    if min(len(old), len(new)) < FEWEST_TURNS:
        verdict = "too few turns to tell"
    elif low > 0 or high < 0:
        verdict = "slower" if low > 0 else "faster"
    old_p50, new_p50 = (round(float(np.median(values)), 1) for values in (old, new))
    return Change(stage, old_p50, new_p50, round(float(low), 1), round(float(high), 1), verdict)
