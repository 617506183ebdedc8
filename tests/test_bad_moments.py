"""What goes away, hangs or is stopped in the middle: devices, servers, readers, the talk itself."""

from __future__ import annotations

import os
import re
import signal
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import ClassVar

import pytest

from rig.made_speech import speak
from rig.program import Agent, complaint, started, talking, voicecli
from rig.room import Room, can_run
from tests.sentences import pattern, wording

pytestmark = pytest.mark.models
room_needed = pytest.mark.skipif(
    not can_run(), reason="needs pulseaudio and its tools: make test installs them"
)

LONG = "I would like to hear a very long sentence, with many words in it, to be interrupted."
STOPPED = "voicecli: " + pattern("devices.stopped") + r".*\n"


def answering(agent: Agent, room: Room) -> None:
    """Bring the agent to say something long."""
    agent.until("listening")
    room.say(speak(LONG))
    agent.until("speaking")


@room_needed
@pytest.mark.room
@pytest.mark.parametrize("gone", [Room.unplug, Room.kill], ids=["unplugged", "server killed"])
def test_a_loudspeaker_that_goes_away_ends_say(gone: Callable[[Room], None]) -> None:
    with Room() as room, started("say", f"{LONG} " * 9, env=room.env) as process:
        while not abs(room.tape()).max(initial=0) > 0.01:
            assert process.poll() is None
        gone(room)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert re.fullmatch(STOPPED, err)


@room_needed
@pytest.mark.room
def test_say_can_be_stopped() -> None:
    with Room() as room, started("say", f"{LONG} " * 9, env=room.env) as process:
        while not abs(room.tape()).max(initial=0) > 0.01:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")


@room_needed
@pytest.mark.room
@pytest.mark.matrix
def test_a_device_that_lets_nobody_in_is_named() -> None:
    """ALSA lists it, the server refuses to open it: what a program sees of a device that is in use."""
    with Room() as room:
        Path(room.env["HOME"], ".asoundrc").write_text('pcm.taken { type pulse device "in_use" }\n')
        lines = [
            complaint(voicecli(*command, "taken", env=room.env), 1)
            for command in (["say", "hi", "--output-device"], ["talk", "--json", "--input-device"])
        ]
        checked = voicecli("devices", "--check", env=room.env)
    for line, noun in zip(lines, ("loudspeaker", "microphone"), strict=True):
        assert wording("devices.busy", noun=noun, name="taken") in line
        assert line.endswith(wording("devices.choose_another"))
    assert checked.returncode == 0  # it is no default device
    assert "no: the microphone" in checked.stdout


@room_needed
@pytest.mark.room
@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (
            "yeti",
            wording("devices.unknown_copy", noun="microphone", name="yeti"),
        ),  # without leave to fall back
        ("999", wording("devices.unknown", noun="microphone", name=999)),
        ("l", "2 devices match 'l': "),
    ],
)
def test_a_device_that_is_not_meant_by_its_name(wanted: str, told: str) -> None:
    with Room() as room:
        alone = {**room.env, "VOICECLI_AUDIO__FALLBACK": "false"}
        line = complaint(voicecli("talk", "--input-device", wanted, env=alone), 1)
    assert told in line
    if "match " in told:
        assert re.search(
            r"\d+ pulse \(ALSA\), \d+ default \(ALSA\); " + pattern("devices.ambiguous_remedy"), line
        )


class Server(BaseHTTPRequestHandler):
    """Answers the first request as a language model would, and fails the next ones; a deaf one fails all."""

    protocol_version = "HTTP/1.1"
    mode: ClassVar[str]
    asked: ClassVar[int]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        type(self).asked += 1
        if self.mode == "breaks" or (self.asked == 1 and self.mode != "deaf"):
            self._stream()
        elif self.mode in ("hangs", "deaf"):
            threading.Event().wait(60)
        else:
            self.send_error(int(self.mode))

    def do_GET(self) -> None:
        self.send_error(404)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(b'data: {"choices": [{"delta": {"content": "Well"}}]}\n\n')
        if self.asked == 1:
            self.wfile.write(
                b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
            )
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def server(mode: str) -> Iterator[str]:
    class Failing(Server):
        asked = 0

    Failing.mode = mode
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as listening:
        listening.daemon_threads = True
        listening.block_on_close = False
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/v1"
        listening.shutdown()


@contextmanager
def closed_port() -> Iterator[str]:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("mode", "found", "remedy"),
    [
        ("refuses", "no server answers", "--engine embedded"),
        ("404", "has no model tiny", "generate.model"),
        ("hangs", "for 1 s", "raise generate.first_token_s"),
        ("breaks", "broke off", "ask again"),
    ],
)
def test_a_server_that_fails_is_told_and_talk_goes_on(
    tmp_path: Path, question: Path, mode: str, found: str, remedy: str
) -> None:
    answer = tmp_path / "answer.wav"
    env = {**os.environ, "VOICECLI_GENERATE__FIRST_TOKEN_S": "1"}
    files = ["--from-file", str(question), "--to-file", str(answer)]
    with closed_port() if mode == "refuses" else server(mode) as url:
        flags = [*files, "--engine", "openai", "--model", "tiny", "--base-url", url]
        with talking(*flags, env=env, network=True) as agent:
            error = agent.until("error")
            agent.until("turn_done")
            code = agent.wait()
            assert (code, agent.errors()) == (0, "")
    assert found in str(error["message"])
    assert remedy in str(error["remedy"])
    assert list(tmp_path.iterdir()) == [answer]


def test_a_talk_that_is_stopped_while_its_server_hangs_keeps_the_recording(
    tmp_path: Path, question: Path
) -> None:
    answer = tmp_path / "answer.wav"
    files = ["--from-file", str(question), "--to-file", str(answer)]
    with server("deaf") as url:
        flags = [*files, "--engine", "openai", "--model", "tiny", "--base-url", url]
        with talking(*flags, env=dict(os.environ), network=True) as agent:
            while not any(part.stat().st_size > 60_000 for part in tmp_path.glob(".answer.wav.*.part")):
                assert agent.process.poll() is None
            agent.process.send_signal(signal.SIGTERM)
            assert agent.process.wait(timeout=5) == 0
            assert agent.errors() == ""
    with wave.open(str(answer)) as file:
        assert file.getnframes() / file.getframerate() > 1
    assert list(tmp_path.iterdir()) == [answer]


@pytest.mark.parametrize("until", ["listening", "speaking"])
def test_a_demo_that_is_stopped_keeps_what_was_said_so_far(tmp_path: Path, until: str) -> None:
    with started("demo", "--json", cwd=tmp_path) as process:
        Agent(process).until(until)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 0
        assert process.stderr is not None
        assert process.stderr.read() == wording("talk.demo_kept", name="voicecli-demo.wav") + "\n"
    with wave.open(str(tmp_path / "voicecli-demo.wav")) as file:
        assert file.getnchannels() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["voicecli-demo.wav"]


def test_a_talk_ends_when_nobody_reads_its_events_any_more(question: Path) -> None:
    with started("talk", "--json", "--engine", "echo", "--from-file", str(question)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "listening" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""
