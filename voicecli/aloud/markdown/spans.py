"""What lies within a line of streamed Markdown -> plain characters: code, tags, links, notes, formulas.

A scanner that keeps its state in one place: `_step` is the method that takes the next character. What it
returns therefore depends on the characters so far and never on how the stream was cut. Runs of characters
that begin nothing are taken at once. `markup` adds the states in which a line begins.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from voicecli.aloud.markdown.tags import may_be_tag, tag_text
from voicecli.aloud.maths.formulas import closed, goes_on, is_formula, may_be_formula
from voicecli.aloud.maths.latex import latex

if TYPE_CHECKING:
    from collections.abc import Callable

BREAK = "\n"
"""Ends a clause whatever it holds: a paragraph, a heading, a list item, a table row."""

GLUE = "\u00a0"
"""A no-break space: joins the words of inline code and of formulas, which no clause boundary may part."""

HELD_MAX = 200
"""Most characters kept back before they count as text. A real tag or code span is shorter."""
LONG_MAX = 4000
"""The same for a link's target, a formula or a table's row, which may be long."""
_LONGEST_FENCE = 12
"""Backticks counted; three or four are usual."""

_RUN = re.compile(r"[^\n`<\[\]\x1b$\\]+")
"""Characters that begin nothing."""
_CODE_NOISE = re.compile(r"""[()\[\]{};"\\`~^?]+|!(?!=)|(?<!\|)\|(?!\|)""")
_NOTE = re.compile(r"\[(?:\^[^\s\]\[]{0,60}|\d{0,3})\]?")
"""A footnote or a citation."""
_PUNCTUATION = frozenset("!\"#$%&'+,-./:;<=>?@^_{|}~")
"""Marks that are read as they are behind a backslash; other ASCII marks are left out there."""


