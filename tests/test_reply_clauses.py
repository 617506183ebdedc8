"""A reply that breaks off, or never begins: what of it is said."""

from __future__ import annotations

import pytest

from voicecli.aloud.apology import APOLOGIES
from voicecli.aloud.reply_clauses import SHOWN_CHARS, ReplyClauses, remainder


def said(text: str, language: str = "en", *, whole: bool = False) -> str:
    reply = ReplyClauses(language)
    return " ".join([*(clause for piece in text for clause in reply.push(piece)), *reply.finish(whole=whole)])


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("It has eight legs. The second pa", "It has eight legs."),
        ("It has eight legs. The second pair helps it to ", "It has eight legs."),
        ("It has eight legs. The second pair helps it ", "It has eight legs. The second pair helps it."),
        ("It has eight legs. The second pair helps it fe", "It has eight legs. The second pair helps it."),
        ("It has eight legs. Two of", "It has eight legs."),
        ("It has eight legs. and the", "It has eight legs."),
        ("It has eight legs.", "It has eight legs."),
        ("Eigh", ""),
        ("", ""),
    ],
)
def test_of_a_reply_that_broke_off_only_what_stands_alone_is_said(text: str, heard: str) -> None:
    assert said(text) == heard


def test_what_comes_before_the_last_mark_of_a_clause_may_stand_where_all_of_it_does_not() -> None:
    assert remainder("The second helps it, because of the.", "of the ", "en") == "The second helps it."
    assert remainder("So, because of the.", "of the ", "en") == ""


def test_a_whole_reply_is_said_whole() -> None:
    assert said("It has eight legs. The second pair", whole=True) == "It has eight legs. The second pair."


def test_scripts_without_spaces_keep_what_came() -> None:
    assert said("クモの足は八本です", "ja") == "クモの足は八本です."


@pytest.mark.parametrize("language", APOLOGIES)
def test_each_apology_is_said_as_it_is_written(language: str) -> None:
    assert " ".join(ReplyClauses(language).apologise()) == APOLOGIES[language]


def test_there_is_no_apology_for_a_reply_that_has_begun_nor_in_an_unknown_language() -> None:
    reply = ReplyClauses("en")
    reply.push("It ")
    assert reply.apologise() == []
    assert ReplyClauses("xx").apologise() == []


def test_what_was_thinking_leaves_nothing() -> None:
    reply = ReplyClauses("en")
    reply.push("They want legs. " * 9)
    assert len(reply.beginning) == SHOWN_CHARS
    reply.take_back()
    assert reply.beginning == ""
    assert reply.push("Eight, ") == ["Eight,"]
