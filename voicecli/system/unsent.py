"""What a socket has not sent yet, with TLS or without: kept little, and counted.

What waits there cannot be taken back, so it is to wait in the program's own queues.
"""

from __future__ import annotations

import asyncio
import socket


def hold_little(transport: asyncio.Transport | None, most: int) -> None:
    """Have each place below the program keep at most about `most` bytes unsent, and send without delay.

    Where the system cannot, or there is no transport, do nothing.
    """
    if transport is None:
        return
    for each in _layers(transport):
        each.set_write_buffer_limits(high=most)
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if (low_water := getattr(socket, "TCP_NOTSENT_LOWAT", None)) is not None:
        sock.setsockopt(socket.IPPROTO_TCP, low_water, most)


def unsent_bytes(transport: asyncio.Transport | None) -> int:
    """Bytes that wait in this program to be handed to the kernel."""
    return 0 if transport is None else sum(each.get_write_buffer_size() for each in _layers(transport))


def _layers(transport: asyncio.Transport) -> list[asyncio.Transport]:
    """Give the transport, and with TLS also the one below it.

    That has a buffer of its own, which asyncio counts nowhere: 64 KB, a second of the agent's voice.
    """
    below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return [transport, below] if isinstance(below, asyncio.Transport) else [transport]
