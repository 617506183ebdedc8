"""The bytes of a streamed answer (server-sent events) -> its events, wherever the bytes are cut.

The HTML standard (section 9.2.6) defines the format: lines `data: ...`, an empty line after each event, and
comments that begin with a colon. Some servers leave out the empty line or the space, add an `error:` field,
or send bare JSON in between or instead. This file reads all of these.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TypeAlias

from voicecli.errors import ServerError
from voicecli.waiting.buffers import Buffer

SERVER_LINE = Buffer(
    "server line",
    "bytes",
    1 << 18,
    "drop_newest",
    "an event is one token and its JSON: a longer line is no such event, so the reply ends with an error; "
    "while the author waits for the voice, the next events stay in the socket, and the server waits",
)

MOST_LINES = 500
"""Most lines of an event: with each line the JSON so far is read again."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DONE = "[DONE]"

_LINE_END = re.compile(rb"\r\n|\n|\r")
_FIELD = re.compile(r"(data|event|error|id|retry)(?:: ?(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    data: str
    """Mostly JSON, or `[DONE]`."""
    failed: bool = False
    """Whether the server marked it as an error."""


class EventLines:
    """Bytes of one answer -> events.

    Lines are split as bytes. So a character that a packet cut in two is whole again in its line, and U+2028
    does not end a line, as it would in text. An event is given as soon as its JSON is complete, before the
    empty line.
    """

    def __init__(self) -> None:
        self._line = b""
        self._after_cr = False
        self._begun = False
        self._name = ""
        self._data = ""
        """The `data` lines of an event that is not complete yet."""
        self._loose = ""
        """Lines that are no field of an event stream: bare JSON, or a web page."""
        self._lines = 0
        """How many lines of either have been read."""
        self.framed = False
        """Whether any line so far belonged to an event stream."""

    @property
    def held(self) -> int:
        """Bytes and characters of an event that is not complete."""
        return len(self._line) + len(self._data) + len(self._loose)

    @property
    def loose(self) -> str:
        """Text so far that was neither an event nor JSON."""
        return self._loose

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they come. Raises ServerError for an event that does not end."""
        if not data:
            return []
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *lines, self._line = _LINE_END.split(self._line + data)
        if self.held > SERVER_LINE.capacity:
            raise ServerError("the server sends a line without an end", "check generate.base_url")
        return [event for line in lines for event in self._take(line)]

    def finish(self) -> list[Event]:
        """Note that the answer is over; give the events of its last line."""
        line, self._line = self._line, b""
        return [*self._take(line), *self._take(b"")]

    def _take(self, raw: bytes) -> list[Event]:
        if not self._begun:
            raw = raw.removeprefix(codecs.BOM_UTF8)
            self._begun = True
        line = raw.decode("utf-8", errors="replace")
        if not line.strip():
            return self._complete()
        if line.startswith(":"):
            self.framed = True
            return []
        found = _FIELD.fullmatch(line)
        if found is None:
            return self._take_loose(line)
        self.framed = True
        value = found[2] or ""
        match found[1]:
            case "event":
                self._name = value.strip()
            case "error":
                return [*self._complete(), Event(value.strip(), failed=True)]
            case "data":
                return self._take_data(value)
        return []

    def _take_data(self, line: str) -> list[Event]:
        self._lines += 1
        if self._lines > MOST_LINES:
            raise ServerError("the server sends an event without an end", "check generate.base_url")
        whole = f"{self._data}\n{line}" if self._data else line
        if whole.strip() == DONE or parsed(whole) is not None:
            self._data = whole
            return self._complete(keep_name=True)
        if self._data and parsed(line) is not None:  # a new event begins; what came before was not JSON
            return [*self._complete(keep_name=True), Event(line.strip(), self._name == "error")]
        self._data = whole
        return []

    def _complete(self, *, keep_name: bool = False) -> list[Event]:
        """End the event under way and give it, if it has data."""
        data, name = self._data.strip(), self._name
        self._data, self._name, self._lines = "", name if keep_name else "", 0
        return [Event(data, name == "error")] if data else []

    def _take_loose(self, line: str) -> list[Event]:
        self._lines += 1
        self._loose = f"{self._loose}\n{line}" if self._loose else line
        may_end = line.rstrip()[-1:] in ("}", "]") and self._lines <= MOST_LINES
        if may_end and isinstance(parsed(self._loose), dict):
            whole, self._loose, self._lines = self._loose.strip(), "", 0
            return [Event(whole)]
        return []


def parsed(text: str) -> Json:
    """Read JSON; None for text that is not JSON (and for `null`)."""
    try:
        parsed: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed
