"""The JSON report of `voicecli bench` -> one HTML page that loads nothing else: it has no script and no link.

Text of the report comes from outside (questions, names of models and devices) and is escaped. A number
that is missing or null is shown as a dash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.bench.display import charts, tables
from voicecli.bench.display.charts import Axis
from voicecli.bench.display.style import style
from voicecli.bench.display.tradeoff import tradeoff
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicecli.bench.display.tables import Row

CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Even text that was not escaped by mistake could load nothing and run nothing."""

REACHED = {
    "device_in": "the last speech sample has come through the device and the detector",
    "pause": "the draft that was spoken has begun",
    "transcribe": "its transcript is there",
    "first_token": "the language model has given its first text",
    "first_clause": "the first clause is complete",
    "first_audio": "the first part of the first clause is synthesised",
    "decision": "the turn is taken",
    "playback": "the first audible sample has left the loudspeaker",
    "total": "as playback; all of them together",
}
"""The moment at which each stage ends. Work that was done before the user fell silent adds no time to a
stage."""


def page(report: dict[str, object]) -> str:
    """Make the page; equal reports give equal pages. Shape of a report: `voicecli bench --json`."""
    sections = (
        _turns(report),
        _distribution(report),
        _stages(report),
        tradeoff(report.get("tradeoff")),
        _table("Engines", report, "engines", ENGINES),
        _facts("CPU and memory", tables.row(report.get("cpu")), CPU),
        _facts("Losses", tables.row(report.get("losses"))),
        _table("Buffer audit: where sound and text wait", report, "buffers", BUFFERS),
        _facts("Machine", tables.row(report.get("machine"))),
        _facts("Models", tables.row(report.get("models"))),
        _facts("Definitions", tables.row(report.get("definitions"))),
    )
    made = f"voicecli {tables.text(report.get('voicecli'))}, {tables.text(report.get('made'))}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>voicecli bench, {tables.text(report.get('made'))}</title>\n<style>{style()}</style></head>\n"
        f'<body><header><h1>voicecli bench</h1><p class="faint">{made}</p></header>\n'
        f"<main>{_headline(report)}\n"
        + "\n".join(section for section in sections if section)
        + "\n</main></body></html>\n"
    )


def _headline(report: Row) -> str:
    total = tables.row(tables.row(report.get("stages")).get("total"))
    asked, answered = len(tables.rows(report.get("turns"))), tables.figure(total.get("n"))
    figures = (
        ("median (p50)", tables.milliseconds(total.get("p50"))),
        ("p90", tables.milliseconds(total.get("p90"))),
        ("turns answered", f"{answered} of {asked}"),
    )
    shown = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)
    return (
        f'<dl class="figures">{shown}</dl><p>From the end of the user\'s speech to the first sound of the '
        "agent, device latency included.</p>"
    )


def _turns(report: Row) -> str:
    turns = tables.rows(report.get("turns"))
    spent = [_latency(turn) for turn in turns]
    wires = [tables.number(turn.get("wire_total_ms")) for turn in turns]
    axis = Axis.to(max([0.0, *(one["total"] for one in spent if one), *(wire for wire in wires if wire)]))
    legend = "".join(
        f'<li><i class="s{number}">{number}</i>{tables.label(stage)}</li>'
        for number, stage in enumerate(STAGES, 1)
    )
    rows = []
    for index, (turn, latency, wire) in enumerate(zip(turns, spent, wires, strict=True), 1):
        name, total = f"Turn {tables.figure(turn.get('turn'))}", tables.milliseconds(latency.get("total"))
        drawn = charts.waterfall(f"turn-{index}", name, latency, wire, axis) if latency else ""
        rows.append(
            f"<li><p><b>{name}</b><span>{tables.text(turn.get('question'))}</span>"
            f'<b>{total if latency else "no answer"}</b></p><div class="plot">{drawn}</div></li>'
        )
    head = ["turn", "question", *map(tables.label, STAGES), "total", *map(tables.label, TURN)]
    cells = [
        [tables.figure(turn.get("turn")), tables.text(turn.get("question"))]
        + [tables.figure(latency.get(stage)) for stage in (*STAGES, "total")]
        + [tables.figure(turn.get(key)) for key in TURN]
        for turn, latency in zip(turns, spent, strict=True)
    ]
    return tables.section(
        "Where the time of each turn went",
        f'<ul class="legend">{legend}<li>▼ the stage it waited for longest</li>'
        "<li>▲ total as measured on the wires</li></ul>"
        f'<ol class="turns">{"".join(rows)}</ol><div class="plot">{charts.time_axis(axis)}</div>'
        '<p class="faint">The same in numbers; stages and totals in ms</p>'
        + tables.table("Turns in numbers", head, cells, {1: "words"}),
    )


