"""A client's microphone and loudspeaker at the other end of a socket, in virtual time."""

from __future__ import annotations

import itertools
import queue
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.errors import DeviceError
from voicecli.messages import FRAME_S, FRAME_SAMPLES
from voicecli.serve.client.incoming_sound import (
    AT_ONCE_S,
    CATCH_UP,
    INPUT_S,
    LOST_AFTER_S,
    SILENT_AFTER_S,
)
from voicecli.serve.client.remote import BLOCK_S, LEAD_S, SOON_S, RemoteStreams
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from voicecli.messages import Int16
    from voicecli.serve.client.way import Voiced

HEARS_HZ, SPEAKS_HZ = 16_000, 24_000
BLOCK = round(BLOCK_S * SPEAKS_HZ)
WAIT_S = 20


class Reply:
    """What is about to sound: `left_s` of it, of which all that was made can be taken at once."""

    def __init__(self, left_s: float) -> None:
        self.left = round(left_s * SPEAKS_HZ)
        self.sounding = False
        self.complete, self.on_hold, self.drops, self.pulled = True, False, 0, 0
        self.dues: list[float] = []
        self.believed: list[Callable[[float], int] | None] = []
        self.put_off: list[tuple[int, float]] = []

    @property
    def waiting_s(self) -> float:
        return self.left / SPEAKS_HZ

    def pull(self, block: Int16, at: float, _: bool) -> None:
        count = min(len(block), self.left)
        block[:count] = 1000
        self.left -= count
        self.pulled += count
        self.sounding = count > 0
        self.dues.append(at)

    def follow(self, reported: Callable[[float], int] | None) -> None:
        self.believed.append(reported)

    def sounds_at(self, position: int, at: float) -> None:
        self.put_off.append((position, at))


class Room:
    """Streams on a fake clock, and what both sides of them got."""

    def __init__(self, reply: Reply) -> None:
        self.clock = FakeClock()
        self.sent: list[float] = []
        self.heard: list[tuple[float, int]] = []
        self.open = True
        self.reply = reply
        self.streams = RemoteStreams(self.clock, (HEARS_HZ, SPEAKS_HZ), self.send, lambda: self.open)
        self.streams.follow(reply)

    def send(self, voiced: Voiced) -> None:
        self.sent.append(self.clock.now())

    def keep(self, samples: Int16, at: float, _: bool) -> None:
        self.heard.append((at, len(samples)))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / BLOCK_S)):
            self.streams.hear(self.keep)
            self.streams.sound(self.reply.pull)
            self.clock.advance(BLOCK_S)

    @property
    def heard_s(self) -> float:
        return sum(count for _, count in self.heard) / HEARS_HZ


def test_sound_leaves_at_most_the_lead_ahead_of_its_time() -> None:
    room = Room(Reply(5.0))
    began = room.clock.now()
    room.run(6.0)
    assert len(room.sent) == 5.0 / BLOCK_S
    ahead = [number * BLOCK_S - (at - began) for number, at in enumerate(room.sent)]
    assert max(ahead) <= LEAD_S
    assert max(ahead) > LEAD_S - 3 * BLOCK_S  # the lead is used
    assert all(due - at <= LEAD_S for at, due in zip(room.sent, room.reply.dues, strict=False))


def test_only_what_is_there_is_taken_ahead() -> None:
    reply = Reply(0.1)
    room = Room(reply)
    room.run(BLOCK_S)
    assert len(room.sent) == 0.1 / BLOCK_S  # and no silence behind it, which would count as an underrun
    pulls = len(reply.dues)
    room.run(0.06)
    assert len(reply.dues) == pulls
    reply.left = round(0.1 * SPEAKS_HZ)
    room.run(0.2)
    assert all(
        later - before == pytest.approx(BLOCK_S) for before, later in itertools.pairwise(reply.dues[:10])
    )


def test_while_the_socket_takes_no_more_the_loudspeaker_stands_still() -> None:
    room = Room(Reply(3.0))
    room.run(0.5)
    room.open = False
    sent, left = len(room.sent), room.reply.left
    room.run(30.0)
    assert (len(room.sent), room.reply.left) == (sent, left)
    room.open = True
    room.run(3.0)
    assert room.reply.left == 0


def test_nothing_is_heard_before_the_talk_listens() -> None:
    room = Room(Reply(0))
    for _ in range(10):
        room.streams.heard(np.ones(HEARS_HZ, np.int16))
        room.run(1.0)
    assert not room.heard
    room.streams.listen()
    room.run(1.4)
    assert room.heard_s == pytest.approx(10.0, abs=0.3)  # of what was said meanwhile nothing is lost
    assert room.streams.lost == 0


def test_sound_that_came_late_is_caught_up_with() -> None:
    room = Room(Reply(0))
    room.streams.listen()
    room.streams.heard(np.ones(2 * HEARS_HZ, np.int16))
    room.run(0.3)
    assert room.heard_s == pytest.approx(2.0)
    ends = [at + count / HEARS_HZ for at, count in room.heard]
    assert max(ends) <= room.clock.now()
    assert [at for at, _ in room.heard] == sorted(at for at, _ in room.heard)


def test_a_client_that_sends_nothing_is_silent_after_a_while() -> None:
    room = Room(Reply(0))
    room.streams.listen()
    room.streams.heard(np.ones(320, np.int16))
    room.run(SILENT_AFTER_S - BLOCK_S)
    assert room.heard_s == pytest.approx(0.02)
    room.run(1.0)
    assert room.heard_s == pytest.approx(1.0, abs=0.1)


