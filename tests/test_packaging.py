"""What people install: the wheel holds the package and nothing else, and help needs no engine."""

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
    "prometheus_client",
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
    assert "voicecli/models/manifest.toml" in package
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


PRINT_EVERY_PAGE_OF_HELP = """
import sys
import typer
from voicecli.cli import app

def pages(command, words):
    yield [*words, "--help"]
    for name, below in getattr(command, "commands", {}).items():
        yield from pages(below, [*words, name])

whole = typer.main.get_command(app)
for words in [["--version"], *pages(whole, [])]:
    whole.main(words, standalone_mode=False)
    print("PAGE", " ".join(words), *{name.split(".")[0] for name in sys.modules}, sep="|")
"""


def test_help_loads_no_engine() -> None:
    printed = run("-c", PRINT_EVERY_PAGE_OF_HELP, cwd=ROOT).splitlines()
    pages = {
        page: loaded for _, page, *loaded in (line.split("|") for line in printed if line.startswith("PAGE|"))
    }
    assert pages.keys() >= {"--version", "--help", "talk --help", "models pull --help"}
    for page, loaded in pages.items():
        assert ENGINES.isdisjoint(loaded), page
    assert "pydantic" not in pages["--help"]  # typer itself imports it for a command with parameters
