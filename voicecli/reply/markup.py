"""Streamed Markdown -> plain characters, as early as they are certain.

A scanner that keeps its state in one place: `_step` is the method that takes the next character. What it
returns therefore depends on the characters so far and never on how the stream was cut. Runs of characters
that begin nothing are taken at once. It holds back only what a later character can still change: a tag,
inline code, a formula, a link's target, the first marks of a line, a row of a table. `lines` knows what
the beginnings of lines are, `formulas` where a formula ends.

Emphasis, brackets, emoji and stray marks are left in: they are dropped word by word in `speakable`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from voicecli.reply.formulas import closed, is_formula, may_be_formula
from voicecli.reply.lines import (
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
from voicecli.reply.spoken.latex import latex

if TYPE_CHECKING:
    from collections.abc import Callable

BREAK = "\n"
"""Ends a clause whatever it holds: a paragraph, a heading, a list item, a table row."""

GLUE = "\u00a0"
"""A no-break space: joins the words of inline code and of formulas, which no clause boundary may part."""

_HELD_MAX = 200
"""Characters held back before giving up and reading them as text. A real tag or code span is shorter."""
_LONG_MAX = 4000
"""The same for a link's target, a formula or a table's row, which may be long."""
_LONGEST_FENCE = 12
"""Backticks counted; three or four are usual."""

_RUN = re.compile(r"[^\n`<\[\]\x1b$\\]+")
"""Characters that begin nothing."""
_THINKING = ("think", "thinking", "reasoning")
_BLOCK_TAG = re.compile(r"p|br|hr|div|li|ul|ol|tr|table|h[1-6]|blockquote|pre|details|summary")
_INLINE_TAG = re.compile(
    r"a|abbr|b|big|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strong|su[bp]|u|t[dh]|thead|tbody"
)
_LEVEL_TAG = {"<sup>": "^{", "</sup>": "}", "<sub>": "_{", "</sub>": "}"}
"""Kept for `speakable`: ten to the sixth is not one hundred six."""
_TAG = re.compile(r"</?([a-z][a-z0-9]*)(\s+[^<>]*=[^<>]*)?\s*/?>", re.IGNORECASE)
_ADDRESS = re.compile(r"<((?:https?://|mailto:)?[^\s<>]*[@.][^\s<>]*)>")
_CODE_NOISE = re.compile(r"""[()\[\]{};"\\`~^?]+|!(?!=)|(?<!\|)\|(?!\|)""")
_NOTE = re.compile(r"\[(?:\^[^\s\]\[]{0,60}|\d{0,3})\]?")
"""A footnote or a citation."""
_PUNCTUATION = frozenset("!\"#$%&'+,-./:;<=>?@^_{|}~")
"""Read as they are behind a backslash; the rest of ASCII's marks are not read."""


