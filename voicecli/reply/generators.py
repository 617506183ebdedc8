"""The settings -> the language model engine that they name; and the echo engine, which needs no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import ModelError
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.reply.conversation.aside import own_words
from voicecli.reply.generate import Cancelled, Emit, Generator, Notify, ignore, never
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from voicecli.config import GenerateConfig
    from voicecli.system.clock import Clock
    from voicecli.turn.witness import Ending


def make_language_model(
    config: GenerateConfig, gguf: Path | None, talks: int = 1, clock: Clock | None = None
) -> Callable[[], Generator]:
    """Build the engine that the settings name; give a function that makes a generator for each of `talks`.

    It loads and connects nothing yet. `gguf` is the embedded engine's model file, or that of the model which
    stands in for a server. `clock` tells when a server that failed is asked again. Raises ModelError where
    the embedded engine is set and the file is absent.
    """
    match config.engine:
        case "embedded":
            from voicecli.reply.embedded import EmbeddedGenerator
            from voicecli.reply.gguf import Gguf

            if gguf is None:
                raise ModelError("the embedded engine has no language model", 'run "voicecli models pull"')
            model = Gguf(config, gguf, talks)
            return lambda: EmbeddedGenerator(model)
        case "openai":
            return _guarded(config, gguf, talks, clock or MonotonicClock())
        case "echo":
            return EchoGenerator


def _guarded(config: GenerateConfig, gguf: Path | None, talks: int, clock: Clock) -> Callable[[], Generator]:
    """A server, and the embedded model in `gguf` to stand in for it, if the settings want that."""
    from voicecli.network.trouble.breaker import Breaker
    from voicecli.reply.guarded import GuardedGenerator
    from voicecli.reply.server.openai import OpenAiGenerator

    breaker, stand_in = Breaker(clock), None
    if gguf is not None and config.fallback == "embedded":
        from voicecli.reply.embedded import EmbeddedGenerator
        from voicecli.reply.gguf import Gguf

        model = Gguf(config, gguf, talks)
        stand_in = lambda: EmbeddedGenerator(model)  # noqa: E731  # as the others are made
    apologise = config.fallback != "off"
    return lambda: GuardedGenerator(OpenAiGenerator(config), breaker, stand_in, apologise=apologise)


class EchoGenerator:
    """An engine without a model: repeats what the user said."""

    name = "echo"
    is_local = True
    is_small = False
    reads_ahead = False

    def __init__(self) -> None:
        self.notify: Notify = ignore

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Do nothing: there is no model."""

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Repeat the last message."""
        if not cancelled():
            emit(f"You said: {own_words(messages[-1].content)}")
        return GenerationStats()

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        """Know nothing: there is no model."""
        return None

    def close(self) -> None:
        """Do nothing: there is no model."""
