"""The server of known speed answers voicecli's own client."""

from __future__ import annotations

import json
import runpy
import socket
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from voicecli.config import GenerateConfig
from voicecli.errors import EngineError
from voicecli.messages import ChatMessage
from voicecli.reply.server.openai import OpenAiGenerator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "slow_server.py"))
HELLO = [ChatMessage("user", "Hello")]
WAIT_S = 20.0


@pytest.fixture
def serve() -> Iterator[Callable[..., OpenAiGenerator]]:
    """Start a server of some speed, and give a client of it."""
    running: list[tuple[Any, threading.Thread, OpenAiGenerator]] = []

    def start(first_s: float = 0.0, token_s: float = 0.0, **settings: Any) -> OpenAiGenerator:
        server = SCRIPT["SlowServer"](0, first_s, token_s)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        config = {"base_url": f"http://127.0.0.1:{server.server_port}/v1", "model": "auto", **settings}
        client = OpenAiGenerator(GenerateConfig(engine="openai", **config))
        running.append((server, thread, client))
        return client

    yield start
    for server, thread, client in running:
        client.close()
        server.shutdown()
        thread.join(WAIT_S)
        server.server_close()


def test_it_says_its_sentences_twice_the_same(serve: Callable[..., OpenAiGenerator]) -> None:
    client = serve()
    client.warm(HELLO)
    for _ in range(2):
        said: list[str] = []
        stats = client.generate(HELLO, said.append, lambda: False)
        assert "".join(said) == SCRIPT["REPLY"]
        assert stats.reply_tokens == len(SCRIPT["TOKENS"])
    assert client.name.startswith("fixed-speed at")


def test_it_is_as_slow_as_it_was_told(serve: Callable[..., OpenAiGenerator]) -> None:
    client, told_at = serve(0.1, 0.02), [time.monotonic()]
    client.generate(HELLO, lambda _piece: told_at.append(time.monotonic()), lambda: False)
    assert told_at[1] - told_at[0] >= 0.1
    # Never early; how late is this computer's affair.
    assert told_at[-1] - told_at[0] >= 0.1 + 0.02 * (len(SCRIPT["TOKENS"]) - 1)


def test_no_token_waits_for_the_one_before_it_to_be_acknowledged(
    serve: Callable[..., OpenAiGenerator], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_at_once = []
    handler = SCRIPT["Handler"]
    stream = handler.stream

    def watched(self: Any, request: object, asked_at: float) -> None:
        set_at_once.append(self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        stream(self, request, asked_at)

    monkeypatch.setattr(handler, "stream", watched)
    client = serve()
    for _ in range(2):
        client.generate(HELLO, lambda _piece: None, lambda: False)
    assert set_at_once == [1, 1]


def test_it_stops_at_max_tokens(serve: Callable[..., OpenAiGenerator]) -> None:
    url = serve().name.rpartition(" ")[2] + "/chat/completions"
    body = json.dumps({"messages": [], "stream": True, "max_tokens": 5}).encode()
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, body, WAIT_S) as answer:
        lines = answer.read().decode().split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    choices = [choice for event in events for choice in event["choices"]]
    said = "".join(choice["delta"].get("content", "") for choice in choices)
    assert said == "".join(SCRIPT["TOKENS"][:5])
    assert choices[-1]["finish_reason"] == "length"
    assert events[-1]["usage"]["completion_tokens"] == 5


def test_a_client_that_leaves_ends_its_reply(
    serve: Callable[..., OpenAiGenerator], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = threading.Event()
    handler = SCRIPT["Handler"]
    leave = handler.left_before

    def watched(self: object, due: float) -> bool:
        gone: bool = leave(self, due)
        if gone:
            left.set()
        return gone

    monkeypatch.setattr(handler, "left_before", watched)
    client = serve(first_s=3600.0)
    asked_at = time.monotonic()
    client.generate(HELLO, pytest.fail, lambda: time.monotonic() > asked_at + 0.1)
    assert left.wait(WAIT_S)


def test_what_is_not_there_is_said(serve: Callable[..., OpenAiGenerator]) -> None:
    client = serve()
    wrong = OpenAiGenerator(
        GenerateConfig(engine="openai", model="m", base_url=client.name.rpartition(" ")[2] + "/else")
    )
    with pytest.raises(EngineError, match="has no"):
        wrong.generate(HELLO, pytest.fail, lambda: False)
    wrong.close()
