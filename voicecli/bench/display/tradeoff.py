"""The part of the page on the turn decision: a picture, the figures of eot-bench, and all in numbers.

Text comes from outside and is escaped; a number that is missing or null is shown as a dash.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from voicecli.bench.display import charts, tables
from voicecli.bench.turns.holds import HOLD_S
from voicecli.floor.turns.turn import LATE_S

if TYPE_CHECKING:
    from voicecli.bench.display.tables import Row

REACHED = {
    "cut_at_300_ms_percent": "pauses cut at a mean delay of 300 ms, %",
    "cut_at_600_ms_percent": "at 600 ms, %",
    "delay_at_5_percent_s": "mean delay at 5 % cut, s",
    "delay_at_10_percent_s": "at 10 %, s",
}
POINT = {
    "false_cutoffs_percent": "pauses cut %",
    "unheard_percent": "unheard %",
    "rejoined_percent": "rejoined %",
    "lost_percent": "lost %",
    "turns_cut_percent": "turns cut %",
    "dead_air_s": "dead air, mean s",
    "dead_air_median_s": "median s",
    "dead_air_p90_s": "p90 s",
}
NOTES = (
    f"Pauses of {HOLD_S[0]:g} to {HOLD_S[1]:g} s inside a turn. Unheard: the speaker went on before the "
    f"reply sounded; rejoined: within {LATE_S:g} s of its first sound, the words are joined; lost: later. "
    "Budgets are those of eot-bench: each figure is the best of any setting that keeps it, chosen on these "
    "turns."
)


def tradeoff(found: object) -> str:
    """The section; empty where no curve has a point. `found`: `tradeoff` of `voicecli bench --json`."""
    curves = [curve for curve in tables.rows(tables.row(found).get("curves")) if _known(curve)]
    if not curves:
        return ""
    drawn = {str(curve.get("name")): _known(curve) for curve in curves}
    legend = "".join(
        f"<li>{charts.curve_key(number)} {escape(name)}</li>" for number, name in enumerate(drawn)
    )
    return tables.section(
        "The turn decision: false cut-offs against dead air",
        f'<ul class="legend">{legend}</ul><figure><figcaption>upwards: mean dead air after a turn; '
        "to the right: pauses inside turns that were taken for the end. Nearer to the lower left corner is "
        f'better.</figcaption><div class="plot scaled">{charts.tradeoff("tradeoff", drawn)}</div></figure>'
        + _reached(curves)
        + f'<p class="faint">{NOTES}</p>'
        + _numbers(tables.row(found), curves),
    )


def _known(curve: Row) -> list[tuple[float, float]]:
    pairs = [
        (tables.number(point.get("false_cutoffs_percent")), tables.number(point.get("dead_air_s")))
        for point in tables.rows(curve.get("points"))
    ]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _reached(curves: list[Row]) -> str:
    cells = []
    for curve in curves:
        reached = tables.row(curve.get("reached"))
        cells.append([tables.text(curve.get("name")), *(tables.figure(reached.get(key)) for key in REACHED)])
    return tables.table("Best within a budget", ["decision", *REACHED.values()], cells)


def _numbers(found: Row, curves: list[Row]) -> str:
    head = ["decision", "setting", *POINT.values()]
    cells = [
        _cells(tables.text(curve.get("name")), point)
        for curve in curves
        for point in tables.rows(curve.get("points"))
    ]
    as_set = tables.row(found.get("as_set"))
    shown = ""
    if as_set:
        counted = f"{tables.figure(found.get('turns'))} turns, {tables.figure(found.get('pauses'))} pauses"
        shown = f'<p class="faint">As it is set: {counted}</p>' + tables.table(
            "As it is set", head, [_cells("as it is set", as_set)], {1: "words"}
        )
    return (
        f"{shown}<details><summary>The same in numbers</summary>"
        + tables.table("Trade-off in numbers", head, cells, {1: "words"})
        + "</details>"
    )


def _cells(name: str, point: Row) -> list[str]:
    return [name, tables.text(point.get("setting")), *(tables.figure(point.get(key)) for key in POINT)]