TURN = (
    "wire_total_ms",
    "decided_ms",
    "drafts_dropped",
    "drafts_dropped_ms",
    "prompt_tokens",
    "prompt_tokens_evaluated",
)
"""What a turn has besides its stages."""


def _distribution(report: Row) -> str:
    totals = [latency["total"] for turn in tables.rows(report.get("turns")) if (latency := _latency(turn))]
    if not totals:
        return ""
    known = tables.row(tables.row(report.get("stages")).get("total"))
    marks = {name: value for name in ("p50", "p90") if (value := tables.number(known.get(name))) is not None}
    drawn = charts.distribution("distribution", totals, marks)
    return tables.section(
        "How the latencies spread",
        f'<figure><figcaption>share of turns that took at most so long</figcaption><div class="plot scaled">'
        f"{drawn}</div></figure>",
    )


def _stages(report: Row) -> str:
    stages, path = tables.row(report.get("stages")), report.get("critical_path")
    critical = path if isinstance(path, list) else []
    head = ["stage", "waited for", "n", "p50 ms", "p90 ms", "p99 ms", "budget ms", "p50 of budget", ""]
    cells = []
    for stage in (*STAGES, "total"):
        row = tables.row(stages.get(stage))
        p50, p90, budget = (tables.number(row.get(key)) for key in ("p50", "p90", "budget_ms"))
        share, bar = tables.NOTHING, ""
        if budget:
            share = tables.NOTHING if p50 is None else f"{100 * p50 / budget:.0f} %{' over' * (p50 > budget)}"
            bar = charts.budget_bar(p50, p90, budget)
        numbers = [tables.figure(row.get(key)) for key in ("n", "p50", "p90", "p99", "budget_ms")]
        cells.append([tables.label(stage), "yes" if stage in critical else "", *numbers, share, bar])
    caption = "The bar reaches to p50, the line to p90, the upright mark in the middle is the budget"
    return tables.section(
        "Stages against their budget",
        f'<p class="faint">{caption}</p>'
        + tables.table("Stages", head, cells, {8: "drawn"})
        + '<p class="faint">A stage is over when:</p>'
        + tables.facts(REACHED),
    )


ENGINES = {
    "name": "engine",
    "idle_rtf": "real-time factor, idle",
    "busy_rtf": "with the others busy",
    "idle_ms": "ms a call, idle",
    "busy_ms": "with the others busy",
    "calls": "calls",
}
BUFFERS = {
    "name": "buffer",
    "unit": "unit",
    "capacity": "capacity",
    "fill": "fill",
    "peak": "peak",
    "losses": "lost",
    "adds_ms": "adds at least ms",
    "asked_ms": "asked for, ms",
    "policy": "when full",
}
CPU = {
    "talk_percent": "CPU while talking, % of one core",
    "idle_percent": "CPU while listening, % of one core",
    "rss_mb": "memory, MB",
    "peak_rss_mb": "memory at its peak, MB",
}


def _table(title: str, report: Row, key: str, columns: Mapping[str, str]) -> str:
    rows = tables.rows(report.get(key))
    added = [number for row in rows if (number := tables.number(row.get("adds_ms"))) is not None]
    rows += [{"name": "all together", "adds_ms": sum(added)}] if added else []
    cells = [[tables.figure(row.get(column)) for column in columns] for row in rows]
    return tables.section(title, tables.table(title, list(columns.values()), cells)) if rows else ""


def _facts(title: str, facts: Row, names: Mapping[str, str] | None = None) -> str:
    shown = {names[key]: facts.get(key) for key in names} if names else facts
    return tables.section(title, tables.facts(shown)) if facts else ""


def _latency(turn: Row) -> dict[str, float]:
    """The stages of a turn in order, and `total`; empty for one that was not answered."""
    found = tables.row(turn.get("latency_ms"))
    numbers = {stage: tables.number(found.get(stage)) for stage in (*STAGES, "total")}
    if numbers["total"] is None:
        return {}
    return {stage: number for stage, number in numbers.items() if number is not None}
