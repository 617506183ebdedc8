"""Messages -> the prompt as ChatML writes it, up to the last words of the user (SmolLM2, Qwen). Pure.

A chat template writes whole messages. What is still being said is half of one: with the end of the message
and the beginning of the reply behind it, these would be read and thrown away with each word more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.messages import ChatMessage

METADATA_BYTES = 32 * 2**20
"""More than names, vocabulary and template of a model take (SmolLM2: 1.7 MB, Qwen3: 6 MB)."""

_MARKS = " .?!,…-—"
"""What the transcriber may have put behind words that go on."""


def is_template_of(gguf: Path) -> bool:
    """Whether a model's chat template is ChatML; it is in the first part of the file, with the vocabulary."""
    with gguf.open("rb") as file:
        head = file.read(METADATA_BYTES)
    template = head.find(b"tokenizer.chat_template")
    return template >= 0 and b"<|im_start|>" in head[template : template + 20_000]


def unfinished(messages: Sequence[ChatMessage]) -> str:
    """The prompt, whose last message goes on behind its last word."""
    *before, last = messages
    whole = "".join(f"<|im_start|>{each.role}\n{each.content}<|im_end|>\n" for each in before)
    return f"{whole}<|im_start|>{last.role}\n{last.content.rstrip(_MARKS)}"
