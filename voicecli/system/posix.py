"""What only some operating systems can do: the one file with POSIX- or Linux-only calls."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if sys.platform != "win32":
    import fcntl
    import resource
    import termios

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Iterator
    from types import FrameType


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


def usable_cores() -> int:
    """How many this process may run on; taskset or a container may take some away, which Linux tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_memory_bytes(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """RAM that this process may use: what is built in, or the least of its control groups; None on Windows.

    `proc` and `cgroups` are for tests. Where the limits lie: cgroups(7), for version 1 and version 2.
    """
    if sys.platform == "win32":
        return None
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(OSError):  # not Linux
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            top = cgroups / controllers
            file = "memory.limit_in_bytes" if controllers else "memory.max"
            # In a container the path may be that of outside and not there: then the top is the container's.
            group = top / path.lstrip("/")
            for folder in (group, *group.parents):
                if folder.is_relative_to(top):
                    limits += _limit(folder / file)
    return min(limits)


def _limit(file: Path) -> list[int]:
    """The number in a file, nothing for the word "max" and where there is no file."""
    try:
        return [int(file.read_text())]
    except (OSError, ValueError):
        return []


def locked(file: IO[bytes]) -> bool:
    """Keep other processes that ask for this file from having it, until it is closed; False if one has it.

    Windows knows no such lock: there everybody has it.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system that has no locks
            return True
    return True


def kill_group(leader: int) -> None:
    """End a process that leads a group and was not waited for, and what it started; on Windows nothing."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


MARK_PASTES = b"\x1b[?2004h"
"""Has a terminal put ESC [200~ and ESC [201~ around what is pasted, which is typed in no other way."""

LEAVE_PASTES = b"\x1b[?2004l"


class QuietTerminal:
    """A terminal that echoes no keys, which would shift what is drawn on it, and hands over each at once.

    What is pasted is marked, so that it is not taken for keys.

    Ctrl-C works as ever. When left, the settings are as they were, and keys typed meanwhile are forgotten
    instead of being handed to the shell. Does nothing where the file is no terminal, and on Windows, where
    only a program that reads keys echoes them. To be entered on the main thread.
    """

    def __init__(self, terminal: IO[str]) -> None:
        self._fd = terminal.fileno() if sys.platform != "win32" and terminal.isatty() else None
        self._handlers: dict[int, object] = {}
        self.stop_asked = False
        """Ctrl-Z was pressed: `suspend` is to be called, once nothing is left half drawn."""

    def __enter__(self) -> Self:
        if sys.platform != "win32" and self._fd is not None:
            self._before = termios.tcgetattr(self._fd)
            for number, handler in ((signal.SIGTSTP, self._on_stop), (signal.SIGQUIT, self._on_quit)):
                if signal.getsignal(number) is signal.SIG_DFL:
                    self._handlers[number] = signal.signal(number, handler)
            self.take()
        return self

    def __exit__(self, *_: object) -> None:
        if sys.platform != "win32" and self._fd is not None:
            for number in self._handlers:
                signal.signal(number, signal.SIG_DFL)
            self._give_back(termios.TCSAFLUSH)

    @property
    def in_front(self) -> bool:
        """Whether the terminal is this process's to draw on, and not a shell's that it was sent behind."""
        if sys.platform == "win32" or self._fd is None:
            return True
        return _in_front(self._fd)

    def take(self) -> None:
        """Make it quiet, unless it is; again after a shell had it."""
        if sys.platform != "win32" and self._fd is not None and self.in_front:
            with suppress(termios.error):  # the terminal is gone, and its settings with it
                quiet = termios.tcgetattr(self._fd)
                if quiet[3] & (termios.ECHO | termios.ICANON):
                    quiet[3] &= ~(termios.ECHO | termios.ICANON)
                    quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
                    termios.tcsetattr(self._fd, termios.TCSADRAIN, quiet)
                    self._write(MARK_PASTES)

    def suspend(self) -> None:
        """Give it back and stop this process; return when the shell lets it go on."""
        self.stop_asked = False
        if sys.platform != "win32":
            self._give_back(termios.TCSADRAIN)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._on_stop)
            self.take()

    def _give_back(self, when: int) -> None:
        # From behind, it would be taken from the shell, which has settings of its own.
        if sys.platform != "win32" and self._fd is not None and self.in_front:
            self._write(LEAVE_PASTES)
            with suppress(termios.error):
                termios.tcsetattr(self._fd, when, self._before)

    def _write(self, sequence: bytes) -> None:
        if self._fd is not None:
            with suppress(OSError):  # the terminal is gone
                os.write(self._fd, sequence)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_asked = True

    def _on_quit(self, number: int, frame: FrameType | None) -> None:
        if sys.platform != "win32":
            self._give_back(termios.TCSADRAIN)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


