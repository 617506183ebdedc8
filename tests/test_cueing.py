"""When a cue comes while an answer is long in coming, in virtual time: a floor alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.test_floor import asked, of, ordered
from tests.world import World
from voicecli import events
from voicecli.config import TurnConfig
from voicecli.floor import orders as to
from voicecli.floor.agent.cueing import AGAIN_S, MOST, PHRASES, SOON_S
from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from collections.abc import Collection

AFTER_S = 1.5


def a_world(thinking: Literal["off", "sound", "words"] = "sound", others: Collection[str] = ()) -> World:
    turn = TurnConfig(thinking=thinking, thinking_after_ms=round(AFTER_S * 1000))
    return World(others=others, turn=turn)


def waits(world: World, words: str = "", language: str = "en") -> float:
    """A question whose words are known and whose answer is not begun; gives when it was committed."""
    number = world.floor.exchange.newest + 1
    if language != "en":
        words = words or f"line in {language}"
        world.languages[words] = language
    world.speaks(words)
    while (turn := world.floor.exchange.turns.get(number)) is None or turn.answer is None:
        world.is_quiet(FRAME_S)
        world.judge()
        world.scribe()
        if isinstance(world.authoring, to.ReadAhead):
            world.author()
    assert turn.decided_at is not None
    return turn.decided_at


def is_quiet_until(world: World, at: float) -> None:
    while world.now < at - FRAME_S:
        world.is_quiet(FRAME_S)


def sounds(world: World) -> bool:
    return world.audible


def making(world: World) -> to.MakeCue | None:
    return world.making


def delays(world: World, since: float) -> list[float]:
    """When the cues came."""
    return [at - since for at, _ in world.cues]


def test_nothing_is_heard_unless_it_is_set() -> None:
    assert TurnConfig().thinking == "off"
    world = a_world("off")
    waits(world)
    world.is_quiet(40)
    assert not world.cues
    assert not ordered(world, to.MakeCue)


def test_an_answer_that_is_long_in_coming_is_announced_once_at_its_time_and_again_4_s_later() -> None:
    world = a_world()
    committed_at = waits(world)
    is_quiet_until(world, committed_at + AFTER_S)
    assert not world.cues
    is_quiet_until(world, committed_at + AFTER_S + AGAIN_S)
    assert delays(world, committed_at) == pytest.approx([AFTER_S], abs=1.5 * FRAME_S)
    world.is_quiet(3 * FRAME_S)
    assert delays(world, committed_at) == pytest.approx([AFTER_S, AFTER_S + AGAIN_S], abs=3 * FRAME_S)
    told = of(world, events.Cued)
    assert [(event.turn, event.count, event.text) for event in told] == [(1, 1, None), (1, 2, None)]
    world.is_quiet(60)
    assert len(world.cues) == MOST


def test_a_quick_answer_is_not_announced() -> None:
    world = a_world()
    waits(world)
    world.is_quiet(AFTER_S - 0.2)
    world.works(play=True)
    world.is_quiet(10)
    assert not world.cues


def test_a_cue_does_not_come_while_the_answer_may_sound_at_any_moment() -> None:
    world = a_world()
    committed_at = waits(world)
    is_quiet_until(world, committed_at + AFTER_S - 0.1)
    world.author()
    clause_at = world.now
    is_quiet_until(world, clause_at + SOON_S)
    assert not world.cues
    world.is_quiet(2 * FRAME_S)  # the voice is slow
    assert delays(world, clause_at) == pytest.approx([SOON_S], abs=1.5 * FRAME_S)


def test_no_cue_comes_once_the_answer_has_sounded() -> None:
    world = a_world()
    waits(world)
    for _ in range(2):
        world.author()
    world.voice()
    world.plays()
    world.is_quiet(20)  # the next clause is long in coming
    assert not world.cues


def test_who_goes_on_before_it_is_due_hears_none_and_is_answered_for_the_whole() -> None:
    world = a_world()
    waits(world, "first words")
    world.is_quiet(AFTER_S - 0.3)
    committed_at = waits(world, "more words")
    assert not world.cues
    world.is_quiet(AFTER_S + 0.1)
    assert delays(world, committed_at) == pytest.approx([AFTER_S], abs=1.5 * FRAME_S)
    world.settles()
    world.check_settled()
    assert asked(world)[-1] == "first words more words"


def test_a_cue_waits_until_the_user_is_silent() -> None:
    """The gate has heard the beginning of a sound, and no more."""
    world = a_world()
    committed_at = waits(world)
    is_quiet_until(world, committed_at + AFTER_S - FRAME_S)
    world.speaks("uh", 2 * FRAME_S)
    assert world.now > committed_at + AFTER_S
    assert not world.cues
    world.is_quiet(2 * FRAME_S)
    assert len(world.cues) == 1


def test_speech_over_a_cue_silences_it_at_once_and_goes_on_with_the_question() -> None:
    world = a_world()
    waits(world, "first words")
    while not world.cues:
        world.is_quiet(FRAME_S)
    assert sounds(world)
    world.speaks("more words", 2 * FRAME_S)
    assert not sounds(world)
    assert world.is_held()
    world.speaks("and more", 0.7)
    world.is_quiet(0.3)
    world.works()
    world.settles()
    world.check_settled()
    assert asked(world)[-1] == "first words more words and more"
    assert next(heard for _, heard in world.done()) == ""


def test_agreement_over_a_cue_changes_nothing() -> None:
    world = a_world()
    waits(world)
    while not world.cues:
        world.is_quiet(FRAME_S)
    world.speaks("Yeah.", 0.25)
    world.is_quiet(0.2)
    world.scribe()
    world.settles()
    world.check_settled()
    assert [turn for turn, _ in world.done()] == [1]


def test_a_cue_is_not_remembered_and_no_time_of_the_turn_tells_of_it() -> None:
    """The same talk with and without."""
    talks = []
    for thinking in ("off", "words"):
        world = a_world(thinking)
        world.works()
        waits(world)
        world.is_quiet(AFTER_S + 1.0)
        world.settles()
        world.check_settled()
        talks.append(world)
    without, with_cue = talks
    assert len(with_cue.cues) == 1
    assert asked(without) == asked(with_cue)
    messages = [world.floor.memory.messages_for("what else?") for world in talks]
    assert messages[0] == messages[1]
    (before,), (after,) = (of(world, events.TurnDone) for world in talks)
    assert after.heard == before.heard != ""
    assert after.decided_ms == pytest.approx(before.decided_ms, abs=10)
    for stage, spent_ms in before.latency_ms.items():
        assert after.latency_ms[stage] == pytest.approx(spent_ms, abs=10), stage


def test_a_sound_without_words_is_not_announced() -> None:
    world = a_world()
    world.speaks("uh", 0.1)
    world.is_quiet(10)
    assert not world.cues


def test_a_sound_without_words_that_waits_for_the_author_is_not_announced() -> None:
    world = a_world()
    waits(world)
    world.speaks("uh", 0.1)
    world.is_quiet(10)
    assert world.authoring is not None, "the author is still at the first question"
    assert world.floor.exchange.newest == 2
    assert not world.cues


def test_a_question_whose_words_are_not_known_yet_is_announced_as_soon_as_they_are() -> None:
    world = a_world()
    world.speaks()
    world.is_quiet(6)
    assert not world.cues
    while world.transcribing:
        world.scribe()
    known_at = world.now
    assert not world.cues, "the answer may sound at any moment"
    world.is_quiet(1)
    assert delays(world, known_at) == pytest.approx([SOON_S], abs=1.5 * FRAME_S)


def test_a_question_that_was_called_off_is_not_announced() -> None:
    world = a_world()
    waits(world)
    world.interrupts()
    world.is_quiet(10)
    assert not world.cues


def test_a_typed_line_is_announced_too() -> None:
    world = a_world()
    world.types()
    world.is_quiet(AFTER_S + 0.1)
    assert len(world.cues) == 1


def test_an_answer_that_never_begins_because_an_engine_fails_is_not_announced_any_more() -> None:
    world = a_world()
    waits(world)
    world.author(fails=True)
    world.is_quiet(10)
    assert not world.cues


# ---- words


def test_phrases_are_made_while_nobody_waits_and_said_in_turn_and_then_comes_a_tone() -> None:
    world = a_world("words")
    assert making(world) == to.MakeCue("", PHRASES["en"][0])
    world.voice()
    waits(world)
    world.voice()
    assert making(world) is None, "somebody waits"
    world.is_quiet(AFTER_S + AGAIN_S + 0.3)
    world.settles()
    for _ in range(4):
        world.voice()
    for _ in PHRASES["en"]:
        waits(world)
        world.is_quiet(AFTER_S + 0.1)
        world.settles()
    first, second, third = PHRASES["en"]
    assert [cue.text for _, cue in world.cues] == [first, "", second, third, first]
    assert [event.text for event in of(world, events.Cued)] == [first, None, second, third, first]


def test_phrases_are_made_one_at_a_time_however_long_the_voice_takes() -> None:
    world = a_world("words")
    world.is_quiet(1.0)
    assert len(ordered(world, to.MakeCue)) == 1
    for _ in PHRASES["en"]:
        world.voice()
    assert [order.text for order in ordered(world, to.MakeCue)] == list(PHRASES["en"])


def test_no_phrase_is_said_twice_in_a_row_even_if_there_is_only_one() -> None:
    world = a_world("words")
    world.voice()
    for _ in PHRASES["en"][1:]:
        world.voice(fails=True)
    for _ in range(3):
        waits(world)
        world.is_quiet(AFTER_S + 0.1)
        world.settles()
    assert [cue.text for _, cue in world.cues] == [PHRASES["en"][0], "", PHRASES["en"][0]]


def test_a_phrase_that_cannot_be_made_is_not_said() -> None:
    world = a_world("words")
    for _ in PHRASES["en"]:
        world.voice(fails=True)
    waits(world)
    world.is_quiet(AFTER_S + 0.1)
    assert [cue.text for _, cue in world.cues] == [""]


def test_a_phrase_is_in_the_language_of_the_answer_and_where_there_is_none_it_is_the_tone() -> None:
    world = a_world("words", others=["de", "da"])
    for _ in range(len(PHRASES["en"]) + len(PHRASES["de"])):
        world.voice()
    assert making(world) is None
    for language in ("de", "da", "fi", "en"):
        waits(world, language=language)
        world.is_quiet(AFTER_S + 0.1)
        world.settles()
    found = [(cue.language, cue.text) for _, cue in world.cues]
    english, german = PHRASES["en"], PHRASES["de"]
    assert found == [("de", german[0]), ("da", ""), ("", english[1]), ("", english[2])]
