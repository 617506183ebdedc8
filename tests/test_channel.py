"""The channel: its bound, its two policies, its end, its counts; and between threads nothing is lost."""

from __future__ import annotations

import threading
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.threads.channel import Channel, ChannelClosed
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.waiting.buffers import Policy

PATIENCE_S = 10.0


class Waiting:
    """A call on a thread of its own, which `began` to wait for room or for an item."""

    def __init__(self, channel: Channel[int], call: Callable[[], object]) -> None:
        self.began = threading.Event()
        self.outcome: object = None
        wait_for = channel._changed.wait_for

        def told(predicate: Callable[[], bool], timeout: float | None = None) -> bool:
            self.began.set()  # the lock is held: nobody can act before it is given up by waiting
            return wait_for(predicate, timeout)

        def run() -> None:
            try:
                self.outcome = call()
            except ChannelClosed as closed:
                self.outcome = closed

        channel._changed.wait_for = told  # type: ignore[method-assign, assignment]
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert self.began.wait(PATIENCE_S)

    def end(self) -> object:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.outcome


def drained(channel: Channel[int]) -> list[int]:
    items = []
    while channel.stats().fill:
        items.append(channel.get())
    return items


@pytest.mark.parametrize("policy", ["block", "drop_oldest"])
def test_first_in_is_first_out(policy: Policy) -> None:
    channel: Channel[int] = Channel(Buffer("c", "items", 5, policy, "a test"))
    for item in range(5):
        channel.put(item)
    assert drained(channel) == [0, 1, 2, 3, 4]
    stats = channel.stats()
    assert (stats.name, stats.capacity, channel.policy) == ("c", 5, policy)
    assert (stats.fill, stats.peak, stats.waits, stats.drops) == (0, 5, 0, 0)


def test_a_full_channel_that_drops_loses_the_oldest_and_counts_it() -> None:
    channel: Channel[int] = Channel(Buffer("c", "items", 2, "drop_oldest", "a test"))
    for item in range(5):
        channel.put(item)
    assert (channel.stats().fill, channel.stats().drops, channel.stats().waits) == (2, 3, 0)
    assert drained(channel) == [3, 4]


def test_a_full_channel_that_waits_lets_the_writer_on_when_there_is_room() -> None:
    channel: Channel[int] = Channel(Buffer("c", "items", 1, "block", "a test"))
    channel.put(1)
    writer = Waiting(channel, lambda: channel.put(2))
    assert channel.stats().fill == 1
    assert channel.get() == 1
    writer.end()
    assert channel.get() == 2
    assert (channel.stats().waits, channel.stats().drops, channel.stats().peak) == (1, 0, 1)


def test_a_reader_waits_for_an_item() -> None:
    channel: Channel[int] = Channel(Buffer("c", "items", 1, "block", "a test"))
    reader = Waiting(channel, channel.get)
    channel.put(7)
    assert reader.end() == 7


def test_a_reader_with_a_timeout_gives_up_and_an_item_that_is_there_needs_none() -> None:
    channel: Channel[int] = Channel(Buffer("heard", "items", 1, "block", "a test"))
    with pytest.raises(TimeoutError, match="heard"):
        channel.get(0)
    channel.put(1)
    assert channel.get(0) == 1


def test_a_closed_channel_takes_no_more_and_gives_what_is_left() -> None:
    channel: Channel[int] = Channel(Buffer("c", "items", 3, "block", "a test"))
    channel.put(1)
    channel.put(2)
    channel.close()
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.put(3)
    assert [channel.get(), channel.get(0)] == [1, 2]
    for timeout_s in (None, 0, 1):
        with pytest.raises(ChannelClosed):
            channel.get(timeout_s)


@pytest.mark.parametrize("policy", ["block", "drop_oldest"])
def test_a_full_closed_channel_neither_waits_nor_drops(policy: Policy) -> None:
    channel: Channel[int] = Channel(Buffer("c", "items", 1, policy, "a test"))
    channel.put(1)
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.put(2)
    assert channel.get() == 1
    assert (channel.stats().waits, channel.stats().drops) == (0, 0)


