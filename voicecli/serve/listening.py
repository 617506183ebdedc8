"""Where the server listens, from the first request to the last talk's end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from voicecli.serve.server import Server

    Protocols: TypeAlias = Callable[[], asyncio.Protocol]
    """Makes what reads one connection."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its private key, PEM."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What serves with them. Raises ConfigError; never asks a terminal for a pass phrase."""
        for file in (self.certificate, self.key):
            _check_readable(file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key, self._locked)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise ConfigError(
                    f"{self.key} is not the key of {self.certificate}",
                    "give the two files that belong together",
                ) from error
            raise ConfigError(
                f"{self.certificate} and {self.key} are no certificate and key in PEM",
                "give --tls-cert the certificates, the server's own first, and --tls-key its key",
            ) from error
        return context

    def _locked(self) -> str:
        """Asked for a pass phrase, which a server that starts by itself does not have."""
        raise ConfigError(
            f"{self.key} is encrypted",
            f"write one without a pass phrase: openssl pkey -in {self.key} -out FILE",
        )


def _check_readable(file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read ({error.strerror})", "check --tls-cert and --tls-key"
        ) from error


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    """0: the system chooses one."""
    tls: ssl.SSLContext | None = None

    def url(self, port: int) -> str:
        """How a client calls it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{port}"

    def taken(self, error: OSError) -> ConfigError:
        """What the user is told where it cannot be had."""
        found = f"port {self.port} of {self.host} cannot be had ({error.strerror or error})"
        return ConfigError(found, "give another --port, or end the program that has it")


@contextlib.contextmanager
def bound(address: Address) -> Iterator[socket.socket]:
    """A socket that has the address, and takes nobody yet: until it listens, clients are refused.

    So a server finds before it loads its models that another one has the port. Raises ConfigError.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address.host, address.port))
        except OSError as error:
            raise address.taken(error) from error
        yield listening


async def serve(
    make: Callable[[int], Server], address: Address, listening: socket.socket, ready: Callable[[str], None]
) -> None:
    """Serve on a socket that has the address, until SIGINT, or until SIGTERM and the end of the last talk.

    `make` gets the port, and `ready` the address once it is open. Raises ConfigError where another server
    listens there meanwhile.
    """
    port = listening.getsockname()[1]
    server = make(port)
    async with running(server, address, listening):
        ready(address.url(port))
        await asked_to_end(server)


@contextlib.asynccontextmanager
async def running(server: Server, address: Address, listening: socket.socket) -> AsyncIterator[Protocols]:
    """Serve on a socket that has the address, until the block ends; gives what reads other connections.

    Raises ConfigError where another server listens there meanwhile.
    """
    runner = web.AppRunner(server.application(), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.SockSite(runner, listening, ssl_context=address.tls).start()
        except OSError as error:
            raise address.taken(error) from error
        assert runner.server is not None
        yield runner.server
    finally:
        await server.end()
        await runner.cleanup()


async def asked_to_end(server: Server) -> None:
    """Wait for SIGINT, or for SIGTERM and the end of the last talk."""
    loop, at_once, slowly = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, at_once.set)
    loop.add_signal_handler(signal.SIGTERM, slowly.set)
    waits = [asyncio.create_task(at_once.wait()), asyncio.create_task(slowly.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    if not at_once.is_set():
        drain = asyncio.create_task(server.drain())
        await asyncio.wait([drain, waits[0]], return_when=asyncio.FIRST_COMPLETED)
        drain.cancel()
    for task in waits:
        task.cancel()
