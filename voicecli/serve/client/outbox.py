"""What waits to be sent to one client: bounded in bytes and in time, and never waited for.

The kernel's own buffer would hold a minute of sound, where nobody could take it back. So the socket is told
to take little at a time, and what waits is counted here.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from voicecli.system.clock import Clock

FULL_BYTES = 64_000
"""The agent's voice stands still while more than this waits: one second of 24 kHz PCM in base64."""

ALARM_BYTES = 256 << 10
MOST_BYTES = 1 << 20
"""A client for which so much waits is given up: only events wait there, and it reads none of them."""

STUCK_S = 10.0
"""A client that has taken nothing for this many s while something waits is given up, too."""

NOT_SENT_BYTES = 16 << 10
"""Most bytes that the kernel holds back unsent (TCP_NOTSENT_LOWAT)."""


class Outbox:
    """A queue of texts and the task that sends them. One asyncio loop uses it, but for `takes_sound`."""

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        in_kernel: Callable[[], int],
        clock: Clock,
        alarm: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`send` waits until the text is on its way; `in_kernel` counts bytes that the transport still has.

        `alarm` is called once, with the bytes that wait, when they are more than ALARM_BYTES.
        """
        self._send = send
        self._in_kernel = in_kernel
        self._clock = clock
        self._alarm = alarm
        self._alarmed = False
        self._texts: deque[str] = deque()
        self._bytes = 0
        self.peak = 0
        """The most bytes that ever waited."""
        self._some = asyncio.Event()
        self._moved_at = clock.now()

    @property
    def waiting(self) -> int:
        """Bytes that wait, here and in the transport."""
        return self._bytes + self._in_kernel()

    def takes_sound(self) -> bool:
        """From any thread: whether sound may be added."""
        return self._bytes < FULL_BYTES

    def put(self, text: str) -> None:
        """Add a text of ASCII; never waits."""
        if not self._texts:
            self._moved_at = self._clock.now()
        self._texts.append(text)
        self._bytes += len(text)
        self.peak = max(self.peak, self.waiting)
        if self.waiting > ALARM_BYTES and not self._alarmed:
            self._alarmed = True
            self._alarm(self.waiting)
        self._some.set()

    @property
    def stuck(self) -> bool:
        """Whether the client does not read, and is to be given up."""
        late = bool(self._texts) and self._clock.now() - self._moved_at > STUCK_S
        return late or self.waiting > MOST_BYTES

    async def run(self) -> None:
        """Send what comes, in order. Raises what `send` raises."""
        while True:
            await self._some.wait()
            while self._texts:
                text = self._texts[0]
                await self._send(text)
                self._texts.popleft()
                self._bytes -= len(text)
                self._moved_at = self._clock.now()
            self._some.clear()


def hold_little(sock: socket.socket | None) -> None:
    """Have the kernel send at once, and keep little that is unsent; where it cannot, do nothing."""
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if (low_water := getattr(socket, "TCP_NOTSENT_LOWAT", None)) is not None:
        sock.setsockopt(socket.IPPROTO_TCP, low_water, NOT_SENT_BYTES)
