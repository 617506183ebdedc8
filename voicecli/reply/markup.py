"""Streamed Markdown -> plain characters, as early as they are certain.

A scanner that takes one character at a time and keeps its state in one place: `_step` is the method that
takes the next one. What it returns therefore depends on the characters so far and never on how the stream
was cut. It holds back only what a later character can still change: a tag, inline code, a link's target, the
first marks of a line.

Emphasis, brackets, emoji and stray marks are left in: they are dropped word by word in `speakable`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BREAK = "\n"
"""Ends a clause whatever it holds: a paragraph, a heading, a list item, a table row."""

GLUE = "\u00a0"
"""A no-break space: joins the words of inline code, which no clause boundary may part."""

_HELD_MAX = 200
"""Characters held back before giving up and reading them as text. A real tag or code span is shorter."""
_TARGET_MAX = 4000
"""The same for a link's target, which is not read anyway and may be a long address."""
_LONGEST_FENCE = 12
"""Backticks counted; three or four are usual."""

_THINKING = ("think", "thinking", "reasoning")
_BLOCK_TAG = re.compile(r"p|br|hr|div|li|ul|ol|tr|table|h[1-6]|blockquote|pre|details|summary")
_INLINE_TAG = re.compile(
    r"a|abbr|b|big|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|t[dh]|thead|tbody|u"
)
_TAG = re.compile(r"</?([a-z][a-z0-9]*)(\s+[^<>]*=[^<>]*)?\s*/?>", re.IGNORECASE)
_ADDRESS = re.compile(r"<((?:https?://|mailto:)?[^\s<>]*[@.][^\s<>]*)>")
_MARKER = re.compile(r"(?:(#{1,6})|[-*+•◦▪‣·]|(\d{1,2})[.)])\s")
"""What begins a heading (group 1) or a list item (its number: group 2)."""
_MARKER_BEGUN = re.compile(r"#{1,6}|[-*+•◦▪‣·]|\d{1,2}[.)]?|~{1,2}")
_CODE_NOISE = re.compile(r"""[()\[\]{};"|\\`~^!?]+""")


