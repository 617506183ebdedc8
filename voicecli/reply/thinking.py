"""Streamed text of a model -> the same text without its thinking, however the stream is cut.

Models mark their thinking in ways of their own, and servers pass it on when they do not know the model:

    <think> <thinking> <thought> <seed:think> [THINK] ◁think▷ <|START_THINKING|>   each with its closing tag
    <|channel|>analysis<|message|> ... <|end|>      gpt-oss; "final" is its channel for what is said
    <|channel>thought ... <channel|>                Gemma
    ... </think>                                    the opening tag is in the prompt, so it never comes

This file holds back text only while the next characters can still make a tag of it. A tag in backticks or in
quotation marks is only mentioned.
"""

from __future__ import annotations

import re
from typing import Literal

from voicecli.waiting.buffers import Buffer

_LONGEST_TAG = 40
_LONGEST_HEADER = 80
THINKING = Buffer(
    "thinking",
    "characters",
    1 << 18,
    "drop_newest",
    "a reply of a model that thinks first is kept back until the closing tag shows which part is to be said; "
    "this is more than any token limit allows, and a reply without a tag keeps its beginning",
)

_TOKEN = re.compile(
    rf"<[^<>\s]{{1,{_LONGEST_TAG}}}>|\[/?[A-Z_]{{1,{_LONGEST_TAG}}}\]|◁[^◁▷\s]{{1,{_LONGEST_TAG}}}▷|`+"
)
_BEGUN = re.compile(
    rf"(?:<[^<>\s]{{0,{_LONGEST_TAG}}}|\[/?[A-Z_]{{0,{_LONGEST_TAG}}}|◁[^◁▷\s]{{0,{_LONGEST_TAG}}}|`+)\Z"
)
"""The end of what has come, where it may be the beginning of a token."""
_TAG = re.compile(
    r"[<\[◁]\|?(?P<end>/|end_(?:of_)?)?(?:\w+:)?(?:(?:begin|start)_(?:of_)?)?"
    r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|cot|scratchpad|inner_prefix|(?P<suffix>inner_suffix))"
    r"(?:_(?:start|begin|(?P<late>end)))?\|?[>\]▷]",
    re.IGNORECASE,
)
_FRAME = re.compile(r"<\|(?:channel|start|message|end|return|call)\|>|<\|channel>|<channel\|>")
_HEADED = re.compile(r"<\|(?:channel\|?|start\|)>")
"""The tokens that a header follows: whose message it is, and of which channel."""
_HEADER_END = re.compile(r"<\|message\|>|<\|channel\|?>|\n")
_QUOTES = "\"'`“”‘’«»„\\"
_GLUED = "analysis"
"""gpt-oss where the server has taken out its tokens: "analysisThey want ... assistantfinalThe museum"."""
_GLUED_END = "assistantfinal"


