"""The conversation so far -> a reply, streamed: what every language model engine promises.

Generator ── EmbeddedGenerator   a GGUF in this process            (embedded.py)
          ── OpenAiGenerator     any OpenAI-compatible server      (openai.py)
          ── EchoGenerator       says what it heard, for trying a microphone
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from voicecli.errors import EngineError, ModelError
from voicecli.messages import ChatMessage, GenerationStats

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.config import GenerateConfig

Emit: TypeAlias = Callable[[str], None]
"""Takes the next piece of the reply."""

Cancelled: TypeAlias = Callable[[], bool]
"""Says whether what is being done is not wanted any more."""


def never() -> bool:
    """Cancel nothing."""
    return False


NEXT_USER = ChatMessage("user", "")
"""Stands for what the user says next when a prefix is warmed: with it, a chat template writes the history
exactly as it will before the next question, and those that insist on alternating roles are content."""


CIRCLE_WORDS = 3
"""Words of a sentence that is not said twice in a reply."""


class Generator(Protocol):
    """A language model. One call at a time; `close` may come from another thread and ends that call."""

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the words stay on this computer."""
        ...

    @property
    def reads_ahead(self) -> bool:
        """Whether `warm` with a part of what the user is saying is known to save time afterwards."""
        ...

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Load the model and evaluate `messages`, so that only what is said next remains to be evaluated.

        They may end in a part of what the user is saying. Ends early when `cancelled` says so. Raises
        ModelError, EngineError.
        """
        ...

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Answer the last message: call `emit` with each piece of text, in order.

        `cancelled` is asked before each piece and while waiting; the reply ends without an error when it says
        so. What `emit` raises passes through. Raises ModelError, EngineError.
        """
        ...

    def ending(self, messages: Sequence[ChatMessage]) -> float | None:
        """Log-odds that the words of the last message are all that is said; None where it cannot tell.

        Between calls of `generate`; what it reads need not be read again for a reply to the same messages.
        Raises EngineError.
        """
        ...

    def close(self) -> None:
        """Free the model or the connection. A closed engine may not be used again."""
        ...


def make_generator(config: GenerateConfig, gguf: Path | None) -> Generator:
    """Build the engine the settings name; nothing is loaded or connected yet.

    `gguf` is the model file of the embedded engine. Raises ModelError where it is needed and absent.
    """
    match config.engine:
        case "embedded":
            from voicecli.reply.embedded import EmbeddedGenerator

            if gguf is None:
                raise ModelError("the embedded engine has no language model", 'run "voicecli models pull"')
            return EmbeddedGenerator(config, gguf)
        case "openai":
            from voicecli.reply.openai import OpenAiGenerator

            return OpenAiGenerator(config)
        case "echo":
            return EchoGenerator()


class EchoGenerator:
    """Says what it heard."""

    name = "echo"
    is_local = True
    reads_ahead = False

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Do nothing: there is no model."""

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Repeat the last message."""
        if not cancelled():
            emit(f"You said: {messages[-1].content}")
        return GenerationStats()

    def ending(self, messages: Sequence[ChatMessage]) -> float | None:
        """Know nothing: there is no model."""
        return None

    def close(self) -> None:
        """Do nothing: there is no model."""


class ReplyText:
    """Hands a reply on, piece by piece, and knows where it may end.

    A reply cut at the token limit would break off inside a sentence, and be heard to. So once half the limit
    is used up, the reply is over at the next end of a sentence. An engine without a limit of its own stops
    there as well. And it is over after a sentence that it said before: small models go round in circles.
    """

    _SENTENCE_END = re.compile(r"([^\W\d]{2}[.!?…][\"'”’)]*\s|[。！？])")

    def __init__(self, emit: Emit, max_tokens: int) -> None:
        self._emit = emit
        self._soft_limit = max_tokens // 2
        self._tail = ""
        self._sentence = ""
        self._said: set[str] = set()
        self.pieces = 0
        """Pieces handed on; a piece is a token in every server known."""

    def take(self, piece: str) -> bool:
        """Hand on a piece of the reply; say whether the reply may end here."""
        self._tail = self._tail[-8:] + piece
        end = self._SENTENCE_END.search(self._tail)
        # Only so much of this piece belongs to the finished sentence.
        own = None if end is None else max(0, len(piece) - (len(self._tail) - end.end()))
        circles = self._circles(piece, own)
        over = own is not None and (circles or self.pieces >= self._soft_limit)
        self.pieces += 1
        if said := piece[:own].rstrip() if over else piece:
            self._emit(said)
        return over

    def _circles(self, piece: str, own: int | None) -> bool:
        """Whether a sentence ends in this piece that was said before; "No. No." is no circle."""
        if not own:
            self._sentence += piece
            return False
        words = re.findall(r"\w+", (self._sentence + piece[:own]).casefold())
        self._sentence = piece[own:]
        sentence = " ".join(words)
        circles = len(words) >= CIRCLE_WORDS and sentence in self._said
        self._said.add(sentence)
        return circles

    def finish(self) -> None:
        """Check a reply that ended by itself. Raises EngineError for one without a word."""
        if not self.pieces:
            raise EngineError("the language model gave an empty reply", "ask again, or use another model")
