"""An engine of this process that stands in for a server: loaded when needed, shared by all talks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

E = TypeVar("E")


class StandIn(Generic[E]):
    """The model of such an engine. It serves one call at a time."""

    def __init__(self, name: str, load: Callable[[], Callable[[], E]]) -> None:
        """`name` is the model's, for people. `load` loads it and gives what makes one talk's engine."""
        self.name = name
        self.turn = threading.Lock()
        """To be held during each call of an engine that was made here: each talk has a thread of its own."""
        self._load = load
        self._session: Callable[[], E] | None = None

    def session(self) -> E:
        """Make the engine of one talk. Raises ModelError."""
        with self.turn:
            self._session = self._session or self._load()
            return self._session()
