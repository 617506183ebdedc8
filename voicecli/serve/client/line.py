"""The line to a client, over one connection after another: numbers what is said, keeps it, and sends it.

Without a connection it only keeps: the newest events, and no sound, which is sent again (`way`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from voicecli.serve.client.outbox import Outbox
from voicecli.serve.wire.recent import RecentEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicecli.serve.client.outbox import Message
    from voicecli.serve.wire.settings import Json
    from voicecli.system.clock import Clock


class Socket(Protocol):
    """What a line needs of a connection."""

    async def send(self, message: Message) -> None:
        """Send a message; wait while too much waits to be sent. Raises ConnectionError."""
        ...

    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        ...


class ClientLine:
    """All that one client is told. One asyncio loop uses it, but for `takes_sound`."""

    def __init__(self, clock: Clock, alarm: Callable[[int], None]) -> None:
        """`alarm`: as in `Outbox`."""
        self._clock = clock
        self._alarm = alarm
        self._recent = RecentEvents()
        self._outbox: Outbox | None = None

    def attach(self, socket: Socket) -> Outbox:
        """Send on this connection from now on; give what waits for it, which is to be run."""
        self._outbox = Outbox(socket.send, socket.unsent, self._clock, self._alarm)
        return self._outbox

    def detach(self) -> None:
        """There is no connection any more."""
        self._outbox = None

    @property
    def attached(self) -> Outbox | None:
        """What waits for the connection that there is."""
        return self._outbox

    def takes_sound(self) -> bool:
        """From any thread: whether sound may be said."""
        outbox = self._outbox
        return outbox is not None and outbox.takes_sound()

    def say(self, messages: Iterable[Json], *, provisional: bool = False) -> None:
        """Send events; on the next connection, if this one is lost, send them again."""
        for message in messages:
            text = self._numbered(message)
            self._recent.keep(text, provisional=provisional)
            if self._outbox is not None:
                self._outbox.put(text)

    def say_now(self, message: Json, *, is_sound: bool = False) -> None:
        """Send an event that means nothing on another connection."""
        if self._outbox is not None:
            self._outbox.put(self._numbered(message), is_sound=is_sound)

    def sound(self, frame: bytes) -> None:
        """Send a block of sound."""
        if self._outbox is not None:
            self._outbox.put(frame, is_sound=True)

    def forget_sound(self) -> None:
        """Send none of the sound that still waits."""
        if self._outbox is not None:
            self._outbox.forget_sound()

    def missed(self, after: str) -> tuple[list[str], bool]:
        """The events after the one of that id, as they were sent, and whether some of them are forgotten."""
        return self._recent.since(after)

    def repeat(self, texts: Iterable[str]) -> None:
        """Send these events once more."""
        for text in texts:
            if self._outbox is not None:
                self._outbox.put(text)

    def _numbered(self, message: Json) -> str:
        return json.dumps({"event_id": self._recent.next_id(), **message})
