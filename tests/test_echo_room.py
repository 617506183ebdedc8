"""Both speak at once without headphones, as the program hears it: real models and audio server, an echo."""

from __future__ import annotations

import pytest

from rig.made_speech import speak
from rig.program import talking
from rig.room import Room
from tests.test_talk import room_needed, words
from tests.test_talk_over import ASKED, LATE_S, OVER, after, names
from voicecli.bench.word_errors import distance

pytestmark = [pytest.mark.models, pytest.mark.room, room_needed]

TRIES = 3
"""Beside busy programs somebody who is as loud as the echo may be missed, or misheard, and tries again."""


def close(text: str, said: str) -> bool:
    """Whether a transcript has at least two thirds of what was said."""
    wanted = words(said)
    return distance(wanted, words(text)) <= len(wanted) / 3


@pytest.mark.parametrize(
    ("level_db", "delay_ms", "after_s"),
    [
        (-6.0, 120, 2.0),
        *(
            pytest.param(level_db, delay_ms, after_s, marks=pytest.mark.matrix)
            for level_db in (-20.0, -15.0, -6.0)
            for delay_ms, after_s in ((40, 0.7), (120, 2.0), (250, LATE_S))
            if (level_db, delay_ms) != (-6.0, 120)
        ),
    ],
)
def test_the_agent_never_answers_itself_and_hears_who_speaks_over_it(
    level_db: float, delay_ms: int, after_s: float
) -> None:
    with Room() as room:
        room.echo(level_db, delay_ms)
        with talking("--engine", "echo", env=room.env) as agent:
            agent.until("listening")
            room.say(speak(ASKED))
            first = agent.until("turn_done")
            agent.until("listening")
            assert len(words(str(first["heard"]))) >= len(words(ASKED))
            assert names(agent).count("speech_started") == 1
            tried = 0
            while tried < TRIES:
                tried += 1
                room.say(speak(ASKED))
                agent.until("speaking")
                room.say(after(after_s, speak(OVER)))
                if agent.until("interrupted", "turn_done")["event"] == "interrupted":
                    told = agent.until("transcript", "warning")  # what a loud echo drowned is told
                    if told["event"] == "transcript" and close(str(told["text"]), OVER):
                        break
                agent.until("listening")
            else:
                pytest.fail(f"it was spoken to {TRIES} times and was not understood once")
            agent.until("turn_done")
            agent.until("listening")
        heard = [str(event["text"]) for event in agent.seen if event["event"] == "transcript"]
        assert not any("you said" in text.lower() for text in heard)  # as each of its own replies begins
        assert names(agent).count("speech_started") <= 1 + 2 * tried
        assert names(agent).count("interrupted") <= tried


@pytest.mark.matrix
@pytest.mark.parametrize("before_db", [-90.0, -20.0])
def test_an_echo_that_becomes_loud_in_the_middle_of_a_reply_is_not_somebody(before_db: float) -> None:
    """The headphones are pulled out, or the loudspeaker is turned up."""
    with Room() as room:
        room.echo(before_db, 40)
        with talking("--engine", "echo", env=room.env) as agent:
            agent.until("listening")
            room.say(speak(ASKED))
            agent.until("turn_done")
            agent.until("listening")
            room.say(speak(ASKED))
            while agent.until("speaking")["index"] == 0:
                pass
            room.turn_echo(-6.0)
            second = agent.until("turn_done")
            agent.until("listening")
            assert len(words(str(second["heard"]))) >= len(words(ASKED))
            room.say(speak(ASKED))
            agent.until("speaking")
            room.say(after(LATE_S, speak(OVER)))
            agent.until("interrupted")
            while agent.until("turn_done")["turn"] != 4:
                pass
        heard = [words(str(event["text"])) for event in agent.seen if event["event"] == "transcript"]
        assert len(heard) == names(agent).count("speech_started") == 4
        assert heard[-1][-3:] == ["weather", "in", "norway"]
        assert names(agent).count("interrupted") == 1
