"""What a listener hears of each text of the table: judged by the phonemes the voice is given."""

import pytest

from rig.said import Case, cases, clauses, right, streamed
from voicecli.aloud.speakable import speakable


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_listener_hears(case: Case) -> None:
    said = clauses(case.text)
    assert right(case, said), said
    assert streamed(case.text) == said


UNCHANGED = (
    "Vitamin C, Plan B and Malcolm X",
    "the MIX of a CD in DIM light",
    "sizes I, II and XL",
    "I think so, and so do I",
    "an IV drip, an MRI and a DVD",
    "Henry, I think so",
    "on May 5 in room 101",
    "GPT-4, iPhone 15, B-52 and Covid-19",
    "A4 paper, a 737-800, an F-16 and 4K",
    "3.14, 1,000 and 10,000 fish",
    "the 1st, 2nd and 23rd of 42",
    "a well-known, 10-year-old X-ray",
    "It's 5 o'clock, rock 'n' roll",
    "don’t say “fine”",
    "He said: no; really.",
    "100% of it, or 20%",
    "-5 or +5",
    "Wi-Fi, USB-C and UTF-8",
    "MI5, M4, X11 and PhD",
    "Is it so? Yes!",
    "NASA, the FBI and an API",
    "Windows 11 and HDMI 2.1",
    "1 in 10, or 3 of 5",
    "the civil mix of Liv and Di",
)
"""Texts that a rule for something else could spoil."""


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_is_right_stays_as_it_is(text: str) -> None:
    assert speakable(text) == text
