"""Sounds too short for words, in a talk that is stepped: what waits for them does not wait for ever."""

from __future__ import annotations

import pytest

from tests.stepped import Stepped
from tests.test_talking import silence, tone
from voicecli import events

LAUGH_S = 0.1


@pytest.mark.parametrize("between_s", [0.0, 0.1])
def test_a_laugh_between_the_question_and_its_answer_does_not_keep_the_answer_back(between_s: float) -> None:
    talk = Stepped("What time is it?", replies=("It is noon.",))
    talk.hears(silence(0.3), tone(0.6), silence(0.5))
    talk.transcribes()
    talk.hears(silence(1.5 + between_s))
    (turn,) = talk.exchange.turns.values()
    assert turn.answer is not None, "the question is to be answered when the laugh comes"
    talk.hears(tone(LAUGH_S, 1), silence(1.0))
    assert talk.exchange.newest == 2
    talk.works()
    talk.hears(silence(1.0))
    done = [event for event in talk.told() if isinstance(event, events.TurnDone)]
    assert [(event.turn, event.heard) for event in done] == [(1, ""), (2, "It is noon.")]
    assert talk.floor.idle
