"""The conversation so far -> a reply, streamed: what every language model engine promises.

Generator ── EmbeddedGenerator   a GGUF in this process            (embedded.py)
          ── OpenAiGenerator     any OpenAI-compatible server      (openai.py)
          ── EchoGenerator       says what it heard, for trying a microphone
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from voicecli.messages import ChatMessage, GenerationStats

Emit: TypeAlias = Callable[[str], None]
"""Takes the next piece of the reply."""

Cancelled: TypeAlias = Callable[[], bool]
"""Says whether what is being done is not wanted any more."""


def never() -> bool:
    """Cancel nothing."""
    return False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the user should know, while the reply goes on."""

    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class AllTakenBack:
    """All pieces of this reply so far were thinking: none of them is to be heard or remembered."""


Notify: TypeAlias = Callable[[Remark | AllTakenBack], None]
"""Takes what there is to tell besides words."""


def ignore(_notice: Remark | AllTakenBack) -> None:
    """Tell nobody."""


NEXT_USER = ChatMessage("user", "")
"""Stands for what the user says next when a prefix is warmed: with it, a chat template writes the history
exactly as it will before the next question, and those that insist on alternating roles are content."""


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
    def is_small(self) -> bool:
        """Whether it is one of those that a long system prompt confuses."""
        ...

    @property
    def reads_ahead(self) -> bool:
        """Whether `warm` with a part of what the user is saying is known to save time afterwards."""
        ...

    notify: Notify
    """Told of what happens besides words, on the thread that calls; set between calls by who calls."""

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
        """End the call under way, and give up the connection or the place at the model, for good."""
        ...
