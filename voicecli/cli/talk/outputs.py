"""Where the events of a talk go, by its flags."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from voicecli.cli.talk.session import Outputs
    from voicecli.cli.talk.watchers import Watching
    from voicecli.view.modes import Mode

Plain = Annotated[bool, typer.Option("--plain", help="One line per event instead of the live view.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per event (docs/events.md).")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Also show what had no effect, and how loud the microphone is."),
]
JsonFile = Annotated[Path | None, typer.Option(help="Also write the events of --json to this file.")]


def outputs_for(
    plain: bool,
    as_json: bool,
    json_file: Path | None,
    record: Path | None,
    max_minutes: int | None,
    watching: Watching | None = None,
    *,
    verbose: bool = False,
) -> Outputs:
    """Where the events of a talk go, by its flags. Raises ConfigError."""
    from voicecli.cli.talk.session import Outputs
    from voicecli.view.modes import make_view

    if plain and as_json:
        raise ConfigError("--plain and --json exclude one another", "give one of them")
    if json_file == Path("-"):
        raise ConfigError("--json-file needs a file", "give --json for standard output")
    if max_minutes is not None and record is None:
        raise ConfigError("--max-minutes needs --record", "name the folder of the recording")
    mode: Mode = "json" if as_json else "plain" if plain else "live"
    view = make_view(mode, sys.stdout, verbose=verbose)
    watchers = () if watching is None else watching.watchers()
    return Outputs(view, json_file, watchers, record, max_minutes or 0)
