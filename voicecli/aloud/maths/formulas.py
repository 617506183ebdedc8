r"""Where a formula between `$`, `$$`, `\(`, `\[` or `\begin{..}` ends, and whether it is one.

An amount of money begins like a formula: "$5, and $x$ is 3". But a formula holds no words of prose, does not
begin or end with a space, and has no digit after its closing `$`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_INLINE = 200
_MAX_DISPLAYED = 2000
"""Most characters of a formula, within a line and on lines of its own."""
_PROSE = re.compile(
    r"(?:^\$|\s|\()(?!(?:sin|cos|tan|log|lim|exp|min|max|mod)\b)"
    r"(?:[A-Za-z]?[a-z]{2,}|an|am|as|at|be|by|do|go|he|if|in|is|it|me|my|no|of|on|or|so|to|up|us|we)[\s,.;:!?'’]"
)
_AMOUNT = re.compile(r"\$\d[\d.,]*(?:[kKMB]|bn)?[.,;:!?)]*\s+[A-Za-z(\"'“]|\$\d[\d.,]*[A-Za-z]?[.,;:!?)]+\s")
_COMMANDS = re.compile(r"\\[A-Za-z]+|\{[^{}]*\}?")
_ENVIRONMENT = re.compile(r"(\\begin\{.*\\end\{[^{}]*\})", re.DOTALL)
_SIGN = re.compile(r"[\\=^_+<>≤≥≠≈±]|^\W*\w{1,2}\W*$")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that has ended."""

    source: str
    """The formula without its marks."""
    rest: str
    """Text after the closing mark that had to be read to find the end."""
    inline: bool
    """Whether it stands within a line of text."""


def closed(held: str) -> Formula | None:
    """The formula in `held`, which begins with its opening mark; None where it has not ended."""
    if held.startswith("$$"):
        done = len(held) > 4 and held.endswith("$$")
        return Formula(held[2:-2], "", inline=False) if done else None
    if held[0] == "$":
        done = (
            len(held) > 3
            and held[-2] == "$"
            and held[-3] != "\\"
            and not held[-3].isspace()
            and not held[-1].isdigit()
        )
        return Formula(held[1:-2], held[-1], inline=True) if done else None
    if held[:2] in ("\\(", "\\["):
        done = held.endswith("\\)" if held[1] == "(" else "\\]")
        return Formula(held[2:-2], "", inline=held[1] == "(") if done else None
    return Formula(held, "", inline=False) if _ENVIRONMENT.fullmatch(held) else None


def goes_on(held: str) -> bool:
    """Whether the last character decides nothing: it neither ends a formula nor shows prose."""
    return (
        held[-1].isalnum()
        and held[-2] != "$"
        and not (held[1] == "b" or held[1].isdigit())
        and len(held) < _MAX_INLINE
    )


def may_be_formula(held: str) -> bool:
    """Whether text that begins with a formula's mark can still become a formula."""
    if held.startswith(("$$", "\\[", "\\(")):
        return len(held) < _MAX_DISPLAYED and not held.endswith("\n\n")
    if held[0] == "\\":
        return len(held) < _MAX_DISPLAYED and held.startswith("\\begin{"[: len(held)])
    if len(held) > _MAX_INLINE or held[1].isspace() or held[-1] == "\n":
        return False
    if held[1].isdigit() and _AMOUNT.match(held):
        return False
    if "$" in held[1:-1] and held[-2] == "$" and (held[-3].isspace() or held[-1].isdigit()):
        return False
    return not _PROSE.search(_COMMANDS.sub("", held))


def is_formula(source: str) -> bool:
    r"""Whether the text between the marks is a formula, and not words as in `\[not a link\]`."""
    return bool(_SIGN.search(source)) or not re.search(r"[A-Za-z]{3,}", source)
