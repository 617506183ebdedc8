"""Every setting as commands and documents name it: path, meaning, bounds, default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicecli.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicecli.config.toml import Value


@dataclass(frozen=True, slots=True)
class Key:
    """All that commands and documents tell about one setting."""

    section: str
    """The table it is in: `segment`."""
    name: str
    """`preroll_ms`"""
    meaning: str
    kind: str
    """What its type is called: `a whole number`."""
    allowed: str
    """`0 to 1000 (ms)`; empty if every value of the type is allowed."""
    default: Value = field(hash=False)
    hidden: bool
    """Whether the value may be a secret: then no error message repeats it."""

    @property
    def path(self) -> str:
        """Section and name: `segment.preroll_ms`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it: `VOICECLI_SEGMENT__PREROLL_MS`."""
        return f"VOICECLI_{self.section}__{self.name}".upper()


_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": 'text in "quotes"',
    "boolean": "true or false",
    "object": "a table",
}
_UNITS = {"ms": "ms", "s": "s", "db": "dB", "dbfs": "dBFS", "tokens": "tokens", "frames": "frames of 32 ms"}


def _allowed(name: str, schema: Mapping[str, object]) -> str:
    """Say the bounds that a field's JSON schema states; the unit is the ending of its name."""
    unit = _UNITS.get(name.rpartition("_")[2])
    match schema:
        case {"allowed": str(text)}:
            return text
        case {"enum": [*names, last]}:
            return ", ".join(f'"{x}"' for x in names) + f' or "{last}"'
        case {"minimum": low, "maximum": high}:
            bounds = f"{low} to {high}"
        case {"exclusiveMinimum": low, "maximum": high}:
            bounds = f"above {low}, at most {high}"
        case {"exclusiveMinimum": low, "exclusiveMaximum": high}:
            bounds = f"above {low}, below {high}"
        case {"maxLength": most}:
            bounds = f"at most {most} characters"
        case {"minLength": 1}:
            bounds = "not empty"
        case _:
            bounds = ""
    return f"{bounds} ({unit})" if unit else bounds


def _keys() -> Iterator[Key]:
    for section, table in Config.model_fields.items():
        model = type(table.default)
        schema = model.model_json_schema()["properties"]
        for name, setting in model.model_fields.items():
            yield Key(
                section=section,
                name=name,
                meaning=setting.description,
                kind=_KINDS[schema[name]["type"]],
                allowed=_allowed(name, schema[name]),
                default=setting.default,
                hidden=not setting.repr,
            )


KEYS: Mapping[str, Key] = {key.path: key for key in _keys()}
"""Every setting by its path, in the order of the file."""


def value_of(config: Config, key: Key) -> Value:
    """Look up what a key is set to."""
    value: Value = getattr(getattr(config, key.section), key.name)
    return value
