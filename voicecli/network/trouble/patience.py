"""How long one answer of a server may take: until its first piece, between its pieces, and in all. Pure.

    asked          first piece     piece           voicecli does    piece
    |-- first_s ---|               |-- pause_s ----| not ask        |
    |   what is no piece does not  |               | not counted    |
    |   make it longer             |                                |
    |-- total_s -------------------------------------               ---

A piece is one of what was asked for, such as a word of a reply; comments, empty events and thinking are none.
Only time in which voicecli waits for the server counts: not while the voice is behind, nor while voicecli
pauses before it asks again. The time that one try waited in vain does count for the next try.
"""

from __future__ import annotations

_TICK_S = 0.001
"""A timer may end so much early, s."""


class Patience:
    """What is left of the time for one question. Times are those of one clock, in s."""

    def __init__(self, first_s: float, pause_s: float, total_s: float) -> None:
        """Longest time to the first piece, from piece to piece, and of all waiting together, s."""
        self._first_s, self._pause_s, self.total_s = first_s, pause_s, total_s
        self._silent_s = self._waited_s = 0.0
        self._began_at = 0.0
        self._progress = 0

    def begin(self, now: float, progress: int = 0) -> float:
        """Begin to wait for the server; give the moment at which to give up.

        `progress`: pieces so far.
        """
        if progress != self._progress:
            self._progress, self._silent_s = progress, 0.0
        self._began_at = now
        return now + max(0.0, min(self.silence_s - self._silent_s, self.total_s - self._waited_s))

    def end(self, now: float) -> None:
        """Something came, or nothing will; calling it again changes nothing."""
        waited_s, self._began_at = now - self._began_at, now
        self._waited_s += waited_s
        self._silent_s += waited_s

    @property
    def silence_s(self) -> float:
        """Longest wait for the next piece, s."""
        return self._pause_s if self._progress else self._first_s

    @property
    def began(self) -> bool:
        """Whether a piece has come."""
        return bool(self._progress)

    @property
    def silent(self) -> bool:
        """When it is over: whether no piece came for too long; else all waiting together was too long."""
        return self._silent_s >= self.silence_s - _TICK_S
