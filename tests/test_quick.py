"""A pattern that is set up to be found soon matches what it would match as it is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.reply.spoken.quick import quick

WRITTEN = (
    r"(?<![\w.])(\d{1,2}) ?([ap]m)\b",
    r"\b(Thurs|Tues|Mon)(?=\.)",
    r"(?<=\d)\.(?=\s+[a-z])",
    r"(?<![\w-])(?:a+|b{2,3})x",
    r"(?<!\w)(?:#|T ?)(?=\d)",
    r"(?<=[ap] )(am|pm)\b|(?<=\d{2} )(pm|x)",
    r"(?<=a|b)(x)",
    r"\s+([,.]+)(?=\s|$)",
    r"(?<![\w.])(?:(a)|b)?x",
    r"(?<!\w)(x?|T)a",
    r"\b-a",
    r"a|b(?<!x)x",
)


@given(st.sampled_from(WRITTEN), st.text("abxpm12.,#- TuesThurMon"))
def test_it_matches_the_same_text_in_the_same_groups(source: str, text: str) -> None:
    as_written = [(match.span(), match.groups()) for match in re.finditer(source, text)]
    assert [(match.span(), match.groups()) for match in quick(source).finditer(text)] == as_written


@pytest.mark.parametrize(
    ("source", "compiled"),
    [
        (r"(?<![\w.])(\d{1,2})x", r"(\d(?<![\w.]\d)\d{0,1})x"),
        (r"\b(Mon|Tues)", r"(M(?<!\wM)on|T(?<!\wT)ues)"),
        (r"(?<=a|b)x", r"x(?<=(?:a|b)x)"),
        (r"\s+x", r"\s\s*x"),
    ],
)
def test_the_first_character_comes_first(source: str, compiled: str) -> None:
    assert quick(source).pattern == compiled


@pytest.mark.parametrize(
    "source", [r"(?<!\w)x?y", r"\b-a", r"\b(?:[Pp]age|[Ss]tep)", r"(?<!\d)(?!12)\d+", r"(?<!a)(b|c)?d"]
)
def test_what_is_not_understood_stays_as_it_is_written(source: str) -> None:
    assert quick(source).pattern == source