class Spans(ABC):
    """Takes text and returns what is read of it, within lines; a subclass handles the lines."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._step: Callable[[str], str] = self._text
        self._plain = True
        """`_step` is `_text`."""
        self._held = ""
        """Characters kept back: taken, and not returned yet."""
        self._again = ""
        """Characters that were kept back and are to be taken once more."""
        self._last = BREAK
        """The last character returned."""
        self._tight = False
        """The bracket that opened last follows a letter: `a[i][j]`, not a link."""
        self._fence = ""
        """The backticks that close the code under way."""

    def feed(self, text: str) -> str:
        """Take a piece of any length; return the characters that are now certain, often none."""
        if self._plain and _RUN.fullmatch(text):
            self._last = text[-1]
            return text
        plain: list[str] = []
        at = 0
        while at < len(text):
            if self._plain and (run := _RUN.match(text, at)):
                part, at = run[0], run.end()
            else:
                part = self._step(text[at])
                at += 1
                if self._again:
                    text, at, self._again = self._again + text[at:], 0, ""
            if part:
                plain.append(part)
                self._last = part[-1]
        return "".join(plain)

    def finish(self) -> str:
        """Return what was held back, as text; an open block of code has none."""
        text = self.feed("\n")
        while self._step in (self._tag, self._formula):
            text += self._give_up()
            again, self._again = self._again, ""
            text += self.feed(again)
        self._hold(self._text, "")
        return text

    def _go(self, step: Callable[[str], str]) -> None:
        self._step, self._plain = step, step == self._text

    def _hold(self, step: Callable[[str], str], char: str) -> str:
        self._held = char
        self._go(step)
        return ""

    @abstractmethod
    def _end_line(self) -> None:
        """Go on at the beginning of a line."""

    @abstractmethod
    def _new_paragraph(self) -> None:
        """Go on at the beginning of a paragraph."""

    @abstractmethod
    def _open_fence(self, fence: str) -> str:
        """Go on within a block of code that ends with `fence`."""

    # Each method below is a state. It takes one character and returns the plain characters it makes certain.

    def _text(self, char: str) -> str:  # noqa: PLR0911 - one case a mark
        match char:
            case "\n":
                self._end_line()
                return ""
            case "`":
                return self._hold(self._ticks, char)
            case "<":
                return self._hold(self._tag, char)
            case "[":
                self._tight = self._last.isalnum()
                return self._hold(self._note, char)
            case "]":
                self._go(self._after_bracket)
                return char
            case "$":
                return self._hold(self._dollar, char)
            case "\\":
                return self._hold(self._backslash, char)
            case "\x1b":
                return self._hold(self._escape, "")
            case _:
                return char

    def _ticks(self, char: str) -> str:
        """Count the backticks that open code: one or two within a line, three or more a block."""
        if char == "`":
            self._held = (self._held + char)[:_LONGEST_FENCE]
            return ""
        if len(self._held) >= 3:
            return self._open_fence(self._held)
        self._fence = self._held
        self._go(self._inline_code)
        return self._inline_code(char)

    def _inline_code(self, char: str) -> str:
        self._held += char
        marks = len(self._fence)
        if self._held.endswith(self._fence) and len(self._held) > 2 * marks:
            code = self._held[marks:-marks]
            self._hold(self._text, "")
            return GLUE.join(_CODE_NOISE.sub(" ", code).split())
        return self._give_up() if char == "\n" or len(self._held) > HELD_MAX else ""

    def _dollar(self, char: str) -> str:
        """`$` begins a formula or an amount; `$$` a formula on its own line."""
        self._held += char
        self._go(self._formula)
        return "" if char == "$" or may_be_formula(self._held) else self._give_up()

    def _backslash(self, char: str) -> str:
        r"""A formula begins, or the next mark is only a mark; before a letter it stays, as in `C:\Users`."""
        if char in "([b":
            return self._hold(self._formula, "\\" + char)
        self._hold(self._text, "")
        if char in _PUNCTUATION:
            return char
        if char.isascii() and char.isprintable() and not char.isalnum() and char not in " \\":
            return ""
        self._again = char
        return "" if char == "\n" else "\\"

    def _formula(self, char: str) -> str:
        """Keep characters back until the closing mark shows whether they were a formula."""
        self._held += char
        if goes_on(self._held):
            return ""
        formula = closed(self._held)
        if formula is None:
            return "" if may_be_formula(self._held) else self._give_up()
        if not is_formula(formula.source):
            return self._give_up()
        displayed = self._last == BREAK and not formula.inline
        self._hold(self._text, "")
        self._again = formula.rest
        return GLUE.join(latex(formula.source, self._language).split()) + (BREAK if displayed else "")

    def _tag(self, char: str) -> str:
        """Hold from `<` until `>` shows what it was; anything that is no tag is text."""
        self._held += char
        held = self._held
        if not may_be_tag(held):
            return self._give_up()
        if char != ">" or (held.startswith("<|") and not held.endswith("|>")):
            return ""
        self._hold(self._text, "")
        return tag_text(held)

    def _note(self, char: str) -> str:
        """`[1]` and `[^note]` are passed over, other brackets are text."""
        self._held += char
        if not _NOTE.fullmatch(self._held):
            return self._give_up()
        if char != "]":
            return ""
        if self._held == "[]":
            return self._give_up()
        self._hold(self._after_bracket, "")
        return ""

    def _after_bracket(self, char: str) -> str:
        """`](` begins a link's target and `][` its name; the link's text has been passed on already."""
        if char == "(":
            return self._hold(self._target, char)
        if char == "[" and not self._tight:
            return self._hold(self._label, char)
        self._go(self._text)
        self._again = char
        return ""

    def _label(self, char: str) -> str:
        self._held += char
        if char == "]":
            return self._hold(self._after_bracket, "")
        return self._give_up() if char in "\n[" or len(self._held) > HELD_MAX else ""

    def _target(self, char: str) -> str:
        self._held += char
        if char == ")" and self._held.count("(") == self._held.count(")"):
            held = self._held
            self._hold(self._text, "")
            # A note in brackets, `f[i] (as above)` set tight, is words and has no quoted title.
            return held if " " in held.strip("( )") and not held.rstrip(") ").endswith(('"', "'")) else ""
        return self._give_up() if char == "\n" or len(self._held) > LONG_MAX else ""

    def _give_up(self) -> str:
        """The characters kept back are text after all: read the first mark, and take the others again.

        Not where very many were kept back: taking them again from each mark would never come to an end.
        """
        held = self._held
        self._hold(self._text, "")
        cut = 1 if len(held) <= HELD_MAX + 1 else -1
        self._again = held[cut:]
        return held[:cut]

    def _escape(self, char: str) -> str:
        """An ANSI sequence: ESC [ parameters, then one letter. Other sequences are one character long."""
        if (not self._held and char == "[") or (self._held and " " <= char <= "?"):
            self._held = "["
            return ""
        return self._hold(self._text, "")
