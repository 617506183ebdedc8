"""What passes between the overseer and a server process: connections one way, reports the other.

A connection is handed on as it is, before anything of it was read: SCM_RIGHTS of Unix sockets, unix(7).
Windows has no such thing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TypeAlias

MARK = b"c"
"""Goes along with each connection: a byte must."""


@dataclass(frozen=True, slots=True)
class ProcessNote:
    """A line for the person at the terminal."""

    line: str


@dataclass(frozen=True, slots=True)
class ProcessReady:
    """The models are loaded. The process answers at this port of 127.0.0.1, too."""

    port: int


@dataclass(frozen=True, slots=True)
class ProcessTalks:
    """So many clients talk with the process."""

    count: int


@dataclass(frozen=True, slots=True)
class ProcessFailed:
    """The process ends, because of this error."""

    found: str
    remedy: str


ProcessReport: TypeAlias = ProcessNote | ProcessReady | ProcessTalks | ProcessFailed


def hand(way: socket.socket, connection: socket.socket) -> bool:
    """Hand a connection on; the caller closes its own copy. False where the process takes none just now.

    `way` does not block.
    """
    try:
        socket.send_fds(way, [MARK], [connection.fileno()])
    except OSError:  # full, or the process is gone
        return False
    return True


def taken(way: socket.socket) -> socket.socket | None:
    """The next connection that was handed over; None where this process may open no more files.

    Raises BlockingIOError when there is none, EOFError when the other side is gone.
    """
    data, files, _, _ = socket.recv_fds(way, len(MARK), 1)
    if not data:
        raise EOFError
    return socket.socket(fileno=files[0]) if files else None
