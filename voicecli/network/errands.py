"""Requests of one engine, run on an event loop of its own, by the thread that asks.

A request is an asyncio task. The thread that asked wakes every `POLL_S` to see whether the answer is still
wanted; cancelling the task closes the connection whatever it waits for (an address, a connection, the first
byte, the next one), and a server stops when its client is gone. A blocking client cannot be stopped while it
waits; one can only stop waiting for it. Between two calls nothing runs, so what a server sends stays in its
socket, and the server waits.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator

    Cancelled: TypeAlias = Callable[[], bool]

T = TypeVar("T")

POLL_S = 0.03
"""How often a thread that waits for a request asks whether its caller still wants the answer, s."""


class _Over:
    """What stands for the end of a stream."""


_OVER: Final = _Over()


def never() -> bool:
    """Be the question whether to stop, and say no."""
    return False


class Errands:
    """One request at a time. `close` may come from another thread, and ends the one under way."""

    def __init__(self, leave: Callable[[], Awaitable[None]]) -> None:
        """`leave` closes what the requests left open, on their loop."""
        self._leave = leave
        self._busy = threading.Lock()
        self._closing = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, request: Coroutine[None, None, object], cancelled: Cancelled = never) -> bool:
        """Run a request to its end; False when it was cancelled before. Raises what the request raises."""
        with self._busy:
            if self._closing.is_set():
                request.close()
                return False
            self._loop = self._loop or asyncio.new_event_loop()
            return self._loop.run_until_complete(self._watch(request, cancelled))

    def each(self, pieces: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """Give what `pieces` gives, as it comes; it ends early when this is closed."""
        found: list[T | _Over] = []

        async def step() -> None:
            found.append(await anext(pieces, _OVER))

        async def stop() -> None:
            await pieces.aclose()

        try:
            while self.run(step()) and not isinstance(piece := found.pop(), _Over):
                yield piece
        finally:
            self.run(stop())

    @property
    def closed(self) -> bool:
        """Whether nothing is run any more."""
        return self._closing.is_set()

    def close(self) -> None:
        """End the request under way, and the loop. Later requests do nothing."""
        self._closing.set()
        with self._busy:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.run_until_complete(self._finish())
                self._loop.close()

    async def _finish(self) -> None:
        loop = asyncio.get_running_loop()
        await self._leave()
        # A stream left early leaves generators inside of generators, and tasks that close some of them.
        await loop.shutdown_asyncgens()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        await loop.shutdown_default_executor()

    async def _watch(self, request: Coroutine[None, None, object], cancelled: Cancelled) -> bool:
        task = asyncio.ensure_future(request)
        try:
            while not task.done():
                if cancelled() or self._closing.is_set():
                    return False
                await asyncio.wait({task}, timeout=POLL_S)
            task.result()
            return True
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
