"""Connections for the callers of the bench in other formats, binary and G.711; they see PCM in base64."""

from __future__ import annotations

import base64
import json
import struct
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal

import aiohttp
import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.audio.level import to_float, to_int16
from voicecli.bench.crowd.asked_lines import RATE_HZ
from voicecli.bench.crowd.caller import CallLost
from voicecli.serve.wire.formats import RATES_HZ, decoded, encoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scripts.links.served import ServedThere
    from voicecli.messages import Int16

Format = Literal["base64", "binary", "pcmu"]

HEADER = struct.Struct("<IIHH")


class FarWire:
    """One WebSocket to a server, in a format of its own; as `CallerWire`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, form: Format) -> None:
        self._socket = socket
        self._form = form
        self._began = time.monotonic()
        self._sent = 0  # samples
        self._response = ""
        self._narrow = Resampler(RATE_HZ, RATES_HZ["audio/pcmu"])
        self._wide = Resampler(RATES_HZ["audio/pcmu"], RATE_HZ)
        self.told: list[str] = []
        """Kinds of events of the talk that warn, and their words."""
        self.bytes = 0
        """Of messages that came."""
        self.at = time.monotonic()
        """When the newest message came."""

    async def ask(self) -> None:
        """Ask for the format."""
        session: dict[str, object] = {"type": "realtime"}
        if self._form == "binary":
            session["voicecli"] = {"audio": "binary", "events": True}
        elif self._form == "pcmu":
            form = {"format": {"type": "audio/pcmu"}}
            session["audio"] = {"input": form, "output": form}
        await self._socket.send_json({"type": "session.update", "session": session})

    async def send(self, text: str) -> None:
        """Hand a message to the socket; where that is closed, `receive` tells of it."""
        with suppress(aiohttp.ClientError, ConnectionError):
            message = json.loads(text)
            if message["type"] != "input_audio_buffer.append" or self._form == "base64":
                await self._socket.send_str(text)
                return
            samples = np.frombuffer(base64.b64decode(message["audio"]), "<i2").astype(np.int16)
            if self._form == "binary":
                head = HEADER.pack(self._sent * 1000 // RATE_HZ, 0, 0, 0)
                self._sent += len(samples)
                await self._socket.send_bytes(head + samples.tobytes())
                return
            narrow = to_int16(self._narrow.push(to_float(samples)))
            if len(narrow):
                message["audio"] = encoded(narrow, "audio/pcmu")
                await self._socket.send_str(json.dumps(message))

    async def receive(self) -> str:
        """Wait for the next message. Raises CallLost at the end."""
        while True:
            message = await self._socket.receive()
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                raise CallLost(f"closed with {self._socket.close_code}")
            self.bytes += len(message.data)
            self.at = time.monotonic()
            if message.type is aiohttp.WSMsgType.BINARY:
                return self._delta(np.frombuffer(message.data, "<i2", offset=HEADER.size).astype(np.int16))
            event = json.loads(message.data)
            match event:
                case {"type": "response.created", "response": {"id": name}}:
                    self._response = name
                case {"type": "response.output_audio.delta", "delta": delta} if self._form == "pcmu":
                    samples = decoded(delta, "audio/pcmu")
                    return self._delta(to_int16(self._wide.push(to_float(samples))))
                case {"type": "voicecli.event", "event": {"event": "warning", "message": words}}:
                    self.told.append(words)
                case {"type": "error", "error": {"message": words}}:
                    self.told.append(f"error: {words}")
                case _:
                    pass
            return str(message.data)

    def _delta(self, samples: Int16) -> str:
        sound = base64.b64encode(samples.astype("<i2").tobytes()).decode("ascii")
        kind = "response.output_audio.delta"
        return json.dumps({"type": kind, "response_id": self._response, "delta": sound})


@asynccontextmanager
async def called(server: ServedThere, form: Format) -> AsyncIterator[FarWire]:
    """A connection until the block ends. Raises aiohttp.ClientError."""
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    timeout = aiohttp.ClientTimeout(total=None, connect=10.0)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
        session.ws_connect(f"{server.url}/v1/realtime", max_msg_size=1 << 23) as socket,
    ):
        wire = FarWire(socket, form)
        if form != "base64":
            await wire.ask()
        yield wire
