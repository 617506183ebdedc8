"""A language model and the settings -> the system prompt, and the conversation that begins with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.reply.conversation.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from voicecli.config import ConversationConfig
    from voicecli.reply.generate import Generator

AUTO = "auto"
"""Value of `conversation.system_prompt` that chooses the one of the two below that suits the model."""

PROMPT = (
    "You are a friendly voice assistant. You are heard, not read. Answer in the user's language, in one"
    " or two short, simple sentences. Answer questions from what you know. If told something, say "
    "something kind about it. You can talk, but you can do nothing else: you cannot remind anybody of "
    "anything, set timers or alarms, play music, change the volume, switch lights or other devices, "
    "call or write to anybody, or order anything, and you do not know the weather, the news, prices or "
    'mails. If asked to do something, always say "Sorry, I can\'t" and why, never "Sure", "Okay" or '
    '"I\'ll".'
)
"""Chosen by how well models with this prompt answer the questions of docs/answers.md."""

SHORT_PROMPT = (
    "You are a friendly voice assistant. You are heard, not read. Answer in one or two short, simple "
    "sentences. You can talk, but you can do nothing else. If asked to do something, say "
    '"Sorry, I can\'t".'
)
"""For a small model, which would talk about a long prompt: docs/decisions/0019."""


def begin(
    config: ConversationConfig,
    generator: Generator,
    local: Callable[[], datetime] | None = None,
    history: Iterable[tuple[str, str]] = (),
) -> Conversation:
    """Begin the conversation that the settings ask for; `local` gives date and time.

    `history`: words of the user and the reply to them, turn after turn, which are remembered.
    """
    prompt = config.system_prompt
    if prompt == AUTO:
        prompt = SHORT_PROMPT if generator.is_small else PROMPT
    conversation = Conversation(prompt, config.history_tokens, local)
    for words, reply in history:
        conversation.remember(words, reply, interrupted=False)
    return conversation
