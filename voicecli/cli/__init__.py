"""The commands: flags in, one line or a stream out, an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from voicecli.cli.config import config_app
from voicecli.cli.devices import devices
from voicecli.cli.models import models_app
from voicecli.cli.speech import say, transcribe
from voicecli.cli.talk import demo, talk
from voicecli.errors import VoicecliError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Talk with a language model on your own computer.",
)
for command in (talk, demo, devices, say, transcribe):
    app.command()(command)
app.add_typer(models_app, name="models")
app.add_typer(config_app, name="config")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"voicecli {version('voicecli')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Options of voicecli itself."""


def _keep_stderr_to_ourselves() -> None:
    """Send what C libraries write to file descriptor 2 nowhere; our own stderr goes where it always went.

    ALSA, PortAudio and llama.cpp write there from their own threads, into the live view and before the one
    line that says what is wrong. What they report also reaches us as an error code, and that is told.
    """
    try:
        ours = os.dup(2)
    except OSError:  # started without a stderr
        return
    sys.stderr = open(ours, "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)  # noqa: PTH123, SIM115
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def main() -> None:
    """Run a command; an error a user can mend is one line on stderr and an exit code, not a traceback."""
    _keep_stderr_to_ourselves()
    try:
        app()
    except VoicecliError as error:
        sys.stderr.write(f"voicecli: {error}\n")
        raise SystemExit(error.exit_code) from None
