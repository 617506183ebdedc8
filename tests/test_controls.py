"""Switches and commands: alone on a clock that the test moves, and in a whole pipeline with fake engines."""

from __future__ import annotations

import numpy as np
import pytest

from tests.test_talking import RATE_HZ, Beeper, silence, talking, tone
from voicecli import events
from voicecli.floor.facts import Fact, Pressed, Typed
from voicecli.messages import ChatMessage
from voicecli.system.clock import FakeClock
from voicecli.talk.controls import Controls


class Keys(Controls):
    """Keeps what it posts."""

    def __init__(self, clock: FakeClock, *, push_to_talk: bool) -> None:
        self.posted: list[Fact] = []
        super().__init__(clock, self.posted.append, push_to_talk=push_to_talk)


def controls(*, push_to_talk: bool = False) -> tuple[Keys, FakeClock]:
    clock = FakeClock(100.0)
    made = Keys(clock, push_to_talk=push_to_talk)
    clock.advance(10.0)
    return made, clock


# ---- the switches


def test_a_muted_microphone_keeps_what_was_said_before() -> None:
    made, clock = controls()
    assert not made.deaf(clock.now())
    made.mute_microphone()
    assert not made.deaf(clock.now() - 0.05)  # on its way through the device
    assert made.deaf(clock.now())
    clock.advance(5.0)
    made.mute_microphone()
    assert made.deaf(clock.now() - 0.05)
    assert not made.deaf(clock.now())


def test_with_push_to_talk_only_the_open_key_is_heard() -> None:
    made, clock = controls(push_to_talk=True)
    assert made.deaf(clock.now())
    made.talk(begins=True)
    assert made.deaf(clock.now() - 0.05)
    assert not made.deaf(clock.now())
    clock.advance(2.0)
    made.talk(begins=False)
    assert not made.deaf(clock.now() - 0.05)
    assert made.deaf(clock.now())
    assert made.posted == [Pressed("talk")]  # who begins to speak stops the agent


def test_a_muted_microphone_stays_muted_with_the_talk_key_down() -> None:
    made, clock = controls(push_to_talk=True)
    made.mute_microphone()
    clock.advance(1.0)
    made.talk(begins=True)
    assert made.deaf(clock.now())


def test_the_talk_key_does_nothing_without_push_to_talk() -> None:
    made, clock = controls()
    made.talk(begins=False)
    assert not made.deaf(clock.now())
    assert made.posted == []


def test_commands_come_in_order_and_once() -> None:
    made, _ = controls()
    made.press("interrupt")
    made.say("hello")
    made.say("   ")  # nothing to answer
    made.press("repeat")
    assert made.posted == [Pressed("interrupt"), Typed("hello"), Pressed("repeat")]


def test_a_muted_voice_is_silence_without_a_click() -> None:
    made, _ = controls()

    def full(block: np.ndarray, at: float, dry: bool) -> None:
        block[:] = 10_000

    play = made.over(full)
    blocks = []
    for muted in (False, True, True, False, False):
        made.voice_muted = muted
        block = np.zeros(320, np.int16)
        play(block, 0.0, False)
        blocks.append(block)
    wire = np.concatenate(blocks).astype(int)
    assert (blocks[0] == 10_000).all()
    assert (blocks[2] == 0).all()
    assert (blocks[4] == 10_000).all()
    assert np.abs(np.diff(wire)).max() <= 10_000 / 300


# ---- in a pipeline


def test_nothing_said_into_a_muted_microphone_is_heard() -> None:
    with talking(["in secret", "aloud"], ["hello"]) as talk:
        talk.until(events.Listening)
        talk.pipeline.controls.mute_microphone()
        talk.says(tone(0.5), silence(0.3))
        while not talk.user.finished:
            assert talk.pipeline.status().state == "listening"
            talk.ticks.wait(0.01)
        assert talk.pipeline.status().microphone_muted
        talk.pipeline.controls.mute_microphone()
        talk.says(silence(0.3), tone(0.5, 1))
        assert talk.until(events.Heard).text == "aloud"
    assert talk.names().count("speech_started") == 1


def test_closing_the_talk_key_ends_the_turn_at_once() -> None:
    with talking(["what time is it"], ["noon"], push_to_talk=True) as talk:
        talk.until(events.Listening)
        talk.judge.goes.clear()  # nobody will say that the turn is complete
        talk.pipeline.controls.talk(begins=True)
        talk.says(silence(0.2), tone(20.0))
        talk.until(events.SpeechBegan)
        talk.until(events.Partial)
        talk.pipeline.controls.talk(begins=False)
        done = talk.until(events.TurnDone)
        assert not talk.user.finished  # decided while the user had not even paused
        assert done.heard == "noon."


def test_interrupting_is_remembered_as_far_as_it_was_heard() -> None:
    with talking(["tell me", "go on"], ["word " * 40, "fine"]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Speaking)
        while len(talk.pipeline.status().heard_so_far.split()) < 5:
            talk.ticks.wait(0.01)
        talk.pipeline.controls.press("interrupt")
        interrupted = talk.until(events.Interrupted)
        done = talk.until(events.TurnDone)
        talk.until(events.Listening)
        assert talk.pipeline.idle
        talk.says(silence(0.4), tone(0.5, 1))
        talk.until(events.TurnDone)
    heard = len(interrupted.heard.split())
    assert 5 <= heard < 40
    assert done.heard == interrupted.heard
    remembered = next(m for m in talk.answers.asked[-1] if m.role == "assistant")
    assert remembered.content.split()[:-1] == ["word"] * heard
    loud_s = np.count_nonzero(np.abs(talk.played()) > 0.02) / RATE_HZ
    assert loud_s < 0.1 * 40  # of both replies together


