"""`voicecli doctor`: checks what a talk needs, and says what to do where something is wrong."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import (
    ConfigFile,
    InputDevice,
    Light,
    ModelsDir,
    OutputDevice,
    lightened,
    store_at,
)
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table

    from voicecli.config import Config
    from voicecli.config.load import Flags
    from voicecli.doctor import Check, Finding, Look, Status

STYLES: dict[Status, str] = {"pass": "green", "warn": "bold yellow", "fail": "bold red", "skip": "dim"}

WORDS: dict[Status, str] = {"pass": "passed", "warn": "warned", "fail": "failed", "skip": "skipped"}

LABEL = 14
"""Columns of a check's name."""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of lines.")] = False,
    listen: Annotated[
        bool, typer.Option("--listen", help="Play chirps to measure true latency and echo.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Read all model files again.")] = False,
    connect: Annotated[
        bool, typer.Option("--connect", help="Ask the configured server, even on another computer.")
    ] = False,
    input_device: InputDevice = None,
    output_device: OutputDevice = None,
    light: Light = False,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Check devices, models, language model and speed; exit 1 when a check fails."""
    from voicecli.doctor import examine

    flags = {
        "--input-device": ("audio.input_device", input_device),
        "--output-device": ("audio.output_device", output_device),
    }
    config, read = _settings(config_file, flags)
    config = lightened(config, light=light)
    looks = [("settings", read), *_looks(config, models_dir, listen=listen, full=full, connect=connect)]
    if listen:
        typer.echo("chirps will sound; the microphone must hear the loudspeaker", err=True)
    checks: list[Check] = []
    with _shown([name for name, _ in looks], as_json=as_json) as show:
        for check in examine(looks):
            checks.append(check)
            show(check)
    counted = Counter(check.status for check in checks)
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        typer.echo(
            ", ".join(f"{counted[status]} {word}" for status, word in WORDS.items() if counted[status])
        )
    raise typer.Exit(int(bool(counted["fail"])))


def _looks(
    config: Config, models_dir: Path | None, *, listen: bool, full: bool, connect: bool
) -> list[tuple[str, Look]]:
    """All checks except that of the settings, by name, in order."""
    from voicecli.doctor.engine_checks import EngineChecks
    from voicecli.doctor.sound_checks import SoundChecks
    from voicecli.system.clock import MonotonicClock
    from voicecli.system.extras import missing

    clock = MonotonicClock()
    sound = SoundChecks(config.audio, clock, listen=listen, speech_dbfs=config.segment.min_level_dbfs)
    engines = EngineChecks(config, store_at(models_dir), clock, full=full, connect=connect)
    if absent := missing():
        finding = _without_engines(absent)
        engine_looks: list[tuple[str, Look]] = [("engines", lambda: finding)]
    else:
        engine_looks = [
            ("voice activity", engines.detector),
            ("end of turn", engines.completion),
            ("speech to text", engines.transcriber),
            ("text to speech", engines.synthesizer),
            ("language model", engines.language_model),
            ("speed", engines.speed),
        ]
    return [
        ("PortAudio", sound.portaudio),
        ("microphone", sound.microphone),
        ("permission", sound.permission),
        ("loudspeaker", sound.loudspeaker),
        ("sample rates", sound.rates),
        ("latency", sound.latency),
        ("echo path", sound.echo),
        *engine_looks,
    ]


def _without_engines(absent: list[str]) -> Finding:
    """A light install has no engines, which is right where they are on another computer."""
    from voicecli.doctor import Finding
    from voicecli.system.extras import not_installed

    error = not_installed(absent)
    found = f"{error.found}: only voicecli talk --server can talk"
    return Finding("warn", found, f"for talks without a server {error.remedy}")


def _settings(config_file: Path | None, flags: Flags) -> tuple[Config, Look]:
    """Load the settings, or the defaults where they cannot be read; the check says which."""
    from voicecli.config import Config
    from voicecli.config.load import load_with_origins
    from voicecli.doctor import Finding

    try:
        loaded = load_with_origins(config_file, flags)
    except ConfigError as error:
        finding = Finding("fail", f"{error.found}; the defaults are checked instead", error.remedy)
        return Config(), lambda: finding
    where = f"{loaded.file}" if loaded.file else "no file: the defaults"
    if not loaded.passed_over:
        return loaded.config, lambda: Finding("pass", where)
    found = "; ".join([where, *map(str, loaded.passed_over)])
    maybe_ours = any(file.maybe_ours for file in loaded.passed_over)
    return loaded.config, lambda: Finding("warn" if maybe_ours else "pass", found)


@contextmanager
def _shown(names: list[str], *, as_json: bool) -> Iterator[Callable[[Check], None]]:
    """Show the checks as they come: as lines in a pipe, as a table on a terminal, or not at all.

    On a terminal the line below shows the name of the check that is running.
    """
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    if as_json or not console.is_interactive:
        yield (lambda check: None) if as_json else _write_line
        return
    with console.status(names[0]) as status:
        to_come = names[1:]

        def show(check: Check) -> None:
            console.print(_row(check))
            if to_come:
                status.update(to_come.pop(0))

        yield show


def _write_line(check: Check) -> None:
    from voicecli.view.safe import safe

    remedy = f"; {check.remedy}" if check.remedy else ""
    typer.echo(safe(f"{check.status} {check.name}: {check.found}{remedy}"))


def _row(check: Check) -> Table:
    """What was found, below it the remedy, both wrapped beside the name."""
    from rich.table import Table
    from rich.text import Text

    from voicecli.view.safe import safe

    words = Text(safe(check.found))
    if check.remedy:
        words.append(f"\n{safe(check.remedy)}", "bold" if check.status in ("warn", "fail") else "dim")
    row = Table.grid(padding=(0, 2, 0, 0))
    for width in (len("pass"), LABEL, None):
        row.add_column(width=width, overflow="fold")
    row.add_row(Text(check.status, STYLES[check.status]), Text(check.name), words)
    return row
