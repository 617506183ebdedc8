"""The agent's voice on its way to a client that reports what it plays: credit, holds, drops, losses."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.audio.streams import StreamFormat
from voicecli.config import PlaybackConfig
from voicecli.messages import Clause, SpokenChunk
from voicecli.serve.client.remote import BLOCK_S, LEAD_S, RemoteStreams
from voicecli.serve.client.way import MOST_S, OVERDUE_S, OnItsWay
from voicecli.serve.wire.extension import Played
from voicecli.speak.playback import Playback
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from voicecli.messages import Int16
    from voicecli.serve.client.way import Voiced

RATE_HZ = 24_000
CREDIT_S = 0.8
STEP_S = 0.01


class Household:
    """A client with a loudspeaker: plays what it gets, and reports every 100 ms, each over a network."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.down: deque[tuple[float, Voiced | int]] = deque()
        self.up: deque[tuple[float, Played]] = deque()
        self.buffer: deque[tuple[int, int, Int16]] = deque()
        self.played: list[Int16] = []
        self.place: dict[int, int] = {}
        """Samples of each reply that were played."""
        self.limits: dict[int, int] = {}
        self.cleared = 0
        self.sent_beyond = 0.0
        self.reply = 0
        self.speaks = True
        self.on_hold = False
        self.next: dict[int, int] = {}
        """The place behind the last sample that came of each reply."""
        self.listens = True
        self.reports = True
        self._reported_at = 0.0

    @property
    def buffered(self) -> int:
        return sum(len(samples) for _, _, samples in self.buffer)

    def forget(self) -> None:
        """All that is on the way, and was not played."""
        self.down.clear()
        self.buffer.clear()
        self.next = dict(self.place)

    def take(self, now: float) -> None:
        """What the network brings by now."""
        while self.down and self.down[0][0] <= now:
            _, what = self.down.popleft()
            if isinstance(what, int):
                self.cleared, self.on_hold = what, False
                self.buffer = deque(each for each in self.buffer if each[0] > what)
            elif what.reply > self.cleared:
                self.get(what)

    def get(self, block: Voiced) -> None:
        self.on_hold = block.fades
        if block.fades:
            return
        limit = self.limits.get(block.reply, round(CREDIT_S * 1000))
        self.sent_beyond = max(self.sent_beyond, block.start_ms + BLOCK_S * 1000 - limit)
        start = block.start_ms * RATE_HZ // 1000
        twice = max(0, self.next.get(block.reply, 0) - start)
        self.next[block.reply] = start + max(twice, len(block.samples))
        if len(samples := block.samples[twice:]):
            self.buffer.append((block.reply, start + twice, samples))

    def play(self, now: float) -> None:
        count = round(STEP_S * RATE_HZ)
        while self.speaks and not self.on_hold and count and self.buffer:
            reply, start, samples = self.buffer.popleft()
            part, rest = samples[:count], samples[count:]
            self.played.append(part)
            self.reply, self.place[reply] = reply, start + len(part)
            count -= len(part)
            if len(rest):
                self.buffer.appendleft((reply, start + len(part), rest))
        if self.reply and self.reports and now - self._reported_at >= 0.1 - 1e-6:
            self._reported_at = now
            played_ms = self.place[self.reply] * 1000 // RATE_HZ
            limit_ms = played_ms + round(CREDIT_S * 1000)
            self.limits[self.reply] = limit_ms
            buffered_ms = self.buffered * 1000 // RATE_HZ
            self.up.append((now + self.delay_s, Played(self.reply, played_ms, limit_ms, buffered_ms, 0)))


