"""Speech over the agent and noise at any time, as the program hears it: real models, a real audio server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.made_speech import speak
from rig.noises import hiss_music_keys, murmur
from rig.program import Agent, talking
from rig.room import RATE_HZ, Room
from tests.matrix import also
from tests.test_talk import holds, likeness, room_needed, words

if TYPE_CHECKING:
    from voicecli.messages import Float32

pytestmark = [pytest.mark.models, pytest.mark.room, room_needed]

ASKED = "I would like to hear a very long sentence that goes on and on about ships and trains and mountains."
OVER = "What about the weather in Norway?"
LATE_S = 4.0
"""The echo of it takes a second or two more."""


def noise(seconds: float, rise_s: float, fall_s: float, seed: int = 0) -> Float32:
    """A burst of white noise that rises fast and dies away."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    shape = np.minimum(at / rise_s, 1.0) * np.exp(-at / fall_s)
    burst: Float32 = (np.random.default_rng(seed).normal(0.0, 0.25, at.size) * shape).astype(np.float32)
    return burst.clip(-1, 1)


def softened(samples: Float32, taps: int) -> Float32:
    """Its lower part, three times as loud."""
    low: Float32 = np.convolve(samples, np.full(taps, 3.0 / taps), "same").clip(-1, 1).astype(np.float32)
    return low


NOISES = {
    "keys": np.concatenate([noise(0.12, 0.001, 0.008, seed) for seed in range(8)]),
    "coughs": np.concatenate([softened(noise(0.5, 0.005, 0.12, seed), 8) for seed in range(2)]),
    "a door": softened(noise(0.6, 0.002, 0.1), 40),
    "a hiss, music and typing": hiss_music_keys(),
}


def after(seconds: float, samples: Float32) -> Float32:
    return np.concatenate([np.zeros(round(seconds * RATE_HZ), np.float32), samples])


def closed(samples: Float32) -> Float32:
    """Without its silences of more than 0.2 s: whisper may find no words across a break in one."""
    near = np.convolve(np.abs(samples) > 0.005, np.ones(RATE_HZ // 5), "same") > 0.5
    return np.ascontiguousarray(samples[near])


@contextmanager
def answering() -> Iterator[tuple[Room, Agent]]:
    """A talk in which the agent has begun to answer."""
    with Room() as room, talking("--headphones", "--engine", "echo", env=room.env) as agent:
        agent.until("listening")
        room.say(speak(ASKED))
        agent.until("speaking")
        yield room, agent


def names(agent: Agent) -> list[object]:
    return [event["event"] for event in agent.seen]


@pytest.mark.parametrize("after_s", [2.0, *also(0.0, LATE_S)])
def test_words_stop_the_agent_early_and_late_and_are_answered_whole(after_s: float) -> None:
    with answering() as (room, agent):
        room.say(after(after_s, speak(OVER)))
        agent.until("interrupted")
        if names(agent).count("transcript") < 2:
            agent.until("transcript")
        heard = next(event for event in agent.seen[::-1] if event["event"] == "transcript")
        assert holds(str(heard["text"]), OVER)
        assert words(str(heard["text"]))[0] == "what"  # not even the first is lost
        agent.until("turn_done")
        assert "overheard" not in names(agent)


@pytest.mark.matrix
def test_words_in_the_last_words_of_the_agent_are_answered_whole() -> None:
    """Whether they still interrupted it or not."""
    with answering() as (room, agent):
        while agent.seen[-1]["text"] != [e["text"] for e in agent.seen if e["event"] == "reply"][-1]:
            agent.until("speaking")
        room.say(speak(OVER))
        agent.until("transcript")
        assert holds(str(agent.seen[-1]["text"]), OVER)
        while agent.until("turn_done")["turn"] != 2:
            pass
        assert holds(str(agent.seen[-1]["heard"]), OVER)
        agent.until("listening")
        assert names(agent).count("speech_started") == 2


@pytest.mark.parametrize("said", ["Yeah.", *also("Right.", "I see.", "Okay.")])
def test_who_agrees_lets_the_agent_go_on_and_no_word_of_it_is_lost(said: str) -> None:
    with answering() as (room, agent):
        begin = max(0, room.position() - 2 * RATE_HZ)
        room.say(after(1.0, speak(said)))
        done = agent.until("turn_done")
        assert "interrupted" not in names(agent)
        assert names(agent).count("overheard") == 1
        assert likeness(str(done["heard"]), closed(room.tape(begin))) >= 0.8


@pytest.mark.parametrize("what", ["a hiss, music and typing", *also("keys", "coughs", "a door")])
def test_noise_does_not_stop_the_agent(what: str) -> None:
    with answering() as (room, agent):
        room.say(after(1.0, NOISES[what]))
        done = agent.until("turn_done")
        agent.until("listening")
        assert names(agent).count("speech_started") == 1
        assert "interrupted" not in names(agent)
        assert len(words(str(done["heard"]))) >= len(words(ASKED))


@pytest.mark.parametrize("said", ["Stop!", *also("Wait a minute.", "Never mind.", "Be quiet.")])
def test_stop_ends_the_reply_and_the_next_question_is_answered(said: str) -> None:
    with answering() as (room, agent):
        room.say(after(1.0, speak(said)))
        agent.until("interrupted")
        cut = agent.until("turn_done")
        agent.until("listening")
        assert names(agent).count("speech_started") == 1
        assert len(words(str(cut["heard"]))) < len(words(ASKED))
        room.say(speak("What is the capital of France?"))
        assert agent.until("turn_done")["heard"]
        assert names(agent).count("speech_started") == 2


@pytest.mark.matrix
def test_noise_is_not_answered_and_the_question_after_it_is() -> None:
    with Room() as room, talking("--headphones", "--engine", "echo", env=room.env) as agent:
        agent.until("listening")
        room.say(np.concatenate([murmur(5.0), hiss_music_keys()]))
        assert not np.abs(room.tape()).max()
        room.say(speak("What is the capital of France?"))
        done = agent.until("turn_done")
        assert "what is the capital of" in " ".join(words(str(done["heard"])))
        assert names(agent).count("transcript") == names(agent).count("turn_done") == 1
