""" "Stop" ends the reply it was said over, and nothing that the user did since: in a talk that is stepped."""

from __future__ import annotations

from tests.stepped import Stepped
from tests.test_pipeline import silence, tone
from voicecli import events
from voicecli.listen.overlap import STOP_PAUSE_S
from voicecli.messages import FRAME_S


def stopped() -> Stepped:
    """A talk in which "stop" was said over the agent a moment ago, and is not believed yet."""
    talk = Stepped("go on", "Stop.")
    talk.hears(silence(10 * FRAME_S))
    talk.turns.open(talk.clock.now())
    talk.answers_with(2.0)
    talk.hears(silence(10 * FRAME_S), tone(0.4, 1), silence(STOP_PAUSE_S / 2))
    talk.transcribes()
    talk.told()
    return talk


def test_it_ends_the_reply_it_was_said_over() -> None:
    talk = stopped()
    answer = talk.turns.answer()
    assert answer is not None
    talk.hears(silence(STOP_PAUSE_S))
    assert not talk.turns.wanted(answer)
    assert [event.turn for event in talk.told() if isinstance(event, events.Overheard)] == [1]


def test_a_line_that_is_typed_right_behind_it_is_answered() -> None:
    talk = stopped()
    talk.controls.say("What time is it?")
    talk.hears(silence(FRAME_S))
    talk.transcribes()
    (draft,) = talk.drafts()
    talk.hears(silence(STOP_PAUSE_S + 0.5))
    assert [event.turn for event in talk.told() if isinstance(event, events.Overheard)] == [1]
    assert (draft.turn, talk.turns.newest) == (2, 2)
    assert talk.turns.wanted(draft)
    assert talk.turns.taken(draft)
    assert not talk.turns.turns[2].called_off
    assert talk.speaks(draft, "It is noon.") == "It is noon."
