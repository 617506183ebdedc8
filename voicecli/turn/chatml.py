"""Messages -> the prompt as ChatML writes it, up to the last words of the user (SmolLM2, Qwen). Pure.

A chat template writes whole messages only, and words that are still being said are half of one. With the
template the model would evaluate the end of the message and the beginning of the reply after it, and throw
both away with each further word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.messages import ChatMessage

METADATA_BYTES = 32 * 2**20
"""Bytes of the file that are searched: more than a model's names, vocabulary and template take (SmolLM2: 1.7
MB, Qwen3: 6 MB)."""

_MARKS = " .?!,…-—"
"""Marks that Whisper may have put after words that go on."""


def is_template_of(gguf: Path) -> bool:
    """Whether a model's chat template, in the first part of its file, is ChatML. Raises OSError."""
    with gguf.open("rb") as file:
        head = file.read(METADATA_BYTES)
    template = head.find(b"tokenizer.chat_template")
    return template >= 0 and b"<|im_start|>" in head[template : template + 20_000]


def unfinished(messages: Sequence[ChatMessage]) -> str:
    """The prompt, up to the last word of the last message, which is not complete."""
    *before, last = messages
    whole = "".join(f"<|im_start|>{each.role}\n{each.content}<|im_end|>\n" for each in before)
    return f"{whole}<|im_start|>{last.role}\n{last.content.rstrip(_MARKS)}"
