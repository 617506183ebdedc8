"""What a socket has not sent yet, with TLS or without: kept little, counted, and sent again soon.

What waits there cannot be taken back, so it is to wait in the program's own queues.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys

RESEND_MS = 1_000
"""Longest wait before something is sent again that nobody has acknowledged, ms. The kernel doubles its waits,
so while a network is dead for some seconds they grow as long as that, and so late the sound would go on."""

_LINUX_RTO_MAX_MS = 44
"""TCP_RTO_MAX_MS of linux/tcp.h, since Linux 6.15: Python has no name for it."""


def hold_little(transport: asyncio.Transport | None, most: int) -> None:
    """Have each place below the program keep at most about `most` bytes unsent, and send soon, also again.

    Where the system cannot, or there is no transport, do nothing.
    """
    if transport is None:
        return
    for each in _layers(transport):
        each.set_write_buffer_limits(high=most)
    if (sock := transport.get_extra_info("socket")) is not None:
        make_prompt(sock, most)


def make_prompt(sock: socket.socket, most: int) -> None:
    """Have the kernel keep at most about `most` bytes unsent, and send soon; what it cannot, it does not."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if (low_water := getattr(socket, "TCP_NOTSENT_LOWAT", None)) is not None:
        sock.setsockopt(socket.IPPROTO_TCP, low_water, most)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # an older kernel
            sock.setsockopt(socket.IPPROTO_TCP, _LINUX_RTO_MAX_MS, RESEND_MS)


def unsent_bytes(transport: asyncio.Transport | None) -> int:
    """Bytes that wait in this program to be handed to the kernel."""
    return 0 if transport is None else sum(each.get_write_buffer_size() for each in _layers(transport))


def _layers(transport: asyncio.Transport) -> list[asyncio.Transport]:
    """Give the transport, and with TLS also the one below it.

    That has a buffer of its own, which asyncio counts nowhere: 64 KB, a second of the agent's voice.
    """
    below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return [transport, below] if isinstance(below, asyncio.Transport) else [transport]