class Evening:
    """A reply, the streams and the client, on one clock."""

    def __init__(self, credit_s: float = CREDIT_S, delay_s: float = 0.0) -> None:
        self.clock = FakeClock()
        self.house = Household(delay_s)
        self.open = True
        self.overdue = 0
        self.got: list[Voiced | int] = []
        way = OnItsWay(RATE_HZ, credit_s)
        self.streams = RemoteStreams(
            self.clock, (16_000, RATE_HZ), self.send, lambda: self.open, self.send, way
        )
        self.playback = Playback(StreamFormat("it", RATE_HZ, 1, 0.02), PlaybackConfig())
        self.streams.follow(self.playback, self.warn)
        self.chunks: list[SpokenChunk] = []

    def warn(self) -> None:
        self.overdue += 1

    def send(self, what: Voiced | int) -> None:
        self.got.append(what)
        if self.house.listens and (isinstance(what, int) or what.losses == self.streams.losses):
            self.house.down.append((self.clock.now() + self.house.delay_s, what))

    def says(self, seconds: float, draft: int = 1, silent_s: float = 0.0) -> None:
        """A reply of so long: a ramp, so that each sample tells its place; silent in the end."""
        samples = (np.arange(round(seconds * RATE_HZ)) // 24 % 20_000 + 1000).astype(np.int16)
        samples[len(samples) - round(silent_s * RATE_HZ) :] = 0
        self.playback.begin(draft)
        self.chunks = [SpokenChunk(Clause(1, draft, 0, "word " * 10), samples, RATE_HZ)]
        self.playback.open(draft)
        self.pump = iter(self.chunks)
        self.whole = False

    def run(self, seconds: float) -> None:
        for step in range(round(seconds / STEP_S)):
            now = self.clock.now()
            if self.chunks and not self.whole and self.playback.feed(self.pump):
                self.playback.finish()
                self.whole = True
            while self.house.up and self.house.up[0][0] <= now:
                self.streams.way.told(self.house.up.popleft()[1])
            if step % 2 == 0:
                self.streams.sound(self.playback.pull)
            self.house.take(now)
            self.house.play(now)
            self.clock.advance(STEP_S)

    @property
    def heard_s(self) -> float:
        """How far the talk believes that the reply has sounded, s."""
        return self.playback.jitter.position_at(self.clock.now()) / RATE_HZ

    @property
    def played_s(self) -> float:
        return sum(len(each) for each in self.house.played) / RATE_HZ

    def ramp(self) -> Int16:
        """What the client played, without its fades."""
        return np.concatenate(self.house.played)


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.2])
def test_a_client_with_credit_is_sent_no_more_than_it_allows_and_hears_the_whole_reply(
    delay_s: float,
) -> None:
    evening = Evening(delay_s=delay_s)
    evening.says(6.0)
    evening.run(1.0)
    ahead = sum(len(each.samples) for each in evening.got if not isinstance(each, int)) / RATE_HZ
    assert ahead - evening.played_s > LEAD_S + 0.1, "the credit is used"
    evening.run(7.0)
    assert evening.house.sent_beyond <= 0
    assert evening.played_s == pytest.approx(6.0, abs=0.04)
    assert evening.playback.done(evening.clock.now())
    assert evening.heard_s == pytest.approx(6.0)
    assert evening.playback.jitter.underruns == 0
    steps = np.diff(evening.ramp()[1000:-1000].astype(int))
    assert set(steps.tolist()) <= {0, 1}, "nothing is twice, or missing"


def test_what_was_played_is_what_counts_as_heard() -> None:
    evening = Evening(delay_s=0.02)
    evening.says(6.0)
    evening.run(2.0)
    assert evening.heard_s == pytest.approx(evening.played_s, abs=0.13)
    evening.house.speaks = False  # the loudspeaker stands still, and says so
    evening.run(1.5)
    assert evening.heard_s == pytest.approx(evening.played_s, abs=0.13)
    played = evening.played_s
    evening.house.speaks = True
    evening.run(1.0)
    assert evening.played_s == pytest.approx(played + 1.0, abs=0.03)
    assert evening.overdue == 0


