"""A talk that outlives its connection, through real sockets: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from tests.caller import Caller
from tests.test_serve import WAIT_S, Hall
from voicecli.config import Config
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits
from voicecli.serve.visit import TAKEN_UP
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.test_utils import BaseTestServer

    from voicecli.engines import Engines

KILLS = 50
TURNS = 8
LINES = [f"Question {number}?" for number in ("one", "two", "three", "four", "five", "six", "seven", "eight")]
REPLY = "It is this and that and all the rest."


class SkippingClock(MonotonicClock):
    """The computer's clock, which can be put forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


def served(
    body: Callable[[BaseTestServer, Hall], Awaitable[None]],
    hall: Hall | None = None,
    token: str = "",
    sessions: int = 2,
) -> None:
    """Run a server."""
    hall = hall or Hall(LINES, [REPLY] * 20)

    async def run() -> None:
        engines: Engines = hall  # type: ignore[assignment]  # duck-typed
        server = Server(engines, Config(), Access(0, token), ServerLimits(sessions), lambda _: None)
        async with TestServer(server.application()) as at:
            await body(at, hall)
            await server.end()

    asyncio.run(run())


async def sessions(at: BaseTestServer) -> int:
    async with ClientSession() as session, session.get(at.make_url("/health")) as health:
        return int((await health.json())["sessions"])


async def none_left(at: BaseTestServer) -> None:
    async with asyncio.timeout(WAIT_S):
        while await sessions(at):
            await asyncio.sleep(0.01)


async def refused(at: BaseTestServer, token: str, headers: dict[str, str] | None = None) -> int:
    """The status with which an attempt to take a talk up is refused."""
    async with ClientSession() as session:
        try:
            async with session.ws_connect(
                at.make_url("/v1/realtime"), params={"resume": token}, headers=headers or {}
            ):
                return 101
        except WSServerHandshakeError as refusal:
            return refusal.status


def test_of_a_talk_whose_connection_is_killed_50_times_no_word_is_lost_or_comes_twice() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        chance = random.Random(7)
        async with Caller(at) as caller:
            await caller.until("session.updated")

            async def kill() -> None:
                for _ in range(KILLS):
                    await asyncio.sleep(chance.uniform(0.02, 0.6))
                    caller.kill()

            killing = asyncio.create_task(kill())
            for turn in range(TURNS):
                caller.speak(turn)
                await caller.until("response.done", turn + 1)
            await killing
            await asyncio.sleep(0.5)  # what comes twice would come now
            assert len(caller.created) > KILLS * 0.8
            assert len({session["id"] for session in caller.created}) == 1
        words = caller.of("conversation.item.input_audio_transcription.completed")
        assert [each["transcript"] for each in words] == LINES[:TURNS]
        done = [each["response"] for each in caller.of("response.done")]
        assert len({each["id"] for each in done}) == len(done) == TURNS  # type: ignore[index]
        assert [each["status"] for each in done] == ["completed"] * TURNS  # type: ignore[index]
        assert len({event["event_id"] for event in caller.got}) == len(caller.got)
        assert len(caller.events("transcript")) == len(caller.events("turn_done")) == TURNS
        assert caller.lost_ms == 0
        spoken = {(reply, at_ms) for reply, at_ms, _, _ in caller.frames}
        for each in caller.events("turn_done"):
            assert each["heard"] == REPLY
        assert len(spoken) > TURNS * 30

    served(body)


def test_more_than_five_seconds_without_a_connection_lose_the_oldest_sound_and_that_is_counted() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            caller.reconnects = False
            caller.kill()
            await asyncio.wait_for(caller.tasks[1], WAIT_S)
            caller.socket = None
            for _step in range(5 * 50 + 50):
                caller.hear()  # six seconds, at once
            caller.speak(0)
            for _step in range(40):
                caller.hear()
            await caller.connect()
            caller.reconnects = True
            caller.tasks[1] = asyncio.create_task(caller.read())
            words = await caller.until("conversation.item.input_audio_transcription.completed")
            assert words["transcript"] == LINES[0]
            assert 1500 < caller.lost_ms < 3000
            told = [event["message"] for event in caller.events("warning")]
            assert not [each for each in told if "lost" in str(each)], "the server lost nothing of it"

    served(body)


