"""A way to a server on this computer that can be cut, refuse connections, or carry nothing without a word."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class BreakingWire:
    """Listens on 127.0.0.1 while its `async with` block runs, and carries each connection to the server."""

    def __init__(self, port: int) -> None:
        """`port` is the server's."""
        self.port = 0
        self.carried = 0
        """Connections that reached the server so far."""
        self._there = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._refuses = False
        self._flows = asyncio.Event()
        self._flows.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._end()

    async def cut(self, *, refuse: bool = False) -> None:
        """Break all connections without a word; with `refuse`, break the next ones too, until `mend`."""
        self._refuses = refuse
        await self._end()

    def freeze(self) -> None:
        """Carry nothing more on the connections there are, and tell nobody, as radio does."""
        self._flows.clear()
        self._flows = asyncio.Event()
        self._flows.set()

    def mend(self) -> None:
        """Carry new connections again."""
        self._refuses = False

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._writers:
            writer = self._writers.pop()
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if self._refuses:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.carried += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._there)
        self._writers.add(back)
        flows = self._flows
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(_pump(reader, back, flows), _pump(there, writer, flows))
        finally:
            writer.transport.abort()
            back.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event) -> None:
    while data := await reader.read(65536):
        await flows.wait()
        writer.write(data)
        await writer.drain()
    writer.write_eof()
