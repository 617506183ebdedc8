"""The socket of the Wyoming server: who may connect, how many, and for how long without a word.

The protocol has neither a password nor encryption. So this listens on this computer alone, unless the user
says otherwise in so many words (`Reach`).
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError, VoicecliError
from voicecli.network.wyoming.wyoming_events import (
    MOST_LINE,
    NoEventError,
    WyomingEvent,
    read_event,
    to_bytes,
)
from voicecli.serve.access import is_loopback
from voicecli.serve.wyoming.wyoming_services import RefusedEventError, Services, WyomingDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from voicecli.config import Config
    from voicecli.engines import Engines

MOST_CONNECTIONS = 16
"""Home Assistant opens one for each request, and one more to see whether the server is there."""

IDLE_S = 30.0
"""A client that has sent nothing for so long, and waits for nothing, has forgotten its connection."""

WRITE_S = 10.0
"""A client that reads nothing for so long is given up."""

BUSY = "all connections of this server are in use; try again later"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where to listen."""

    host: str
    port: int
    """0: the system chooses one."""
    unprotected: bool = False
    """The user said that other computers may connect, although nobody is asked for a password."""

    def check(self) -> None:
        """Raise ConfigError where other computers could connect, and the user did not say so."""
        if not (is_loopback(self.host) or self.unprotected):
            raise ConfigError(
                f"{self.host} can be reached from other computers, and Wyoming asks nobody for a password",
                "add --wyoming-unprotected if you trust all of them",
            )


class WyomingListener:
    """Connections, each with a desk of its own."""

    def __init__(
        self,
        engines: Engines,
        config: Config,
        tell: Callable[[str], None],
        idle_s: float = IDLE_S,
        write_s: float = WRITE_S,
    ) -> None:
        """`tell` gets lines for the person at the server's terminal: nothing of what is said."""
        self._services = Services(engines, config)
        self._tell = tell
        self._idle_s, self._write_s = idle_s, write_s
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused = 0
        """Connections that found no room."""

    @contextlib.asynccontextmanager
    async def listening(self, reach: Reach) -> AsyncIterator[int]:
        """Serve while the block lasts; gives the port. Raises ConfigError where the address cannot be had."""
        reach.check()
        try:
            server = await asyncio.start_server(self._connected, reach.host, reach.port, limit=MOST_LINE)
        except OSError as error:
            found = f"port {reach.port} of {reach.host} cannot be had ({error.strerror or error})"
            raise ConfigError(found, "give another --wyoming port") from error
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if len(self._tasks) > MOST_CONNECTIONS:
                self.refused += 1
                await self._refuse(writer, BUSY)
            else:
                await self._serve(reader, writer)
        except (OSError, TimeoutError):
            pass  # the client has gone, or reads nothing
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take events until the client leaves, is silent for too long, or asks for what is not served."""

        async def send(event: WyomingEvent) -> None:
            writer.write(to_bytes(event))
            async with asyncio.timeout(self._write_s):
                await writer.drain()

        desk = WyomingDesk(self._services, send)
        try:
            while True:
                async with asyncio.timeout(self._idle_s):
                    event = await read_event(reader)
                if event is None:
                    return
                await desk.take(event)
        except NoEventError as error:
            await self._refuse(writer, f"this is {error}")
        except RefusedEventError as error:
            await self._refuse(writer, str(error))
        except VoicecliError as error:
            self._tell(f"Wyoming: {error.found}; {error.remedy}")
            await self._refuse(writer, error.found)
        finally:
            desk.gone.set()

    async def _refuse(self, writer: asyncio.StreamWriter, why: str) -> None:
        """Say why the connection ends. Clients that wait for an answer see that it is closed."""
        writer.write(to_bytes(WyomingEvent("error", {"text": why, "code": "refused"})))
        async with asyncio.timeout(self._write_s):
            await writer.drain()


@contextlib.asynccontextmanager
async def wyoming_beside(
    engines: Engines, config: Config, reach: Reach | None, tell: Callable[[str], None], *, announce: bool
) -> AsyncIterator[None]:
    """Serve Wyoming while the block lasts; nothing where `reach` is None. Raises ConfigError."""
    if reach is None:
        yield
        return
    async with contextlib.AsyncExitStack() as stack:
        listener = WyomingListener(engines, config, tell)
        port = await stack.enter_async_context(listener.listening(reach))
        if announce:
            from voicecli.serve.wyoming.announce import announced

            await stack.enter_async_context(announced(reach.host, port, "voicecli"))
        tell(f"serving Wyoming at tcp://{reach.host}:{port}" + (", announced" if announce else ""))
        yield
