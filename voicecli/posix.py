"""What only some operating systems can do: the one file with POSIX- or Linux-only calls."""

from __future__ import annotations

import os
import select
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if sys.platform != "win32":
    import resource
    import termios

if TYPE_CHECKING:
    from collections.abc import Iterator


def hung_up(output: IO[str]) -> bool:
    """Tell whether the other end of a pipe or terminal is closed; False where the system cannot tell."""
    if sys.platform == "win32":
        return False
    try:
        fd = output.fileno()
    except OSError:  # not a file of the system: nobody can leave
        return False
    poll = select.poll()
    poll.register(fd, 0)  # POLLERR and POLLHUP are reported unasked
    return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in poll.poll(0))


def peak_memory_bytes() -> int | None:
    """Most RAM this process ever took; None on Windows."""
    if sys.platform == "win32":
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): KiB, but bytes on macOS


@contextmanager
def no_echo(terminal: IO[str]) -> Iterator[None]:
    """Stop `terminal` from echoing keys, which would shift what is drawn on it; Ctrl-C works as ever.

    Afterwards the settings are as they were, and keys typed meanwhile are forgotten instead of being handed
    to the shell. Does nothing where `terminal` is none, and on Windows, where only a program that reads keys
    echoes them.
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


def step_back() -> None:
    """Let this thread, and those it starts, give way to the others of this process; elsewhere do nothing.

    Only Linux gives each thread a priority of its own, and lets those to come inherit it.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_BACK)


STEP_BACK = 10
"""Nice value: a tenth of the time of a thread that has none, where both want the same core."""
