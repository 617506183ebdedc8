"""A voice that never pauses, in virtual time: its turn ends, is answered, and the rest is not listened to."""

from __future__ import annotations

import pytest

from tests.stepped import Stepped
from tests.test_cueing import waits
from tests.test_floor import asked, of
from tests.test_talking import silence, tone
from tests.world import World
from voicecli import events
from voicecli.config import TurnConfig
from voicecli.floor import facts
from voicecli.floor.orders import EndSegment
from voicecli.floor.user.endless import QUIET_S
from voicecli.listen.gate.segment import State
from voicecli.messages import FRAME_S
from voicecli.waiting.urgency import Work

LONGEST_S = 30.0


def a_world() -> World:
    return World(turn=TurnConfig(max_s=round(LONGEST_S)))


def goes_on(world: World, seconds: float, words: str = "and on") -> None:
    """A voice that does not pause, while everybody works and replies are heard."""
    for _ in range(round(seconds / 0.5)):
        world.speaks(words, 0.5)
        world.excused.add(words)
        world.works(play=True)


def told(world: World) -> list[events.Warned]:
    return of(world, events.Warned)


def dropped(world: World) -> list[tuple[str, int | None]]:
    return [(event.reason, event.turn) for event in of(world, events.Dropped)]


def test_a_voice_that_never_pauses_is_answered_once_at_the_longest_length_of_a_turn() -> None:
    world = a_world()
    goes_on(world, LONGEST_S - 3.0)
    assert not world.done()
    goes_on(world, 4.0)
    (first,) = asked(world)
    assert first.startswith("and on and on")
    goes_on(world, 90.0)
    assert [turn for turn, _ in world.done()] == [1]
    assert world.done()[0][1] == "Clause 1 to 1. Clause 2 to 1.", "nobody talks over the answer"
    (warned,) = told(world)
    assert "turn.max_s" in warned.remedy
    assert warned.turn == 1
    assert dropped(world) == [("endless", 1)]
    assert world.floor.idle


def test_whoever_speaks_after_it_has_paused_is_heard() -> None:
    world = a_world()
    goes_on(world, LONGEST_S + 5.0)
    world.is_quiet(QUIET_S + 3 * FRAME_S)
    words = world.speaks("what time is it")
    world.is_quiet(0.3)
    world.works()
    world.settles()
    assert asked(world)[-1] == words
    assert [turn for turn, _ in world.done()] == [1, 2]
    world.check_settled()


def test_it_is_told_once_in_a_talk_and_counted_each_time() -> None:
    world = a_world()
    for _ in range(3):
        goes_on(world, LONGEST_S + 5.0)
        world.settles()
    assert len(told(world)) == 1
    assert dropped(world) == [("endless", 1), ("endless", 2), ("endless", 3)]


def test_a_gap_between_its_words_is_no_pause() -> None:
    world = a_world()
    goes_on(world, LONGEST_S + 2.0)
    for _ in range(20):
        world.is_quiet(QUIET_S - 0.2)
        goes_on(world, 1.0)
    assert world.floor.exchange.newest == 1


@pytest.mark.parametrize("how", ["typed", "muted"])
def test_a_typed_line_is_answered_meanwhile_and_a_mute_ends_it(how: str) -> None:
    world = a_world()
    goes_on(world, LONGEST_S + 5.0)
    if how == "typed":
        line = world.types()
        world.works(play=True)
        goes_on(world, 10.0)
        assert asked(world)[-1] == line
        assert world.done()[-1] == (2, "Clause 1 to 2. Clause 2 to 2.")
    else:
        world.mutes()
        world.mutes()
        goes_on(world, 2.0, "more words")
        world.settles()
        assert "more words" in asked(world)[-1]


def test_a_turn_with_pauses_in_it_is_as_long_as_it_may_be_all_the_same() -> None:
    world = World(turn=TurnConfig(max_s=round(LONGEST_S), style="patient", min_pause_ms=1200))
    for _ in range(40):
        world.speaks("so and", 0.6)
        world.is_quiet(0.6)
        world.scribe()
    world.settles()
    assert len(world.done()) == 2
    assert len(told(world)) == 1


def test_a_question_that_waits_long_for_its_answer_is_no_long_turn() -> None:
    world = a_world()
    waits(world)
    world.is_quiet(2 * LONGEST_S)
    assert not told(world)
    world.settles()
    assert [turn for turn, _ in world.done()] == [1]


def test_an_ear_that_is_late_is_asked_once_to_end_it() -> None:
    world = a_world()
    world.speaks("word", 1.0)
    at = world.now + LONGEST_S
    frames = [
        facts.Frame(at + n * FRAME_S, -20.0, 0.9, State.SPEAKING, 0.0, LONGEST_S, room_for=Work.FINAL)
        for n in range(9)
    ]
    orders = [order for frame in frames for order in world.floor.take(frame, frame.at + FRAME_S)]
    assert [order for order in orders if isinstance(order, EndSegment)] == [EndSegment()]


def test_in_a_talk_the_answer_is_heard_over_the_voice_that_goes_on() -> None:
    talk = Stepped("on and on", "what else", replies=("It is noon.",), turn=TurnConfig(max_s=20))
    talk.hears(silence(0.3), tone(20.5))
    for _ in range(10):
        talk.works()
        talk.hears(tone(0.5))
    done = [event for event in talk.told() if isinstance(event, events.TurnDone)]
    assert [(event.turn, event.heard) for event in done] == [(1, "It is noon.")]
    assert talk.exchange.newest == 1
    talk.hears(silence(QUIET_S + 0.1), tone(0.6, 1))
    for _ in range(10):
        talk.hears(silence(0.5))
        talk.works()
    done = [event for event in talk.told() if isinstance(event, events.TurnDone)]
    assert [(event.turn, event.heard) for event in done] == [(2, "You said: what else.")]


def test_a_long_question_is_heard_to_its_end() -> None:
    world = a_world()
    for _ in range(50):
        world.speaks("word", 0.5)
        world.works()
    world.settles()
    assert [turn for turn, _ in world.done()] == [1]
    assert not told(world)
    world.check_settled()
