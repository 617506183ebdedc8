"""The sentences the program says to people, which the tests compare by name: `sentences.toml`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

TABLE = Path(__file__).with_name("sentences.toml")


def read() -> dict[str, str]:
    """Each sentence by its part of the program and its name there: `models.missing`."""
    groups: dict[str, dict[str, str]] = tomllib.loads(TABLE.read_text("utf-8"))
    return {f"{group}.{name}": text for group, named in groups.items() for name, text in named.items()}


_SENTENCES = read()


def wording(key: str, /, **values: object) -> str:
    """The sentence with its values filled in: neither one too few nor one too many."""
    text = _SENTENCES[key]
    assert values.keys() == names(text), key
    return text.format(**values)


def pattern(key: str, /, **values: object) -> str:
    """A regular expression for the sentence; what has no value here may be anything."""
    text = _SENTENCES[key]
    assert values.keys() <= names(text), key
    parts = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(re.escape(str(values[name])) if name in values else ".*")
    return "".join(parts)


def names(text: str) -> set[str]:
    """What is to be filled in."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
