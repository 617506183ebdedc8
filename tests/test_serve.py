"""`voicecli serve` with a real socket and simple engines: what a client sends and gets."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import BaseTestServer, TestServer

from tests.seats import seated
from tests.test_talking import Answers, Beeper, Judge, LoudIsSpeech, Scribe
from voicecli.config import Config
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits
from voicecli.system.clock import MonotonicClock
from voicecli.talk import Talk

if TYPE_CHECKING:
    from voicecli.engines import Engines, Session
    from voicecli.serve.wire.settings import Json

RATE_HZ = 24_000
LINE_HZ = 200  # of the first line of a script: twice that
WAIT_S = 20
VANISHING = 50


class Hall:
    """As `Engines`, with a session of simple engines for each client."""

    def __init__(self, lines: list[str], replies: list[str]) -> None:
        self.clock = MonotonicClock()
        self.lines, self.replies = lines, replies
        self.models: list[Answers] = []

    def session(self) -> Session:
        self.models.append(Answers(list(self.replies)))
        return seated(LoudIsSpeech(), Judge(), Scribe(list(self.lines)), self.models[-1], Beeper())


def tone(seconds: float, line: int = 0) -> np.ndarray:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * LINE_HZ * (line + 2) * at) * 0.3 * 32767).astype("<i2")


class Client:
    """One WebSocket, and all that came through it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.got: list[Json] = []

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send_json({"type": kind, **fields})

    async def speak(self, samples: np.ndarray) -> None:
        """As a microphone does: 20 ms at a time, in real time."""
        for at in range(0, len(samples), 480):
            audio = base64.b64encode(samples[at : at + 480].tobytes()).decode()
            await self.send("input_audio_buffer.append", audio=audio)
            await asyncio.sleep(0.02)

    async def next(self) -> Json:
        """Read the next event."""
        message = await self.socket.receive(timeout=WAIT_S)
        assert message.type is WSMsgType.TEXT, message
        event: Json = json.loads(message.data)
        self.got.append(event)
        return event

    async def until(self, kind: str) -> Json:
        """Read up to the next event of this kind."""
        while (event := await self.next())["type"] != kind:
            pass
        return event

    @property
    def kinds(self) -> list[object]:
        return [event["type"] for event in self.got]

    def sound_s(self) -> float:
        deltas = [event["delta"] for event in self.got if event["type"] == "response.output_audio.delta"]
        return sum(len(base64.b64decode(str(delta))) for delta in deltas) / 2 / RATE_HZ


def talk(
    body: Callable[[Client, BaseTestServer], Awaitable[None]],
    hall: Hall | None = None,
    sessions: int = 2,
    token: str = "",
    resume_s: float = 30.0,
) -> None:
    """Run a server and a client of it."""

    async def run() -> None:
        engines: Engines = hall or Hall(["What is it?", "Stop that."], ["It is this."])  # type: ignore[assignment]
        limits = ServerLimits(sessions, resume_s=resume_s)
        server = Server(engines, Config(), Access(0, token), limits, lambda _: None)
        async with TestServer(server.application()) as at, ClientSession() as session:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with session.ws_connect(at.make_url("/v1/realtime"), headers=headers) as socket:
                client = Client(socket)
                assert (await client.until("session.created"))["type"] == "session.created"
                await body(client, at)
            await server.end()

    asyncio.run(run())


