"""The jitter buffer against a scripted audio thread: what sounds, when, and without a click."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicecli.audio.ring import Ring
from voicecli.messages import RATE_HZ
from voicecli.speak.jitter import CALM_S, FADE_S, GROW_S, RUSH_S, SHRINK_S, JitterBuffer

if TYPE_CHECKING:
    from voicecli.messages import Int16

BLOCK = 320  # 20 ms
FADE = round(FADE_S * RATE_HZ)
LEAST, MOST = 2400, 4000  # the target, 150 to 250 ms
LATENCY_S = 0.06
START_AT = 1000.0


def steady(count: int, value: int = 10_000) -> Int16:
    return np.full(count, value, np.int16)


class Loudspeaker:
    """Pulls block after block on its own clock and keeps what it played."""

    def __init__(self, capacity_s: float = 0.8, block: int = BLOCK) -> None:
        self.jitter = JitterBuffer(RATE_HZ, capacity_s, LEAST / RATE_HZ, MOST / RATE_HZ)
        self._blocks: list[Int16] = []
        self._block = block

    @property
    def now(self) -> float:
        """When the next block is pulled; it sounds LATENCY_S later."""
        return START_AT + len(self._blocks) * self._block / RATE_HZ

    @property
    def played(self) -> Int16:
        """All it has played."""
        return np.concatenate([np.zeros(0, np.int16), *self._blocks])

    def pull(self, blocks: int = 1, *, ran_dry: bool = False) -> Int16:
        """What `blocks` more blocks play."""
        for _ in range(blocks):
            block = steady(self._block, -77)  # what was left in it must never sound
            self.jitter.pull(block, self.now + LATENCY_S, ran_dry)
            self._blocks.append(block)
        return np.concatenate(self._blocks[-blocks:])

    def sounds_at(self, sample: int) -> float:
        """When the air met sample `sample` of all that was played."""
        return START_AT + LATENCY_S + sample / RATE_HZ


def steepest(samples: Int16) -> int:
    """The largest step between neighbours, with silence around them."""
    return int(np.abs(np.diff(samples.astype(np.int32), prepend=0, append=0)).max())


# A fade of a steady 10,000 takes steps of 79, and one more where it begins at full level and rounds.
NO_CLICK = 10_000 // (FADE - 1) + 2


def test_without_anything_pushed_it_plays_silence() -> None:
    speaker = Loudspeaker()
    assert not speaker.pull(3).any()
    assert not speaker.jitter.sounding
    assert (speaker.jitter.underruns, speaker.jitter.pulled) == (0, 0)


def test_a_device_that_takes_blocks_faster_than_they_sound_is_given_nothing_of_a_reply() -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(LEAST), 1)
    speaker.jitter.finish()
    for number in range(200):
        block = steady(BLOCK, -77)
        speaker.jitter.pull(block, START_AT + number * 0.0007, device_ran_dry=True)
        assert number < 2 or not block.any()  # the first may be one that came late; then it fades
    assert speaker.jitter.pulled <= BLOCK
    assert (speaker.jitter.underruns, speaker.jitter.device_underruns) == (0, 200)
    played = speaker.pull(20)
    assert np.count_nonzero(played == 10_000) >= LEAST - BLOCK - 2 * FADE


def test_what_a_device_takes_while_it_runs_dry_again_and_again_is_silence() -> None:
    """As PulseAudio's does after a stall: it fills itself, throws that away, and begins anew."""
    jitter = JitterBuffer(RATE_HZ, 0.8, LEAST / RATE_HZ, MOST / RATE_HZ)
    jitter.push(steady(LEAST), 1)
    jitter.finish()

    def pull(seconds: float, *, dry: bool = False) -> Int16:
        block = steady(BLOCK, -77)
        jitter.pull(block, START_AT + seconds, device_ran_dry=dry)
        return block

    heard = [pull(0.0), pull(0.02), pull(0.04)]
    now = 0.21  # the stall: the device has nothing left
    pull(now, dry=True)
    pull(now, dry=True)  # it is known now, and the sound fades
    for _ in range(40):
        taken = [pull(now + 0.02), pull(now + 0.04), pull(now + 0.001, dry=True)]
        assert not np.concatenate(taken).any()
        now += 0.005
    kept = jitter.pulled
    assert kept <= (len(heard) + 1) * BLOCK
    after = np.concatenate([pull(now + number * BLOCK / RATE_HZ) for number in range(10)])
    assert 0.04 <= np.flatnonzero(after)[0] / RATE_HZ <= RUSH_S + 0.01
    assert jitter.pulled > kept