def _in_front(fd: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # not the terminal this process was started from: nobody else has it
        return True


class KeyInput:
    """What is typed at a terminal that is `QuietTerminal`, as bytes; read by one thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._closed, self._close = os.pipe()
        if sys.platform != "win32":
            termios.tcflush(fd, termios.TCIFLUSH)  # typed before anybody could answer to it

    def read(self, timeout_s: float | None) -> bytes | None:
        """Wait for keys; nothing when none came in time, None after `close` or when the terminal is gone."""
        if sys.platform == "win32":
            return None
        in_front = _in_front(self._fd)
        wanted = [self._closed, self._fd] if in_front else [self._closed]
        ready, _, _ = select.select(wanted, [], [], timeout_s if in_front else BEHIND_S)
        if self._closed in ready:
            return None
        if not ready or not _in_front(self._fd):  # from behind, reading would stop this process
            return b""
        try:
            return os.read(self._fd, 4096) or None
        except OSError:
            return None

    def close(self) -> None:
        """End a `read` under way, and those to come."""
        os.close(self._close)


BEHIND_S = 0.25
"""How often it is looked whether a shell has given the terminal back: what is typed meanwhile is its own."""


def is_one_terminal(stdin: IO[str], stdout: IO[str]) -> bool:
    """Tell whether what is drawn and what is typed are at the same terminal; False on Windows."""
    if sys.platform == "win32" or not (stdin.isatty() and stdout.isatty()):
        return False
    return os.fstat(stdin.fileno()).st_rdev == os.fstat(stdout.fileno()).st_rdev


def step_back() -> None:
    """Let this thread, and those it starts, give way to the others of this process; elsewhere do nothing.

    Only Linux gives each thread a priority of its own, and lets those to come inherit it.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_BACK)


STEP_BACK = 10
"""Nice value: a tenth of the time of a thread that has none, where both want the same core."""


@contextmanager
def stderr_ends_its_writer() -> Iterator[None]:
    """End any thread that writes to the C library's `stderr` meanwhile, in order, as `pthread_exit` does.

    For a thread of a C library's that complains in a loop without end and heeds nothing. Python's own
    `sys.stderr` is another, and not affected. Does nothing where the C library is not glibc.
    """
    if (found := _stderr_and_trap()) is None:
        yield
        return
    variable, own, trap = found
    variable.value = trap
    try:
        yield
    finally:
        variable.value = own


@cache
def _stderr_and_trap() -> tuple[ctypes.c_void_p, int | None, int] | None:
    """Find the variable `stderr` and what is in it, and make a `FILE *` that ends who writes to it."""
    import ctypes

    class Calls(ctypes.Structure):  # cookie_io_functions_t, see fopencookie(3)
        _fields_ = tuple((name, ctypes.c_void_p) for name in ("read", "write", "seek", "close"))

    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "gnu_get_libc_version"):
        return None
    libc.fopencookie.argtypes = (ctypes.c_void_p, ctypes.c_char_p, Calls)
    libc.fopencookie.restype = ctypes.c_void_p
    libc.setvbuf.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    # Writing calls it with the cookie, NULL, which nobody takes for the address of a result.
    write = ctypes.cast(libc.pthread_exit, ctypes.c_void_p).value
    trap = int(libc.fopencookie(None, b"w", Calls(write=write)))
    unbuffered = 2  # _IONBF: nothing may be left for the flush at the end of the process
    libc.setvbuf(trap, None, unbuffered, 0)
    variable = ctypes.c_void_p.in_dll(libc, "stderr")
    return variable, variable.value, trap
