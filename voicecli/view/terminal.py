"""Keeps what is typed out of the display: the one file that knows the terminal's own settings."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if sys.platform != "win32":  # a Windows console echoes only what a program reads
    import termios

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_echo(terminal: IO[str]) -> Iterator[None]:
    """Stop `terminal` from echoing keys, which would shift the display; Ctrl-C works as ever.

    Afterwards the settings are as they were, and keys typed meanwhile are forgotten instead of being handed
    to the shell. Where `terminal` is none, nothing is done.
    """
    if sys.platform == "win32" or not terminal.isatty():
        yield
        return
    fd = terminal.fileno()
    before = termios.tcgetattr(fd)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone, and its settings with it
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)
