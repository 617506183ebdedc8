"""A question whose words are found when the user already goes on is not lost: in a talk that is stepped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stepped import Stepped
from tests.test_pipeline import silence, tone
from voicecli import events

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_S = 3.0
"""After which a turn is over whatever is known of it."""


def asked_last(talk: Stepped) -> str:
    return talk.answers.asked[-1][-1].content


def finished(talk: Stepped) -> list[int]:
    """The turns that are told to be done, each behind its words."""
    told = talk.told()
    done = [event.turn for event in told if isinstance(event, events.TurnDone)]
    assert [event.turn for event in told if isinstance(event, events.Heard)] == done
    return done


def test_when_the_answer_is_looked_at_as_soon_as_it_is_there() -> None:
    """By a replying thread that is quicker than the transcriber, which has more to say of it."""
    talk = Stepped("what is", "the time")
    talk.hears(silence(0.3), tone(0.6), silence(PAUSE_S))
    assert not talk.turns.is_open(1)
    talk.hears(tone(0.2, 1))
    assert talk.turns.newest == 2
    talk.said.at_once = talk.replies
    talk.transcribes()
    talk.said.at_once = lambda: None
    talk.hears(tone(0.4, 1), silence(PAUSE_S))
    talk.transcribes()
    talk.replies()
    assert asked_last(talk) == "what is the time"
    assert finished(talk) == [1, 2]


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("spoken", [True, False])
def test_when_the_answer_was_made_while_they_spoke(spoken: bool, busy: bool) -> None:
    """It is not certain yet when they go on, and would be given up, or not even begun by a busy thread."""
    talk = Stepped("What is the time in Oslo?", "and in Rome")
    talk.hears(silence(0.3), tone(0.6))
    talk.transcribing.take(talk.heard.get(0))
    assert talk.said.stats().fill == 1
    script: list[Callable[[], object]] = [
        lambda: talk.hears(tone(0.1), silence(PAUSE_S)),
        lambda: talk.hears(tone(0.2, 1)) if spoken else talk.controls.say("and in Rome"),
        lambda: talk.hears(silence(0.04)),
        *[lambda: talk.transcribing.take(talk.heard.get(0))] * 2,
        lambda: talk.hears(tone(0.4, 1)) if spoken else None,
    ]

    def next_scene() -> None:
        if script:
            script.pop(0)()

    for _ in range(3 if busy else 0):
        next_scene()
    talk.clock.meanwhile = next_scene
    talk.replies()
    while script:
        next_scene()
    talk.hears(silence(PAUSE_S))
    talk.transcribes()
    talk.replies()
    assert asked_last(talk) == ("What is the time in Oslo? and in Rome" if spoken else "and in Rome")
    assert finished(talk) == [1, 2]
