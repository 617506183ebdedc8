"""How a speaker pauses: what is learnt of it, in which bounds, and what it adds to the wait."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.config import TurnConfig
from voicecli.turn.decision import NO_WORDS_S, Evidence, pause_wanted_s
from voicecli.turn.habits import CUT_S, LONG_PAUSE_S, MOST_PAUSE_S, MOST_S, Habits
from voicecli.turn.witness import Ending

CONFIG = TurnConfig()
DONE = Evidence(2.0, sound=0.98, words="What is the capital of France?", ending=Ending(2.0, 2.0))

turns = st.lists(st.tuples(st.booleans(), st.floats(0, 5)))


def after(turns: list[tuple[bool, float]]) -> Habits:
    """Each turn: whether it was cut and rejoined, and its longest pause."""

    def next_one(habits: Habits, turn: tuple[bool, float]) -> Habits:
        cut, pause_s = turn
        return (habits.cut() if cut else habits).spoke(pause_s, cut=cut)

    return reduce(next_one, turns, Habits())


@given(turns)
def test_what_is_added_is_bounded_whatever_happens(turns: list[tuple[bool, float]]) -> None:
    habits = after(turns)
    assert 0 <= habits.extra_s <= MOST_S
    assert 0 <= habits.pauses_s <= MOST_PAUSE_S


@given(st.lists(st.floats(0, LONG_PAUSE_S)))
def test_who_is_never_cut_and_makes_no_long_pause_never_waits_longer(pauses: list[float]) -> None:
    assert after([(False, pause_s) for pause_s in pauses]) == Habits()


@given(turns)
def test_all_of_it_is_forgotten_after_some_clean_turns(turns: list[tuple[bool, float]]) -> None:
    assert after([*turns, *[(False, 0.0)] * 6]).extra_s == 0.0


def test_a_cut_adds_to_its_question_and_the_next_and_then_halves() -> None:
    added = [after([(True, 0.0), *[(False, 0.0)] * clean]).extra_s for clean in range(5)]
    assert added == [CUT_S, CUT_S / 2, CUT_S / 4, CUT_S / 8 if CUT_S / 8 >= 0.032 else 0.0, 0.0]


def test_a_single_long_pause_adds_less_than_any_cut() -> None:
    assert 0 < after([(False, 1.4)]).extra_s < CUT_S / 4


def test_long_pauses_that_come_again_and_again_add_half_of_what_is_too_long_and_learn_slowly() -> None:
    pause_s = LONG_PAUSE_S + 0.2
    assert after([(False, pause_s)] * 30).extra_s == pytest.approx(0.1, abs=0.001)
    assert after([(False, pause_s)] * 3).extra_s == pytest.approx(0.1 * (1 - 0.7**3))
    assert after([(False, 5.0)] * 30).extra_s == pytest.approx(MOST_PAUSE_S, abs=0.001)


def test_the_extra_is_added_to_the_wait_and_to_nothing_else() -> None:
    def wanted(known: Evidence, extra_s: float) -> float:
        return pause_wanted_s(
            Evidence(known.spoken_s, known.sound, known.words, known.ending, extra_s=extra_s), CONFIG
        )

    assert wanted(DONE, CUT_S) == pytest.approx(pause_wanted_s(DONE, CONFIG) + CUT_S)
    assert wanted(Evidence(1.0, 0.5, ""), MOST_S) == NO_WORDS_S
    assert wanted(Evidence(1.0), MOST_S) == CONFIG.max_pause_ms / 1000
    hasty = TurnConfig(max_pause_ms=400)
    assert pause_wanted_s(Evidence(2.0, 0.98, DONE.words, extra_s=MOST_S), hasty) == 0.4
