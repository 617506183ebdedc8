"""Simulated devices on a clock that the test moves: pace, times, tape, and how they end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.devices.simulated import ROOM_NOISE, SIMULATED_LATENCY_S, RecordedUser, SimulatedStreams
from voicecli.errors import DeviceError
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Int16

RATE_HZ = 16_000
BLOCK = 320
BLOCK_S = 0.02
START_AT = 100.0
PATIENCE_S = 10.0


class Counting:
    """A user whose samples count."""

    def __init__(self) -> None:
        self.said = 0

    def speak(self, count: int) -> Int16:
        self.said += count
        return np.arange(self.said - count, self.said).astype(np.int16)


class Owner:
    """The two callbacks: plays a count too, and stops after some blocks."""

    def __init__(self, clock: FakeClock, blocks: int, slow_s: float = 0.0) -> None:
        self._clock, self._blocks, self._slow_s = clock, blocks, slow_s
        self.heard: list[Int16] = []
        self.heard_at: list[float] = []
        self.sounds_at: list[float] = []
        self.called_at: list[float] = []
        self.tape: list[tuple[Int16, Int16]] = []
        self.ended = threading.Event()
        self.streams = SimulatedStreams(Counting(), RATE_HZ, 20, clock, self.on_tape)

    def on_input(self, samples: Int16, at: float, lost: bool) -> None:
        assert not lost
        self.called_at.append(self._clock.now())
        self.heard.append(samples.copy())
        self.heard_at.append(at)

    def on_output(self, block: Int16, at: float, ran_dry: bool) -> None:
        assert not ran_dry
        block[:] = 7 * len(self.heard)
        self.sounds_at.append(at)
        self._clock.advance(self._slow_s if len(self.heard) == 3 else 0.0)

    def on_tape(self, spoken: Int16, played: Int16) -> None:
        self.tape.append((spoken, played))
        if len(self.tape) >= self._blocks:
            self.streams._stop.set()  # what `close` does, but without waiting for this very thread
            self.ended.set()

    def run(self) -> None:
        self.streams.start(self.on_input, self.on_output)
        assert self.ended.wait(PATIENCE_S)
        self.streams.close()


def test_a_block_comes_every_block_and_says_when_its_first_sample_met_the_air() -> None:
    owner = Owner(FakeClock(START_AT), 50)
    owner.run()
    steps = np.arange(50) * BLOCK_S
    np.testing.assert_allclose(owner.called_at, START_AT + steps)
    np.testing.assert_allclose(owner.heard_at, START_AT + steps - BLOCK_S)  # complete when it ends
    np.testing.assert_allclose(owner.sounds_at, START_AT + steps + SIMULATED_LATENCY_S)
    heard = np.concatenate(owner.heard)
    assert heard.shape == (50 * BLOCK, 1)
    np.testing.assert_array_equal(heard[:, 0], np.arange(50 * BLOCK))


def test_the_tape_has_what_was_heard_and_what_was_played() -> None:
    owner = Owner(FakeClock(START_AT), 5)
    owner.run()
    for number, (spoken, played) in enumerate(owner.tape, 1):
        np.testing.assert_array_equal(spoken, owner.heard[number - 1][:, 0])
        np.testing.assert_array_equal(played, np.full(BLOCK, 7 * number))


def test_where_the_computer_was_too_slow_blocks_are_late_but_none_is_lost() -> None:
    owner = Owner(FakeClock(START_AT), 20, slow_s=0.1)
    owner.run()
    steps = np.arange(20) * BLOCK_S
    np.testing.assert_allclose(owner.heard_at, START_AT + steps - BLOCK_S)  # their times are as ever
    late = owner.called_at - (START_AT + steps)
    np.testing.assert_allclose(late[:3], 0.0, atol=1e-9)
    assert late[3] == pytest.approx(0.08)
    np.testing.assert_allclose(late[7:], 0.0, atol=1e-9)  # caught up


def test_a_failure_ends_the_streams_is_told_and_raised_once() -> None:
    class Broken(Counting):
        def speak(self, count: int) -> Int16:
            raise OSError("gone")

    streams = SimulatedStreams(Broken(), RATE_HZ, 20, FakeClock())
    assert streams.poll() == []
    streams.start(lambda *_: None, lambda *_: None)
    assert streams._thread is not None
    streams._thread.join(PATIENCE_S)
    with pytest.raises(DeviceError, match="simulated microphone"):
        streams.poll()
    with pytest.raises(OSError, match="gone"):
        streams.close()
    streams.close()


def test_closing_ends_the_thread_whether_it_runs_or_never_did() -> None:
    streams = SimulatedStreams(Counting(), RATE_HZ, 20, FakeClock())
    streams.close()
    streams = SimulatedStreams(Counting(), RATE_HZ, 20, FakeClock())
    called = threading.Event()
    streams.start(lambda *_: called.set(), lambda *_: None)
    assert called.wait(PATIENCE_S)
    assert streams.poll() == []
    assert streams.close()
    assert streams._thread is not None
    assert not streams._thread.is_alive()
    assert streams.poll() == []  # it was asked to
    streams.close()


@pytest.mark.parametrize("sizes", [[1000], [1, 2, 997], [320, 320, 360], [0, 1000, 0]])
@pytest.mark.parametrize("count", [1, 100, 320, 1500])
def test_a_recording_is_said_whole_in_a_quiet_room(sizes: list[int], count: int) -> None:
    user = RecordedUser()
    said = np.random.default_rng(0).integers(-30_000, 30_000, sum(sizes), np.int16)
    user.say(iter(np.split(said, np.cumsum(sizes)[:-1])))
    heard = []
    while not user.finished:
        heard.append(user.speak(count))
        assert heard[-1].shape == (count,)
    heard.append(user.speak(count))
    all_heard = np.concatenate(heard).astype(int)
    assert np.abs(all_heard[: said.size] - said).max() <= ROOM_NOISE
    assert np.abs(all_heard[said.size :]).max() <= ROOM_NOISE


def test_speech_at_full_scale_does_not_wrap_in_the_noise() -> None:
    user = RecordedUser()
    user.say(iter([np.array([32767, -32768] * 2000, np.int16)]))
    heard = user.speak(4000).reshape(-1, 2)
    assert heard[:, 0].min() > 32_000
    assert heard[:, 1].max() < -32_000


def test_a_user_with_nothing_to_say_is_finished_and_quiet_but_not_digitally_silent() -> None:
    user = RecordedUser()
    assert user.finished
    heard = user.speak(3000)
    assert heard.dtype == np.int16
    assert 0 < np.abs(heard).max() <= ROOM_NOISE


def test_a_recording_is_read_as_it_is_said() -> None:
    read = 0

    def blocks() -> Iterator[Int16]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield np.ones(1000, np.int16)

    user = RecordedUser()
    user.say(blocks())
    for _ in range(10):
        user.speak(320)
    assert read <= 5


def test_the_next_recording_follows_the_first() -> None:
    user = RecordedUser()
    for level in (1000, 2000):
        user.say(iter([np.full(500, level, np.int16)]))
        heard = np.concatenate([user.speak(300) for _ in range(3)])
        assert user.finished
        np.testing.assert_allclose(heard[:500], level, atol=ROOM_NOISE)
        np.testing.assert_allclose(heard[500:], 0, atol=ROOM_NOISE)
