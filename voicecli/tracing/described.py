"""A fact, an order or sound -> fields of JSON that say what it is like, and never what was said.

A text becomes its number of characters, samples become shape, level, least and greatest. With `words` the
texts themselves are shown.
"""

from __future__ import annotations

import dataclasses
import math
import re
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from voicecli.audio.probe import figures
from voicecli.floor.stages import Stage
from voicecli.messages import Utterance

if TYPE_CHECKING:
    from voicecli.audio.probe import Figures

Json: TypeAlias = "bool | int | float | str | dict[str, Json] | list[Json] | None"

NAMES = frozenset({"language", "key", "mode", "barge_in", "role"})
"""Fields whose text is a name that the program, or the settings, know."""

MESSAGES = frozenset({"found", "remedy", "why", "message"})
"""Fields whose text is one of the program's own sentences: shown as `unquoted` leaves it."""

LONGEST_NAME = 24
"""Characters; what is longer is no such name."""

_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|[^\x20-\x7e]+""")


def unquoted(message: str) -> str:
    """A message without what is quoted in it, and without letters that are not ASCII.

    Either may be what somebody said: a server or an engine may repeat what it was given.
    """
    return _QUOTED.sub("...", message)


class Describer:
    """Describes what happens in one talk."""

    def __init__(self, began: float, *, words: bool) -> None:
        """`began`: when it began, s on its clock: times are told from there. `words`: show what was said."""
        self._began = began
        self._words = words

    def time(self, at: float) -> float | None:
        """Seconds since the talk began; None for a time that never was."""
        return round(at - self._began, 4) if math.isfinite(at) else None

    def fields(self, it: object) -> dict[str, Json]:
        """The fields of a dataclass that have a value."""
        made: dict[str, Json] = {}
        for field in dataclasses.fields(it):  # type: ignore[arg-type]  # it is one
            name, value = field.name, getattr(it, field.name)
            if isinstance(value, np.ndarray):
                made.update(of_figures(figures(value)))
            elif value is not None and value != ():
                made[name] = self._field(name, value)
        if isinstance(it, Utterance):
            made["duration_s"] = round(it.duration_s, 4)
        return made

    def _field(self, name: str, value: object) -> Json:
        match value:
            case float() if name == "at" or name.endswith("_at"):
                return self.time(value)
            case str() if name in MESSAGES and not self._words:
                return unquoted(value)
            case str() if name in NAMES and len(value) <= LONGEST_NAME:
                return value
            case _:
                return self._value(value)

    def _value(self, value: object) -> Json:  # noqa: PLR0911  # one kind of value a case
        match value:
            case Enum():
                return value.name
            case bool() | int():
                return value
            case float():
                return round(value, 4) if math.isfinite(value) else None
            case str():
                return value if self._words else {"chars": len(value), "words": len(value.split())}
            case Stage(name=name):
                return name
            case dict():
                return {str(key): self._value(part) for key, part in value.items()}
            case tuple() | list():
                return self._several(value)
            case _ if dataclasses.is_dataclass(value):
                return self.fields(value)
            case _:
                return type(value).__name__

    def _several(self, values: tuple[object, ...] | list[object]) -> Json:
        if self._words or all(isinstance(part, int | float) for part in values):
            return [self._value(part) for part in values]
        texts = [text for part in values if isinstance(text := getattr(part, "content", part), str)]
        return {"count": len(values), "chars": sum(map(len, texts))} if texts else {"count": len(values)}


def of_figures(seen: Figures) -> dict[str, Json]:
    """What is said of samples."""
    return {
        "shape": list(seen.shape),
        "dtype": seen.dtype,
        "level_dbfs": round(seen.level_dbfs, 1),
        "min": round(seen.least, 4),
        "max": round(seen.greatest, 4),
    }
