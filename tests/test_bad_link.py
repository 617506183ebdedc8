"""A link between two network namespaces: how long packets take, how many are lost, what a dead one does."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Self

import pytest

from rig.links.bad_link import ADDRESSES, CONTROL, HERE, THERE, BadLink, control_of, why_not
from rig.links.one_way import Conditions, OneWay
from voicecli.system.unsent import _LINUX_RTO_MAX_MS, RESEND_MS, make_prompt

WAIT_S = 20.0
PACKET = bytes(1000)
SENT = 200
"""Datagrams: what the kernel keeps for a socket holds so many."""


# ---- one direction, told the time


def passed(way: OneWay, until: float, step_s: float = 0.001) -> list[tuple[float, bytes]]:
    """When each packet came out."""
    times = [step * step_s for step in range(round(until / step_s) + 1)]
    return [(now, packet) for now in times for packet in way.due(now)]


def test_a_packet_takes_its_time() -> None:
    way = OneWay(1, Conditions(delay_s=0.05))
    way.put(b"a", 0.0)
    assert way.next_at == 0.05
    assert way.due(0.049) == []
    assert way.due(0.05) == [b"a"]
    assert way.next_at is None


def test_jitter_keeps_the_order_unless_told_otherwise() -> None:
    for reorders in (False, True):
        way = OneWay(1, Conditions(delay_s=0.01, jitter_s=0.08, reorders=reorders))
        for number in range(200):
            way.put(bytes([number]), number * 0.02)
        out = [packet[0] for _, packet in passed(way, 5.0)]
        assert sorted(out) == list(range(200))
        assert (out == sorted(out)) is not reorders


def test_jitter_reaches_its_most_and_no_further() -> None:
    way = OneWay(1, Conditions(delay_s=0.01, jitter_s=0.08, reorders=True))
    for number in range(200):
        way.put(bytes([number]), number * 0.02)
    took = [now - packet[0] * 0.02 for now, packet in passed(way, 5.0)]
    assert 0.01 <= min(took) < 0.02
    assert 0.08 < max(took) <= 0.0911


def test_the_seed_decides_which_are_lost() -> None:
    def lost(seed: int) -> list[int]:
        way = OneWay(seed, Conditions(loss=0.05))
        for number in range(2000):
            way.put(number.to_bytes(2, "big"), 0.0)
        out = way.due(0.0)
        assert way.counts.lost == 2000 - len(out)
        return [int.from_bytes(packet, "big") for packet in out]

    assert lost(1) == lost(1) != lost(2)
    assert 1860 <= len(lost(1)) <= 1940


def test_a_rate_spreads_packets_and_its_queue_drops_what_does_not_fit() -> None:
    way = OneWay(1, Conditions(bytes_per_s=10_000, queue_bytes=5_000))
    for _ in range(8):
        way.put(PACKET, 0.0)
    out = [now for now, _ in passed(way, 2.0)]
    assert out == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5], abs=0.002)
    assert (way.counts.overflowed, way.counts.most_queued) == (3, 5_000)


def test_a_dead_link_passes_nothing_not_even_what_is_on_its_way() -> None:
    way = OneWay(1, Conditions(delay_s=0.1))
    way.put(b"on its way", 0.0)
    way.conditions = Conditions(delay_s=0.1, dead=True)
    way.put(b"into it", 0.05)
    assert way.due(1.0) == []
    way.conditions = Conditions(delay_s=0.1)
    way.put(b"after it", 2.0)
    assert way.due(3.0) == [b"after it"]
    assert (way.counts.came, way.counts.passed, way.counts.died) == (3, 1, 2)


# ---- between two namespaces

WHY_NOT = why_not()
real = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "there can be a link")


@pytest.fixture(scope="module")
def link() -> Iterator[BadLink]:
    with BadLink() as made:
        yield made


class Echo:
    """Datagrams from one end to the other and back."""

    def __init__(self, link: BadLink) -> None:
        self.near, self.far = (link.socket(end, socket.SOCK_DGRAM) for end in (HERE, THERE))
        self.far.bind((ADDRESSES[THERE], 0))
        for each in (self.near, self.far):
            each.settimeout(WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.near.close()
        self.far.close()

    def there(self) -> None:
        self.near.sendto(PACKET, self.far.getsockname())

    def took_ms(self) -> float:
        """One datagram there and back."""
        began = time.monotonic()
        self.there()
        _, sender = self.far.recvfrom(2000)
        self.far.sendto(PACKET, sender)
        self.near.recvfrom(2000)
        return (time.monotonic() - began) * 1000


class Connection:
    """TCP from one end to the other."""

    def __init__(self, link: BadLink) -> None:
        door = link.socket(THERE, socket.SOCK_STREAM)
        self.near = link.socket(HERE, socket.SOCK_STREAM)
        door.bind((ADDRESSES[THERE], 0))
        door.listen()
        self.near.settimeout(WAIT_S)
        self.near.connect(door.getsockname())
        self.far, _ = door.accept()
        self.far.settimeout(WAIT_S)
        door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.near.close()
        self.far.close()


@real
def test_the_way_there_and_back_takes_both_delays(link: BadLink) -> None:
    link.change(Conditions(delay_s=0.03), Conditions(delay_s=0.07))
    with Echo(link) as echo:
        took = [echo.took_ms() for _ in range(10)]
    assert 100 <= min(took) < 150  # this computer may be busy


@real
def test_what_was_sent_came_or_was_lost(link: BadLink) -> None:
    link.change(Conditions(loss=0.2), Conditions())
    before, _ = link.counts()
    with Echo(link) as echo:
        for _ in range(SENT):
            echo.near.sendto(b"one", echo.far.getsockname())
        while link.counts()[0].came - before.came < SENT:  # the others have a fate already
            continue
        after, _ = link.counts()
        link.change(Conditions())
        echo.near.sendto(b"end", echo.far.getsockname())
        came = sum(1 for _ in iter(lambda: echo.far.recv(100), b"end"))
    lost = after.lost - before.lost
    assert came == SENT - lost
    assert 20 <= lost <= 60


@real
def test_a_connection_keeps_to_the_rate_and_uses_cubic(link: BadLink) -> None:
    rate, size = 200_000, 300_000
    link.change(Conditions(delay_s=0.01, bytes_per_s=rate, queue_bytes=30_000), Conditions(delay_s=0.01))
    with Connection(link) as it:
        assert (control_of(it.near), control_of(it.far)) == (CONTROL, CONTROL)
        it.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size * 2)
        began, came = time.monotonic(), 0
        it.near.sendall(bytes(size))
        while came < size:
            came += len(it.far.recv(65_536))
        took_s = time.monotonic() - began
    there, _ = link.counts()
    assert took_s >= 0.9 * size / rate
    assert took_s < 4 * size / rate
    assert there.most_queued <= 30_000


@real
def test_what_a_dead_link_swallowed_is_sent_again_soon(link: BadLink) -> None:
    """The kernel would wait from 3.0 to 6.2 s after the first byte; only Linux 6.15 and later can be told."""
    good = Conditions(delay_s=0.005)
    link.change(good)
    with Connection(link) as it:
        make_prompt(it.near, 16_384)
        if it.near.getsockopt(socket.IPPROTO_TCP, _LINUX_RTO_MAX_MS) != RESEND_MS:
            pytest.skip("this kernel cannot be told to send again sooner")
        link.change(Conditions(dead=True))
        it.near.send(b"x")
        it.far.settimeout(3.8)
        with pytest.raises(TimeoutError):
            it.far.recv(1)
        back = link.change(good)
        it.far.settimeout(WAIT_S)
        assert it.far.recv(1) == b"x"
        assert time.monotonic() - back < 1.5


@real
def test_nothing_passes_while_it_is_dead(link: BadLink) -> None:
    link.change(Conditions(dead=True))
    _, before = link.counts()
    with Echo(link) as echo:
        echo.there()
        echo.far.settimeout(0.3)
        with pytest.raises(TimeoutError):
            echo.far.recv(2000)
        link.change(Conditions())
        echo.far.settimeout(WAIT_S)
        assert echo.took_ms() > 0
    _, after = link.counts()
    assert after.passed > before.passed
