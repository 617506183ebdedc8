"""Sounds too short for words, in a talk that is stepped: what waits for them does not wait for ever."""

from __future__ import annotations

import pytest

from tests.stepped import Stepped
from tests.test_pipeline import silence, tone

LAUGH_S = 0.1


@pytest.mark.parametrize("between_s", [0.0, 0.1])
def test_a_laugh_between_the_question_and_its_answer_does_not_keep_the_answer_back(between_s: float) -> None:
    talk = Stepped("What time is it?")
    talk.hears(silence(0.3), tone(0.6), silence(0.5))
    talk.transcribes()
    assert talk.drafts()
    talk.hears(silence(1.5 + between_s))
    assert talk.turns.answer() is not None, "the question is to be answered when the laugh comes"
    talk.hears(tone(LAUGH_S, 1), silence(1.0))
    assert talk.turns.newest == 2
    talk.transcribes()
    (draft,) = talk.drafts()
    assert talk.turns.taken(draft)
    assert talk.speaks(draft, "It is noon.") == "It is noon."
