"""Replies from a network, played in virtual time: in order, whole, and silent at once."""

from __future__ import annotations

import numpy as np
import pytest

from voicecli.audio.streams import StreamFormat
from voicecli.config import PlaybackConfig
from voicecli.satellite.player import STILL_S, WAITING, Player
from voicecli.satellite.protocol.sound_blocks import WIRE_HZ, ReplyBlock

BLOCK_S = 0.02


class Room:
    """A player on a loudspeaker that takes a block every 20 ms."""

    def __init__(self, rate_hz: int = WIRE_HZ, latency_s: float = 0.0) -> None:
        self.rate_hz, self.latency_s = rate_hz, latency_s
        self.player = Player(StreamFormat("l", rate_hz, 1, 0.04), PlaybackConfig())
        self.now = 100.0
        self.tape: list[np.ndarray] = []

    def run(self, seconds: float) -> np.ndarray:
        begin = len(self.tape)
        for _ in range(round(seconds / BLOCK_S)):
            block = np.zeros(round(BLOCK_S * self.rate_hz), np.int16)
            self.player.pull(block, self.now + self.latency_s, False)
            self.tape.append(block)
            self.now += BLOCK_S
            self.player.look(self.now)
        return np.concatenate(self.tape[begin:])

    def send(
        self, reply: int, start_ms: int, seconds: float = BLOCK_S, value: int = 1000, *, fades: bool = False
    ) -> None:
        samples = np.full(round(seconds * WIRE_HZ), value, np.int16)
        self.player.take(ReplyBlock(reply, start_ms, samples, fades), self.now)


def heard(sound: np.ndarray, value: int) -> int:
    """Samples of this value."""
    return int(np.count_nonzero(np.abs(sound.astype(int) - value) <= 2))


def test_a_reply_is_played_whole() -> None:
    room = Room()
    for at in range(10):
        room.send(1, at * 20)
    sound = room.run(0.8)
    assert WIRE_HZ * 0.18 < heard(sound, 1000) <= WIRE_HZ * 0.2
    assert room.player.gaps == 0
    assert room.player.over


def test_a_reply_shorter_than_the_buffer_s_target_is_played() -> None:
    room = Room()
    room.send(1, 0, 0.06)
    assert not room.run(STILL_S - 0.04).any()
    assert room.run(0.3).any()


def test_a_reply_that_is_told_to_be_whole_begins_at_once() -> None:
    room = Room()
    room.send(1, 0, 0.06)
    room.player.whole(room.now)
    assert room.run(0.1).any()