class Markup:
    """Takes the reply's characters and returns plain ones: words, spaces and `BREAK`."""

    def __init__(self, code_phrase: str, language: str = "en") -> None:
        self._code_phrase = code_phrase
        """Said in place of a block of code; may be empty."""
        self._language = language
        self._step: Callable[[str], str] = self._line_start
        self._plain = False
        """`_step` is `_text`."""
        self._held = ""
        """What was taken and not yet returned."""
        self._again = ""
        """What was held and is to be taken once more, as text."""
        self._last = BREAK
        """The last character returned."""
        self._in_item = False
        """The held characters follow a bullet or a list number."""
        self._in_list = False
        """Indented lines belong to a list."""
        self._line_ends = False
        """A heading or a row: the next line begins a new paragraph."""
        self._broken = True
        """The paragraph has ended: the next character begins a new one even if it is a small letter."""
        self._tight = False
        """The bracket that opened last follows a letter: `a[i][j]`, not a link."""
        self._begun = False
        """Something has been returned."""
        self._indent = self._quotes = self._quoted = 0
        """Columns and `>` before the line; `>` before the last one."""
        self._fence = ""

    def feed(self, text: str) -> str:
        """Take a piece of any length; return the characters that are now certain, often none."""
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
        """Return what was held back, as text; an open block of code or of thinking has none."""
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

    # Each method below is a state. It takes one character and returns the plain characters it makes certain.

    def _text(self, char: str) -> str:
        match char:
            case "\n":
                self._hold(self._line_start, "")
                self._in_item, self._indent, self._quotes = False, 0, 0
                self._broken, self._line_ends = self._line_ends, False
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

    def _line_start(self, char: str) -> str:
        """Hold the first marks of a line until they are known to be Markdown or text."""
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
        return "" if begun and len(held) < _HELD_MAX else self._begin_line(held)

    def _begin_line(self, held: str) -> str:
        """Return the line's beginning as text. A line that goes on in small letters was only wrapped."""
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
        """Code by its indent: a line that looks like code, and those behind it as far in."""
        if char != "\n":
            self._held += char
            return self._begin_line(self._held) if len(self._held) >= _HELD_MAX else ""
        if not is_code(self._held):
            return self._begin_line(self._held + char)
        self._hold(self._indented_on, "")
        return BREAK + self._code_phrase + BREAK

    def _indented_on(self, char: str) -> str:
        self._held += char
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
        """A line that begins with a bar: the cells that hold something."""
        self._held += char
        if len(self._held) > _LONG_MAX:
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
        """`[name]: address` is where a link leads, and not read; a footnote is."""
        if self._held.startswith("[^"):
            self._hold(self._line_start, "")
            self._in_item, self._again = True, char
            return BREAK
        self._held += char
        if char == "\n" and is_reference(self._held):
            self._held, self._broken = "", True
            self._go(self._line_start)
            return ""
        return self._begin_line(self._held) if char == "\n" or len(self._held) > _LONG_MAX else ""

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
        return self._give_up() if char == "\n" or len(self._held) > _HELD_MAX else ""

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

    def _dollar(self, char: str) -> str:
        """`$` begins a formula or an amount; `$$` a formula on its own line."""
        self._held += char
        self._go(self._formula)
        return "" if char == "$" or may_be_formula(self._held) else self._give_up()

    def _backslash(self, char: str) -> str:
        """A formula begins, or the next mark is only a mark; before a letter it stays, as in C:\\Users."""
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
        """Hold until the closing mark shows that it was one."""
        self._held += char
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
        if not _may_be_tag(held):
            return self._give_up()
        if char != ">" or (held.startswith("<|") and not held.endswith("|>")):
            return ""
        self._hold(self._text, "")
        if held.strip("<>").lower() in _THINKING:
            self._go(self._thinking)
            return ""
        return _tag_text(held)

    def _thinking(self, char: str) -> str:
        self._held = (self._held + char)[-16:]
        if self._held.lower().endswith(tuple(f"</{name}>" for name in _THINKING)):
            self._hold(self._line_start, "")
            self._broken, self._in_item, self._indent = True, False, 0
        return ""

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
        """`](` begins a link's target and `][` its name elsewhere: the link's text has been passed on already."""
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
        return self._give_up() if char in "\n[" or len(self._held) > _HELD_MAX else ""

    def _target(self, char: str) -> str:
        self._held += char
        if char == ")" and self._held.count("(") == self._held.count(")"):
            held = self._held
            self._hold(self._text, "")
            # A note in brackets, `f[i] (as above)` set tight, is words and has no quoted title.
            return held if " " in held.strip("( )") and not held.rstrip(") ").endswith(('"', "'")) else ""
        return self._give_up() if char == "\n" or len(self._held) > _LONG_MAX else ""

    def _give_up(self) -> str:
        """What was held is text after all: its first mark is read as it stands, what follows is taken again."""
        held = self._held
        self._hold(self._text, "")
        self._again = held[1:]
        return held[0]

    def _escape(self, char: str) -> str:
        """An ANSI sequence: ESC [ parameters, then one letter. Other sequences are one character long."""
        if (not self._held and char == "[") or (self._held and " " <= char <= "?"):
            self._held = "["
            return ""
        return self._hold(self._text, "")


def _may_be_tag(held: str) -> bool:
    """Whether what began with `<` can still become a tag, a comment or a special token."""
    if len(held) > _HELD_MAX or held[-1] == "<" or not (held[1].isalpha() or held[1] in "/|!"):
        return False
    return held[1] in "|!" or (held[-1] != "\n" and (held.count(" ") < 2 or "=" in held))


def _tag_text(tag: str) -> str:
    """What is read of `<...>`: an address, a break, nothing, or the words of something that is no tag."""
    if level := _LEVEL_TAG.get(tag.lower()):
        return level
    if address := _ADDRESS.fullmatch(tag):
        return address[1]
    if tag[1] in "|!" or tag.strip("</>").lower() in _THINKING:
        return ""
    name = match[1].lower() if (match := _TAG.fullmatch(tag)) else ""
    if _BLOCK_TAG.fullmatch(name):
        return BREAK
    return "" if _INLINE_TAG.fullmatch(name) else tag
