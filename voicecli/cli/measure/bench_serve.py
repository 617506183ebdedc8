"""`voicecli bench --serve URL`: how many talks at once a running server bears."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import store_at
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.bench.crowd.asked_lines import AskedLine
    from voicecli.bench.crowd.callers import Crowd
    from voicecli.bench.crowd.capacity import CapacityReport, CrowdRow
    from voicecli.config import Config

SEED = 20_261_130
"""Of what callers do at random: the same in each run."""

MOST_CALLERS = 64

ServeUrl = Annotated[
    str | None,
    typer.Option(
        "--serve", metavar="URL", help="Measure a running `voicecli serve` instead (docs/scaling.md)."
    ),
]
Sessions = Annotated[
    str, typer.Option(help="With --serve: so many callers at once, each number after the other.")
]
QuestionsEach = Annotated[
    int, typer.Option(min=1, max=1000, help="With --serve: lines of each caller that count.")
]
MetricsUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--metrics",
        metavar="URL",
        help="With --serve: a page of metrics; give one for each process behind URL.",
    ),
]
ServerToken = Annotated[
    Path | None, typer.Option("--token-file", help="With --serve: the file with the server's token.")
]


def capacity(
    url: str,
    sessions: str,
    questions: int,
    metrics: Sequence[str],
    token_file: Path | None,
    recordings: Sequence[Path],
    config: Config,
    models_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure and show; Exit(1) if it bears none.

    Raises ConfigError, AudioFileError, ModelError, ServerError.
    """
    from voicecli.bench.crowd.caller import Manner
    from voicecli.bench.crowd.callers import Crowd
    from voicecli.bench.crowd.server_pages import address_of

    numbers, address, token = callers_of(sessions), address_of(url), _token(token_file)
    lines = _lines(recordings, config, models_dir)
    pages = list(metrics) or [address.metrics]
    crowd = Crowd(address, pages, token, lines, questions, Manner(), SEED, _tell)
    rows, stopped = _measured(crowd, numbers)
    if rows:
        report = _report(rows)
        _show(report, as_json=as_json)
    if stopped:
        raise typer.Exit(130)
    if not report.bears:
        raise typer.Exit(1)


def callers_of(text: str) -> list[int]:
    """Numbers of callers, rising: "1,2,4". Raises ConfigError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= MOST_CALLERS for part in parts):
        raise ConfigError(
            f"--sessions {text!r} is no list of numbers from 1 to {MOST_CALLERS}", "give it as 1,2,4"
        )
    return sorted({int(part) for part in parts})


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read as a token", "name the --token-file of the server"
        ) from error


def _lines(recordings: Sequence[Path], config: Config, models_dir: Path | None) -> list[AskedLine]:
    from voicecli.bench.crowd.asked_lines import lines_of_files, lines_of_voice

    if recordings:
        return lines_of_files(recordings)
    from voicecli.loading import load_voice

    _tell("making the callers' lines with the voice of the settings")
    return lines_of_voice(load_voice(config.synthesize, store_at(models_dir)).seat().it)


def _measured(crowd: Crowd, numbers: Sequence[int]) -> tuple[list[CrowdRow], bool]:
    """The rows, and whether Ctrl-C came before the last of them."""
    rows: list[CrowdRow] = []
    try:
        for number in numbers:
            rows.append(crowd.measured(number))  # noqa: PERF401  # those before Ctrl-C are kept
    except KeyboardInterrupt:
        return rows, True
    return rows, False


def _report(rows: list[CrowdRow]) -> CapacityReport:
    from datetime import datetime
    from importlib.metadata import version

    from voicecli.bench.crowd.capacity import VERSION, CapacityReport, borne
    from voicecli.measure.computer import describe

    made = datetime.now().astimezone().isoformat(timespec="seconds")
    return CapacityReport(VERSION, made, version("voicecli"), describe(), *borne(rows), rows)


def _show(report: CapacityReport, *, as_json: bool) -> None:
    import dataclasses
    import json

    from voicecli.bench.display.crowd_table import print_capacity

    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(report), indent=1))
    else:
        print_capacity(report, sys.stdout)


def _tell(line: str) -> None:
    from voicecli.view.safe import safe

    typer.echo(safe(line), err=True)
