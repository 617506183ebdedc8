"""Messages -> the prompt as ChatML writes it, up to the last words of the user (SmolLM2, Qwen). Pure.

A chat template writes whole messages. Words that are still being said are half of one: the end of the message
and the beginning of the reply behind it would be evaluated and thrown away with each further word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.messages import ChatMessage

METADATA_BYTES = 32 * 2**20
"""More bytes than names, vocabulary and template of a model need (SmolLM2: 1.7 MB, Qwen3: 6 MB)."""

_MARKS = " .?!,…-—"
"""Marks that Whisper may have put behind words that go on."""


def is_template_of(gguf: Path) -> bool:
    """Whether a model's chat template is ChatML; the template is in the first part of the file."""
    with gguf.open("rb") as file:
        head = file.read(METADATA_BYTES)
    template = head.find(b"tokenizer.chat_template")
    return template >= 0 and b"<|im_start|>" in head[template : template + 20_000]


def unfinished(messages: Sequence[ChatMessage]) -> str:
    """The prompt, up to the last word of the last message, which is not complete."""
    *before, last = messages
    whole = "".join(f"<|im_start|>{each.role}\n{each.content}<|im_end|>\n" for each in before)
    return f"{whole}<|im_start|>{last.role}\n{last.content.rstrip(_MARKS)}"
