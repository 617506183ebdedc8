"""A client that stops reading, through a real socket: bounded, told of, heard, and closed after a while."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from typing import TYPE_CHECKING

import numpy as np
from aiohttp import ClientSession, TCPConnector, WSMsgType
from aiohttp.test_utils import TestServer

from tests.test_serve import WAIT_S, Client, Hall, tone
from tests.test_serve_resume import SkippingClock
from voicecli.config import Config
from voicecli.serve.access import Access
from voicecli.serve.client.outbox import FULL_BYTES, NOT_SENT_BYTES, STUCK_S
from voicecli.serve.server import Server, ServerLimits

if TYPE_CHECKING:
    from aiohappyeyeballs import AddrInfoType
    from aiohttp import ClientWebSocketResponse

    from voicecli.engines import Engines

LONG = "It is this and that and all the rest of it. " * 60


def small_window(address: AddrInfoType) -> socket.socket:
    """A socket that takes little before it is read."""
    sock = socket.socket(*address[:3])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return sock


def transport_of(client: ClientWebSocketResponse) -> asyncio.Transport:
    connection = client._conn  # a client of aiohttp has no other way to it
    assert connection is not None
    assert connection.transport is not None
    return connection.transport


async def sound(client: Client, samples: np.ndarray) -> None:
    """What its microphone hears."""
    await client.send("input_audio_buffer.append", audio=base64.b64encode(samples.tobytes()).decode())


def test_a_client_that_stops_reading_is_bounded_told_and_closed_and_heard_until_then() -> None:
    hall = Hall(["What is it?", "Tell me about the moon.", "And now?"], [LONG, "Well.", LONG])
    hall.clock = clock = SkippingClock()
    told: list[str] = []

    async def run() -> None:
        engines: Engines = hall  # type: ignore[assignment]  # duck-typed
        server = Server(engines, Config(), Access(0), ServerLimits(), told.append)
        connector = TCPConnector(socket_factory=small_window)
        async with TestServer(server.application()) as at, ClientSession() as session:
            async with (
                ClientSession(connector=connector) as deaf,
                session.ws_connect(at.make_url("/v1/realtime")) as socket_of_other,
            ):
                other = Client(socket_of_other)
                await other.until("session.created")
                client = Client(await deaf.ws_connect(at.make_url("/v1/realtime")))
                await client.until("session.created")
                await sound(client, tone(0.6))
                await client.until("response.output_audio.delta")
                transport_of(client.socket).pause_reading()

                def heard() -> bool:
                    asked = [message.content for each in hall.models[0].asked for message in each]
                    return any("the moon" in each for each in asked)

                for step in range(120):
                    if any("does not read" in line for line in told):  # it is given up
                        break
                    await asyncio.sleep(0.25)
                    await sound(client, np.zeros(480, "<i2"))
                    if step == 16:  # by now its sound stands still
                        await sound(client, tone(0.6, 1))
                    clock.ahead_s += STUCK_S / 10 if heard() else 0.0
                await other.send("response.create", response={"instructions": "Greet me."})
                await other.until("response.output_audio.delta")  # it does not notice
                assert heard(), "its microphone was heard"
                transport_of(client.socket).resume_reading()
                late = 0
                while (message := await client.socket.receive(timeout=WAIT_S)).type is WSMsgType.TEXT:
                    late += len(message.data)
                assert (message.type, message.data) == (WSMsgType.CLOSE, 1013)
                assert late < FULL_BYTES + 8 * NOT_SENT_BYTES, "no more waited for it"
            await server.end()

    asyncio.run(run())
    assert len([line for line in told if "does not read" in line]) == 1
    assert "moon" not in json.dumps(told)