class Markup:
    """Takes the reply's characters one by one and returns plain ones: words, spaces and `BREAK`."""

    def __init__(self, code_phrase: str) -> None:
        self._code_phrase = code_phrase
        """Said in place of a block of code; may be empty."""
        self._step: Callable[[str], str] = self._line_start
        self._held = ""
        """What was taken and not yet returned."""
        self._in_item = False
        """The held characters follow a bullet or a list number."""
        self._in_heading = False
        self._broken = True
        """The paragraph has ended: the next character begins a new one even if it is a small letter."""
        self._fence = ""

    def feed(self, char: str) -> str:
        """Take one character; return those that are now certain, often none."""
        return self._step(char)

    def finish(self) -> str:
        """Return what was held back, as text; an open block of code or of thinking has none."""
        unread = (self._fenced, self._thinking, self._target, self._escape)
        held = "" if self._step in unread else self._held
        self._held, self._step = "", self._text
        return held

    # Each method below is a state. It takes one character and returns the plain characters it makes certain.

    def _text(self, char: str) -> str:
        match char:
            case "\n":
                self._step, self._held, self._in_item = self._line_start, "", False
                self._broken, self._in_heading = self._in_heading, False
                return ""
            case "`":
                self._step, self._held = self._ticks, char
                return ""
            case "<":
                self._step, self._held = self._tag, char
                return ""
            case "]":
                self._step = self._after_bracket
                return char
            case "\x1b":
                self._step = self._escape
                return ""
            case _:
                return char

    def _line_start(self, char: str) -> str:
        """Hold the first marks of a line until they are known to be Markdown or text."""
        held = self._held = self._held + char
        if char != "\n" and (held.isspace() or held == ">"):
            self._held = ""
            return ""
        if char != "\n" and (marker := _MARKER.fullmatch(held)):
            self._held, self._in_item, self._in_heading, self._broken = "", True, bool(marker[1]), False
            return BREAK + (f"{marker[2]}, " if marker[2] else "")
        if held == "~~~":
            return self._open_fence(held)
        return "" if _MARKER_BEGUN.fullmatch(held) else self._begin_line(held)

    def _begin_line(self, held: str) -> str:
        """Return the line's beginning as text. A line that goes on in small letters was only wrapped."""
        self._held = ""
        if held[0] == "\n":
            self._broken = True
            return BREAK
        parted = "" if self._in_item else BREAK if self._broken or not held[0].islower() else " "
        self._step, self._broken = self._text, False
        return parted + "".join(map(self.feed, held))

    def _ticks(self, char: str) -> str:
        """Count the backticks that open code: one or two within a line, three or more a block."""
        if char == "`":
            self._held = (self._held + char)[:_LONGEST_FENCE]
            return ""
        if len(self._held) >= 3:
            return self._open_fence(self._held)
        self._step, self._fence = self._inline_code, self._held
        return self._inline_code(char)

    def _inline_code(self, char: str) -> str:
        self._held += char
        marks = len(self._fence)
        if self._held.endswith(self._fence) and len(self._held) > 2 * marks:
            code, self._held, self._step = self._held[marks:-marks], "", self._text
            return GLUE.join(_CODE_NOISE.sub(" ", code).split())
        return self._give_up() if char == "\n" or len(self._held) > _HELD_MAX else ""

    def _open_fence(self, fence: str) -> str:
        self._step, self._fence, self._held = self._fenced, fence, ""
        return BREAK + self._code_phrase + BREAK

    def _fenced(self, char: str) -> str:
        self._held = (self._held + char)[-len(self._fence) :]
        if self._held == self._fence:
            self._step, self._held, self._broken = self._text, "", True
        return ""

    def _tag(self, char: str) -> str:
        """Hold from `<` until `>` shows what it was; anything that is no tag is text."""
        self._held += char
        held = self._held
        if not _may_be_tag(held):
            return self._give_up()
        if char != ">" or (held.startswith("<|") and not held.endswith("|>")):
            return ""
        self._held, self._step = "", self._text
        if held.strip("<>").lower() in _THINKING:
            self._step = self._thinking
            return ""
        return _tag_text(held)

    def _thinking(self, char: str) -> str:
        self._held = (self._held + char)[-16:]
        if self._held.lower().endswith(tuple(f"</{name}>" for name in _THINKING)):
            self._step, self._held, self._broken, self._in_item = self._line_start, "", True, False
        return ""

    def _after_bracket(self, char: str) -> str:
        """`](` begins a link's target: its text has been passed on already."""
        if char == "(":
            self._step, self._held = self._target, char
            return ""
        self._step = self._text
        return self._text(char)

    def _target(self, char: str) -> str:
        self._held += char
        if char == ")" and self._held.count("(") == self._held.count(")"):
            held, self._held, self._step = self._held, "", self._text
            # A note in brackets, `f[i] (as above)` set tight, is words and has no quoted title.
            return held if " " in held.strip("( )") and not held.rstrip(") ").endswith(('"', "'")) else ""
        return self._give_up() if char == "\n" or len(self._held) > _TARGET_MAX else ""

    def _give_up(self) -> str:
        """What was held is text after all, read as it stands; only its last character may begin something."""
        held, self._held, self._step = self._held, "", self._text
        return held[:-1] + self.feed(held[-1])

    def _escape(self, char: str) -> str:
        """An ANSI sequence: ESC [ parameters, then one letter. Other sequences are one character long."""
        if (not self._held and char == "[") or (self._held and " " <= char <= "?"):
            self._held = "["
            return ""
        self._held, self._step = "", self._text
        return ""


def _may_be_tag(held: str) -> bool:
    """Whether what began with `<` can still become a tag, a comment or a special token."""
    if len(held) > _HELD_MAX or held[-1] == "<" or not (held[1].isalpha() or held[1] in "/|!"):
        return False
    return held[1] in "|!" or (held[-1] != "\n" and (held.count(" ") < 2 or "=" in held))


def _tag_text(tag: str) -> str:
    """What is read of `<...>`: an address, a break, nothing, or the words of something that is no tag."""
    if address := _ADDRESS.fullmatch(tag):
        return address[1]
    if tag[1] in "|!" or tag.strip("</>").lower() in _THINKING:
        return ""
    name = match[1].lower() if (match := _TAG.fullmatch(tag)) else ""
    if _BLOCK_TAG.fullmatch(name):
        return BREAK
    return "" if _INLINE_TAG.fullmatch(name) else tag
