"""The commands: flags in, one line or a stream out, an exit code."""

from __future__ import annotations

import sys

import typer

from voicecli.errors import VoicecliError

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=__doc__)


def main() -> None:
    """Run a command; an error a user can mend is one line on stderr and an exit code, not a traceback."""
    try:
        app()
    except VoicecliError as error:
        sys.stderr.write(f"voicecli: {error}\n")
        raise SystemExit(error.exit_code) from None
