"""Values of a report -> escaped HTML: numbers, text, lists, and tables that scroll in a box of their own.

What is missing or null is shown as a dash. Headings, captions and cells are HTML already.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import TypeAlias

Row: TypeAlias = Mapping[str, object]

NOTHING = "–"


def rows(value: object) -> list[Row]:
    """The objects of a JSON list; nothing for any other value."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def row(value: object) -> Row:
    """A JSON object; an empty one for any other value."""
    return value if isinstance(value, Mapping) else {}


def number(value: object) -> float | None:
    """A JSON number; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def label(name: str) -> str:
    """The name of a stage or a field as words, escaped."""
    return escape(name.replace("_", " "))


def text(value: object) -> str:
    """Text from outside, escaped."""
    return NOTHING if value is None else escape(str(value))


def figure(value: object) -> str:
    """A number with its significant digits, or words."""
    known = number(value)
    if known is None:
        return text(value)
    if known == int(known) or abs(known) >= 100:
        return f"{known:.0f}"
    return f"{known:.1f}" if abs(known) >= 10 else f"{known:.3g}"


def milliseconds(value: object) -> str:
    """A number and its unit."""
    return figure(value) if number(value) is None else f"{figure(value)} ms"


def facts(known: Row) -> str:
    """A list of names with their values."""
    pairs = (f"<dt>{label(name)}</dt><dd>{figure(value)}</dd>" for name, value in known.items())
    return f'<dl class="facts">{"".join(pairs)}</dl>'


def section(title: str, body: str) -> str:
    """A part of the page under its heading."""
    return f"<section><h2>{title}</h2>{body}</section>"


def table(name: str, head: list[str], lines: list[list[str]], kinds: Mapping[int, str] | None = None) -> str:
    """A table called `name` for screen readers; `kinds` are CSS classes of columns, the first holds words."""
    classes = [""] * len(head)
    for column, kind in {0: "words", **(kinds or {})}.items():
        classes[column] = f' class="{kind}"'
    top = "".join(f'<th scope="col"{kind}>{title}</th>' for kind, title in zip(classes, head, strict=True))
    body = []
    for first, *others in lines:
        cells = "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(classes[1:], others, strict=True))
        body.append(f'<tr><th scope="row"{classes[0]}>{first}</th>{cells}</tr>\n')
    return (
        f'<div class="box" role="region" tabindex="0" aria-label="{name}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
