"""Many clients that come and go, half of them rude: what the server keeps of them.

    python -m scripts.serving.come_and_go [--visits 500]

The server has simple engines, a process of its own, and keeps a lost talk for 0.5 s. A polite client asks
something, is answered, and says good-bye. A rude one vanishes without a word: before its request is whole,
after the greeting, in mid-question, in mid-reply, behind nonsense, or while it reads nothing. Prints a line
of JSON: threads, open files and memory of the server after each tenth. The exit code is 1 where it has more
files after all than after the first tenth, more threads than that and asyncio's pool, or more than 3 % more
memory than after half.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from scripts.serving.counted_server import CountedServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Socket = aiohttp.ClientWebSocketResponse

AT_ONCE = 4
WAIT_S = 120.0
SETTLES_S = 20.0
TENTHS = 10
POOL = (os.cpu_count() or 1) + 4
"""Threads that asyncio makes for `to_thread` as they are needed, and keeps."""
GROWS = 1.03
ASKS = {"type": "response.create", "response": {"instructions": "Greet me."}}
SOUND = {"type": "input_audio_buffer.append", "audio": "AAAA" * 1000}


@dataclass(frozen=True)
class Remains:
    """What a process has."""

    threads: int
    files: int
    memory_kb: int

    @classmethod
    def by(cls, pid: int) -> Remains:
        """Read it."""
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        memory, threads = (re.search(rf"{name}:\s+(\d+)", status) for name in ("VmRSS", "Threads"))
        assert memory is not None
        assert threads is not None
        return cls(int(threads[1]), len(list(Path(f"/proc/{pid}/fd").iterdir())), int(memory[1]))


async def until(socket: Socket, kind: str) -> None:
    """Read up to this event."""
    while json.loads((await socket.receive(timeout=WAIT_S)).data)["type"] != kind:
        pass


def carrier(socket: Socket) -> asyncio.Transport:
    """What carries it."""
    connection = socket._conn  # noqa: SLF001  # a client of aiohttp has no other way to it
    assert connection is not None
    assert isinstance(connection.transport, asyncio.Transport)
    return connection.transport


async def polite(socket: Socket) -> None:
    """Ask, listen, and leave."""
    await socket.send_json(ASKS)
    await until(socket, "response.created")
    await until(socket, "response.output_audio.delta")
    await socket.close()


async def greeted(socket: Socket) -> None:
    """Vanish at once."""
    carrier(socket).abort()


async def asking(socket: Socket) -> None:
    """Vanish in mid-question."""
    for _ in range(5):
        await socket.send_json(SOUND)
    carrier(socket).abort()


async def answered(socket: Socket) -> None:
    """Vanish in mid-reply."""
    await socket.send_json(ASKS)
    await until(socket, "response.output_audio.delta")
    carrier(socket).abort()


async def babbling(socket: Socket) -> None:
    """Vanish behind nonsense."""
    await socket.send_str("[" * 10_000)
    await socket.send_bytes(b"x" * 5000)
    carrier(socket).write(b"\xff" * 5000)
    await asyncio.sleep(0)
    carrier(socket).abort()


async def deaf(socket: Socket) -> None:
    """Read nothing of a reply, and vanish."""
    await socket.send_json(ASKS)
    carrier(socket).pause_reading()
    await asyncio.sleep(0.3)
    carrier(socket).abort()


RUDE: tuple[Callable[[Socket], Awaitable[None]], ...] = (greeted, asking, answered, babbling, deaf)


async def half_asked(port: int) -> None:
    """Vanish before the request is whole."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgr")
    await writer.drain()
    writer.transport.abort()


async def visit(url: str, port: int, number: int) -> None:
    """One client; every second one is rude."""
    rude = number // 2 % (len(RUDE) + 1)
    if number % 2 and rude == len(RUDE):
        await half_asked(port)
        return
    async with aiohttp.ClientSession() as session:
        while True:
            socket = await session.ws_connect(url)
            if (await socket.receive(timeout=WAIT_S)).type is aiohttp.WSMsgType.TEXT:
                break
            await asyncio.sleep(0.05)  # full: others are still being missed
        await (RUDE[rude] if number % 2 else polite)(socket)


async def emptied(url: str) -> None:
    """Wait until nobody has a session."""
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(url.replace("ws:", "http:").replace("v1/realtime", "health")) as health:
                if not (await health.json())["sessions"]:
                    return
            await asyncio.sleep(0.1)


async def settled(url: str, pid: int, like: Remains | None = None) -> Remains:
    """What the server has when all are gone; waits until that is as little as before, for a while."""
    await emptied(url)
    loop = asyncio.get_running_loop()
    ends = loop.time() + SETTLES_S
    while like is not None and loop.time() < ends:
        kept = Remains.by(pid)
        if kept.threads <= like.threads + POOL and kept.files <= like.files:
            break
        await asyncio.sleep(0.2)
    return Remains.by(pid)


async def visits(url: str, port: int, numbers: range) -> None:
    """These clients, AT_ONCE of them at a time."""
    left = iter(numbers)

    async def some() -> None:
        for number in left:
            await visit(url, port, number)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def measured(server: CountedServer, count: int) -> list[Remains]:
    """What the server has after each tenth of the visits."""
    url, port, pid = server.url, server.port, server.pid
    found: list[Remains] = []
    for tenth in range(TENTHS):
        await visits(url, port, range(count * tenth // TENTHS, count * (tenth + 1) // TENTHS))
        found.append(await settled(url, pid, found[0] if found else None))
        print(found[-1], file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--visits", type=int, default=500)
    asked = parser.parse_args()
    with CountedServer("--sessions", str(AT_ONCE * 4), "--resume-s", "0.5") as server:
        found = asyncio.run(measured(server, asked.visits))
    first, half, last = found[0], found[TENTHS // 2 - 1], found[-1]
    print(json.dumps({"kept": [asdict(each) for each in found], "load": round(os.getloadavg()[0], 1)}))
    grown = last.memory_kb > half.memory_kb * GROWS
    return int(grown or last.threads > first.threads + POOL or last.files > first.files)


if __name__ == "__main__":
    sys.exit(main())
