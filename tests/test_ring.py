"""The ring against a plain list, and between two real threads: what is lost is counted, nothing is torn."""

from __future__ import annotations

import threading
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from voicecli.audio.ring import Ring

if TYPE_CHECKING:
    from voicecli.messages import Float32, Int16


def numbered(begin: int, count: int, channels: int = 1) -> Int16:
    """Frames that carry their own position, modulo 2**15."""
    column = (np.arange(begin, begin + count) % 2**15).astype(np.int16)
    return np.repeat(column[:, np.newaxis], channels, axis=1)


def test_an_empty_ring_gives_nothing() -> None:
    position, frames = Ring(8, 2).read(5)
    assert (position, frames.shape) == (0, (0, 2))
    assert frames.dtype == np.int16


def test_what_was_written_is_read_in_order_across_the_wrap() -> None:
    ring, read = Ring(8, 2), []
    for begin in range(0, 60, 5):
        ring.write(numbered(begin, 5, 2))
        position, frames = ring.read(100)
        assert position == begin
        read.append(frames)
    np.testing.assert_array_equal(np.concatenate(read), numbered(0, 60, 2))
    assert ring.lost == 0
    assert ring.peak == 5


def test_a_full_ring_drops_the_oldest_and_counts_it() -> None:
    ring = Ring(8, 1)
    ring.write(numbered(0, 8))
    ring.write(numbered(8, 3))
    assert ring.waiting == 8
    position, frames = ring.read(100)
    assert position == 3
    np.testing.assert_array_equal(frames, numbered(3, 8))
    assert (ring.lost, ring.written, ring.waiting, ring.peak) == (3, 11, 0, 8)


def test_of_a_block_longer_than_the_ring_the_newest_stay() -> None:
    ring = Ring(8, 1)
    ring.write(numbered(0, 3))
    ring.write(numbered(3, 21))
    position, frames = ring.read(100)
    assert position == 16
    np.testing.assert_array_equal(frames, numbered(16, 8))
    assert ring.lost == 16


def test_what_was_read_is_a_copy() -> None:
    ring = Ring(4, 1)
    ring.write(numbered(0, 4))
    _, frames = ring.read(4)
    ring.write(numbered(100, 4))
    np.testing.assert_array_equal(frames, numbered(0, 4))


class Overtaken(Ring):
    """Its writer goes on while the reader copies."""

    def __init__(self, capacity: int, held: int, meanwhile: int) -> None:
        super().__init__(capacity, 1)
        self.write(numbered(0, held))
        self._meanwhile = numbered(held, meanwhile)

    def copy(self, position: int, out: Int16 | Float32) -> int:
        meanwhile, self._meanwhile = self._meanwhile, numbered(0, 0)
        self.write(meanwhile)
        return super().copy(position, out)


def test_a_reader_overtaken_while_it_copies_gives_only_what_is_whole() -> None:
    ring = Overtaken(8, held=6, meanwhile=5)  # comes round over the three oldest
    position, frames = ring.read(100)
    assert position == 3
    np.testing.assert_array_equal(frames, numbered(3, 3))
    assert ring.lost == 3
    assert ring.read(100)[0] == 6


def test_a_reader_lapped_while_it_copies_loses_all_of_it_once() -> None:
    ring = Overtaken(8, held=4, meanwhile=30)
    assert len(ring.read(100)[1]) == 0
    assert ring.lost == 4
    assert ring.read(100)[0] == 26
    assert ring.lost == 26


@pytest.mark.parametrize(("position", "lost"), [(12, 0), (7, 0), (5, 2), (0, 5)])
def test_frames_are_copied_from_any_position_and_those_overwritten_are_counted(
    position: int, lost: int
) -> None:
    ring = Ring(8)
    ring.write(numbered(0, 15)[:, 0])
    for out in (np.full(3, -7, np.int16), np.full(5, -7, np.int16), np.full(3, -7, np.float32)):
        whole = min(lost, len(out))
        if position + len(out) <= ring.written:
            assert ring.copy(position, out) == whole
            np.testing.assert_array_equal(out[whole:], numbered(position + whole, len(out) - whole)[:, 0])
    assert (ring.waiting, ring.lost) == (8, 0), "what `read` gives is as it was"


def test_a_copy_takes_nothing_from_the_heap_that_grows_with_it() -> None:
    """It runs on the audio thread, and so does `write`: views of a few bytes, no array."""
    ring, block = Ring(48_000), np.zeros(24_000, np.int16)
    ring.write(block)
    tracemalloc.start()
    try:
        for _ in range(4):
            ring.write(block)
            ring.copy(ring.written - len(block), block)
        assert tracemalloc.get_traced_memory()[1] < 2_000
    finally:
        tracemalloc.stop()


def test_samples_being_written_are_claimed_before_they_are_touched() -> None:
    """What the reader relies on to see that its copy may be torn."""
    ring = Ring(8, 1)
    claimed: list[tuple[int, int]] = []

    class Watched:
        def __setitem__(self, key: slice, value: Int16) -> None:
            claimed.append((ring._claimed, ring.written))

    ring._frames = Watched()  # type: ignore[assignment]  # all that `write` does with it
    ring.write(numbered(0, 5))
    assert set(claimed) == {(5, 0)}
    assert ring.written == 5


def test_between_two_threads_nothing_is_lost_uncounted_torn_or_out_of_order() -> None:
    """A small ring, so that the writer laps the reader again and again."""
    ring, total = Ring(4096, 2), 4_000_000
    ended = threading.Event()

    def write() -> None:
        begin, sizes = 0, np.random.default_rng(1).integers(1, 2000, 100_000)
        for size in sizes:
            if begin >= total:
                break
            ring.write(numbered(begin, int(size), 2))
            begin += int(size)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    read, expected = 0, 0
    while True:
        last = ended.is_set()
        lost_before = ring.lost
        position, frames = ring.read(1000)
        assert position - expected == ring.lost - lost_before  # what is missing is counted, at once
        np.testing.assert_array_equal(frames, numbered(position, len(frames), 2))
        read += len(frames)
        expected = position + len(frames)
        if last and not len(frames):
            break
    writer.join()
    assert read + ring.lost == ring.written >= total
    assert read > 0


class RingAgainstAList(RuleBasedStateMachine):
    """The model is a list of all frames ever written and the index of the next to read."""

    @initialize(capacity=st.integers(1, 20), channels=st.integers(1, 3))
    def make(self, capacity: int, channels: int) -> None:
        self.ring, self.channels = Ring(capacity, channels), channels
        self.written = self.read_to = self.lost = 0

    @rule(count=st.integers(0, 50))
    def write(self, count: int) -> None:
        self.ring.write(numbered(self.written, count, self.channels))
        self.written += count

    @rule(most=st.integers(0, 50))
    def read(self, most: int) -> None:
        oldest = max(self.read_to, self.written - self.ring.capacity)
        self.lost += oldest - self.read_to
        count = min(most, self.written - oldest)
        position, frames = self.ring.read(most)
        assert position == oldest
        np.testing.assert_array_equal(frames, numbered(oldest, count, self.channels))
        self.read_to = oldest + count

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "ring"):
            return
        assert self.ring.lost == self.lost
        assert self.ring.written == self.written
        assert self.ring.waiting == min(self.ring.capacity, self.written - self.read_to)


TestRingAgainstAList = RingAgainstAList.TestCase
TestRingAgainstAList.settings = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(("capacity", "channels"), [(0, 1), (1, 0), (-1, 2)])
def test_a_ring_of_nothing_is_refused(capacity: int, channels: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ring(capacity, channels)
