"""A report made up for tests, and its parts."""

from __future__ import annotations

from collections.abc import Sequence

from voicecli.bench.figures import counted, critical_path, figures, stage_figures
from voicecli.bench.findings import (
    LOSSES,
    VERSION,
    Cpu,
    Curve,
    Definitions,
    MeasuredTurn,
    Models,
    Point,
    Reached,
    Report,
    Tradeoff,
)
from voicecli.measure.computer import Computer
from voicecli.measure.timed_engines import EngineFigures
from voicecli.waiting.buffers import BufferFill
from voicecli.waiting.times import STAGES


def latency(each_ms: float = 50.0, **others: float) -> dict[str, float]:
    """Every stage takes `each_ms`, but for `others`."""
    stages = {stage: others.get(stage, each_ms) for stage in STAGES}
    return {**stages, "total": sum(stages.values())}


def turn(number: int, latency_ms: dict[str, float], *, cut_in: bool = False) -> MeasuredTurn:
    return MeasuredTurn(
        turn=number,
        question=f"question {number}?",
        latency_ms=latency_ms,
        wire_total_ms=latency_ms["total"] + 10 if latency_ms else None,
        decided_ms=200.0 if latency_ms else None,
        drafts_dropped=1,
        drafts_dropped_ms=120.0,
        prompt_tokens=80,
        prompt_tokens_evaluated=None,
        cut_in=cut_in,
    )


def report(turns: Sequence[MeasuredTurn]) -> Report:
    answered = counted(turns)
    return Report(
        version=VERSION,
        made="2024-02-29T12:00:00+01:00",
        voicecli="9.8",
        machine=Computer("A processor", 2, "an-os", "CPython 3", "engine 1.0"),
        models=Models("ears", "brain", "voice"),
        definitions=Definitions(),
        turns=list(turns),
        stages=stage_figures(turns),
        wire_total=figures([each.wire_total_ms for each in answered if each.wire_total_ms is not None]),
        decided=figures([each.decided_ms for each in answered if each.decided_ms is not None]),
        critical_path=critical_path(turns),
        engines=[
            EngineFigures("detector", 0.01, 0.02, 0.3, 0.6, 400),
            EngineFigures("transcriber", 0.1, None, 110.0, None, 0),
            EngineFigures("generator", None, None, 10.0, 20.0, 5, "token", 300.0, 100.0),
        ],
        cpu=Cpu(140.0, 5.5, None, 900.0),
        losses=dict.fromkeys(LOSSES, 0),
        buffers=[BufferFill("jitter buffer", "ms", 1200, 0, 640, 0, 0, "block")],
        tradeoff=Tradeoff(
            [
                Curve("silence", [Point(5.0, 0.6)]),
                Curve(
                    "ours",
                    [Point(4.0, 0.5, "eager", 0.4, 1.0, 1.0, 2.0, 1.0, 9.0)],
                    Reached(22.0, None, 0.5, 0.4),
                ),
            ],
            turns=20,
            pauses=31,
            as_set=Point(4.0, 0.5, "eager"),
        ),
    )