def test_a_kept_talk_counts_as_a_session_and_ends_after_a_while() -> None:
    hall = Hall(LINES, [REPLY])
    hall.clock = clock = SkippingClock()

    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            caller.reconnects = False
            caller.kill()
            await asyncio.wait_for(caller.tasks[1], WAIT_S)
            assert await sessions(at) == 1
            async with ClientSession() as session, session.ws_connect(at.make_url("/v1/realtime")) as other:
                message = await other.receive(timeout=WAIT_S)
                assert (message.type, message.data) == (WSMsgType.CLOSE, 1013)
            clock.ahead_s += 29.0
            await asyncio.sleep(0.6)
            assert await sessions(at) == 1
            clock.ahead_s += 1.0
            await none_left(at)
            assert await refused(at, caller.token) == 404
            caller.socket = None

    served(body, hall, sessions=1)


@pytest.mark.parametrize("code", [1000, 1001])
def test_a_client_that_says_good_bye_is_not_waited_for(code: int) -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            caller.reconnects = False
            assert caller.socket is not None
            await caller.socket.close(code=code)
            await none_left(at)
            assert await refused(at, caller.token) == 404
            caller.socket = None

    served(body)


def test_who_does_not_know_the_token_is_refused_before_the_upgrade_and_strangers_before_that() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        own = {"Authorization": "Bearer a token of some length"}
        for wrong in ("", "x", "\u00e4\ud83d\ude00", "a" * 4000):
            assert await refused(at, wrong, own) == 404
        assert await refused(at, "x") == 401
        assert await refused(at, "x", {**own, "Origin": "http://evil.example"}) == 403

    served(body, token="a token of some length")


def test_a_second_connection_takes_the_talk_from_the_first() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            caller.reconnects = False
            first = caller.socket
            assert first is not None
            second = Caller(at)
            second.token, second.last = caller.token, caller.last
            async with second:
                await asyncio.wait_for(caller.tasks[1], WAIT_S)
                assert first.close_code == TAKEN_UP
                await second.send("voicecli.control", control="say", text="Say it.")
                done = await second.until("response.done")
                assert done["response"]["status"] == "completed"  # type: ignore[index]
                assert await sessions(at) == 1

    served(body)


def test_a_client_of_openai_is_given_what_it_missed_too() -> None:
    """It may use the token without asking for anything else."""

    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at, asks={}) as caller:
            await caller.until("session.updated")
            await caller.send("response.create", response={"instructions": "Greet me."})
            await caller.until("response.output_audio.delta", 3)
            caller.kill()
            await caller.until("response.done")
            assert len(caller.created) == 2
            assert len(caller.of("response.created")) == len(caller.of("response.done")) == 1
            deltas = caller.of("response.output_audio.delta")
            places = [each["voicecli"]["start_ms"] for each in deltas]  # type: ignore[index]
            assert set(range(0, 760, 20)) <= set(places)
            assert not caller.of("voicecli.event")

    served(body)


def test_a_server_that_ends_does_not_wait_for_lost_clients() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            caller.reconnects = False
            caller.kill()
            await asyncio.wait_for(caller.tasks[1], WAIT_S)
            caller.socket = None

    served(body)  # it ends: the test is over


def test_a_lost_page_of_events_is_told() -> None:
    """Of more than 256 events the oldest are forgotten."""

    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            for _step in range(300):
                await caller.send("input_audio_buffer.clear")
            await caller.until("input_audio_buffer.cleared", 300)
            caller.reconnects = False
            caller.kill()
            await asyncio.wait_for(caller.tasks[1], WAIT_S)
            early = Caller(at)
            early.token, early.last = caller.token, str(caller.got[0]["event_id"])
            caller.socket = None
            async with early:
                await early.until("input_audio_buffer.cleared", 250)
                assert early.created[0]["voicecli"]["missed"] is True  # type: ignore[index]
                assert len(json.dumps(early.got)) < 100_000

    served(body)
