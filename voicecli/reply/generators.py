"""The settings -> the language model engine that they name; and the echo engine, which needs no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import ModelError
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.reply.conversation.aside import own_words
from voicecli.reply.generate import Cancelled, Emit, Generator, Notify, ignore, never

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from voicecli.config import GenerateConfig
    from voicecli.turn.witness import Ending


def make_language_model(config: GenerateConfig, gguf: Path | None, talks: int = 1) -> Callable[[], Generator]:
    """Build the engine that the settings name; give a function that makes a generator for each of `talks`.

    It loads and connects nothing yet. `gguf` is the embedded engine's model file. Raises ModelError where
    that engine is set and the file is absent.
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
            from voicecli.reply.server.openai import OpenAiGenerator

            return lambda: OpenAiGenerator(config)
        case "echo":
            return EchoGenerator


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
