"""Items and responses of OpenAI's Realtime protocol, and how they look on the wire."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicecli.serve.wire.settings import Json


@dataclass(slots=True)
class ConversationItem:
    """One entry of the conversation."""

    id: str
    role: Literal["user", "assistant", "system"]
    kind: Literal["input_audio", "output_audio", "input_text", "output_text"]
    text: str = ""
    status: Literal["in_progress", "completed", "incomplete"] = "completed"

    def as_json(self) -> Json:
        """The item as OpenAI's API shows it."""
        words = "text" if self.kind.endswith("text") else "transcript"
        content: list[Json] = [{"type": self.kind, words: self.text}]
        if self.status == "in_progress":
            content = [] if self.role == "assistant" else [{"type": self.kind, words: None}]
        return {
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "status": self.status,
            "role": self.role,
            "content": content,
        }


@dataclass(slots=True)
class Response:
    """The agent's answer, while it is written and sounds."""

    id: str
    item: ConversationItem
    clauses: list[str] = field(default_factory=list)
    sounds: bool = False
    cancelled_by: Literal["turn_detected", "client_cancelled"] = "turn_detected"
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def written(self) -> str:
        """All words of the response so far."""
        return " ".join(self.clauses)

    @property
    def place(self) -> Json:
        """Where an event about the one part of the response belongs."""
        return {"response_id": self.id, "item_id": self.item.id, "output_index": 0, "content_index": 0}

    @property
    def part(self) -> Json:
        """The one part of the response, with the words so far."""
        if self.item.kind == "output_audio":
            return {"type": "audio", "transcript": self.written}
        return {"type": "text", "text": self.written}

    def as_json(self, status: str, message: str = "", latency_ms: float | None = None) -> Json:
        """The response as OpenAI's API shows it; `message`: why it failed."""
        details: Json | None = None
        match status:
            case "cancelled":
                details = {"type": "cancelled", "reason": self.cancelled_by}
            case "failed":
                error = {"type": "server_error", "code": "failed", "message": message}
                details = {"type": "failed", "error": error}
            case _:
                pass
        over = status != "in_progress"
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [self.item.as_json()] if over else [],
            "output_modalities": ["audio" if self.item.kind == "output_audio" else "text"],
            "max_output_tokens": "inf",
            "metadata": self.metadata or None,
            "usage": None,
            # ours: other clients leave fields alone that they do not know
            "voicecli": {"latency_ms": latency_ms if over else None},
        }


def fresh(kind: str) -> str:
    """An id that no other has."""
    return f"{kind}_{secrets.token_hex(10)}"


def history(items: Mapping[str, ConversationItem], waiting: set[str]) -> list[tuple[str, str]]:
    """What was said so far, turn after turn, without the items that wait for an answer."""
    turns: list[tuple[str, str]] = []
    words: list[str] = []
    for item in items.values():
        if item.role == "user" and item.id not in waiting:
            words.append(item.text)
        elif item.role == "assistant" and item.text:
            turns.append((" ".join(words), item.text))
            words = []
    return turns


def previous(items: Mapping[str, ConversationItem], item: ConversationItem) -> str | None:
    """The id of the item before this one."""
    before: str | None = None
    for item_id in items:
        if item_id == item.id:
            return before
        before = item_id
    return before
