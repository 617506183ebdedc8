"""The flags of `talk --server`, and what the views show while there is no connection."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from rig.program import complaint, environment, voicecli
from tests.far_server import FarServer
from voicecli.audio.recordings.files import WavWriter
from voicecli.status import Status
from voicecli.view.live.live import LiveView
from voicecli.view.plain import PlainView

AWAY = Status(
    "offline", -50.0, -60.0, "m", "l", "", "", {}, loading="the connection to pi is lost", again_in_s=3.0
)


@pytest.fixture
def question(tmp_path: Path) -> str:
    with WavWriter(tmp_path / "q.wav", 16_000, 1) as wav:
        wav.write(np.full(16_000, 3000, np.int16))
    return str(tmp_path / "q.wav")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--server", "pi", "--model", "m"), "--server excludes --model"),
        (("--server", "pi", "--light"), "--server excludes --light"),
        (("--server", "pi", "--voice", "v"), "--server excludes --voice"),
        (("--server", "ftp://pi"), "--server is no address"),
        (("--server", "ws://me:secret@pi"), "--server has a password in it"),
        (("--token-file", "t"), "--token-file needs --server"),
        (("--server", "pi", "--token-file", "/nowhere/t"), "/nowhere/t cannot be read"),
    ],
)
def test_flags_that_cannot_be_are_told_in_one_line(words: tuple[str, ...], part: str) -> None:
    line = complaint(voicecli("talk", *words), 2)
    assert part in line
    assert "secret" not in line


def talk(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voicecli", "talk", *words],
        env={**environment(network=True), **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_recording_is_said_to_a_server_and_the_first_line_names_it(question: str) -> None:
    with FarServer().running() as server:
        at = f"127.0.0.1:{server.port}"
        done = talk(
            "--server", at, "--from-file", question, "--plain", env={"VOICECLI_SERVER_TOKEN": "t" * 20}
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == f"note: what the microphone hears goes to {at}, on this computer\n"
        assert f"model: a model, at {at}" in done.stdout
        assert np.abs(server.visit.sound()).max() > 2000
        assert server.visit.token == f"Bearer {'t' * 20}"
        assert server.visit.code == 1000


@pytest.mark.parametrize("answer", [401, 404, "html"])
def test_a_refusal_is_one_line_and_an_exit_code(answer: str | int, question: str) -> None:
    with FarServer(answers=(answer,)).running() as server:
        done = talk("--server", f"127.0.0.1:{server.port}", "--from-file", question, "--json")
    assert done.returncode == 1
    note, line = done.stderr.splitlines()
    assert note.startswith("note: ")
    assert line.startswith(f"voicecli: 127.0.0.1:{server.port} ")
    assert '"event": "error"' in done.stdout.splitlines()[-1]


def test_ctrl_c_ends_it_at_once_while_nobody_answers(question: str) -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "voicecli",
            "talk",
            "--server",
            "127.0.0.1:9",
            "--from-file",
            question,
            "--plain",
        ],
        env=environment(network=True),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "no server answers there" in line:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(3) == 0
        process.stdout.read()


def test_the_views_say_that_there_is_no_connection_and_when_it_is_tried_again() -> None:
    plain, screen = io.StringIO(), io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system=None, width=100, height=30)
    with PlainView(plain) as lines, LiveView(console) as live:
        lines.tick(AWAY)
        live.tick(AWAY)
    assert plain.getvalue().strip() == "the connection to pi is lost"
    assert "offline   the connection to pi is lost (3 s)" in screen.getvalue()
    assert "Ctrl-C ends" in screen.getvalue()
