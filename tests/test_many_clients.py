"""Many interruptions and many visits, over real sockets: nothing comes too late, and nothing is kept."""

from __future__ import annotations

import asyncio

import pytest

from scripts.serving.come_and_go import POOL, settled, visits
from scripts.serving.counted_server import CountedServer
from scripts.serving.many_replies import measured

INTERRUPTIONS = 100
CLIENTS = 8
VISITS = 40


@pytest.mark.timeout(900)  # it speaks in real time, and a busy computer is slow
def test_of_many_interrupted_replies_no_sound_comes_after_that_was_told() -> None:
    with CountedServer("--sessions", str(CLIENTS)) as server:
        plain, credit = asyncio.run(measured(server.url, INTERRUPTIONS, CLIENTS))
    for half in (plain, credit):
        assert [error for each in half for error in each.errors] == []
        assert sum(each.interruptions for each in half) >= INTERRUPTIONS // 2
        assert sum(each.late for each in half) == 0


def test_clients_that_come_and_go_half_of_them_rude_leave_nothing_open() -> None:
    with CountedServer("--sessions", "16", "--resume-s", "0.1") as server:

        async def run() -> None:
            url, port = server.url, server.port
            await visits(url, port, range(4))
            before = await settled(url, server.pid)
            await visits(url, port, range(4, 4 + VISITS))
            after = await settled(url, server.pid, before)
            assert after.files <= before.files
            assert after.threads <= before.threads + POOL

        asyncio.run(run())
