"""Devices that go and come back in the middle of a talk: a real sound server, real models."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rig.made_speech import QUESTION, speak
from rig.program import Agent, started, talking, told
from rig.room import HEADSET, Room, can_run
from tests.sentences import wording
from voicecli.devices.recovery.latency import MOMENT_S, SETTLE_S

pytestmark = [
    pytest.mark.models,
    pytest.mark.room,
    pytest.mark.skipif(not can_run(), reason="needs pulseaudio and its tools: make test installs them"),
]

LONG = "I would like to hear a very long sentence with many words in it."


def answered(agent: Agent) -> None:
    """A question is heard, and the echo engine says all of it again."""
    question = str(agent.until("transcript")["text"])
    assert len(question.split()) > 3
    assert agent.until("turn_done")["heard"] == f"You said: {question}"


@contextmanager
def talk(room: Room, *arguments: str) -> Iterator[Agent]:
    """With the echo engine; in the end it is ended by Ctrl-C, in order, whatever has happened."""
    with talking("--engine", "echo", *arguments, env=room.env) as agent:
        agent.until("listening")
        yield agent
        agent.process.send_signal(signal.SIGINT)
        assert agent.wait() == 0
        assert agent.errors() == ""


def test_a_talk_goes_on_after_its_devices_were_away() -> None:
    """Unplugged while it listens, and in the middle of a reply; its server killed between both."""
    with Room() as room, talk(room) as agent:
        room.unplug()
        told(agent, "stopped")
        room.plug_in()
        told(agent, "goes on")

        room.say(speak(QUESTION))
        room.kill()  # before the answer
        told(agent, "stopped")
        room.start()
        told(agent, "goes on")
        agent.until("speaking")
        room.kill()  # and in the middle of it: it goes on where it broke off
        told(agent, "stopped")
        room.start()
        agent.until("turn_done")
        question = next(event["text"] for event in agent.seen if event["event"] == "transcript")
        assert agent.seen[-1]["heard"] == f"You said: {question}"

        room.kill()
        room.start()  # before anybody has looked
        told(agent, "goes on")
        room.say(speak(QUESTION))
        answered(agent)


@pytest.mark.matrix
def test_a_loudspeaker_that_ran_dry_twice_is_opened_with_more_latency_and_the_talk_goes_on() -> None:
    with Room() as room, talk(room) as agent:
        room.pass_time(SETTLE_S + 1)
        for _ in range(2):
            agent.process.send_signal(signal.SIGSTOP)  # as on a computer that has no time for it
            room.pass_time(0.5)
            agent.process.send_signal(signal.SIGCONT)
            room.pass_time(2 * MOMENT_S)
        told(agent, "latency")
        room.say(speak(QUESTION))
        answered(agent)
        assert not any("stopped" in str(event.get("message")) for event in agent.seen)


@pytest.mark.matrix
@pytest.mark.parametrize("moment", ["listening", "before the answer", "speaking"])
def test_a_question_is_answered_after_the_devices_were_unloaded(moment: str) -> None:
    with Room() as room, talk(room) as agent:
        if moment != "listening":
            room.say(speak(QUESTION))
        if moment == "speaking":
            agent.until("speaking")
        room.unplug()
        told(agent, "stopped")
        room.plug_in()
        told(agent, "goes on")
        if moment != "listening":
            agent.until("turn_done")  # the first answer was not lost
        room.say(speak(QUESTION))
        answered(agent)


def test_a_server_that_hangs_is_told_and_ctrl_c_ends_the_talk() -> None:
    with Room() as room, talk(room) as agent:
        room.signal(signal.SIGSTOP)
        told(agent, "stopped")
        agent.process.send_signal(signal.SIGINT)
        assert agent.wait() == 0
        room.signal(signal.SIGCONT)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("command", "begun", "code"),
    [
        (("devices", "--meter", "--json"), '"rms_dbfs": -', 0),
        (("devices", "--test"), "speak now", 130),
        (("say", LONG * 9), "", 130),
    ],
    ids=["meter", "test", "say"],
)
def test_ctrl_c_ends_what_uses_a_server_that_hangs(command: tuple[str, ...], begun: str, code: int) -> None:
    with Room() as room, started(*command, env=room.env) as process:
        if command[0] == "say":
            while not abs(room.tape()).max(initial=0) > 0.01:
                assert process.poll() is None
        else:
            stream = process.stderr if "--test" in command else process.stdout
            assert stream is not None
            assert any(begun in line for line in stream)
            room.tape()  # some of it is recorded
        room.signal(signal.SIGSTOP)
        try:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        finally:
            room.signal(signal.SIGCONT)
    assert (process.returncode, err) == (code, "")


@pytest.mark.matrix
def test_a_named_device_is_replaced_by_the_default_and_taken_again() -> None:
    with Room() as room, Room() as headset:
        (room.folder / "home" / ".asoundrc").write_text(HEADSET.format(folder=headset.folder))
        with talk(room, "--input-device", "heads", "--output-device", "heads") as agent:
            headset.kill()
            assert "in place of 'headset'" in told(agent, "goes on")
            room.say(speak(QUESTION))
            answered(agent)
            headset.start()
            told(agent, wording("talk.gone_on", microphone="headset", loudspeaker="headset"))
            headset.say(speak(QUESTION))
            answered(agent)


@pytest.mark.matrix
def test_a_named_device_that_is_away_at_the_start_is_replaced_and_taken_when_it_comes() -> None:
    with Room() as room, Room() as headset:
        (room.folder / "home" / ".asoundrc").write_text(HEADSET.format(folder=headset.folder))
        headset.kill()
        room.env |= {f"VOICECLI_AUDIO__{way}_DEVICE": "heads" for way in ("INPUT", "OUTPUT")}
        with talk(room) as agent:
            begun = [str(event.get("message")) for event in agent.seen]
            assert begun[0].startswith(wording("talk.begun_elsewhere", microphone="default", missing="heads"))
            room.say(speak(QUESTION))
            answered(agent)
            headset.start()
            told(agent, wording("talk.gone_on", microphone="headset", loudspeaker="headset"))
            headset.say(speak(QUESTION))
            answered(agent)


@pytest.mark.matrix
def test_a_new_default_is_followed_in_the_middle_of_a_reply() -> None:
    with Room() as room, talk(room) as agent:
        room.pactl("load-module", "module-null-sink", "sink_name=other", "rate=48000")
        room.pactl("load-module", "module-null-sink", "sink_name=other_mic", "rate=48000", "channels=1")
        room.say(speak(QUESTION))
        agent.until("speaking")
        room.pactl("set-default-sink", "other")
        room.pactl("set-default-source", "other_mic.monitor")
        agent.until("turn_done")
        begin = room.position()
        room.say(speak(QUESTION), "other_mic")
        answered(agent)
        assert not room.tape(begin).any()  # it was said, and not where it would have been before
