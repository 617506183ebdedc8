"""The body of one of several server processes: loads its models, then serves the connections it is handed.

It also answers at a port of its own on this computer, for its own /health and /metrics. It ends when it is
asked to, as a single server does, and at once when the overseer is gone.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from voicecli.errors import VoicecliError
from voicecli.serve.listening import Address, asked_to_end, bound, running
from voicecli.serve.processes.handing import ProcessFailed, ProcessNote, ProcessReady, ProcessTalks, taken

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from voicecli.serve.listening import Protocols, TlsFiles
    from voicecli.serve.server import Server

    Prepare: TypeAlias = Callable[[Callable[[str], None]], Callable[[int], Server]]
    """Told where notes go, it loads the models and gives what makes a server for a port."""

LOOK_S = 0.05
"""How often it looks whether the number of its clients has changed."""


def work(
    prepare: Prepare, tls_files: TlsFiles | None, own_port: int, way: socket.socket, reports: Connection
) -> None:
    """Serve what comes through `way`, and report; `own_port`: 0 for any that is free."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # while it loads; Ctrl-C also reaches the overseer, which acts
    with suppress(BrokenPipeError):  # the overseer is gone
        try:
            make = prepare(lambda line: reports.send(ProcessNote(line)))
            tls = tls_files.context() if tls_files is not None else None
            asyncio.run(_served(make, tls, own_port, way, reports))
        except VoicecliError as error:
            reports.send(ProcessFailed(error.found, error.remedy))


async def _served(
    make: Callable[[int], Server],
    tls: ssl.SSLContext | None,
    own_port: int,
    way: socket.socket,
    reports: Connection,
) -> None:
    address = Address("127.0.0.1", own_port)
    with bound(address) as own:
        port = own.getsockname()[1]
        server = make(port)
        async with running(server, address, own) as protocols:
            taking = _Taking(way, protocols, tls)
            tasks = [
                asyncio.create_task(asked_to_end(server)),
                asyncio.create_task(taking.alone.wait()),
                asyncio.create_task(_report(server, reports)),
            ]
            reports.send(ProcessReady(port))
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            taking.stop()


async def _report(server: Server, reports: Connection) -> None:
    told = 0
    while True:
        if (count := server.talking) != told:
            reports.send(ProcessTalks(count))
            told = count
        await asyncio.sleep(LOOK_S)


class _Taking:
    """Begins each connection that is handed over."""

    def __init__(self, way: socket.socket, protocols: Protocols, tls: ssl.SSLContext | None) -> None:
        self._way = way
        self._protocols = protocols
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[None]] = set()
        self.alone = asyncio.Event()
        """The overseer is gone."""
        way.setblocking(False)
        self._loop.add_reader(way, self._take)

    def stop(self) -> None:
        """Take no more."""
        self._loop.remove_reader(self._way)

    def _take(self) -> None:
        try:
            connection = taken(self._way)
        except BlockingIOError:
            return
        except (EOFError, OSError):
            self.stop()
            self.alone.set()
            return
        if connection is not None:
            beginning = self._loop.create_task(self._begin(connection))
            self._beginning.add(beginning)
            beginning.add_done_callback(self._beginning.discard)

    async def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(self._protocols, connection, ssl=self._tls)
        except OSError:  # the client left, or speaks no TLS
            connection.close()
