"""The events of one chat completion -> the pieces of a reply, what they cost, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import EngineError, ServerError
from voicecli.messages import GenerationStats
from voicecli.network.sse import DONE, Json, parsed
from voicecli.network.trouble.complaint import is_error
from voicecli.reply.replytext import CHARS_PER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.network.sse import Event
    from voicecli.reply.generate import Cancelled
    from voicecli.reply.replytext import ReplyText

LONGEST_REFUSAL = 300
"""Characters kept of what a model says when it refuses."""

TOKENS_PER_WORD_LIMIT = 8
"""Most events for each token of the longest reply. It is more than 1, because the model may think first."""

_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thoughts")
"""Fields beside the text: llama-server's and vLLM's, Ollama's and vLLM's newer one, OpenRouter's."""
_THOUGHT_PARTS = ("thinking", "reasoning", "thought", "redacted_thinking", "reasoning_text", "summary_text")
_NO_REASON = ("", "null", "none", "None")
"""Some servers write the absence of a reason as a word."""


class ServerRefusal(Exception):  # noqa: N818  # what the server does, not yet an error of this program
    """The server reports a failure, in place of a reply or in the middle of one."""

    def __init__(self, body: str) -> None:
        super().__init__(body)
        self.body = body


class StreamedReply:
    """Reads the events of one reply: `text` gets the words, `stats` what they cost."""

    def __init__(self, text: ReplyText, cancelled: Cancelled, most_events: int | None = None) -> None:
        """`most_events`: most events with content; a server may not keep to the limit that it was told."""
        self.text = text
        self.stats = GenerationStats()
        self.cut_short = False
        """The reply was cancelled, or is long enough: an early end that is no error."""
        self.done = False
        """The server said that nothing follows."""
        self.ended: str | None = None
        """The last reason for an end that the server gave. Some servers give one with every event."""
        self.answered = False
        """Part of a chat completion has come."""
        self.broken: ServerError | None = None
        """The connection broke before anything had come."""
        self._cancelled = cancelled
        self._most_events = most_events
        self._events = self._chars = 0
        self._refusal = ""
        self._lied = False
        self._last_was_end = False

    @property
    def finished(self) -> bool:
        """Whether the server has said in some way that the reply is complete."""
        return self.done or self.ended is not None

    @property
    def progress(self) -> int:
        """Pieces so far of what is to be said: neither white space alone nor thinking counts."""
        return self.text.pieces if self.text.spoke else 0

    @property
    def credible(self) -> bool:
        """Whether the reply has ended, as far as can be told before the stream has.

        A reason proves nothing if it comes with words, before any words, or if words followed an earlier one.
        """
        return self._last_was_end and self.text.spoke and not self._lied

    @property
    def overflowed(self) -> bool:
        """Whether the server silently showed that the prompt left no room for a reply."""
        nothing = not self.text.spoke and not self.text.thought and not self._refusal
        silent = not self.answered and not self.done
        return nothing and (silent or (self.ended == "length" and not self.stats.reply_tokens))

    def take(self, event: Event) -> bool:
        """Read one event; say whether to stop here. Raises EngineError, ServerRefusal."""
        if event.data == DONE:
            self.done = True
            return False
        if event.failed:
            raise ServerRefusal(event.data)
        chunk = parsed(event.data)
        if not isinstance(chunk, dict):
            if event.data[:1] in ("{", "["):
                raise ServerError("the server sends something that is not JSON", "check generate.base_url")
            return False  # something that only keeps the connection open
        if is_error(chunk):
            raise ServerRefusal(event.data)
        self._count(chunk)
        for choice in _choices(chunk):
            self.answered = True
            self.cut_short = self.cut_short or self._cancelled() or self._read(choice)
        most = self._most_events
        too_much = most is not None and (self._events > most or self._chars > most * CHARS_PER_TOKEN)
        if self.text.ran_over or too_much:
            self.ended, self.cut_short = "length", False
            return True
        return self.cut_short

    def finish(self) -> None:
        """The reply is over: remark on its end. Raises EngineError for a reply without words."""
        if self._refusal and not self.text.spoke:
            raise EngineError(f"the model refuses to answer: {self._refusal}", "ask in other words")
        self.text.finish(self.ended or "stop", self.stats.prompt_tokens)

    def _read(self, choice: dict[str, Json]) -> bool:
        """Hand on the spoken words of a choice; say whether they are enough."""
        delta = next((part for key in ("delta", "message") if isinstance(part := choice.get(key), dict)), {})
        if any(delta.get(name) for name in _THOUGHTS):
            self.text.thought_elsewhere()
        if isinstance(refusal := delta.get("refusal"), str):
            self._refusal = (self._refusal + refusal)[:LONGEST_REFUSAL]
        content = delta.get("content", choice.get("text"))
        pieces = list(_spoken(content, self.text.thought_elsewhere))
        self._chars += sum(map(len, pieces))
        over = any(self.text.take(piece) for piece in pieces)
        self._note_end(choice, delta, something=bool(pieces))
        return over

    def _note_end(self, choice: dict[str, Json], delta: dict[str, Json], *, something: bool) -> None:
        something = something or any(delta.get(name) for name in _THOUGHTS)
        self._events += something
        if something and self._last_was_end:
            self._lied = True
        reason = choice.get("finish_reason", choice.get("done_reason"))
        given = isinstance(reason, str) and reason not in _NO_REASON
        if given:
            self.ended = str(reason)
        elif delta.get("tool_calls") or delta.get("function_call"):
            self.ended = "tool_calls"
        # A reason that comes with words is not the end yet; one without words is, until words follow.
        self._last_was_end = (given and not something) or (self._last_was_end and not something)

    def _count(self, chunk: dict[str, Json]) -> None:
        if isinstance(usage := chunk.get("usage"), dict):
            prompt, reply = usage.get("prompt_tokens"), usage.get("completion_tokens")
            details = usage.get("prompt_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else None
            if isinstance(prompt, int) and isinstance(reply, int):
                evaluated = prompt - cached if isinstance(cached, int) else None
                self.stats = GenerationStats(prompt, evaluated, reply)


def _choices(chunk: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """The first of the choices, or a chunk that is one itself: Ollama's own stream."""
    choices = chunk.get("choices")
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
                yield choice
    elif isinstance(chunk.get("message"), dict):
        yield chunk


def _spoken(content: Json, thought: Callable[[], None]) -> Iterator[str]:
    """The words of a message's content: a text, or parts of which some are thinking."""
    match content:
        case str() if content:
            yield content
        case list():
            for part in content:
                match part:
                    case str() if part:
                        yield part
                    case {"type": str(kind)} if kind in _THOUGHT_PARTS:
                        thought()
                    case {"text": str(text)} if text:
                        yield text
        case {"text": str(text)} if text:
            yield text
