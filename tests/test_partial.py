"""Words that may still change: what two passes agree on stays, and what stays is never taken back."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.listen.recognise.partial import Agreement, same_words, words_of

WORDS = st.lists(st.sampled_from(["the", "cat", "Cat,", "sat", "on", "mat."]), max_size=6)
PASSES = st.lists(WORDS.map(" ".join), max_size=8)


def after(*passes: str) -> Agreement:
    agreement = Agreement()
    for text in passes:
        agreement.push(text)
    return agreement


@pytest.mark.parametrize(
    ("passes", "confirmed", "text"),
    [
        pytest.param([], "", "", id="nothing"),
        pytest.param(["what time"], "", "what time", id="one pass confirms nothing"),
        pytest.param(
            ["what time", "what time is"], "what time", "what time is", id="two confirm what both have"
        ),
        pytest.param(["what dime", "what time is"], "what", "what time is", id="up to the first difference"),
        pytest.param(["what time", "hot time"], "", "hot time", id="a difference at the beginning"),
        pytest.param(
            ["What time.", "what Time, is"], "what Time,", "what Time, is", id="case and signs aside"
        ),
        pytest.param(
            ["a b", "a b c", "a x c d"], "a b", "a b c d", id="what stays outlives a pass that differs"
        ),
        pytest.param(["a b", "a b", "x a b c"], "a b", "a b c", id="which has a word more"),
        pytest.param(["a b c", "a b c", "b c d"], "a b c", "a b c d", id="or one less"),
        pytest.param(["a b", "a b", ""], "a b", "a b", id="and one that hears nothing"),
        pytest.param(
            ["is this?", "is this?", "was it a spider"],
            "is this",
            "is this a spider",
            id="a pass that ends is no sentence that does",
        ),
        pytest.param(
            ["it is 5?!", "it is 5?!", "?", "?"], "it is 5", "it is 5", id="and a sign alone stays out"
        ),
        pytest.param(["a", "a b", "a b c", "a b c d"], "a b c", "a b c d", id="it grows pass by pass"),
    ],
)
def test_local_agreement(passes: list[str], confirmed: str, text: str) -> None:
    agreement = after(*passes)
    assert (agreement.confirmed, agreement.text) == (confirmed, text)


def test_what_stays_is_spelled_as_in_the_newest_pass() -> None:
    agreement = after("Is it a good idea?", "Is it a good idea?", "Is it a good idea to drink?")
    assert agreement.text == "Is it a good idea to drink?"


def test_same_words_is_blind_to_signs_and_case_and_to_nothing_else() -> None:
    assert same_words("What time is it?", "what time, is it")
    assert not same_words("what time", "what times")
    assert not same_words("what time", "whattime")
    assert same_words("", " ... ")
    assert words_of("It's 10 o'clock - ÄRGER!") == ["its", "10", "oclock", "ärger"]


@given(PASSES)
def test_confirmed_words_are_never_taken_back(passes: list[str]) -> None:
    agreement, before = Agreement(), list[str]()
    for text in passes:
        agreement.push(text)
        confirmed = agreement.confirmed.split()
        assert [words_of(word) for word in confirmed[: len(before)]] == [words_of(word) for word in before]
        shown = agreement.text.split()[: len(confirmed)]
        assert [words_of(word) for word in shown] == [words_of(word) for word in confirmed]
        before = confirmed


@given(PASSES)
def test_only_what_two_passes_in_a_row_had_is_confirmed(passes: list[str]) -> None:
    pairs = list(itertools.pairwise(passes))
    for at, word in enumerate(after(*passes).confirmed.split()):
        assert any(
            at < min(len(one.split()), len(other.split()))
            and other.split()[at].rstrip(".,") == word.rstrip(".,")
            for one, other in pairs
        )


@given(WORDS.map(" ".join))
def test_the_same_pass_twice_confirms_all_of_it_but_the_sign_at_its_end(text: str) -> None:
    agreement = after(text, text)
    assert agreement.text == text
    assert agreement.confirmed == text.rstrip(".,")
