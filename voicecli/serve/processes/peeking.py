"""Which process a connection is for, seen without reading it: the token of a lost talk begins with its port.

The first bytes stay where they are (MSG_PEEK, recv(2)), so the process that is handed the connection reads
all of it. With TLS there is nothing to see.
"""

from __future__ import annotations

import asyncio
import re
import socket

PEEK_S = 0.5
"""A client has so long to send the first line of its request; after that it is handed to any process."""

MOST_PEEKED = 64
"""Connections that are looked at together; further ones are handed to any process at once."""

_MOST_BYTES = 2048
_RESUMES = re.compile(rb"GET [^ \r\n]*[?&]resume=(\d{1,5})\.")


async def wanted_port(connection: socket.socket) -> int | None:
    """The port of the process that keeps the talk which this connection takes up; None for any.

    `connection` does not block.
    """
    loop, some = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection, some.set)
    try:
        async with asyncio.timeout(PEEK_S):
            await some.wait()
        said = connection.recv(_MOST_BYTES, socket.MSG_PEEK)
    except (TimeoutError, OSError):
        return None
    finally:
        loop.remove_reader(connection)
    found = _RESUMES.match(said)
    return int(found[1]) if found else None
