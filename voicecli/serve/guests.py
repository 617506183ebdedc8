"""Who talks: every session, with a connection or waiting for the next one."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.serve.client.talker import Talker
    from voicecli.serve.visit import Visit


@dataclass(slots=True, eq=False)
class Guest:
    """One session."""

    talker: Talker
    address: str
    ends_at: float
    """When it has lasted as long as one may, s on the clock of the engines."""
    visit: Visit | None = None
    """Its connection; None while that is lost."""
    lost_at: float = 0.0
    """When that was."""
    over: bool = False


class Guests:
    """All sessions of a server; those without a connection count like the others."""

    def __init__(self, most: int, per_address: int) -> None:
        self._most = most
        self._per_address = per_address
        self._all: list[Guest] = []

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._all))

    def has_room(self, address: str) -> bool:
        """Whether another client may come from there."""
        there = sum(guest.address == address for guest in self._all)
        return len(self._all) < self._most and there < self._per_address

    def add(self, guest: Guest) -> None:
        """Let a client in."""
        self._all.append(guest)

    def remove(self, guest: Guest) -> None:
        """Its session is over, and its talk has ended."""
        self._all.remove(guest)

    def known(self, token: str) -> Guest | None:
        """The session of a token, if it is not over. How long it takes does not tell how much is right."""
        found: Guest | None = None
        for guest in self._all:
            if hmac.compare_digest(guest.talker.token.encode(), token.encode(errors="replace")):
                found = guest
        return None if found is None or found.over else found
