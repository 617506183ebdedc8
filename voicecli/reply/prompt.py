"""A language model and the settings -> what it is told of who it is: the beginning of its conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.reply.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from voicecli.config import ConversationConfig
    from voicecli.reply.generate import Generator

AUTO = "auto"
"""As `conversation.system_prompt`: one of the two below, whichever suits the model."""

PROMPT = (
    "You are a friendly voice assistant. You are heard, not read. Answer in the user's language, in one"
    " or two short, simple sentences. Answer questions from what you know. If told something, say "
    "something kind about it. You can talk, but you can do nothing else: you cannot remind anybody of "
    "anything, set timers or alarms, play music, change the volume, switch lights or other devices, "
    "call or write to anybody, or order anything, and you do not know the weather, the news, prices or "
    'mails. If asked to do something, always say "Sorry, I can\'t" and why, never "Sure", "Okay" or '
    '"I\'ll".'
)
"""Chosen on questions: docs/answers.md."""

SHORT_PROMPT = (
    "You are a friendly voice assistant. You are heard, not read. Answer in one or two short, simple "
    "sentences. You can talk, but you can do nothing else. If asked to do something, say "
    '"Sorry, I can\'t".'
)
"""For a model that takes a long prompt for something to talk about: decisions/0019."""


def begin(
    config: ConversationConfig, generator: Generator, local: Callable[[], datetime] | None = None
) -> Conversation:
    """Begin the conversation that the settings ask for; `local` gives date and time."""
    prompt = config.system_prompt
    if prompt == AUTO:
        prompt = SHORT_PROMPT if generator.is_small else PROMPT
    return Conversation(prompt, config.history_tokens, local)
