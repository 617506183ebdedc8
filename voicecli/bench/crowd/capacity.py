"""What callers waited for -> a row of figures for each number of them, and how many are borne. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from voicecli.bench.crowd.call_exchanges import CallExchange
    from voicecli.bench.crowd.call_record import CallRecord
    from voicecli.bench.crowd.server_pages import Spending
    from voicecli.measure.computer import Computer

MOST_WAIT_MS = 1000.0
"""A server bears so many callers only while 95 of 100 answers come within this."""

LOOKS_KEPT = 0.8
"""It must also show provisional words nearly as often as to the fewest callers: or it seems quick because it
does less. The rest is chance: a short line has two or three of them."""

VERSION = 1
"""Of the JSON report."""


@dataclass(frozen=True, slots=True)
class CrowdRow:
    """The figures for one number of callers. None: not known, or beyond what was measured."""

    callers: int
    refused: int
    """Callers that found no room; the others are measured without them."""
    lost: int
    """Callers whose connection ended before the measurement did."""
    lines: int
    """Lines that count: all but each caller's first."""
    unanswered: int
    """Lines without an answer. Each counts as longer than every wait that was measured."""
    cut_ins: int
    """Lines that were answered before they were over; they have no wait."""
    wait_p50_ms: float | None
    wait_p95_ms: float | None
    wait_p99_ms: float | None
    """From the last audible sample sent to the first one that came and was due."""
    gaps: int
    gaps_a_minute: float | None
    """Gaps in a minute of the agent's speech."""
    lead_p5_ms: float | None
    """Sound comes so much before it is due, but for 5 of 100 blocks. At 0 there are gaps."""
    interruptions: int
    silence_p50_ms: float | None
    silence_p95_ms: float | None
    """From the first audible sample of an interruption to the last one of the agent."""
    wrong_words_percent: float | None
    looks_a_second: float | None
    """Provisional words shown in a second of the caller's speech."""
    server_cpu_percent: float | None
    """Of one core, all callers together."""
    server_mb: float | None
    """RAM of the server at the end, MB of 10^6 bytes."""
    loop_lag_p99_ms: float | None
    """Upper bound: 99 of 100 times the server's loop was no later than this."""
    caller_cpu_percent: float
    """Of one core, for each caller."""
    caller_late_ms: float
    """The most by which a caller was late with its own sound: if it is much, the callers are what is slow."""
    refusal_p50_ms: float | None = None
    refusal_worst_ms: float | None = None
    """From the beginning of a connection to its refusal, where the server was full."""


@dataclass(frozen=True, slots=True)
class CapacityReport:
    """All rows, in the order of the number of callers, and what follows from them."""

    version: int
    made: str
    voicecli: str
    callers_machine: Computer
    """The computer on which the callers ran, which may be another than the server's."""
    bears: int
    """The most callers that the server bears; 0 where it is too slow for the fewest that were tried."""
    why_no_more: str
    """What was wrong with the first row that it does not bear; empty where there is none."""
    rows: list[CrowdRow]


def row(
    records: Sequence[CallRecord],
    counted: Sequence[CallExchange],
    refused: int,
    spent: Spending | None,
    refusals_ms: Sequence[float],
) -> CrowdRow:
    """The figures of one number of callers: `counted` are their exchanges, but for the first of each."""
    unanswered = sum(each.wait_ms is None and not each.cut_in for each in counted)
    waits = [each.wait_ms for each in counted if each.wait_ms is not None] + [math.inf] * unanswered
    silences = [each.silence_ms for each in counted if each.silence_ms is not None]
    gaps, answers_s = sum(each.gaps for each in counted), sum(each.answer_s for each in counted)
    leads = [lead for each in counted for lead in each.leads_ms]
    words, speech_s = sum(each.words for each in counted), sum(each.ended - each.began for each in counted)
    lasted_s = sum(each.lasted_s for each in records)
    cpu_s = sum(each.cpu_s for each in records)
    return CrowdRow(
        callers=len(records) + refused,
        refused=refused,
        lost=sum(bool(each.lost) for each in records),
        lines=len(counted),
        unanswered=unanswered,
        cut_ins=sum(each.cut_in for each in counted),
        wait_p50_ms=percentile(waits, 0.50),
        wait_p95_ms=percentile(waits, 0.95),
        wait_p99_ms=percentile(waits, 0.99),
        gaps=gaps,
        gaps_a_minute=_share(gaps, answers_s / 60),
        lead_p5_ms=percentile(leads, 0.05),
        interruptions=len(silences),
        silence_p50_ms=percentile(silences, 0.50),
        silence_p95_ms=percentile(silences, 0.95),
        wrong_words_percent=_share(100 * sum(each.wrong for each in counted), words),
        looks_a_second=_share(sum(each.looks for each in counted), speech_s),
        server_cpu_percent=None if spent is None else round(spent.cpu_percent, 1),
        server_mb=None if spent is None or spent.memory_mb is None else round(spent.memory_mb, 1),
        loop_lag_p99_ms=None if spent is None else spent.loop_lag_p99_ms,
        caller_cpu_percent=round(100 * cpu_s / lasted_s, 1) if lasted_s else 0.0,
        caller_late_ms=round(1000 * max((each.late_s for each in records), default=0.0), 1),
        refusal_p50_ms=percentile(refusals_ms, 0.50),
        refusal_worst_ms=percentile(refusals_ms, 1.0),
    )


def borne(rows: Sequence[CrowdRow]) -> tuple[int, str]:
    """The most callers that the server bears, and why no more; `rows` from the fewest callers on."""
    most = 0
    for each in rows:
        if why := too_much(each, rows[0]):
            return most, f"{each.callers}: {why}"
        most = each.callers
    return most, ""


def too_much(found: CrowdRow, fewest: CrowdRow) -> str:
    """Why the server does not bear so many callers; empty where it does. `fewest`: the row of the fewest."""
    reasons = [
        (found.refused > 0, f"{found.refused} refused"),
        (found.lost > 0, f"{found.lost} lost their connection"),
        (found.lines == 0, "nothing was answered"),
        (found.lines > 0 and found.wait_p95_ms is None, f"{found.unanswered} lines without an answer"),
        ((found.wait_p95_ms or 0) >= MOST_WAIT_MS, f"p95 {found.wait_p95_ms or 0:.0f} ms"),
        (found.gaps > 0, f"{found.gaps} gaps"),
        (
            (found.looks_a_second or 0) < LOOKS_KEPT * (fewest.looks_a_second or 0),
            f"{found.looks_a_second or 0:.2f} instead of {fewest.looks_a_second or 0:.2f} looks a second",
        ),
    ]
    return ", ".join(reason for holds, reason in reasons if holds)


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value at its rank ("nearest rank"); None where there is none, or where it is infinite."""
    ranked = sorted(values)
    if not ranked:
        return None
    found = ranked[max(0, math.ceil(share * len(ranked)) - 1)]
    return round(found, 1) if math.isfinite(found) else None


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 2) if whole else None