def test_closing_wakes_a_reader_and_a_writer() -> None:
    empty: Channel[int] = Channel(Buffer("c", "items", 1, "block", "a test"))
    reader = Waiting(empty, empty.get)
    empty.close()
    assert isinstance(reader.end(), ChannelClosed)
    full: Channel[int] = Channel(Buffer("c", "items", 1, "block", "a test"))
    full.put(1)
    writer = Waiting(full, lambda: full.put(2))
    full.close()
    assert isinstance(writer.end(), ChannelClosed)
    assert drained(full) == [1]


def test_an_end_travels_down_a_chain_after_the_data() -> None:
    first: Channel[int] = Channel(Buffer("first", "items", 2, "block", "a test"))
    second: Channel[int] = Channel(Buffer("second", "items", 2, "block", "a test"))

    def double() -> None:
        try:
            while True:
                second.put(2 * first.get())
        except ChannelClosed:
            second.close()

    thread = threading.Thread(target=double)
    thread.start()

    def feed() -> None:
        for item in range(100):
            first.put(item)
        first.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert [second.get(PATIENCE_S) for _ in range(100)] == [2 * item for item in range(100)]
    with pytest.raises(ChannelClosed):
        second.get(PATIENCE_S)
    for ended in (thread, feeder):
        ended.join(PATIENCE_S)
        assert not ended.is_alive()
    assert first.stats().peak <= 2


def test_many_writers_and_readers_lose_nothing() -> None:
    channel: Channel[tuple[int, int]] = Channel(Buffer("c", "items", 3, "block", "a test"))
    got: list[list[tuple[int, int]]] = [[], [], []]

    def write(writer: int) -> None:
        for item in range(500):
            channel.put((writer, item))

    def read(into: list[tuple[int, int]]) -> None:
        try:
            while True:
                into.append(channel.get(PATIENCE_S))
        except ChannelClosed:
            pass

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    readers = [threading.Thread(target=read, args=(into,)) for into in got]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join(PATIENCE_S)
    channel.close()
    for thread in readers:
        thread.join(PATIENCE_S)
    assert sorted(chain.from_iterable(got)) == [(writer, item) for writer in range(3) for item in range(500)]
    for into in got:  # each reader sees each writer's items in order
        assert all(
            [item for number, item in into if number == writer]
            == sorted(item for number, item in into if number == writer)
            for writer in range(3)
        )
    assert channel.stats().peak <= 3


@given(st.integers(1, 5), st.lists(st.none() | st.integers()))
def test_a_channel_that_drops_is_the_newest_of_a_list(capacity: int, steps: list[int | None]) -> None:
    """None reads, a number is written."""
    channel: Channel[int] = Channel(Buffer("c", "items", capacity, "drop_oldest", "a test"))
    model: list[int] = []
    drops = peak = 0
    for step in steps:
        if step is not None:
            channel.put(step)
            drops += len(model) >= capacity
            model = [*model, step][-capacity:]
            peak = max(peak, len(model))
        elif model:
            assert channel.get(0) == model.pop(0)
        stats = channel.stats()
        assert (stats.fill, stats.drops, stats.peak) == (len(model), drops, peak)


def test_a_channel_for_nothing_is_refused() -> None:
    for capacity, policy in ((0, "block"), (0.5, "block"), (1, "wait"), (1, "drop_lightest")):
        with pytest.raises(ValueError, match=r"\bc\b|at least one"):
            Channel(Buffer("c", "items", capacity, policy, "a test"))  # type: ignore[arg-type]


def test_a_full_channel_that_refuses_keeps_what_is_inside() -> None:
    channel: Channel[int] = Channel(Buffer("c", "items", 2, "drop_newest", "a test"))
    for item in range(5):
        channel.put(item)
    assert (channel.stats().fill, channel.stats().drops, channel.stats().waits) == (2, 3, 0)
    assert drained(channel) == [0, 1]