def test_a_device_that_ran_dry_and_goes_on_in_time_is_given_its_next_block() -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(LEAST), 1)
    speaker.jitter.finish()
    speaker.pull(2)
    assert (speaker.pull(ran_dry=True) == 10_000).all()


def test_a_reply_begins_when_the_target_is_met() -> None:
    speaker = Loudspeaker()
    assert speaker.jitter.push(steady(LEAST - 1), 1)
    assert not speaker.pull(5).any()
    speaker.jitter.push(steady(1), 1)
    assert speaker.pull().any()
    assert speaker.jitter.sounding
    assert speaker.jitter.began.position == 0
    assert speaker.jitter.began.at == pytest.approx(speaker.sounds_at(5 * BLOCK))


def test_a_complete_reply_begins_at_once_and_its_end_is_no_underrun() -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(500), 1)
    speaker.jitter.finish()
    played = speaker.pull(3)
    np.testing.assert_array_equal(played[FADE : 500 - FADE], steady(500 - 2 * FADE))
    assert not played[500:].any()
    assert steepest(played) <= NO_CLICK
    assert speaker.jitter.underruns == 0
    assert speaker.jitter.target_s == LEAST / RATE_HZ
    assert speaker.jitter.ended_at == pytest.approx(speaker.sounds_at(500))
    assert not speaker.jitter.sounding


def test_a_reply_that_ends_with_a_block_ends_with_the_next_and_is_no_underrun() -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(2 * BLOCK), 1)
    speaker.jitter.finish()
    speaker.pull(2)
    sounding = speaker.jitter.sounding
    speaker.pull()
    assert (sounding, speaker.jitter.sounding) == (True, False)
    assert steepest(speaker.played) <= NO_CLICK
    assert speaker.jitter.underruns == 0
    assert speaker.jitter.ended_at == pytest.approx(speaker.sounds_at(2 * BLOCK))


def test_the_next_reply_waits_for_its_own_target() -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(500), 1)
    speaker.jitter.finish()
    speaker.pull(3)
    speaker.jitter.push(steady(500), 2)
    assert not speaker.pull(3).any()
    speaker.jitter.finish()
    assert speaker.pull(2).any()
    assert speaker.jitter.began.position == 500
    assert speaker.jitter.began.at == pytest.approx(speaker.sounds_at(6 * BLOCK))


@pytest.mark.parametrize("left", [0, 1, 50, FADE - 1, FADE, FADE + 1, 200, BLOCK - 1])
def test_running_dry_within_a_reply_fades_without_a_click_is_counted_and_raises_the_target(left: int) -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(10 * BLOCK + left), 1)
    played = speaker.pull(14)
    assert steepest(played) <= NO_CLICK
    np.testing.assert_array_equal(played[FADE : 10 * BLOCK], steady(10 * BLOCK - FADE))
    assert speaker.jitter.underruns == 1
    assert not speaker.jitter.sounding
    assert speaker.jitter.ended_at == pytest.approx(speaker.sounds_at(10 * BLOCK + left))
    assert speaker.jitter.target_s == pytest.approx(LEAST / RATE_HZ + GROW_S)
    # It fills up to the higher target before it goes on, softly.
    speaker.jitter.push(steady(LEAST), 1)
    assert not speaker.pull(2).any()
    speaker.jitter.push(steady(round(GROW_S * RATE_HZ)), 1)
    assert steepest(np.concatenate((speaker.pull(5), np.zeros(1, np.int16)))[: -BLOCK - 1]) == 10_000
    assert speaker.jitter.began.position == 10 * BLOCK + left


