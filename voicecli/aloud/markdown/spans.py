"""What lies within a line of streamed Markdown -> plain characters: code, tags, links, notes, formulas.

`Spans` is a state machine. `_step` is the method that takes the next character. So the result depends on the
characters so far, and never on how the stream was cut. Runs of characters that begin no mark-up skip the
states. `markup` adds the states in which a line begins.
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
"""Ends a clause in any case: it stands after a paragraph, a heading, a list item, a table row."""

GLUE = "\u00a0"
"""A no-break space. It joins the words of inline code and of formulas, so that no clause ends inside them."""

HELD_MAX = 200
"""Most characters kept back for a tag or a code span; a real one is shorter, so what is longer is text."""
LONG_MAX = 4000
"""Most characters kept back for a link's target, a formula or a table's row, which may be long."""
_LONGEST_FENCE = 12
"""Most backticks that are counted; three or four are usual."""

_RUN = re.compile(r"[^\n`<\[\]\x1b$\\]+")
"""Characters that begin no mark-up."""
_CODE_NOISE = re.compile(r"""[()\[\]{};"\\`~^?]+|!(?!=)|(?<!\|)\|(?!\|)""")
_NOTE = re.compile(r"\[(?:\^[^\s\]\[]{0,60}|\d{0,3})\]?")
"""A footnote or a citation."""
_PUNCTUATION = frozenset("!\"#$%&'+,-./:;<=>?@^_{|}~")
"""ASCII marks that stay if a backslash is before them. Of any other ASCII mark and its backslash nothing
stays."""


class Spans(ABC):
    """Takes text, gives the characters that the voice says. Knows marks in a line; a subclass knows lines."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._step: Callable[[str], str] = self._text
        self._plain = True
        """Whether `_step` is `_text`."""
        self._held = ""
        """Characters kept back: taken, and not returned yet."""
        self._again = ""
        """Characters that were kept back, and that `feed` is to take once more."""
        self._last = BREAK
        """The last character returned."""
        self._tight = False
        """Whether the last opening bracket follows a letter, as in `a[i][j]`, which is no link."""
        self._fence = ""
        """The backticks that will close the open code."""

    @property
    def held(self) -> int:
        """Characters kept back."""
        return len(self._held)

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
        """Return as text what was kept back, except of a block of code that is still open."""
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
        """After a `$`: it begins a formula or an amount of money; `$$` begins a formula on its own line."""
        self._held += char
        self._go(self._formula)
        return "" if char == "$" or may_be_formula(self._held) else self._give_up()

    def _backslash(self, char: str) -> str:
        r"""After a backslash: a formula begins, or a mark stays. In `C:\Users` the backslash stays, too."""
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
        """After a `<`: keep characters back until `>` shows what they are. Without a tag they are text."""
        self._held += char
        held = self._held
        if not may_be_tag(held):
            return self._give_up()
        if char != ">" or (held.startswith("<|") and not held.endswith("|>")):
            return ""
        self._hold(self._text, "")
        return tag_text(held)

    def _note(self, char: str) -> str:
        """After a `[`: drop `[1]` and `[^note]`; other brackets are text."""
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
        """After a `]`: `](` begins a link's target, `][` its name. The link's text is already returned."""
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
            # Words in brackets are no target, as in `f[i](as above)`. But a target may have a quoted title.
            return held if " " in held.strip("( )") and not held.rstrip(") ").endswith(('"', "'")) else ""
        return self._give_up() if char == "\n" or len(self._held) > LONG_MAX else ""

    def _give_up(self) -> str:
        """Return the first character kept back as text after all, and take the others again.

        If very many are kept back, return all but the last: to take them again after each mark could take
        very long.
        """
        held = self._held
        self._hold(self._text, "")
        cut = 1 if len(held) <= HELD_MAX + 1 else -1
        self._again = held[cut:]
        return held[:cut]

    def _escape(self, char: str) -> str:
        """After an ESC: drop an ANSI sequence, `[`, parameters and one letter; or one other character."""
        if (not self._held and char == "[") or (self._held and " " <= char <= "?"):
            self._held = "["
            return ""
        return self._hold(self._text, "")
