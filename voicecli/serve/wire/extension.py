"""What this server offers beyond OpenAI's protocol, to clients that ask: `session.voicecli`, `voicecli.*`.

    events     each event of the talk, as `voicecli talk --json` tells it
    audio      sound in binary frames instead of base64
    rates      sound at other rates than the protocol's
    playout    credit: the client tells how far it has played, and how far it may be sent
    history    what was said in a talk before this one

Other clients leave fields alone that they do not know, and are sent no `voicecli.*`, except where they asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeGuard

from voicecli.serve.wire.formats import AS_FORMATS, LEAST_HZ, MOST_HZ, WireRates
from voicecli.serve.wire.items import ConversationItem, fresh
from voicecli.serve.wire.settings import MOST_INSTRUCTIONS, Unfit

if TYPE_CHECKING:
    from voicecli.serve.wire.settings import Json

LEAST_CREDIT_MS, MOST_CREDIT_MS = 100, 5000
"""What a client asks for is brought between these. Less would run dry between two reports."""

MOST_HISTORY = 200
"""Texts of a history."""

MOST_AGO_S = 5.0
"""A key that was pressed longer ago counts as pressed so long ago: no more sound waits for it."""

MOST_MS = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Extension:
    """What of it is in effect."""

    events: bool = False
    binary: bool = False
    rates: WireRates = AS_FORMATS
    credit_ms: int = 0
    """How far beyond what it has played the client may be sent; 0: it tells nothing of its playing."""

    def merged(self, asked: object, *, between_turns: bool = True) -> Extension:
        """What is in effect once the client has asked for this; what it does not name stays. Raises Unfit.

        Rates change only `between_turns`: sound that is under way has its rate.
        """
        if asked is None:
            return self
        table = _object(asked, "session.voicecli")
        wanted = self
        if "events" in table:
            wanted = replace(wanted, events=_flag(table, "events"))
        match table.get("audio"):
            case None:
                pass
            case "binary" | "base64" as audio:
                wanted = replace(wanted, binary=audio == "binary")
            case _:
                raise Unfit("session.voicecli.audio", "audio is binary or base64")
        if "rates" in table:
            wanted = replace(wanted, rates=_rates(self.rates, table["rates"]))
            if wanted.rates != self.rates and not between_turns:
                raise Unfit("session.voicecli.rates", "rates change between two turns")
        if "playout" in table:
            if table["playout"] is None:
                return replace(wanted, credit_ms=0)
            playout = _object(table["playout"], "session.voicecli.playout")
            credit_ms = _whole(playout, "credit_ms")
            wanted = replace(wanted, credit_ms=min(max(credit_ms, LEAST_CREDIT_MS), MOST_CREDIT_MS))
        return wanted

    def as_json(self, rates_hz: tuple[int, int]) -> Json:
        """What is in effect, as a client is told; `rates_hz`: of its microphone and its loudspeaker."""
        return {
            "events": self.events,
            "audio": "binary" if self.binary else "base64",
            "rates": {"input": rates_hz[0], "output": rates_hz[1]},
            "playout": {"credit_ms": self.credit_ms} if self.credit_ms else None,
        }


def _rates(rates: WireRates, asked: object) -> WireRates:
    """`rates` with those that are asked for: `{"input": 16000, "output": "voice"}`. Raises Unfit."""
    if asked is None:
        return AS_FORMATS
    table = _object(asked, "session.voicecli.rates")
    if "input" in table:
        rates = replace(rates, input_hz=_hertz(table, "input"))
    if "output" in table:
        own = table["output"] == "voice"
        rates = replace(rates, output_hz="voice" if own else _hertz(table, "output"))
    return rates


def _hertz(table: Json, name: str) -> int | None:
    """A whole number of Hz within the bounds; None is none."""
    value = table[name]
    if value is None:
        return None
    if not _is_number(value) or value != int(value) or not LEAST_HZ <= value <= MOST_HZ:
        raise Unfit(f"session.voicecli.rates.{name}", f"a rate is a number from {LEAST_HZ} to {MOST_HZ} Hz")
    return int(value)


def told_history(asked: object) -> list[ConversationItem]:
    """What was said before, as the client tells it: `[{"role": "user", "text": ...}, ...]`. Raises Unfit."""
    param = "session.voicecli.history"
    if asked is None:
        return []
    if not isinstance(asked, list) or len(asked) > MOST_HISTORY:
        raise Unfit(param, f"history is a list of at most {MOST_HISTORY} texts")
    items: list[ConversationItem] = []
    for each in asked:
        table = _object(each, param)
        role, text = table.get("role"), table.get("text")
        if not isinstance(text, str) or len(text) > MOST_INSTRUCTIONS:
            raise Unfit(param, f"text is of at most {MOST_INSTRUCTIONS} characters")
        match role:
            case "user":
                items.append(ConversationItem(fresh("item"), "user", "input_text", text))
            case "assistant":
                items.append(ConversationItem(fresh("item"), "assistant", "output_text", text))
            case _:
                raise Unfit(param, "role is user or assistant")
    return items


@dataclass(frozen=True, slots=True)
class Press:
    """A key that the talk knows."""

    key: Literal["interrupt", "repeat", "talk"]


@dataclass(frozen=True, slots=True)
class Switch:
    """What is on becomes off, and what is off on."""

    of: Literal["mute_microphone", "mute_voice"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """With push to talk: the user begins to speak, so long ago, or has finished."""

    begins: bool
    ago_s: float


@dataclass(frozen=True, slots=True)
class SayLine:
    """The user typed a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Played:
    """How far a client has played a reply."""

    reply: int
    played_ms: int
    limit_ms: int
    """It may be sent nothing of the reply beyond this."""
    buffered_ms: int
    """Sound of the reply that it has and has not played."""
    underruns: int


