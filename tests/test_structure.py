"""The floor and the talk stay readable: no long file, no class that does everything, and a map of all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("floor", "talk")
FILES = sorted(path for name in PACKAGES for path in (ROOT / "voicecli" / name).rglob("*.py"))
LONGEST_FILE = 300
MOST_METHODS = 12


def test_no_file_is_long() -> None:
    every = (ROOT / "voicecli").rglob("*.py")
    long = {
        path.name: lines for path in every if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_class_does_everything(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
            assert sum(not name.startswith("_") for name in methods) <= MOST_METHODS, node.name


def test_the_map_names_every_file() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    missing = [path.stem for path in FILES if path.stem not in page and path.stem != "__init__"]
    assert missing == []
