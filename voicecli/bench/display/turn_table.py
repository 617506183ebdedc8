"""What `voicecli bench turns` found -> text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from voicecli.bench.display.table import console_on
from voicecli.bench.turns.sweep import DELAYS_S, best, fewest_cuts
from voicecli.floor.turns.turn import LATE_S

if TYPE_CHECKING:
    from typing import TextIO

    from voicecli.bench.turns.counting import Cuts, TriedSetting
    from voicecli.bench.turns.sweep import Curves

LIMITS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of pauses cut for which the table has a line."""

KINDS_OF_CUT = (
    f"unheard: the speaker went on before the reply sounded; rejoined: within {LATE_S:g} s of its first "
    "sound, and the words are joined; lost: later"
)


def print_curves(split: str, found: Curves, stdout: TextIO) -> None:
    """Write the best setting of each way for each limit, then the figures of the settings the user has."""
    console = console_on(stdout)
    as_set = found.as_set
    table = Table(
        title=f"dead air: {_some(as_set.turns, 'turn')} with {_some(as_set.pauses, 'pause')} inside, {split}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("")
    for name in found.ways:
        table.add_column(name)
    table.add_row("pauses cut", *["mean (median, p90)"] * len(found.ways))
    for limit in LIMITS:
        cells = [_cell(best(points, limit)) for points in found.ways.values()]
        table.add_row(f"at most {100 * limit:.0f} %", *cells)
    table.add_row("\nmean dead air", *["\npauses cut"] * len(found.ways))
    for delay_s in DELAYS_S:
        cells = [_cell_by_delay(fewest_cuts(points, delay_s)) for points in found.ways.values()]
        table.add_row(f"at most {1000 * delay_s:.0f} ms", *cells)
    console.print(table)
    console.print()
    for line in _as_set(as_set):
        console.print(line)


def _as_set(point: TriedSetting) -> list[str]:
    mean_s, median_s, p90_s = point.dead_air_mean_s, point.dead_air_s, point.dead_air_p90_s
    delay = f"mean {mean_s:.2f} s, median {median_s:.2f} s, p90 {p90_s:.2f} s"
    return [
        f"as it is set, {point.setting}:",
        f"dead air: {delay}; {point.missed} never answered",
        _counted("pauses", point.pause_cuts, point.pauses, point.pauses_cut_bounds),
        _counted("turns", point.turn_cuts, point.turns, point.cut_off_bounds),
        KINDS_OF_CUT,
    ]


def _counted(what: str, cuts: Cuts, n: int, within: tuple[float, float]) -> str:
    low, high = within
    share = f"{100 * cuts.all / n:.1f} % (95 %: {100 * low:.1f} to {100 * high:.1f} %)" if n else "-"
    return (
        f"{what} cut: {cuts.all} of {n}, {share}: "
        f"{cuts.unheard} unheard, {cuts.rejoined} rejoined, {cuts.lost} lost"
    )


def _some(n: int, what: str) -> str:
    return f"{n} {what if n == 1 else what + 's'}"


def _cell(point: TriedSetting | None) -> str:
    if point is None:
        return "-"
    return (
        f"{point.dead_air_mean_s:.2f} s ({point.dead_air_s:.2f}, {point.dead_air_p90_s:.2f})\n{point.setting}"
    )


def _cell_by_delay(point: TriedSetting | None) -> str:
    if point is None:
        return "-"
    return f"{100 * point.pauses_cut_rate:.1f} %, {point.pause_cuts.lost} lost\n{point.setting}"
