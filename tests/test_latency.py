"""Which latency is asked of a device: xruns and calm in virtual time."""

from __future__ import annotations

import pytest

from voicecli.devices.recovery.latency import (
    CALM_S,
    LONGEST_CALM_S,
    MOMENT_S,
    SETTLE_S,
    WITHIN_S,
    Following,
)

POLL_S = 0.1


class Played:
    """A device that is opened anew, at once, whenever that is due; loses sound when the test says so."""

    def __init__(self, start_ms: int = 40, most_ms: int = 200) -> None:
        self.following = Following(start_ms, most_ms)
        self.now, self.xruns = 100.0, 0
        self.following.opened(self.now)
        self.asked = [start_ms]

    def calm(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += POLL_S
            self.following.see(self.xruns, self.now)
            if self.following.due(self.now):
                self.following.step(self.now)
                self.following.opened(self.now)
                self.asked.append(self.following.asked_ms)

    def loses(self, *, every_s: float = 2 * MOMENT_S, times: int = 2) -> None:
        for _ in range(times):
            self.xruns += 1
            self.calm(every_s)

    def grow(self) -> None:
        self.calm(SETTLE_S + POLL_S)
        self.loses()


def test_two_losses_grow_it_by_a_step_until_the_most_that_is_allowed() -> None:
    device = Played()
    for _ in range(8):
        device.grow()
    assert device.asked == [40, 60, 90, 135, 200]


@pytest.mark.parametrize(
    ("every_s", "times"), [(WITHIN_S + 1, 5), (MOMENT_S / 4, 3)], ids=["far apart", "one burst"]
)
def test_losses_that_are_rare_or_have_one_cause_change_nothing(every_s: float, times: int) -> None:
    device = Played()
    device.calm(SETTLE_S + POLL_S)
    device.loses(every_s=every_s, times=times)
    device.calm(WITHIN_S)
    assert device.asked == [40]


def test_losses_of_a_device_that_was_just_opened_change_nothing() -> None:
    device = Played()
    device.loses(every_s=POLL_S, times=round((SETTLE_S - POLL_S) / POLL_S))
    device.calm(60)
    assert device.asked == [40]


def test_calm_shrinks_it_step_by_step_to_where_it_began() -> None:
    device = Played()
    for _ in range(3):
        device.grow()
    device.asked.clear()
    device.calm(CALM_S - 3)
    assert device.asked == []
    device.calm(10 * CALM_S)
    assert device.asked == [90, 60, 40]


def test_a_calm_that_was_too_short_doubles_each_time_and_has_a_bound() -> None:
    device, calms = Played(), []
    device.grow()
    for _ in range(8):
        since = device.now
        while device.following.asked_ms > 40:
            device.calm(1.0)
        calms.append(device.now - since)
        device.grow()
    wanted = [min(LONGEST_CALM_S, CALM_S * 2**n) for n in range(8)]
    assert calms == pytest.approx(wanted, abs=5)


def test_growing_twice_without_a_shrink_between_does_not_double_the_calm() -> None:
    device = Played()
    device.grow()
    device.grow()
    device.asked.clear()
    device.calm(2 * CALM_S + 10)
    assert device.asked == [60, 40]


def test_where_the_most_is_less_than_the_start_it_stays_there() -> None:
    device = Played(300, 200)
    device.grow()
    device.calm(2 * CALM_S)
    assert device.asked == [300]