def test_interrupting_nobody_does_nothing() -> None:
    with talking(["hello"], ["hello you"]) as talk:
        talk.until(events.Listening)
        talk.pipeline.controls.press("interrupt")
        talk.says(tone(0.5))
        assert talk.until(events.TurnDone).heard == "hello you."
    assert "interrupted" not in talk.names()


def test_an_interruption_before_the_words_are_known_waits_for_them() -> None:
    with talking(["tell me", "go on"], ["word " * 40, "fine"]) as talk:
        talk.until(events.Listening)
        talk.scribe.goes.clear()
        talk.says(tone(0.5))
        while talk.pipeline.status().state != "thinking":
            talk.ticks.wait(0.01)
        talk.pipeline.controls.press("interrupt")
        talk.scribe.goes.set()
        assert talk.until(events.Interrupted).heard == ""
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        assert talk.pipeline.idle


def test_typed_words_are_answered_like_spoken_ones() -> None:
    with talking(["and spoken"], ["One.", "Two."]) as talk:
        talk.until(events.Listening)
        talk.pipeline.controls.say("typed [words]")
        heard = talk.until(events.Heard)
        done = talk.until(events.TurnDone)
        talk.until(events.Listening)
        talk.says(silence(0.4), tone(0.5))
        talk.until(events.TurnDone)
    assert (heard.text, heard.language, heard.confidence) == ("typed [words]", Beeper.language, 1.0)
    assert done.heard == "One."
    assert done.latency_ms["total"] >= 0
    assert "speech_started" not in talk.names()[: talk.names().index("turn_done")]
    assert [m.role for m in talk.answers.asked[-1]] == ["system", "user", "assistant", "user"]
    assert talk.scribe.passes  # of what was spoken alone


def test_typing_stops_the_agent_and_is_answered() -> None:
    with talking(["tell me"], ["word " * 40, "All right."]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Speaking)
        while len(talk.pipeline.status().heard_so_far.split()) < 8:
            talk.ticks.wait(0.01)
        talk.pipeline.controls.say("but why")
        assert len(talk.until(events.Interrupted).heard.split()) >= 8
        talk.until(events.TurnDone)
        assert talk.until(events.TurnDone).heard == "All right."
    assert talk.answers.asked[-1][-1] == ChatMessage("user", "but why")


def test_the_last_reply_is_said_again_without_a_model() -> None:
    with talking(["what time is it", "and now"], ["It is noon.", "Still noon."]) as talk:
        talk.until(events.Listening)
        talk.pipeline.controls.press("repeat")  # nothing was said yet
        talk.until(events.Listening)
        talk.says(silence(0.4), tone(0.5))
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        asked = len(talk.answers.asked)
        talk.pipeline.controls.press("repeat")
        again = talk.until(events.TurnDone)
        talk.until(events.Listening)
        assert len(talk.answers.asked) == asked
        talk.says(silence(0.4), tone(0.5, 1))
        talk.until(events.TurnDone)
    assert again.heard == "It is noon."
    assert [m.content for m in talk.answers.asked[-1] if m.role == "assistant"] == ["It is noon."]  # once


def test_repeating_waits_for_the_end_of_a_reply_unless_it_is_interrupted() -> None:
    with talking(["tell me", "more"], ["word " * 8, "other " * 40]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Speaking)
        talk.pipeline.controls.press("repeat")
        first, again = talk.until(events.TurnDone), talk.until(events.TurnDone)
        talk.until(events.Listening)
        assert first.heard == again.heard == " ".join(["word"] * 8) + "."
        talk.says(silence(0.4), tone(0.5, 1))
        talk.until(events.Speaking)
        talk.pipeline.controls.press("repeat")
        talk.pipeline.controls.press("interrupt")
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        assert talk.pipeline.idle
    assert talk.names().count("turn_done") == 3


def test_a_muted_voice_goes_on_in_silence() -> None:
    with talking(["hello"], ["word " * 8]) as talk:
        talk.until(events.Listening)
        talk.pipeline.controls.mute_voice()
        talk.says(tone(0.5))
        done = talk.until(events.TurnDone)
        assert talk.pipeline.status().voice_muted
    assert len(done.heard.split()) == 8
    assert np.abs(talk.played()).max() == 0


@pytest.mark.parametrize("push_to_talk", [False, True])
def test_the_status_tells_the_switches(push_to_talk: bool) -> None:
    with talking([], [], push_to_talk=push_to_talk) as talk:
        talk.until(events.Listening)
        talk.pipeline.controls.talk(begins=True)
        status = talk.pipeline.status()
        assert (status.push_to_talk, status.talk_key_down) == (push_to_talk, push_to_talk)
        assert status.threshold_dbfs >= status.floor_dbfs
        assert not any(status.waiting.values())