def test_a_client_asks_and_is_answered_in_sound() -> None:
    async def body(client: Client, _: BaseTestServer) -> None:
        await client.speak(np.concatenate((tone(0.6), np.zeros(RATE_HZ // 2, "<i2"))))
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"  # type: ignore[index]
        (words,) = [event for event in client.got if str(event["type"]).endswith("transcription.completed")]
        assert words["transcript"] == "What is it?"
        assert client.sound_s() > 0.3
        order = [client.kinds.index(kind) for kind in ("response.created", "response.output_audio.delta")]
        assert order == sorted(order)

    talk(body)


def test_a_recording_that_is_sent_at_once_is_heard_whole() -> None:
    async def body(client: Client, _: BaseTestServer) -> None:
        audio = base64.b64encode(tone(0.8).tobytes()).decode()
        await client.send("input_audio_buffer.append", audio=audio)
        words = await client.until("conversation.item.input_audio_transcription.completed")
        assert words["transcript"] == "What is it?"
        await client.until("response.done")  # though the client has sent no silence after it

    talk(body)


def test_the_client_says_when_its_turn_is_over() -> None:
    async def body(client: Client, _: BaseTestServer) -> None:
        await client.send("session.update", session={"audio": {"input": {"turn_detection": None}}})
        await client.until("session.updated")
        audio = base64.b64encode(tone(0.8).tobytes()).decode()
        await client.send("input_audio_buffer.append", audio=audio)
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        words = await client.until("conversation.item.input_audio_transcription.completed")
        assert words["transcript"] == "What is it?"
        await client.until("response.done")
        assert "error" not in client.kinds

    talk(body)


def test_a_typed_line_is_answered() -> None:
    async def body(client: Client, _: BaseTestServer) -> None:
        content = [{"type": "input_text", "text": "Say it."}]
        item = {"type": "message", "role": "user", "content": content}
        await client.send("conversation.item.create", item=item)
        await client.send("response.create")
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"  # type: ignore[index]

    talk(body)


def test_an_interruption_stops_the_sound() -> None:
    replies = ["It is this and that and all the rest of it. " * 4] * 2

    async def body(client: Client, _: BaseTestServer) -> None:
        await client.speak(np.concatenate((tone(0.6), np.zeros(RATE_HZ // 2, "<i2"))))
        await client.until("response.output_audio.delta")
        await client.speak(tone(1.2, line=1))
        done = await client.until("response.done")
        assert done["response"]["status"] == "cancelled"  # type: ignore[index]
        at = len(client.kinds) - 1 - client.kinds[::-1].index("input_audio_buffer.speech_started")
        assert "response.output_audio.delta" not in client.kinds[at:]

    talk(body, Hall(["What is it?", "No, tell me about that."], replies))


def test_who_finds_no_room_is_told_at_once_and_nobody_else_notices() -> None:
    async def body(client: Client, at: BaseTestServer) -> None:
        async with ClientSession() as session:
            async with session.ws_connect(at.make_url("/v1/realtime")) as second:
                message = await asyncio.wait_for(second.receive(), WAIT_S)
                assert (message.type, message.data) == (WSMsgType.CLOSE, 1013)
            async with session.get(at.make_url("/health")) as health:
                assert (health.status, "Retry-After" in health.headers) == (503, True)
        await client.send("response.create", response={"instructions": "Greet me."})
        await client.until("response.done")

    talk(body, sessions=1)


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Origin": "http://evil.example"}]
)
def test_a_stranger_is_refused_before_the_upgrade(headers: dict[str, str]) -> None:
    async def body(_: Client, at: BaseTestServer) -> None:
        async with ClientSession() as session:
            with pytest.raises(WSServerHandshakeError) as refused:
                async with session.ws_connect(at.make_url("/v1/realtime"), headers=headers):
                    pass
            assert refused.value.status in (401, 403)

    talk(body, token="a token of some length")


def test_what_a_client_asks_wrongly_is_told_and_it_can_go_on() -> None:
    async def body(client: Client, _: BaseTestServer) -> None:
        for text in ("{", "[]", '{"type": "nonsense"}', '{"type": "response.cancel"}', "[" * 100_000):
            await client.socket.send_str(text)
            error = await client.until("error")
            assert error["error"]["code"]  # type: ignore[index]
        truncate = {"item_id": "unknown", "content_index": 0, "audio_end_ms": 5}
        await client.send("conversation.item.truncate", **truncate)  # an interruption crossed it: no error
        await client.send("response.create", response={"instructions": "Greet me."})
        await client.until("response.done")
        assert client.kinds.count("error") == 5

    talk(body)


def test_what_was_said_is_remembered_by_the_talk_that_other_settings_begin() -> None:
    hall = Hall(["What is it?"], ["It is this."])

    async def body(client: Client, _: BaseTestServer) -> None:
        await client.send("response.create", response={"instructions": "Greet me."})
        await client.until("response.done")
        await client.send("session.update", session={"instructions": "Speak like a pirate."})
        await client.until("session.updated")
        await client.send("response.create", response={"instructions": "And now?"})
        await client.until("response.done")
        told = " ".join(message.content for message in hall.models[-1].asked[-1])
        assert "pirate" in told
        assert "It is this." in told

    talk(body, hall)


def workers() -> list[str]:
    """The threads of clients' talks."""
    return [thread.name for thread in threading.enumerate() if thread.name in ("remote devices", "watcher")]


def talks() -> int:
    """Talks that are in memory."""
    gc.collect()
    return sum(isinstance(thing, Talk) for thing in gc.get_objects())


def test_clients_that_vanish_leave_nothing_behind() -> None:
    hall, others = Hall(["What is it?"], ["It is this."]), talks()

    async def body(client: Client, at: BaseTestServer) -> None:
        for number in range(VANISHING):
            async with ClientSession() as session:
                socket = await session.ws_connect(at.make_url("/v1/realtime"))
                audio = base64.b64encode(tone(0.1).tobytes()).decode()
                await socket.send_json({"type": "input_audio_buffer.append", "audio": audio})
                if number % 2:  # the talk has begun
                    await socket.send_json({"type": "response.create", "response": {"instructions": "Go."}})
                    while (
                        json.loads((await socket.receive(timeout=WAIT_S)).data)["type"] != "response.created"
                    ):
                        pass
                assert session.connector is not None
                await session.connector.close()  # without a word
            async with asyncio.timeout(WAIT_S):
                while True:
                    async with ClientSession() as session, session.get(at.make_url("/health")) as health:
                        if (await health.json())["sessions"] == 1:
                            break
                    await asyncio.sleep(0.01)
        assert workers() == []
        hall.models.clear()  # they know the talks that asked them
        assert talks() <= others
        await client.send("response.create", response={"instructions": "Greet me."})
        await client.until("response.done")

    talk(body, hall, resume_s=0.0)


def test_what_talks_counted_is_told_and_no_word_of_it() -> None:
    async def body(client: Client, at: BaseTestServer) -> None:
        await client.send("response.create", response={"instructions": "Say zanzibar."})
        await client.until("response.done")
        async with ClientSession() as session, session.get(at.make_url("/metrics")) as answer:
            page = await answer.text()
        assert "voicecli_sessions 1.0" in page
        assert 'voicecli_turns_total{outcome="answered"} 1.0' in page
        assert "zanzibar" not in page.casefold()

    talk(body, Hall([], ["I say zanzibar."]))


def test_a_server_that_drains_takes_nobody_and_lets_the_others_finish() -> None:
    async def run() -> None:
        hall: Engines = Hall([], ["It is this."])  # type: ignore[assignment]  # duck-typed
        server = Server(hall, Config(), Access(0), ServerLimits(), lambda _: None)
        async with TestServer(server.application()) as at, ClientSession() as session:
            socket = await session.ws_connect(at.make_url("/v1/realtime"))
            client = Client(socket)
            await client.until("session.created")
            draining = asyncio.create_task(server.drain(WAIT_S))
            await asyncio.sleep(0)  # it begins
            async with session.get(at.make_url("/health")) as health:
                assert (health.status, (await health.json())["status"]) == (503, "draining")
            async with session.ws_connect(at.make_url("/v1/realtime")) as late:
                message = await late.receive(timeout=WAIT_S)
                assert (message.type, message.data) == (WSMsgType.CLOSE, 1012)
            await client.send("response.create", response={"instructions": "Greet me."})
            await client.until("response.done")
            assert not draining.done()
            await socket.close()
            await asyncio.wait_for(draining, WAIT_S)

    asyncio.run(run())
