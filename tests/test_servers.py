"""What servers answer in ways of their own, byte for byte, and what a talk makes of it."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.raw_server import (
    ANSWER,
    DONE,
    HEAD,
    STOP,
    RawServer,
    Request,
    Rule,
    chunk,
    said,
    serving,
    status,
    stream,
    words,
)
from tests.sentences import pattern, wording
from voicecli.aloud.clauses import ClauseSplitter
from voicecli.config import GenerateConfig
from voicecli.errors import EngineError
from voicecli.messages import ChatMessage
from voicecli.network.trouble.remarks import Remark, TooManyRequests
from voicecli.network.trouble.waits import TRIES
from voicecli.reply.conversation.conversation import Conversation
from voicecli.reply.generate import AllTakenBack, Notice
from voicecli.reply.server.openai import OpenAiGenerator

OVERFLOW = "the request has 4390 tokens, the context holds 4096"
PROMPT = "Be brief."


@dataclass
class Talk:
    """A conversation with one server."""

    engine: OpenAiGenerator
    server: RawServer
    memory: Conversation = field(default_factory=lambda: Conversation(PROMPT, 600))
    told: list[str] = field(default_factory=list)
    busy: int = 0
    """How often the server took no more requests."""
    error: str = ""

    def ask(self, words: str) -> str:
        """What is said to a question: all clauses that were not taken back."""
        clauses: list[str] = []
        splitter = ClauseSplitter()
        self.told, self.error = [], ""

        def on_notice(notice: Notice) -> None:
            nonlocal splitter
            match notice:
                case Remark(found, remedy):
                    self.told.append(f"{found}; {remedy}")
                case AllTakenBack():
                    clauses.clear()
                    splitter = ClauseSplitter()
                case TooManyRequests():
                    self.busy += 1

        self.engine.notify = on_notice
        try:
            self.engine.generate(
                self.memory.messages_for(words),
                lambda piece: clauses.extend(splitter.push(piece)),
                lambda: False,
            )
        except EngineError as error:
            self.error = str(error)
        heard = " ".join([*clauses, *splitter.finish()])
        self.memory.remember(words, heard, interrupted=False)
        return heard

    def remembered(self) -> list[str]:
        return [m.content for m in self.memory.messages_for("") if m.role == "assistant"]


async def at_once(_seconds: float) -> None:
    """In place of `asyncio.sleep`."""


@contextmanager
def talking(rule: Rule, url: str = "", **settings: object) -> Iterator[Talk]:
    with serving(rule) as server:
        config = {"engine": "openai", "model": "m", "base_url": url or server.url, "timeout_s": 10.0}
        engine = OpenAiGenerator(GenerateConfig.model_validate(config | settings), at_once)
        try:
            yield Talk(engine, server)
        finally:
            engine.close()


def always(answer: list[bytes]) -> Rule:
    return lambda _request, _number: answer


def asks_twice(rule: Rule) -> list[Request]:
    """Both questions get the ordinary answer, without a word besides; gives what was asked."""
    with talking(rule) as talk:
        for question in ("When does it open?", "And on Sunday?"):
            assert (talk.ask(question), talk.error, talk.told) == (ANSWER, "", [])
        assert talk.remembered() == [ANSWER, ANSWER]
        return talk.server.asked


def fails_twice(rule: Rule) -> str:
    """Both questions end in the same line; gives it."""
    with talking(rule) as talk:
        assert (talk.ask("When does it open?"), talk.ask("And on Sunday?")) == ("", "")
        return talk.error


def paced(*events: bytes) -> Iterator[bytes]:
    """Each event in a packet of its own, told apart by when they come."""
    yield HEAD
    for event in events:
        threading.Event().wait(0.005)
        yield event


THOUGHT = "They want the hours. I will keep it short.\n"


@pytest.mark.parametrize(
    "events",
    [
        [chunk({"role": "assistant", "content": ""}, "stop"), *words(ANSWER), STOP, DONE],
        [chunk({"content": w}, "stop") for w in ("The museum opens at ten ", "and closes at six.")] + [DONE],
        [chunk({"content": ANSWER}, "null"), STOP, DONE],
        [chunk({"reasoning_content": "Ten."}, "stop"), *words(ANSWER), STOP, DONE],
        [chunk({"content": ""}, "length"), chunk({"content": ANSWER}, "length"), STOP],
        [
            chunk({"content": ANSWER}),
            chunk({}, "stop"),
            b'data: {"choices":[],"usage":{"prompt_tokens":2}}\n\n',
        ],
        [chunk({"content": ANSWER[:20]}), STOP, chunk({"content": ANSWER[20:]}), STOP, DONE],
        [chunk({"content": ANSWER})],  # neither a reason nor an end, but a whole sentence
    ],
)
def test_a_reason_to_stop_ends_nothing_that_goes_on(events: list[bytes]) -> None:
    asks_twice(lambda _request, _number: paced(*events))


@pytest.mark.parametrize(
    "events",
    [
        [chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]})]
        + [chunk({"content": [{"type": "text", "text": word}]}) for word in (ANSWER[:10], ANSWER[10:])],
        [*words(ANSWER[:20]), chunk({"content": [{"type": "text", "text": ANSWER[20:]}]})],
        [chunk({"content": [{"type": "reasoning", "text": THOUGHT}, {"type": "text", "text": ANSWER}]})],
        [chunk({"content": [{"text": ANSWER}]})],
        [chunk({"content": ["The museum ", {"type": "output_text", "text": ANSWER[11:]}]})],
        [chunk({"content": None, "reasoning": THOUGHT}), *words(ANSWER)],
        [
            chunk({"content": "", "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]}),
            *words(ANSWER),
        ],
        [chunk({"reasoning_content": THOUGHT}), chunk({"content": "</think>\n\n" + ANSWER})],
        [b'data: {"choices":[],"prompt_filter_results":[]}\n\n', *words(ANSWER)],
        [*words(ANSWER), b'data: {"choices":[{"index":1,"delta":{"content":"Another."}}]}\n\n'],
        [b'data: {"choices":[{"index":0,"text":%s}]}\n\n' % json.dumps(ANSWER).encode()],
    ],
)
def test_content_in_parts(events: list[bytes]) -> None:
    asks_twice(always(stream(*events, STOP, DONE)))


@pytest.mark.parametrize("packets", ["one", "many"])
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<think>\n", "</think>\n\n"),
        ("[THINK]", "[/THINK]"),
        ("<seed:think>", "</seed:think>"),
        ("◁think▷", "◁/think▷"),
        ("<thought>\n", "</thought>\n"),
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
        ("", "</think>\n\n"),
        ("", "[/THINK]"),
        ("", "</seed:think>\n"),
    ],
)
def test_thinking_in_the_text(begin: str, end: str, packets: str) -> None:
    events = [*words(begin + THOUGHT + end), *words(ANSWER), STOP, DONE]
    asks_twice(lambda _request, _number: stream(*events) if packets == "one" else paced(*events))


def test_of_thinking_without_a_beginning_nothing_is_handed_on_in_later_turns() -> None:
    events = [*words(THOUGHT + "</think>\n\n"), *words(ANSWER), STOP, DONE]
    with talking(lambda _request, _number: paced(*events)) as talk:
        assert talk.ask("When does it open?") == ANSWER
        pieces: list[str] = []
        talk.engine.generate([ChatMessage("user", "And then?")], pieces.append, lambda: False)
        assert "".join(pieces) == ANSWER


@pytest.mark.parametrize(
    ("events", "line"),
    [
        ([*words("<think>\n" + THOUGHT * 9), chunk({}, "length")], pattern("server.thought")),
        ([chunk({"reasoning_content": THOUGHT}), chunk({}, "length")], "only thought"),
        ([chunk({"content": [{"type": "thinking", "thinking": "x"}]}), chunk({}, "length")], "only thought"),
        ([*words("<think>\n" + THOUGHT + "</think>\n\n"), STOP], "only thought"),
        ([chunk({"content": " "}), chunk({"content": "\n\n"}), STOP], "empty reply"),
        ([chunk({"content": ""}), STOP], "empty reply"),
        ([chunk({}, "content_filter")], pattern("server.withheld")),
        (
            [chunk({"refusal": "I cannot "}), chunk({"refusal": "do that."}), STOP],
            "refuses.*: I cannot do that",
        ),
        (
            [chunk({"tool_calls": [{"function": {"name": "f"}}]}), chunk({}, "tool_calls")],
            pattern("server.tool"),
        ),
        ([chunk({"tool_calls": [{"function": {"name": "f"}}]}), STOP], pattern("server.tool") + "|empty"),
        (
            [chunk({}, "length", usage={"prompt_tokens": 4090, "completion_tokens": 0})],
            pattern("server.empty", tokens=4090),
        ),
    ],
)
def test_a_reply_without_words_says_why(events: list[bytes], line: str) -> None:
    error = fails_twice(always(stream(*events, DONE)))
    assert re.search(line, error), error


@pytest.mark.parametrize(
    ("text", "end", "told"),
    [
        ("The museum opens at ten ", "length", [wording("server.limit")]),
        ("The museum opens at ten and the", "length", [wording("server.limit")]),
        (ANSWER, "length", []),
        (ANSWER, "stop", []),
        ("The museum opens", "content_filter", ["withheld the rest"]),
        ("Let me look.", "tool_calls", [wording("server.tool")]),
    ],
)
def test_a_reply_that_ends_badly_stands_and_is_told_of(text: str, end: str, told: list[str]) -> None:
    with talking(always(stream(*words(text), chunk({}, end), DONE))) as talk:
        for question in ("When does it open?", "And on Sunday?"):
            assert talk.ask(question).rstrip(".") == text.strip().rstrip(".")
            assert talk.error == ""
            assert [line in found for line, found in zip(told, talk.told, strict=True)] == [True] * len(told)


def users(request: Request) -> int:
    messages = request["messages"]
    assert isinstance(messages, list)
    return sum(message["role"] == "user" for message in messages)


@pytest.mark.parametrize(
    "answer",
    [
        status("400 Bad Request", {"error": {"message": OVERFLOW, "type": "exceed_context_size_error"}}),
        status("400 Bad Request", {"error": "Trying to keep the first 5 tokens when context overflows"}),
        status(
            "400 Bad Request",
            {"object": "error", "message": "the model's maximum context length is 4096"},
        ),
        status(
            "500 Internal Server Error",
            {"error": {"message": "Requested tokens (5000) exceed context window"}},
        ),
        status(
            "413 Payload Too Large", b"<html><title>413 Request Entity Too Large</title></html>", "text/html"
        ),
        status("422 Unprocessable Entity", {"error": "`inputs` tokens + `max_new_tokens` must be <= 4096"}),
        status("400 Bad Request", {"detail": "prompt is too long: 5000 tokens > 4096 maximum"}),
        status("200 OK", {"error": {"message": OVERFLOW}}),
        stream(b"error: " + json.dumps({"code": 400, "message": OVERFLOW}).encode() + b"\n\n", DONE),
        stream(json.dumps({"error": {"message": OVERFLOW}}).encode() + b"\n\n"),
        stream(b"data: " + json.dumps({"error": {"message": OVERFLOW}}).encode() + b"\n\n", DONE),
        stream(b'event: error\ndata: {"error":"context length","error_type":"validation"}\n\n'),
        stream(chunk({}, "length", usage={"prompt_tokens": 4090, "completion_tokens": 0}), DONE),
        stream(),  # llama-cpp-python: the stream ends before its first event
        [HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")],  # and sometimes breaks off
    ],
)
def test_overflow_leaves_out_the_oldest_turns(answer: list[bytes]) -> None:
    """A server that takes one question at a time."""

    def rule(request: Request, _number: int) -> list[bytes]:
        return said() if users(request) < 2 else answer

    with talking(rule) as talk:
        for question in ("One?", "Two?", "Three?", "Four?"):
            assert (talk.ask(question), talk.error) == (ANSWER, "")
        asked = talk.server.asked
    assert all(body["chat_template_kwargs"] and body["reasoning_effort"] for body in asked)
    assert all(body["messages"][0] == {"role": "system", "content": PROMPT} for body in asked)  # type: ignore[index]
    assert [users(body) for body in asked][:3] == [1, 2, 1]
    assert len(asked) <= 6  # what does not fit is known from then on


@pytest.mark.parametrize(
    "answer",
    [
        status("400 Bad Request", {"error": {"message": OVERFLOW}}),
        status("200 OK", {"error": {"code": 400, "message": OVERFLOW}}),
        stream(b"error: " + json.dumps({"code": 400, "message": OVERFLOW}).encode() + b"\n\n", DONE),
        stream(json.dumps({"error": {"message": OVERFLOW}}).encode()),
        stream(b'data: {"error":{"message":"%s"}}\n\n' % OVERFLOW.encode()),
    ],
)
def test_a_question_that_alone_does_not_fit_shows_what_the_server_says(answer: list[bytes]) -> None:
    error = fails_twice(always(answer))
    assert OVERFLOW in error
    assert "history_tokens" in error
    assert "/v1" not in error.partition(";")[2]


@pytest.mark.parametrize(
    "failure",
    [
        b'data: {"error":{"message":"%s"}}\n\n',
        b'event: error\ndata: {"message":"%s"}\n\n',
        b'error: {"message":"%s"}\n\n',
        b'{"detail":"%s"}\n\n',
    ],
)
def test_what_was_said_before_a_failure_stands(failure: bytes) -> None:
    with talking(always(stream(*words("The museum opens at "), failure % OVERFLOW.encode(), DONE))) as talk:
        assert talk.ask("When?") == "The museum opens at."
        assert wording("server.broke_amid_why", why=OVERFLOW) in talk.error


BAD = "400 Bad Request"


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        (
            "stream_options",
            status(
                "422 Unprocessable Entity",
                {
                    "object": "error",
                    "message": {
                        "detail": [
                            {
                                "type": "extra_forbidden",
                                "loc": ["body", "stream_options", "include_usage"],
                                "msg": "Extra",
                            }
                        ]
                    },
                },
            ),
        ),
        ("stream_options", status(BAD, {"message": 'json: unknown field "stream_options"'})),
        (
            "max_tokens",
            status(
                BAD,
                {
                    "error": {
                        "message": "Unsupported parameter: 'max_tokens'. Use "
                        "'max_completion_tokens' instead.",
                        "param": "max_tokens",
                    }
                },
            ),
        ),
        ("temperature", status(BAD, {"error": {"message": "Unsupported value", "param": "temperature"}})),
        ("temperature", status(BAD, {"error": "`temperature` is deprecated for this model."})),
        (
            "chat_template_kwargs",
            status(BAD, {"detail": [{"loc": ["body", "chat_template_kwargs"], "msg": "Extra"}]}),
        ),
        ("reasoning_effort", status(BAD, {"error": {"message": 'think value "none" is not supported'}})),
        ("reasoning_effort", status(BAD, {"error": {"message": '"qwen2.5" does not support thinking'}})),
        ("reasoning_effort", status(BAD, b"bad request", "text/plain")),  # nothing named
    ],
)
def test_a_refused_field_is_left_out_from_then_on(field: str, answer: list[bytes]) -> None:
    asked = asks_twice(lambda request, _number: answer if field in request else said())
    assert [field in body for body in asked] == [True, False, False]
    assert ("max_completion_tokens" in asked[-1]) == (field == "max_tokens")
    others = {"stream_options", "temperature", "chat_template_kwargs", "reasoning_effort"} - {field}
    assert all(others <= set(body) for body in asked)


def test_several_refused_fields_are_left_out_one_after_the_other() -> None:
    def rule(request: Request, _number: int) -> list[bytes]:
        for name in (
            "max_tokens",
            "temperature",
            "stream_options",
            "chat_template_kwargs",
            "max_completion_tokens",
        ):
            if name in request:
                return status(BAD, {"error": {"message": f"unknown field: {name}", "param": name}})
        return said()

    asked = asks_twice(rule)
    assert len(asked) == 7
    assert set(asked[-1]) == {"model", "messages", "stream", "reasoning_effort"}


def test_a_server_without_a_limit_is_stopped() -> None:
    def rule(request: Request, _number: int) -> list[bytes]:
        if "max_tokens" in request or "max_completion_tokens" in request:
            return status(BAD, {"error": "max_tokens and max_completion_tokens are not taken"})
        return stream(*[chunk({"reasoning": "on and on "}) for _ in range(2000)])

    with talking(rule, max_tokens=8) as talk:
        assert talk.ask("Well?") == ""
        assert "only thought" in talk.error or "broke off" in talk.error


@pytest.mark.parametrize(
    "answer",
    [
        status(BAD, {"object": "error", "message": "System role not supported", "code": 400}),
        status("500 Internal Server Error", {"error": {"message": "Jinja error: System role not supported"}}),
        status(
            BAD, {"error": {"message": "Conversation roles must alternate user/assistant/user/assistant/..."}}
        ),
        status(
            "422 Unprocessable Entity",
            {"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "unexpected"}]},
        ),
        status(BAD, {"error": {"message": "Developer instruction is not enabled for this model"}}),
    ],
)
def test_a_refused_system_prompt_goes_to_the_user(answer: list[bytes]) -> None:
    def rule(request: Request, _number: int) -> list[bytes]:
        return answer if request["messages"][0]["role"] == "system" else said()  # type: ignore[index]

    asked = asks_twice(rule)
    assert len(asked) == 3
    assert asked[1]["messages"] == [{"role": "user", "content": f"{PROMPT}\n\nWhen does it open?"}]
    assert asked[2]["messages"][0]["content"] == f"{PROMPT}\n\nWhen does it open?"  # type: ignore[index]


def test_fields_that_were_taken_before_are_not_to_blame() -> None:
    with talking(lambda _request, number: said() if number == 1 else status(BAD, {"error": "no"})) as talk:
        assert talk.ask("When does it open?") == ANSWER
        assert talk.ask("And on Sunday?") == ""
        assert "error 400: no" in talk.error
        assert all("reasoning_effort" in body for body in talk.server.asked)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            status(
                "422 Unprocessable Entity",
                {
                    "detail": [
                        {
                            "loc": ["body", "messages", 0, "content"],
                            "msg": "String should have at most 2000 characters",
                        }
                    ]
                },
            ),
            "error 422: body.messages.0.content: String should have at most 2000 characters;",
        ),
        (
            status("400 Bad Request", {"error": {"message": "model is broken \x1b[31m\n red"}}),
            "model is broken [31m red;",
        ),
        (status("500 Internal Server Error", {"error": {"message": "x" * 5000}}), "x" * 150),
        (
            status(
                "502 Bad Gateway",
                b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
                "text/html",
            ),
            wording("server.error_why_log", code=502, why="502 Bad Gateway"),
        ),
        (
            status("402 Payment Required", {"error": {"message": "Insufficient credits", "code": 402}}),
            "Insufficient credits",
        ),
        (status("400 Bad Request", {"errors": [{"message": "no such deployment"}]}), "no such deployment"),
        (
            status("500 Internal Server Error", b"Internal Server Error", "text/plain"),
            "Internal Server Error",
        ),
        (
            status("200 OK", b"<html><title>Welcome</title></html>", "text/html"),
            wording("server.answers_page", kind="text/html") + ": Welcome",
        ),
        (status("200 OK", {"status": "ok"}), wording("server.answers_page", kind="application/json")),
        (
            status("200 OK", {"error": {"message": "slot lost"}}),
            wording("server.error_said", why="slot lost"),
        ),
    ],
)
def test_what_the_server_says_is_shown(answer: list[bytes], line: str) -> None:
    error = fails_twice(always(answer))
    assert line in error
    assert error.isprintable()
    assert len(error) < 500


MESSAGE = {"role": "assistant", "content": ANSWER}
COMPLETION = {
    "object": "chat.completion",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
}
OLLAMA = b"".join(
    b'{"message":{"content":"%s"},"done":false}\n' % part.encode() for part in (ANSWER[:9], ANSWER[9:])
)
OLLAMA += b'{"message":{"content":""},"done":true,"done_reason":"stop"}\n'
EVENTS = b"".join([*words(ANSWER), STOP, DONE])


def headed(head: str, body: bytes) -> list[bytes]:
    return [f"HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n".encode() + body]


SSE = "Content-Type: text/event-stream\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        status("200 OK", COMPLETION),
        headed("Content-Type: application/json\r\n", json.dumps(COMPLETION, indent=2).encode()),
        stream(json.dumps(COMPLETION).encode(), b"\n", DONE),
        stream(b"data: " + json.dumps(COMPLETION).encode() + b"\n\n"),
        headed("", EVENTS),
        headed("Content-Type: application/octet-stream\r\n", EVENTS),
        headed(SSE + "Content-Encoding: gzip\r\n", gzip.compress(EVENTS)),
        headed("Content-Encoding: gzip\r\n", gzip.compress(json.dumps(COMPLETION).encode())),
        headed(SSE, EVENTS.replace(b"\n", b"\r\n")),
        headed(SSE, EVENTS.replace(b"\n", b"\r")),
        headed(SSE, EVENTS.replace(b"data: ", b"data:")),
        headed(SSE, EVENTS.replace(b"\n\n", b"\n")),
        headed(SSE, b"\xef\xbb\xbf" + EVENTS),
        headed(SSE, b": OPENROUTER PROCESSING\n\n" * 3 + EVENTS),
        headed(SSE, b"retry: 3000\nid: 1\nevent: message\n" + EVENTS),
        headed(SSE, EVENTS.replace(b'{"choices"', b'{\ndata: "choices"')),
        headed(SSE, b"data: ping\n\n" + EVENTS),
        headed(SSE, EVENTS.replace(DONE, b"")),
        headed(SSE, EVENTS.removesuffix(b"\n\n")),
        headed("Content-Type: application/x-ndjson\r\n", OLLAMA),
        [b"HTTP/1.0 200 OK\r\n" + SSE.encode() + b"\r\n" + EVENTS],
        [
            HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
            + b"%x;x=1\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(EVENTS), EVENTS)
        ],
    ],
)
def test_framings(answer: list[bytes]) -> None:
    asked = asks_twice(always(answer))
    assert len(asked) == 2


def test_a_character_and_a_line_end_cut_by_packets() -> None:
    text = "Grüße 🙂 aus Köln. Bis bald."
    data = b"".join([*words(text), STOP, DONE]).replace(b"\n", b"\r\n")
    with talking(lambda _request, _number: [HEAD, *(data[i : i + 1] for i in range(len(data)))]) as talk:
        pieces: list[str] = []
        talk.engine.generate([ChatMessage("user", "x")], pieces.append, lambda: False)
        assert "".join(pieces) == text


def test_redirects_on_the_same_server_are_followed_and_known() -> None:
    """`/v1/chat/completions` moves to `/v1/chat/completions/`, as some routers have it."""
    with talking(always([])) as talk:

        def rule(_request: Request, _number: int) -> list[bytes]:
            if talk.server.heads[-1].startswith(b"POST /v1/chat/completions/ "):
                return said()
            where = talk.server.url + "/chat/completions/"
            return status("307 Temporary Redirect", headers=f"Location: {where}\r\n")

        with talking(rule) as moved:
            talk.server = moved.server
            assert (moved.ask("When?"), moved.ask("And?")) == (ANSWER, ANSWER)
            assert len(moved.server.asked) == 3


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:1/v1/chat/completions", "https://llm.example/v1/chat/completions"]
)
def test_a_redirect_to_another_server_is_named_and_not_followed(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    error = fails_twice(always(status("308 Permanent Redirect", headers=f"Location: {where}\r\n")))
    assert where in error
    assert wording("server.wrong_address", url=where.removesuffix("/chat/completions")) in error


def test_redirects_in_circles_end() -> None:
    error = fails_twice(
        always(status("307 Temporary Redirect", headers="Location: /v1/chat/completions/\r\n"))
    )
    assert "round in circles" in error
    assert "/v1" in error.partition(";")[2]


@pytest.mark.parametrize(
    ("line", "header", "body"),
    [
        ("429 Too Many Requests", "Retry-After: 0.05\r\n", {"error": {"message": "too many requests"}}),
        ("429 Too Many Requests", "retry-after-ms: 50\r\n", {"error": "slow down"}),
        ("503 Service Unavailable", "Retry-After: 0\r\n", {"detail": "busy"}),
        ("429 Too Many Requests", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", {}),
        ("503 Service Unavailable", "Retry-After: 0.05\r\n", {"error": {"message": "Loading model"}}),
    ],
)
def test_who_asks_to_wait_is_asked_again(line: str, header: str, body: object) -> None:
    with talking(lambda _r, number: status(line, body, headers=header) if number == 1 else said()) as talk:
        assert (talk.ask("When?"), talk.error) == (ANSWER, "")
        assert len(talk.told) == 1
        assert "asked again" in talk.told[0]
        assert talk.busy == ("Loading" not in str(body)), "one that loads its model is not busy"
        assert (talk.ask("And?"), talk.told) == (ANSWER, [])


def test_a_server_that_is_busy_for_long_says_so_before_the_turn_fails() -> None:
    with talking(always(status("503 Service Unavailable", {"detail": "busy"}))) as talk:
        assert talk.ask("When?") == ""
        assert (talk.busy, bool(talk.error)) == (TRIES, True)


def test_a_long_wait_is_told_and_not_waited_for() -> None:
    answer = status("429 Too Many Requests", {"error": {"message": "quota"}}, headers="Retry-After: 3600\r\n")
    error = fails_twice(always(answer))
    assert wording("server.quota_for", seconds=3600, why="quota") in error


def test_loading_is_waited_for_with_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicecli.network.trouble.waits.LOOK_AGAIN_S", 0.01)
    loading = status("503 Service Unavailable", {"error": {"message": "Loading model", "code": 503}})
    with talking(lambda _r, number: loading if number < 5 else said()) as talk:
        notices: list[object] = []
        talk.engine.notify = notices.append
        talk.engine.warm([])
        assert len(talk.server.asked) == 5
        assert len(notices) == 1
        assert wording("server.loading") in str(notices[0])
        assert talk.ask("When?") == ANSWER


def test_a_server_that_listens_everywhere_is_this_computer() -> None:
    with serving(always(said())) as server:
        url = server.url.replace("127.0.0.1", "0.0.0.0")
        engine = OpenAiGenerator(GenerateConfig(engine="openai", model="m", base_url=url))
        assert engine.is_local
        pieces: list[str] = []
        engine.generate([ChatMessage("user", "x")], pieces.append, lambda: False)
        engine.close()
        assert "".join(pieces) == ANSWER
        assert "reasoning_effort" in server.asked[0]


def test_an_unknown_compression_is_named() -> None:
    error = fails_twice(always(headed(SSE + "Content-Encoding: br\r\n", b"\x0b\x02\x80")))
    assert "compressed (br)" in error


def test_a_kept_connection_that_turns_out_closed_costs_nothing() -> None:
    """The server ends the connection as the second question arrives."""
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(EVENTS), EVENTS)
    kept = [HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked") + body]
    asked = asks_twice(always(kept))
    assert len(asked) == 2
