"""Whether a talk keeps up: how full and how late each part of it is -> one level. Pure.

    level       rises after RISE_S above      falls after FALL_S below
    warning     its thresholds                EASE of its thresholds, one level at a time
    critical    its thresholds                EASE of its thresholds

The lower threshold on the way down, and the wait, keep the level from going to and fro.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Level: TypeAlias = Literal["calm", "warning", "critical"]

LEVELS: tuple[Level, ...] = ("calm", "warning", "critical")

RISE_S = 0.5
"""s: a hiccup of the computer that is over sooner changes nothing. Chosen, not measured."""

FALL_S = 2.0
"""s: a calm that is over sooner changes nothing. Chosen; steps of `quality` are taken back later still."""

EASE = 0.6
"""The level falls below this share of what makes it rise."""

BUCKET_S = 10.0
"""s: of each such stretch of time the growth alarm keeps how full a place was at its emptiest. So a queue
that is filled in bursts and emptied between them does not grow."""

GROWING = 0.8
"""Share of all pairs of such stretches in which the later is the fuller, for steady growth."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One part of a talk at one moment."""

    name: str
    fill: float = 0.0
    """Share of its room that is taken, 0..1."""
    lag_s: float = 0.0
    """How long the oldest of what waits there has waited, s."""
    late_s: float = 0.0
    """How much later than usual an engine is, s."""


@dataclass(frozen=True, slots=True)
class PressureLimits:
    """What is much. Each pair: for warning, for critical."""

    fill: tuple[float, float] = (0.5, 0.8)
    lag_s: tuple[float, float] = (1.0, 3.0)
    late_s: tuple[float, float] = (0.4, 1.2)
    growth_s: float = 180.0
    """How long a place must have grown steadily before that is told."""
    growth: float = 0.05
    """Share of its room by which it must have grown meanwhile."""


class Pressure:
    """The level of one talk."""

    def __init__(self, limits: PressureLimits) -> None:
        self._limits = limits
        self._at = 0
        self._since: tuple[int, float] | None = None  # where to it would change, and since when

    @property
    def level(self) -> Level:
        """The level at this moment."""
        return LEVELS[self._at]

    def push(self, now: float, readings: Sequence[Reading]) -> Level:
        """Take what is seen of all parts at one moment."""
        wanted = max((self._reached(reading, 1.0) for reading in readings), default=0)
        if wanted <= self._at:
            eased = max((self._reached(reading, EASE) for reading in readings), default=0)
            wanted = self._at - 1 if eased < self._at else self._at
        if wanted == self._at:
            self._since = None
            return self.level
        # From warning to critical and back within the wait is still a rise, so only the direction counts.
        way = 1 if wanted > self._at else -1
        if self._since is None or self._since[0] != way:
            self._since = way, now
        if now - self._since[1] >= (RISE_S if way > 0 else FALL_S):
            self._at, self._since = wanted, None
        return self.level

    def _reached(self, reading: Reading, share: float) -> int:
        """The highest level whose thresholds, times `share`, the reading reaches."""
        limits = self._limits
        pairs = ((reading.fill, limits.fill), (reading.lag_s, limits.lag_s), (reading.late_s, limits.late_s))
        return max(sum(value >= share * limit for limit in both) for value, both in pairs)


class Growth:
    """Finds places that have grown steadily for a while, however far from full they are."""

    def __init__(self, limits: PressureLimits) -> None:
        self._limits = limits
        self._places: dict[str, _Place] = {}

    def push(self, now: float, readings: Sequence[Reading]) -> list[str]:
        """Take what is seen of all places; name those that turn out to grow, each once until it is empty."""
        return [reading.name for reading in readings if self._grows(now, reading)]

    def _grows(self, now: float, reading: Reading) -> bool:
        count = max(3, round(self._limits.growth_s / BUCKET_S))
        place = self._places.setdefault(reading.name, _Place(now, deque(maxlen=count)))
        place.told = place.told and reading.fill > 0
        place.emptiest = min(place.emptiest, reading.fill)
        if now - place.began_at < BUCKET_S:
            return False
        if not place.emptiest:  # it begins anew
            place.buckets.clear()
        place.buckets.append(place.emptiest)
        place.began_at, place.emptiest = now, reading.fill
        grows = len(place.buckets) == count and steadily(place.buckets) >= self._limits.growth
        told, place.told = place.told, place.told or grows
        return grows and not told


@dataclass(slots=True)
class _Place:
    began_at: float  # of the newest bucket
    buckets: deque[float]
    emptiest: float = field(default=1.0)
    told: bool = False


def steadily(fills: Sequence[float]) -> float:
    """By how much a place grew from the first to the last of these, if it grew steadily; else 0.

    The median of the slopes between all pairs (Theil-Sen): up to 29 % of the values may be anything. Sen,
    "Estimates of the regression coefficient based on Kendall's tau", 1968.
    """
    slopes = [(fills[b] - fills[a]) / (b - a) for a, b in combinations(range(len(fills)), 2)]
    rising = sum(slope > 0 for slope in slopes)
    return median(slopes) * (len(fills) - 1) if rising >= GROWING * len(slopes) else 0.0
