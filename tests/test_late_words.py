"""A question whose words are found when the user already goes on is not lost: in a talk that is stepped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stepped import Stepped
from tests.test_talking import Answers, silence, tone
from voicecli import events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.messages import ChatMessage, GenerationStats

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


def test_when_they_are_found_after_the_turn_was_taken() -> None:
    talk = Stepped("what is", "the time")
    talk.hears(silence(0.3), tone(0.6), silence(PAUSE_S))
    assert not talk.exchange.turns[1].is_open
    talk.hears(tone(0.2, 1))
    assert talk.exchange.newest == 2
    talk.works()
    talk.hears(tone(0.4, 1), silence(PAUSE_S))
    talk.works()
    talk.hears(silence(2.0))
    assert asked_last(talk) == "what is the time"
    assert finished(talk) == [1, 2]


class Slow(Answers):
    """What happens while it writes its first reply is the test's."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().generate(messages, emit, cancelled)


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("spoken", [True, False])
def test_when_the_answer_was_made_while_they_spoke(spoken: bool, busy: bool) -> None:
    """It is not certain yet when they go on, and would be given up, or not even begun by a busy author."""
    talk = Stepped("What is the time in Oslo?", "and in Rome", answers=Slow)
    talk.hears(silence(0.3), tone(0.6))
    talk.transcribes(1)
    assert talk.crew.to_author.stats().fill == 1

    def goes_on() -> None:
        talk.hears(tone(0.1), silence(PAUSE_S))
        if spoken:
            talk.hears(tone(0.2, 1))
        else:
            talk.types("and in Rome")
        talk.hears(silence(0.04))
        talk.transcribes()
        if spoken:
            talk.hears(tone(0.4, 1))

    if busy:
        goes_on()
    else:
        assert isinstance(talk.answers, Slow)
        talk.answers.meanwhile = goes_on
    talk.writes()
    talk.hears(silence(PAUSE_S))
    talk.works()
    talk.hears(silence(2.0))
    assert asked_last(talk) == ("What is the time in Oslo? and in Rome" if spoken else "and in Rome")
    assert finished(talk) == [1, 2]
