"""A worker's end: ordinary or by failure, `on_end` runs and the failure is kept; and one that never began."""

from __future__ import annotations

import threading

import pytest

from voicecli.threads.channel import Channel, ChannelClosed
from voicecli.threads.worker import Worker
from voicecli.waiting.buffers import Buffer

PATIENCE_S = 10.0


class Watch:
    """An `on_end` that can be waited for."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def __call__(self) -> None:
        self.ended.set()


def test_a_body_that_returns_has_ended_well() -> None:
    done, on_end = [], Watch()
    worker = Worker("w", lambda: done.append(threading.current_thread()), on_end)
    worker.start()
    assert worker.join(PATIENCE_S)
    assert on_end.ended.is_set()
    assert not worker.alive
    assert worker.failure is None
    assert done[0].name == "w"
    assert done[0].daemon  # a model that hangs must not keep the process alive


@pytest.mark.parametrize("error", [ValueError("broken"), MemoryError(), KeyboardInterrupt(), SystemExit(3)])
def test_a_failure_is_kept_for_whoever_joins(error: BaseException) -> None:
    on_end = Watch()

    def body() -> None:
        raise error

    worker = Worker("w", body, on_end)
    worker.start()
    assert worker.join(PATIENCE_S)
    assert worker.failure is error
    assert on_end.ended.is_set()


def test_a_closed_channel_is_the_ordinary_end() -> None:
    first: Channel[int] = Channel(Buffer("first", "items", 1, "block", "a test"))
    second: Channel[int] = Channel(Buffer("second", "items", 1, "block", "a test"))
    worker = Worker("w", lambda: second.put(first.get()), second.close)
    worker.start()
    first.close()
    with pytest.raises(ChannelClosed):
        second.get(PATIENCE_S)
    assert worker.join(PATIENCE_S)
    assert worker.failure is None


def test_joining_one_that_works_on_says_so() -> None:
    may_end, on_end = threading.Event(), Watch()

    def body() -> None:
        may_end.wait(PATIENCE_S)

    worker = Worker("w", body, on_end)
    worker.start()
    assert worker.alive
    assert not worker.join(0)
    assert not on_end.ended.is_set()
    may_end.set()
    assert worker.join(PATIENCE_S)


def test_one_that_was_never_started_has_ended() -> None:
    """A talk whose device cannot be opened is closed before its workers began."""
    worker = Worker("w", lambda: None, lambda: None)
    assert worker.join(PATIENCE_S)
    assert not worker.alive
