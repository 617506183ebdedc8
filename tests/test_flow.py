"""Every place where something waits holds at five times the rate: its bound, its policy, its counts."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts import backpressure
from tests import flow_drivers as sound
from tests import flow_replies as replies
from tests import flow_satellite as far
from tests.stepped import Stepped
from tests.test_talking import silence, tone
from voicecli.aloud.clauses import ClauseSplitter
from voicecli.aloud.lengths import CLAUSE_REST
from voicecli.config import AudioConfig, Config
from voicecli.listen.gate.segment import Segmenter
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame, ScoredFrame
from voicecli.satellite import DECLARED
from voicecli.talk.report import declared, places
from voicecli.waiting.buffers import POLICIES, Buffer, added_ms

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = Config()
PLACES = {place.name: place for place in declared(CONFIG)}
EVERYWHERE = {**PLACES, **{place.name: place for place in DECLARED}}
"""With those of a talk whose engines are elsewhere."""

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
    "sound to the server": far.OfSoundOut,
    "requests to the server": far.OfRequestsOut,
    "sound of the server": far.OfServerSound,
}

UNDER_PRESSURE_S = 60.0
RECOVERS_S = 2.0


def bounded(driver: sound.Driver) -> None:
    stats = driver.stats()
    assert stats.fill is not None
    assert stats.fill <= stats.capacity
    assert stats.peak is None or stats.peak <= stats.capacity


def held_bytes() -> int:
    gc.collect()  # views of numpy refer to one another in circles
    return tracemalloc.get_traced_memory()[0]


def pressed(driver: sound.Driver, seconds: float, times: float) -> None:
    """The producer offers `times` what the consumer can take, both evenly."""
    if isinstance(driver, replies.OfReply):
        driver.drive(seconds)
        bounded(driver)
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


@pytest.mark.parametrize("name", EVERYWHERE)
def test_at_five_times_the_rate_the_bound_holds_losses_are_counted_and_it_recovers(name: str) -> None:
    place = EVERYWHERE[name]
    tracemalloc.start()
    try:
        driver = DRIVERS[name](place)
        pressed(driver, UNDER_PRESSURE_S / 4, 5)
        before = held_bytes()
        pressed(driver, UNDER_PRESSURE_S * 3 / 4, 5)
        after = held_bytes()
    finally:
        tracemalloc.stop()
    assert after - before < driver.growth, "memory is flat"
    assert driver.stats().policy == place.policy
    if place.policy == "block":
        assert driver.lost == 0
        assert driver.refused or driver.waits or isinstance(driver, sound.Through), "the writer had to wait"
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
    assert len(EVERYWHERE) == len(declared(CONFIG)) + len(DECLARED)
    for place in EVERYWHERE.values():
        assert place.policy in POLICIES
        assert len(place.why.split()) > 5
        assert ": " not in place.name


def test_the_audit_of_a_talk_lists_every_place_in_order_with_what_waits_there() -> None:
    talk = Stepped("what is it", audio=AudioConfig())
    talk.hears(silence(0.3), tone(0.6), silence(0.2))
    rows = places(talk.devices, talk.crew, CONFIG)
    shown = [row.name.partition(": ")[0] for row in rows]
    absent = {
        "facts",
        "stand-in device",
    }  # nobody reads the facts, both devices are those that were asked for
    assert list(dict.fromkeys(shown)) == [name for name in PLACES if name not in absent]
    assert [name for name in shown if shown.count(name) > 1] == ["resampler", "resampler"]
    for row, place in ((row, PLACES[row.name.partition(": ")[0]]) for row in rows):
        assert (row.unit, row.policy) == (place.unit, place.policy)
        assert row.name.startswith(("microphone: ", "loudspeaker: ")) or row.capacity == place.capacity
        assert row.fill is None or 0 <= row.fill <= row.capacity
    by_name = {row.name: row for row in rows}
    assert (by_name["segment"].fill or 0) > 600, "what is being said"
    assert (by_name["events: test"].peak or 0) > 0
    nobody_can_look = {row.name for row in rows if row.fill is None}
    assert {"typed line", "server line", "thinking", "command output"} <= nobody_can_look


def test_a_device_adds_what_it_reports_beside_what_was_asked_of_it() -> None:
    talk = Stepped()
    asked = {row.name: row for row in places(talk.devices, talk.crew, CONFIG)}
    talk.devices.microphone = replace(talk.devices.microphone, reported_s=0.087)
    told = {row.name: row for row in places(talk.devices, talk.crew, CONFIG)}
    name = f"microphone: {talk.devices.microphone.name}"
    assert (asked[name].adds_ms, asked[name].asked_ms) == (20.0, 20.0)
    assert (round(told[name].adds_ms), told[name].asked_ms) == (87, 20.0)
    assert round(added_ms(told.values()) - added_ms(asked.values())) == 67
    assert "canceller" not in told, "with headphones there is none"


def test_the_final_pass_takes_the_place_of_a_look_that_waits() -> None:
    driver = sound.OfScribe(PLACES["speech"])
    driver.look = True
    driver.offer()
    driver.offer()
    turn, said = driver.turn, driver.utterance()
    driver.scribing.offer(turn.number, driver.exchange.segment, said, paused=True)
    assert (driver.scribing.looks().fill, driver.scribing.looks().losses) == (0, 1)
    assert driver.scribing.stats().fill == 1
    driver.take()
    assert driver.with_scribe[0].utterance is said


def test_speech_over_the_agent_is_looked_at_beside_the_turn_and_only_its_newest_look_waits() -> None:
    driver = sound.OfLooks(PLACES["looks"])
    driver.offer()
    driver.offer()
    for look in (1, 2, 3):
        driver.scribing.offer(2, 2, driver.utterance(), overlap=look)
    assert (driver.scribing.looks().fill, driver.scribing.looks().losses) == (2, 2)


def test_losses_in_a_pause_make_no_segment_longer_than_its_bound() -> None:
    segmenter = Segmenter(CONFIG.segment, 1.2)
    script = [(0, 0.99)] * 600 + [(62, 0.0)] * 30  # frames lost before each, and its probability
    position = 0
    for lost, probability in script:
        position += lost * FRAME_SAMPLES
        samples = np.full(FRAME_SAMPLES, 0.1, np.float32)
        frame = Float32Frame(samples, position, position / RATE_HZ)
        segmenter.push(ScoredFrame(frame, probability, -20.0))
        position += FRAME_SAMPLES
        assert (segmenter.stats().fill or 0) <= PLACES["segment"].capacity


@pytest.mark.parametrize("after", ["so\n\n    x = f(1);\n", "so\n\n", "| a | b |\n", "```\n"])
@pytest.mark.parametrize("mark", [" ", "\t", "-", "=", ">", "`", "x"])
def test_a_line_without_an_end_is_not_kept_whole(after: str, mark: str) -> None:
    splitter = ClauseSplitter()
    splitter.push(after)
    for _ in range(60):
        splitter.push(mark * 100)
        assert splitter.held <= CLAUSE_REST.capacity
