"""What waits in a socket for a client that does not read: little, and counted, with TLS or without."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from tests.certificates import OPENSSL, made
from voicecli.system.unsent import hold_little, unsent_bytes

MOST = 16 << 10
PIECE = b"x" * 1000
WINDOW = 4096


class Sender(asyncio.Protocol):
    """Sends until it is told to wait, then once more as much as may wait."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.begun = asyncio.Event()
        self.sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        hold_little(transport, MOST)
        self.begun.set()

    def pause_writing(self) -> None:
        self.told.set()

    async def fill(self) -> None:
        await self.begun.wait()
        while not self.told.is_set():
            self.send()
            await asyncio.sleep(0)

    def send(self) -> None:
        self.transport.write(PIECE)
        self.sent += len(PIECE)


def deaf() -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    sock.setblocking(False)
    return sock


def below(client: asyncio.Transport) -> asyncio.Transport:
    """What reads the socket: with TLS asyncio reads 256 KB ahead of who does not read."""
    carrier = getattr(getattr(client, "_ssl_protocol", None), "_transport", client)
    assert isinstance(carrier, asyncio.Transport)
    return carrier


@pytest.fixture(
    params=["plain", pytest.param("tls", marks=pytest.mark.skipif(not OPENSSL, reason="openssl"))]
)
def contexts(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    if request.param == "plain":
        return None, None
    files = made(tmp_path)
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(files.certificate, files.key)
    return ours, ssl.create_default_context(cafile=files.authority)


def test_little_is_held_for_who_does_not_read_and_all_of_it_is_counted(
    contexts: tuple[ssl.SSLContext | None, ssl.SSLContext | None],
) -> None:
    async def run() -> None:
        sender, loop = Sender(), asyncio.get_running_loop()
        ours, theirs = contexts
        server = await loop.create_server(lambda: sender, "127.0.0.1", 0, ssl=ours)
        with deaf() as sock:
            await loop.sock_connect(sock, server.sockets[0].getsockname())
            name = "localhost" if theirs is not None else None
            client, _ = await loop.create_connection(
                asyncio.Protocol, sock=sock, ssl=theirs, server_hostname=name
            )
            below(client).pause_reading()
            await sender.fill()
            held = sender.sent
            assert held < 5 * MOST, "one place is this program, the others the kernel and the client's window"
            before = unsent_bytes(sender.transport)
            for _ in range(200):
                sender.send()
                await asyncio.sleep(0)
            assert unsent_bytes(sender.transport) - before >= 200 * len(PIECE) - MOST, (
                "nothing goes uncounted"
            )
            sender.transport.abort()
            client.abort()
        server.close()
        await server.wait_closed()

    asyncio.run(run())
