"""A report -> text for a terminal, legible at 80 columns, without colour and in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from voicecli.bench.figures import counted
from voicecli.view.safe import safe
from voicecli.waiting.buffers import added_ms
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from voicecli.bench.compare import Change
    from voicecli.bench.findings import Report, StageFigures

WIDTH = 80
"""Columns where the output has no width: a pipe, a file."""

BAR = 14
"""Columns of a bar; its middle is the budget."""


def print_report(report: Report, stdout: TextIO) -> None:
    """Write the whole report."""
    unicode = "utf" in (getattr(stdout, "encoding", None) or "").lower()
    console = console_on(stdout)
    for part in (
        _head(report),
        _stages(report, full="█" if unicode else "#", limit="│" if unicode else "|"),
        _notes(report),
        _turns(report),
        _engines(report),
        _resources(report),
        _buffers(report),
    ):
        console.print(part)


def print_changes(changes: Sequence[Change], caveats: Sequence[str], stdout: TextIO) -> None:
    """Write what `--compare` found."""
    table = _table("ms at the median", "old", "now", "change", "99 % of chance", "")
    for change in changes:
        table.add_row(
            _label(change.stage),
            f"{change.old_p50:.0f}",
            f"{change.new_p50:.0f}",
            f"{change.difference:+.0f}",
            f"{change.low:+.0f} to {change.high:+.0f}",
            change.verdict,
            style="" if change.verdict in ("slower", "faster") else "dim",
        )
    console = console_on(stdout)
    console.print()
    console.print(table)
    for line in caveats:
        console.print(Text(safe(line)))


def console_on(stdout: TextIO) -> Console:
    """A console without markup and highlighting; as wide as the terminal, 80 columns where there is none."""
    width = None if stdout.isatty() else WIDTH
    return Console(file=stdout, width=width, markup=False, emoji=False, highlight=False)


def _table(first: str, *titles: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(first, overflow="fold")
    for title in titles:
        table.add_column(title, justify="right" if title else "left", overflow="fold")
    return table


def _label(name: str) -> str:
    return safe(name).replace("_", " ")


def _head(report: Report) -> Text:
    models, machine = report.models, report.machine
    answered = len(counted(report.turns))
    turns = "turn" if len(report.turns) == 1 else "turns"
    return Text(
        f"{answered} of {len(report.turns)} {turns} answered, on {safe(report.devices)} devices\n"
        f"{safe(machine.cpu)}, {machine.cores} cores, {safe(machine.platform)}\n"
        f"{safe(models.transcriber)} > {safe(models.generator)} > {safe(models.voice)}\n"
    )


def _stages(report: Report, full: str, limit: str) -> Table:
    table = _table("ms (* waited for)", "p50", "p90", "p99", "budget", "")
    table.columns[-1].header = f"p50 {limit} budget"
    for stage, measured in report.stages.items():
        mark = "*" if stage in report.critical_path else " "
        over = measured.budget_ms is not None and measured.p50 > measured.budget_ms
        last = stage == "total"
        table.add_row(
            f"{mark} {_label(stage)}",
            *_percentiles(measured),
            "" if measured.budget_ms is None else f"{measured.budget_ms:.0f}",
            Text(_bar(measured, full, limit) + (" over" if over else ""), style="red" if over else "green"),
            style="bold" if last else "",
        )
    for name, extra in (("total by level", report.wire_total), ("turn decided", report.decided)):
        if extra is not None:
            table.add_row(f"  {name}", *_percentiles(extra), "", "")
    return table


def _percentiles(measured: StageFigures) -> tuple[str, str, str]:
    return f"{measured.p50:.0f}", f"{measured.p90:.0f}", f"{measured.p99:.0f}"


def _bar(measured: StageFigures, full: str, limit: str) -> str:
    """Draw the median as a bar with the budget marked in the middle. A bar that is too long is cut."""
    if not measured.budget_ms:
        return ""
    middle = BAR // 2
    filled = min(BAR, round(measured.p50 / measured.budget_ms * middle))
    bar = (full * filled).ljust(BAR)
    return f"{bar[:middle]}{limit}{bar[middle:]}".rstrip()


def _notes(report: Report) -> Text:
    definitions = report.definitions
    fewest = min((measured.n for measured in report.stages.values()), default=0)
    lines = [
        f"From {definitions.end_of_speech}, to {definitions.first_sound}.",
        f"n = {fewest}; {definitions.percentiles}.",
    ]
    if "decision" in report.critical_path:
        lines.append("A finished answer waited for the decision: judging the pause is what costs the time.")
    if report.round_trip_ms is not None:
        lines.append(f"Round trip of the devices: {report.round_trip_ms:.0f} ms.")
    return Text("\n".join(lines) + "\n", style="dim")


def _turns(report: Report) -> RenderableType:
    """One row a turn: its stages, and how many tokens of its prompt the model had not read before."""
    table = _table("turn", *(_SHORT.get(stage, stage) for stage in (*STAGES, "total")), "level", "read")
    table.padding = (0, 0)
    for turn in report.turns:
        stages = [turn.latency_ms.get(stage) for stage in (*STAGES, "total")]
        read = turn.prompt_tokens_evaluated
        table.add_row(
            f"{turn.turn}",
            *(_number(ms, 0) for ms in (*stages, turn.wire_total_ms)),
            "-" if read is None else f"{read}",
            style="dim" if turn.cut_in or not turn.latency_ms else "",
        )
    return Group(
        table,
        Text("ms; level: total by level; read: tokens of the prompt, the rest was known.\n", style="dim"),
    )


_SHORT = {
    "device_in": "in",
    "transcribe": "words",
    "first_token": "token",
    "first_clause": "clause",
    "first_audio": "audio",
    "decision": "decide",
    "playback": "play",
}
"""Short names of stages, so that eleven columns fit into a width of 80 characters."""


def _engines(report: Report) -> RenderableType:
    table = _table("engine", "RTF idle", "RTF busy", "ms idle", "ms busy", "calls")
    for engine in report.engines:
        table.add_row(
            safe(engine.name),
            *(_number(rtf, 3) for rtf in (engine.idle_rtf, engine.busy_rtf)),
            *(_number(ms, 1) for ms in (engine.idle_ms, engine.busy_ms)),
            f"{engine.calls}",
        )
    notes = ["RTF: seconds of work for one of sound. ms: per call, of the generator per token."]
    for engine in report.engines:
        idle, busy = engine.idle_prompt_tokens_per_s, engine.busy_prompt_tokens_per_s
        if idle is not None or busy is not None:
            notes.append(f"The generator reads {_number(idle, 0)} tokens/s, busy {_number(busy, 0)}.")
    return Group(table, Text("\n".join(notes) + "\n", style="dim"))


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _resources(report: Report) -> Text:
    cpu = report.cpu
    dropped = sum(turn.drafts_dropped for turn in report.turns)
    cost_ms = sum(turn.drafts_dropped_ms for turn in report.turns)
    lost = [f"{_label(name)} {count}" for name, count in report.losses.items() if count]
    lines = (
        f"CPU     {cpu.talk_percent:.0f} % of a core in the talk, {_number(cpu.idle_percent, 1)} % listening",
        f"memory  {_number(cpu.rss_mb, 0)} MB, at most {_number(cpu.peak_rss_mb, 0)} MB",
        f"drafts  {dropped} superseded, {cost_ms:.0f} ms of work on them",
        f"losses  {', '.join(lost) or 'none'}",
    )
    return Text("\n".join(lines) + "\n")


def _buffers(report: Report) -> RenderableType:
    if not report.buffers:
        return Text("no buffer audit")
    table = _table("buffer", "holds", "now", "peak", "lost", "adds ms", "when full")
    for each in report.buffers:
        table.add_row(
            safe(each.name),
            f"{each.capacity:.0f} {safe(each.unit)}",
            _number(each.fill, 0),
            _number(each.peak, 0),
            f"{each.losses}",
            f"{each.adds_ms:.0f}" + ("" if each.asked_ms is None else f" ({each.asked_ms:.0f})"),
            _label(each.policy),
        )
    together = f"All together add {added_ms(report.buffers):.0f} ms."
    return Group(table, Text(f"{together} In brackets: what the device was asked for.\n"))