def test_a_dropped_reply_is_cleared_at_once_and_the_next_one_has_another_number() -> None:
    evening = Evening()
    evening.says(6.0)
    evening.run(2.0)
    evening.playback.drop(2, evening.clock.now())
    evening.run(BLOCK_S)
    assert evening.house.cleared == 1
    assert evening.house.buffered == 0
    heard = evening.heard_s
    evening.run(1.0)
    assert evening.heard_s >= heard
    played = evening.played_s
    assert played == pytest.approx(2.0, abs=0.04)
    evening.says(1.0, draft=2)
    evening.run(3.0)
    assert evening.house.reply == 2
    assert evening.played_s - played == pytest.approx(1.0, abs=0.04)
    assert evening.playback.done(evening.clock.now())
    assert [each for each in evening.got if isinstance(each, int)] == [1]


def test_a_reply_that_ends_in_silence_is_over_as_well() -> None:
    evening = Evening()
    evening.says(1.0, silent_s=0.1)
    evening.run(2.0)
    assert evening.playback.done(evening.clock.now())
    evening.says(1.0, draft=2)
    evening.run(2.0)
    assert evening.house.reply == 2
    assert evening.playback.done(evening.clock.now())
    assert evening.overdue == 0


def test_a_hold_silences_a_client_with_credit_and_nothing_is_lost() -> None:
    evening = Evening()
    evening.says(6.0)
    evening.run(2.0)
    evening.playback.hold()
    evening.run(0.1)
    played = evening.played_s
    assert played == pytest.approx(2.0, abs=0.04)
    evening.house.reports = False
    evening.run(10.0)
    evening.house.reports = True
    assert evening.played_s == played
    assert evening.heard_s == pytest.approx(2.0, abs=0.04)
    assert evening.overdue == 0, "a client that is silent has nothing to report"
    evening.playback.resume()
    evening.run(6.0)
    assert evening.played_s == pytest.approx(6.0, abs=0.04)
    assert evening.playback.done(evening.clock.now())
    steps = np.diff(evening.ramp()[1000:-1000].astype(int))
    assert set(steps.tolist()) <= {-1, 0, 1, 2}, "it goes on where it broke off, without a click"


def test_a_hold_after_all_was_sent_silences_the_client_as_well() -> None:
    evening = Evening()
    evening.says(1.0)
    evening.run(0.6)
    assert evening.playback.jitter.waiting == 0
    evening.playback.hold()
    evening.run(1.0)
    played = evening.played_s
    assert played == pytest.approx(0.6, abs=0.04)
    evening.playback.resume()
    evening.run(1.0)
    assert evening.played_s == pytest.approx(1.0, abs=0.03)
    assert evening.playback.done(evening.clock.now())


def test_a_client_that_reports_no_more_counts_as_one_without_credit_and_that_is_told_once() -> None:
    evening = Evening()
    evening.says(30.0)
    evening.run(1.0)
    evening.house.reports = False
    evening.run(OVERDUE_S + 0.5)
    assert evening.overdue == 1
    evening.run(10.0)
    assert evening.overdue == 1
    assert evening.played_s == pytest.approx(1.8 + 10.5, abs=0.3), "it goes on after a gap"
    assert evening.heard_s == pytest.approx(evening.played_s, abs=LEAD_S + 0.1)
    evening.house.reports = True
    evening.run(1.0)
    assert evening.heard_s == pytest.approx(evening.played_s, abs=0.13)


