"""Streamed Markdown -> plain characters, as early as they are certain.

`Markup` keeps back only what a later character can still change: a tag, inline code, a formula, a link's
target (`spans` has these), and the first marks of a line or a row of a table (`lines` knows what they mean).

It leaves emphasis, brackets, emoji and stray marks in: `speakable` drops them, clause by clause.
"""

from __future__ import annotations

from voicecli.aloud.markdown.lines import (
    MARKER,
    MARKER_BEGUN,
    NESTED,
    NESTED_BEGUN,
    RULE,
    cells,
    is_code,
    is_reference,
    list_label,
)
from voicecli.aloud.markdown.spans import BREAK, GLUE, HELD_MAX, LONG_MAX, Spans

__all__ = ["BREAK", "GLUE", "LONG_MAX", "Markup"]


class Markup(Spans):
    """Takes the reply's characters and returns plain ones: words, spaces and `BREAK`."""

    def __init__(self, code_phrase: str, language: str = "en") -> None:
        super().__init__(language)
        self._code_phrase = code_phrase
        """What is said in place of a block of code; may be empty."""
        self._in_item = False
        """Whether the characters kept back follow a bullet or a list number."""
        self._in_list = False
        """Whether indented lines belong to a list."""
        self._line_ends = False
        """Whether this line is a heading or a row, so that the next one begins a new paragraph."""
        self._broken = True
        """Whether the paragraph has ended: the next character begins a new one, even a small letter."""
        self._begun = False
        """Whether any text has been returned."""
        self._indent = self._quotes = self._quoted = 0
        """How many columns and how many `>` stand before this line; how many `>` before the last line."""
        self._go(self._line_start)

    def _end_line(self) -> None:
        self._hold(self._line_start, "")
        self._in_item, self._indent, self._quotes = False, 0, 0
        self._broken, self._line_ends = self._line_ends, False

    def _new_paragraph(self) -> None:
        self._end_line()
        self._broken = True

    def _line_start(self, char: str) -> str:  # noqa: PLR0911 - one case a kind of line
        """Keep back the first marks of a line until they are known to be Markdown or text."""
        held = self._held = self._held + char
        if char != "\n" and held.isspace():
            self._indent += 4 if char == "\t" else 1
            self._held = ""
            return ""
        if held == ">":
            self._quotes += 1
            self._held, self._indent = "", 0
            return ""
        if len(held) == 1 and char != "\n":
            self._broken |= self._quotes != self._quoted
            self._quoted = self._quotes
            if self._indent >= 4 and self._broken and self._begun and not self._in_list and not self._in_item:
                self._go(self._indented)
                return ""
            if char == "|":
                self._go(self._row)
                return ""
        nested = self._in_list and self._indent > 0
        marker = MARKER.fullmatch(held) or (NESTED.fullmatch(held) if nested else None)
        if char != "\n" and marker:
            heading = bool(marker[1])
            self._held, self._in_item, self._in_list, self._line_ends, self._broken = (
                "",
                True,
                not heading,
                heading,
                False,
            )
            return BREAK + list_label(marker)
        if held == "~~~":
            return self._open_fence(held)
        if len(held) > 1 and char == "\n" and RULE.fullmatch(held):
            self._held, self._broken, self._in_item, self._indent = "", True, False, 0
            return BREAK
        if held[0] == "[" and held.endswith("]:"):
            self._go(self._reference)
            return ""
        begun = MARKER_BEGUN.fullmatch(held) or (nested and NESTED_BEGUN.fullmatch(held))
        return "" if begun and len(held) < HELD_MAX else self._begin_line(held)

    def _begin_line(self, held: str) -> str:
        """Return the line's beginning as text. A small letter goes on with the sentence of the last line."""
        self._held = ""
        if held[0] == "\n":
            self._broken, self._indent, self._quotes = True, 0, 0
            return BREAK
        parted = "" if self._in_item else BREAK if self._broken or not held[0].islower() else " "
        if self._broken and not self._indent:
            self._in_list = self._in_item
        self._go(self._text)
        self._broken, self._begun, self._again = False, True, held
        return parted

    def _indented(self, char: str) -> str:
        """Take an indented line. If it looks like code, treat it and the indented lines after it as code."""
        if char != "\n":
            self._held += char
            return self._begin_line(self._held) if len(self._held) >= HELD_MAX else ""
        if not is_code(self._held):
            return self._begin_line(self._held + char)
        self._hold(self._indented_on, "")
        return BREAK + self._code_phrase + BREAK

    def _indented_on(self, char: str) -> str:
        self._held = (self._held + char)[:HELD_MAX]
        line = self._held.expandtabs(4)
        if char == "\n":
            self._held = ""
        elif not line.isspace() and len(line) - len(line.lstrip()) < 4:
            self._again, self._held, self._broken, self._indent = self._held, "", True, 0
            self._go(self._line_start)
        elif not line.isspace():
            self._held = "    x"
        return ""

    def _row(self, char: str) -> str:
        """Take a line that begins with a bar. If it is a table's row, read the cells that are not empty."""
        self._held += char
        if len(self._held) > LONG_MAX:
            return self._begin_line(self._held)
        if char != "\n":
            return ""
        row = cells(self._held)
        if row is None:
            return self._begin_line(self._held)
        self._hold(self._text, "")
        self._line_ends, self._again = True, row + "\n"
        return BREAK

    def _reference(self, char: str) -> str:
        """Take a line that begins with `[name]:`. The voice says a footnote, but not where a link leads."""
        if self._held.startswith("[^"):
            self._hold(self._line_start, "")
            self._in_item, self._again = True, char
            return BREAK
        self._held += char
        if char == "\n" and is_reference(self._held):
            self._held, self._broken = "", True
            self._go(self._line_start)
            return ""
        return self._begin_line(self._held) if char == "\n" or len(self._held) > LONG_MAX else ""

    def _open_fence(self, fence: str) -> str:
        self._fence = fence
        self._hold(self._fenced, "")
        return BREAK + self._code_phrase + BREAK

    def _fenced(self, char: str) -> str:
        self._held = (self._held + char)[-len(self._fence) :]
        if self._held == self._fence:
            self._broken = True
            self._hold(self._text, "")
        return ""
