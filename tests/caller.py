"""A client of `voicecli serve` that uses all it offers: binary sound, credit, events, resumption."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections import deque
from typing import TYPE_CHECKING, Self

import numpy as np
from aiohttp import ClientSession, WSMsgType

from tests.test_serve import LINE_HZ, RATE_HZ, WAIT_S

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse
    from aiohttp.test_utils import BaseTestServer

    from voicecli.serve.wire.settings import Json

BLOCK = 480
BLOCK_MS = 20
KEEPS_MS = 5000
CREDIT_MS = 800
HEADER = struct.Struct("<IIHH")
ASKS: Json = {"events": True, "audio": "binary", "playout": {"credit_ms": CREDIT_MS}}
PATIENT_S = 60


class Caller:
    """One user: a microphone that never stops, a loudspeaker at its own pace, socket after socket."""

    def __init__(self, at: BaseTestServer, asks: Json = ASKS) -> None:
        self.at = at
        self.asks = asks
        self.got: list[Json] = []
        self.created: list[Json] = []
        self.frames: list[tuple[int, int, int, int]] = []
        """Of each block of sound: reply, its place in ms, flags, samples."""
        self.socket: ClientWebSocketResponse | None = None
        self.session = ClientSession()
        self.token = ""
        self.last = ""
        self.kept: deque[tuple[int, bytes]] = deque()
        self.lost_ms = 0
        self.sent_ms = -BLOCK_MS
        self.script: deque[int] = deque()
        """Frequencies, block by block; where it is empty, the microphone hears nothing."""
        self.at_ms = 0
        self.buffer: deque[tuple[int, int, int]] = deque()
        """Reply, place in ms and length in ms of what is to be played."""
        self.reply = self.played_ms = 0
        self.next = 0, 0
        """Reply and place behind the sound that came last."""
        self.on_hold = False
        self.changed = asyncio.Condition()
        self.tasks: list[asyncio.Task[None]] = []
        self.reconnects = True

    async def __aenter__(self) -> Self:
        await self.connect()
        self.tasks = [asyncio.create_task(self.live()), asyncio.create_task(self.read())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reconnects = False
        for task in self.tasks:
            task.cancel()
        results = await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.socket is not None:
            await self.socket.close()
        await self.session.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def connect(self) -> None:
        query = {"resume": self.token, "after": self.last} if self.token else {}
        socket = await self.session.ws_connect(self.at.make_url("/v1/realtime"), params=query)
        event = json.loads((await socket.receive(timeout=WAIT_S)).data)
        assert event["type"] == "session.created", event
        session = event["session"]
        self.created.append(session)
        if self.token:
            assert session["voicecli"]["resumed"] is True
            heard_ms = session["voicecli"]["heard_ms"]
            self.sent_ms = -BLOCK_MS if heard_ms is None else heard_ms - BLOCK_MS
        else:
            self.token = session["voicecli"]["resume"]["token"]
            await socket.send_json({"type": "session.update", "session": {"voicecli": self.asks}})
        self.socket = socket

    def kill(self) -> None:
        """Break the connection without a word."""
        if self.socket is not None:
            connection = self.socket._conn  # a client of aiohttp has no other way to it
            if connection is not None and connection.transport is not None:
                connection.transport.abort()

    async def read(self) -> None:
        while True:
            assert self.socket is not None
            message = await self.socket.receive(timeout=PATIENT_S)
            if message.type is WSMsgType.TEXT:
                await self.take(json.loads(message.data))
            elif message.type is WSMsgType.BINARY:
                at_ms, reply, flags, _ = HEADER.unpack_from(message.data)
                samples = (len(message.data) - HEADER.size) // 2
                self.frames.append((reply, at_ms, flags, samples))
                self.on_hold = bool(flags & 1)
                if not self.on_hold and (reply, at_ms) >= self.next:
                    self.buffer.append((reply, at_ms, samples * 1000 // RATE_HZ))
                    self.next = reply, at_ms + samples * 1000 // RATE_HZ
            elif self.reconnects:
                self.socket = None
                await self.connect()
            else:
                return

    async def take(self, event: Json) -> None:
        self.last = str(event["event_id"])
        if event["type"] == "voicecli.clear":
            self.buffer = deque(each for each in self.buffer if each[0] > event["reply"])  # type: ignore[operator]
            self.on_hold = False
        async with self.changed:
            self.got.append(event)
            self.changed.notify_all()

    @property
    def buffered_ms(self) -> int:
        return sum(length for _, _, length in self.buffer)

    async def live(self) -> None:
        """In real time, 20 ms at a time: the microphone, the loudspeaker, and the reports."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in range(1 << 30):
            due += BLOCK_MS / 1000
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.hear()
            if self.buffer and not self.on_hold:
                self.reply, start, length = self.buffer.popleft()
                self.played_ms = start + length
            with contextlib.suppress(ConnectionError):
                await self.send_sound()
                if self.reply and number % 5 == 0:
                    await self.report()

    def hear(self) -> None:
        hz = self.script.popleft() if self.script else 0
        at = np.arange(BLOCK) / RATE_HZ + self.at_ms / 1000
        samples = (np.sin(2 * np.pi * hz * at) * 0.3 * 32767).astype("<i2")
        samples[::7] += 2  # no room is without a sound
        self.kept.append((self.at_ms, samples.tobytes()))
        self.at_ms += BLOCK_MS
        while len(self.kept) * BLOCK_MS > KEEPS_MS:
            gone, _ = self.kept.popleft()
            self.lost_ms += BLOCK_MS if gone > self.sent_ms else 0

    async def send_sound(self) -> None:
        for at_ms, data in list(self.kept):
            if at_ms > self.sent_ms and (socket := self.socket) is not None:
                flags = 2 if at_ms > self.sent_ms + BLOCK_MS else 0
                await socket.send_bytes(HEADER.pack(at_ms, 0, flags, 0) + data)
                self.sent_ms = at_ms

    async def report(self) -> None:
        limit_ms = self.played_ms + CREDIT_MS
        how = {"reply": self.reply, "played_ms": self.played_ms, "limit_ms": limit_ms, "underruns": 0}
        await self.send("voicecli.playout", **how, buffered_ms=self.buffered_ms)

    async def send(self, kind: str, **fields: object) -> None:
        if self.socket is not None:
            await self.socket.send_json({"type": kind, **fields})

    def speak(self, line: int, seconds: float = 0.6) -> None:
        """Say the line of the script."""
        self.script.extend([LINE_HZ * (line + 2)] * round(seconds * 1000 / BLOCK_MS))

    def of(self, kind: str) -> list[Json]:
        return [event for event in self.got if event["type"] == kind]

    def events(self, name: str) -> list[Json]:
        """The talk's own events of that name."""
        told = [event["event"] for event in self.of("voicecli.event")]
        return [each for each in told if isinstance(each, dict) and each["event"] == name]

    async def until(self, kind: str, count: int = 1) -> Json:
        """Wait until so many events of this kind have come; give the last."""
        async with asyncio.timeout(PATIENT_S), self.changed:
            await self.changed.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]
