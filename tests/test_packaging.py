"""What people install: the wheel holds all of the package and nothing else, and starts without its engines."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ENGINES = {
    "av",
    "ctranslate2",
    "faster_whisper",
    "httpx",
    "huggingface_hub",
    "numpy",
    "onnxruntime",
    "piper",
    "pydantic",
    "sounddevice",
    "soxr",
    "xllamacpp",
}
"""Slow to import; none of them is needed to print a page of help."""


def run(*words: str, cwd: Path, **env: str) -> str:
    """Output of a Python of its own, which sees nothing of this one's surroundings but `env`."""
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as pip builds it, but with the build tool at hand, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    run("-c", build, str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    here = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "voicecli").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package == here
    assert "voicecli/manifest.toml" in package
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_wheel_runs_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    env = {
        "PYTHONPATH": str(tmp_path / "site"),
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
    where = run("-c", "import voicecli; print(voicecli.__file__)", cwd=tmp_path, **env)
    assert Path(where.strip()).is_relative_to(tmp_path)
    models = run("-m", "voicecli", "models", "list", "--json", cwd=tmp_path, **env)
    assert "whisper-base" in {model["name"] for model in json.loads(models)}


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "talk --help",
        "devices --help",
        "models --help",
        "models pull --help",
        "say --help",
    ]
    + ["transcribe --help", "config --help", "demo --help"],
)
def test_help_loads_no_engine(command: str) -> None:
    code = (
        "import sys\n"
        "from voicecli.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "print()\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    output = run("-c", code, *command.split(), cwd=ROOT)
    assert ENGINES.isdisjoint(output.splitlines()[-1].split())
