"""One connection of a session, from the greeting to the good-bye; and how it ended: on purpose, or lost."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import WebSocketError, WSCloseCode, WSMsgType

from voicecli.errors import VoicecliError
from voicecli.serve.client.outbox import STUCK_S
from voicecli.system.unsent import unsent_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from voicecli.serve.client.outbox import Message, Outbox
    from voicecli.serve.client.talker import Talker
    from voicecli.system.clock import Clock

IDLE_S = 60.0
"""A client that has sent nothing for so long is gone, or has forgotten its socket."""

LOOK_S = 0.5
"""How often it looks whether a client still reads."""

CLOSE_S = 1.0
"""s that a client has to confirm the end of its WebSocket."""

SLOW_S = 3.0
"""When the agent's voice has stood still for so long in all, because a client takes it slowly, it is told."""

LINGER_S = 30.0
"""A client that did not read has so long to read why it was closed."""

TAKEN_UP = 4000
"""Code with which a connection is closed whose session goes on on another one."""

MEANT = (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
"""Codes of a client that ends its session, or whose page was left."""


class Visit:
    """A WebSocket, while it serves a session."""

    def __init__(
        self,
        client: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        talker: Talker,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        """`tell` gets lines for the person at the server's terminal."""
        self._client = client
        self._transport = transport
        self._talker = talker
        self._clock = clock
        self._tell = tell
        self._heard_at = clock.now()
        self._left = False  # this side has closed it
        self._stuck = False  # the client does not read

    # ---- as the session sees it

    async def send(self, message: Message) -> None:
        """Send a message; wait while aiohttp's own buffer is full. Raises ConnectionError."""
        if isinstance(message, bytes):
            await self._client.send_bytes(message)
        else:
            await self._client.send_str(message)

    def unsent(self) -> int:
        """Bytes that the transport still has."""
        transport = self._transport
        return 0 if transport is None or transport.is_closing() else unsent_bytes(transport)

    # ---- as the server sees it

    async def run(self, seconds: float, after: str | None) -> bool:
        """Serve until the connection ends, or for so long; say whether it was lost.

        `after`: id of the last event that the client got on another connection; None: this is its first.
        """
        outbox = self._talker.attach(self, after)
        sending = asyncio.create_task(outbox.run(), name="outbox")
        reading = asyncio.create_task(self._read(), name="requests")
        watching = asyncio.create_task(self._until_stuck(outbox), name="watch")
        lost = False
        try:
            tasks = [sending, reading, watching]
            await asyncio.wait(tasks, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():  # what did the client say before?
                await asyncio.wait([reading], timeout=CLOSE_S)
                if not isinstance(broke := sending.exception(), ConnectionError | None):
                    raise broke
            lost = self._is_lost(sending, reading, watching)
            if not lost and not self._left:
                await self._say_good_bye(reading, watching)
        finally:
            for task in (sending, reading, watching):
                task.cancel()
            await asyncio.gather(sending, reading, watching, return_exceptions=True)
            self._talker.lose(outbox)
            if self._transport is not None and lost:
                self._transport.abort()
        return lost

    def stop(self) -> None:
        """Obey nothing more that comes on this connection: its session goes on on another one."""
        self._left = True

    async def leave(self, code: int, why: str) -> None:
        """Close it from this side."""
        self.stop()
        await self._close(code, why)

    async def _read(self) -> bool:
        """Obey requests until the client leaves; say whether it was lost.

        Raises TimeoutError when it is silent for IDLE_S.
        """
        while self._talker.failure is None:
            message = await self._client.receive(timeout=IDLE_S)
            self._heard_at = self._clock.now()
            if self._left:
                return False
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    await self._talker.take(message.data)
                case WSMsgType.CLOSE:
                    return message.data not in MEANT
                case WSMsgType.CLOSING:
                    return False
                case _:  # without a word; or what it sent was no WebSocket, and it was told so
                    return not isinstance(message.data, WebSocketError)
        return False

    def _is_lost(
        self, sending: asyncio.Task[None], reading: asyncio.Task[bool], watching: asyncio.Task[None]
    ) -> bool:
        """Whether the client did not mean to leave, and was not sent away."""
        if self._left or self._talker.failure is not None:
            return False
        if reading.done():
            return reading.exception() is None and reading.result()
        if watching.done():  # it does not read; if nothing comes from it either, the network does not carry
            return self._clock.now() - self._heard_at > STUCK_S / 2
        return sending.done()

    async def _say_good_bye(self, reading: asyncio.Task[bool], watching: asyncio.Task[None]) -> None:
        """Close the client with the code that tells why."""
        code, why = WSCloseCode.OK, "the session is over"
        if reading.done() and (raised := reading.exception()) is not None:
            if isinstance(raised, TimeoutError):
                why = "nothing was sent for a minute"
            elif isinstance(raised, VoicecliError):
                self._tell(f"{raised.found}; {raised.remedy}")
                code, why = WSCloseCode.INTERNAL_ERROR, raised.found[:100]
            else:
                raise raised
        elif self._talker.failure is not None:
            code, why = WSCloseCode.INTERNAL_ERROR, "the talk failed"
        elif watching.done():
            self._stuck = True
            return
        await self._close(code, why)

    async def linger(self) -> None:
        """Close a client that did not read, whose session is over: it may still read why, for a while."""
        if self._stuck and not self._left:
            await self._close(WSCloseCode.TRY_AGAIN_LATER, "you do not read what is sent", LINGER_S)

    async def _close(self, code: int, why: str, within_s: float = CLOSE_S) -> None:
        """Close it, behind what waits to be sent; what the client still sends is thrown away meanwhile."""
        # No `drain`: aiohttp would wait there for what the cancelled `send` waited for, and be cancelled.
        closing = self._client.close(code=code, message=why.encode(), drain=False)
        with contextlib.suppress(asyncio.TimeoutError, ConnectionError):
            await asyncio.wait_for(closing, within_s)

    async def _until_stuck(self, outbox: Outbox) -> None:
        still_s, told = 0.0, False
        while not outbox.stuck and self._talker.failure is None:
            await asyncio.sleep(LOOK_S)
            still_s += LOOK_S if outbox.slow else 0.0
            if still_s >= SLOW_S and not told:
                told = True
                self._tell(f"a client takes the agent's voice too slowly: {self._talker.slow()}")
        if outbox.stuck:
            outbox.alarm()
