"""The file list explains itself: small rooms, each with a sentence of its own, and each name once."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_FILES = 9


def is_docstring_alone(path: Path) -> bool:
    """Whether a file is nothing but what it says of its folder."""
    return all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for node in ast.parse(path.read_text("utf-8")).body
    )


def files_of(folder: Path) -> list[Path]:
    """Its Python files, without a docstring for the folder."""
    return [
        path
        for path in sorted(folder.glob("*.py"))
        if path.name != "__init__.py" or not is_docstring_alone(path)
    ]


ROOMS = sorted(
    {path.parent for top in ("voicecli", "rig", "scripts") for path in (ROOT / top).rglob("*.py")},
)
FILES = [path for room in ROOMS for path in files_of(room)]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(ROOT).as_posix())
def test_no_room_is_full(room: Path) -> None:
    assert len(files_of(room)) <= MOST_FILES


@pytest.mark.parametrize(
    "room", [each for each in ROOMS if each.is_relative_to(ROOT / "voicecli")], ids=lambda room: room.name
)
def test_a_room_says_what_it_is_for(room: Path) -> None:
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8")))
    assert len(room.relative_to(ROOT / "voicecli").parts) <= 2


def test_no_two_files_have_one_name() -> None:
    names = Counter(path.name for path in FILES if path.name != "__init__.py")
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_classes_have_one_name() -> None:
    names = Counter(
        node.name
        for path in FILES
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_the_map_has_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = [room.relative_to(ROOT).as_posix() for room in ROOMS]
    assert [room for room in rooms if f"`{room}/`" not in page and "no_network" not in room] == []
