"""The agent, held for a sound, goes on whatever becomes of the sound: in a talk that is stepped."""

from __future__ import annotations

import pytest

from tests.stepped import BLOCK_S, Stepped
from tests.test_talking import silence, tone
from voicecli import events
from voicecli.floor.user.speech import GONE_S
from voicecli.messages import FRAME_S
from voicecli.talk.ear import CHECK_S

REPLY_S = 2.0


def speaking() -> Stepped:
    """A talk in which the agent answers."""
    talk = Stepped("go on", "something")
    talk.hears(silence(10 * FRAME_S))
    talk.answers_with(REPLY_S)
    talk.hears(silence(10 * FRAME_S))
    assert talk.jitter.sounding
    return talk


def all_said(talk: Stepped) -> bool:
    told = [event for event in talk.told() if isinstance(event, events.TurnDone)]
    return [len(event.heard.split()) for event in told] == [REPLY_S * 10]


@pytest.mark.parametrize("frames", [1, 2, 3, 8])
def test_a_microphone_that_is_muted_in_a_sound_lets_the_agent_go_on(frames: int) -> None:
    talk = speaking()
    talk.hears(tone(frames * FRAME_S, 1))
    assert talk.is_held()
    talk.controls.mute_microphone()
    talk.hears(silence(REPLY_S + 0.5))
    assert not talk.is_held()
    assert all_said(talk)


@pytest.mark.parametrize("frames", [2, 8])
def test_a_microphone_that_goes_away_in_a_sound_lets_the_agent_go_on(frames: int) -> None:
    talk = speaking()
    talk.hears(tone(frames * FRAME_S, 1))
    assert talk.is_held()
    for _ in range(round((GONE_S + 2 * CHECK_S + REPLY_S) / BLOCK_S)):
        talk.clock.advance(BLOCK_S)
        talk.plays()
        talk.crew.ear.step()
        talk.speaks()
    assert not talk.is_held()
    assert all_said(talk)
