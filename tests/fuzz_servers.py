"""Parsers of what servers send, for `fuzz_table`: streams, refusals, lists, redirects, the hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from tests.fuzzing import Parser
from tests.raw_server import ANSWER, DONE, MODELS, STOP, chunk, words
from voicecli.config import GenerateConfig
from voicecli.errors import ConfigError, EngineError
from voicecli.messages import ChatMessage
from voicecli.network.address import host_of, moved, shown
from voicecli.network.connection import Answer, Connection
from voicecli.network.proxies import check_proxies
from voicecli.network.trouble.waits import wait_s
from voicecli.reply.generate import Notice
from voicecli.reply.replytext import ReplyText
from voicecli.reply.server.asking import Asking
from voicecli.reply.server.openai import OpenAiGenerator
from voicecli.reply.server.streamed import StreamedReply

if TYPE_CHECKING:
    from pathlib import Path

_MESSAGES = (
    ChatMessage("system", "You are helpful."),
    ChatMessage("user", "Hello."),
    ChatMessage("assistant", "Hello!"),
    ChatMessage("user", "When does it open?"),
)


class _Sent:
    """An answer of these bytes."""

    def __init__(self, status: int, data: bytes) -> None:
        self.status = status
        self.kind = "text/event-stream" if status == 200 else "application/json"
        self.headers: Mapping[str, str] = {}
        self._data = data

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces."""
        step = 1 + len(self._data) % 1500
        for at in range(0, len(self._data), step):
            yield self._data[at : at + step]

    async def text(self) -> str:
        """All of it."""
        return self._data.decode("utf-8", errors="replace")


class _Line:
    """A connection to a server that sends the same bytes whatever it is asked."""

    where = "http://127.0.0.1:1/v1"

    def __init__(self, status: int, data: bytes) -> None:
        self._answer = _Sent(status, data)
        self.asked = 0

    @asynccontextmanager
    async def ask(self, *_question: object) -> AsyncIterator[Answer]:
        """Answer."""
        self.asked += 1
        assert self.asked < 100, "asked without end"
        yield cast("Answer", self._answer)


def _asking(status: int, data: bytes, model: str = "m") -> Asking:
    line = cast("Connection", _Line(status, data))
    return Asking(line, GenerateConfig(engine="openai", model=model), _no_wait, is_local=True, has_key=False)


async def _no_wait(_: float) -> None:
    """Go on at once."""


def _told(notice: Notice) -> None:
    assert "\n" not in str(notice)


def _complete(status: int, data: bytes) -> None:
    def begin(most_events: int | None) -> StreamedReply:
        replies.append(StreamedReply(ReplyText(pieces.append, 100, _told), lambda: False, most_events))
        return replies[-1]

    pieces: list[str] = []
    replies: list[StreamedReply] = []
    asyncio.run(_asking(status, data).complete(_MESSAGES, begin, lambda: None, _told))
    replies[-1].finish()


def _stream(data: bytes, _folder: Path) -> None:
    _complete(200, data)


def _refusal(data: bytes, _folder: Path) -> None:
    for status in (400, 429):
        with suppress(EngineError):
            _complete(status, data)


def _listed(data: bytes, _folder: Path) -> None:
    names = asyncio.run(_asking(200, data, "auto").models())
    assert all(isinstance(name, str) for name in names)


def _address(data: bytes, _folder: Path) -> None:
    text = data.decode("utf-8", errors="replace")
    there, same = moved("http://example.org:80/v1/models", text)
    shown(there)
    assert not same or host_of(there) == "example.org"
    with suppress(ConfigError):
        check_proxies({"HTTP_PROXY": text})
    with suppress(ValidationError):
        config = GenerateConfig(engine="openai", base_url=text)
        generator = OpenAiGenerator(config)
        assert generator.name
        generator.close()


def _retry_after(data: bytes, _folder: Path) -> None:
    text = data.decode("latin-1")
    for name in ("retry-after", "retry-after-ms"):
        asked_s = wait_s({name: text})
        assert asked_s is None or asked_s >= 0


def _events() -> list[bytes]:
    thinking = chunk({"reasoning_content": "Let me see."})
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}\n\n'
    return [
        b"".join((*words(ANSWER), STOP, usage, DONE)),
        b"".join((thinking, *words("<think>They ask.</think>Well. " + ANSWER), STOP)),
        b": hello\r\nevent: message\r\nid: 3\r\n" + b"".join(words(ANSWER)) + STOP + DONE,
        b'{"message":{"role":"assistant","content":"Yes."},"done":false}\n{"message":{},"done_reason":"stop"}\n'
        + b"".join(words(ANSWER))
        + STOP,
    ]


def _refusals() -> list[bytes]:
    return [
        b'{"error":{"message":"Unrecognized request argument: stream_options","param":"stream_options"}}',
        b'{"detail":[{"loc":["body","temperature"],"msg":"extra fields not permitted"}]}',
        b'{"error":{"message":"the request exceeds the context size","type":"exceed_context_size"}}',
        b"<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>",
        b'{"object":"error","message":"max_tokens is not supported, use max_completion_tokens","code":400}',
    ]


_JSON = (
    *(
        b'"choices"',
        b'"delta"',
        b'"content"',
        b'"message"',
        b'"usage"',
        b'"finish_reason":"length"',
        b'"index":1',
    ),
    *(
        b"data: ",
        b"error: ",
        b"event: error\n",
        b"\n\n",
        b"[DONE]",
        b"<think>",
        b"</think>",
        b'"data"',
        b'"id"',
    ),
    *(b'{"type":"text","text":"x"}', b'"system"', b"max_tokens", b"context length", b'"param"', b'"loc"'),
    *(b"<script>", b"<title>", b"<!--", b"<" * 3000, b'{"error":', b"}\n" * 900, b"data: [\n" * 900),
)
_URL = (b"http://", b"https://", b"//", b"[::1]", b"%2e", b":99999", b":0", b"#", b"?", b"user:pw@", b"\\")


def _servers() -> Iterator[tuple[str, Parser]]:
    yield "server stream", Parser(_events, _stream, (EngineError,), _JSON)
    yield "server refusal", Parser(_refusals, _refusal, (), _JSON)
    yield "server models", Parser(lambda: [MODELS, b'{"data":null}'], _listed, (EngineError,), _JSON)
    addresses = [
        b"http://127.0.0.1:11434/v1",
        b"https://me:secret@example.org/v1?x=1",
        b"/v1/models",
        b"//b/c",
    ]
    yield "address", Parser(lambda: addresses, _address, (ConfigError,), _URL)
    waits = [b"3", b"0.25", b"Wed, 21 Oct 2026 07:28:00 GMT", b"1e300"]
    yield "retry-after", Parser(lambda: waits, _retry_after, (), (b"nan", b"inf", b"GMT", b"+9999", b"99999"))


SERVERS = dict(_servers())
