r"""A pattern -> the same pattern, found sooner: the first character goes before what must stand in front of it.

Python's `re` looks for a character without trying a match at each place, but only where the pattern begins with
a character or a set of them. `(?<![\w.])\d{1,2}x` begins with a question; it
is compiled as `\d(?<![\w.]\d)\d{0,1}x`, which matches the same text in the same groups. What is not understood
here is compiled as it is written.
"""

from __future__ import annotations

import re

_SET = r"\[\^?\]?(?:[^\]\\]|\\.)*\]"
_PIECE = rf"(?:[^()\[\]\\]|\\.|{_SET})"
_BEHIND = re.compile(rf"\\b|\(\?<([!=])({_PIECE}*)\)")
"""A question about what stands before."""
_GROUP = re.compile(r"\((?:\?:)?(?!\?)")
_FIRST = re.compile(
    rf"(\\[dws]|\\[^\w\s]|{_SET}|[^\\()\[\]|^$.?*+{{}}])(\+|\{{(\d+)(?:,(\d+))?\}})?(?![?*+{{])"
)
"""One character, a set, and how often it comes: once or more."""
_LITERAL = re.compile(r"[^\\()\[\]|^$.?*+{}]|\\[^\w\s]")
_OF_WORDS = re.compile(r"\w|\\[dw]|\[(?:[A-Za-z0-9_-]|\\[dw])+\]")
_PARTS = re.compile(rf"{_PIECE}|[()]")

_LONGEST = 120
"""A longer pattern stays as it is written: to rewrite a table of words takes longer than it saves."""


def quick(source: str, flags: int = 0) -> re.Pattern[str]:
    """Compile `source`; `flags` are those of `re.compile`.

    Raises:
        re.error: it is no pattern.
    """
    if len(source) <= _LONGEST:
        source = _together([_begun(one, "") for one in alternatives(source)]) or source
    return re.compile(source, flags)


def alternatives(source: str) -> list[str]:
    """Those of the pattern that no bracket holds."""
    found, depth = [""], 0
    for part in _PARTS.findall(source):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "|" and not depth:
            found.append("")
        else:
            found[-1] += part
    return found


def _together(them: list[str]) -> str:
    """One pattern of them; empty where it helps nothing: of several, each must begin with a character, not a set."""
    if len(them) > 1 and not all(map(_LITERAL.match, them)):
        return ""
    return "|".join(them)


def _begun(source: str, behind: str) -> str:
    """One alternative with its first character in front of all that `behind` asks; empty where that cannot be."""
    while question := _BEHIND.match(source):
        behind, source = behind + question[0], source[question.end() :]
    if group := _GROUP.match(source):
        return _begun_group(source, group[0], behind)
    first = _FIRST.match(source)
    if not first:
        return "" if behind else source
    one, often, least, most = first.groups()
    asked = ""
    for question in _BEHIND.finditer(behind):
        if question[1] is None and not _OF_WORDS.fullmatch(one):
            return ""
        kind, before = question[1] or "!", question[2] or r"\w"
        asked += f"(?<{kind}(?:{before}){one})" if "|" in before else f"(?<{kind}{before}{one})"
    rest = ""
    if often == "+":
        rest = f"{one}*"
    elif often:
        if least == "0":
            return ""
        rest = f"{one}{{{int(least) - 1},{int(most or least) - 1}}}"
    return one + asked + rest + source[first.end() :]


def _begun_group(source: str, opening: str, behind: str) -> str:
    """The same where a bracket comes first: each alternative within begins so."""
    depth, end = 0, 0
    for part in _PARTS.finditer(source):
        depth += {"(": 1, ")": -1}.get(part[0], 0)
        if not depth:
            end = part.end()
            break
    if source[end : end + 1] in ("?", "*", "+", "{"):
        return ""
    within = [_begun(one, behind) for one in alternatives(source[len(opening) : end - 1])]
    together = _together(within)
    return f"{opening}{together}){source[end:]}" if together else ""
