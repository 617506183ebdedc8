"""docs/security.md says what is so: ports, modes of files, defaults, hashes and limits are read back."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.fuzz_table import PARSERS
from tests.test_fuzz import MANY
from voicecli.audio.recordings.files import WavWriter
from voicecli.audio.recordings.pipes import at_hand
from voicecli.cli import app
from voicecli.cli.serve import _token
from voicecli.config import Config
from voicecli.models.manifest import Model, ModelFile
from voicecli.models.store import ModelStore
from voicecli.network.secrets import INSTEAD, SHORTEST
from voicecli.network.servers import USUAL_PORTS
from voicecli.system.clock import FakeClock
from voicecli.tracing.debugfile import DebugFile
from voicecli.tracing.talklog import TalkLog
from voicecli.view.eventfile import EventFile

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
WORDS = " ".join(TEXT.split())


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    part = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"
    ]
    return {row[0]: row[1:] for row in rows[2:]}


def events(folder: Path) -> Path:
    EventFile(folder / "events").close()
    return folder / "events"


def settings(folder: Path) -> Path:
    assert CliRunner().invoke(app, ["config", "init", "--here"]).exit_code == 0
    return folder / "voicecli.toml"


def sound(folder: Path) -> Path:
    with WavWriter(folder / "a.wav", 16_000, 1) as wav:
        wav.write(np.ones(9, np.int16))
    return folder / "a.wav"


def models(folder: Path) -> Path:
    file = ModelFile(name="a.gguf", bytes=1, md5="0" * 32)
    store = ModelStore(folder, {})
    (folder / "a--b").mkdir()
    (folder / "a--b" / "a.gguf").write_bytes(b"x")
    store.record(Model(name="a/b", kind="llm", about="", licence="", files=(file,)))
    return folder / "a--b" / ".model.json"


def boundaries(folder: Path) -> Path:
    DebugFile(folder / "debug", 0.0, words=False).close()
    return folder / "debug"


def log(folder: Path) -> Path:
    TalkLog(folder / "log", FakeClock()).close()
    return folder / "log"


def token(folder: Path) -> Path:
    _token(folder / "token")
    return folder / "token"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        *(("events", events), ("settings", settings), ("sound", sound), ("models", models)),
        *(("boundaries", boundaries), ("log", log), ("token", token)),
    ],
)
def test_files_have_the_modes_it_tells(name, make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o022)
    try:
        path = make(tmp_path)
    finally:
        os.umask(before)
    assert f"{stat.S_IMODE(path.stat().st_mode):04o}" == table("What is written")[name][0]


def test_the_copy_of_a_pipe_is_private_and_goes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["sh", "-c", f"echo sound > '{tmp_path / 'pipe'}'"]):
        with at_hand(tmp_path / "pipe") as copy:
            mode = f"{stat.S_IMODE(copy.stat().st_mode):04o}"
        assert not copy.exists()
    assert mode == table("What is written")["copy of a pipe"][0]


def test_ports_are_those_that_are_asked() -> None:
    row = table("What leaves the computer")["`config init`"][0]
    assert [int(port) for port in re.findall(r"\d{4,5}", row)] == [port for _, port in USUAL_PORTS]


def test_defaults_send_nothing_and_name_the_variable() -> None:
    generate = Config().generate
    assert generate.engine == "embedded"
    assert "127.0.0.1" in generate.base_url
    assert f"by default `{generate.api_key_env}`" in WORDS


def test_limits_are_those_of_the_code() -> None:
    assert f"inputs of {len(PARSERS)} kinds, {MANY:,} of each" in WORDS
    assert f"fewer than {SHORTEST} characters" in WORDS
    assert f"show `{INSTEAD}`" in WORDS


def test_every_command_is_in_the_table_of_what_leaves() -> None:
    named = set(re.findall(r"`([a-z]+)[ `]", " ".join(table("What leaves the computer"))))
    commands = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    groups = {group.name for group in app.registered_groups}
    assert commands | groups <= named | {"config"}


def test_hashes_are_those_that_are_kept() -> None:
    rows = table("Hashes")
    fields = {"SHA-256": "sha256", "MD5": "md5", "SHA-1": "git"}
    told = {name for row in rows.values() for name in fields if name in " ".join(row)}
    assert {fields[name] for name in told} == {
        name for name in ModelFile.model_fields if name in ("sha256", "md5", "git")
    }
    assert all("SHA-256" in row[1] or row[1] in ("both", "nothing") for row in rows.values())