def test_clear_silences_within_a_block_with_a_fade() -> None:
    room = Room()
    for at in range(25):
        room.send(1, at * 20)
    room.run(0.1)
    room.player.clear(1, room.now)
    after = room.run(0.1)
    assert after[: WIRE_HZ // 100].any()
    steps = np.abs(np.diff(after.astype(int)))
    assert steps.max() < 100, "no click"
    assert not after[round(0.01 * WIRE_HZ) :].any()
    room.send(1, 500)  # what was on its way
    assert not room.run(0.5).any()
    assert room.player.over


def test_a_fade_holds_at_once_and_what_is_buffered_goes_on_where_it_stopped() -> None:
    room = Room()
    for at in range(20):
        room.send(1, at * 20, value=1000 + at * 100)
    first = room.run(0.1)
    room.send(1, 400, value=-3000, fades=True)
    held = room.run(0.4)
    assert not held[round(0.01 * WIRE_HZ) :].any()
    room.send(1, 380, value=2900)  # the block that came last has it go on
    for at in range(20, 25):
        room.send(1, at * 20, value=1000 + at * 100)
    rest = room.run(0.6)
    whole = np.concatenate((first, held, rest))
    assert heard(whole, -3000) == 0, "the fade itself is not played"
    for at in range(1, 24):
        assert 290 <= heard(whole, 1000 + at * 100) <= 490, at
    assert room.player.gaps == 0


def test_a_hold_before_the_first_sound_keeps_it_back() -> None:
    room = Room()
    for at in range(5):
        room.send(1, at * 20)
    room.send(1, 100, fades=True)
    assert not room.run(0.5).any()
    for at in range(5, 20):
        room.send(1, at * 20)
    assert heard(room.run(0.8), 1000) > 0.38 * WIRE_HZ


def test_a_hold_that_ends_in_a_clear_leaves_the_next_reply_alone() -> None:
    room = Room()
    for at in range(40):
        room.send(1, at * 20)
    room.run(0.1)
    room.send(1, 800, fades=True)
    room.run(0.1)
    room.player.clear(1, room.now)
    room.run(0.1)
    for at in range(35):
        room.send(2, at * 20, value=2000)
    sound = room.run(1.0)
    assert heard(sound, 2000) > 0.68 * WIRE_HZ
    assert heard(sound, 1000) == 0
    assert room.player.gaps == 0


def test_a_reply_behind_one_on_hold_takes_its_place() -> None:
    room = Room()
    for at in range(20):
        room.send(1, at * 20)
    room.run(0.1)
    room.send(1, 400, fades=True)
    room.run(0.1)
    room.send(2, 0, 0.3, 2000)
    sound = room.run(0.8)
    assert heard(sound, 1000) < 0.01 * WIRE_HZ
    assert heard(sound, 2000) > 0.28 * WIRE_HZ


def test_what_was_sent_before_is_left_out() -> None:
    room = Room()
    for at in range(10):
        room.send(1, at * 20)
    room.run(0.1)
    room.send(1, 100, 0.2)  # as after a connection was lost: from what was played, 0.1 s more than there is
    sound = np.concatenate((*room.tape, room.run(0.8)))
    assert WIRE_HZ * 0.28 < heard(sound, 1000) <= WIRE_HZ * 0.3


def test_the_next_reply_waits_for_the_end_of_the_last() -> None:
    room = Room()
    room.send(1, 0, 0.5, 1000)
    room.send(2, 0, 0.5, 2000)
    sound = room.run(1.6)
    assert heard(sound, 1000) > 0.48 * WIRE_HZ
    assert heard(sound, 2000) > 0.48 * WIRE_HZ
    assert (
        np.flatnonzero(np.abs(sound.astype(int) - 1000) <= 2).max()
        < np.flatnonzero(np.abs(sound.astype(int) - 2000) <= 2).min()
    )


def test_reports_follow_what_was_played_and_end_with_the_reply() -> None:
    room = Room()
    assert room.player.report(room.now) is None
    for at in range(20):
        room.send(3, 1000 + at * 20)
    room.run(0.2)
    played = room.player.report(room.now)
    assert played is not None
    assert played.reply == 3
    assert 1180 <= played.played_ms <= 1200
    assert 180 <= played.buffered_ms <= 220
    room.run(0.8)
    last = room.player.report(room.now)
    assert last is not None
    assert (last.played_ms, last.buffered_ms) == (1400, 0)
    assert room.player.report(room.now) is None


def test_an_interrupted_reply_counts_as_far_as_it_was_heard() -> None:
    room = Room()
    for at in range(20):
        room.send(1, at * 20)
    room.run(0.2)
    room.player.clear(1, room.now)
    room.run(0.5)
    last = room.player.report(room.now)
    assert last is not None
    assert 180 <= last.played_ms <= 200


def test_a_gap_of_the_network_is_counted_and_nothing_is_lost() -> None:
    room = Room()
    for at in range(10):
        room.send(1, at * 20)
    room.run(0.9)
    for at in range(10, 20):
        room.send(1, at * 20)
    room.run(0.9)
    assert room.player.gaps == 1
    assert heard(np.concatenate(room.tape), 1000) > 0.37 * WIRE_HZ


def test_a_last_block_that_comes_late_is_no_gap() -> None:
    room = Room()
    for at in range(10):
        room.send(1, at * 20)
    room.run(0.9)
    room.send(1, 200)
    assert room.run(0.5).any()
    assert room.player.gaps == 0


def test_a_whole_reply_at_once_waits_and_is_bounded() -> None:
    room = Room()
    room.send(1, 0, 10.0)
    (fill,) = room.player.filled()
    assert fill.fill is not None
    assert 8000 < fill.fill <= 10_000
    for at in range(30):
        room.send(1, 10_000 + at * 10_000, 10.0)
    (fill,) = room.player.filled()
    assert fill.fill is not None
    assert fill.fill <= WAITING.capacity
    assert fill.losses > 0
    assert heard(room.run(2.0), 1000) > 1.9 * WIRE_HZ


@pytest.mark.parametrize("rate_hz", [16_000, 48_000, 44_100])
def test_a_loudspeaker_of_another_rate_plays_all_of_it(rate_hz: int) -> None:
    room = Room(rate_hz)
    for at in range(50):
        room.send(1, at * 20)
        room.run(BLOCK_S)
    sound = np.concatenate((*room.tape, room.run(1.0)))
    assert abs(np.count_nonzero(np.abs(sound) > 500) / rate_hz - 1.0) < 0.02
    last = room.player.report(room.now)
    assert last is not None
    assert abs(last.played_ms - 1000) <= 2


def test_a_new_session_counts_its_replies_anew() -> None:
    room = Room()
    room.send(5, 0, 0.5)
    room.run(0.1)
    room.player.clear(5, room.now)
    room.player.begin_session(room.now)
    room.run(0.1)
    room.send(1, 0, 0.5, 2000)
    assert heard(room.run(0.8), 2000) > 0.48 * WIRE_HZ


def test_a_reply_that_was_cleared_before_it_came_is_not_played() -> None:
    room = Room()
    room.send(1, 0, 0.3)
    room.player.clear(2, room.now)
    room.send(2, 0, 0.5, 2000)
    assert heard(room.run(1.0), 2000) == 0


def test_the_end_of_a_reply_is_reported_when_it_has_sounded_and_not_when_it_was_handed_over() -> None:
    room = Room(latency_s=0.2)
    for at in range(10):
        room.send(1, at * 20)
    while not (room.player.over and room.tape):
        room.run(BLOCK_S)
    early = room.player.report(room.now)
    assert early is not None
    assert early.played_ms < 200
    room.run(0.3)
    late = room.player.report(room.now)
    assert late is not None
    assert late.played_ms == 200
    assert room.player.report(room.now) is None
