"""`voicecli serve --workers`: which process gets a client, and what happens when one ends."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from rig.program import started
from tests.fake_processes import broken, endless, one_talk_each, without_models
from tests.test_serve import WAIT_S, Client
from tests.test_serve_stuck import transport_of
from voicecli.errors import ConfigError, VoicecliError
from voicecli.serve.listening import Address, bound
from voicecli.serve.processes.handing import hand, taken
from voicecli.serve.processes.loads import MOST_STARTS, PENDING_S, STARTS_S, Loads, Restarts
from voicecli.serve.processes.overseer import OverseerPlan, oversee
from voicecli.serve.processes.peeking import MOST_PEEKED, wanted_port
from voicecli.system.clock import FakeClock

# ---- who gets a client


def loads(clock: FakeClock, count: int = 3) -> Loads:
    made = Loads(clock)
    for number in range(1, count + 1):
        made.add(number)
    return made


def test_the_next_client_goes_where_the_fewest_talk() -> None:
    made = loads(FakeClock())
    made.talking(1, 2)
    made.talking(2, 1)
    made.talking(3, 3)
    assert made.order() == [2, 1, 3]
    made.remove(2)
    assert made.order() == [1, 3]


def test_clients_that_come_together_are_spread_before_anybody_reports() -> None:
    made, chosen = loads(FakeClock()), []
    for _ in range(6):
        chosen.append(made.order()[0])
        made.handed(chosen[-1])
    assert chosen == [1, 2, 3, 1, 2, 3]


def test_a_connection_counts_once_it_became_a_talk_and_no_longer_if_it_did_not() -> None:
    clock = FakeClock()
    made = loads(clock, 2)
    made.handed(1)
    made.talking(1, 1)  # that was it
    made.handed(2)  # this is only a request
    assert made.order() == [1, 2]
    made.handed(2)
    clock.advance(PENDING_S + 0.1)
    assert made.order() == [2, 1]
    made.talking(1, 0)
    assert made.order() == [1, 2]


def test_a_process_is_started_again_so_often_and_no_more() -> None:
    clock = FakeClock()
    restarts = Restarts(clock)
    assert [restarts.allowed() for _ in range(MOST_STARTS + 1)] == [True] * MOST_STARTS + [False]
    clock.advance(STARTS_S + 1)
    assert restarts.allowed()


def test_a_connection_is_handed_on_unread() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    client, accepted = socket.socketpair()
    with ours, theirs, client:
        client.sendall(b"GET /")
        with accepted:
            assert hand(ours, accepted)
        connection = taken(theirs)
        assert connection is not None
        with connection:
            assert connection.recv(10) == b"GET /"
        with pytest.raises(BlockingIOError):
            taken(theirs)
        ours.close()
        with pytest.raises(EOFError):
            taken(theirs)


def test_a_process_that_takes_nothing_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        assert not all(hand(ours, theirs) for _ in range(10_000))


# ---- real processes with simple engines

Body = Callable[[ClientSession, str, list[str]], Awaitable[None]]


def overseen(body: Body, prepare: Callable[..., object] = one_talk_each) -> None:
    """Two processes, until the body ends; it gets their URL, and the lines that are told at the terminal."""
    notes: list[str] = []

    async def run() -> None:
        bodies = []

        async def visit(url: str) -> None:
            try:
                async with ClientSession() as session:
                    await asyncio.wait_for(body(session, url, notes), 60)
            finally:
                signal.raise_signal(signal.SIGINT)

        def ready(url: str) -> None:
            bodies.append(asyncio.create_task(visit(url)))

        plan = OverseerPlan(prepare, 2)  # type: ignore[arg-type]
        await oversee(plan, Address("127.0.0.1", 0), ready, notes.append)
        for task in bodies:
            await task

    asyncio.run(run())
    assert multiprocessing.active_children() == []


async def begun(session: ClientSession, url: str) -> Client:
    client = Client(await session.ws_connect(f"{url}/v1/realtime"))
    await client.until("session.created")
    return client


async def code(session: ClientSession, url: str) -> int | None:
    """With which code one more client is turned away; None where it is let in."""
    socket: ClientWebSocketResponse = await session.ws_connect(f"{url}/v1/realtime")
    message = await socket.receive(timeout=WAIT_S)
    found = None if message.type is WSMsgType.TEXT else socket.close_code
    await socket.close()
    return found


async def answered(client: Client) -> bool:
    await client.send("response.create", response={"instructions": "Greet me."})
    await client.until("response.done")
    return True


def pages(notes: list[str]) -> list[str]:
    """The metrics of each process, from process 1 on."""
    return [match[0] for line in sorted(notes) for match in re.finditer(r"http://\S+/metrics", line)]


async def health(session: ClientSession, url: str) -> int:
    async with session.get(f"{url}/health") as answer:
        return answer.status


def test_all_rooms_of_all_processes_are_had_before_anybody_is_refused() -> None:
    async def body(session: ClientSession, url: str, notes: list[str]) -> None:
        clients = [await begun(session, url) for _ in range(2)]
        assert await code(session, url) == 1013
        assert await health(session, url) == 503
        assert [await answered(client) for client in clients] == [True, True]
        await clients[0].socket.close()
        while await health(session, pages(notes)[0].removesuffix("/metrics")) != 200:
            pass  # its own page: at the common port each question would count as a client for a while
        assert await answered(await begun(session, url))
        assert "process 1: loading nothing" in notes
        assert not any("ended" in line for line in notes)

    overseen(body)


def test_who_takes_up_a_lost_talk_comes_to_the_process_that_keeps_it() -> None:
    async def body(session: ClientSession, url: str, notes: list[str]) -> None:
        for client in [await begun(session, url) for _ in range(2)]:
            created = client.got[0]["session"]
            token = created["voicecli"]["resume"]["token"]  # type: ignore[index]
            transport_of(client.socket).abort()
            again = Client(
                await session.ws_connect(f"{url}/v1/realtime", params={"resume": token, "after": ""})
            )
            resumed = (await again.until("session.created"))["session"]
            assert resumed["voicecli"]["resumed"] is True  # type: ignore[index]
            assert resumed["id"] == created["id"]  # type: ignore[index]
            assert await answered(again)

    overseen(body)


def test_who_says_nothing_keeps_nobody_waiting() -> None:
    async def body(session: ClientSession, url: str, notes: list[str]) -> None:
        host, port = url.removeprefix("http://").split(":")
        silent = [await asyncio.open_connection(host, int(port)) for _ in range(MOST_PEEKED + 6)]
        assert await answered(await begun(session, url))
        for _, writer in silent:
            writer.close()

    overseen(body)


@pytest.mark.parametrize(
    ("said", "port"),
    [
        (b"GET /v1/realtime?resume=8766.abc&after=event_1 HTTP/1.1\r\n", 8766),
        (b"GET /v1/realtime?model=x&resume=1.abc HTTP/1.1\r\n", 1),
        (b"GET /v1/realtime HTTP/1.1\r\nX: ?resume=1.abc\r\n", None),
        (b"GET /v1/realtime?resume=abc HTTP/1.1\r\n", None),
        (b"GET /v1/realtime?resume=999999.abc HTTP/1.1\r\n", None),
        (b"GET /v1/realtime?resume=87", None),
        (b"\x16\x03\x01\x02\x00", None),
        (b"", None),
    ],
)
def test_what_a_request_wants_is_seen_and_left_unread(said: bytes, port: int | None) -> None:
    client, accepted = socket.socketpair()
    accepted.setblocking(False)
    with accepted:
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
        assert asyncio.run(wanted_port(accepted)) == port
        assert accepted.recv(4096) == said
        client.close()


def test_each_process_has_pages_of_its_own() -> None:
    async def body(session: ClientSession, url: str, notes: list[str]) -> None:
        client = await begun(session, url)
        assert len(set(pages(notes))) == 2
        talking = 0
        for page in pages(notes):
            async with session.get(page) as answer:
                talking += "voicecli_sessions 1.0" in await answer.text()
        assert talking == 1
        await client.socket.close()

    overseen(body)


def test_a_process_that_dies_is_told_of_and_started_again_and_others_do_not_notice() -> None:
    async def body(session: ClientSession, url: str, notes: list[str]) -> None:
        clients = [await begun(session, url) for _ in range(2)]
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)
        ended, waiting = await asyncio.wait(
            [asyncio.create_task(client.socket.receive()) for client in clients],
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert (len(ended), len(waiting)) == (1, 1)
        for task in waiting:
            task.cancel()
            await asyncio.wait([task])
        (other,) = [client for client in clients if not client.socket.closed]
        assert await answered(other)
        while await health(session, url) != 200:  # the new one is loading
            await asyncio.sleep(0.05)
        assert await answered(await begun(session, url))
        (line,) = [line for line in notes if "ended" in line]
        assert re.fullmatch(r"process [12] ended with exit code -9: it is started again", line)

    overseen(body)


def test_asked_politely_all_processes_let_their_talks_finish() -> None:
    async def body(session: ClientSession, url: str, notes: list[str]) -> None:
        client = await begun(session, url)
        signal.raise_signal(signal.SIGTERM)
        while (turned_away := await code(session, url)) in (None, 1013):
            pass  # the other process has not been told yet
        assert turned_away == 1012
        assert await answered(client)
        await client.socket.close()

    overseen(body)


@pytest.mark.parametrize(
    ("prepare", "line"),
    [(without_models, "no model here; get one"), (broken, r"server process [12] ended with exit code 3; .+")],
)
def test_processes_that_cannot_begin_are_one_line(prepare: Callable[..., object], line: str) -> None:
    async def body(session: ClientSession, url: str, notes: list[str]) -> None:
        raise AssertionError("it served")

    with pytest.raises(VoicecliError) as failed:
        overseen(body, prepare)
    assert re.fullmatch(line, str(failed.value))
    assert multiprocessing.active_children() == []


def test_ctrl_c_while_they_load_ends_at_once() -> None:
    opened: list[str] = []

    def tell(_: str) -> None:
        signal.raise_signal(signal.SIGINT)

    asyncio.run(oversee(OverseerPlan(endless, 2), Address("127.0.0.1", 0), opened.append, tell))
    assert opened == []
    assert multiprocessing.active_children() == []


def test_a_port_that_is_taken_is_told_before_anything_is_loaded() -> None:
    with bound(Address("127.0.0.1", 0)) as other:
        other.listen()
        address = Address("127.0.0.1", other.getsockname()[1])
        with pytest.raises(ConfigError, match="cannot be had"):
            asyncio.run(oversee(OverseerPlan(broken, 2), address, lambda _: None, lambda _: None))


def test_processes_end_with_their_overseer() -> None:
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fake_processes"], cwd=root, stdout=subprocess.PIPE, text=True
    ) as overseer:
        assert overseer.stdout is not None
        pids = [int(pid) for pid in overseer.stdout.readline().split()]
        assert len(pids) == 2
        watched = [os.pidfd_open(pid) for pid in pids]
        overseer.kill()
        for process in watched:
            assert select.select([process], [], [], WAIT_S)[0]
            os.close(process)


@pytest.mark.models
def test_the_command_serves_in_processes_and_ends_when_it_is_asked() -> None:
    with started(
        "serve", "--light", "--workers", "2", "--sessions", "1", "--port", "0", network=True
    ) as process:
        assert process.stderr is not None
        lines: list[str] = []
        while "serving at" not in (line := process.stderr.readline()):
            assert line, lines
            lines.append(line)
        assert "2 talks at a time" in line
        (url,) = re.findall(r"ws://(\S+)/v1/realtime", line)
        with urllib.request.urlopen(f"http://{url}/health", timeout=WAIT_S) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
        assert "Traceback" not in process.stderr.read()
