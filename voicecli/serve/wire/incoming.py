"""What a client sends: JSON text -> checked requests. Data only; `talker` obeys them.

Audio comes 50 times a second, so its message is read by hand; the others are rare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicecli.serve.wire.extension import played, steering
from voicecli.serve.wire.formats import decoded
from voicecli.serve.wire.framed import unframed
from voicecli.serve.wire.items import ConversationItem, fresh
from voicecli.serve.wire.settings import MOST_INSTRUCTIONS, Unfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Int16
    from voicecli.serve.wire.extension import Played, Steering
    from voicecli.serve.wire.formats import Encoding
    from voicecli.serve.wire.settings import Json

MOST_BYTES = 1 << 20
"""Longest message that a client may send."""


_MS = 1 << 32
"""A client's clock begins again after so many ms."""

MOST_METADATA = 16
"""Pairs of a response's metadata, each a key of 64 characters and a value of 512 at most, as at OpenAI."""


class BadRequest(ValueError):  # noqa: N818  # an answer
    """A message that asks for nothing this server knows; `event_id` is the client's own, or empty."""

    def __init__(self, code: str, message: str, event_id: str = "", param: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.event_id = event_id
        self.param = param


@dataclass(frozen=True, slots=True)
class Update:
    """`session.update`."""

    session: object
    event_id: str


@dataclass(frozen=True, slots=True)
class Append:
    """`input_audio_buffer.append`, or a binary frame: (n,) int16."""

    samples: Int16
    at_ms: int | None = None
    """When the client's microphone heard the first, on a clock of its own; None: it does not say."""
    after_gap: bool = False


@dataclass(frozen=True, slots=True)
class Add:
    """`conversation.item.create`."""

    item: ConversationItem


@dataclass(frozen=True, slots=True)
class OfItem:
    """`conversation.item.retrieve`, `.delete` or `.truncate`."""

    kind: Literal["retrieve", "delete", "truncate"]
    item_id: str
    audio_end_ms: int = 0


@dataclass(frozen=True, slots=True)
class Respond:
    """`response.create`."""

    instructions: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    """Words of the client's own; a response bears them, so that the client knows it again."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A request without arguments."""

    kind: Literal["commit", "clear", "cancel", "clear_output"]
    event_id: str


@dataclass(frozen=True, slots=True)
class Steer:
    """`voicecli.control`."""

    does: Steering


@dataclass(frozen=True, slots=True)
class PlayedSoFar:
    """`voicecli.playout`."""

    played: Played


Request: TypeAlias = Update | Append | Add | OfItem | Respond | Plain | Steer | PlayedSoFar

_PLAIN: dict[object, Literal["commit", "clear", "cancel", "clear_output"]] = {
    "input_audio_buffer.commit": "commit",
    "input_audio_buffer.clear": "clear",
    "response.cancel": "cancel",
    "output_audio_buffer.clear": "clear_output",
}
_OF_ITEM: dict[object, Literal["retrieve", "delete", "truncate"]] = {
    "conversation.item.retrieve": "retrieve",
    "conversation.item.delete": "delete",
    "conversation.item.truncate": "truncate",
}

_EXTENSION: dict[str, Callable[[Json], Request]] = {
    "voicecli.control": lambda message: Steer(steering(message)),
    "voicecli.playout": lambda message: PlayedSoFar(played(message)),
}


def read(text: str | bytes, hears: Encoding, *, binary: bool = False) -> Request:
    """One message; bytes are a binary frame, which is sound if `binary` is in effect. Raises BadRequest."""
    if isinstance(text, bytes):
        return _sound(text, binary=binary)
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest("invalid_json", "the message is not JSON") from error
    if not isinstance(message, dict):
        raise BadRequest("invalid_json", "the message is not a JSON object")
    event_id = _word(message.get("event_id"))
    try:
        kind = message.get("type")
        if isinstance(kind, str) and kind in _EXTENSION:
            return _EXTENSION[kind](message)
        return _request(message, hears, event_id)
    except Unfit as unfit:
        raise BadRequest("invalid_value", str(unfit), event_id, unfit.param) from None
    except BadRequest as bad:
        raise BadRequest(bad.code, str(bad), event_id, bad.param) from None


def _request(message: Json, hears: Encoding, event_id: str) -> Request:
    kind = message.get("type")
    match kind:
        case "input_audio_buffer.append":
            audio = message.get("audio")
            if not isinstance(audio, str):
                raise BadRequest("invalid_value", "audio is base64 text", param="audio")
            try:
                return Append(decoded(audio, hears))
            except ValueError as error:
                raise BadRequest("invalid_value", str(error), param="audio") from error
        case "session.update":
            return Update(message.get("session"), event_id)
        case "conversation.item.create":
            return Add(_item(message.get("item")))
        case "response.create":
            response = message.get("response")
            return _respond(response if isinstance(response, dict) else {})
        case str() if kind in _OF_ITEM:
            item_id, end = message.get("item_id"), message.get("audio_end_ms", 0)
            if not isinstance(item_id, str):
                raise BadRequest("invalid_value", "item_id is text", param="item_id")
            whole = end if isinstance(end, int) and not isinstance(end, bool) else 0
            return OfItem(_OF_ITEM[kind], item_id, max(0, whole))
        case str() if kind in _PLAIN:
            return Plain(_PLAIN[kind], event_id)
        case _:
            raise BadRequest("unknown_event", "this server does not know that type of event", param="type")


def _sound(data: bytes, *, binary: bool) -> Append:
    if not binary:
        found = "binary frames are sound only with session.voicecli.audio = binary"
        raise BadRequest("unexpected_binary", found, param="session.voicecli.audio")
    try:
        sound = unframed(data)
    except ValueError as error:
        raise BadRequest("invalid_value", str(error), param="audio") from error
    return Append(sound.samples, sound.at_ms, sound.after_gap)


def _respond(asked: Json) -> Respond:
    instructions, metadata = asked.get("instructions"), asked.get("metadata")
    words = metadata.items() if isinstance(metadata, dict) else ()
    return Respond(
        instructions[:MOST_INSTRUCTIONS] if isinstance(instructions, str) else "",
        tuple((key[:64], word[:512]) for key, word in list(words)[:MOST_METADATA] if isinstance(word, str)),
    )


def _item(asked: object) -> ConversationItem:
    """A message of user, agent or system, with all its text. Raises BadRequest."""
    if not isinstance(asked, dict) or asked.get("type", "message") != "message":
        raise BadRequest("invalid_value", "items are messages: there are no tools here", param="item.type")
    role, parts = asked.get("role"), asked.get("content")
    if role not in ("user", "assistant", "system"):
        raise BadRequest("invalid_value", "role is user, assistant or system", param="item.role")
    if not isinstance(parts, list):
        raise BadRequest("invalid_value", "content is a list", param="item.content")
    texts = [
        part[key]
        for part in parts
        if isinstance(part, dict)
        for key in ("text", "transcript")
        if isinstance(part.get(key), str)
    ]
    text = " ".join(texts)
    if not text.strip():
        raise BadRequest("invalid_value", "an item needs text; speech is appended", param="item.content")
    if len(text) > MOST_INSTRUCTIONS:
        raise BadRequest("invalid_value", f"text is longer than {MOST_INSTRUCTIONS} characters", param="item")
    item_id = _word(asked.get("id")) or fresh("item")
    return ConversationItem(item_id, role, "output_text" if role == "assistant" else "input_text", text)


def _word(value: object) -> str:
    """A short name that a client gave, or nothing."""
    return value[:200] if isinstance(value, str) else ""


MOST_TWICE_MS = 5000
"""Sound that a client sends again when it takes its talk up: it keeps no more."""


def fresh_sound(sound: Append, rate_hz: int, heard_ms: int | None) -> tuple[Int16, int | None]:
    """What of it has not come before, (n,) int16; and up to which time of the client's all has come.

    `heard_ms`: that time so far. A client cannot know what arrived before its connection was lost.
    """
    if sound.at_ms is None:
        return sound.samples, heard_ms
    twice_ms = 0 if heard_ms is None else (heard_ms - sound.at_ms) % _MS
    if twice_ms > MOST_TWICE_MS:  # it is later, or of another clock
        twice_ms = 0
    lasts_ms = len(sound.samples) * 1000 // rate_hz
    samples = sound.samples[twice_ms * rate_hz // 1000 :]
    return samples, (sound.at_ms + max(lasts_ms, twice_ms)) % _MS


def error_event(
    code: str, message: str, event_id: str = "", param: str = "", kind: str = "invalid_request_error"
) -> Json:
    """What a client is told of a message that cannot be obeyed; `event_id` is the message's."""
    details = {"type": kind, "code": code, "message": message}
    return {"type": "error", "error": {**details, "param": param or None, "event_id": event_id or None}}
