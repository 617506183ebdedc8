"""Every place where something waits holds at five times the rate: its bound, its policy, its counts."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from scripts import backpressure
from tests import flow_drivers as sound
from tests import flow_replies as replies
from voicecli.config import Config
from voicecli.talk.report import declared
from voicecli.waiting.buffers import POLICIES, Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = Config()
PLACES = {place.name: place for place in declared(CONFIG)}

DRIVERS: dict[str, Callable[[Buffer], sound.Driver]] = {
    "microphone": sound.OfMicrophone,
    "stand-in device": sound.OfStandIn,
    "microphone ring": sound.OfRing,
    "resampler": sound.OfResampler,
    "echo reference": sound.OfReference,
    "canceller": sound.OfCanceller,
    "echo steps": sound.OfEchoSteps,
    "detector frame": sound.OfFrame,
    "segment": sound.OfSegment,
    "to the ear": sound.OfChannel,
    "to the judge": sound.OfChannel,
    "speech": sound.OfScribe,
    "looks": sound.OfLooks,
    "to the scribe": sound.OfChannel,
    "command output": sound.OfChannel,
    "typed line": sound.OfTypedLine,
    "keys and lines": sound.OfLines,
    "unanswered words": sound.OfUnanswered,
    "conversation": sound.OfConversation,
    "to the author": sound.OfChannel,
    "server line": sound.OfServerLine,
    "thinking": replies.OfThinking,
    "clause rest": replies.OfClauseRest,
    "reply": replies.OfReply,
    "to the mouth": sound.OfChannel,
    "part of a clause": replies.OfPart,
    "jitter buffer": replies.OfPlayback,
    "cue": replies.OfCue,
    "loudspeaker": replies.OfLoudspeaker,
    "events": sound.OfLog,
    "facts": sound.OfLog,
}

TICK_S = 0.5
UNDER_PRESSURE_S = 60.0
RECOVERS_S = 2.0
GROWTH = 100_000
"""Bytes by which memory may grow in the last 45 s: what was allocated once, and Python's own caches."""


def bounded(driver: sound.Driver) -> None:
    stats = driver.stats()
    assert stats.fill is not None
    assert stats.fill <= stats.capacity


def pressed(driver: sound.Driver, seconds: float, times: float) -> None:
    """The producer offers `times` what the consumer can take, both evenly."""
    if isinstance(driver, replies.OfReply):
        driver.drive(seconds)
        return
    steps = round(seconds * driver.rate)
    due = 0.0
    driver.pressed = times > 1
    for _ in range(steps):
        due += times
        while due >= 1:
            due -= 1
            driver.offer()
            bounded(driver)
        driver.take()


@pytest.mark.parametrize("name", PLACES)
def test_at_five_times_the_rate_the_bound_holds_losses_are_counted_and_it_recovers(name: str) -> None:
    place = PLACES[name]
    tracemalloc.start()
    try:
        driver = DRIVERS[name](place)
        pressed(driver, UNDER_PRESSURE_S / 4, 5)
        before, _ = tracemalloc.get_traced_memory()
        pressed(driver, UNDER_PRESSURE_S * 3 / 4, 5)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < GROWTH, "memory is flat"
    assert driver.stats().policy == place.policy
    if place.policy == "block":
        assert driver.lost == 0
        assert driver.refused or getattr(driver, "waits", 0) or isinstance(driver, sound.Through), "the writer had to wait"
    else:
        assert driver.lost > 0
    pressed(driver, RECOVERS_S, 0.2)
    lost = driver.lost
    fill = driver.stats().fill
    assert fill is not None
    assert fill <= driver.rests_at, "it has recovered"
    pressed(driver, RECOVERS_S, 0.2)
    assert driver.lost == lost or name in KEEPS_LOSING, "nothing is lost at a rate it can keep"
    if driver.exact:
        assert driver.offered - driver.refused == driver.taken + driver.lost + round(driver.inside)
    driver.check_policy()


KEEPS_LOSING = ("conversation", "unanswered words", "thinking", "server line")


def test_the_page_is_what_the_declarations_say() -> None:
    assert backpressure.PAGE.read_text(encoding="utf-8") == backpressure.page()


def test_every_place_has_a_reason_and_names_of_its_own() -> None:
    assert len(PLACES) == len(declared(CONFIG))
    for place in PLACES.values():
        assert place.policy in POLICIES
        assert len(place.why.split()) > 5
        assert ": " not in place.name
