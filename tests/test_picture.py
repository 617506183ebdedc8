"""The picture in the README is what the live view shows today, and fetches nothing."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "talk.svg"


def words(svg: str) -> list[tuple[str | None, str | None]]:
    """Style and words of all pieces of text; how rich wraps them in SVG is its own affair."""
    pieces = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [(piece.get("class"), piece.text) for piece in pieces]


def test_the_picture_is_what_the_live_view_shows() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "picture.py"))["picture"]()
    assert words(PICTURE.read_text(encoding="utf-8")) == words(made), "run scripts/picture.py"


def test_the_picture_fetches_nothing() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    assert re.findall(r"\w+:/*[\w./]+", text.replace('xmlns="http://www.w3.org/2000/svg"', "")) == []
    assert set(re.findall(r"url\((.)", text)) == {"#"}
    assert "@import" not in text
