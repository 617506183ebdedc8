"""The connection to the server, made again whenever it is lost: a thread with an asyncio loop.

    read      the server's messages -> the far end, and its answers
    write     what waits in `outgoing` -> the server; it waits for the network, and nobody waits for it
    look      every LOOK_S: the player, and reports of what was played

Promises: a connection that fails is tried again, with waits that grow, until `stop`. A server that refuses
for good ends it: `run` raises ServerError. `stop` ends any state at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

import aiohttp

from voicecli.errors import ServerError
from voicecli.satellite.protocol.sound_blocks import MOST_BYTES
from voicecli.satellite.refusals import Backoff, Lost, closed, refused
from voicecli.satellite.server_url import EXAMPLE
from voicecli.system.unsent import hold_little, unsent_bytes
from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from voicecli.satellite.far_end import FarEnd
    from voicecli.satellite.outgoing import Outgoing
    from voicecli.satellite.server_url import ServerAt

CONNECT_S = 10.0
"""Longest that an attempt takes, s."""

REACH_S = 3.0
"""Of that, until there is a connection, s: while a network is dead every attempt is in vain, and the kernel
repeats the first packet ever more seldom. A new attempt finds sooner that the network is back."""

PING_S = 6.0
"""Time between two pings, s. A server that answers none for half of it is lost: radio links die silently."""

LOOK_S = 0.05
"""How often it looks after the reply that plays."""

GOOD_BYE_S = 0.3
"""The server has so long to answer that the talk is over, s."""

CLOSES_S = 0.01

MOST_UNSENT = 16 << 10
"""Bytes that wait outside `outgoing` at most, here and in the kernel: what is there cannot be dropped."""


class Link:
    """One talk's way to its server, from `start` until `stop`."""

    def __init__(
        self,
        at: ServerAt,
        far_end: FarEnd,
        outgoing: Outgoing,
        *,
        chance: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`chance` gives a number from 0 up to 1, for the waits; `sleep` waits them out."""
        self._at = at
        self._far_end = far_end
        self._outgoing = outgoing
        self._backoff = Backoff(chance)
        self._sleep = sleep
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._some = asyncio.Event()
        self._stopped = False
        self.worker = Worker("link", self.run, lambda: None)
        """The thread."""

    def start(self) -> None:
        """Begin to connect."""
        self.worker.start()

    def stop(self) -> None:
        """From any thread: say good-bye, and end."""
        self._stopped = True
        loop, main = self._loop, self._main
        if loop is not None and main is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(main.cancel)

    def run(self) -> None:
        """Until `stop`. Raises ServerError."""
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        self._outgoing.wake = self._wake
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=REACH_S)
        try:
            async with aiohttp.ClientSession(
                timeout=timeout, headers=self._at.headers, trace_configs=[_no_redirects(self._at.shown)]
            ) as session:
                while not self._stopped:
                    try:
                        await self._connected(session)
                    except Lost as lost:
                        wait_s = max(lost.wait_s, self._backoff.next_s(lost.took_s))
                        if lost.forgotten:
                            wait_s = 0.0
                        self._far_end.lost(lost.why, wait_s, forgotten=lost.forgotten)
                        await self._sleep(wait_s)
        finally:
            await asyncio.sleep(CLOSES_S)  # what was closed is gone only in a later round of the loop

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._some.set)

    async def _connected(self, session: aiohttp.ClientSession) -> None:
        """Hold one connection to its end. Raises Lost, ServerError."""
        server = await self._connect(session)
        hold_little(_transport_of(server), MOST_UNSENT)
        self._far_end.opened()
        tasks = [
            asyncio.create_task(self._read(server)),
            asyncio.create_task(self._write(server)),
            asyncio.create_task(self._look(server)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (ConnectionError, aiohttp.ClientError, OSError) as error:
            raise Lost("is lost") from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._leave(server)

    async def _leave(self, server: aiohttp.ClientWebSocketResponse) -> None:
        """Say good-bye, if the talk is over; else say nothing, so that the server keeps it."""
        transport = _transport_of(server)
        if not self._stopped and transport is not None:
            transport.abort()
        with contextlib.suppress(TimeoutError, ConnectionError, aiohttp.ClientError):
            async with asyncio.timeout(GOOD_BYE_S):
                await server.close(code=aiohttp.WSCloseCode.OK)

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Open a socket. Raises Lost, ServerError."""
        token, shown = self._far_end.token, self._at.shown
        url = self._at.resuming(token, self._far_end.last_id) if token else self._at.url
        try:
            async with asyncio.timeout(CONNECT_S):
                return await session.ws_connect(
                    url, heartbeat=PING_S, max_msg_size=MOST_BYTES * 2, compress=0, autoclose=True
                )
        except aiohttp.WSServerHandshakeError as error:
            wait_s = _seconds(error.headers.get("Retry-After", "") if error.headers else "")
            raise refused(
                shown, error.status, wait_s, known=self._far_end.known, resumes=bool(token)
            ) from error
        except (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError) as error:
            raise ServerError(
                f"the certificate of {shown} is not trusted",
                "name the file of its authority in the environment variable SSL_CERT_FILE",
            ) from error
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise ServerError(f"{shown} does not speak TLS", "try ws:// in place of wss://") from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise ServerError("--server is no address", EXAMPLE) from error
        except aiohttp.ClientConnectorDNSError as error:
            raise Lost("cannot be made: no computer of that name is known") from error
        except aiohttp.ClientConnectorError as error:
            raise Lost("cannot be made: no server answers there") from error
        except aiohttp.ConnectionTimeoutError as error:
            raise Lost("cannot be made: nothing answers there", took_s=REACH_S) from error
        except TimeoutError as error:
            raise Lost(f"cannot be made: no answer within {CONNECT_S:g} s", took_s=CONNECT_S) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Lost("breaks off before it is made") from error

    async def _read(self, server: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await server.receive()
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    await self._answer(server, self._far_end.text(message.data))
                    self._backoff.reset()
                    self._some.set()  # perhaps it may be sent now
                case aiohttp.WSMsgType.BINARY:
                    await self._answer(server, self._far_end.binary(message.data))
                case _:
                    is_told = message.type is aiohttp.WSMsgType.CLOSE
                    reason = message.extra if isinstance(message.extra, str) else ""
                    raise closed(self._at.shown, message.data if is_told else None, reason)

    async def _answer(self, server: aiohttp.ClientWebSocketResponse, answers: list[str]) -> None:
        for answer in answers:
            await server.send_str(answer)

    async def _write(self, server: aiohttp.ClientWebSocketResponse) -> None:
        transport = _transport_of(server)
        while True:
            await self._some.wait()
            self._some.clear()
            while self._far_end.may_send and (parcel := self._outgoing.first()) is not None:
                await self._has_room(transport)
                for message in self._far_end.messages(parcel):
                    if isinstance(message, bytes):
                        await server.send_bytes(message)
                    else:
                        await server.send_str(message)
                self._outgoing.sent(parcel)

    async def _has_room(self, transport: asyncio.Transport | None) -> None:
        """Wait until little waits to be sent: what waits in `outgoing` can still give way to newer sound."""
        while unsent_bytes(transport) > MOST_UNSENT:
            await asyncio.sleep(LOOK_S / 5)

    async def _look(self, server: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._answer(server, self._far_end.due())


def _transport_of(server: aiohttp.ClientWebSocketResponse) -> asyncio.Transport | None:
    """What carries the socket, so that the bytes that wait in it can be counted."""
    connection = server._response.connection  # noqa: SLF001  # aiohttp offers no other way
    transport = None if connection is None else connection.transport
    return transport if isinstance(transport, asyncio.Transport) else None


def _seconds(text: str) -> float:
    """Seconds of a `Retry-After`; 0 where it is none."""
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0


def _no_redirects(shown: str) -> aiohttp.TraceConfig:
    """Follow none: the microphone goes where the user said, and nowhere else."""

    async def refuse(*_: object) -> None:
        raise ServerError(
            f"{shown} sends requests on to another address", "give that one to --server, if it is right"
        )

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse)
    return trace
