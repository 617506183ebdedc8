"""What changed between two runs, and the budgets a run must keep."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.bench_report import latency, report, turn
from tests.sentences import pattern, wording
from voicecli.bench.budget import Limit, broken, known_keys, read_budget
from voicecli.bench.compare import FEWEST_TURNS, Change, caveats, compare, read_report
from voicecli.bench.findings import LOSSES, Report, to_json
from voicecli.errors import ConfigError
from voicecli.waiting.times import STAGES

EXAMPLE = Path(__file__).parent.parent / "docs" / "budget.example.toml"


def run(seed: int, turns: int = 10, shift_ms: float = 0.0) -> Report:
    """Turns that scatter round 60 ms a stage; transcription takes `shift_ms` more."""
    noise = np.random.default_rng(seed).normal(60, 8, (turns, len(STAGES)))
    rows = [dict(zip(STAGES, map(float, row), strict=True)) for row in noise]
    return report(
        [
            turn(n, latency(**{**row, "transcribe": row["transcribe"] + shift_ms}))
            for n, row in enumerate(rows)
        ]
    )


def change(changes: list[Change], stage: str) -> Change:
    return next(each for each in changes if each.stage == stage)


def test_a_shift_far_beyond_the_scatter_is_seen_in_its_stage_and_the_total_alone() -> None:
    changes = compare(run(1), run(2, shift_ms=100))
    verdicts = {each.stage: each.verdict for each in changes}
    assert verdicts.pop("transcribe") == "slower"
    assert verdicts.pop("total") == "slower"
    assert set(verdicts.values()) == {wording("bench.below_noise")}
    seen = change(changes, "transcribe")
    assert seen.low <= seen.difference <= seen.high
    assert seen.difference == pytest.approx(100, abs=20)
    assert change(compare(run(2, shift_ms=100), run(1)), "total").verdict == "faster"


def test_equals_are_seldom_called_different() -> None:
    verdicts = [each.verdict for seed in range(0, 60, 2) for each in compare(run(seed), run(seed + 1))]
    wrong = sum(verdict != wording("bench.below_noise") for verdict in verdicts)
    assert wrong <= len(verdicts) * 0.03


def test_a_report_does_not_differ_from_itself_and_the_verdict_is_always_the_same() -> None:
    assert {each.verdict for each in compare(run(3), run(3))} == {wording("bench.below_noise")}
    assert compare(run(3), run(4)) == compare(run(3), run(4))


def test_few_turns_tell_nothing() -> None:
    few = compare(run(1, FEWEST_TURNS - 1), run(2, 10, shift_ms=500))
    assert {each.verdict for each in few} == {wording("bench.few_turns")}
    assert compare(run(1), report([turn(1, {})])) == []


def test_unlike_runs_are_told_apart() -> None:
    old = run(1)
    new = dataclasses.replace(
        run(1, turns=9),
        models=dataclasses.replace(old.models, voice="other"),
        losses={**old.losses, "xruns": 3},
    )
    assert caveats(old, new) == ["other voice: voice, now other", "other questions", "xruns: 0, now 3"]
    assert caveats(old, old) == []


def test_a_saved_report_is_read_and_what_is_none_is_refused(tmp_path: Path) -> None:
    saved = tmp_path / "old.json"
    saved.write_text(to_json(run(1)), encoding="utf-8")
    assert read_report(saved) == run(1)
    saved.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is no report"):
        read_report(saved)
    with pytest.raises(ConfigError, match="cannot read"):
        read_report(tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        read_report(tmp_path / "absent")


def budget(tmp_path: Path, text: str) -> list[Limit]:
    path = tmp_path / "budget.toml"
    path.write_text(text, encoding="utf-8")
    return read_budget(path)


def test_every_key_of_the_example_exists_and_it_shows_every_stage_and_loss() -> None:
    limits = read_budget(EXAMPLE)
    tables = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert {*STAGES, "total", "wire_total", "decided"} <= tables.keys()
    assert set(LOSSES) <= tables.keys()
    assert len(limits) == len({limit.key for limit in limits})


def test_each_broken_budget_is_one_line_and_the_limit_itself_is_kept(tmp_path: Path) -> None:
    limits = budget(
        tmp_path,
        "xruns = 2\ncut_ins = 0\ndrafts_dropped = 1\n"
        "[total]\np50_ms = 400\np99_ms = 399.5\n[generator]\nbusy_ms = 19\n"
        "[transcriber]\nbusy_rtf = 1\n[cpu]\nidle_percent = 5\nrss_mb = 10000",
    )
    found = report([turn(1, latency(50)), turn(2, latency(50))])
    found = dataclasses.replace(found, losses={**found.losses, "xruns": 3})
    assert broken(limits, found) == [
        wording("bench.limit_missed", key="xruns", found=3, limit=2),
        wording("bench.limit_missed", key="drafts_dropped", found=2, limit=1),
        wording("bench.limit_missed", key="total.p99_ms", found=400, limit="399.5"),
        wording("bench.limit_missed", key="generator.busy_ms", found=20, limit=19),
        wording("bench.limit_missed", key="transcriber.busy_rtf", found="not measured", limit=1),
        wording("bench.limit_missed", key="cpu.idle_percent", found="5.5", limit=5),
        wording("bench.limit_missed", key="cpu.rss_mb", found="not measured", limit=10000),
    ]


def test_every_key_has_a_figure_in_a_full_report() -> None:
    full = report([turn(1, latency())])
    missing = broken([Limit(key, 1e9) for key in known_keys()], full)
    # The report made up for tests lacks a synthesiser, and what its records leave open.
    assert {line.partition(":")[0] for line in missing} == {
        *("synthesizer.idle_rtf", "synthesizer.busy_rtf", "synthesizer.idle_ms", "synthesizer.busy_ms"),
        *("transcriber.busy_rtf", "transcriber.busy_ms", "cpu.rss_mb"),
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[total]\np50 = 600", pattern("bench.limit_unknown", key="total.p50", other="total.p50_ms")),
        ("xrun = 0", pattern("bench.limit_unknown", key="xrun", other="xruns")),
        ("[weather]\nrain = 0", "there is no weather.rain; docs/budget"),
        ("[total.p50_ms]\nx = 1", "there is no total.p50_ms.x"),
        ("xruns = true", pattern("bench.limit_kind", key="xruns", value="true")),
        ('xruns = "0"', 'xruns cannot be "0"'),
        ("xruns = -1", "xruns cannot be -1"),
        ("xruns = nan", "xruns cannot be nan"),
        ("xruns = inf", "xruns cannot be inf"),
        ("xruns = [0]", "xruns cannot be a list"),
        ("", "sets no limit"),
        ("[total]", "sets no limit"),
        ("xruns", "line 1"),
    ],
)
def test_a_budget_that_says_nothing_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        budget(tmp_path, text)
    assert "\n" not in str(refused.value)


def test_a_budget_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_budget(tmp_path / "absent.toml")
