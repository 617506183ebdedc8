"""Numbers -> inline SVG of any width: positions are percent of the width, so text is never scaled.

Nothing here relies on colour alone: stages have numbers, curves have shapes, and every picture has a title
and a description that hold its values.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from voicecli.bench.display.tables import label
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_TICKS = 5
"""Most steps of an axis: on the screen of a telephone each has about 60 pixels."""

DIGIT_PERCENT = 4.0
"""Percent of the picture's width. On a telephone, a narrower stage has no room for its number."""

SHAPES = (
    '<circle r="4"/>',
    '<rect x="-4" y="-4" width="8" height="8"/>',
    '<path d="M0 -5 5 4 -5 4Z"/>',
    '<path d="M0 -6 5 0 0 6 -5 0Z"/>',
)
"""What marks the points of the first curve, the second, and so on."""

_DASHES = ("none", "7 4", "2 3", "9 3 2 3")


@dataclass(frozen=True, slots=True)
class Axis:
    """From 0 to `end` in round steps."""

    step: float
    end: float

    @classmethod
    def to(cls, largest: float) -> Axis:
        """An axis up to `largest`, in at most `MOST_TICKS` steps of 1, 2, 2.5 or 5 times a power of ten."""
        if largest <= 0:
            return cls(1.0, 1.0)
        power = 10.0 ** (math.floor(math.log10(largest)) - 1)
        while True:
            for digit in (1.0, 2.0, 2.5, 5.0):
                if largest <= digit * power * MOST_TICKS:
                    step = digit * power
                    return cls(step, step * math.ceil(round(largest / step, 6)))
            power *= 10

    def ticks(self) -> list[float]:
        """Every step, both ends included."""
        return [number * self.step for number in range(round(self.end / self.step) + 1)]

    def share(self, value: float) -> float:
        """Where `value` lies, 0..1."""
        return value / self.end

    def x(self, value: float) -> str:
        """Where `value` lies, in percent of the width."""
        return percent(self.share(value))


def percent(share: float) -> str:
    """0..1 as SVG writes it."""
    return f"{100 * share:.2f}%"


def picture(name: str, title: str, description: str, height: int, body: str) -> str:
    """An SVG that is one image to a screen reader. `name` is unique in the page; the others are text."""
    return (
        f'<svg role="img" aria-labelledby="{name}-t {name}-d" width="100%" height="{height}">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
        f"{body}</svg>"
    )


def waterfall(
    name: str, title: str, latency_ms: Mapping[str, float], wire_ms: float | None, axis: Axis
) -> str:
    """One turn: its stages one after another, with their numbers; the longest one has its name."""
    total = latency_ms["total"]
    stages = {stage: latency_ms.get(stage, 0.0) for stage in STAGES}
    words = ", ".join(f"{label(stage)} {spent:.0f} ms" for stage, spent in stages.items())
    longest = max(STAGES, key=lambda stage: stages[stage])
    body, at = [_grid(axis, 16, 46)], 0.0
    for number, (stage, spent) in enumerate(stages.items(), 1):
        if spent <= 0:
            continue
        body.append(
            f'<rect class="s{number}" x="{axis.x(at)}" y="20" width="{axis.x(spent)}" height="22">'
            f"<title>{number} {label(stage)} {spent:.0f} ms</title></rect>"
        )
        if 100 * axis.share(spent) >= DIGIT_PERCENT:
            body.append(f'<text class="on s{number}" x="{axis.x(at + spent / 2)}" y="35">{number}</text>')
        if stage == longest:
            left = axis.share(at) < 0.5
            text = f"▼ {number} {label(stage)} {spent:.0f} ms"
            body.append(
                f'<text class="{"from" if left else "to"}" x="{axis.x(at if left else at + spent)}" y="12">'
                f"{text}</text>"
            )
        at += spent
    if wire_ms is not None:
        words += f"; measured on the wires {wire_ms:.0f} ms"
        body.append(f'<svg class="wire" x="{axis.x(wire_ms)}" y="43"><path d="M0 0 4 7 -4 7Z"/></svg>')
    return picture(name, f"{title}: {total:.0f} ms", words, 52, "".join(body))


def time_axis(axis: Axis) -> str:
    """The axis under all waterfalls. Their descriptions say the same, so screen readers skip it."""
    return f'<svg aria-hidden="true" width="100%" height="18">{_below(axis, 13, " ms")}</svg>'


