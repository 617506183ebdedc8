"""The install without engines: what it is for works, and everything else says in one line what to install."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.far_server import FarServer
from voicecli.system.extras import INSTALL, LOCAL

ROOT = Path(__file__).parent.parent

WITHOUT_ENGINES = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in %r:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
"""A `sitecustomize`: Python runs it before anything else."""

MODULE_OF = {"faster-whisper": "faster_whisper", "piper-tts": "piper"}


def distributions(lines: list[str]) -> set[str]:
    return {re.split(r"[<>=~;\[ ]", line)[0] for line in lines}


@pytest.fixture
def light(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITHOUT_ENGINES % (LOCAL,))
    return {"PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}


def run(env: dict[str, str], *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voicecli", *words],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def test_the_extra_and_the_list_of_modules_are_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = distributions(project["optional-dependencies"]["local"])
    assert {MODULE_OF.get(name, name) for name in extra} <= set(LOCAL)
    assert not distributions(project["dependencies"]) & extra


def test_the_engines_are_absent_here(light: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import onnxruntime"], env=light, capture_output=True, text=True, check=False
    )
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("talk", "--help"),
        ("config", "show"),
        ("config", "path"),
        ("models", "list"),
        ("stats", "--help"),
    ],
)
def test_what_needs_no_engine_works(light: dict[str, str], words: tuple[str, ...]) -> None:
    done = run(light, *words)
    assert done.returncode == 0, done.stderr
    assert "engines" not in done.stderr
    assert done.stdout


@pytest.mark.parametrize("words", [("devices",), ("doctor",)])
def test_what_needs_devices_says_nothing_of_packages_that_are_missing(
    light: dict[str, str], words: tuple[str, ...]
) -> None:
    done = run(light, *words)
    assert "Traceback" not in done.stderr
    assert "No module" not in done.stdout + done.stderr
    if words == ("doctor",):
        assert INSTALL in done.stdout
        assert "talk --server" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("demo",),
        ("talk", "--from-file", "a.wav"),
        ("say", "so", "-o", "b.wav"),
        ("transcribe", "a.wav"),
        ("serve",),
        ("models", "pull"),
        ("bench", "--turns", "1", "--json"),
        ("talk", "--server", "127.0.0.1:9", "--from-file", "a.wav"),
        ("talk", "--server", "127.0.0.1:9", "--from-file", "a.wav", "--record", "kept"),
    ],
    ids=" ".join,
)
def test_what_needs_engines_says_which_extra_to_install(
    light: dict[str, str], words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    done = run(light, *words, cwd=tmp_path)
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("note: ", "loading "))]
    assert done.returncode == 1
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("voicecli: the engines are not installed here (")
    assert lines[0].endswith(f"run: {INSTALL}")
    assert not (tmp_path / "kept").exists()


ONE_TALK = """
import sys
from voicecli.cli.talk import elsewhere, outputs, session
from voicecli.config import Config
from voicecli.config import AudioConfig
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.system.clock import MonotonicClock
from voicecli.satellite.server_url import server_at

config, clock = Config(audio=AudioConfig(headphones=sys.argv[2] == "headphones")), MonotonicClock()
streams = SimulatedStreams(RecordedUser(), 24000, 20, clock)
made = elsewhere._maker(server_at(sys.argv[1]), lambda: streams)
ends, idle = clock.now() + 20, []

def over(talk):
    # Events are shown between two looks, also the one that it listens.
    idle.append(talk.idle)
    return all(idle[-3:]) and len(idle) > 3 or clock.now() > ends

session.hold(config, made, outputs.outputs_for(False, True, None, None, None), over)
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("ears", ["headphones", "speakers"])
def test_a_talk_with_a_server_needs_no_engine(light: dict[str, str], ears: str) -> None:
    with FarServer().running() as server:
        done = subprocess.run(
            [sys.executable, "-c", ONE_TALK, f"127.0.0.1:{server.port}", ears],
            env=light,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    first, *_, modules = done.stdout.splitlines()
    assert '"event": "listening"' in first
    assert not set(LOCAL) & set(re.findall(r"'(\w+)'", modules))


A_RECORDER = """
from pathlib import Path
from voicecli.cli.talk.with_recorder import WithRecorder
from voicecli.config import Config
from voicecli.errors import EngineError
from voicecli.system.clock import MonotonicClock

try:
    WithRecorder(Path("kept"), 0, Config(), MonotonicClock(), 0.0)
except EngineError as error:
    print(error)
"""


def test_a_recording_is_refused_before_its_folder_is_made(light: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", A_RECORDER],
        env=light,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith(f"(av); run: {INSTALL}\n"), done.stderr
    assert not (tmp_path / "kept").exists()