def test_five_times_real_time_for_a_minute_is_bounded_and_counted() -> None:
    room = Room(Reply(0))
    room.streams.listen()
    fast = np.ones(round(10 * 5 * BLOCK_S * HEARS_HZ), np.int16)  # ten times as fast as it is caught up with
    sent = 0
    for _ in range(round(60 / BLOCK_S)):
        room.streams.heard(fast)
        sent += len(fast)
        room.run(BLOCK_S)
    waiting = sent - round(room.heard_s * HEARS_HZ) - room.streams.lost
    assert 0 <= waiting <= INPUT_S * HEARS_HZ
    assert room.streams.lost > 0
    room.run(1.0)
    assert room.streams.stats().fill == 0  # within 1 s after the rate fell


def test_the_end_of_a_turn_waits_until_all_before_it_was_heard() -> None:
    room = Room(Reply(0))
    room.streams.listen()
    room.streams.heard(np.ones(HEARS_HZ, np.int16))
    ends: list[float] = []
    room.streams.once_heard(lambda: ends.append(room.heard_s))
    room.run(1.0)
    assert ends == [pytest.approx(1.0)]


def test_who_is_back_soon_goes_on_in_the_middle_of_a_sentence() -> None:
    room = Room(Reply(0))
    room.streams.listen()
    room.streams.heard(np.ones(HEARS_HZ // 2, np.int16))
    room.run(0.2)
    room.streams.lose()
    room.run(LOST_AFTER_S - 0.2)
    assert room.heard_s == pytest.approx(0.5), "no silence in between"
    room.run(1.0)
    assert room.heard_s == pytest.approx(1.5, abs=0.2), "but silence in the end"
    room.streams.take_up()
    room.streams.heard(np.ones(round(INPUT_S * 1.5) * HEARS_HZ, np.int16))
    room.run(1.5)
    assert room.streams.lost == 0


def test_a_gap_of_the_client_is_told_with_the_next_sound() -> None:
    room = Room(Reply(0))
    told: list[bool] = []
    room.streams.listen()
    for after_gap in (False, True, False):
        room.streams.heard(np.ones(320, np.int16), after_gap=after_gap)
        room.streams.hear(lambda _samples, _at, lost: told.append(lost))
    assert told == [False, True, False]


class Woken(FakeClock):
    """No time passes by itself: who waits goes on when it is woken."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        return event.wait(WAIT_S)


def test_sound_is_heard_when_it_comes_and_not_with_the_next_look() -> None:
    streams = RemoteStreams(Woken(), (HEARS_HZ, SPEAKS_HZ), lambda _: None, lambda: True)
    heard = queue.Queue[int]()
    streams.listen()
    streams.start(lambda samples, _at, _lost: heard.put(len(samples)), lambda *_: None)
    for _ in range(16):
        streams.heard(np.ones(10, np.int16))  # crumbs: not each is worth a look
    assert heard.get(timeout=WAIT_S) == 160
    streams.heard(np.ones(512, np.int16))
    assert heard.get(timeout=WAIT_S) == 512
    assert streams.close()


def test_however_often_it_is_asked_late_sound_is_no_faster() -> None:
    room = Room(Reply(0))
    room.streams.listen()
    room.streams.heard(np.ones(2 * HEARS_HZ, np.int16))
    for _ in range(100):
        room.streams.hear(room.keep)
    assert room.heard_s == pytest.approx(AT_ONCE_S)
    room.clock.advance(BLOCK_S)
    for _ in range(100):
        room.streams.hear(room.keep)
    assert room.heard_s == pytest.approx(AT_ONCE_S + CATCH_UP * BLOCK_S)


def test_silence_is_put_in_by_whole_frames_of_the_detector() -> None:
    room = Room(Reply(0))
    room.streams.listen()
    room.streams.heard(np.ones(FRAME_SAMPLES, np.int16))
    room.run(2.0)
    assert {count for _, count in room.heard} == {FRAME_SAMPLES}
    room.clock.advance(3600)  # the computer slept
    before = len(room.heard)
    room.run(0.5)
    assert len(room.heard) - before <= 0.5 / FRAME_S + 2
    assert all(at > room.clock.now() - 1 for at, _ in room.heard[before:])


class Held(Reply):
    """It is not let sound yet."""

    def pull(self, block: Int16, at: float, _: bool) -> None:
        block[:] = 0


@pytest.mark.parametrize(("waits_s", "between_s"), [(0.0, BLOCK_S), (0.5, SOON_S)])
def test_it_looks_more_often_while_a_reply_waits_to_be_let_sound(waits_s: float, between_s: float) -> None:
    looks: list[float] = []

    class Counting(FakeClock):
        def wait(self, event: threading.Event, timeout_s: float) -> bool:
            looks.append(timeout_s)
            if len(looks) > 10:
                raise InterruptedError
            return super().wait(event, timeout_s)

    streams, reply = (
        RemoteStreams(Counting(), (HEARS_HZ, SPEAKS_HZ), lambda _: None, lambda: True),
        Held(waits_s),
    )
    streams.follow(reply)
    streams.start(lambda *_: None, reply.pull)
    assert streams.close()
    assert looks[1:] == pytest.approx([between_s] * 10)
    with pytest.raises(DeviceError):
        streams.poll()
