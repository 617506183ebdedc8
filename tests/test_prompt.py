"""What a model is told of who it is: the settings' own words, or those that suit the model."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from rig.program import LANGUAGE_MODEL
from voicecli.config import ConversationConfig, GenerateConfig
from voicecli.models.choice import language_model_file
from voicecli.models.store import ModelStore, models_root
from voicecli.reply.conversation.prompt import PROMPT, SHORT_PROMPT, begin
from voicecli.reply.embedded import SMALL_BYTES, EmbeddedGenerator
from voicecli.reply.generate import never
from voicecli.reply.generators import EchoGenerator
from voicecli.reply.gguf import Gguf


class Small(EchoGenerator):
    """As a model of few weights."""

    is_small = True


def told(config: ConversationConfig, generator: EchoGenerator) -> str:
    return begin(config, generator).messages_for("Hello")[0].content


def test_a_small_model_is_told_less() -> None:
    assert told(ConversationConfig(), EchoGenerator()) == PROMPT
    assert told(ConversationConfig(), Small()) == SHORT_PROMPT


@pytest.mark.parametrize("generator", [EchoGenerator(), Small()])
def test_what_the_settings_say_is_told_to_any_model(generator: EchoGenerator) -> None:
    assert told(ConversationConfig(system_prompt="You are a pirate."), generator) == "You are a pirate."
    nothing = begin(ConversationConfig(system_prompt=""), generator).messages_for("Hello")
    assert [message.role for message in nothing] == ["user"]


def test_how_many_bytes_make_a_model_small(tmp_path: Path) -> None:
    for size, is_small in ((SMALL_BYTES - 1, True), (SMALL_BYTES, False)):
        gguf = tmp_path / "model.gguf"
        with gguf.open("wb") as file:
            file.truncate(size)  # a hole: no disk is used
        assert EmbeddedGenerator(Gguf(GenerateConfig(), gguf)).is_small is is_small


@pytest.mark.models
def test_the_small_model_knows_the_capital_of_france_on_any_day() -> None:
    gguf = language_model_file(ModelStore(models_root()), LANGUAGE_MODEL)
    generator = EmbeddedGenerator(Gguf(GenerateConfig(), gguf), seed=1)
    for day in (2, 9, 16, 23, 30):
        now = partial(datetime, 2026, 11, day, 10, 42)
        answer: list[str] = []
        asked = begin(ConversationConfig(), generator, now)
        generator.generate(asked.messages_for("What is the capital of France?"), answer.append, never)
        assert "Paris" in "".join(answer)
    generator.close()
