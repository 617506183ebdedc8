"""A name given for a recording -> a file that can be read twice and from any place: pipes are copied first.

There is no use in decoding a pipe while it is read: many formats tell only at their end where their sound
lies, and this program reads a recording once before it decodes it, to find its track and its full scale.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from voicecli.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN = Path("-")
STDIN_FD = 0

MOST_BYTES = 4 * 1024**3
"""Most bytes that are copied from a pipe: 6.8 hours of CD sound, three days of telephone sound (8 kHz)."""

_BLOCK = 1 << 20


def name_of(path: Path) -> str:
    """What messages call this file."""
    return "standard input" if path == STDIN else str(path)


@contextmanager
def at_hand(path: Path) -> Iterator[Path]:
    """Give the file itself, or a temporary copy of what comes from a pipe (`-`: standard input).

    Waits for a pipe's end. Raises AudioFileError where nothing can be read, or where the copy has no room.
    """
    if path != STDIN and not _flows(path):
        yield path  # if something is wrong with the file, the reader of it raises the error
        return
    try:
        copy = tempfile.NamedTemporaryFile(prefix="voicecli-")  # noqa: SIM115  # used below
    except OSError as error:
        raise _no_room(path, error) from error
    with copy:
        _copy(path, copy.file)
        yield Path(copy.name)


def _flows(path: Path) -> bool:
    """Whether it is a pipe, a socket or this process's standard input: it can be read only once, in order."""
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or (stat.S_ISCHR(kind) and _is_stdin(path))


def _is_stdin(path: Path) -> bool:
    """Whether it is this process's standard input under any name: `/dev/stdin` cannot always be opened."""
    try:
        return path == STDIN or os.path.samestat(path.stat(), os.fstat(STDIN_FD))
    except OSError:
        return False


def _copy(path: Path, copy: IO[bytes]) -> None:
    try:
        own = _is_stdin(path)
        source = os.dup(STDIN_FD) if own else os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as error:
        reason = error.strerror or str(error)
        raise AudioFileError(f"{name_of(path)} cannot be read ({reason})", "give a file") from error
    try:
        if os.isatty(source):
            raise AudioFileError(
                f"{name_of(path)} is a terminal, not a recording", "give a file, or the end of a pipe"
            )
        size = 0
        while block := os.read(source, _BLOCK):
            size += len(block)
            if size > MOST_BYTES:
                raise AudioFileError(
                    f"more than {MOST_BYTES / 1024**3:.0f} GB come from {name_of(path)}",
                    "write it to a file first",
                )
            copy.write(block)
        copy.flush()
        if not size:
            raise AudioFileError(f"nothing came from {name_of(path)}", "did the program before it fail?")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _no_room(path, error) from error
        reason = error.strerror or str(error)
        raise AudioFileError(f"{name_of(path)} cannot be read ({reason})", "give a file") from error
    finally:
        os.close(source)


def _no_room(path: Path, error: OSError) -> AudioFileError:
    reason = error.strerror or str(error)
    return AudioFileError(
        f"what comes from {name_of(path)} cannot be kept in a temporary file ({reason})",
        "write it to a file, and give that; or set TMPDIR to a folder with room",
    )
