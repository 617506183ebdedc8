"""Reports: percentiles as they are defined, JSON there and back, and what a terminal shows of them."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench_report import latency, report, turn
from tests.sentences import pattern
from voicecli.bench.compare import compare
from voicecli.bench.display.table import WIDTH, print_changes, print_report
from voicecli.bench.figures import BUDGETS_MS, critical_path, figures, stage_figures
from voicecli.bench.findings import Definitions, Report, from_json, to_json
from voicecli.errors import ConfigError
from voicecli.measure.wires import AUDIBLE_DBFS, BELOW_LOUDEST_DB, SPEECH_FLOOR_DBFS
from voicecli.waiting.times import STAGES


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=150))
def test_percentiles_are_what_their_definition_says(values: list[float]) -> None:
    found = figures(values)
    assert found is not None
    assert found.n == len(values)
    for share, percentile in ((90, found.p90), (99, found.p99)):
        assert percentile in values
        at_most = [sum(value <= other for value in values) / len(values) * 100 for other in values]
        enough = [value for value, percent in zip(values, at_most, strict=True) if percent >= share]
        assert percentile == min(enough)
    below, above = (sum(sign * (value - found.p50) > 0.0501 for value in values) for sign in (-1, 1))
    assert max(below, above) <= len(values) / 2


def test_with_few_turns_the_99th_percentile_is_the_worst() -> None:
    found = figures([float(n) for n in range(20)])
    assert found is not None
    assert (found.p50, found.p90, found.p99) == (9.5, 17.0, 19.0)
    assert figures([]) is None


def test_stages_come_in_order_with_their_budgets_and_without_turns_that_say_nothing() -> None:
    turns = [turn(1, latency(50)), turn(2, {}), turn(3, latency(9000), cut_in=True), turn(4, latency(70))]
    stages = stage_figures(turns)
    assert list(stages) == [*STAGES, "total"]
    assert stages["transcribe"].n == 2
    assert stages["transcribe"].p50 == 60
    assert {name: stage.budget_ms for name, stage in stages.items()} == BUDGETS_MS
    assert stage_figures([turn(1, {})]) == {}


def test_the_critical_path_is_what_the_median_turn_waited_for() -> None:
    slow = latency(0, pause=900)
    median = latency(0, device_in=40, transcribe=100, decision=60)
    quick = latency(0, device_in=40)
    assert critical_path([turn(1, slow), turn(2, median), turn(3, quick)]) == [
        *("device_in", "transcribe", "decision"),
    ]
    assert critical_path([turn(1, {})]) == []


REPORT = report([turn(1, latency()), turn(2, latency(60, decision=0.0)), turn(3, {})])


def test_a_report_survives_json() -> None:
    assert from_json(to_json(REPORT), "it") == REPORT
    bare = dataclasses.replace(report([]), tradeoff=None, round_trip_ms=31.5)
    assert from_json(to_json(bare), "it") == bare


def test_keys_it_does_not_know_are_skipped_and_those_with_a_default_may_lack() -> None:
    found = json.loads(to_json(REPORT))
    found["turns"][0]["weather"] = "fine"
    del found["round_trip_ms"], found["tradeoff"], found["turns"][0]["cut_in"]
    assert from_json(json.dumps(found), "it") == dataclasses.replace(REPORT, tradeoff=None)


def changed(path: str, value: object) -> str:
    found = json.loads(to_json(REPORT))
    *way, last = path.split(".")
    inside = found
    for step in way:
        inside = inside[int(step) if step.isdigit() else step]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", pattern("bench.report_no_json", name="it")),
        ('{"version": NaN}', "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it is no report"),
        ('{"event": "listening"}', "it is no report"),
        (changed("version", 2), pattern("bench.report_version", name="it", version=2, own=1)),
        (changed("version", "x" * 500), pattern("bench.report_version", name="it", own=1)),
        (changed("turns.1.turn", "two"), pattern("bench.report_not_whole", name="it", key="turns[1].turn")),
        (changed("turns.1.turn", True), re.escape("turns[1].turn is not what")),
        (changed("stages.total", [1]), "stages.total is not what"),
        (changed("machine.cores", ...), r"machine lacks '?cores"),
        (changed("turns", ...), r"it lacks '?turns"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        from_json(text, "it")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_no_number_leaves_that_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json(dataclasses.replace(REPORT, round_trip_ms=math.nan))


class Pipe(io.TextIOWrapper):
    """Standard output of this encoding, into nothing."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


def shown(what: Report, encoding: str = "utf-8") -> str:
    pipe = Pipe(encoding)
    print_report(what, pipe)
    return pipe.text()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_pipe_gets_80_columns_and_no_colour_with_every_figure(encoding: str) -> None:
    text = shown(REPORT, encoding)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= WIDTH
    for stage in STAGES:
        (line,) = [line for line in text.splitlines() if line[2:].startswith(stage.replace("_", " ") + " ")]
        assert line[0] == ("*" if stage in REPORT.critical_path else " ")
        assert str(round(REPORT.stages[stage].p50)) in line
    for words in (
        *("2 of 3 turns answered", "total by level", "turn decided", "A processor", "brain", "jitter buffer"),
        *("3 superseded, 360 ms", "losses  none", "140 % of a core", "at most 900 MB", "300 tokens/s"),
    ):
        assert words in text


def test_each_turn_is_shown_with_its_stages_and_what_had_to_be_read() -> None:
    read = dataclasses.replace(turn(12, latency(1041.0, pause=2222.0)), prompt_tokens_evaluated=17)
    text = shown(report([read, turn(13, {})]))
    (line,) = [line.split() for line in text.splitlines() if line.startswith("12 ")]
    assert line == ["12", "1041", "2222", *["1041"] * 6, "9509", "9519", "17"]
    (line,) = [line.split() for line in text.splitlines() if line.startswith("13 ")]
    assert line == ["13", *["-"] * 11]


def test_over_budget_is_said_in_a_word_and_the_bar_passes_its_mark() -> None:
    text = shown(report([turn(1, latency(transcribe=2 * BUDGETS_MS["transcribe"]))]), "ascii")
    (over,) = [line for line in text.splitlines() if line[2:].startswith("transcribe ")]
    assert over.rstrip().endswith("#######|####### over")
    (within,) = [line for line in text.splitlines() if line[2:].startswith("first audio")]
    assert within.rstrip().endswith("|")


def test_a_report_of_nothing_and_one_of_hostile_names_can_be_shown() -> None:
    assert "0 of 0 turns answered" in shown(report([]))
    nasty = "\x1b[2J\x1b]0;title\x07[bold]name"
    text = shown(
        dataclasses.replace(
            REPORT,
            machine=dataclasses.replace(REPORT.machine, cpu=nasty),
            losses={nasty: 3},
            buffers=[dataclasses.replace(REPORT.buffers[0], name=nasty, unit=nasty, policy=nasty)],
        )
    )
    assert "\x1b" not in text
    assert "[bold]name 3" in text


def test_changes_are_shown_in_80_columns_with_their_verdict() -> None:
    old = report([turn(n, latency(50 + n)) for n in range(8)])
    new = report([turn(n, latency(150 + n)) for n in range(8)])
    pipe = Pipe()
    print_changes(compare(old, new), ["other voice: a, now \x1bb"], pipe)
    text = pipe.text()
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.count("slower") == len(STAGES) + 1
    assert "+800" in text
    assert "\x1b" not in text


def test_the_document_has_every_stage_with_its_budget_and_the_numbers_of_the_definitions() -> None:
    page = (Path(__file__).parent.parent / "docs" / "latency.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", page, re.MULTILINE))
    assert {stage: float(budget) for stage, budget in rows.items()} == BUDGETS_MS
    assert f"sum to {sum(BUDGETS_MS.values()) - BUDGETS_MS['total']:.0f} ms" in page
    assert f"within {BELOW_LOUDEST_DB:.0f} dB" in page
    assert f"above {SPEECH_FLOOR_DBFS:.0f} dBFS" in page
    assert f"above {AUDIBLE_DBFS:.0f} dBFS" in page
    definitions = Definitions()
    for number in (BELOW_LOUDEST_DB, SPEECH_FLOOR_DBFS):
        assert f"{number:.0f} dB" in definitions.end_of_speech
    assert f"{AUDIBLE_DBFS:.0f} dBFS" in definitions.first_sound
