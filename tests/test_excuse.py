"""Failures that are told by voice, in virtual time: when, in which words, and when not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.stepped import Stepped
from tests.test_cueing import sounds, waits
from tests.test_floor import asked, of, ordered
from tests.test_talking import RATE_HZ, silence, tone
from tests.world import World
from voicecli import events
from voicecli.cli.talk.session import spoken_errors
from voicecli.config import Config, SynthesizeConfig, TurnConfig
from voicecli.floor import facts
from voicecli.floor import orders as to
from voicecli.floor.agent.cueing import PHRASES as CUES
from voicecli.floor.agent.excuse import LONGEST_S, NO_ANSWER, NOT_HEARD, PHRASES, WAITS_S
from voicecli.listen.gate.segment import State
from voicecli.messages import FRAME_S
from voicecli.view.live.live import LiveView, terminal_console
from voicecli.view.plain import PlainView

if TYPE_CHECKING:
    from collections.abc import Collection

ENGLISH = PHRASES["en"]


def a_world(others: Collection[str] = ()) -> World:
    """Its phrases are made."""
    world = World(others=others, speaks_errors=True)
    while world.making:
        world.voice()
    return world


def said(world: World) -> list[tuple[str, str]]:
    """Language and text of what was said of failures."""
    return [(cue.language, cue.text) for _, cue in world.cues]


def fails(world: World) -> None:
    """A question whose answer fails before its first word."""
    waits(world)
    world.author(fails=True)


def test_an_apology_in_place_of_the_reply_is_enough() -> None:
    world = a_world()
    waits(world)
    world.author(fails=True, apologises=True)
    world.is_quiet(5.0)
    assert said(world) == []


def test_it_is_off_in_a_floor_that_is_not_asked_for_it() -> None:
    world = World()
    assert world.making is None
    fails(world)
    world.is_quiet(5.0)
    assert not world.cues
    assert len(of(world, events.Failed)) == 1


def test_an_answer_that_fails_is_told_by_voice_once_as_soon_as_the_turn_is_over() -> None:
    world = a_world()
    fails(world)
    world.is_quiet(FRAME_S)
    assert said(world) == [("", ENGLISH[NO_ANSWER])]
    world.is_quiet(20.0)
    assert len(world.cues) == 1
    assert len(of(world, events.Failed)) == 1
    fails(world)
    world.is_quiet(FRAME_S)
    assert len(world.cues) == 2, "another failure"


def test_it_is_not_remembered_as_the_agent_s_words_and_no_event_has_it() -> None:
    world = a_world()
    fails(world)
    world.is_quiet(3.0)
    assert not any(isinstance(event, events.Speaking | events.Cued) for event in world.told)
    assert [heard for _, heard in world.done()] == [""]
    messages = world.floor.memory.messages_for("what else?")
    assert not any(ENGLISH[NO_ANSWER] in message.content for message in messages)
    assert "line number 1" in messages[-1].content, "the question is not forgotten"
    assert world.floor.memory.last == ""


def test_words_that_could_not_be_written_down_are_told_by_voice() -> None:
    world = a_world()
    world.speaks()
    for _ in range(30):
        world.is_quiet(0.1)
        world.scribe(fails=True)
    assert said(world) == [("", ENGLISH[NOT_HEARD])]
    world.settles()
    world.check_settled()


def test_a_voice_that_fails_says_nothing_of_it() -> None:
    world = a_world()
    waits(world)
    for _ in range(world.clauses + 1):
        world.author()
    for _ in range(world.clauses):
        world.voice(fails=True)
    world.works(play=True)
    world.is_quiet(5.0)
    assert world.done() == [(1, "")]
    assert len(of(world, events.Failed)) == 1
    assert not world.cues


def test_where_the_phrases_could_not_be_made_nothing_is_said() -> None:
    world = World(speaks_errors=True)
    while world.making:
        world.voice(fails=True)
    fails(world)
    world.is_quiet(5.0)
    assert not world.cues


def test_after_a_reply_that_broke_off_it_is_told_when_its_words_have_sounded() -> None:
    world = a_world()
    waits(world)
    world.author()
    world.author(fails=True)
    world.voice()
    world.plays()
    assert world.audible
    assert not world.cues
    world.plays()
    world.is_quiet(FRAME_S)
    assert said(world) == [("", ENGLISH[NO_ANSWER])]
    assert world.done() == [(1, "Clause 1 to 1.")]


def sounds_begin(world: World, seconds: float) -> None:
    """What may begin a word, again and again, and begins none."""
    for _ in range(round(seconds / FRAME_S)):
        world.now += FRAME_S
        world.post(facts.Frame(world.now - FRAME_S, -40.0, 0.9, State.STARTING, 0.0, 0.0))


@pytest.mark.parametrize(("seconds", "said_then"), [(WAITS_S - 0.3, 1), (WAITS_S + 0.3, 0)])
def test_it_waits_until_the_user_is_silent_and_not_for_long(seconds: float, said_then: int) -> None:
    world = a_world()
    waits(world)
    sounds_begin(world, 0.1)
    world.author(fails=True)
    sounds_begin(world, seconds)
    assert not world.cues
    world.is_quiet(3.0)
    assert len(world.cues) == said_then


def test_words_that_could_not_be_written_down_are_no_matter_where_an_earlier_question_is_answered() -> None:
    world = a_world()
    fails(world)
    world.is_quiet(1.0)
    world.speaks("more")
    for _ in range(30):
        world.is_quiet(0.1)
        world.scribe(fails=True)
    world.settles()
    assert world.done()[-1][1]
    assert said(world) == [("", ENGLISH[NO_ANSWER])]


def test_who_goes_on_or_calls_it_off_hears_nothing_of_it() -> None:
    world = a_world()
    waits(world)
    world.speaks("and more")
    world.author(fails=True)
    world.is_quiet(FRAME_S)
    assert not world.cues
    world.settles()
    assert "and more" in asked(world)[-1]
    waits(world)
    world.interrupts()
    world.author(fails=True)
    world.is_quiet(5.0)
    assert not world.cues


def test_who_calls_it_off_before_it_is_known_that_they_were_not_heard_is_not_told() -> None:
    world = a_world()
    world.speaks()
    world.is_quiet(2.0)
    world.interrupts()
    for _ in range(10):
        world.scribe(fails=True)
        world.is_quiet(0.1)
    assert world.floor.idle
    assert not world.cues


def test_speech_over_it_silences_it_and_is_heard() -> None:
    world = a_world()
    fails(world)
    world.is_quiet(FRAME_S)
    assert sounds(world)
    world.speaks("what else", 0.7)
    assert not sounds(world)
    world.is_quiet(0.3)
    world.works()
    world.settles()
    assert asked(world)[-1].endswith("what else")
    world.check_settled()


def test_it_is_in_the_language_of_the_answer_and_where_there_are_no_words_of_it_in_english() -> None:
    world = a_world(others=["de", "da"])
    for language, expected in (("de", PHRASES["de"]), ("da", ENGLISH), ("fi", ENGLISH), ("en", ENGLISH)):
        waits(world, language=language)
        world.author(fails=True)
        world.settles()
        assert said(world)[-1][1] == expected[NO_ANSWER], language
    assert [language for language, _ in said(world)] == ["de", "da", "", ""]


def test_cues_and_what_is_said_of_failures_are_made_one_after_the_other() -> None:
    world = World(turn=TurnConfig(thinking="words"), speaks_errors=True)
    while world.making:
        world.voice()
    made = ordered(world, to.MakeCue)
    assert [order.text for order in made] == [*ENGLISH, *CUES["en"]]
    assert {order.longest_s for order in made} == {LONGEST_S, to.LONGEST_CUE_S}


# ---- a talk


def test_in_a_talk_it_is_heard_and_the_next_question_is_answered() -> None:
    synthesize = SynthesizeConfig(speak_errors="on")
    talk = Stepped("what is", "the time", replies=(RuntimeError("no"),), synthesize=synthesize)
    talk.works()
    talk.hears(silence(0.3), tone(0.6))
    talk.hears(silence(1.0))
    talk.transcribes()
    talk.hears(silence(1.0))
    talk.played.clear()
    talk.works()
    talk.hears(silence(2.0))
    sounding_s = np.count_nonzero(np.concatenate(talk.played)) / RATE_HZ
    assert sounding_s == pytest.approx(0.1 * len(ENGLISH[NO_ANSWER].split()), abs=0.05)
    assert len([event for event in talk.told() if isinstance(event, events.Failed)]) == 1
    talk.hears(tone(0.6, 1), silence(1.0))
    for _ in range(20):
        talk.works()
        talk.hears(silence(0.2))
    (done,) = [event for event in talk.told() if isinstance(event, events.TurnDone)]
    assert done.heard == "You said: what is the time."


def test_unless_it_is_set_it_depends_on_whether_somebody_looks() -> None:
    live, plain = LiveView(terminal_console(io.StringIO())), PlainView(io.StringIO())
    settled = [spoken_errors(Config(), view).synthesize.speak_errors for view in (live, plain)]
    assert settled == ["off", "on"]
    for choice in ("on", "off"):
        config = Config(synthesize=SynthesizeConfig(speak_errors=choice))
        assert spoken_errors(config, live) == spoken_errors(config, plain) == config


@pytest.mark.parametrize("code", PHRASES)
def test_each_language_has_a_phrase_for_each_failure(code: str) -> None:
    assert len(set(PHRASES[code])) == 1 + max(NOT_HEARD, NO_ANSWER)
    assert set(PHRASES) == set(CUES)
