"""The agent, held for a sound, goes on whatever becomes of the sound: in a talk that is stepped."""

from __future__ import annotations

import pytest

from tests.stepped import Stepped
from tests.test_pipeline import silence, tone
from voicecli.messages import FRAME_S

REPLY_S = 2.0


def speaking() -> Stepped:
    """A talk in which the agent answers."""
    talk = Stepped("go on", "something")
    talk.hears(silence(10 * FRAME_S))
    talk.turns.open(talk.clock.now())
    talk.answers_with(REPLY_S)
    talk.hears(silence(10 * FRAME_S))
    assert talk.playback.jitter.sounding
    return talk


def held(talk: Stepped) -> bool:
    return talk.playback.jitter.on_hold


@pytest.mark.parametrize("frames", [1, 2, 3, 8])
def test_a_microphone_that_is_muted_in_a_sound_lets_the_agent_go_on(frames: int) -> None:
    talk = speaking()
    talk.hears(tone(frames * FRAME_S, 1))
    assert held(talk)
    talk.controls.mute_microphone()
    talk.hears(silence(REPLY_S + 0.5))
    assert not held(talk)
    assert talk.playback.done(talk.clock.now())
