"""A server of OpenAI's Realtime protocol that hears by level alone, and can be slow, full or rude."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
from aiohttp import WSMsgType, web

FRAME_S = 0.02
RATE_HZ = 24_000
QUIET_FRAMES = 5
LOUD = 1000

TONE = base64.b64encode(
    (np.sin(np.arange(round(FRAME_S * RATE_HZ)) / 20) * 8000).astype("<i2").tobytes()
).decode()


@dataclass
class FakeRealtime:
    """How it behaves, and what it was asked."""

    sessions: int = 8
    slow_s: float = 0.0
    """Between the end of a line and its answer, beyond what hearing takes."""
    lead_s: float = 0.3
    answer_blocks: int = 20
    gap_after: int | None = None
    """A gap of 0.2 s, beyond the lead, after so many blocks of an answer."""
    answers: bool = True
    hangs_up_after: int | None = None
    """After so many lines it closes the socket."""
    status: int = 101
    """Another one is the answer to every upgrade."""
    words: str = "one two"
    talking: int = 0
    peak: int = 0
    lines: int = 0
    interrupted: int = 0
    tokens: set[str] = field(default_factory=set)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/realtime", self.realtime)
        app.router.add_get("/health", self.health)
        return app

    async def health(self, _: web.Request) -> web.Response:
        full = self.talking >= self.sessions
        return web.json_response({"status": "full" if full else "ok"}, status=503 if full else 200)

    async def realtime(self, request: web.Request) -> web.StreamResponse:
        self.tokens.add(request.headers.get("Authorization", ""))
        if self.status != 101:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.talking >= self.sessions:
            await socket.close(code=1013)
            return socket
        self.talking += 1
        self.peak = max(self.peak, self.talking)
        try:
            await _Answering(self, socket).run()
        finally:
            self.talking -= 1
        return socket


class _Answering:
    """One session."""

    def __init__(self, fake: FakeRealtime, socket: web.WebSocketResponse) -> None:
        self.fake, self.socket = fake, socket
        self.loud = self.quiet = self.replies = 0
        self.reply: asyncio.Task[None] | None = None

    async def run(self) -> None:
        await self.send("session.created", session={})
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT:
                break
            event = json.loads(message.data)
            if event["type"] == "input_audio_buffer.append":
                samples = np.frombuffer(base64.b64decode(event["audio"]), "<i2")
                await self.hear(bool(np.abs(samples.astype(np.int32)).max() > LOUD))
        if self.reply is not None:
            self.reply.cancel()

    async def send(self, kind: str, **fields: object) -> None:
        with suppress(ConnectionError):
            await self.socket.send_json({"type": kind, **fields})

    async def hear(self, loud: bool) -> None:
        if loud:
            self.quiet = 0
            self.loud += 1
            if self.loud == 2:
                await self.begun()
            elif self.loud == 6:
                await self.send("conversation.item.input_audio_transcription.delta", delta="one")
            return
        self.quiet += 1
        if self.loud and self.quiet == QUIET_FRAMES:
            self.loud = 0
            await self.ended()

    async def begun(self) -> None:
        await self.send("input_audio_buffer.speech_started")
        if self.reply is not None and not self.reply.done():
            self.fake.interrupted += 1
            self.reply.cancel()
            done = {"id": f"r{self.replies}", "status": "cancelled"}
            await self.send("response.done", response=done)

    async def ended(self) -> None:
        self.fake.lines += 1
        if self.fake.lines == self.fake.hangs_up_after:
            await self.socket.close(code=1011)
            return
        words = self.fake.words
        await self.send("conversation.item.input_audio_transcription.completed", transcript=words)
        if self.fake.answers:
            self.replies += 1
            self.reply = asyncio.create_task(self.answer(f"r{self.replies}"))

    async def answer(self, name: str) -> None:
        await asyncio.sleep(self.fake.slow_s)
        await self.send("response.created", response={"id": name})
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in range(self.fake.answer_blocks):
            if number == self.fake.gap_after:
                due += self.fake.lead_s + 0.2
            await asyncio.sleep(max(0.0, due - self.fake.lead_s - loop.time()))
            await self.send("response.output_audio.delta", response_id=name, delta=TONE)
            due += FRAME_S
        await self.send("response.done", response={"id": name, "status": "completed"})


@contextmanager
def serving(app: web.Application) -> Iterator[int]:
    """Serve on 127.0.0.1, on a thread of its own; give the port."""
    ready, ports, ends = threading.Event(), list[int](), list[Callable[[], object]]()

    async def serve() -> None:
        runner, stop, loop = (
            web.AppRunner(app, shutdown_timeout=0.1),
            asyncio.Event(),
            asyncio.get_running_loop(),
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        ends.append(lambda: loop.call_soon_threadsafe(stop.set))
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield ports[0]
    finally:
        ends[0]()
        thread.join()
