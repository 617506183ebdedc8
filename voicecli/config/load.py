"""Reading the settings: defaults, then the file, then the environment, then flags -> `Config`.

`config` holds the bounds. This file says which file, variable or flag broke one, and what would be right.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.config import Config, Mistake, check
from voicecli.config.catalogue import KEYS, Key
from voicecli.config.find import LARGEST_FILE, Found, PassedOver, find, unreadable
from voicecli.config.toml import Scalar, Value, parse, printable, shown
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "VOICECLI_"
_LONGEST_NAME = 60

Flags = Mapping[str, tuple[str, Scalar | None]]
"""Flag -> path of its key and value, None when not given: `{"--language": ("transcribe.language", "en")}`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where they come from."""

    config: Config
    file: Path | None
    origins: Mapping[str, str]
    """Path of a key -> the file, environment variable or flag that set it. A default has no entry."""
    passed_over: tuple[PassedOver, ...] = ()
    """Files that may hold settings of voicecli but are not used."""


def load(path: Path | None = None, flags: Flags | None = None) -> Config:
    """Read the settings: defaults, then the file, then the environment, then the flags of a command.

    Args:
        path: the file; None for the one that `find()` finds.
        flags: what was given on the command line.

    Raises:
        ConfigError: something cannot be read or is not allowed. It names the first mistake, where it was
            made, and how many more there are.
    """
    return load_with_origins(path, flags).config


def load_with_origins(path: Path | None = None, flags: Flags | None = None) -> Loaded:
    """Read the settings as `load` does, and say where each comes from."""
    found = find() if path is None else Found(path, ())
    file = found.file
    tables = {} if file is None else parse(_bytes_of(file), printable(str(file)))
    origins = {
        f"{section}.{name}": printable(str(file))
        for section, table in tables.items()
        if isinstance(table, dict)
        for name in table
    }
    given = {name: (key.path, _from_text(text, key.default)) for name, text, key in _environment()}
    given |= {flag: (key, value) for flag, (key, value) in (flags or {}).items() if value is not None}
    for origin, (key, value) in given.items():
        table = tables.setdefault(KEYS[key].section, {})
        if isinstance(table, dict):  # if it is not, `check` refuses the file below
            table[KEYS[key].name] = value
            origins[key] = origin
    match check(tables):
        case Mistake() as refusal:
            raise _error(refusal, tables, origins, printable(str(file)))
        case config:
            return Loaded(config, file, origins, found.passed_over)


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(data) > LARGEST_FILE:
        raise ConfigError(f"{printable(str(path))} is larger than 1 MiB", "name a settings file")
    return data


def _environment() -> Iterator[tuple[str, str, Key]]:
    """Give the variables that are settings; `VOICECLI_MODELS`, without the `__`, is none of them."""
    variables = {key.variable: key for key in KEYS.values()}
    for name, text in sorted(os.environ.items()):
        if not (name.startswith(PREFIX) and "__" in name):
            continue
        if name not in variables:
            endings = [variable.removeprefix(PREFIX) for variable in variables]
            close = difflib.get_close_matches(name.removeprefix(PREFIX).upper(), endings, n=1)
            remedy = f"did you mean {PREFIX}{close[0]}?" if close else "voicecli config show tells every key"
            raise ConfigError(f"unknown environment variable {_short(name)}", remedy)
        yield name, text, variables[name]


def _from_text(text: str, like: Value) -> object:
    """Read an environment variable as the type of `like`; `check` refuses other text."""
    try:
        match like:
            case bool():
                return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
            case int():
                return int(text)
            case float():
                return float(text)
            case str():
                return text
            case _:
                written = tomllib.loads(f"value = {text}")
                return written["value"] if len(written) == 1 else text
    except (ValueError, RecursionError):
        return text


def _error(
    refusal: Mistake, tables: Mapping[str, object], origins: Mapping[str, str], file: str
) -> ConfigError:
    """Tell a mistake in one line: where, what, what is allowed, how many more."""
    path = ".".join(refusal.path)
    table = tables.get(refusal.path[0])
    more = f" (and {refusal.count - 1} more)" if refusal.count > 1 else ""
    if refusal.unknown:
        is_table = len(refusal.path) == 1 and isinstance(table, dict)
        what = f"table [{_short(path)}]" if is_table else f"key {_short(path)}"
        return ConfigError(f"{file}: unknown {what}", _suggestion(refusal.path) + more)
    if not isinstance(table, dict):
        return ConfigError(f"{file}: {path} is {shown(table)}", f"allowed: a table, [{path}]{more}")
    if refusal.above or refusal.same or refusal.lacks:
        other = f"{refusal.path[0]}.{refusal.above or refusal.same or refusal.lacks}"
        where = " and ".join(dict.fromkeys(origins[x] for x in (path, other) if x in origins))
        if refusal.same:
            both = shown(table.get(KEYS[path].name, KEYS[path].default))
            found = f"{where}: {path} and {other} are both {both}"
            return ConfigError(found, f"give one of them another key, or none{more}")
        found = f"{where}: {path} is {_told(table, path)} but {other} is {_told(table, other)}"
        if refusal.lacks:
            return ConfigError(found, f"allowed: with {other} set to a program and its arguments{more}")
        return ConfigError(found, f"allowed: {path} at most {other}{more}")
    name = ".".join(refusal.path[:2])
    key, value = KEYS[name], table[refusal.path[1]]
    told = "something else" if key.hidden else _told_value(value, refusal.path[2:])
    found = f"{origins[name]}: {name} is {told}"
    return ConfigError(found, f"allowed: {_allowed(key, value)}{more}")


def _allowed(key: Key, value: object) -> str:
    """Say what `key` may be: its bounds, and its type when `value` has another."""
    if isinstance(value, str) and not value.isprintable() and any("\ud800" <= c <= "\udfff" for c in value):
        return "letters that this locale has; for all others set LC_ALL to C.UTF-8"
    same_type = type(value) is type(key.default) or (type(value) is int and type(key.default) is float)
    if same_type and key.allowed:
        return key.allowed
    return f"{key.kind}, {key.allowed}" if key.allowed else key.kind


def _told_value(value: object, inside: tuple[str, ...]) -> str:
    """Say which value was found; of a table, show the entry that is not allowed."""
    if inside and isinstance(value, dict):
        return f"a table with {shown(inside[0])} = {shown(value[inside[0]])}"
    return shown(value)


def _told(table: Mapping[str, object], path: str) -> str:
    name = KEYS[path].name
    return shown(table[name]) if name in table else f"{shown(KEYS[path].default)} (the default)"


def _short(name: str) -> str:
    return printable(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}...")


def _suggestion(path: tuple[str, ...]) -> str:
    """Guess which key the user meant: this name in another table, a similar name in this one, or list all."""
    *table, name = path
    elsewhere = [key.path for key in KEYS.values() if key.name == name]
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere)}?"
    siblings = {key.name: key.path for key in KEYS.values() if [key.section] == table}
    siblings = siblings or {key.section: f"[{key.section}]" for key in KEYS.values()}
    close = difflib.get_close_matches(name, siblings, n=1)
    return f"did you mean {siblings[close[0]]}?" if close else f"allowed: {', '.join(siblings.values())}"
