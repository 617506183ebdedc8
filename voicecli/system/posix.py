"""What only some operating systems can do: the one file with POSIX- or Linux-only calls."""

from __future__ import annotations

import os
import select
import signal
import sys
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
    except OSError:  # not a file of the system: there is no other end
        return False
    poll = select.poll()
    poll.register(fd, 0)  # POLLERR and POLLHUP are reported unasked
    return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in poll.poll(0))


def peak_memory_bytes() -> int | None:
    """The most RAM that this process ever took; None on Windows."""
    if sys.platform == "win32":
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): KiB, but bytes on macOS


def memory_bytes(proc: Path = Path("/proc")) -> int | None:
    """RAM that this process takes now; None where the system has no /proc, as only Linux has."""
    with suppress(OSError, ValueError, IndexError):
        pages = int((proc / "self" / "statm").read_text().split()[1])  # proc(5): size, resident, ...
        return pages * os.sysconf("SC_PAGE_SIZE")
    return None


def usable_cores() -> int:
    """How many cores this process may run on; on Linux without those that taskset or a container takes."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_memory_bytes(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """RAM that this process may use: the computer's, or its control groups' lowest limit; None on Windows.

    `proc` and `cgroups` are arguments for tests. cgroups(7) tells where the limits lie in versions 1 and 2.
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
            # In a container, the path may be the host's and not exist: then the top is the container's.
            group = top / path.lstrip("/")
            for folder in (group, *group.parents):
                if folder.is_relative_to(top):
                    limits += _limit(folder / file)
    return min(limits)


def _limit(file: Path) -> list[int]:
    """The number in a file, in a list; empty for the word "max" and where there is no file."""
    try:
        return [int(file.read_text())]
    except (OSError, ValueError):
        return []


def locked(file: IO[bytes]) -> bool:
    """Lock a file until it is closed, against processes that ask in this way; False if one has locked it.

    Windows has no such lock, and some file systems have none: there everybody gets True.
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
    """Kill the process that leads a group, and all it started. It must not have been waited for yet.

    Does nothing on Windows.
    """
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


MARK_PASTES = b"\x1b[?2004h"
"""Asks a terminal to put ESC [200~ and ESC [201~ around what is pasted ("bracketed paste")."""

LEAVE_PASTES = b"\x1b[?2004l"
"""Asks it to stop that."""


class QuietTerminal:
    """Stops a terminal's echo, which would shift what is drawn, and has it hand over each key at once.

    The terminal also marks what is pasted, so that nobody takes it for keys. Ctrl-C works as ever.

    At its end, this context restores the settings, and drops keys that nobody read, so that the shell does
    not get them. It does nothing where the file is no terminal, and on Windows, where only a program that
    reads keys echoes them. Enter it on the main thread.
    """

    def __init__(self, terminal: IO[str]) -> None:
        self._fd = terminal.fileno() if sys.platform != "win32" and terminal.isatty() else None
        self._handlers: dict[int, object] = {}
        self.stop_asked = False
        """The user pressed Ctrl-Z: whoever draws finishes what is half drawn, and calls `suspend`."""

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
        """Whether this process is in the terminal's foreground, and may draw; else a shell has it."""
        if sys.platform == "win32" or self._fd is None:
            return True
        return _in_front(self._fd)

    def take(self) -> None:
        """Stop the echo, unless it is stopped; call it again after a shell had the terminal."""
        if sys.platform != "win32" and self._fd is not None and self.in_front:
            with suppress(termios.error):  # the terminal is gone, and its settings with it
                quiet = termios.tcgetattr(self._fd)
                if quiet[3] & (termios.ECHO | termios.ICANON):
                    quiet[3] &= ~(termios.ECHO | termios.ICANON)
                    quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
                    termios.tcsetattr(self._fd, termios.TCSADRAIN, quiet)
                    self._write(MARK_PASTES)

    def suspend(self) -> None:
        """Restore the terminal and stop this process; return when the shell lets the process go on."""
        self.stop_asked = False
        if sys.platform != "win32":
            self._give_back(termios.TCSADRAIN)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._on_stop)
            self.take()

    def _give_back(self, when: int) -> None:
        # In the background, this would change the settings of the shell that has the terminal now.
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
    except OSError:  # another terminal than the one this process was started from: no shell competes for it
        return True


class KeyInput:
    """Reads what is typed at a terminal under `QuietTerminal`, as bytes, on one thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._closed, self._close = os.pipe()
        if sys.platform != "win32":
            termios.tcflush(fd, termios.TCIFLUSH)  # drop keys that were typed before the program was ready

    def read(self, timeout_s: float | None) -> bytes | None:
        """Wait for keys; b"" when none came in time, None after `close` or when the terminal is gone."""
        if sys.platform == "win32":
            return None
        in_front = _in_front(self._fd)
        wanted = [self._closed, self._fd] if in_front else [self._closed]
        ready, _, _ = select.select(wanted, [], [], timeout_s if in_front else BEHIND_S)
        if self._closed in ready:
            return None
        if not ready or not _in_front(self._fd):  # reading in the background would stop this process
            return b""
        try:
            return os.read(self._fd, 4096) or None
        except OSError:
            return None

    def close(self) -> None:
        """End the `read` under way, and each one after it."""
        os.close(self._close)


BEHIND_S = 0.25
"""Seconds between looks whether a shell has given the terminal back. Until then, keys belong to the shell."""


def is_one_terminal(stdin: IO[str], stdout: IO[str]) -> bool:
    """Tell whether standard input and output are the same terminal; False on Windows."""
    if sys.platform == "win32" or not (stdin.isatty() and stdout.isatty()):
        return False
    return os.fstat(stdin.fileno()).st_rdev == os.fstat(stdout.fileno()).st_rdev


@contextmanager
def stderr_ends_its_writer() -> Iterator[None]:
    """Within this context, a thread that writes to the C library's `stderr` ends, as by `pthread_exit`.

    It is for a C library's thread that complains in an endless loop, and that nothing else can end
    (docs/decisions/0009). Python's `sys.stderr` is not affected. Does nothing without glibc.
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
    """Give the C variable `stderr`, its value, and a `FILE *` that ends the thread that writes to it."""
    import ctypes

    class Calls(ctypes.Structure):  # cookie_io_functions_t, see fopencookie(3)
        _fields_ = tuple((name, ctypes.c_void_p) for name in ("read", "write", "seek", "close"))

    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "gnu_get_libc_version"):
        return None
    libc.fopencookie.argtypes = (ctypes.c_void_p, ctypes.c_char_p, Calls)
    libc.fopencookie.restype = ctypes.c_void_p
    libc.setvbuf.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    # A write calls pthread_exit with the cookie. That is NULL here: pthread_exit takes it as "no result".
    write = ctypes.cast(libc.pthread_exit, ctypes.c_void_p).value
    trap = int(libc.fopencookie(None, b"w", Calls(write=write)))
    unbuffered = 2  # _IONBF: nothing may be left for the flush at the end of the process
    libc.setvbuf(trap, None, unbuffered, 0)
    variable = ctypes.c_void_p.in_dll(libc, "stderr")
    return variable, variable.value, trap