@pytest.mark.parametrize("credit_s", [CREDIT_S, 0.0])
def test_a_lost_connection_is_taken_up_where_the_client_had_played_to(credit_s: float) -> None:
    evening = Evening(credit_s)
    evening.house.reports = credit_s > 0
    evening.says(8.0)
    evening.run(2.0)
    evening.house.listens = False
    evening.run(0.3)  # sent, and lost
    evening.streams.lose()
    evening.house.forget()
    evening.house.speaks = evening.house.reports = False
    evening.run(10.0)
    heard = evening.heard_s
    assert heard == pytest.approx(2.3 if credit_s == 0 else 2.1, abs=0.25)
    evening.run(15.0)
    assert evening.heard_s == heard, "the loudspeaker is held"
    evening.streams.take_up()
    evening.house.listens = evening.house.speaks = True
    evening.house.reports = credit_s > 0
    evening.run(0.05)
    again = next(each for each in evening.got if not isinstance(each, int) and each.again)
    assert again.start_ms / 1000 == pytest.approx(heard, abs=0.021)
    assert evening.heard_s == pytest.approx(heard, abs=0.15), "what is sent again has not been heard"
    evening.run(8.0)
    assert evening.playback.done(evening.clock.now())
    values = set(evening.ramp().tolist())
    assert values.issuperset(range(round(1000 + heard * 1000) + 30, 8970)), "from there to the end"


def played_on_while_lost() -> Evening:
    """A client that went on with what it had while its connection was lost, and has just said so."""
    evening = Evening()
    evening.says(8.0)
    evening.run(2.0)
    evening.streams.lose()
    evening.house.listens = False
    before = evening.played_s
    evening.run(0.4)
    assert evening.played_s == pytest.approx(before + 0.4, abs=0.02)
    evening.house.listens = True
    return evening


def test_what_a_client_plays_while_its_connection_is_lost_counts_as_heard() -> None:
    evening = played_on_while_lost()
    evening.house.speaks = False  # its user stops it
    evening.streams.way.told(Played(1, round(evening.played_s * 1000), 4000, 0, 0))
    evening.streams.take_up()
    evening.run(0.02)
    assert evening.heard_s == pytest.approx(evening.played_s, abs=0.03)


def test_what_a_client_played_while_its_connection_was_lost_is_not_sent_again() -> None:
    evening = played_on_while_lost()
    count = len(evening.got)
    played_ms = round(evening.played_s * 1000)
    evening.streams.way.told(Played(1, played_ms, 4000, 0, 0))
    evening.streams.take_up()
    evening.run(0.02)
    first = next(each for each in evening.got[count:] if not isinstance(each, int))
    assert first.start_ms >= played_ms - 1
    evening.run(8.0)
    assert evening.playback.done(evening.clock.now())
    assert evening.played_s == pytest.approx(8.0, abs=0.03)  # and a fade
    assert set(evening.ramp().tolist()).issuperset(range(1100, 8970))


def test_a_second_connection_at_once_loses_nothing() -> None:
    evening = Evening()
    evening.says(5.0)
    for _ in range(20):
        evening.run(0.2)
        evening.house.forget()
        evening.streams.lose()
        evening.streams.take_up()
    evening.run(6.0)
    assert evening.playback.done(evening.clock.now())
    assert set(evening.ramp().tolist()).issuperset(range(1100, 5900))


def test_reports_are_not_trusted() -> None:
    evening = Evening()
    evening.house.reports = False
    evening.says(20.0)
    evening.run(0.1)
    for report in (
        Played(99, 10_000, 1 << 31, 0, 0),
        Played(0, 0, 0, 0, 0),
        Played(1, 0, 1 << 31, 1 << 31, 1 << 31),
    ):
        evening.streams.way.told(report)
        evening.run(0.3)
        sent = sum(len(each.samples) for each in evening.got if not isinstance(each, int)) / RATE_HZ
        assert sent <= CREDIT_S + BLOCK_S
        assert evening.heard_s <= 0.1
    evening.streams.way.told(Played(1, 1 << 31, 0, 0, 0))  # it says that it has played more than it was sent
    evening.run(0.3)
    assert evening.heard_s <= sent
    for _ in range(200):
        evening.streams.way.told(Played(1, 0, 1 << 31, 0, 0))
        evening.run(0.1)
    kept = evening.streams.way.stats()
    assert kept.fill is not None
    assert kept.fill <= kept.capacity == MOST_S * 1000
