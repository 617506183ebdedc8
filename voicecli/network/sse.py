"""The bytes of a streamed answer -> its events, however the bytes are cut and whichever server framed them.

The HTML standard (section 9.2.6) says how: lines `data: ...`, an empty line behind each event, lines that
begin with a colon are comments. Servers do it in ways of their own: without the empty line, without the
space, with an `error:` field, with bare JSON in between or instead. All that is read.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TypeAlias

from voicecli.errors import EngineError

LONGEST_EVENT = 1 << 20
"""Most bytes of an event, which is one token and its wrapping; more is no stream."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DONE = "[DONE]"

_LINE_END = re.compile(rb"\r\n|\n|\r")
_FIELD = re.compile(r"(data|event|error|id|retry)(?:: ?(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    data: str
    """JSON as a rule, or `[DONE]`."""
    failed: bool = False
    """The server marked it as an error."""


class EventLines:
    """Bytes of one answer -> events.

    Lines are split as bytes: a character cut in two by a packet is whole again in its line, and U+2028
    inside of one ends nothing. An event is told as soon as its JSON is complete, not at the empty line.
    """

    def __init__(self) -> None:
        self._line = b""
        self._after_cr = False
        self._begun = False
        self._name = ""
        self._data = ""
        """Lines of an event that is not complete."""
        self._loose = ""
        """Lines that are no field: JSON without a frame, or a web page."""
        self.framed = False
        """Some line belonged to an event stream."""

    @property
    def loose(self) -> str:
        """The beginning of the text that was neither an event nor JSON."""
        return self._loose

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they come. Raises EngineError for an event that does not end."""
        if not data:
            return []
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *lines, self._line = _LINE_END.split(self._line + data)
        if max(len(self._line), len(self._data), len(self._loose)) > LONGEST_EVENT:
            raise EngineError("the server sends a line without an end", "check generate.base_url")
        return [event for line in lines for event in self._take(line)]

    def finish(self) -> list[Event]:
        """The answer is over: give the events of its last line."""
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
        whole = f"{self._data}\n{line}" if self._data else line
        if whole.strip() == DONE or parsed(whole) is not None:
            self._data = whole
            return self._complete(keep_name=True)
        if self._data and parsed(line) is not None:  # a new event begins; the text before it was none
            return [*self._complete(keep_name=True), Event(line.strip(), self._name == "error")]
        self._data = whole
        return []

    def _complete(self, *, keep_name: bool = False) -> list[Event]:
        """End the event under way."""
        data, name = self._data.strip(), self._name
        self._data, self._name = "", name if keep_name else ""
        return [Event(data, name == "error")] if data else []

    def _take_loose(self, line: str) -> list[Event]:
        self._loose = f"{self._loose}\n{line}" if self._loose else line
        if line.rstrip()[-1:] in ("}", "]") and isinstance(parsed(self._loose), dict):
            whole, self._loose = self._loose.strip(), ""
            return [Event(whole)]
        return []


def parsed(text: str) -> Json:
    """Read JSON; None where it is none."""
    try:
        parsed: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed
