"""The conversation so far -> a reply, streamed: what every language model engine promises.

Generator ── EmbeddedGenerator   a GGUF in this process            (embedded.py)
          ── OpenAiGenerator     any OpenAI-compatible server      (server/openai.py)
          ── GuardedGenerator    one that may fail, and a stand-in (guarded.py)
          ── EchoGenerator       repeats the user, to try a microphone (generators.py)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from voicecli.messages import ChatMessage, GenerationStats
from voicecli.network.trouble.remarks import Remark, TooManyRequests

if TYPE_CHECKING:
    from voicecli.turn.witness import Ending

Emit: TypeAlias = Callable[[str], None]
"""Takes the next piece of the reply."""

Cancelled: TypeAlias = Callable[[], bool]
"""Says whether the caller does not want the result any more."""


def never() -> bool:
    """Be a `Cancelled` that never cancels."""
    return False


@dataclass(frozen=True, slots=True)
class AllTakenBack:
    """All pieces of this reply so far were the model's thinking: nobody should hear or remember them."""


Notice: TypeAlias = Remark | AllTakenBack | TooManyRequests
Notify: TypeAlias = Callable[[Notice], None]
"""Is told of what happens besides the words of the reply."""


def ignore(_notice: Notice) -> None:
    """Be a `Notify` that does nothing."""


NEXT_USER = ChatMessage("user", "")
"""Stands for what the user will say next while `warm` evaluates the history. With it, a chat template writes
the history just as it will before the next question. Some templates also demand that the roles alternate."""


class Generator(Protocol):
    """A language model. One call at a time; `close` may come from another thread and ends that call."""

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the user's words stay on this computer."""
        ...

    @property
    def is_small(self) -> bool:
        """Whether the model is so small that a long system prompt confuses it (docs/decisions/0019)."""
        ...

    @property
    def reads_ahead(self) -> bool:
        """Whether it saves time to `warm` the model with the user's words while the user still speaks."""
        ...

    notify: Notify
    """The engine calls it, on the thread that called the engine; callers set it between calls."""

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Load the model and evaluate `messages`, so that only what is said next remains to be evaluated.

        The last message may be a part of what the user is still saying. Ends early when `cancelled` says so.
        Raises ModelError, EngineError.
        """
        ...

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Answer the last message: call `emit` with each piece of text, in order.

        The engine asks `cancelled` before each piece and while it waits; when it says so, the reply ends
        without an error. What `emit` raises passes through. Raises ModelError, EngineError.
        """
        ...

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        """Say how likely the user has finished with the words of the last message; None where it cannot tell.

        Call it between calls of `generate`. A reply to the same messages need not evaluate them again. Raises
        EngineError.
        """
        ...

    def close(self) -> None:
        """End the call under way, and give up the connection or the model's slot for good."""
        ...
