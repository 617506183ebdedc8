"""The commands: flags in, one line or a stream out, an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.core import TyperGroup

from voicecli.cli.config import config_app
from voicecli.cli.devices.listing import devices
from voicecli.cli.measure.bench import bench_app
from voicecli.cli.measure.doctor import doctor
from voicecli.cli.models import models_app
from voicecli.cli.records.replaying import replay
from voicecli.cli.records.stats import stats
from voicecli.cli.say import say
from voicecli.cli.serve import serve
from voicecli.cli.talk.commands import demo, talk
from voicecli.cli.transcribe import transcribe
from voicecli.errors import VoicecliError
from voicecli.system.extras import told
from voicecli.threads.worker import any_alive
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class _Commands(TyperGroup):
    """All commands. A word of the command line that typer repeats in an error cannot steer the terminal."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        with _neutral():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        with _neutral():
            return super().invoke(ctx)


@contextlib.contextmanager
def _neutral() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(message := getattr(error, "message", None), str):  # an error of typer's
            vars(error)["message"] = safe(message)
        raise


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Talk with a language model on your own computer.",
)
for command in (talk, demo, replay, stats, devices, doctor, say, transcribe, serve):
    app.command()(command)
app.add_typer(bench_app, name="bench")
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


def _open_what_is_closed() -> None:
    """If the program was started without stdin, stdout or stderr, open /dev/null in its place.

    Otherwise the next file that is opened would get that descriptor, and output would go into it.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _keep_stderr_to_ourselves() -> None:
    """Discard what C libraries write to file descriptor 2; what this program writes to stderr still appears.

    ALSA, PortAudio and llama.cpp write there from their own threads, into the live view and before the one
    line that tells the user what is wrong. This program makes that line from the error codes they return.
    """
    ours = os.dup(2)
    sys.stderr = open(ours, "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)  # noqa: PTH123, SIM115
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _end(number: int, frame: FrameType | None) -> None:
    """End through every `finally` block, so that no half-written file stays."""
    raise SystemExit(128 + number)


# Code that writes files reports its own errors, so these errors come from standard output.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Run a command, then end, even if a model or a sound server still hangs."""
    try:
        _run()
    except SystemExit as end:
        if any_alive():  # in an orderly end PortAudio would wait for that thread
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise


def _run() -> None:
    """Run the command. An error that a user can correct becomes a line on stderr and an exit code."""
    _open_what_is_closed()
    _keep_stderr_to_ourselves()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # A letter that the terminal cannot show must not end the program.
        sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _end)
    if _working_folder_is_gone() and not {"--help", "--version"} & set(sys.argv):
        _fail("the working folder is not there any more; go to one that is", 1)
    try:
        with told():
            app()
    except VoicecliError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        _fail(f"cannot write to standard output: {error.strerror}; make room, or write elsewhere", 1)


def _working_folder_is_gone() -> bool:
    """Whether somebody removed the working folder while the shell was in it.

    Then no relative name leads anywhere, and Intel's MKL ends the process when it is loaded.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _fail(line: str, code: int) -> NoReturn:
    with contextlib.suppress(OSError):  # there is nowhere to write the error to
        sys.stderr.write(f"voicecli: {safe(line)}\n")
    # What could not be written is still buffered: Python would try once more as it ends, and complain.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    raise SystemExit(code) from None
