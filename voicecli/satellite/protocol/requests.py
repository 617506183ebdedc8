"""What is asked of the server: keys, typed lines, the settings of the session -> messages."""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from voicecli.messages import RATE_HZ
from voicecli.satellite.protocol.sound_blocks import WIRE_HZ, HeardBlock, packed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Json: TypeAlias = dict[str, object]

CREDIT_MS = 800
"""Sound that the server may send ahead of what was played: what the jitter buffer holds."""

ASKED: Json = {
    "events": True,
    "audio": "binary",
    "playout": {"credit_ms": CREDIT_MS},
    "rates": {"input": RATE_HZ, "output": "voice"},
}
"""What is asked of a voicecli beyond the protocol: sound as its engines take and give it, among others."""


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key of a talk, by its name in the settings."""

    key: str


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A typed line."""

    text: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The talk key lets the microphone listen."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """The talk key has closed the microphone: the turn is over."""


Asked: TypeAlias = KeyPress | TypedLine | Opened | LetGo


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a talk asks of its session."""

    push_to_talk: bool = False
    eagerness: str = ""
    """OpenAI's word for how soon it answers; empty: the server's own choice."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What a server can do beyond the protocol."""

    extended: bool = False
    """It tells events, and takes keys and playout reports."""
    binary: bool = False
    """It sends and takes sound as binary messages."""
    input_hz: int = WIRE_HZ
    """Rate of the microphone's sound that it takes."""
    output_hz: int = WIRE_HZ
    """Rate of the sound that it sends."""


@dataclass(frozen=True, slots=True)
class PlayedReply:
    """How far a reply was played."""

    reply: int
    """Its number in the session."""
    played_ms: int
    buffered_ms: int
    underruns: int
    """Gaps so far, in all replies."""


def opening(wishes: Wishes, history: Sequence[tuple[str, str]], *, extended: bool) -> Iterator[str]:
    """The messages with which a session begins; `history`: what was said before, turn after turn."""
    for user, agent in history:
        if user:
            yield _item("user", "input_text", user)
        yield _item("assistant", "output_text", agent)
    form: Json = {"type": "audio/pcm", "rate": WIRE_HZ}
    heard: Json = {"format": form, "transcription": {"model": "whisper-1"}}
    if wishes.push_to_talk:
        heard["turn_detection"] = None
    elif wishes.eagerness:
        heard["turn_detection"] = {"type": "semantic_vad", "eagerness": wishes.eagerness}
    session: Json = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {"input": heard, "output": {"format": form}},
    }
    if extended:
        session["voicecli"] = ASKED
    yield _message("session.update", session=session)


def sound(block: HeardBlock, offers: Offers) -> str | bytes:
    """The message for a block of the microphone, which is at the rate that the server takes."""
    if offers.binary:
        return packed(block)
    data = base64.b64encode(block.samples.astype("<i2").tobytes()).decode("ascii")
    return _message("input_audio_buffer.append", audio=data)


def asked(request: Asked, offers: Offers) -> list[str]:
    """The messages for a request; none where the server knows no such thing."""
    return _ours(request) if offers.extended else _plain(request)


def _ours(request: Asked) -> list[str]:
    match request:
        case KeyPress(key):
            return [_control("press", key=key)]
        case TypedLine(text):
            return [_control("say", text=text)]
        case Opened():
            return [_control("talk", begins=True, ago_s=0.0)]
        case LetGo():
            return [_message("input_audio_buffer.commit")]


def _plain(request: Asked) -> list[str]:
    match request:
        case KeyPress("interrupt") | Opened():
            return [_message("response.cancel")]
        case KeyPress():
            return []
        case TypedLine(text):
            return [_item("user", "input_text", text), _message("response.create")]
        case LetGo():
            return [_message("input_audio_buffer.commit"), _message("response.create")]


def playout(played: PlayedReply) -> str:
    """Tell how far a reply was played, and how much more of it may be sent."""
    return _message("voicecli.playout", limit_ms=played.played_ms + CREDIT_MS, **dataclasses.asdict(played))


def truncated(item_id: str, played_ms: int) -> str:
    """How much of an interrupted reply was heard, for a server that does not ask for reports."""
    return _message(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=max(0, played_ms)
    )


def _control(control: str, **fields: object) -> str:
    return _message("voicecli.control", control=control, **fields)


def _item(role: str, kind: str, text: str) -> str:
    item: Json = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
    return _message("conversation.item.create", item=item)


def _message(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields})
