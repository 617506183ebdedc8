"""The newest events that a client was sent, for the next connection when this one is lost. Bounded.

Each has a number, in the order in which they were sent; its id is that number. So a client that names the
last one it got is given those after it, also where that one is no longer here.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.waiting.buffers import BufferFill

MOST_EVENTS = 256
MOST_KEPT_BYTES = 256_000
"""Beyond either the oldest is forgotten, and a client that asks for it is told that it missed something."""

EVENTS_KEPT = Buffer(
    "events for the next connection",
    "events",
    MOST_EVENTS,
    "drop_oldest",
    "a client that is back while its talk is kept has missed fewer; of words so far only the newest are kept,"
    " and who missed more is told so",
)

PREFIX = "event_"


class RecentEvents:
    """Numbers events, and keeps the newest, as the texts that were sent."""

    def __init__(self) -> None:
        self._number = 0
        self._texts: OrderedDict[int, str] = OrderedDict()
        self._bytes = 0
        self._forgotten = 0  # the newest number that was
        self._provisional = 0  # number of the provisional event that is kept
        self._peak = self._lost = 0

    def next_id(self) -> str:
        """The id of the next event."""
        self._number += 1
        return f"{PREFIX}{self._number:010d}"

    def keep(self, text: str, *, provisional: bool = False) -> None:
        """Keep the event that got the last id. Of provisional ones only the newest is kept."""
        if provisional:
            self._bytes -= len(self._texts.pop(self._provisional, ""))
            self._provisional = self._number
        self._texts[self._number] = text
        self._bytes += len(text)
        while len(self._texts) > MOST_EVENTS or self._bytes > MOST_KEPT_BYTES:
            self._forgotten, oldest = self._texts.popitem(last=False)
            self._bytes -= len(oldest)
            self._lost += 1
        self._peak = max(self._peak, len(self._texts))

    def stats(self) -> BufferFill:
        """What is kept."""
        return EVENTS_KEPT.filled(len(self._texts), self._peak, self._lost)

    def since(self, event_id: str) -> tuple[list[str], bool]:
        """The events after that one, and whether some of these are forgotten; all, for what is no such id."""
        digits = event_id.removeprefix(PREFIX)
        after = int(digits) if len(digits) == 10 and digits.isascii() and digits.isdigit() else 0
        return [text for number, text in self._texts.items() if number > after], after < self._forgotten
