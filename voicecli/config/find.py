"""Which settings file is used. Many programs have a `config.toml`, so that name alone proves nothing."""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voicecli.config.catalogue import KEYS
from voicecli.config.toml import printable
from voicecli.errors import ConfigError
from voicecli.system.folders import settings_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FILE_NAME = "voicecli.toml"
"""Name of voicecli's settings file in the working folder."""

SHARED_NAME = "config.toml"
"""Name of the settings file in the user's own folder for voicecli, where it always counts. A file of this
name in the working folder counts only if it has settings of voicecli."""

LARGEST_FILE = 1 << 20

_HEADER = re.compile(r"\s*\[\s*(\w+)\s*\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*(?:(\w+)\s*\.\s*)?(\w+)\s*(?:=.*)?")


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file that may hold settings of voicecli and is not used."""

    path: Path
    why: str
    """`it holds no settings of voicecli`"""
    maybe_ours: bool
    """Whether it could not be read, so that it may hold settings of voicecli: then the user gets a note."""

    def __str__(self) -> str:
        return f"{printable(str(self.path))} is passed over: {self.why}"


@dataclass(frozen=True, slots=True)
class Found:
    """The file that is used without `--config`, and those that are not."""

    file: Path | None
    passed_over: tuple[PassedOver, ...]


def user_file() -> Path:
    """Where this user's settings are kept: `~/.config/voicecli/config.toml` on Linux (XDG)."""
    return settings_folder() / SHARED_NAME


def find() -> Found:
    """Look in the working folder, then in the user's.

    `voicecli.toml` counts whatever is in it, and so does the file in the user's own folder. If this process
    may not enter a folder, as after `sudo -u`, it goes on without it and notes that. Raises ConfigError if
    `voicecli.toml` or the user's own file is there and cannot be read.
    """
    passed: list[PassedOver] = []
    for path in (Path(FILE_NAME), Path(SHARED_NAME), user_file()):
        shared = path == Path(SHARED_NAME)
        try:
            if not _is_there(path):
                continue
            if not shared or _belongs(path):
                return Found(path, tuple(passed))
        except OSError as error:
            if not (shared or isinstance(error, PermissionError)):
                raise unreadable(path, error) from None
            if path.parent not in [other.path.parent for other in passed]:
                passed.append(PassedOver(path, f"{error.strerror}", maybe_ours=True))
        else:
            passed.append(PassedOver(path, "it holds no settings of voicecli", maybe_ours=False))
    return Found(None, tuple(passed))


def unreadable(path: Path, error: OSError) -> ConfigError:
    """Say that a file which counts cannot be read."""
    remedy = "name a file you may read with --config, or write one with voicecli config init"
    return ConfigError(f"cannot read {printable(str(path))}: {error.strerror}", remedy)


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _belongs(path: Path) -> bool:
    """Whether a file that may be of any program holds settings of voicecli. Raises OSError."""
    if not stat.S_ISREG(path.stat().st_mode):  # to read a pipe could wait for ever
        return False
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    return len(data) <= LARGEST_FILE and is_ours(data)


def is_ours(data: bytes) -> bool:
    """Whether it has a table of voicecli with a key of voicecli in it, or with a key misspelt.

    The name of a table alone proves little: other programs have an [audio] too. If the file has a mistake and
    so is no TOML, judge it line by line: then its author gets an error that tells the mistake.
    """
    text = data.decode("utf-8-sig", errors="replace")
    try:
        tables: Mapping[str, object] = tomllib.loads(text)
    except (ValueError, RecursionError):
        tables = _tables_of_lines(text)
    return any(
        difflib.get_close_matches(name, _names(section), n=1, cutoff=0.75)
        for section, table in tables.items()
        if isinstance(table, dict)
        for name in table
    )


def _names(section: str) -> Collection[str]:
    return [key.name for key in KEYS.values() if key.section == section]


def _tables_of_lines(text: str) -> dict[str, dict[str, None]]:
    tables: dict[str, dict[str, None]] = {}
    section = ""
    for line in text.splitlines():
        if header := _HEADER.fullmatch(line):
            section = header[1]
        elif key := _KEY.fullmatch(line):
            tables.setdefault(key[1] or section, {})[key[2]] = None
    return tables
