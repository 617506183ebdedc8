"""The README tells the truth: its commands run, its settings exist, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rig.program import LANGUAGE_MODEL
from voicecli.config import Config

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")

NOT_RUN = {
    "make talk": "sets up the checkout that the tests run in",
    "make test": "is what runs this",
    "sudo apt-get install libportaudio2": "changes the system",
    "python3 -m venv .venv": "the next step needs the network",
    '.venv/bin/pip install ".[local]"': "needs the network; test_packaging runs what it would install",
    ".venv/bin/voicecli models pull": "is run by its short name",
    ".venv/bin/voicecli talk": "needs a microphone",
    'uv tool install --python 3.12 ".[local]"': "needs the network",
    "voicecli talk": "needs a microphone",
    "voicecli talk --headphones": "needs a microphone",
    "voicecli talk --push-to-talk": "needs a microphone and a key",
    "voicecli talk --light": "needs a microphone",
    "voicecli talk --plain": "needs a microphone",
    "voicecli talk --json": "needs a microphone",
    "voicecli talk --json-file talk.jsonl": "needs a microphone",
    "voicecli talk --record DIR": "needs a microphone",
    "voicecli talk --metrics-port 9464": "needs a microphone",
    "voicecli talk --debug debug.jsonl": "needs a microphone",
    "voicecli talk --log": "needs a microphone",
    "voicecli serve": "goes on until Ctrl-C",
    "voicecli talk --server pi.local --token-file token": "needs a microphone, and a server",
    "voicecli bench --serve http://127.0.0.1:8765": "needs a server",
    "voicecli devices --meter": "needs a microphone",
    "voicecli devices --test": "needs a microphone",
    "voicecli devices --watch": "goes on until Ctrl-C",
    "voicecli doctor": "fails where there is no microphone",
    "voicecli doctor --listen": "fails where there is no microphone",
    "voicecli --install-completion": "writes to the files of whichever shell this is",
    "voicecli models pull whisper-small": "needs the network",
    "voicecli models remove whisper-small": "is not here to be removed",
}
"""Command -> why it cannot run here."""


def commands() -> list[str]:
    """Lines of the `sh` blocks, in order, without comments and repeats."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    lines = (re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines())
    return list(dict.fromkeys(lines))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all commands: what one writes, a later one reads."""
    return tmp_path_factory.mktemp("desk")


@pytest.mark.models
@pytest.mark.xdist_group("readme")  # in order: what one writes, a later one reads
@pytest.mark.parametrize("command", [command for command in commands() if command not in NOT_RUN])
def test_command_runs(command: str, desk: Path) -> None:
    surroundings = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(desk),
        "VOICECLI_MODELS": str(ROOT / "models"),
        "VOICECLI_GENERATE__MODEL": LANGUAGE_MODEL,
    }
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=desk,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_exceptions_are_still_there() -> None:
    assert NOT_RUN.keys() <= set(commands())


def test_settings_exist() -> None:
    fields = {
        f"{section}.{key}" for section, keys in Config().model_dump().items() for key in keys
    }  # as in `turn.eagerness`
    sections = "|".join(Config.model_fields)
    named = set(re.findall(rf"`((?:{sections})\.\w+)`", TEXT))
    assert named
    assert named <= fields
    variables = {f"VOICECLI_{field.upper().replace('.', '__')}" for field in fields}
    assert set(re.findall(r"VOICECLI_\w+__\w+", TEXT)) <= variables


def test_links_lead_somewhere() -> None:
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}
    for target in re.findall(r"\]\((?!http)([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).exists(), target
        assert not anchor or anchor in headings, target
