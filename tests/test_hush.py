"""What a hiss over the agent does: it holds the agent for a moment, decides nothing, and never for long."""

from __future__ import annotations

import pytest

from tests.test_floor import answered, of, settled
from tests.world import World
from voicecli import events
from voicecli.floor import facts
from voicecli.floor.orders import Playout
from voicecli.floor.user.hush import (
    FRESH_STEPS,
    HOLD_STEPS,
    LONGEST_S,
    MOST_FOR_NOTHING,
    REMEMBERED_S,
    WAITS_S,
)
from voicecli.listen.gate.segment import State
from voicecli.messages import FRAME_S


def speaking() -> World:
    """The agent is in the middle of an answer."""
    world = World()
    answered(world)
    world.is_quiet(1.0)
    return world


def test_the_agent_is_held_for_a_hiss_and_goes_on_soon_if_nothing_follows() -> None:
    world = speaking()
    world.hisses(0.1)
    assert world.is_held()
    world.is_quiet(WAITS_S - FRAME_S)
    assert world.is_held()
    world.is_quiet(3 * FRAME_S)
    assert not world.is_held()
    settled(world)
    assert [heard.count("Clause") for _, heard in world.done()] == [World.clauses]
    assert of(world, events.Overheard) == [], "nobody is told of what was nothing"


def test_a_hiss_of_two_steps_is_a_key() -> None:
    world = speaking()
    world.hiss(HOLD_STEPS - 1)
    assert world.mode == "play"
    world.hiss(HOLD_STEPS)
    assert world.is_held()


@pytest.mark.parametrize("closure_s", [0.03, 0.1, 0.2])
def test_stop_holds_the_agent_from_its_s_on_and_ends_the_reply_by_its_words(closure_s: float) -> None:
    world = speaking()
    world.hisses(0.1)
    before = len(world.ordered)
    world.is_quiet(closure_s)
    world.speaks("Stop.", 0.3)
    assert world.is_held()
    world.is_quiet(0.1)
    world.scribe()
    world.is_quiet(0.5)
    modes = [order.mode for order in world.ordered[before:] if isinstance(order, Playout)]
    assert modes == ["play"], "it was silent from the hiss until the reply was over, without a sound between"
    settled(world)
    assert [heard.count("Clause") < World.clauses for _, heard in world.done()] == [True]


def test_a_hiss_alone_never_interrupts_however_long_it_is() -> None:
    world = speaking()
    world.hisses(LONGEST_S + 0.5)
    assert not world.is_held()
    assert [order.mode for order in world.ordered if isinstance(order, Playout)] == ["hold", "play"]
    settled(world)
    assert "interrupted" not in world.names()
    assert [heard.count("Clause") for _, heard in world.done()] == [World.clauses]


def test_a_hiss_that_was_there_before_the_agent_spoke_is_a_tap() -> None:
    world = speaking()
    world.hiss(FRESH_STEPS + 1)
    assert world.mode == "play"


def test_what_hisses_again_and_again_for_nothing_does_not_hold_the_agent_any_more() -> None:
    world = World()
    world.clauses = 40
    answered(world)
    held = 0
    for _ in range(6):
        world.is_quiet(0.8)
        world.hisses(0.1)
        held += world.is_held()
    assert held == MOST_FOR_NOTHING
    world.is_quiet(REMEMBERED_S)
    world.hisses(0.1)
    assert world.is_held(), "it was long ago"


def test_speech_after_a_hiss_shows_that_hisses_are_to_be_believed() -> None:
    world = World()
    world.clauses = 40
    answered(world)
    for _ in range(2 * MOST_FOR_NOTHING):
        world.is_quiet(0.8)
        world.hisses(0.1)
        assert world.is_held()
        world.speaks("Yeah.", 0.3)
        world.is_quiet(0.1)
        world.scribe()
        world.is_quiet(0.2)
        assert not world.is_held()


def test_a_hiss_in_half_duplex_or_while_the_agent_is_silent_is_nothing() -> None:
    world = speaking()
    world.hiss(10, "off")
    assert world.mode == "play"
    settled(world)
    world.hiss(10)
    assert world.mode == "play"


def test_a_hiss_in_the_users_own_words_holds_nothing_back() -> None:
    """The "s" of a question must not keep its answer silent."""
    world = World()
    world.speaks()
    world.post(facts.Hiss(world.now, 10, audible=True))
    assert world.mode == "play"


def test_a_hiss_while_a_microphone_is_muted_lets_the_agent_go_on() -> None:
    world = speaking()
    world.hisses(0.1)
    world.mutes()
    assert not world.is_held()
    world.mutes()  # it is heard again, and what was before is forgotten
    world.post(facts.Frame(world.now, -20.0, 0.6, State.STARTING, 0.0, FRAME_S, audible=True))
    assert world.mode == "duck"


def test_the_first_frame_of_speech_does_not_make_a_held_agent_sound_again() -> None:
    """One frame alone makes it softer; it is silent already."""
    world = speaking()
    world.hisses(0.1)
    world.post(facts.Frame(world.now, -20.0, 0.6, State.STARTING, 0.0, FRAME_S, audible=True))
    assert world.is_held()
