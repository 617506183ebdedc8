"""A server that answers nothing at all: how soon it is asked again, so that its return is noticed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from voicecli.satellite import link
from voicecli.satellite.link import Link
from voicecli.satellite.outgoing import Outgoing
from voicecli.satellite.server_url import server_at

if TYPE_CHECKING:
    from voicecli.satellite.far_end import FarEnd

ATTEMPTS = 5
REACH_S = 0.2


class NobodyThere:
    """A talk that only hears why there is no connection."""

    token = last_id = ""
    known = False

    def __init__(self) -> None:
        self.why: list[str] = []

    def lost(self, why: str, wait_s: float, *, forgotten: bool) -> None:
        assert not forgotten
        assert wait_s >= 0
        self.why.append(why)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue of connections is full: the kernel answers nothing to the next ones."""
    with ExitStack() as stack:
        door = stack.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(door.getsockname())
        yield door.getsockname()[1]


def test_an_attempt_that_nobody_answers_is_short_and_counts_as_a_wait(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "REACH_S", REACH_S)
    far_end: FarEnd = NobodyThere()  # type: ignore[assignment]  # duck-typed
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == ATTEMPTS:
            it.stop()

    at = server_at(f"127.0.0.1:{silent_port}")
    it = Link(at, far_end, Outgoing(), chance=lambda: 1.0, sleep=note)
    it.run()
    assert waits == pytest.approx([wait - REACH_S for wait in (0.25, 0.5, 1.0, 2.0, 4.0)])
