"""The program as a person uses it: real models, a real audio server, and no network."""

from __future__ import annotations

import json
import re
import signal
import sys
import wave
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.made_speech import speak
from rig.program import talking, voicecli
from rig.room import RATE_HZ, Room, can_run
from tests.sentences import wording
from voicecli.config import TranscribeConfig
from voicecli.loading import load_recogniser
from voicecli.models.store import ModelStore, models_root

if TYPE_CHECKING:
    from voicecli.messages import Float32

pytestmark = pytest.mark.models

QUESTION = "What is the capital of France?"
room_needed = pytest.mark.skipif(
    not can_run(), reason="needs pulseaudio and its tools: make test installs them"
)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def alike(one: str, other: str) -> float:
    """Letter by letter: "France is", "Francis". Piper never says a thing twice the same way."""
    return SequenceMatcher(None, "".join(words(one)), "".join(words(other))).ratio()


def holds(text: str, said: str) -> bool:
    """Whether a transcript has at least two thirds of what was said, in order. A busy computer mishears."""
    wanted = words(said)
    same = SequenceMatcher(None, wanted, words(text)).get_matching_blocks()
    return sum(block.size for block in same) >= len(wanted) * 2 / 3


def likeness(said: str, samples: Float32) -> float:
    """How much of `said` speech recognition finds in the sound.

    It gets what sounds and 0.2 s at either end, as in a talk: whisper may make nothing, or everything twice,
    of a sentence after seconds of silence.
    """
    sounding = np.flatnonzero(np.abs(samples) > 0.01)
    assert sounding.size, "silence"
    samples = samples[max(0, sounding[0] - RATE_HZ // 5) : sounding[-1] + RATE_HZ // 5]
    transcriber = load_recogniser(TranscribeConfig(language="en"), ModelStore(models_root())).seat().it
    stretches = [samples[at : at + 20 * RATE_HZ] for at in range(0, len(samples), 20 * RATE_HZ)]
    heard = " ".join(transcriber.transcribe(np.ascontiguousarray(part)).text for part in stretches)
    return alike(said, heard)


def inet_sockets(pid: int) -> set[str]:
    """TCP and UDP sockets a process has open, from Linux's own tables."""
    own = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            own.add(str(link.readlink()))
        except FileNotFoundError:
            continue
    tables = [Path(f"/proc/{pid}/net/{table}") for table in ("tcp", "tcp6", "udp", "udp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return {f"{row[1]} -> {row[2]}" for row in rows if f"socket:[{row[9]}]" in own}


@pytest.fixture(scope="module")
def question_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((speak(QUESTION) * 32767).astype("<i2").tobytes())
    return path


@room_needed
@pytest.mark.room
def test_a_spoken_question_is_answered_aloud_with_the_words_it_says_it_said() -> None:
    with Room() as room, talking(env=room.env) as agent:
        agent.until("listening")
        for question in (QUESTION, "How many days are there in a week?"):
            begin = room.position()
            room.say(speak(question))
            heard = agent.until("transcript")
            done = agent.until("turn_done")
            agent.until("listening")
            assert alike(str(heard["text"]), question) >= 0.85
            assert likeness(str(done["heard"]), room.tape(begin)) >= 0.8
            assert done["latency_ms"]
        if sys.platform == "linux":
            assert not inet_sockets(agent.process.pid)
        agent.process.send_signal(signal.SIGINT)
        assert agent.wait() == 0
        assert agent.errors() == ""


@room_needed
@pytest.mark.room
def test_devices_of_the_room_are_listed_and_open() -> None:
    with Room() as room:
        listed = voicecli("devices", "--json", "--check", env=room.env)
        said = voicecli("say", "Good morning to you all.", env=room.env)
        tape = room.heard_out()
        unknown = voicecli("talk", "--input-device", "yeti", env=room.env)
    assert listed.returncode == 0, listed.stderr
    default = next(device for device in json.loads(listed.stdout) if device["default_input"])
    assert default["input_check"] == "16000 Hz, 32 ch"  # whichever of them somebody speaks in
    assert said.returncode == 0, said.stderr
    assert likeness("Good morning to you all.", tape) >= 0.8
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "voicecli: " + wording("devices.unknown_copy", noun="microphone", name="yeti") + "\n",
    )


def test_talk_from_a_file_to_a_file(question_wav: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    with talking("--from-file", str(question_wav), "--to-file", str(answer)) as agent:
        done = agent.until("turn_done")
        assert agent.wait() == 0, agent.errors()
        assert agent.errors() == ""
    with wave.open(str(answer)) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 22_050)
    from voicecli.audio.recordings.recording import decode

    assert likeness(str(done["heard"]), np.concatenate(list(decode(answer, RATE_HZ)))) >= 0.8
    assert list(tmp_path.iterdir()) == [answer]


@pytest.mark.matrix
def test_the_demo_holds_a_conversation_and_saves_it(tmp_path: Path) -> None:
    tape = tmp_path / "demo.wav"
    done = voicecli("demo", "--json", "-o", str(tape))
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    turns = [event for event in events if event["event"] == "turn_done"]
    assert [turn["turn"] for turn in turns] == [1, 2, 3]
    assert all(turn["heard"] for turn in turns)
    with wave.open(str(tape)) as file:
        assert file.getnchannels() == 2
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert (np.abs(sound).max(axis=0) > 3000).all()  # both are heard


def test_say_into_a_file_and_transcribe_it_again(tmp_path: Path) -> None:
    said = tmp_path / "said.wav"
    assert voicecli("say", "The quick brown fox is very tired today.", "-o", str(said)).returncode == 0
    done = voicecli("transcribe", "--json", "--language", "en", str(said))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert alike(result["text"], "The quick brown fox is very tired today.") >= 0.8
    assert set(result) == {"file", "text", "language", "audio_s", "seconds", "damage", "stretches"}
    assert result["language"] == "en"


def test_ctrl_c_while_loading_ends_at_once(question_wav: Path) -> None:
    with talking("--from-file", str(question_wav)) as agent:
        agent.process.send_signal(signal.SIGINT)
        # Before the program is up it is 130, and before Python is up the signal itself ends it.
        assert agent.wait() in (0, 130, -signal.SIGINT)
        assert "Traceback" not in agent.errors()
