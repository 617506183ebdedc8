"""What waits to be sent to one client: bounded in bytes and in time, and never waited for.

The kernel's own buffer would hold a minute of sound, where nobody could take it back. So the socket is told
to take little at a time, and what waits is counted here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from voicecli.system.clock import Clock
    from voicecli.waiting.buffers import BufferFill

    Message: TypeAlias = str | bytes
    """A text of ASCII, or a binary frame."""

FULL_BYTES = 64_000
"""The agent's voice stands still while more than this waits: one second of 24 kHz PCM in base64."""

ALARM_BYTES = 256 << 10
MOST_BYTES = 1 << 20
"""A client for which so much waits is given up: only events wait there, and it reads none of them."""

STUCK_S = 10.0
"""A client that has taken nothing for this many s while something waits is given up, too."""

MOVES_S = 1.0
"""A client that has taken something within this is slow, not stuck."""

NOT_SENT_BYTES = 16 << 10
"""Most that the kernel holds back unsent (TCP_NOTSENT_LOWAT), and the same for what is before it in this
program: aiohttp would take a quarter of a megabyte before it lets a sender wait."""


TO_CLIENT = Buffer(
    "messages to a client",
    "bytes",
    MOST_BYTES,
    "block",
    "the agent's voice, nearly all of it, stands still while 64,000 bytes wait here; events are told at once "
    "and are few: a client for which so many wait does not read, and is closed",
)


class Outbox:
    """A queue of messages and the task that sends them. One asyncio loop uses it, but for `takes_sound`."""

    def __init__(
        self,
        send: Callable[[Message], Awaitable[None]],
        in_kernel: Callable[[], int],
        clock: Clock,
        alarm: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`send` waits until a message is on its way; `in_kernel` counts bytes that the transport still has.

        `alarm` is called once, with the bytes that wait: when these are over ALARM_BYTES, or the client is
        given up.
        """
        self._send = send
        self._in_kernel = in_kernel
        self._clock = clock
        self._alarm = alarm
        self._alarmed = False
        self._messages: deque[tuple[Message, bool]] = deque()  # and whether it is sound
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

    def put(self, message: Message, *, is_sound: bool = False) -> None:
        """Add a message; never waits."""
        if not self._messages:
            self._moved_at = self._clock.now()
        self._messages.append((message, is_sound))
        self._bytes += len(message)
        self.peak = max(self.peak, self.waiting)
        if self.waiting > ALARM_BYTES:
            self.alarm()
        self._some.set()

    def forget_sound(self) -> None:
        """Send none of the sound that still waits here."""
        kept = [each for number, each in enumerate(self._messages) if number == 0 or not each[1]]
        self._messages = deque(kept)  # the first may be on its way
        self._bytes = sum(len(message) for message, _ in kept)

    def alarm(self) -> None:
        """Tell, once, that the client does not read."""
        if not self._alarmed:
            self._alarmed = True
            self._alarm(self.waiting)

    @property
    def stuck(self) -> bool:
        """Whether the client does not read, and is to be given up."""
        late = bool(self._messages) and self._clock.now() - self._moved_at > STUCK_S
        return late or self.waiting > MOST_BYTES

    @property
    def slow(self) -> bool:
        """Whether the agent's voice stands still although the client takes something."""
        return not self.takes_sound() and self._clock.now() - self._moved_at < MOVES_S

    def stats(self) -> BufferFill:
        """What waits."""
        return TO_CLIENT.filled(self.waiting, self.peak)

    async def run(self) -> None:
        """Send what comes, in order. Raises what `send` raises."""
        while True:
            await self._some.wait()
            while self._messages:
                message, _ = self._messages[0]
                await self._send(message)
                self._messages.popleft()
                self._bytes -= len(message)
                self._moved_at = self._clock.now()
            self._some.clear()
