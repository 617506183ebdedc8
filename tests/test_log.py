"""The log: one order for all readers, each with its own bound, losses and end, none in the way of another."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli import events
from voicecli.events import WEIGHTS, weight
from voicecli.talk.inboxes import EVENTS
from voicecli.threads.channel import ChannelClosed
from voicecli.threads.log import Log, Reader
from voicecli.waiting.buffers import Buffer

PATIENCE_S = 10.0

NUMBERS = Buffer("n", "facts", 1024, "drop_lightest", "a test")


def numbers(weights: int = 10) -> Log[int]:
    """A log of numbers, whose last digit is their weight."""
    return Log(NUMBERS, weights, lambda number: number % 10)


def drained(reader: Reader[int]) -> list[int]:
    return [reader.get(0) for _ in range(reader.stats().fill)]


def test_each_reader_gets_every_fact_in_order() -> None:
    log = numbers()
    one, other = log.reader("one"), log.reader("other")
    for number in (10, 9, 33, 2):
        log.put(number)
    assert drained(one) == drained(other) == [10, 9, 33, 2]
    assert [(each.name, each.fill, each.peak, each.drops) for each in log.stats()] == [
        ("n: one", 0, 4, 0),
        ("n: other", 0, 4, 0),
    ]


def test_a_slow_reader_loses_and_counts_and_a_fast_one_does_not_notice() -> None:
    log = numbers()
    slow, fast = log.reader("slow", 3), log.reader("fast", 3)
    read = []
    for number in range(10, 110, 10):
        log.put(number)
        read.append(fast.get(0))
    assert read == list(range(10, 110, 10))
    assert drained(slow) == [80, 90, 100]
    assert [(each.peak, each.drops) for each in log.stats()] == [(3, 7), (1, 0)]
    assert log.lost == 7
    assert (slow.newly_lost(), slow.newly_lost(), fast.newly_lost()) == (7, 0, 0)


def test_the_lightest_is_lost_first_be_it_the_newest() -> None:
    log = numbers()
    reader = log.reader("r", 3)
    for number in (12, 10, 22, 20, 32, 42):
        log.put(number)
    assert drained(reader) == [22, 32, 42]
    for number in (52, 62, 72, 30):
        log.put(number)
    assert drained(reader) == [52, 62, 72]


def test_a_reader_of_events_loses_partial_words_and_keeps_what_came_of_the_turn() -> None:
    log: Log[events.Event] = Log(EVENTS, WEIGHTS, weight)
    reader = log.reader("r", 5)
    kept: list[events.Event] = [
        events.Heard(1.0, 1, "so it is", "en", 0.9),
        events.Interrupted(1.0, 1, "it"),
        events.TurnDone(1.0, 1, ""),
        events.Warned(1.0, "found", "remedy"),
        events.Failed(1.0, "found", "remedy", 1),
    ]
    for event in kept:
        log.put(event)
    for at in range(50):
        log.put(events.Partial(2.0 + at, 2, "so"))
        log.put(events.Speaking(2.0 + at, 1, at, "it is"))
    assert [reader.get(0) for _ in kept] == kept
    assert reader.newly_lost() == 100


def test_a_reader_gets_what_it_wants_and_the_rest_takes_no_room() -> None:
    log = numbers()
    reader = log.reader("even", 2, wants=lambda number: number % 2 == 0)
    for number in (2, 3, 5, 7, 4):
        log.put(number)
    assert drained(reader) == [2, 4]
    assert reader.stats().drops == 0


def test_a_reader_that_leaves_disturbs_nobody_and_its_losses_stay_counted() -> None:
    log = numbers()
    gone, other = log.reader("gone", 1), log.reader("other")
    log.put(1)
    log.put(2)
    gone.leave()
    gone.leave()
    log.put(3)
    with pytest.raises(ChannelClosed):
        gone.get()
    assert drained(other) == [1, 2, 3]
    assert [each.name for each in log.stats()] == ["n: other"]
    assert log.lost == 1


def test_a_reader_that_comes_late_sees_what_follows() -> None:
    log = numbers()
    log.put(1)
    reader = log.reader("late")
    log.put(2)
    assert drained(reader) == [2]
    log.close()
    with pytest.raises(ChannelClosed):
        log.reader("too late").get()


def test_a_reader_with_a_timeout_gives_up() -> None:
    with pytest.raises(TimeoutError, match="patient"):
        numbers().reader("patient").get(0)


def test_a_closed_log_takes_no_more_and_readers_drain_it() -> None:
    log = numbers()
    reader = log.reader("r")
    log.put(1)
    log.close()
    log.close()
    with pytest.raises(ChannelClosed):
        log.put(2)
    assert reader.get() == 1
    with pytest.raises(ChannelClosed):
        reader.get()


@pytest.mark.parametrize("end", ["close", "leave"])
def test_an_end_wakes_who_waits(end: str) -> None:
    for _ in range(20):  # nobody can see whether a thread waits already; in most of these it does
        log = numbers()
        readers = [log.reader("one"), log.reader("other")]
        began = [threading.Event(), threading.Event()]
        ended = [threading.Event(), threading.Event()]

        def read(reader: Reader[int], began: threading.Event, ended: threading.Event) -> None:
            reader.get()
            began.set()
            with pytest.raises(ChannelClosed):
                reader.get()
            ended.set()

        for each in zip(readers, began, ended, strict=True):
            threading.Thread(target=read, args=each, daemon=True).start()
        log.put(1)
        assert all(each.wait(PATIENCE_S) for each in began)
        for reader in readers if end == "leave" else ():
            reader.leave()
        if end == "close":
            log.close()
        assert all(each.wait(PATIENCE_S) for each in ended)


def test_many_writers_and_readers_see_one_order() -> None:
    log: Log[tuple[int, int]] = Log(Buffer("n", "facts", 1024, "drop_oldest", "a test"))
    readers = [log.reader(str(number), 2000) for number in range(3)]
    got: list[list[tuple[int, int]]] = [[], [], []]

    def write(writer: int) -> None:
        for item in range(500):
            log.put((writer, item))

    def read(reader: Reader[tuple[int, int]], into: list[tuple[int, int]]) -> None:
        try:
            while True:
                into.append(reader.get(PATIENCE_S))
        except ChannelClosed:
            pass

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    reading = [threading.Thread(target=read, args=each) for each in zip(readers, got, strict=True)]
    for thread in (*reading, *writers):
        thread.start()
    for thread in writers:
        thread.join(PATIENCE_S)
    log.close()
    for thread in reading:
        thread.join(PATIENCE_S)
    assert got[0] == got[1] == got[2]
    assert sorted(got[0]) == [(writer, item) for writer in range(3) for item in range(500)]


@given(st.integers(1, 4), st.lists(st.none() | st.integers(0, 2)))
def test_a_reader_is_a_list_that_loses_its_lightest(capacity: int, steps: list[int | None]) -> None:
    """None reads, a number is the weight of the next fact."""
    log: Log[tuple[int, int]] = Log(NUMBERS, 3, lambda fact: fact[1])
    reader = log.reader("r", capacity)
    model: list[tuple[int, int]] = []
    lost = 0
    for number, step in enumerate(steps):
        if step is not None:
            log.put((number, step))
            model.append((number, step))
            if len(model) > capacity:
                model.remove(min(model, key=lambda fact: (fact[1], fact[0])))
                lost += 1
        elif model:
            assert reader.get(0) == model.pop(0)
        stats = reader.stats()
        assert (stats.fill, stats.drops) == (len(model), lost)


def test_a_reader_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        numbers().reader("r", 0)
