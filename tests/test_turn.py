"""The turn decision: bounds that hold for any evidence, and evidence that pulls the way it should."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.config import TurnConfig
from voicecli.turn import decision
from voicecli.turn.decision import (
    FEW_WORDS_S,
    ONE_KNOWN_S,
    WEIGHTS,
    WEIGHTS_WITHOUT_ENDING,
    Evidence,
    features,
    log_odds,
    pause_wanted_s,
)
from voicecli.turn.witness import Ending

CONFIG, EAGER = TurnConfig(), TurnConfig(eagerness=1.0)
SHORTEST_S, LONGEST_S = CONFIG.min_pause_ms / 1000, CONFIG.max_pause_ms / 1000
SURE_S = decision.SURE_S[0] + CONFIG.eager * (decision.SURE_S[1] - decision.SURE_S[0])
"""At the default eagerness, between the two ends."""
DONE = Evidence(2.0, sound=0.98, words="What is the capital of France?")
GOES_ON = Evidence(2.0, sound=0.02, words="I would like to")

evidence = st.builds(
    Evidence,
    spoken_s=st.floats(0, 60),
    sound=st.none() | st.floats(0, 1),
    words=st.none() | st.text() | st.sampled_from(["", "Yes.", "um", "My number is 5 5"]),
    ending=st.none() | st.builds(Ending, st.floats(-12, 12), st.floats(-12, 12)),
    language=st.sampled_from(["en", "de", ""]),
    asked=st.booleans(),
    extra_s=st.floats(0, 1),
)


@st.composite
def configs(draw: st.DrawFn) -> TurnConfig:
    shortest = draw(st.integers(64, 3000))
    longest = draw(st.integers(max(100, shortest), 5000))
    return TurnConfig(min_pause_ms=shortest, max_pause_ms=longest, eagerness=draw(st.floats(0, 1)))


@given(evidence, configs())
def test_the_pause_is_always_within_the_bounds(known: Evidence, config: TurnConfig) -> None:
    assert config.min_pause_ms / 1000 <= pause_wanted_s(known, config) <= config.max_pause_ms / 1000


@given(evidence)
def test_more_eagerness_never_waits_longer(known: Evidence) -> None:
    waits = [pause_wanted_s(known, TurnConfig(eagerness=tenth / 10)) for tenth in range(11)]
    assert waits == sorted(waits, reverse=True)


@given(evidence)
def test_a_quicker_style_never_waits_longer(known: Evidence) -> None:
    quick, normal, patient = (
        pause_wanted_s(known, TurnConfig(style=style)) for style in ("quick", "normal", "patient")
    )
    assert quick <= normal <= patient


@given(evidence, st.floats(0, 1), st.floats(0, 1))
def test_a_sound_more_like_an_end_never_waits_longer(known: Evidence, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert pause_wanted_s(replace(known, sound=high), CONFIG) <= pause_wanted_s(
        replace(known, sound=low), CONFIG
    )


def test_what_is_clearly_over_is_taken_at_once_and_what_clearly_goes_on_is_not() -> None:
    assert pause_wanted_s(DONE, EAGER) == SHORTEST_S
    assert pause_wanted_s(DONE, CONFIG) < LONGEST_S / 2
    assert pause_wanted_s(GOES_ON, CONFIG) == LONGEST_S


def test_a_sound_without_words_is_over_soon_whatever_the_sound_was_like() -> None:
    known = Evidence(spoken_s=1.0, sound=0.01, words="")
    assert pause_wanted_s(known, CONFIG) == decision.NO_WORDS_S < CONFIG.max_pause_ms / 1000


def test_with_nothing_known_it_waits_as_long_as_it_may() -> None:
    for config in (CONFIG, EAGER):
        assert pause_wanted_s(Evidence(2.0, asked=True), config) == LONGEST_S


@pytest.mark.parametrize("known", [replace(DONE, sound=None), replace(DONE, words=None)])
def test_with_one_known_the_other_is_waited_for_a_little(known: Evidence) -> None:
    assert pause_wanted_s(DONE, EAGER) < ONE_KNOWN_S <= pause_wanted_s(known, EAGER)
    short = TurnConfig(min_pause_ms=100, max_pause_ms=200)
    assert pause_wanted_s(known, short) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("sooner", "later"),
    [
        ("Where do you live?", "Where do you live and"),
        ("I like tea.", "I like tea,"),
        ("I like tea.", "I like tea..."),
        ("I like tea.", "I like the"),
        ("I like tea.", "I like, um"),
        ("My number is 555 123 4567.", "My number is 555 123."),
        ("My number is 555 123 4567.", "My number is 5 5 5."),
    ],
)
def test_words_that_end_are_worth_more_than_words_that_go_on(sooner: str, later: str) -> None:
    known = Evidence(2.0, sound=0.5)
    assert log_odds(replace(known, words=sooner)) > log_odds(replace(known, words=later))


def test_a_short_answer_to_a_question_is_no_less_an_answer() -> None:
    known = Evidence(0.4, sound=0.3, words="Yes.")
    assert log_odds(replace(known, asked=True)) >= log_odds(known)
    long = replace(known, words="Yes, I went there yesterday.")
    assert log_odds(replace(long, asked=True)) == log_odds(long)


@given(evidence)
def test_every_feature_has_a_weight(known: Evidence) -> None:
    assert features(known).keys() <= WEIGHTS.keys() | WEIGHTS_WITHOUT_ENDING.keys()
    assert WEIGHTS["ending"] > 0


def test_the_language_model_may_make_it_sooner_or_later() -> None:
    words = Evidence(2.0, sound=0.5, words="Where did I put?")
    waits = [
        pause_wanted_s(replace(words, ending=Ending(stops, 0.0)), CONFIG) for stops in (3.0, 0.0, -2.0, -9.0)
    ]
    assert waits[0] == pytest.approx(SURE_S)
    assert waits[-1] > waits[0]
    assert waits == sorted(waits)


def test_a_greeting_is_given_time_to_go_on_unless_it_is_an_answer() -> None:
    hello = Evidence(0.4, sound=0.98, words="Hello!", ending=Ending(3.0, 3.0))
    assert pause_wanted_s(hello, CONFIG) >= FEW_WORDS_S
    assert pause_wanted_s(replace(hello, asked=True), CONFIG) == pytest.approx(SURE_S)
    assert pause_wanted_s(replace(hello, words="Hello, what can you do?"), CONFIG) == pytest.approx(SURE_S)
    for words, few in (("\u306f\u3044\u3002", True), ("\u4eca\u4f55\u6642\u3067\u3059\u304b\uff1f", False)):
        japanese = replace(hello, words=words, language="ja")  # "yes", "what time is it now", without spaces
        assert (pause_wanted_s(japanese, CONFIG) >= FEW_WORDS_S) is few


def test_a_whole_question_waits_less_than_what_is_doubtful_where_no_model_judges_the_words() -> None:
    doubtful = Evidence(2.0, sound=0.05, words="Can you tell me a story about a dog?")
    said = replace(doubtful, words="He told me a story about a dog.")
    unfinished = replace(doubtful, words="Can you tell me a story about the?")
    waits = [pause_wanted_s(known, CONFIG) for known in (doubtful, said, unfinished)]
    assert waits[0] < 1 < waits[1] < waits[2] == LONGEST_S


def test_a_whole_sentence_that_the_model_doubts_waits_long_but_not_longest() -> None:
    doubtful = Evidence(2.0, sound=0.05, words="Can you tell me a story?", ending=Ending(-3.0, 0.0))
    assert 1 < pause_wanted_s(doubtful, CONFIG) < LONGEST_S
    assert pause_wanted_s(doubtful, TurnConfig(eagerness=0.3)) == LONGEST_S


def test_words_that_hang_are_not_taken_for_a_turn_by_their_melody_alone() -> None:
    sure = Evidence(2.0, sound=0.98, words="I would like to")
    assert pause_wanted_s(sure, EAGER) == decision.UNFINISHED_S
    assert pause_wanted_s(replace(sure, ending=Ending(4.0, 4.0)), EAGER) < decision.UNFINISHED_S


@pytest.mark.parametrize(
    ("said", "pauses_in_groups"),
    [
        ("My name is J-O-H", True),
        ("It is spelled b r i", True),
        ("My number is five five", True),
        ("I have a plan b.", False),
        ("I live in the U.S.", False),
        ("See you at 5 p.m.", False),
        ("What is a?", False),
    ],
)
def test_who_dictates_digits_or_letters_is_given_time_between_the_groups(
    said: str, *, pauses_in_groups: bool
) -> None:
    sure = Evidence(2.0, sound=0.98, words=said, ending=Ending(4.0, 4.0))
    assert (pause_wanted_s(sure, EAGER) >= decision.UNFINISHED_S) == pauses_in_groups


def test_yes_to_a_question_of_the_agent_is_answered_at_once() -> None:
    doubtful = Evidence(0.4, sound=0.2, words="Yes.", ending=Ending(-2.0, -1.0))
    assert pause_wanted_s(replace(doubtful, asked=True), CONFIG) <= decision.ANSWER_S
    assert pause_wanted_s(doubtful, CONFIG) > decision.ANSWER_S
    longer = replace(doubtful, words="Yes, but only", asked=True)
    assert pause_wanted_s(longer, CONFIG) > decision.ANSWER_S
