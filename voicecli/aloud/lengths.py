"""How long a clause may get, and how much may be held that is in no clause yet."""

from __future__ import annotations

from voicecli.aloud.markdown.markup import LONG_MAX
from voicecli.waiting.buffers import Buffer

MAX_CLAUSE_CHARS = 250
"""Characters of the longest clause: about 17 s of speech, 0.6 s of synthesis."""

MAX_HELD_CHARS = 200
"""Written characters at which a clause ends in any case: abbreviations in words make the clause longer."""

CLAUSE_REST = Buffer(
    "clause rest",
    "characters",
    LONG_MAX + 2 * MAX_HELD_CHARS,
    "block",
    "a word is complete when the space after it has come, a formula or a row of a table when it ends; text "
    "without such an end becomes a clause at 200 characters, Markdown at 4000",
)


def pieces(text: str) -> list[str]:
    """Cut a clause that its abbreviations, said in words, made too long; at a space where there is one."""
    found: list[str] = []
    while len(text) > MAX_CLAUSE_CHARS:
        at = text.rfind(" ", 1, MAX_CLAUSE_CHARS)
        at = at if at > 0 else MAX_CLAUSE_CHARS
        found.append(text[:at].strip())
        text = text[at:].strip()
    return [*found, text] if text else found
