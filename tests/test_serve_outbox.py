"""What waits for one client: bounded, never waited for, and given up when nobody reads it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.sentences import wording
from voicecli.serve.client.outbox import ALARM_BYTES, FULL_BYTES, MOST_BYTES, MOVES_S, STUCK_S, Outbox
from voicecli.serve.wire.formats import too_slow
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from voicecli.serve.client.outbox import Message

TEXT = "x" * 1000


class Wire:
    """A socket that takes texts while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.sent: list[Message] = []
        self.alarms: list[int] = []
        self.clock = FakeClock()
        self.box = Outbox(self.send, lambda: 0, self.clock, self.alarms.append)

    async def send(self, message: Message) -> None:
        await self.open.wait()
        self.sent.append(message)

    def slow_after(self, seconds: float) -> bool:
        self.clock.advance(seconds)
        return self.box.slow

    def stuck_after(self, seconds: float) -> bool:
        self.clock.advance(seconds)
        return self.box.stuck


def test_texts_leave_in_order() -> None:
    async def run() -> None:
        wire = Wire()
        wire.open.set()
        task = asyncio.create_task(wire.box.run())
        for number in range(100):
            wire.box.put(str(number))
        while len(wire.sent) < 100:
            await asyncio.sleep(0)
        task.cancel()
        assert wire.sent == [str(number) for number in range(100)]
        assert wire.box.waiting == 0

    asyncio.run(run())


def test_sound_stops_long_before_the_client_is_given_up() -> None:
    async def run() -> None:
        wire = Wire()
        while wire.box.takes_sound():
            wire.box.put(TEXT)
        assert wire.box.waiting <= FULL_BYTES + len(TEXT)
        assert not wire.box.stuck
        assert not wire.alarms

    asyncio.run(run())


def test_the_alarm_is_given_once_and_then_the_client_is_given_up() -> None:
    async def run() -> None:
        wire = Wire()
        while not wire.box.stuck:
            wire.box.put(TEXT)
        assert len(wire.alarms) == 1
        assert ALARM_BYTES < wire.alarms[0] <= ALARM_BYTES + len(TEXT)
        assert MOST_BYTES < wire.box.waiting <= MOST_BYTES + len(TEXT)

    asyncio.run(run())


def test_a_full_box_is_slow_while_something_leaves() -> None:
    async def run() -> None:
        wire = Wire()
        assert not wire.slow_after(0)
        while wire.box.takes_sound():
            wire.box.put(TEXT)
        assert wire.slow_after(0)
        assert not wire.slow_after(MOVES_S)  # nothing leaves: it is stuck, or its network is dead
        task = asyncio.create_task(wire.box.run())
        wire.open.set()
        await asyncio.sleep(0)
        while wire.box.waiting:
            await asyncio.sleep(0)
        assert not wire.slow_after(0)
        task.cancel()

    asyncio.run(run())


def test_a_client_that_takes_nothing_is_given_up_but_not_one_that_is_slow() -> None:
    async def run() -> None:
        wire = Wire()
        task = asyncio.create_task(wire.box.run())
        for _ in range(3):
            wire.box.put(TEXT)
        for left in (2, 1, 0):
            assert not wire.stuck_after(STUCK_S - 1)
            wire.open.set()
            await asyncio.sleep(0)
            while wire.box.waiting > left * len(TEXT):
                await asyncio.sleep(0)
            wire.open.clear()
        assert not wire.stuck_after(10 * STUCK_S)  # nothing waits
        wire.box.put(TEXT)
        assert wire.stuck_after(STUCK_S + 1)
        task.cancel()

    asyncio.run(run())


def test_the_format_that_a_network_is_too_slow_for_is_named() -> None:
    found, remedy = too_slow("audio/pcm", binary=False)
    assert found == wording("server.slow_network", format="audio/pcm in base64")
    assert "audio/pcmu" in remedy
    found, remedy = too_slow("audio/pcmu", binary=True)
    assert found == wording("server.slow_network", format="audio/pcmu in binary frames")
    assert "audio/pcmu" not in remedy
