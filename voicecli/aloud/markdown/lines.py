"""How lines of Markdown begin: headings, lists, rules, rows of a table, indented code, references."""

from __future__ import annotations

import re

MARKER = re.compile(r"(?:(#{1,6})|[-*+•◦▪‣·]|(\d{1,2})[.)]|([a-z])\)|\(([a-z]|\d{1,2})\))\s")
"""What begins a heading (group 1) or a list item (its number or letter: groups 2 to 4)."""
RULE = re.compile(r"=+\s*|[-*_|:][-*_|:\s]*")
"""The line below a title, between two parts, or below the head of a table; whole, with its end."""
NESTED = re.compile(r"(#(?!))?([a-z]|[ivx]{2,4})[.)]()()\s")
"""The same, set in below another item: the letter is group 2."""
NESTED_BEGUN = re.compile(r"[a-z][.)]?|[ivx]{2,4}[.)]?")
MARKER_BEGUN = re.compile(
    r"#{1,6}|[-*+•◦▪‣·]|\d{1,2}[.)]?|[a-z]\)?|\((?:[a-z]|\d{1,2})?\)?|~{1,2}|=+\s*|\[[^\[\]\n]*\]?|[-*_|:][-*_|:\s]+"
)
"""Text that may still become one of these, a block of code, or `[name]: address`."""
_REFERENCE = re.compile(
    r"""\[[^\]]+\]:\s*<?(?=\S*[/.#@])\S+>?(?:\s+(?:"[^"]*"|'[^']*'|\([^)]*\)))?\s*""",
)
_BAR = re.compile(r"(?<!\\)\|")
_CODE_LINE = re.compile(
    r".*(?:[{}=<>\[\]]|[\w)]\(|;\s*$|:\s*$|^\s*[$#@/]|\s--?\w)|"
    r"\s*(?:import|from|def|class|return|const|let|var|sudo|git|npm|pip|cd|ls|docker|make|echo|curl|SELECT|INSERT|UPDATE)\b"
)


def list_label(marker: re.Match[str]) -> str:
    """The words for a marker: the number or letter of the item."""
    label = marker[2] or marker[3] or marker[4]
    return f"{label.upper()}, " if label else ""


def cells(line: str) -> str | None:
    """`| Mon | 9-5 |` -> `Mon, 9-5`; empty for the line below a table's head; None for what is no row."""
    row = line.strip()
    if RULE.fullmatch(row):
        return ""
    if len(_BAR.findall(row)) < 2 or not (row.endswith("|") or row.startswith("| ")):
        return None
    return ", ".join(cell.strip() for cell in _BAR.split(row) if cell.strip())


def is_code(line: str) -> bool:
    """Whether an indented line looks like code; an indented paragraph does not."""
    return bool(_CODE_LINE.match(line))


def is_reference(line: str) -> bool:
    """Whether a line only says where a link leads: `[name]: address "title"`."""
    return bool(_REFERENCE.fullmatch(line))
