"""A TCP socket that carries sound: little waits in the kernel, and what got lost is soon sent again."""

from __future__ import annotations

import contextlib
import socket
import sys

RESEND_MS = 1_000
"""Longest wait before something is sent again that nobody has acknowledged, ms. The kernel doubles its waits,
so while a network is dead for some seconds they grow as long as that, and so late the sound would go on."""

_LINUX_RTO_MAX_MS = 44
"""TCP_RTO_MAX_MS of linux/tcp.h, since Linux 6.15: Python has no name for it."""


def made_prompt(sock: socket.socket, most_unsent: int) -> None:
    """Have the kernel keep at most about so many bytes unsent, and send soon; nothing where it cannot.

    What waits in the kernel can be neither taken back nor give way to newer sound.
    """
    if (low_water := getattr(socket, "TCP_NOTSENT_LOWAT", None)) is not None:
        sock.setsockopt(socket.IPPROTO_TCP, low_water, most_unsent)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # an older kernel
            sock.setsockopt(socket.IPPROTO_TCP, _LINUX_RTO_MAX_MS, RESEND_MS)
