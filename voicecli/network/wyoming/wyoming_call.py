"""A call to a Wyoming server: events sent, events that come back; failures -> one line each.

Each call has a connection of its own, as the protocol's other clients have it.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from voicecli.errors import ConfigError, ServerError
from voicecli.network.address import host_of, is_loopback, reachable
from voicecli.network.connection import BrokenOffError
from voicecli.network.errands import Errands
from voicecli.network.trouble.complaint import quoted
from voicecli.network.trouble.waits import again
from voicecli.network.wyoming.wyoming_events import (
    MOST_LINE,
    NoEventError,
    WyomingEvent,
    read_event,
    to_bytes,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from voicecli.network.asked_server import AskedServer
    from voicecli.network.sse import Json
    from voicecli.network.trouble.waits import Sleep

TCP_EXAMPLE = "write it as in tcp://127.0.0.1:10300"

CLOSE_S = 0.5
"""Longest wait for a connection that is not needed any more to close, s."""

MOST_OTHERS = 1000
"""Events in a row that are not asked for, before a server counts as one that speaks of other things."""


class WyomingServer:
    """One engine's way to a server. Nothing is sent before something is asked."""

    def __init__(self, asked: AskedServer, sleep: Sleep = asyncio.sleep) -> None:
        """`sleep` waits before the server is asked again. Raises ConfigError for an address that is none."""
        host = host_of(asked.url, asked.setting)
        url = urlsplit(reachable(asked.url))
        if url.scheme != "tcp" or url.port is None or url.hostname is None:
            raise ConfigError(f"{asked.setting} is no address of a Wyoming server", TCP_EXAMPLE)
        self.is_local = is_loopback(host)
        self.where = f"tcp://{'[' + host + ']' if ':' in host else host}:{url.port}"
        """The address, as people may see it."""
        self.name = f"{asked.model} at {self.where}" if asked.model else self.where
        """What it runs, and where, for people."""
        self._host, self._port = url.hostname, url.port
        self._asked = asked
        self._sleep = sleep
        self.errands = Errands(_nothing)

    def close(self) -> None:
        """End the call under way. Any thread."""
        self.errands.close()

    @asynccontextmanager
    async def call(self, given: str = "") -> AsyncGenerator[WyomingCall, None]:
        """Connect, perhaps after several tries.

        `given`: words in what is sent, which no error shows. Raises ServerError.
        """
        async for attempt in again(self._asked.worth, self._sleep):
            with attempt:
                reader, writer = await self._connected()
        try:
            yield WyomingCall(self.where, reader, writer, given)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), CLOSE_S)

    async def described(self) -> dict[str, Json]:
        """What the server says that it does. Raises ServerError."""
        timeout_s = self._asked.timeout_s
        try:
            async with asyncio.timeout(timeout_s), self.call() as call:
                await call.send(WyomingEvent("describe"))
                return dict((await call.receive("info")).data)
        except TimeoutError:
            raise ServerError(f"{self.where}: no answer within {timeout_s:g} s", "look at its log") from None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(self._asked.connect_s):
                return await asyncio.open_connection(self._host, self._port, limit=MOST_LINE)
        except (OSError, TimeoutError) as error:
            found = f"no server answers at {self.where}"
            raise ServerError(found, f"start it, or {self._asked.instead}", passes=True) from error


class WyomingCall:
    """One connection."""

    def __init__(
        self, where: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, given: str
    ) -> None:
        self._where = where
        self._reader = reader
        self._writer = writer
        self._given = given

    async def send(self, *events: WyomingEvent) -> None:
        """Send events; wait while the server does not read. Raises ServerError."""
        try:
            for event in events:
                self._writer.write(to_bytes(event))
                await self._writer.drain()
        except OSError as error:
            raise self._broken() from error

    async def receive(self, *kinds: str) -> WyomingEvent:
        """The next event of these kinds; others are passed over.

        Raises ServerError for an event `error`, for what is no event, and where the server closes.
        """
        for _ in range(MOST_OTHERS):
            try:
                event = await read_event(self._reader)
            except NoEventError as error:
                found = f"{self._where} sends {error}"
                raise ServerError(found, "is it a Wyoming server?") from None
            except OSError as error:
                raise self._broken() from error
            if event is None:
                raise self._broken()
            if event.kind == "error":
                said = quoted(str(event.data.get("text") or ""), self._given)
                raise ServerError(f"{self._where} answers with an error{said}", "look at its log")
            if event.kind in kinds:
                return event
        raise ServerError(f"{self._where} sends everything but {' or '.join(kinds)}", "look at its log")

    def _broken(self) -> ServerError:
        return BrokenOffError(f"{self._where} broke off the connection", "look at its log, then ask again")


async def _nothing() -> None:
    """Leave nothing open: each call closes its own connection."""
