"""When a server is asked, and when it is left alone."""

from __future__ import annotations

import pytest

from voicecli.network.trouble.breaker import FAILURES, FIRST_S, LONGEST_S, Breaker
from voicecli.system.clock import FakeClock


class Server:
    """A breaker, and questions that end at once."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.breaker = Breaker(self.clock)

    def fails(self, times: int = 1, wait_s: float | None = None) -> list[bool]:
        """Ask so often in vain; whether each opened it."""
        return [self.breaker.failed(self.admitted(), wait_s) for _ in range(times)]

    def state(self) -> str:
        return self.breaker.state

    def admitted(self) -> int:
        question = self.breaker.ask()
        assert question
        return question


def test_it_opens_after_failures_in_a_row_and_says_so_once() -> None:
    server = Server()
    assert server.fails(FAILURES - 1) == [False] * (FAILURES - 1)
    assert not server.breaker.worked(server.admitted()), "an answer begins the count anew"
    assert server.fails(FAILURES) == [False] * (FAILURES - 1) + [True]
    assert server.state() == "open"
    assert server.breaker.ask() == 0
    assert server.breaker.open_for_s == FIRST_S


def test_one_probe_goes_there_and_closes_it() -> None:
    server = Server()
    server.fails(FAILURES)
    server.clock.advance(FIRST_S)
    assert server.state() == "half open"
    probe = server.admitted()
    assert server.breaker.ask() == 0, "one is enough"
    assert server.breaker.worked(probe)
    assert server.state() == "closed"
    assert server.fails(FAILURES - 1) == [False] * (FAILURES - 1)


def test_a_probe_that_fails_keeps_it_open_for_longer_and_longer() -> None:
    server = Server()
    server.fails(FAILURES)
    waits = []
    for _ in range(6):
        waits.append(server.breaker.open_for_s)
        server.clock.advance(waits[-1])
        assert server.fails() == [False], "it was open before"
    assert waits == [min(FIRST_S * 2**n, LONGEST_S) for n in range(6)]


def test_a_probe_that_nobody_waits_for_lets_the_next_go() -> None:
    server = Server()
    server.fails(FAILURES)
    server.clock.advance(FIRST_S)
    server.breaker.left(server.admitted())
    assert server.admitted()


def test_what_was_under_way_when_it_opened_neither_keeps_it_open_nor_frees_the_probe() -> None:
    server = Server()
    old = [server.admitted() for _ in range(2)]
    server.fails(FAILURES)
    server.clock.advance(FIRST_S)
    server.admitted()
    assert not server.breaker.failed(old[0])
    server.breaker.left(old[1])
    assert server.breaker.ask() == 0, "the probe is under way"


@pytest.mark.parametrize(("wanted_s", "open_s"), [(1.0, FIRST_S), (30.0, 30.0), (3600.0, LONGEST_S)])
def test_one_that_wants_to_be_left_alone_is_for_a_while(wanted_s: float, open_s: float) -> None:
    server = Server()
    assert server.fails(1, wanted_s) == [True]
    assert server.breaker.open_for_s == open_s
