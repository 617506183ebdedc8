"""Keys and typed lines: done as soon as they can be. They begin and end turns as speech does. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from voicecli import events
from voicecli.floor.facts import Pressed, Typed
from voicecli.floor.orders import Flush
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.floor.user.scribing import Scribing
    from voicecli.waiting.buffers import BufferFill

    Key: TypeAlias = Pressed | Typed

STOPS = (Pressed("interrupt"), Pressed("talk"))
"""They stop the agent. The talk key has something to do even where the agent is silent."""

LINES = Buffer(
    "keys and lines",
    "keys and lines",
    8,
    "drop_oldest",
    "they wait for the end of what is being said, and a line also for the turns before it; a user who types "
    "nine while one is answered wants the last, and is told of the one that is dropped",
)

TYPED_LINE = Buffer(
    "typed line",
    "characters",
    1000,
    "drop_newest",
    "a line waits until Enter sends it; nobody says more in one turn, and the user sees that the line does "
    "not grow",
)
"""The line that the user is typing."""

MOST_TURNS = 4
"""A line waits while this many turns have no outcome: void ones end when the language model has stopped."""


class Keys:
    """Keys and lines, in the order in which they came."""

    def __init__(self, out: Out, exchange: Exchange, scribing: Scribing) -> None:
        self._out = out
        self._exchange = exchange
        self._scribing = scribing
        self._waiting: deque[Key] = deque()
        self._flushing: Key | None = None
        self._peak = self._lost = 0

    def take(self, key: Key) -> None:
        """Take one more. A key that stops the agent drops all that waited before it."""
        if key in STOPS:
            self._waiting.clear()
        elif len(self._waiting) >= LINES.capacity:
            self._lost += 1
            self._out.drop("key_queue")
            if isinstance(self._waiting.popleft(), Typed):
                found = f"a typed line was dropped: {LINES.capacity:g} later ones wait"
                self._out.tell(events.Warned(self._out.t, found, "wait for an answer, then type it again"))
        self._waiting.append(key)
        self._peak = max(self._peak, len(self._waiting))

    def stats(self) -> BufferFill:
        """What waits."""
        return LINES.filled(len(self._waiting), self._peak, self._lost)

    def obey(self) -> None:
        """Do what can be done now; to be called after every fact."""
        self._waiting = deque([key for key in self._waiting if self._must_wait(key)])

    def _must_wait(self, key: Key) -> bool:
        turn = self._exchange.turns.get(self._exchange.newest)
        match key:
            case _ if self._flushing is not None:
                return True
            case Pressed("interrupt" | "talk"):
                if turn is None or not turn.is_open:
                    self._exchange.call_off()  # at once: it is not meant for what comes later
                if key.key == "interrupt" and (turn is None or turn.is_open):
                    self._out.drop("key", None if turn is None else turn.number)
            case Pressed("repeat") if turn is not None:
                return not turn.is_open  # it would cut a reply short, so it waits for the end of that
            case Typed() if len(self._exchange.turns) >= MOST_TURNS:
                return True
            case Pressed("repeat") | Typed():
                self._flushing = key
                self._out.add(Flush())  # what was being said is a turn of its own
        return False

    def flushed(self) -> None:
        """No speech is under way any more, so the typed line becomes the next turn."""
        key, self._flushing = self._flushing, None
        if key is not None:
            self._exchange.call_off()  # a user who types asks something new
            turn = self._exchange.begin(self._out.now)
            self._scribing.typed(turn, key.text if isinstance(key, Typed) else "")
            self._exchange.commit(self._out.now, self._out.now)
