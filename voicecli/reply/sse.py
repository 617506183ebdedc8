"""The bytes of a streamed chat completion -> the pieces of a reply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from voicecli.errors import EngineError
from voicecli.messages import GenerationStats

if TYPE_CHECKING:
    from voicecli.reply.generate import Cancelled, ReplyText

LONGEST_LINE = 1 << 20
"""Bytes. A line of a stream is one token and its wrapping; more is not a stream."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class EventLines:
    """Bytes of a server-sent event stream -> the data of each event, in whatever pieces the bytes come.

    Split at the byte LF: a character cut in two by a packet is whole again in its line, and U+2028 inside of
    one ends nothing. Comments (`: keep-alive`), other fields and empty lines are skipped. Source: the HTML
    standard, section 9.2.6; OpenAI's events are one line each.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take bytes as they come. Raises EngineError for a line that does not end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise EngineError("the server sends a line without an end", "check generate.base_url")
        return [
            line[5:].strip().decode("utf-8", errors="replace") for line in lines if line.startswith(b"data:")
        ]


class StreamedReply:
    """Reads the events of one reply: `text` gets the words, `stats` what they cost."""

    def __init__(self, text: ReplyText, cancelled: Cancelled) -> None:
        self.text = text
        self.stats = GenerationStats()
        self.cut_short = False
        """No longer wanted, or long enough: an early end that is no fault."""
        self.finished = False
        """The server said that the reply is complete."""
        self._cancelled = cancelled
        self._thought = False

    def take(self, event: str) -> bool:
        """Read one event; say whether to stop here. Raises EngineError."""
        if event == "[DONE]":
            self.finished = True
            return False
        chunk = parsed(event)
        if not isinstance(chunk, dict):
            raise EngineError("the server sends something that is not JSON", "check generate.base_url")
        if chunk.get("error"):
            raise EngineError(f"the server failed in the middle of the reply{reason(event)}", "ask again")
        self._count(chunk)
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict):
                self.cut_short = self.cut_short or self._cancelled() or self._say(choice)
        return self.cut_short

    def check(self) -> None:
        """Raise EngineError where a reply that came to its end has no words."""
        if self._thought and not self.text.pieces:
            raise EngineError(
                "the model only thought and said nothing",
                "raise generate.max_tokens, or use a model that does not think",
            )
        self.text.finish()

    def _say(self, choice: dict[str, Json]) -> bool:
        """Hand on the spoken words of a choice; say whether they are enough."""
        self.finished = self.finished or bool(choice.get("finish_reason"))
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return False
        # Two names for what is thought and not said: llama-server's and vLLM's, Ollama's.
        self._thought = self._thought or bool(delta.get("reasoning_content") or delta.get("reasoning"))
        piece = delta.get("content")
        return isinstance(piece, str) and bool(piece) and self.text.take(piece)

    def _count(self, chunk: dict[str, Json]) -> None:
        if isinstance(usage := chunk.get("usage"), dict):
            prompt, reply = usage.get("prompt_tokens"), usage.get("completion_tokens")
            details = usage.get("prompt_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else None
            if isinstance(prompt, int) and isinstance(reply, int):
                evaluated = prompt - cached if isinstance(cached, int) else None
                self.stats = GenerationStats(prompt, evaluated, reply)


def parsed(text: str) -> Json:
    """Read JSON; None where it is none."""
    try:
        parsed: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed


def reason(text: str) -> str:
    """Say what an error body says, in a few words; "" where it says nothing."""
    body = parsed(text)
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return f": {message[:160]}" if isinstance(message, str) else ""
