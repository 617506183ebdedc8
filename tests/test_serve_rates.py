"""Rates of the wire, at the server: asked for, in effect, refused, and kept when a talk is taken up."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import TYPE_CHECKING, Self

import numpy as np
from aiohttp import ClientSession, WSMsgType

from tests.test_serve import LINE_HZ, WAIT_S, Hall
from tests.test_serve_resume import served
from tests.test_talking import RATE_HZ as VOICE_HZ
from tests.test_talking import tone

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse
    from aiohttp.test_utils import BaseTestServer

    from voicecli.serve.wire.settings import Json

FADED = round(0.01 * VOICE_HZ)
OWN: Json = {"audio": "binary", "rates": {"input": 16_000, "output": "voice"}}


class Client:
    """One connection at a time, and all that came through them."""

    def __init__(self, at: BaseTestServer) -> None:
        self.at = at
        self.session = ClientSession()
        self.frames: list[tuple[int, np.ndarray]] = []
        """Of each block of sound: its place in ms, its samples."""
        self.got: list[Json] = []
        self.socket: ClientWebSocketResponse

    async def __aenter__(self) -> Self:
        self.socket = await self.session.ws_connect(self.at.make_url("/v1/realtime"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self.session.close()

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send_json({"type": kind, **fields})

    async def asks(self, ours: Json, kind: str = "session.updated") -> Json:
        """Ask for this; give what is told."""
        await self.send("session.update", session={"voicecli": ours})
        return await self.until(kind)

    async def until(self, kind: str) -> Json:
        while True:
            message = await self.socket.receive(timeout=WAIT_S)
            if message.type is WSMsgType.BINARY:
                at_ms, _, _, _ = struct.unpack_from("<IIHH", message.data)
                self.frames.append((at_ms, np.frombuffer(message.data, "<i2", offset=12)))
                continue
            assert message.type is WSMsgType.TEXT, message
            event: Json = json.loads(message.data)
            self.got.append(event)
            if event["type"] == kind:
                return event

    async def speak(self, rate_hz: int, line: int) -> None:
        """A line of the script in binary frames, and a little silence, in real time."""
        at = np.arange(round(0.6 * rate_hz)) / rate_hz
        said = np.sin(2 * np.pi * LINE_HZ * (line + 2) * at) * 0.3 * 32767
        sound = np.concatenate((said, np.zeros(rate_hz // 2))).astype("<i2")
        step = rate_hz // 50
        for begin in range(0, len(sound), step):
            head = struct.pack("<IIHH", begin * 1000 // rate_hz, 0, 0, 0)
            await self.socket.send_bytes(head + sound[begin : begin + step].tobytes())
            await asyncio.sleep(0.02)

    def sound(self) -> np.ndarray:
        return np.concatenate([samples for _, samples in self.frames])


def rates_of(event: Json) -> object:
    return event["session"]["voicecli"]["rates"]  # type: ignore[index]


def test_the_voice_s_own_samples_are_sent_and_16_khz_are_heard_as_such() -> None:
    async def body(at: BaseTestServer, hall: Hall) -> None:
        async with Client(at) as client:
            assert rates_of(await client.until("session.created")) == {"input": 24_000, "output": 24_000}
            assert rates_of(await client.asks(OWN)) == {"input": 16_000, "output": VOICE_HZ}
            await client.speak(16_000, 1)
            heard = await client.until("conversation.item.input_audio_transcription.completed")
            assert heard["transcript"] == hall.lines[1], "its pitch tells at which rate it was heard"
            await client.until("response.done")
            step = VOICE_HZ // 50
            assert all(len(samples) == step for _, samples in client.frames)
            places = [place for place, _ in client.frames]
            assert places == list(range(0, 20 * len(places), 20))
            voice = tone(0.1 * 3)[FADED:-FADED]
            assert np.array_equal(client.sound()[FADED : FADED + len(voice)], voice)

    served(body, Hall(["What is it?", "And what is that?"], ["It is this."]))


def test_base64_has_the_same_rates_and_g711_its_own() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Client(at) as client:
            told = await client.asks({"rates": {"output": "voice"}})
            assert rates_of(told) == {"input": 24_000, "output": VOICE_HZ}
            await client.send("voicecli.control", control="say", text="Say it.")
            delta = await client.until("response.output_audio.delta")
            assert len(str(delta["delta"])) == -(-VOICE_HZ // 50 * 2 // 3) * 4
            await client.until("response.done")
            audio = {
                "input": {"format": {"type": "audio/pcmu"}},
                "output": {"format": {"type": "audio/pcma"}},
            }
            await client.send("session.update", session={"audio": audio})
            assert rates_of(await client.until("session.updated")) == {"input": 8_000, "output": 8_000}

    served(body)


def test_what_is_refused_is_named_and_changes_nothing() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Client(at) as client:
            await client.asks(OWN)
            refused: tuple[tuple[Json, str], ...] = (
                ({"rates": {"input": 7000}}, "session.voicecli.rates.input"),
                ({"rates": {"output": "mine"}, "events": True}, "session.voicecli.rates.output"),
                ({"rates": 16_000}, "session.voicecli.rates"),
            )
            for bad, param in refused:
                error = (await client.asks(bad, "error"))["error"]
                assert error["param"] == param  # type: ignore[index]
            told = await client.asks({})
            assert rates_of(told) == {"input": 16_000, "output": VOICE_HZ}
            assert told["session"]["voicecli"]["events"] is False  # type: ignore[index]

    served(body)


def test_during_a_turn_no_rate_changes_and_after_it_one_does() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Client(at) as client:
            await client.asks(OWN)
            await client.send("voicecli.control", control="say", text="Say it.")
            await client.until("response.created")
            error = (await client.asks({"rates": None}, "error"))["error"]
            assert error["param"] == "session.voicecli.rates"  # type: ignore[index]
            await client.until("response.done")
            assert rates_of(await client.asks({})) == {"input": 16_000, "output": VOICE_HZ}
            assert rates_of(await client.asks({"rates": None})) == {"input": 24_000, "output": 24_000}
            before = len(client.frames)
            await client.send("voicecli.control", control="say", text="Say it.")
            await client.until("response.done")
            assert {len(samples) for _, samples in client.frames[before:]} == {480}

    served(body, Hall([], ["It is this and that and all the rest.", "It is this."]))


def test_a_talk_that_is_taken_up_keeps_its_rates() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Client(at) as client:
            created = await client.until("session.created")
            await client.asks(OWN)
            token = created["session"]["voicecli"]["resume"]["token"]  # type: ignore[index]
            connection = client.socket._conn  # a client of aiohttp has no other way to it
            assert connection is not None
            assert connection.transport is not None
            connection.transport.abort()
            last = str(client.got[-1]["event_id"])
            client.socket = await client.session.ws_connect(
                at.make_url("/v1/realtime"), params={"resume": token, "after": last}
            )
            again = await client.until("session.created")
            assert again["session"]["voicecli"]["resumed"] is True  # type: ignore[index]
            assert rates_of(again) == {"input": 16_000, "output": VOICE_HZ}
            await client.send("voicecli.control", control="say", text="Say it.")
            await client.until("response.done")
            assert {len(samples) for _, samples in client.frames} == {VOICE_HZ // 50}

    served(body)
