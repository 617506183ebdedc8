"""A server for `talk --server` that does as a test says: is full, forgets, refuses, speaks rubbish.

It runs on a thread of its own, at 127.0.0.1 and a port that is free. A test steers it from outside.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from aiohttp import WSMsgType, web

RATE_HZ = 24_000
BLOCK = RATE_HZ // 50
LEAD_MS = 300
WAIT_S = 20.0

Json = dict[str, object]


@dataclass
class Visit:
    """One connection of the client, and what came through it."""

    resume: str = ""
    after: str = ""
    token: str = ""
    got: list[Json] = field(default_factory=list)
    heard: list[tuple[int, int, np.ndarray]] = field(default_factory=list)
    """Of each binary message: ms, flags, samples."""
    code: int | None = None
    """With which the client closed."""
    over: bool = False

    def kinds(self) -> list[object]:
        return [message["type"] for message in self.got]

    def sound(self) -> np.ndarray:
        """All that was heard, also as base64."""
        parts = [samples for _, _, samples in self.heard]
        parts += [
            np.frombuffer(base64.b64decode(str(message["audio"])), "<i2")
            for message in self.got
            if message["type"] == "input_audio_buffer.append"
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)


class FarServer:
    """`answers`: what each of the next connections gets: "talk", "full", a status, "html"; then "talk"."""

    def __init__(
        self,
        *,
        extended: bool = True,
        answers: tuple[str | int, ...] = (),
        rates: dict[str, int] | None = None,
    ) -> None:
        """`rates`: what it answers who asks for other rates; None: it is old, and knows of none."""
        self.extended = extended
        self.rates = rates
        self.answers = list(answers)
        self.keeps = True
        """Whether it takes up a talk again."""
        self.visits: list[Visit] = []
        self.requests = 0
        self.port = 0
        self.redirect = ""
        self.played: list[Json] = []
        self._changed = threading.Condition()
        self._socket: web.WebSocketResponse | None = None
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._number = 0
        self.sent_ms: dict[int, float] = {}

    # ---- a test's thread

    @contextmanager
    def running(self) -> Iterator[FarServer]:
        thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="far server", daemon=True)
        thread.start()
        self.until(lambda: bool(self.port))
        try:
            yield self
        finally:
            assert self._loop is not None
            assert self._stop is not None
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(WAIT_S)
            assert not thread.is_alive()

    def until(self, there: Callable[[], bool]) -> None:
        """Wait until something is so; whatever comes is looked at."""
        with self._changed:
            assert self._changed.wait_for(there, WAIT_S), "it never came"

    @property
    def visit(self) -> Visit:
        return self.visits[-1]

    def send(self, kind: str, **fields: object) -> None:
        """A message to the client that is there."""
        self._number += 1
        text = json.dumps({"type": kind, "event_id": f"event_{self._number}", **fields})
        self._do(lambda: self._text(text))

    def raw(self, text: str) -> None:
        self._do(lambda: self._text(text))

    def raw_bytes(self, data: bytes) -> None:
        self._do(lambda: self._bytes(data))

    def event(self, name: str, **fields: object) -> None:
        """An event of the talk."""
        self.send("voicecli.event", event={"event": name, "t": 1.0, **fields})

    def sound(self, reply: int, start_ms: int, samples: np.ndarray, *, fades: bool = False) -> None:
        """A block of a reply, at once."""
        head = struct.pack("<IIHH", start_ms, reply, int(fades), 0)
        self.raw_bytes(head + samples.astype("<i2").tobytes())

    def reply(self, number: int, samples: np.ndarray) -> None:
        """A reply as a voicecli sends it: 300 ms ahead, and within what the client allows."""
        self._do(lambda: self._paced(number, samples))

    def drop(self) -> None:
        """The connection breaks, without a word."""
        self._do(self._abort)

    def close(self, code: int, reason: str = "") -> None:
        self._do(lambda: self._close(code, reason))

    def _do(self, make: Callable[[], object]) -> None:
        assert self._loop is not None

        async def run() -> None:
            made = make()
            if asyncio.iscoroutine(made):
                await made

        asyncio.run_coroutine_threadsafe(run(), self._loop)

    # ---- its own

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_get("/v1/realtime", self._take)
        app.router.add_get("/elsewhere", self._take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        with self._changed:
            self.port = runner.addresses[0][1]
            self._changed.notify_all()
        await self._stop.wait()
        self._abort()
        await runner.cleanup()

    def _noted(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        answer = self.answers.pop(0) if self.answers else "talk"
        self._noted()
        if answer == "html":
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if answer == "redirect":
            raise web.HTTPFound(self.redirect)
        if isinstance(answer, int):
            return web.Response(status=answer, text="no", headers={"Retry-After": "0"})
        resume = request.query.get("resume", "")
        if resume and not self.keeps:
            return web.Response(status=404, text="forgotten")
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        if answer == "full":
            await socket.close(code=1013, message=b"all sessions are in use")
            return socket
        visit = Visit(resume, request.query.get("after", ""), request.headers.get("Authorization", ""))
        self._socket = socket
        self._transport = request.transport if isinstance(request.transport, asyncio.Transport) else None
        self._greet(visit)
        self.visits.append(visit)
        self._noted()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._obey(visit, json.loads(message.data))
            elif message.type is WSMsgType.BINARY:
                ms, _, flags, _ = struct.unpack_from("<IIHH", message.data)
                samples = np.frombuffer(message.data, "<i2", offset=12)
                with self._changed:
                    visit.heard.append((ms, flags, samples))
                    self._changed.notify_all()
        with self._changed:
            visit.code, visit.over = socket.close_code, True
            self._changed.notify_all()
        return socket

    def _greet(self, visit: Visit) -> None:
        session: Json = {"id": "sess_1", "model": "a model"}
        if self.extended:
            session["voicecli"] = {
                "resume": {"token": "take-me-up", "ttl_s": 30},
                "resumed": bool(visit.resume),
                "events": bool(visit.resume),
                "audio": "binary" if visit.resume else "base64",
                **({"rates": self.rates} if self.rates and visit.resume else {}),
            }
        self.send("session.created", session=session)

    async def _obey(self, visit: Visit, message: Json) -> None:
        with self._changed:
            visit.got.append(message)
            if message["type"] == "voicecli.playout":
                self.played.append(message)
            self._changed.notify_all()
        if message["type"] == "session.update":
            asked = message["session"]
            assert isinstance(asked, dict)
            ours = asked.get("voicecli")
            if isinstance(ours, dict):
                ours = {**ours, "rates": self.rates} if self.rates else {**ours, "rates": None}
            self.send("session.updated", session={"id": "sess_1", "voicecli": ours})
            if self.extended:
                self.event("listening", model="a model")

    async def _text(self, text: str) -> None:
        if self._socket is not None and not self._socket.closed:
            await self._socket.send_str(text)

    async def _bytes(self, data: bytes) -> None:
        if self._socket is not None and not self._socket.closed:
            await self._socket.send_bytes(data)

    async def _paced(self, number: int, samples: np.ndarray) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        for at in range(0, len(samples), BLOCK):
            start_ms = at * 1000 // RATE_HZ
            while start_ms > (clock() - began) * 1000 + LEAD_MS or start_ms > self._limit_ms(number):
                await asyncio.sleep(0.01)
            head = struct.pack("<IIHH", start_ms, number, 0, 0)
            await self._bytes(head + samples[at : at + BLOCK].astype("<i2").tobytes())
            self.sent_ms[number] = start_ms + 20

    def _limit_ms(self, number: int) -> float:
        told = [each for each in self.played if each["reply"] == number]
        limit = told[-1]["limit_ms"] if told else 800
        assert isinstance(limit, int)
        return limit

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _close(self, code: int, reason: str) -> None:
        if self._socket is not None:
            await self._socket.close(code=code, message=reason.encode())