def distribution(name: str, totals_ms: Sequence[float], marks_ms: Mapping[str, float]) -> str:
    """The share of turns that took at most so long: a curve with a dot a turn, and lines at `marks_ms`."""
    top, bottom, count = 44, 164, len(totals_ms)
    ordered = sorted(totals_ms)
    axis = Axis.to(max([*ordered, *marks_ms.values()]))
    body = [_grid(axis, top, bottom), _below(axis, bottom + 18, " ms")]
    body += [
        f'<text class="to" x="-8" y="{bottom - share * (bottom - top) + 4:.0f}">{100 * share:.0f} %</text>'
        for share in (0.0, 0.5, 1.0)
    ]
    body += [_line("mark", (axis.x(value), 16), (axis.x(value), bottom)) for value in marks_ms.values()]
    for row, (mark, value) in enumerate(marks_ms.items()):
        side = "from" if axis.share(value) < 0.5 else "to"
        body.append(
            f'<text class="{side} over-lines" x="{axis.x(value)}" y="{12 + 16 * row}">'
            f"{label(mark)} {value:.0f} ms</text>"
        )
    heights = [bottom - (bottom - top) * number / count for number in range(count + 1)]
    for number, value in enumerate(ordered):
        x, up = axis.x(value), heights[number + 1]
        further = axis.x(ordered[number + 1]) if number + 1 < count else "100%"
        body.append(_line("curve", (x, heights[number]), (x, up)) + _line("curve", (x, up), (further, up)))
        body.append(f'<circle class="dot" cx="{x}" cy="{up:.1f}" r="4"/>')
    words = "In order, ms: " + ", ".join(f"{value:.0f}" for value in ordered)
    return picture(name, f"Latency of {count} turns", words, bottom + 24, "".join(body))


def tradeoff(name: str, curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Curves of (false cut-offs in percent, dead air in s), each with a shape of its own."""
    top, bottom = 8, 208
    points = [point for curve in curves.values() for point in curve]
    across, up = Axis.to(max(x for x, _ in points)), Axis.to(max(y for _, y in points))

    def place(point: tuple[float, float]) -> tuple[str, float]:
        return across.x(point[0]), bottom - up.share(point[1]) * (bottom - top)

    body = [_grid(across, top, bottom), _below(across, bottom + 18, " %")]
    for tick in up.ticks():
        y = place((0.0, tick))[1]
        body.append(_line("grid", ("0", y), ("100%", y)))
        body.append(f'<text class="to" x="-8" y="{y + 4:.0f}">{tick:g} s</text>')
    for number, curve in enumerate(curves.values()):
        places = [place(point) for point in sorted(curve)]
        dashes = f'stroke-dasharray="{_DASHES[number % len(_DASHES)]}"'
        lines = "".join(_line("", here, there) for here, there in itertools.pairwise(places))
        shapes = "".join(f'<svg x="{x}" y="{y:.1f}">{SHAPES[number % len(SHAPES)]}</svg>' for x, y in places)
        body.append(f'<g class="c{number % 4 + 1}"><g {dashes}>{lines}</g>{shapes}</g>')
    words = "; ".join(
        f"{curve}: " + ", ".join(f"{x:g} % at {y:g} s" for x, y in sorted(places))
        for curve, places in curves.items()
    )
    return picture(name, "Dead air against false cut-offs", words, bottom + 24, "".join(body))


def curve_key(number: int) -> str:
    """The line and the shape of one curve, for a legend."""
    return (
        f'<svg aria-hidden="true" class="key c{number % 4 + 1}" width="36" height="14">'
        f'<line stroke-dasharray="{_DASHES[number % len(_DASHES)]}" x1="0" y1="7" x2="36" y2="7"/>'
        f'<svg x="18" y="7">{SHAPES[number % len(SHAPES)]}</svg></svg>'
    )


def budget_bar(p50: float | None, p90: float | None, budget: float) -> str:
    """Draw a bar up to p50, a line from there to p90, and in the middle a mark for the budget."""
    middle = percent(0.5)
    body = ""
    if p50 is not None:
        wide = percent(min(1.0, p50 / budget / 2))
        body += f'<rect class="{"over" if p50 > budget else "within"}" y="4" width="{wide}" height="12"/>'
        if p90 is not None and p90 > p50:
            body += _line("reach", (wide, 10), (percent(min(1.0, p90 / budget / 2)), 10))
    body += _line("budget", (middle, 0), (middle, 20))
    return f'<svg aria-hidden="true" class="bar" width="100%" height="20">{body}</svg>'


def _line(kind: str, begin: tuple[str, float], end: tuple[str, float]) -> str:
    named = f'class="{kind}" ' if kind else ""
    return f'<line {named}x1="{begin[0]}" y1="{begin[1]:.1f}" x2="{end[0]}" y2="{end[1]:.1f}"/>'


def _grid(axis: Axis, top: int, bottom: int) -> str:
    return "".join(_line("grid", (axis.x(tick), top), (axis.x(tick), bottom)) for tick in axis.ticks())


def _below(axis: Axis, y: int, unit: str) -> str:
    return "".join(_labelled(axis, y, unit))


def _labelled(axis: Axis, y: int, unit: str) -> Iterator[str]:
    ticks = axis.ticks()
    for tick in ticks:
        # Only the last one has the unit, and ends where the axis ends: the page is no wider.
        last = tick == ticks[-1]
        yield (
            f'<text class="{"to" if last else "at"}" x="{axis.x(tick)}" y="{y}">'
            f"{tick:g}{unit if last else ''}</text>"
        )
