"""The server: its routes, who may come in, and each client's session, over one connection or several.

Each WebSocket is a talk of its own (`talker`); the models' weights are shared. A client that may not connect
is refused before the upgrade. One that finds no room is told so at once, and may try again. A talk whose
connection is lost is kept for a while, silent, so that its client can take it up.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import WSCloseCode, web

from voicecli.metrics import families as f
from voicecli.metrics.counts import TalkCounts
from voicecli.metrics.exposition import page as metrics_page
from voicecli.metrics.families import Sample
from voicecli.metrics.own_process import of_process
from voicecli.serve import browser_page
from voicecli.serve.client.outbox import NOT_SENT_BYTES
from voicecli.serve.client.talker import Talker
from voicecli.serve.guests import Guest, Guests
from voicecli.serve.pulse import LoopPulse
from voicecli.serve.rest import Rest, error
from voicecli.serve.visit import LINGER_S, LOOK_S, TAKEN_UP, Visit
from voicecli.serve.wire.incoming import MOST_BYTES
from voicecli.system.freed_memory import give_back
from voicecli.system.unsent import hold_little

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.serve.access import Access

    Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PATH = "/v1/realtime"

SESSION_S = 3600
"""s of the longest session, as at OpenAI."""

PING_S = 20.0
"""s between two pings. A client that answers none for half of that is gone."""

DRAIN_S = 300.0
"""s for which talks may go on after SIGTERM."""

END_S = 5.0
"""Talks have so long to end."""

RETRY_S = 5
"""What a full server tells a client to wait, s."""

FULL = "all sessions of this server are in use; try again later"


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """How much the server takes on."""

    sessions: int = 2
    per_address: int = 4
    resume_s: float = 30.0
    """A talk is kept so long when its connection is lost."""


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
        self._guests = Guests(limits.sessions, limits.per_address)
        self._aside: set[asyncio.Task[None]] = set()
        """What outlives a request: sessions, waiting for a client that was lost, and closing."""
        self._counts = TalkCounts()
        self._pulse = LoopPulse(engines.clock)
        self._let_in = self._refused = self._taken_up = 0
        self._draining = self._ended = False
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
        return len(self._guests)

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
        free = self._limits.sessions - len(self._guests)
        state = "draining" if self._draining else "ok" if free > 0 else "full"
        body = {"status": state, "sessions": len(self._guests), "limit": self._limits.sessions}
        answer = web.json_response(body)
        if state != "ok":
            answer = web.json_response(body, status=503, headers={"Retry-After": str(RETRY_S)})
        answer.force_close()  # of several processes, another one may answer the next question
        return answer

    async def _metrics(self, _: web.Request) -> web.Response:
        """What all talks so far counted together, and how many there are."""
        sessions = (
            Sample(f.SESSIONS, (), len(self._guests)),
            Sample(f.SESSIONS_MOST, (), self._limits.sessions),
            Sample(f.SESSIONS_LET_IN, (), self._let_in),
            Sample(f.SESSIONS_REFUSED, (), self._refused),
            Sample(f.SESSIONS_TAKEN_UP, (), self._taken_up),
        )
        samples = [*self._counts.samples(), *of_process(), *sessions]
        found = [*self._counts.distributions(), self._pulse.distribution()]
        kind, text = await asyncio.to_thread(metrics_page, samples, found)
        return web.Response(body=text, headers={"Content-Type": kind})

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": "voicecli", "object": "model", "created": 0, "owned_by": "voicecli"}
        return web.json_response({"object": "list", "data": [model]})

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        token = request.query.get("resume")
        guest = None if token is None else self._guests.known(token)
        if token is not None and guest is None:
            return error(
                "there is no such talk, or no longer: begin another", "resume", 404, "no_such_session"
            )
        client = web.WebSocketResponse(
            timeout=LINGER_S,
            protocols=("realtime",),
            heartbeat=PING_S,
            max_msg_size=MOST_BYTES,
            compress=False,
            writer_limit=NOT_SENT_BYTES,
        )
        if not client.can_prepare(request).ok:
            return error("connect with a WebSocket", status=426)
        await client.prepare(request)
        after = None
        if guest is None:
            guest = await self._let_someone_in(client, request.remote or "")
        elif guest.over:  # since the question
            await client.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"the talk is over")
            guest = None
        else:
            self._taken_up += 1
            after = request.query.get("after", "")
        if guest is not None:  # whatever becomes of the request, the session is kept or ended as it should
            await asyncio.shield(self._do_aside(self._attend(guest, client, request, after)))
        return client

    async def _let_someone_in(self, client: web.WebSocketResponse, address: str) -> Guest | None:
        """A session for a new client; None where there is no room, and the client is told so."""
        if self._draining:
            await client.close(code=WSCloseCode.SERVICE_RESTART, message=b"restarting")
            return None
        if not self._guests.has_room(address):
            self._refused += 1
            await client.close(code=WSCloseCode.TRY_AGAIN_LATER, message=FULL.encode())
            return None
        self._let_in += 1
        clock = self._engines.clock
        talker = Talker(
            self._engines,
            self._config,
            int(clock.local().timestamp()) + SESSION_S,
            self._limits.resume_s,
            port=self._access.port,
            alarm=self._alarm,
            count=self._counts.event,
        )
        guest = Guest(talker, address, clock.now() + SESSION_S)
        self._guests.add(guest)
        self._empty.clear()
        return guest

    async def _attend(
        self, guest: Guest, client: web.WebSocketResponse, request: web.Request, after: str | None
    ) -> None:
        """Serve a session on this connection; keep it when the connection is lost, else end it."""
        transport, clock = request.transport, self._engines.clock
        hold_little(transport, NOT_SENT_BYTES)
        visit = Visit(client, transport, guest.talker, clock, self._tell)
        before, guest.visit = guest.visit, visit
        if before is not None:
            before.stop()
            self._do_aside(before.leave(TAKEN_UP, "taken up elsewhere"))
        lost = False
        try:
            lost = await visit.run(guest.ends_at - clock.now(), after)
        finally:
            if guest.visit is visit:  # else it goes on elsewhere
                guest.visit, guest.lost_at = None, clock.now()
                if lost and not self._ended:
                    self._do_aside(self._wait_for(guest))
                else:
                    await self._dismiss(guest)
                    await visit.linger()

    async def _wait_for(self, guest: Guest) -> None:
        """Keep a talk for the next connection of its client; end it when none comes."""
        clock = self._engines.clock
        while guest.visit is None and not self._ended and guest.talker.failure is None:
            left_s = guest.lost_at + self._limits.resume_s - clock.now()
            if left_s <= 0:
                break
            await asyncio.sleep(min(LOOK_S, left_s))
        if guest.visit is None:
            await self._dismiss(guest)

    async def _dismiss(self, guest: Guest) -> None:
        """End a session."""
        if guest.over:
            return
        guest.over = True
        await guest.talker.close()
        self._guests.remove(guest)
        self._do_aside(asyncio.to_thread(give_back))
        if not self._guests:
            self._empty.set()

    def _do_aside(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
        return task

    def _alarm(self, waiting: int) -> None:
        self._tell(f"a client does not read, or too slowly: {waiting >> 10} KB wait for it")

    # ---- end

    async def drain(self, timeout_s: float = DRAIN_S) -> None:
        """Take no more clients, and let those that talk finish, for `timeout_s` at most."""
        self._draining = True
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._empty.wait(), timeout_s)
        await self.end()

    async def end(self) -> None:
        """Close all sockets at once, and end the talks that wait for one."""
        self._draining = self._ended = True
        closing = [
            self._dismiss(guest)
            if guest.visit is None
            else guest.visit.leave(WSCloseCode.SERVICE_RESTART, "restarting")
            for guest in self._guests
        ]
        await asyncio.gather(*closing, return_exceptions=True)
        if self._aside:
            await asyncio.wait(self._aside, timeout=END_S)  # their talks end
