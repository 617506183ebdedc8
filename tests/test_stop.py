""" "Stop" ends the reply it was said over, not what the user asked after it: in a talk that is stepped."""

from __future__ import annotations

from tests.stepped import Stepped, turns_of
from tests.test_talking import silence, tone
from voicecli import events
from voicecli.listen.bargein.verdict import STOP_PAUSE_S
from voicecli.messages import FRAME_S


def stopped() -> Stepped:
    """A talk in which "stop" was said over the agent a moment ago, and is not believed yet."""
    talk = Stepped("go on", "Stop.")
    talk.hears(silence(10 * FRAME_S))
    talk.answers_with(2.0)
    talk.hears(silence(10 * FRAME_S), tone(0.4, 1), silence(STOP_PAUSE_S / 2))
    talk.transcribes()
    talk.told()
    return talk


def test_it_ends_the_reply_it_was_said_over() -> None:
    talk = stopped()
    assert talk.is_held()
    talk.hears(silence(STOP_PAUSE_S))
    told = talk.told()
    assert turns_of(told, "overheard") == turns_of(told, "interrupted") == turns_of(told, "turn_done") == [1]
    talk.works()
    talk.hears(silence(1.0))
    assert not talk.jitter.sounding
    assert talk.floor.idle


def test_a_line_that_is_typed_right_behind_it_is_answered() -> None:
    talk = stopped()
    talk.answers.replies = ["It is noon."]
    talk.types("What time is it?")
    talk.works()
    talk.hears(silence(STOP_PAUSE_S + 1.5))
    told = talk.told()
    assert turns_of(told, "overheard") == turns_of(told, "interrupted") == [1]
    done = [event for event in told if isinstance(event, events.TurnDone)]
    assert [(event.turn, event.heard) for event in done][1:] == [(2, "It is noon.")]
