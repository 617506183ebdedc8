"""docs/scaling/haproxy.cfg in front of two servers: who gets a talk, and what becomes of talks meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from tests.test_serve import WAIT_S, Client, Hall
from voicecli.config import Config
from voicecli.engines import Engines
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits

CONFIG = (Path(__file__).parent.parent / "docs" / "scaling" / "haproxy.cfg").read_text("utf-8")
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
SESSIONS = 2

pytestmark = pytest.mark.skipif(HAPROXY is None, reason="needs haproxy: scripts/setup.sh test installs it")


class Balancer:
    """A running HAProxy."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, session: ClientSession) -> None:
        self.process, self.url, self.session = process, url, session
        self.clients: list[Client] = []

    async def until(self, server: str, state: str) -> None:
        """Wait until HAProxy tells that a server of the talks is UP or DOWN."""
        assert self.process.stderr is not None
        async with asyncio.timeout(WAIT_S):
            while (
                f"Server talks/{server} is {state}"
                not in (line := await self.process.stderr.readline()).decode()
            ):
                assert line, "HAProxy ended"

    async def talk(self, query: str = "") -> Client:
        """Begin a talk, or take one up. Raises WSServerHandshakeError."""
        client = Client(await self.session.ws_connect(f"{self.url}/v1/realtime{query}"))
        await client.until("session.created")
        self.clients.append(client)
        return client


async def answered(client: Client) -> bool:
    await client.send("response.create", response={"instructions": "Greet me."})
    done = await client.until("response.done")
    return bool(done["response"]["status"] == "completed")  # type: ignore[index]


@asynccontextmanager
async def balanced(folder: Path, ports: list[int]) -> AsyncIterator[Balancer]:
    assert HAPROXY is not None
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = CONFIG.replace("bind 127.0.0.1:8760", f"bind fd@{listening.fileno()}")
        for usual, port in zip((8765, 8775), ports, strict=True):
            assert config.count(f"server {'one' if usual == 8765 else 'two'} 127.0.0.1:{usual}") == 2
            config = config.replace(f" 127.0.0.1:{usual}\n", f" 127.0.0.1:{port}\n")
        path = folder / "haproxy.cfg"
        path.write_text(config, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            HAPROXY,
            *("-db", "-f", str(path)),
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
        )
        try:
            async with ClientSession() as session:
                yield Balancer(process, f"http://127.0.0.1:{listening.getsockname()[1]}", session)
        finally:
            process.kill()
            await process.wait()


def run(folder: Path, body: Callable[[Balancer, list[Server]], Awaitable[None]]) -> None:
    """Two servers of simple engines, each for SESSIONS talks."""

    async def balance() -> None:
        halls: list[Engines] = [Hall([], ["It is this."]) for _ in range(2)]  # type: ignore[misc]  # duck-typed
        limits = ServerLimits(SESSIONS, SESSIONS)
        servers = [Server(hall, Config(), Access(0), limits, lambda _: None) for hall in halls]
        async with AsyncExitStack() as stack:
            at = [await stack.enter_async_context(TestServer(each.application())) for each in servers]
            ports = [each.port for each in at]
            assert all(port is not None for port in ports)
            balancer = await stack.enter_async_context(balanced(folder, ports))  # type: ignore[arg-type]
            await body(balancer, servers)
            for server in servers:
                await server.end()

    asyncio.run(balance())


def test_talks_are_spread_and_who_is_too_many_is_told(tmp_path: Path) -> None:
    async def body(balancer: Balancer, servers: list[Server]) -> None:
        for talks in (1, 2):
            await balancer.talk()
            await balancer.talk()
            assert [server.talking for server in servers] == [talks, talks]
        with pytest.raises(WSServerHandshakeError) as refused:
            await balancer.talk()
        assert refused.value.status == 503
        assert [server.talking for server in servers] == [SESSIONS, SESSIONS]
        assert [await answered(client) for client in balancer.clients] == [True] * 4

    run(tmp_path, body)


def test_a_full_server_keeps_its_talks_and_gets_the_next_when_one_has_left(tmp_path: Path) -> None:
    async def body(balancer: Balancer, servers: list[Server]) -> None:
        for _ in range(4):
            await balancer.talk()
        await balancer.until("one", "DOWN")  # full, as its health tells
        assert [await answered(client) for client in balancer.clients] == [True] * 4
        for client in balancer.clients:
            await client.socket.close()
        await balancer.until("one", "UP")
        assert await answered(await balancer.talk())

    run(tmp_path, body)


def test_a_draining_server_gets_none_and_its_talk_goes_on(tmp_path: Path) -> None:
    async def body(balancer: Balancer, servers: list[Server]) -> None:
        first = await balancer.talk()
        old = 0 if servers[0].talking else 1
        draining = asyncio.create_task(servers[old].drain(WAIT_S))
        await balancer.until(("one", "two")[old], "DOWN")
        await balancer.talk()
        await balancer.talk()
        assert (servers[old].talking, servers[1 - old].talking) == (1, 2)
        assert await answered(first)
        assert not draining.done()
        await first.socket.close()
        await asyncio.wait_for(draining, WAIT_S)

    run(tmp_path, body)


def test_a_lost_talk_is_taken_up_where_it_was_though_that_server_is_full_or_drains(tmp_path: Path) -> None:
    async def body(balancer: Balancer, servers: list[Server]) -> None:
        for _ in range(3):
            await balancer.talk()
        home = [server.talking for server in servers].index(1)
        lost = await balancer.talk()
        await balancer.until(("one", "two")[home], "DOWN")  # full
        draining = [asyncio.create_task(server.drain(WAIT_S)) for server in servers]
        response = lost.socket._response
        assert response.connection is not None
        assert response.connection.transport is not None
        response.connection.transport.abort()
        token = lost.got[0]["session"]["voicecli"]["resume"]["token"]  # type: ignore[index]
        again = await balancer.talk(f"?resume={token}")
        assert again.got[0]["session"]["voicecli"]["resumed"] is True  # type: ignore[index]
        assert await answered(again)
        assert [server.talking for server in servers] == [SESSIONS, SESSIONS]  # none was begun
        for task in draining:
            task.cancel()

    run(tmp_path, body)


def test_other_requests_are_answered_also_by_full_servers(tmp_path: Path) -> None:
    async def body(balancer: Balancer, servers: list[Server]) -> None:
        for _ in range(4):
            await balancer.talk()
        async with balancer.session.get(f"{balancer.url}/v1/models") as models:
            assert models.status == 200
        async with balancer.session.get(f"{balancer.url}/") as page:
            assert "<html" in await page.text()

    run(tmp_path, body)
