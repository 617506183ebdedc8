"""Settings as text: the documented file; and the values in force, each with the place it comes from."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

from voicecli.config import Config
from voicecli.config.catalogue import KEYS, Key, value_of
from voicecli.config.toml import to_toml
from voicecli.errors import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_WIDTH = 100
_EXAMPLE_HEAD = """\
Settings of voicecli: every key with its default. Copy the keys you change; leave the rest out.
voicecli uses the first of these files that exists: the file given with --config, voicecli.toml in the
working folder (or a config.toml there with settings of voicecli), config.toml in your settings folder
(voicecli config path).
An environment variable such as VOICECLI_TURN__MAX_PAUSE_MS=2000 overrides the file, a flag of a command
overrides both.
"""
_STARTER_HEAD = """\
Settings of voicecli. A line that begins with # and no space is a key with its default: take the #
away to change it. Then: voicecli config check (is it right?), voicecli config show (what is in force).
"""


def example_toml() -> str:
    """`config.example.toml`: every key with its default, its unit and its meaning."""
    return _documented(Config(), _EXAMPLE_HEAD, lambda text, _given: text)


def starter_toml(config: Config) -> str:
    """Write a user's first file: the keys that were given to make `config`, and all others as comments."""
    return _documented(
        config, _STARTER_HEAD, lambda text, given: text if given else textwrap.indent(text, "#")
    )


def effective_toml(config: Config, origins: Mapping[str, str]) -> str:
    """Every key and value, but for passwords; after a value that is not the default, where it comes from."""
    tables = []
    for section, keys in _sections():
        lines = [f"[{section}]"]
        for key in keys:
            value = value_of(config, key)
            if isinstance(value, str) and key.name in ("base_url", "url"):
                value = without_userinfo(value)
            origin = f"  # {origins[key.path]}" if value != key.default and key.path in origins else ""
            lines.append(f"{key.name} = {to_toml(value)}{origin}")
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)


def _documented(config: Config, head: str, line: Callable[[str, bool], str]) -> str:
    """Write every key below its meaning; `line` takes `key = value`, and whether `config` was given it."""
    parts = [textwrap.indent(head, "# ")]
    for name, keys in _sections():
        section = getattr(config, name)
        parts.append(f"# {type(section).__doc__}\n[{name}]\n")
        for key in keys:
            text = f"{key.name} = {to_toml(value_of(config, key))}\n"
            parts.append(f"{_comment(key)}\n{line(text, key.name in section.model_fields_set)}")
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, Iterator[Key]]]:
    return groupby(KEYS.values(), key=lambda key: key.section)


def _comment(key: Key) -> str:
    words = f"{key.meaning}; allowed: {key.allowed}" if key.allowed else key.meaning
    return textwrap.fill(words, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
