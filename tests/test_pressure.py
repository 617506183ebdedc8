"""Whether a talk keeps up: the level, the steps, lateness and growth; as laws, without a talk."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.waiting.lateness import FRESH_S, IN_A_ROW, KNOWN, REMEMBERED, Lateness
from voicecli.waiting.pressure import (
    BUCKET_S,
    EASE,
    FALL_S,
    RISE_S,
    Growth,
    Level,
    Pressure,
    PressureLimits,
    Reading,
    steadily,
)
from voicecli.waiting.quality import BEST, HURRY_S, STEP_S, STEPS, Ladder, Quality, quality_after

LIMITS = PressureLimits()
TICK_S = 0.1
CALM_S = 8.0
NOTHING = Reading("ring")


def goes(pressure: Pressure, reading: Reading, seconds: float, begins: float = 0.0) -> list[Level]:
    """The level at each tick."""
    return [
        pressure.push(begins + TICK_S * tick, [NOTHING, reading])
        for tick in range(round(seconds / TICK_S) + 1)
    ]


@pytest.mark.parametrize("name", ["fill", "lag_s", "late_s"])
@pytest.mark.parametrize(("which", "level"), [(0, "warning"), (1, "critical")])
def test_each_measure_by_itself_raises_the_level(name: str, which: int, level: Level) -> None:
    limit = getattr(LIMITS, name)[which]
    assert goes(Pressure(LIMITS), Reading("x", **{name: limit}), 2.0)[-1] == level
    below = "calm" if which == 0 else "warning"
    assert goes(Pressure(LIMITS), Reading("x", **{name: limit * 0.99}), 2.0)[-1] == below


def test_a_hiccup_raises_nothing_and_what_lasts_does_when_it_has_lasted() -> None:
    pressure, late = Pressure(LIMITS), Reading("voice", late_s=LIMITS.late_s[0])
    assert set(goes(pressure, late, RISE_S - TICK_S)) == {"calm"}
    assert set(goes(pressure, NOTHING, 1.0, 10.0)) == {"calm"}
    levels = goes(pressure, late, 2.0, 20.0)
    assert levels.index("warning") == pytest.approx(RISE_S / TICK_S, abs=1)


def test_the_level_falls_below_a_lower_threshold_only_and_one_level_at_a_time() -> None:
    pressure, much = Pressure(LIMITS), LIMITS.lag_s[1]
    assert goes(pressure, Reading("x", lag_s=much), 2.0)[-1] == "critical"
    assert set(goes(pressure, Reading("x", lag_s=much * EASE), 60.0, 10.0)) == {"critical"}
    levels = goes(pressure, NOTHING, 3 * FALL_S, 100.0)
    assert [level for level, before in zip(levels, ["", *levels], strict=False) if level != before] == [
        "critical",
        "warning",
        "calm",
    ]
    assert levels.index("warning") == pytest.approx(FALL_S / TICK_S, abs=1)


def test_what_goes_to_and_fro_between_the_thresholds_changes_the_level_once() -> None:
    pressure, limit = Pressure(LIMITS), LIMITS.fill[0]
    levels = [
        pressure.push(TICK_S * tick, [Reading("x", limit if tick // 10 % 2 == 0 else limit * (EASE + 0.05))])
        for tick in range(600)
    ]
    assert sum(one != two for one, two in pairwise(levels)) == 1


@given(st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_the_level_never_jumps_down_and_never_rises_above_what_was_reached(fills: list[float]) -> None:
    pressure, order = Pressure(LIMITS), ["calm", "warning", "critical"]
    at = [order.index(pressure.push(0.3 * tick, [Reading("x", fill)])) for tick, fill in enumerate(fills)]
    assert all(later >= before - 1 for before, later in pairwise(at))
    assert max(at) <= max(sum(fill >= limit for limit in LIMITS.fill) for fill in fills)


# ---- steps


def test_each_step_is_one_field_and_each_field_has_a_step() -> None:
    changed = []
    for count, step in enumerate(STEPS):
        before, after = quality_after(STEPS[:count]), quality_after(STEPS[: count + 1])
        differ = [
            each.name for each in fields(Quality) if getattr(before, each.name) != getattr(after, each.name)
        ]
        assert differ == [step.name]
        changed += differ
    assert sorted(changed) == sorted(each.name for each in fields(Quality))
    assert quality_after(()) == BEST


def climbs(ladder: Ladder, level: Level, seconds: float, begins: float) -> list[float]:
    """When it moved, from the beginning."""
    ticks = [TICK_S * tick for tick in range(round(seconds / TICK_S) + 1)]
    return [at for at in ticks if ladder.push(begins + at, level)]


@pytest.mark.parametrize(("level", "wait_s"), [("warning", STEP_S), ("critical", HURRY_S)])
def test_the_first_step_comes_at_once_and_each_is_given_time(level: Level, wait_s: float) -> None:
    ladder = Ladder(CALM_S)
    ladder.push(0.0, "calm")
    moved = climbs(ladder, level, 10 * STEP_S, 100.0)
    assert moved == pytest.approx([wait_s * count for count in range(len(STEPS))], abs=0.3)
    assert ladder.taken == STEPS


def test_the_way_back_is_slow_one_step_at_a_time() -> None:
    ladder = Ladder(CALM_S)
    climbs(ladder, "critical", 10.0, 0.0)
    moved = climbs(ladder, "calm", 100.0, 20.0)
    assert moved == pytest.approx([CALM_S * count for count in range(1, len(STEPS) + 1)], abs=0.3)
    assert ladder.taken == ()


def test_pressure_that_comes_back_begins_the_wait_for_calm_anew() -> None:
    ladder = Ladder(CALM_S)
    climbs(ladder, "critical", 1.5, 0.0)
    taken = ladder.count
    climbs(ladder, "calm", CALM_S - 1, 2.0)
    ladder.push(20.0, "warning")
    assert climbs(ladder, "calm", CALM_S - 1, 21.0) == []
    assert ladder.count == taken + 1


# ---- lateness


def known(seconds: float = 0.2, count: int = KNOWN) -> Lateness:
    """Of an engine that usually takes so long."""
    lateness = Lateness({"judge": 0.5})
    for at in range(count):
        lateness.took("voice", float(at), seconds)
    return lateness


def test_an_engine_that_is_always_slow_is_not_late() -> None:
    lateness = known(9.0, 30)
    assert lateness.late_s("voice", 30.0) == 0.0


def test_an_engine_with_a_bound_is_late_beyond_it_from_the_beginning_and_however_usual_that_is() -> None:
    lateness = Lateness({"judge": 0.5})
    assert lateness.late_s("judge", 0.0, under_way_s=2.0, size=2.0) == pytest.approx(1.0)
    for at in range(30):
        lateness.took("judge", float(at), 2.0, size=2.0)
    assert lateness.late_s("judge", 30.0) == pytest.approx(1.0)
    for at in range(60):
        lateness.took("judge", 30.0 + at, 0.2, size=2.0)
    assert lateness.late_s("judge", 90.0, under_way_s=0.8, size=2.0) == pytest.approx(0.6), (
        "the usual is less"
    )


def test_one_late_call_is_no_lateness_and_two_of_three_are() -> None:
    lateness = known()
    lateness.took("voice", 10.0, 1.2)
    assert lateness.late_s("voice", 10.0) == 0.0
    lateness.took("voice", 11.0, 1.4)
    assert lateness.late_s("voice", 11.0) == pytest.approx(1.0)
    assert lateness.late_s("judge", 11.0) == 0.0, "each engine for itself"


def test_a_call_under_way_counts_as_soon_as_it_is_late() -> None:
    lateness = known()
    assert lateness.late_s("voice", 10.0, under_way_s=0.2) == 0.0
    assert lateness.late_s("voice", 10.0, under_way_s=1.2) == pytest.approx(1.0)


def test_more_work_may_take_longer() -> None:
    lateness = known(0.2)
    for at in range(IN_A_ROW):
        lateness.took("voice", 10.0 + at, 2.0, size=10.0)
    assert lateness.late_s("voice", 12.0) == 0.0
    assert lateness.late_s("voice", 12.0, under_way_s=2.0, size=10.0) == 0.0


def test_lateness_is_of_now() -> None:
    lateness = known()
    for at in range(IN_A_ROW):
        lateness.took("voice", 10.0 + at, 1.2)
    assert lateness.late_s("voice", 12.0 + FRESH_S + 0.1) == 0.0


def test_what_stays_becomes_the_usual() -> None:
    lateness = known(0.2, REMEMBERED)
    late = []
    for at in range(REMEMBERED):
        lateness.took("voice", float(at), 1.2)
        late.append(lateness.late_s("voice", float(at)))
    assert late[10] == pytest.approx(1.0)
    assert late[REMEMBERED // 3] == pytest.approx(1.0), "minutes of load are late for minutes"
    assert late[-1] == 0.0


# ---- growth


def watched(fill: list[float]) -> list[tuple[float, str]]:
    """What is told of a place, one fill a second."""
    growth = Growth(LIMITS)
    return [
        (float(at), name)
        for at, each in enumerate(fill)
        for name in growth.push(float(at), [Reading("x", each)])
    ]


def test_a_slow_leak_is_told_once_long_before_the_place_is_full() -> None:
    leak = [at * 0.0004 for at in range(900)]  # full after 40 minutes
    ((at, name),) = watched(leak)
    assert name == "x"
    assert LIMITS.growth_s <= at < LIMITS.growth_s + 3 * BUCKET_S
    assert leak[int(at)] < LIMITS.fill[0] * EASE


def test_a_leak_in_bursts_is_found_by_what_is_left_between_them() -> None:
    assert len(watched([at * 0.0004 + 0.3 * (at % 7 == 0) for at in range(900)])) == 1


@pytest.mark.parametrize(
    "fill",
    [
        [0.0] * 900,
        [0.4] * 900,
        [0.45 * (at % 60) / 60 for at in range(900)],
        [0.4 if at > 400 else 0.0 for at in range(900)],
        [at * 0.0001 for at in range(900)],
    ],
    ids=["empty", "half full", "filled and emptied each minute", "one rise", "too little"],
)
def test_what_does_not_grow_steadily_is_not_told(fill: list[float]) -> None:
    assert watched(fill) == []


def test_a_place_that_was_emptied_and_grows_again_is_told_again() -> None:
    leak = [at * 0.0004 for at in range(300)]
    assert len(watched([*leak, *[0.0] * 30, *leak])) == 2


@given(st.lists(st.floats(0, 1), min_size=3, max_size=20))
def test_falling_is_no_growth(fills: list[float]) -> None:
    assert steadily(sorted(fills, reverse=True)) == 0.0
