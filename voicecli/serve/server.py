"""The socket: aiohttp, in one asyncio loop. The only file that imports it.

Each WebSocket is a talk of its own (`talker`); the models' weights are shared. Whoever may not connect is
refused before the upgrade; whoever finds no room is told so at once, and may try again.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import WSCloseCode, WSMsgType, web

from voicecli.errors import VoicecliError
from voicecli.metrics import families as f
from voicecli.metrics.counts import TalkCounts
from voicecli.metrics.exposition import page as metrics_page
from voicecli.metrics.families import Sample
from voicecli.metrics.own_process import of_process
from voicecli.serve import browser_page
from voicecli.serve.client.outbox import hold_little
from voicecli.serve.client.talker import Talker
from voicecli.serve.pulse import LoopPulse
from voicecli.serve.rest import Rest, error
from voicecli.serve.wire.incoming import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.serve.access import Access

    Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PATH = "/v1/realtime"

IDLE_S = 60.0
"""A client that has sent nothing for so long is gone, or has forgotten its socket."""

SESSION_S = 3600
"""Longest session, as at OpenAI."""

PING_S = 20.0
"""Time between two pings. A client that answers none for half of it is gone."""

LOOK_S = 0.5
"""How often it looks whether a client still reads."""

CLOSE_S = 1.0
"""A client has so long to answer that the socket is closed."""

DRAIN_S = 300.0
"""After SIGTERM, talks may go on for so long."""

RETRY_S = 5
"""What a full server tells a client to wait, s."""

FULL = "all sessions of this server are in use; try again later"


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """How much the server takes on."""

    sessions: int = 2
    per_address: int = 4


class Server:
    """Talks over the network, as many at once as `limits` allows."""

    def __init__(
        self,
        engines: Engines,
        config: Config,
        access: Access,
        limits: ServerLimits,
        tell: Callable[[str], None],
    ) -> None:
        """`tell` gets lines for the person at the server's terminal: nothing of what is said."""
        self._engines = engines
        self._config = config
        self._access = access
        self._limits = limits
        self._tell = tell
        self._addresses: list[str] = []
        """The address of each client with a session."""
        self._sockets: set[web.WebSocketResponse] = set()
        self._counts = TalkCounts()
        self._pulse = LoopPulse(engines.clock)
        self._let_in = self._refused = 0
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()

    def application(self) -> web.Application:
        """The routes, each behind the same checks."""
        app = web.Application(middlewares=[self._checked], client_max_size=MOST_BYTES)
        Rest(self._engines).add_to(app)
        browser_page.add_to(app)
        app.cleanup_ctx.append(self._beating)
        app.router.add_get(PATH, self._realtime)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        return app

    @property
    def talking(self) -> int:
        """How many clients have a session."""
        return len(self._addresses)

    async def _beating(self, _: web.Application) -> AsyncIterator[None]:
        pulse = asyncio.create_task(self._pulse.run(), name="pulse")
        yield
        pulse.cancel()

    # ---- requests

    @web.middleware
    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        open_to_all = request.method == "GET" and request.path in browser_page.paths()
        refusal = self._access.refusal(request.headers, secure=request.secure, open_to_all=open_to_all)
        if refusal is not None:
            return error(refusal.message, code=refusal.code, status=refusal.status)
        return await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        free = self._limits.sessions - len(self._addresses)
        state = "draining" if self._draining else "ok" if free > 0 else "full"
        body = {"status": state, "sessions": len(self._addresses), "limit": self._limits.sessions}
        if state == "ok":
            return web.json_response(body)
        return web.json_response(body, status=503, headers={"Retry-After": str(RETRY_S)})

    async def _metrics(self, _: web.Request) -> web.Response:
        """What all talks so far counted together, and how many there are."""
        sessions = (
            Sample(f.SESSIONS, (), len(self._addresses)),
            Sample(f.SESSIONS_MOST, (), self._limits.sessions),
            Sample(f.SESSIONS_LET_IN, (), self._let_in),
            Sample(f.SESSIONS_REFUSED, (), self._refused),
        )
        samples = [*self._counts.samples(), *of_process(), *sessions]
        found = [*self._counts.distributions(), self._pulse.distribution()]
        kind, text = await asyncio.to_thread(metrics_page, samples, found)
        return web.Response(body=text, headers={"Content-Type": kind})

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": "voicecli", "object": "model", "created": 0, "owned_by": "voicecli"}
        return web.json_response({"object": "list", "data": [model]})

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        client = web.WebSocketResponse(
            protocols=("realtime",), heartbeat=PING_S, max_msg_size=MOST_BYTES, compress=False
        )
        if not client.can_prepare(request).ok:
            return error("connect with a WebSocket", status=426)
        await client.prepare(request)
        address = request.remote or ""
        if self._draining:
            await client.close(code=WSCloseCode.SERVICE_RESTART, message=b"restarting")
        elif not self._has_room(address):
            self._refused += 1
            await client.close(code=WSCloseCode.TRY_AGAIN_LATER, message=FULL.encode())
        else:
            self._let_in += 1
            self._addresses.append(address)
            self._sockets.add(client)
            self._empty.clear()
            try:
                await self._talk(client, request)
            finally:
                self._addresses.remove(address)
                self._sockets.discard(client)
                if not self._addresses:
                    self._empty.set()
        return client

    def _has_room(self, address: str) -> bool:
        full = len(self._addresses) >= self._limits.sessions
        return not full and self._addresses.count(address) < self._limits.per_address

    async def _talk(self, client: web.WebSocketResponse, request: web.Request) -> None:
        transport = request.transport
        hold_little(transport.get_extra_info("socket") if transport is not None else None)
        expires_at = int(self._engines.clock.local().timestamp()) + SESSION_S
        wire = _Wire(client, transport)
        talker = Talker(
            wire, self._engines, self._config, expires_at, alarm=self._alarm, count=self._counts.event
        )
        talker.greet()
        tasks = [
            asyncio.create_task(talker.outbox.run(), name="outbox"),
            asyncio.create_task(self._read(client, talker), name="requests"),
            asyncio.create_task(_until_stuck(talker), name="watch"),
        ]
        try:
            await asyncio.wait(tasks, timeout=SESSION_S, return_when=asyncio.FIRST_COMPLETED)
            await self._say_good_bye(client, talker, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await talker.close()
            if transport is not None and talker.outbox.stuck:
                transport.abort()  # else it would wait for a client that does not read

    async def _read(self, client: web.WebSocketResponse, talker: Talker) -> None:
        """Obey requests until the client leaves. Raises TimeoutError when it is silent for IDLE_S."""
        while talker.failure is None:
            message = await client.receive(timeout=IDLE_S)
            if message.type is WSMsgType.TEXT:
                await talker.take(message.data)
            elif message.type is not WSMsgType.BINARY:
                return

    async def _say_good_bye(
        self, client: web.WebSocketResponse, talker: Talker, tasks: list[asyncio.Task[None]]
    ) -> None:
        """Close the client with the code that tells why."""
        _, requests, watch = tasks
        code, why = WSCloseCode.OK, "the session is over"
        if watch.done() and talker.failure is None:
            code, why = WSCloseCode.TRY_AGAIN_LATER, "you do not read what is sent"
        elif talker.failure is not None:
            code, why = WSCloseCode.INTERNAL_ERROR, "the talk failed"
        elif requests.done() and not requests.cancelled() and (raised := requests.exception()) is not None:
            if isinstance(raised, TimeoutError):
                why = "nothing was sent for a minute"
            elif isinstance(raised, VoicecliError):
                self._tell(f"{raised.found}; {raised.remedy}")
                code, why = WSCloseCode.INTERNAL_ERROR, raised.found[:100]
            else:
                raise raised
        with contextlib.suppress(asyncio.TimeoutError, ConnectionError):
            await asyncio.wait_for(client.close(code=code, message=why.encode()), timeout=CLOSE_S)

    def _alarm(self, waiting: int) -> None:
        self._tell(f"a client does not read: {waiting >> 10} KB wait for it")

    # ---- end

    async def drain(self, timeout_s: float = DRAIN_S) -> None:
        """Take no more clients, and let those that talk finish, for `timeout_s` at most."""
        self._draining = True
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._empty.wait(), timeout_s)
        await self.end()

    async def end(self) -> None:
        """Close all sockets at once."""
        self._draining = True
        closing = [
            client.close(code=WSCloseCode.SERVICE_RESTART, message=b"restarting") for client in self._sockets
        ]
        await asyncio.gather(*closing, return_exceptions=True)


class _Wire:
    """A WebSocket as a talker sees it."""

    def __init__(self, client: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self._client = client
        self._transport = transport

    async def send(self, text: str) -> None:
        """Send a text; wait while aiohttp's own buffer is full. Raises ConnectionError."""
        await self._client.send_str(text)

    def unsent(self) -> int:
        """Bytes that the transport still has."""
        transport = self._transport
        return 0 if transport is None or transport.is_closing() else transport.get_write_buffer_size()


async def _until_stuck(talker: Talker) -> None:
    while not talker.outbox.stuck and talker.failure is None:
        await asyncio.sleep(LOOK_S)
