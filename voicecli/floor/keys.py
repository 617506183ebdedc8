"""Keys and typed lines: done as soon as they can be. They begin and end turns as speech does. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from voicecli.floor.facts import Pressed, Typed
from voicecli.floor.orders import Flush

if TYPE_CHECKING:
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.floor.user.scribing import Scribing

    Key: TypeAlias = Pressed | Typed

STOPS = (Pressed("interrupt"), Pressed("talk"))
"""They stop the agent. The talk key has something to do even where the agent is silent."""

WAITING = 8
"""Keys and lines that may wait; beyond that the oldest are dropped."""


class Keys:
    """Keys and lines, in the order in which they came."""

    def __init__(self, out: Out, exchange: Exchange, scribing: Scribing) -> None:
        self._out = out
        self._exchange = exchange
        self._scribing = scribing
        self._waiting: deque[Key] = deque(maxlen=WAITING)
        self._flushing: Key | None = None

    def take(self, key: Key) -> None:
        """Take one more. A key that stops the agent drops all that waited before it."""
        if key in STOPS:
            self._waiting.clear()
        elif len(self._waiting) == WAITING:
            self._out.drop("key_queue")
        self._waiting.append(key)

    def obey(self) -> None:
        """Do what can be done now; to be called after every fact."""
        keys, self._waiting = list(self._waiting), deque(maxlen=WAITING)
        self._waiting.extend(key for key in keys if self._must_wait(key))

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
                return not turn.is_open  # it waits until the reply has ended that it would cut short
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