def test_the_target_grows_to_its_bound_and_shrinks_to_its_bound_with_calm() -> None:
    speaker = Loudspeaker(capacity_s=20)
    for _ in range(5):
        speaker.jitter.push(steady(MOST), 1)
        speaker.pull(15)
    assert speaker.jitter.underruns == 5
    assert speaker.jitter.target_s == MOST / RATE_HZ
    for calm in range(1, 15):
        speaker.jitter.push(steady(round(CALM_S * RATE_HZ)), 1)
        speaker.jitter.push(steady(BLOCK), 1)  # never dry
        speaker.pull(round(CALM_S * RATE_HZ) // BLOCK)
        expected = max(LEAST / RATE_HZ, MOST / RATE_HZ - calm * SHRINK_S)
        assert speaker.jitter.target_s == pytest.approx(expected)
    assert speaker.jitter.underruns == 5


def test_calm_is_counted_from_the_last_underrun() -> None:
    speaker = Loudspeaker(capacity_s=20)
    for seconds in (9, 9):
        speaker.jitter.push(steady(seconds * RATE_HZ), 1)
        speaker.pull(seconds * RATE_HZ // BLOCK + 1)
    assert speaker.jitter.target_s == pytest.approx(MOST / RATE_HZ)


def test_silence_between_replies_is_not_calm() -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(LEAST), 1)
    speaker.pull(10)
    grown = speaker.jitter.target_s
    speaker.pull(round(2 * CALM_S * RATE_HZ) // BLOCK)
    assert speaker.jitter.target_s == grown


@pytest.mark.parametrize("left", [1, 50, FADE - 1, FADE, FADE + 1, 5000])
def test_a_drop_falls_silent_within_ten_milliseconds_and_without_a_click(left: int) -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(10 * BLOCK + left), 1)
    speaker.pull(10)
    speaker.jitter.drop(2)
    after = speaker.pull(3)
    assert steepest(speaker.played) <= NO_CLICK
    assert after[: FADE // 2].all()
    assert not after[RATE_HZ // 100 :].any()
    assert not speaker.jitter.sounding
    assert speaker.jitter.underruns == 0
    assert speaker.jitter.waiting == 0
    assert speaker.jitter.ended_at == pytest.approx(speaker.sounds_at(10 * BLOCK) + FADE_S)


def test_a_drop_before_a_reply_began_lets_nothing_sound() -> None:
    speaker = Loudspeaker()
    speaker.pull(2)
    speaker.jitter.push(steady(1000), 1)
    speaker.jitter.drop(2)
    assert not speaker.pull(4).any()
    assert speaker.jitter.waiting == 0
    assert speaker.jitter.ended_at == 0.0


def test_after_a_drop_the_old_reply_is_refused_and_the_new_one_plays() -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(5000, 1111), 1)
    speaker.pull(3)
    speaker.jitter.drop(2)
    assert not speaker.jitter.push(steady(500, 1111), 1)
    assert speaker.jitter.push(steady(3100, 2222), 2)  # before the device has noticed the drop
    speaker.jitter.finish()
    faded, new = speaker.pull(), speaker.pull(11)
    assert not faded[FADE:].any()
    np.testing.assert_array_equal(new[FADE : 3100 - FADE], steady(3100 - 2 * FADE, 2222))
    assert not new[3100:].any()
    assert speaker.jitter.began.position == 5000


def test_samples_go_round_the_end_of_the_buffer() -> None:
    speaker = Loudspeaker(capacity_s=0.2)
    speaker.jitter.push(steady(LEAST, 1), 1)
    speaker.pull(2)
    ramp = np.arange(1000, 1000 + 200 * 40).astype(np.int16)
    for at in range(0, len(ramp), 300):
        speaker.jitter.push(ramp[at : at + 300], 1)
        speaker.pull()
        assert speaker.jitter.waiting <= speaker.jitter.capacity
        speaker.jitter.push(steady(20, -5), 1)
    played = speaker.pull(30)
    del played
    heard = speaker.played
    np.testing.assert_array_equal(heard[heard >= 1000][: len(ramp) - 300], ramp[: len(ramp) - 300])
    assert speaker.jitter.peak <= speaker.jitter.capacity


def test_more_than_there_is_room_for_is_refused_whole() -> None:
    speaker = Loudspeaker(capacity_s=0.1)
    assert speaker.jitter.room == 1600
    speaker.jitter.push(steady(1000), 1)
    assert (speaker.jitter.room, speaker.jitter.waiting, speaker.jitter.peak) == (600, 1000, 1000)
    with pytest.raises(ValueError, match="room"):
        speaker.jitter.push(steady(601), 1)
    assert speaker.jitter.pushed == 1000
    speaker.jitter.push(steady(600), 1)
    assert speaker.jitter.room == 0


def test_the_position_is_that_of_the_sample_in_the_air() -> None:
    speaker = Loudspeaker()
    jitter = speaker.jitter
    speaker.pull(3)
    assert jitter.position_at(speaker.now) == 0
    jitter.push(steady(4000), 1)
    jitter.finish()
    began = speaker.now + LATENCY_S
    speaker.pull(4)
    assert jitter.position_at(began - 0.01) == 0
    assert jitter.position_at(began + 0.03) == pytest.approx(480, abs=1)
    assert jitter.position_at(began + 9) == 4 * BLOCK  # no further than the device has taken
    speaker.pull(10)
    assert jitter.position_at(began + 0.2) == pytest.approx(3200, abs=1)
    assert jitter.position_at(began + 0.25) == pytest.approx(4000, abs=1)


@pytest.mark.parametrize("latency_s", [0.005, 0.06, 0.5])
def test_after_its_end_a_reply_stands_at_its_last_sample_whatever_the_latency(latency_s: float) -> None:
    jitter = JitterBuffer(RATE_HZ, 0.8, 0.15, 0.25)
    jitter.push(steady(1000), 1)
    jitter.finish()
    for pulled in range(100):
        now = START_AT + pulled * BLOCK / RATE_HZ
        jitter.pull(steady(BLOCK), now + latency_s, False)
        elapsed = round((now - START_AT - latency_s) * RATE_HZ)
        assert jitter.position_at(now) == pytest.approx(min(1000, max(0, elapsed)), abs=1)


def test_what_the_device_ran_short_of_is_counted_apart() -> None:
    speaker = Loudspeaker()
    speaker.pull(2, ran_dry=True)
    assert (speaker.jitter.device_underruns, speaker.jitter.underruns) == (2, 0)


def test_the_next_reply_pushed_while_the_last_block_is_pulled_makes_no_underrun() -> None:
    class Racing(Ring):
        """The speaking thread pushes between any two looks of the audio thread at what was pushed."""

        racing = False

        def __getattribute__(self, name: str) -> object:
            value = super().__getattribute__(name)
            if name == "written" and self.racing:
                self.write(steady(100))
            return value

    jitter = JitterBuffer(RATE_HZ, 0.8, 0.15, 0.25)
    ring = jitter._ring = Racing(jitter.capacity)
    jitter.push(steady(500), 1)
    jitter.finish()
    jitter.pull(steady(BLOCK), START_AT, False)
    ring.racing = True
    jitter.pull(steady(BLOCK), START_AT + 0.02, False)
    assert jitter.underruns == 0


# ---- the gate


def test_a_reply_is_silent_until_it_is_opened_and_then_begins_with_the_next_block() -> None:
    speaker = Loudspeaker()
    speaker.jitter.begin(1)
    speaker.jitter.push(steady(LEAST + 5 * BLOCK), 1)
    speaker.jitter.finish()
    assert not speaker.pull(20).any()
    assert (speaker.jitter.waiting, speaker.jitter.underruns) == (LEAST + 5 * BLOCK, 0)
    assert not speaker.jitter.sounding
    speaker.jitter.open(1)
    assert speaker.pull().any()
    assert speaker.jitter.began.position == 0
    assert speaker.jitter.began.at == pytest.approx(speaker.sounds_at(20 * BLOCK))


def test_opened_before_its_first_sample_a_reply_begins_as_any_does() -> None:
    speaker = Loudspeaker()
    speaker.jitter.begin(3)
    speaker.jitter.open(3)
    speaker.jitter.push(steady(LEAST - 1), 3)
    assert not speaker.pull(2).any()
    speaker.jitter.push(steady(1), 3)
    assert speaker.pull().any()


def test_a_reply_that_was_never_opened_is_dropped_by_the_next() -> None:
    speaker = Loudspeaker()
    speaker.jitter.begin(1)
    speaker.jitter.push(steady(3000, 1111), 1)
    speaker.pull(2)
    speaker.jitter.begin(2)
    speaker.jitter.push(steady(3000, 2222), 2)
    speaker.jitter.finish()
    speaker.jitter.open(2)
    speaker.pull(20)
    assert 2222 in speaker.played
    assert 1111 not in speaker.played
    assert steepest(speaker.played) <= NO_CLICK


def test_an_older_gate_opens_no_newer_reply() -> None:
    speaker = Loudspeaker()
    speaker.jitter.begin(2)
    speaker.jitter.push(steady(3000), 2)
    speaker.jitter.open(1)
    assert not speaker.pull(5).any()
    speaker.jitter.open(2)
    assert speaker.pull().any()


def test_a_drop_behind_the_gate_is_silent_even_when_it_opens() -> None:
    speaker = Loudspeaker()
    speaker.jitter.begin(1)
    speaker.jitter.push(steady(3000), 1)
    speaker.pull(2)
    speaker.jitter.drop(2)
    speaker.jitter.open(1)
    assert not speaker.jitter.push(steady(100), 1)
    assert not speaker.pull(10).any()
    assert (speaker.jitter.waiting, speaker.jitter.underruns, speaker.jitter.ended_at) == (0, 0, 0.0)


STEPS = st.lists(
    st.tuples(st.just("push"), st.integers(1, 4000))
    | st.tuples(st.just("pull"), st.integers(1, 12))
    | st.tuples(st.just("finish"), st.just(0)),
    max_size=50,
)


@settings(deadline=None, max_examples=200)
@given(steps=STEPS, block=st.sampled_from([160, 320, 441, 960]))
def test_what_goes_in_comes_out_in_order_and_whole(steps: list[tuple[str, int]], block: int) -> None:
    """Reply after reply. Fades are switched off; what an underrun draws out repeats the sample before it."""
    speaker = Loudspeaker(block=block)
    jitter, pushed = speaker.jitter, 0
    jitter._fade_in[:] = jitter._fade_out[:] = 1.0
    for step, count in steps:
        if step == "push":
            fits = min(count, jitter.room)
            assert jitter.push((1 + np.arange(pushed, pushed + fits) % 30_000).astype(np.int16), 1)
            pushed += fits
        elif step == "pull":
            speaker.pull(count)
        else:
            jitter.finish()
    jitter.finish()
    speaker.pull(round(0.8 * RATE_HZ) // block + 2)
    assert (jitter.pulled, jitter.waiting) == (pushed, 0)
    assert jitter.position_at(speaker.now + 1) == pushed
    assert not jitter.sounding
    heard = speaker.played[speaker.played > 0]
    once = heard[np.diff(heard, prepend=0) != 0]
    np.testing.assert_array_equal(once, 1 + np.arange(pushed) % 30_000)


@settings(deadline=None, max_examples=200)
@given(steps=STEPS, block=st.sampled_from([160, 320, 441, 960]))
def test_whatever_ends_runs_dry_or_is_dropped_there_is_no_click(
    steps: list[tuple[str, int]], block: int
) -> None:
    speaker = Loudspeaker(block=block)
    for step, count in steps:
        if step == "push":
            speaker.jitter.push(steady(min(count, speaker.jitter.room)), 1)
        elif step == "pull":
            speaker.pull(count)
        else:
            speaker.jitter.finish()
    speaker.jitter.drop(2)
    speaker.pull(3)
    assert steepest(speaker.played) <= NO_CLICK
    assert speaker.jitter.underruns <= len(steps)


def test_two_threads_lose_nothing() -> None:
    speaker = Loudspeaker()
    total, ended = 200_000, threading.Event()

    def push() -> None:
        at = 0
        while at < total:
            count = min(500, total - at, speaker.jitter.room)
            speaker.jitter.push((1 + np.arange(at, at + count) % 30_000).astype(np.int16), 1)
            at += count
        speaker.jitter.finish()
        ended.set()

    pusher = threading.Thread(target=push)
    pusher.start()
    while not (ended.is_set() and speaker.jitter.waiting == 0):
        speaker.pull()
    pusher.join()
    assert speaker.jitter.pulled == total
    # Between fades each sample follows the one before.
    steps = np.diff(speaker.played.astype(int))
    assert np.count_nonzero(steps == 1) > total - (speaker.jitter.underruns + 1) * 3 * FADE


def test_a_reply_that_was_replaced_is_not_heard_when_the_one_after_it_is_opened() -> None:
    jitter = JitterBuffer(RATE_HZ, capacity_s=1.0, least_s=0.0, most_s=0.1)
    jitter.begin(5)
    assert jitter.push(steady(BLOCK), 5)
    jitter.finish()
    jitter.open(6)  # before the speaking thread has come to it
    block = steady(BLOCK)
    jitter.pull(block, 0.0, False)
    assert not block.any()
    jitter.begin(6)
    assert jitter.push(steady(BLOCK), 6)
    jitter.finish()
    for _ in range(2):  # the first forgets what was held
        jitter.pull(block, 0.0, False)
    assert block.any()


# ---- somebody speaks over it


def speaking_over(value: int = 10_000, *, block: int = BLOCK) -> Loudspeaker:
    """A complete reply of 20 blocks and a bit, of which five have sounded."""
    speaker = Loudspeaker(capacity_s=2.0, block=block)
    speaker.jitter.push(steady(20 * block + 50, value), 1)
    speaker.jitter.finish()
    speaker.pull(5)
    return speaker


@pytest.mark.parametrize("left", [0, 1, FADE - 1, FADE, 5000])
def test_a_hold_falls_silent_within_ten_milliseconds_and_keeps_what_is_buffered(left: int) -> None:
    speaker = Loudspeaker()
    speaker.jitter.push(steady(10 * BLOCK + left), 1)
    speaker.pull(10)
    speaker.jitter.hold()
    after = speaker.pull(50)
    assert after[: FADE // 2].all()
    assert not after[RATE_HZ // 100 :].any()
    assert steepest(speaker.played) <= NO_CLICK
    assert (speaker.jitter.waiting, speaker.jitter.underruns) == (left, 0)
    assert not speaker.jitter.sounding
    assert speaker.jitter.ended_at == pytest.approx(speaker.sounds_at(10 * BLOCK) + FADE_S)
    assert speaker.jitter.position_at(speaker.now + 9) == 10 * BLOCK


def test_after_a_hold_it_goes_on_where_it_broke_off_without_a_click_and_loses_nothing() -> None:
    speaker = Loudspeaker(capacity_s=2.0)
    ramp = np.arange(1000, 1000 + 20 * BLOCK).astype(np.int16)
    speaker.jitter.push(ramp, 1)
    speaker.jitter.finish()
    before = speaker.pull(7)
    speaker.jitter.hold()
    speaker.pull(10)
    speaker.jitter.resume()
    after = speaker.pull(15)
    np.testing.assert_array_equal(before[FADE:], ramp[FADE : 7 * BLOCK])
    np.testing.assert_array_equal(after[FADE : 13 * BLOCK - FADE], ramp[7 * BLOCK + FADE : -FADE])
    assert steepest(speaker.played) <= ramp.max() // (FADE - 1) + 2
    assert speaker.jitter.underruns == 0
    assert speaker.jitter.began.position == 7 * BLOCK
    assert speaker.jitter.began.at == pytest.approx(speaker.sounds_at(17 * BLOCK))


def test_while_it_is_held_it_takes_more_up_to_its_capacity() -> None:
    speaker = Loudspeaker(capacity_s=0.2)
    speaker.jitter.push(steady(LEAST), 1)
    speaker.pull(2)
    speaker.jitter.hold()
    speaker.pull(2)
    assert speaker.jitter.room == 3200 - (LEAST - 2 * BLOCK)
    speaker.jitter.push(steady(speaker.jitter.room, 2222), 1)
    speaker.jitter.resume()
    played = speaker.pull(8)
    np.testing.assert_array_equal(played[FADE : LEAST - 2 * BLOCK], steady(LEAST - 2 * BLOCK - FADE))
    assert (played[LEAST - 2 * BLOCK :] == 2222).all()


def test_a_reply_that_is_dropped_while_it_is_held_never_sounds_again() -> None:
    speaker = speaking_over()
    speaker.jitter.hold()
    speaker.pull(5)
    speaker.jitter.drop(2)
    speaker.jitter.resume()
    assert not speaker.pull(30).any()
    assert (speaker.jitter.waiting, speaker.jitter.underruns) == (0, 0)


def test_a_hold_before_the_first_sound_delays_it() -> None:
    speaker = Loudspeaker()
    speaker.jitter.hold()
    speaker.jitter.push(steady(1000), 1)
    speaker.jitter.finish()
    assert not speaker.pull(5).any()
    assert speaker.jitter.ended_at == 0.0
    speaker.jitter.resume()
    assert speaker.pull().any()


def test_a_duck_is_twelve_to_fifteen_decibels_and_comes_and_goes_without_a_click() -> None:
    speaker = speaking_over()
    speaker.jitter.duck()
    ducked = speaker.pull(3)
    assert -15 <= 20 * np.log10(ducked[-1] / 10_000) <= -12
    assert (ducked[FADE:] == ducked[-1]).all()
    speaker.jitter.resume()
    assert (speaker.pull(3)[FADE:] == 10_000).all()
    speaker.jitter.duck()
    speaker.pull(10)
    assert steepest(speaker.played) <= NO_CLICK
    assert speaker.jitter.underruns == 0


@pytest.mark.parametrize("then", ["hold", "drop"])
def test_falling_silent_from_a_duck_does_not_click(then: str) -> None:
    speaker = speaking_over()
    speaker.jitter.duck()
    speaker.pull(2)
    level = int(speaker.played[-1])
    if then == "hold":
        speaker.jitter.hold()
    else:
        speaker.jitter.drop(2)
    after = speaker.pull(3)
    assert after.max() <= level
    assert not after[RATE_HZ // 100 :].any()
    assert steepest(speaker.played) <= NO_CLICK


def test_what_begins_ducked_is_soft_from_its_first_sample() -> None:
    speaker = Loudspeaker()
    speaker.jitter.duck()
    speaker.jitter.push(steady(1000), 1)
    speaker.jitter.finish()
    assert speaker.pull(5).max() < 3000
    assert steepest(speaker.played) <= NO_CLICK


WISHES = st.lists(
    st.tuples(st.sampled_from(["duck", "hold", "resume"]), st.integers(1, 5)), min_size=1, max_size=20
)


@settings(deadline=None, max_examples=100)
@given(wishes=WISHES, block=st.sampled_from([160, 320, 441]))
def test_whatever_is_wished_nothing_clicks_and_nothing_is_lost(
    wishes: list[tuple[str, int]], block: int
) -> None:
    speaker = speaking_over(block=block)
    jitter = speaker.jitter
    for wish, blocks in wishes:
        getattr(jitter, wish)()
        speaker.pull(blocks)
        assert jitter.pulled + jitter.waiting == 20 * block + 50
    jitter.resume()
    speaker.pull(25)
    assert steepest(speaker.played) <= 2 * NO_CLICK  # it may end while it grows softer
    assert (jitter.pulled, jitter.waiting, jitter.underruns) == (20 * block + 50, 0, 0)