Steering: TypeAlias = Press | Switch | Pushed | SayLine


def steering(message: Json) -> Steering:
    """A `voicecli.control`. Raises Unfit."""
    match message.get("control"):
        case "press":
            match message.get("key"):
                case "interrupt" | "repeat" | "talk" as key:
                    return Press(key)
                case _:
                    raise Unfit("key", "key is interrupt, repeat or talk")
        case "mute_microphone" | "mute_voice" as control:
            return Switch(control)
        case "talk":
            ago_s = message.get("ago_s", 0)
            if not _is_number(ago_s):
                raise Unfit("ago_s", "ago_s is a number of seconds")
            return Pushed(_flag(message, "begins"), min(max(float(ago_s), 0.0), MOST_AGO_S))
        case "say":
            text = message.get("text")
            if not isinstance(text, str) or not text.strip() or len(text) > MOST_INSTRUCTIONS:
                raise Unfit("text", f"text is a line of at most {MOST_INSTRUCTIONS} characters")
            return SayLine(text)
        case _:
            raise Unfit("control", "control is press, talk, say, mute_microphone or mute_voice")


def played(message: Json) -> Played:
    """A `voicecli.playout`. Raises Unfit."""
    names = ("reply", "played_ms", "limit_ms", "buffered_ms", "underruns")
    return Played(*(_whole(message, name) for name in names))


def _object(value: object, param: str) -> Json:
    if not isinstance(value, dict):
        raise Unfit(param, f"{param} is an object")
    return value


def _flag(table: Json, name: str) -> bool:
    value = table.get(name)
    if not isinstance(value, bool):
        raise Unfit(name, f"{name} is true or false")
    return value


def _whole(table: Json, name: str) -> int:
    """A number that is not negative, rounded: some languages know no other than floating point."""
    value = table.get(name, 0)
    if not _is_number(value):
        raise Unfit(name, f"{name} is a number")
    return min(max(round(value), 0), MOST_MS)


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 1 << 53  # larger ones do not fit into a float
    return isinstance(value, float) and math.isfinite(value)
