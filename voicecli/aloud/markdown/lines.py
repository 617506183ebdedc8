"""Tells what a line of Markdown is by its beginning: heading, list, rule, table row, code, reference."""

from __future__ import annotations

import re

MARKER = re.compile(r"(?:(#{1,6})|[-*+•◦▪‣·]|(\d{1,2})[.)]|([a-z])\)|\(([a-z]|\d{1,2})\))\s")
"""The beginning of a heading (group 1) or of a list item (groups 2 to 4: its number or letter)."""
RULE = re.compile(r"=+\s*|[-*_|:][-*_|:\s]*")
"""A line of marks alone, with its line break: below a title, between two parts, or below a table's head."""
NESTED = re.compile(r"(#(?!))?([a-z]|[ivx]{2,4})[.)]()()\s")
"""The beginning of a list item that is indented below another; group 2 is its letter."""
NESTED_BEGUN = re.compile(r"[a-z][.)]?|[ivx]{2,4}[.)]?")
MARKER_BEGUN = re.compile(
    r"#{1,6}|[-*+•◦▪‣·]|\d{1,2}[.)]?|[a-z]\)?|\((?:[a-z]|\d{1,2})?\)?|~{1,2}|=+\s*|\[[^\[\]\n]*\]?|[-*_|:][-*_|:\s]+"
)
"""Text that may still become one of the above, a block of code, or `[name]: address`."""
_REFERENCE = re.compile(
    r"""\[[^\]]+\]:\s*<?(?=\S*[/.#@])\S+>?(?:\s+(?:"[^"]*"|'[^']*'|\([^)]*\)))?\s*""",
)
_BAR = re.compile(r"(?<!\\)\|")
_CODE_LINE = re.compile(
    r".*(?:[{}=<>\[\]]|[\w)]\(|;\s*$|:\s*$|^\s*[$#@/]|\s--?\w)|"
    r"\s*(?:import|from|def|class|return|const|let|var|sudo|git|npm|pip|cd|ls|docker|make|echo|curl|SELECT|INSERT|UPDATE)\b"
)


def list_label(marker: re.Match[str]) -> str:
    """What is said for the marker of a list item: its number or letter."""
    label = marker[2] or marker[3] or marker[4]
    return f"{label.upper()}, " if label else ""


def cells(line: str) -> str | None:
    """`| Mon | 9-5 |` -> `Mon, 9-5`; empty for the line below a table's head; None where it is no row."""
    row = line.strip()
    if RULE.fullmatch(row):
        return ""
    if len(_BAR.findall(row)) < 2 or not (row.endswith("|") or row.startswith("| ")):
        return None
    return ", ".join(cell.strip() for cell in _BAR.split(row) if cell.strip())


def is_code(line: str) -> bool:
    """Whether an indented line looks like code, and not like an indented paragraph."""
    return bool(_CODE_LINE.match(line))


def is_reference(line: str) -> bool:
    """Whether a line only says where a link leads: `[name]: address "title"`."""
    return bool(_REFERENCE.fullmatch(line))
