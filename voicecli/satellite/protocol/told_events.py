"""An event as the server tells it, an object of JSON -> `voicecli.events`, checked field by field.

What a server sends is not trusted: a number must be finite, a text short, a name known. Texts stay as they
are, because every view takes out what could steer a terminal.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, get_args

from voicecli import events
from voicecli.events import DROPPED
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from voicecli.events import Event

LONGEST_TEXT = 20_000
"""Characters. The longest turn, two minutes of speech, has less than a fifth of it."""

MOST = 1e12
"""Largest number that is taken."""

_KINDS: dict[str, type[Event]] = {kind.name: kind for kind in get_args(events.Event)}

_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("dropped", "reason"): tuple(DROPPED),
    ("quality", "level"): ("calm", "warning", "critical"),
    ("quality", "change"): ("taken", "taken back"),
}
"""Event and field -> the words that may be there."""


def told(given: Mapping[str, object]) -> Event | None:
    """The event; None where there is none of its name. Raises ValueError for a field that cannot be."""
    name = given.get("event")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return None
    values: dict[str, object] = {}
    for each in dataclasses.fields(kind):
        if given.get(each.name) is not None:
            value = _READ[str(each.type)](given[each.name])
            allowed = _WORDS.get((kind.name, each.name))
            if allowed is not None and value not in allowed:
                raise ValueError(f"{each.name} is no such word")
            values[each.name] = value
        elif each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            raise ValueError(f"{each.name} is missing")
    return kind(**values)  # type: ignore[arg-type]  # checked above


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
        raise ValueError("no number")  # NaN and the infinities fail the comparison, too
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST:
        raise ValueError("no whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError("no text, or too long")
    return value


def _times(value: object) -> dict[str, float]:
    """Milliseconds by stage, of the stages that there are."""
    if not isinstance(value, dict):
        raise ValueError("no times")  # noqa: TRY004  # all of them are values of a message
    found = {stage: _number(value[stage]) for stage in (*STAGES, "total") if stage in value}
    return found if "total" in found and math.isfinite(sum(found.values())) else {}


_READ: dict[str, Callable[[object], object]] = {
    "float": _number,
    "float | None": _number,
    "int": _whole,
    "int | None": _whole,
    "str": _text,
    "str | None": _text,
    "dict[str, float]": _times,
}
"""Type of a field, as `voicecli.events` writes it -> how its value is read."""