class Thinking:
    """Separates one reply from its thinking. Not thread-safe; one object for each reply."""

    def __init__(self, *, begins_inside: bool = False) -> None:
        """`begins_inside`: the model is known to think first and to mark only the end of it."""
        self.thought = False
        """Whether the model has thought."""
        self.unopened = False
        """Whether a closing tag came without an opening one: then the text before it was thinking too."""
        self._inside = begins_inside
        self._state: Literal["text", "thought", "header", "glued"] = "text"
        self._rest = ""
        self._out: list[str] = []
        self._held: list[str] = []
        self._size = 0
        self.lost = 0
        """Characters of a reply that was too long to be kept back."""
        self._last = "\n"
        """The character before the rest."""
        self._fence = ""
        """The backticks that the code under way began with."""
        self._said = False
        """Something other than spaces has come."""

    def feed(self, text: str) -> str:
        """Take the next piece; give the words that are certain now, of it and of the text kept back."""
        self._rest += text
        return self._run(last=False)

    def finish(self, *, cut: bool = False) -> str:
        """Give the text kept back. `cut`: the reply broke off, so text before a missing tag is thinking."""
        said = self._run(last=True)
        if not self._inside:
            return said
        held, self._inside = "".join(self._held), False
        self.thought = self.thought or (cut and bool(held))
        return "" if cut else held

    def elsewhere(self) -> None:
        """The server tells the thinking apart itself: all text is said, and a closing tag closes nothing."""
        self.thought = True
        self._release()

    def _release(self) -> None:
        """The text kept back was no thinking."""
        self._out[:0], self._held, self._inside = self._held, [], False

    def _run(self, *, last: bool) -> str:
        steps = {"text": self._text, "thought": self._thought, "header": self._header, "glued": self._glued}
        while self._rest and steps[self._state](last=last):
            pass
        text, self._out = "".join(self._out), []
        if not self._said:
            text = text.lstrip()
            self._said = bool(text)
        if not self._inside:
            return text
        kept = text[: int(THINKING.capacity) - self._size]
        self._held.append(kept)
        self._size += len(kept)
        self.lost += len(text) - len(kept)
        return ""

    # Each state takes some of the rest, and says False where it waits for more.

    def _text(self, *, last: bool) -> bool:
        if self._at_start() and (glued := self._begins_glued(last=last)) is not None:
            return glued
        found = _TOKEN.search(self._rest)
        if found is None:
            begun = None if last else _BEGUN.search(self._rest)
            return self._say(begun.start() if begun else len(self._rest))
        if found.start():
            return self._say(found.start())
        after = self._rest[found.end() : found.end() + 1]
        if not after and not last and (found[0][0] == "`" or self._last in _QUOTES + " "):
            return False  # the next character may make it longer, or show that it is only named
        return self._token(found[0], after)

    def _at_start(self) -> bool:
        return not self._said and not self._out and self._last == "\n"

    def _begins_glued(self, *, last: bool) -> bool | None:
        start = self._rest.lstrip()
        if start.startswith(_GLUED) and start[len(_GLUED) :][:1].isupper():
            self._rest, self._state, self.thought = start, "glued", True
            return True
        return False if not last and _GLUED.startswith(start) else None

    def _token(self, token: str, after: str) -> bool:
        """Take the token that the rest begins with, and change the state as it asks."""
        tag = _TAG.fullmatch(token)
        if token[0] == "`":
            if not self._fence or len(token) >= len(self._fence):
                self._fence = "" if self._fence else token
            return self._say(len(token))
        if self._fence or not (tag or _FRAME.fullmatch(token)) or self._only_named(tag, after):
            return self._say(len(token))
        self._rest = self._rest[len(token) :]
        if tag is None:
            self._state = "header" if _HEADED.fullmatch(token) else "text"
        elif not _closes(tag):
            self._state, self.thought = "thought", True
            self._release()
        elif not self.thought:
            self.thought = self.unopened = True
            self._inside = self._said = False
            self._out, self._held, self._last = [], [], "\n"
        return True

    def _say(self, count: int) -> bool:
        taken, self._rest = self._rest[:count], self._rest[count:]
        if taken:
            self._out.append(taken)
            self._last = taken[-1]
            if "\n" in taken and len(self._fence) < 3:
                self._fence = ""  # code within a line ends with it
        return bool(taken)

    def _only_named(self, tag: re.Match[str] | None, after: str) -> bool:
        """Whether the text only mentions a tag: in quotation marks, or `put it in a <think> block`."""
        if self._last in _QUOTES:
            return after in _QUOTES + ".,"
        opens = tag is not None and not _closes(tag)
        return opens and self._last == " " and after != "" and after in " ,.;" and self._said_a_word()

    def _said_a_word(self) -> bool:
        return self._said or bool("".join(self._out).strip())

    def _thought(self, *, last: bool) -> bool:
        for found in _TOKEN.finditer(self._rest):
            before, after = self._rest[: found.start()][-1:] or self._last, self._rest[found.end() :][:1]
            tag = _TAG.fullmatch(found[0])
            if not (tag and _closes(tag)) and not _FRAME.fullmatch(found[0]):
                continue
            if before in _QUOTES:
                if not after and not last:
                    return self._forget(found.start())
                if after and after in _QUOTES:
                    continue
            self._forget(found.end())
            self._last = "\n"
            self._state = "header" if _HEADED.fullmatch(found[0]) else "text"
            return True
        begun = _BEGUN.search(self._rest)
        self._forget(begun.start() if begun else len(self._rest))
        return False

    def _forget(self, count: int) -> bool:
        self._last = self._rest[:count][-1:] or self._last
        self._rest = self._rest[count:]
        return False

    def _header(self, *, last: bool) -> bool:
        """Whose message it is and of which channel: `final<|message|>`, or `thought` and a line break."""
        end = _HEADER_END.search(self._rest)
        if end is None and len(self._rest) < _LONGEST_HEADER and not last:
            return False
        at = end.start() if end else min(len(self._rest), _LONGEST_HEADER)
        name, self._rest = self._rest[:at].strip().lower(), self._rest[end.end() if end else at :]
        if end and _HEADED.fullmatch(end[0]):
            return True  # that was the role; the channel comes next
        said = name in ("", "final", "assistant") or name.startswith("final ")
        self._state = "text" if said else "thought"
        self.thought = self.thought or not said
        return True

    def _glued(self, *, last: bool) -> bool:
        at = self._rest.find(_GLUED_END)
        if at < 0:
            self._rest = self._rest[-len(_GLUED_END) :]
            return False
        self._rest, self._state = self._rest[at + len(_GLUED_END) :], "text"
        return True


def _closes(tag: re.Match[str]) -> bool:
    return bool(tag["end"] or tag["late"] or tag["suffix"])
