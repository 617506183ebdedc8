"""A caller's connection to a server, and the server's pages: aiohttp, and its only importer in the bench."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession, ClientTimeout, WSMsgType, WSServerHandshakeError

from voicecli.bench.crowd.caller import CallLost, CallRefused
from voicecli.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientWebSocketResponse

    from voicecli.system.clock import Clock

FULL = 1013
"""With this code (RFC 6455's registry: "try again later") a server refuses who finds no room."""

CONNECT_S = 10.0
PAGE_S = 5.0
REFUSAL_S = 5.0
"""Longest wait for a refusal; a server that says nothing for so long has let the caller in."""


class CallerSocket:
    """One WebSocket to a server."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        """Hand a message to the socket; where that is closed, `receive` tells of it."""
        with suppress(ClientError, ConnectionError):
            await self._socket.send_str(text)

    async def receive(self) -> str:
        """Wait for the next message. Raises CallRefused where the server is full, CallLost at the end."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        code = self._socket.close_code
        if code == FULL:
            raise CallRefused
        raise CallLost(f"closed with {code}")


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[CallerSocket]:
    """A connection until the block ends. Raises ServerError, CallRefused."""
    async with ClientSession(timeout=ClientTimeout(total=None, connect=CONNECT_S)) as session:
        try:
            socket = await session.ws_connect(url, headers=_headers(token), max_msg_size=1 << 23)
        except WSServerHandshakeError as error:
            if error.status == 503:  # a balancer in front of servers that are all full
                raise CallRefused from error
            raise ServerError(*_handshake(url, error.status)) from error
        except (ClientError, OSError, TimeoutError) as error:
            raise ServerError(f"no server answers at {url}", "start it: voicecli serve") from error
        async with socket:
            yield CallerSocket(socket)


def _handshake(url: str, status: int) -> tuple[str, str]:
    """What was found, and what to do."""
    if status in (401, 403):
        return f"{url} refuses callers (HTTP {status})", "give its token with --token-file"
    return f"{url} takes no calls (HTTP {status})", "give the address of a `voicecli serve`"


async def page(url: str, token: str) -> str | None:
    """The text of a page, whatever its status; None where there is none."""
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=PAGE_S)) as session,
            session.get(url, headers=_headers(token)) as answer,
        ):
            return await answer.text() if answer.status in (200, 503) else None
    except (ClientError, OSError, TimeoutError, UnicodeDecodeError):
        return None


async def refusal_s(url: str, token: str, clock: Clock) -> float | None:
    """How long a full server takes to refuse one more caller, s; None where it lets the caller in.

    Raises ServerError.
    """
    began = clock.now()
    try:
        async with connected(url, token) as socket:
            async with asyncio.timeout(REFUSAL_S):
                await socket.receive()
    except CallRefused:
        return clock.now() - began
    except (CallLost, TimeoutError):
        pass
    return None


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
