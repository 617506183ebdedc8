"""A conversation -> as much of it as fits the model's context; learnt from what the server refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.reply.conversation.conversation import estimated_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.messages import ChatMessage


def without_oldest(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Drop the older half of the turns, in pairs; empty where only the question is left."""
    system = [message for message in messages[:1] if message.role == "system"]
    turns = messages[len(system) :]
    drop = max(2, len(turns) // 2 & ~1)
    return [*system, *turns[drop:]] if drop < len(turns) else []


class ContextRoom:
    """Estimated size that fits: between the largest conversation accepted and the smallest refused."""

    def __init__(self) -> None:
        self._most: float | None = None
        """Tokens, estimated; None while nothing was refused."""
        self._refused: int | None = None

    def fit(self, messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
        """Leave out the oldest turns until it should fit; the system prompt and the question stay."""
        while self._most is not None and _tokens(messages) > self._most:
            shorter = without_oldest(messages)
            if not shorter:
                break
            messages = shorter
        return messages

    def refuse(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """The messages do not fit: give fewer to try; empty where only the question is left."""
        self._refused = _tokens(messages)
        if self._most is None or self._refused <= self._most:
            self._most = self._refused - 1.0
        return without_oldest(messages)

    def accept(self, messages: Sequence[ChatMessage]) -> None:
        """The messages fit; if others were refused before, half way between the two is the next guess."""
        if self._refused is not None:
            self._most = (_tokens(messages) + self._refused) / 2
            self._refused = None


def _tokens(messages: Sequence[ChatMessage]) -> int:
    return sum(estimated_tokens(message.content) for message in messages)
