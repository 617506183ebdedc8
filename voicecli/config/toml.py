"""TOML text: bytes -> tables with mistakes told in one line; values -> text.

Python reads TOML (`tomllib`) but does not write it. This file writes as much of TOML as settings need.
Source of the rules: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from voicecli.errors import ConfigError, without_userinfo

Scalar = bool | int | float | str
Value = Scalar | Mapping[str, str]
"""A table's keys are bare ones: letters, digits, `-` and `_`."""

_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LONG_TEXT = 80
_BREAK = re.compile(r" (?=\S)")
_WHERE = re.compile(r"(?P<what>.*) \(at (?:(?P<where>line \d+, column \d+)|end of document)\)", re.DOTALL)


def parse(data: bytes, name: str) -> dict[str, object]:
    """Read the bytes of a file called `name`.

    Raises:
        ConfigError: not UTF-8, or not TOML; with the line and the column.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}, line {line}: not UTF-8 text", "save the file as UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, name) from None
    except (ValueError, RecursionError):  # thousands of digits in a number, or of brackets
        raise ConfigError(f"{name} is not a settings file", "write it anew: voicecli config init") from None


def _syntax_error(message: str, text: str, name: str) -> ConfigError:
    """Change the order of tomllib's message `Expected this (at line 3, column 4)`: the place first."""
    match = _WHERE.fullmatch(message)
    what = match["what"] if match else message
    where = match["where"] if match else None
    if where is None:
        where = f"line {text.rstrip().count(chr(10)) + 1}"
    remedy = 'a line is key = value or [table], with text in "quotes"'
    if "hex value" in what or "'\\'" in what:
        remedy = "inside \"quotes\" write \\\\ for \\, or put a path in 'single quotes'"
    return ConfigError(f"{name}, {where}: {what[:1].lower()}{what[1:]}", remedy)


def printable(text: str) -> str:
    """Write unprintable characters of `text` as TOML escapes, so that it cannot control a terminal."""
    return "".join(c if c.isprintable() else _numbered(c) for c in text)


def _escaped(text: str) -> str:
    return printable("".join(_SHORT_ESCAPES.get(c, c) for c in text))


def _numbered(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def to_toml(value: Value) -> str:
    r"""Write a value; long text and text of several lines as a block between triple quotes.

    Numbers must be finite. In a block a line that ends in `\` goes on in the next, so long lines break
    after a space without changing the text.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case Mapping():
            entries = ", ".join(f'{key} = "{_escaped(text)}"' for key, text in value.items())
            return f"{{ {entries} }}" if entries else "{}"
        case str() if len(value) <= _LONG_TEXT and "\n" not in value:
            return f'"{_escaped(value)}"'
        case str():
            return '"""\n' + "\n".join(_broken(_escaped(line)) for line in value.split("\n")) + '"""'


def _broken(line: str) -> str:
    r"""Break a long line after spaces: each part but the last has `_LONG_TEXT` characters or more."""
    parts, begin = [], 0
    while len(line) - begin > _LONG_TEXT and (space := _BREAK.search(line, begin + _LONG_TEXT)):
        parts.append(line[begin : space.end()])
        begin = space.end()
    return "\\\n".join((*parts, line[begin:]))


def shown(value: object) -> str:
    """Any value found in a file, short enough for an error of one line."""
    match value:
        case str() if len(value) > _LONG_TEXT:
            text = f'"{_escaped(without_userinfo(value)[:20])}..." ({len(value)} characters)'
        case str():
            text = f'"{_escaped(value)}"'
        case int() if abs(value) >= 10**20:  # Python refuses to print thousands of digits
            text = "a number of more than 20 digits"
        case bool() | int() | float():
            text = to_toml(value)
        case dict():
            text = "a table"
        case list():
            text = "a list"
        case _:
            text = "a date or a time"
    return text
