"""`voicecli bench --serve`: what it refuses, what it prints, and its exit codes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.fake_realtime import FakeRealtime, serving
from tests.test_crowd_figures import GOOD
from voicecli.bench.crowd import callers
from voicecli.bench.crowd.capacity import CrowdRow
from voicecli.cli import app
from voicecli.errors import ConfigError, ServerError


def bench(*words: object) -> Result:
    return CliRunner().invoke(app, ["bench", "--serve", *map(str, words)])


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> dict[int, CrowdRow | KeyboardInterrupt]:
    """Nobody calls: what each number of callers finds is in here."""
    found: dict[int, CrowdRow | KeyboardInterrupt] = {
        number: dataclasses.replace(GOOD, callers=number) for number in (1, 2, 3, 4)
    }

    def measured(_: callers.Crowd, number: int) -> CrowdRow:
        row = found[number]
        if isinstance(row, KeyboardInterrupt):
            raise row
        return row

    monkeypatch.setattr(callers.Crowd, "measured", measured)
    return found


def test_a_table_with_a_column_for_each_number_of_callers(
    rows: dict[int, CrowdRow | KeyboardInterrupt], question: Path
) -> None:
    done = bench("127.0.0.1:1", "--wav", question)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].split() == ["callers", "1", "2", "4"]
    assert "Tried with 1, 2, 4 callers at once, the server bears 4." in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_json_has_every_figure(rows: dict[int, CrowdRow | KeyboardInterrupt], question: Path) -> None:
    rows[4] = dataclasses.replace(GOOD, callers=4, gaps=2)
    done = bench("127.0.0.1:1", "--wav", question, "--json", "--sessions", "4,2")
    report = json.loads(done.stdout)
    assert (report["bears"], report["why_no_more"]) == (2, "4: 2 gaps")
    assert [row["callers"] for row in report["rows"]] == [2, 4]
    assert report["rows"][0]["wait_p95_ms"] == 700


def test_a_server_that_bears_nobody_is_exit_code_1(
    rows: dict[int, CrowdRow | KeyboardInterrupt], question: Path
) -> None:
    rows[1] = dataclasses.replace(GOOD, callers=1, wait_p95_ms=1500.0)
    done = bench("127.0.0.1:1", "--wav", question)
    assert done.exit_code == 1
    assert "too much with 1: p95 1500 ms" in " ".join(done.stdout.split())


def test_ctrl_c_shows_the_rows_that_are_whole(
    rows: dict[int, CrowdRow | KeyboardInterrupt], question: Path
) -> None:
    rows[2] = KeyboardInterrupt()
    done = bench("127.0.0.1:1", "--wav", question)
    assert done.exit_code == 130
    assert done.stdout.splitlines()[0].split() == ["callers", "1"]


@pytest.mark.parametrize(
    "words",
    [
        ("ftp://somewhere",),
        ("127.0.0.1:1", "--sessions", "none"),
        ("127.0.0.1:1", "--check", "budget.toml"),
        ("127.0.0.1:1", "--devices"),
        ("127.0.0.1:1", "--token-file", "absent"),
    ],
)
def test_what_cannot_be_used_is_refused(
    rows: dict[int, CrowdRow | KeyboardInterrupt], words: tuple[str, ...], question: Path
) -> None:
    error = bench(*words, "--wav", question).exception
    assert isinstance(error, ConfigError)
    assert "\n" not in str(error)


def test_a_server_is_called_for_real(question: Path) -> None:
    question.with_suffix(".txt").write_text("What is it?", encoding="utf-8")
    with serving(FakeRealtime().application()) as port:
        done = bench(f"127.0.0.1:{port}", "--sessions", 1, "--questions", 1, "--wav", question)
    assert "lines, unanswered, cut off" in done.stdout, done.output
    with serving(FakeRealtime().application()) as port:
        pass
    assert isinstance(bench(f"127.0.0.1:{port}", "--wav", question).exception, ServerError)
