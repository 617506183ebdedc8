"""What many callers found -> a table for a terminal: a figure to a line, a number of callers to a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from voicecli.bench.crowd.capacity import LOOKS_KEPT, MOST_WAIT_MS
from voicecli.bench.display.table import console_on
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from typing import TextIO

    from voicecli.bench.crowd.capacity import CapacityReport, CrowdRow


def print_capacity(report: CapacityReport, stdout: TextIO) -> None:
    """Write the table, and how many callers the server bears."""
    console = console_on(stdout)
    console.print(_table(report.rows))
    console.print()
    for line in _conclusions(report):
        console.print(Text(safe(line)))


def _conclusions(report: CapacityReport) -> list[str]:
    tried = ", ".join(str(each.callers) for each in report.rows)
    lines = [
        f"Tried with {tried} callers at once, the server bears {report.bears or 'none of these numbers'}."
    ]
    if report.why_no_more:
        lines.append(f"What is too much with {report.why_no_more}.")
    lines.append(
        f"It bears so many if p95 is below {MOST_WAIT_MS / 1000:.0f} s, no answer has a gap, nobody is "
        f"refused or lost, and looks come {LOOKS_KEPT:.0%} as often as to the fewest callers."
    )
    return lines


def _table(rows: list[CrowdRow]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("callers", overflow="fold")
    for each in rows:
        table.add_column(str(each.callers), justify="right")
    for name, values in _figures(rows):
        table.add_row(name, *values)
    return table


def _figures(rows: list[CrowdRow]) -> list[tuple[str, list[str]]]:
    """The name of each figure, and its value for each row."""
    return [
        ("refused, lost", [f"{each.refused}, {each.lost}" for each in rows]),
        ("lines, unanswered, cut off", [f"{each.lines}, {each.unanswered}, {each.cut_ins}" for each in rows]),
        ("wait for the answer, ms: p50", [_number(each.wait_p50_ms) for each in rows]),
        ("  p95", [_number(each.wait_p95_ms) for each in rows]),
        ("  p99", [_number(each.wait_p99_ms) for each in rows]),
        ("gaps in answers", [str(each.gaps) for each in rows]),
        ("  in a minute of speech", [_number(each.gaps_a_minute, 2) for each in rows]),
        ("lead of the sound, ms: p5", [_number(each.lead_p5_ms) for each in rows]),
        ("interruptions", [str(each.interruptions) for each in rows]),
        ("  until silence, ms: p50", [_number(each.silence_p50_ms) for each in rows]),
        ("  p95", [_number(each.silence_p95_ms) for each in rows]),
        ("wrong words, %", [_number(each.wrong_words_percent, 1) for each in rows]),
        ("looks in a second of speech", [_number(each.looks_a_second, 2) for each in rows]),
        ("server: CPU, % of a core", [_number(each.server_cpu_percent) for each in rows]),
        ("  for each caller", [_number(_each(each)) for each in rows]),
        ("  memory, MB", [_number(each.server_mb) for each in rows]),
        ("  loop lag, ms: p99 at most", [_number(each.loop_lag_p99_ms) for each in rows]),
        ("one more caller refused, ms: p50", [_number(each.refusal_p50_ms) for each in rows]),
        ("  slowest", [_number(each.refusal_worst_ms) for each in rows]),
        ("a caller itself: CPU, %", [_number(each.caller_cpu_percent, 1) for each in rows]),
        ("  late by at most, ms", [_number(each.caller_late_ms) for each in rows]),
    ]


def _each(found: CrowdRow) -> float | None:
    inside = found.callers - found.refused
    return None if found.server_cpu_percent is None or not inside else found.server_cpu_percent / inside


def _number(value: float | None, decimals: int = 0) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"
