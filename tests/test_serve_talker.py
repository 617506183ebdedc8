"""A session, asked and told by hand: what it sends on which connection, without a talk behind it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import numpy as np

from tests.test_serve import Hall
from voicecli import events
from voicecli.config import Config
from voicecli.serve.client.talker import Talker
from voicecli.serve.client.way import Voiced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from voicecli.engines import Engines
    from voicecli.serve.client.outbox import Message
    from voicecli.serve.wire.settings import Json


class Wire:
    """A connection that takes messages while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.sent: list[Message] = []

    async def send(self, message: Message) -> None:
        await self.open.wait()
        self.sent.append(message)

    def unsent(self) -> int:
        return 0

    @property
    def events(self) -> list[Json]:
        return [json.loads(message) for message in self.sent if isinstance(message, str)]

    @property
    def kinds(self) -> list[object]:
        return [event["type"] for event in self.events]


def block(start_ms: int = 0, *, losses: int = 0, again: bool = False, last: bool = False) -> Voiced:
    sound = np.full(480, 7, np.int16)
    return Voiced(sound, 1, start_ms, fades=False, last=last, again=again, losses=losses)


def session(body: Callable[[Talker], Awaitable[None]]) -> None:
    async def run() -> None:
        hall: Engines = Hall([], [])  # type: ignore[assignment]  # duck-typed
        talker = Talker(hall, Config(), 0, 30.0, alarm=lambda _: None, count=lambda _: None)
        await body(talker)
        await talker.close()

    asyncio.run(run())


async def emptied(wire: Wire, sending: asyncio.Task[None], count: int) -> None:
    """Let so many messages be sent."""
    wire.open.set()
    async with asyncio.timeout(10):
        while len(wire.sent) < count:
            await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)  # one too many would come now
    sending.cancel()


def test_what_is_cleared_is_not_sent_any_more() -> None:
    async def body(talker: Talker) -> None:
        wire = Wire()
        sending = asyncio.create_task(talker.attach(wire).run())
        await asyncio.sleep(0)
        talker.on_event(events.ReplyClause(1.0, 1, 0, "Once upon a time."))
        for number in range(20):
            talker.on_sound(block(number * 20))
        talker.on_clear(1)
        await emptied(wire, sending, 8)
        assert wire.kinds[-1] == "voicecli.clear"
        assert "response.output_audio.delta" not in wire.kinds
        assert "response.output_audio_transcript.delta" in wire.kinds

    session(body)


def test_sound_from_before_a_loss_waits_to_be_sent_again() -> None:
    async def body(talker: Talker) -> None:
        first, second = Wire(), Wire()
        lost = talker.attach(first)
        talker.on_event(events.ReplyClause(1.0, 1, 0, "Once upon a time."))
        talker.on_sound(block(0))
        talker.lose(lost)
        talker.on_sound(block(20))  # nobody is there
        talker.on_event(events.Partial(1.0, 1, "How"))
        sending = asyncio.create_task(talker.attach(second, "event_0000000003").run())
        talker.on_sound(block(40, losses=1))  # of a talk that has lost its connection, which this one has not
        talker.on_sound(block(0, again=True))
        talker.on_event(events.SpeechBegan(2.0, 2))
        talker.on_sound(block(20, again=True))  # of the reply that the user has just interrupted
        await emptied(second, sending, 3)
        places = [event["voicecli"] for event in second.events if "delta" in event and "voicecli" in event]
        assert places == []  # it has asked for nothing of it
        assert second.kinds.count("response.output_audio.delta") == 1
        created = second.events[0]["session"]
        assert created["voicecli"]["resumed"] is True  # type: ignore[index]
        assert second.kinds.count("response.created") == 0, "it had that"
        assert second.kinds.count("response.output_audio_transcript.delta") == 1

    session(body)


def test_the_end_of_a_reply_that_was_dropped_begins_no_response() -> None:
    async def body(talker: Talker) -> None:
        wire = Wire()
        sending = asyncio.create_task(talker.attach(wire).run())
        talker.on_event(events.ReplyClause(1.0, 1, 0, "Once upon a time."))
        talker.on_sound(block())
        talker.on_event(events.Interrupted(2.0, 1, "Once"))
        talker.on_event(events.TurnDone(2.0, 1, "Once"))
        talker.on_sound(block(20, last=True))
        await emptied(wire, sending, 12)
        assert wire.kinds.count("response.created") == wire.kinds.count("response.done") == 1
        assert wire.kinds[-1] == "response.done"

    session(body)
