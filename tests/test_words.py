"""What transcripts say about being finished, on sentences as Whisper writes them."""

from __future__ import annotations

import pytest

from voicecli.turn.words import PHONE_DIGITS, word_evidence


def marks(text: str, language: str = "en") -> set[str]:
    found = word_evidence(text, language)
    return {name for name in ("ends", "asks", "goes_on", "hangs", "dictates") if getattr(found, name)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Turn off the light.", {"ends"}),
        ("Stop!", {"ends"}),
        ("What time is it?", {"asks"}),
        ("Where are you from?", {"asks"}),
        ("Are you coming with", {"hangs"}),
        ("I would like to...", {"goes_on", "hangs"}),
        ("I would like to.", {"ends", "hangs"}),
        ("When I was young,", {"goes_on", "hangs"}),
        ("When I was young, I was tall.", {"ends"}),
        ("If it rains tomorrow.", {"ends", "hangs"}),
        ("When is it?", {"asks"}),
        ("How many people live in the?", {"asks", "hangs"}),
        ("Do you know?", {"asks", "hangs"}),
        ("I think.", {"ends", "hangs"}),
        ("Blue, I think.", {"ends"}),
        ("Thank you.", {"ends"}),
        ("Could we -", {"goes_on", "hangs"}),
        ("I went there and", {"hangs"}),
        ("So, um", {"hangs"}),
        ("Um?", {"asks", "hangs"}),
        ("I want to", {"hangs"}),
        ("The weather in Berlin", set()),
        ("Yes, it is.", {"ends"}),
        ("Can you come in?", {"asks"}),
        ("I'm", {"hangs"}),
        ("I’m", {"hangs"}),
        ("", set()),
        ("...", {"goes_on"}),
    ],
)
def test_english(text: str, expected: set[str]) -> None:
    assert marks(text) == expected


@pytest.mark.parametrize(
    ("text", "dictated"),
    [
        ("My number is 555", True),
        ("My number is five five five", True),
        ("My phone number is 5, 5, 5.", True),
        ("zero four nine", True),
        ("My number is 555 123 4567.", False),
        ("I have two", False),
        ("Set a timer for 15", False),
        ("In 1998.", False),
        ("The code is 42 and I said so.", False),
    ],
)
def test_a_number_being_dictated(text: str, dictated: bool) -> None:
    assert ("dictates" in marks(text)) == dictated


@pytest.mark.parametrize("digits", range(1, 12))
def test_a_dictated_number_is_whole_from_seven_digits_on(digits: int) -> None:
    text = "My number is " + " ".join("5" * digits)
    assert word_evidence(text, "en").dictates == (digits < PHONE_DIGITS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ich gehe in", set()),
        ("Die", set()),
        ("Wie spät ist es?", {"asks"}),
        ("Meine Nummer ist 555", set()),
        ("今何時ですか？", {"asks"}),
        ("そうです。", {"ends"}),
        ("Ja,", {"goes_on"}),
    ],
)
def test_of_other_languages_only_the_punctuation_is_read(text: str, expected: set[str]) -> None:
    assert marks(text, "de") == expected


def test_words_are_counted() -> None:
    assert word_evidence("  I don't know, it's 5.  ", "en").words == 5
    assert word_evidence(" ", "en").words == 0
