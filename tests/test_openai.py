"""A language model on a server, played by a scripted HTTP server on this computer."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sentences import pattern, wording
from voicecli.config import GenerateConfig
from voicecli.errors import ConfigError, EngineError
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.network.sse import SERVER_LINE, EventLines
from voicecli.reply.server.openai import OpenAiGenerator

WAIT_S = 20.0  # only ever reached by a test that fails
HELLO = [ChatMessage("system", "Be brief."), ChatMessage("user", "Hello")]


def event(content: str | None = None, **more: object) -> bytes:
    delta = {} if content is None else {"content": content}
    return (
        b"data: " + json.dumps({"choices": [{"delta": delta}], **more}, ensure_ascii=False).encode() + b"\n\n"
    )


DONE = b"data: [DONE]\n\n"


@dataclass
class Server:
    """What the server does at each request, and what it was asked."""

    url: str
    script: Callable[["Handler"], None] = lambda handler: handler.stream(event("Hi."), DONE)
    asked: list[dict[str, object]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    clients: set[int] = field(default_factory=set)
    models: list[str] = field(default_factory=lambda: ["nomic-embed-text", "tiny"])
    waiting: threading.Event = field(default_factory=threading.Event)
    client_left: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    plan: Server

    def log_message(self, *_args: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):  # a client that leaves early
            super().handle()

    def do_GET(self) -> None:
        self.plan.keys.append(self.headers.get("Authorization"))
        assert self.path == "/v1/models"
        self.answer(200, json.dumps({"data": [{"id": name} for name in self.plan.models]}))

    def do_POST(self) -> None:
        self.plan.keys.append(self.headers.get("Authorization"))
        self.plan.clients.add(self.client_address[1])
        self.plan.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        assert self.path == "/v1/chat/completions"
        self.plan.script(self)

    def answer(self, status: int, text: str, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def open_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, *chunks: bytes) -> None:
        self.open_stream()
        for data in chunks:
            self.chunk(data)
        self.chunk(b"")

    def wait_until_client_leaves(self) -> None:
        self.plan.waiting.set()
        self.connection.settimeout(WAIT_S)
        try:
            left = self.connection.recv(1) == b""
        except ConnectionError:
            left = True
        if left:
            self.plan.client_left.set()
        self.close_connection = True

    def drop(self) -> None:
        self.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    class Bound(Handler):
        pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    Bound.plan = Server(f"http://127.0.0.1:{httpd.server_port}/v1")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Bound.plan
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def engine(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAiGenerator]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    generator = OpenAiGenerator(config(server))
    yield generator
    generator.close()


def config(server: Server, model: str = "tiny", timeout_s: float = WAIT_S) -> GenerateConfig:
    return GenerateConfig(
        engine="openai", model=model, base_url=server.url, timeout_s=timeout_s, temperature=0.3, max_tokens=50
    )


def reply(generator: OpenAiGenerator) -> str:
    said: list[str] = []
    generator.generate(HELLO, said.append, lambda: False)
    return "".join(said)


def test_the_request_is_what_such_servers_expect(server: Server, engine: OpenAiGenerator) -> None:
    assert reply(engine) == "Hi."
    assert server.asked == [
        {
            "model": "tiny",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 50,
            "temperature": 0.3,
            "chat_template_kwargs": {"enable_thinking": False},
            "reasoning_effort": "none",
        }
    ]
    assert server.keys == [None]
    assert engine.name == f"tiny at {server.url}"


def test_pieces_come_in_order_however_the_bytes_are_cut(server: Server, engine: OpenAiGenerator) -> None:
    stream = b": keep-alive\r\n\r\nevent: x\r\n" + event("Grüß ") + event("dich\u2028 🙂") + b"\n\n" + DONE
    pieces = [stream[i : i + 1] for i in range(len(stream))]
    server.script = lambda handler: handler.stream(*pieces)
    said: list[str] = []
    engine.generate(HELLO, said.append, lambda: False)
    assert said == ["Grüß ", "dich\u2028 🙂"]


@given(
    st.lists(st.text(max_size=20), max_size=5),
    st.sampled_from([b"\n", b"\r\n"]),
    st.lists(st.integers(1, 40), min_size=1),
)
def test_event_lines_do_not_depend_on_packets(texts: list[str], end: bytes, sizes: list[int]) -> None:
    expected = [json.dumps({"t": text}, ensure_ascii=False) for text in texts]
    data = b"".join(b"data: " + line.encode() + end + b": ping" + end + end for line in expected)
    lines, found = EventLines(), []
    for size in itertools.cycle(sizes):
        found += [event.data for event in lines.feed(data[:size])]
        data = data[size:]
        if not data:
            break
    assert found == expected


def test_a_line_without_an_end_is_refused() -> None:
    lines = EventLines()
    with pytest.raises(EngineError, match="without an end"):
        lines.feed(b"x" * (int(SERVER_LINE.capacity) + 1))


def test_usage_is_counted(server: Server, engine: OpenAiGenerator) -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 20}}
    last = b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n"
    server.script = lambda handler: handler.stream(event("Hi."), last, DONE)
    assert engine.generate(HELLO, lambda _: None, lambda: False) == GenerationStats(30, 10, 2)


def counted(prompt: int, cached: int | None) -> bytes:
    details = {} if cached is None else {"prompt_tokens_details": {"cached_tokens": cached}}
    usage = {"prompt_tokens": prompt, "completion_tokens": 2, **details}
    return b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n"


@pytest.mark.parametrize(("cached", "ahead"), [(None, False), (0, False), (20, True)])
def test_it_is_read_ahead_to_once_it_showed_that_it_remembers(
    server: Server, engine: OpenAiGenerator, cached: int | None, ahead: bool
) -> None:
    server.script = lambda handler: handler.stream(event("Hi."), counted(30, cached), DONE)
    assert not engine.reads_ahead
    engine.warm(HELLO)
    assert not engine.reads_ahead  # nothing of the talk had been read before
    assert reply(engine) == "Hi."
    assert engine.reads_ahead is ahead


def test_the_connection_is_kept_between_turns(server: Server, engine: OpenAiGenerator) -> None:
    engine.warm(HELLO)
    for _turn in range(3):
        assert reply(engine) == "Hi."
    assert len(server.clients) == 1


def test_what_is_thought_is_not_said(server: Server, engine: OpenAiGenerator) -> None:
    thought = b'data: {"choices": [{"delta": {"content": null, "reasoning_content": "Hmm"}}]}\n\n'
    server.script = lambda handler: handler.stream(thought, event("Hi."), DONE)
    assert reply(engine) == "Hi."
    server.script = lambda handler: handler.stream(thought, DONE)
    with pytest.raises(EngineError, match="only thought"):
        reply(engine)


def test_a_strict_server_is_asked_with_less(server: Server, engine: OpenAiGenerator) -> None:
    def strict(handler: Handler) -> None:
        if "reasoning_effort" in server.asked[-1]:
            handler.answer(400, '{"error": "unknown field reasoning_effort"}')
        else:
            handler.stream(event("Hi."), DONE)

    server.script = strict
    assert reply(engine) == "Hi."
    assert reply(engine) == "Hi."
    assert ["reasoning_effort" in asked for asked in server.asked] == [True, False, False]
    assert all("chat_template_kwargs" in asked for asked in server.asked)


def test_auto_takes_the_first_language_model(server: Server) -> None:
    engine = OpenAiGenerator(config(server, model="auto"))
    assert reply(engine) == "Hi."
    assert server.asked[0]["model"] == "tiny"
    assert engine.name == f"tiny at {server.url}"
    engine.close()


def test_auto_with_no_model_says_so(server: Server) -> None:
    server.models = ["nomic-embed-text"]
    engine = OpenAiGenerator(config(server, model="auto"))
    with pytest.raises(EngineError, match=pattern("server.no_language_model")):
        reply(engine)
    engine.close()


def test_warming_evaluates_the_prompt_up_to_the_next_words(server: Server, engine: OpenAiGenerator) -> None:
    server.script = lambda handler: handler.stream(DONE)  # nothing said: no error in warming
    engine.warm(HELLO[:1])
    assert server.asked[0]["max_tokens"] == 1
    assert server.asked[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": ""},
    ]


def test_a_server_elsewhere_is_told_nothing_before_it_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecli.reply.server.openai.is_loopback", lambda _host: False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    engine = OpenAiGenerator(config(server))
    assert not engine.is_local
    engine.warm(HELLO)
    assert server.asked == []
    assert reply(engine) == "Hi."
    assert "reasoning_effort" not in server.asked[0]
    server.script = lambda handler: handler.stream(event("Hi."), counted(30, 20), DONE)
    assert reply(engine) == "Hi."
    assert not engine.reads_ahead  # what is not yet said stays here
    engine.close()


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1/v1", True),
        ("http://127.8.8.8/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://localhost:1/v1", True),
        ("http://192.168.1.7:1/v1", False),
        ("https://llm.example/v1", False),
        ("http://localhost.example/v1", False),
    ],
)
def test_which_addresses_are_this_computer(url: str, local: bool) -> None:
    assert OpenAiGenerator(GenerateConfig(engine="openai", base_url=url)).is_local is local


def test_a_proxy_of_the_environment_hears_nothing(
    server: Server, engine: OpenAiGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert reply(engine) == "Hi."


def test_the_key_is_sent_where_it_is_set(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sesame\n")
    engine = OpenAiGenerator(config(server))
    reply(engine)
    assert server.keys == ["Bearer sesame"]
    engine.close()
    monkeypatch.setenv("OPENAI_API_KEY", "se\nsame")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as failed:
        OpenAiGenerator(config(server))
    assert "same" not in str(failed.value)


def test_an_address_shows_no_password() -> None:
    engine = OpenAiGenerator(
        GenerateConfig(engine="openai", model="m", base_url="http://ann:secret@localhost:1/v1")
    )
    assert engine.name == "m at http://localhost:1/v1"


@pytest.mark.parametrize("url", ["http://:80/v1", "http://[::1/v1", "http://localhost:99999/v1"])
def test_a_wrong_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        OpenAiGenerator(GenerateConfig(engine="openai", base_url=url))


def test_nobody_there(server: Server) -> None:
    settings = config(server).model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    engine = OpenAiGenerator(settings)
    with pytest.raises(EngineError) as failed:
        reply(engine)
    assert str(failed.value) == wording("server.no_answer", url="http://127.0.0.1:9/v1")
    engine.close()


@pytest.mark.parametrize(
    ("status", "text", "message"),
    [
        (401, "{}", pattern("server.no_key", name="OPENAI_API_KEY")),
        (404, "{}", pattern("server.no_model", model="absent", models="nomic-embed-text, tiny")),
        (429, "{}", pattern("server.quota")),
        (500, '{"error": {"message": "out of memory"}}', "error 500: out of memory"),
        (500, '{"error": "no luck"}', "error 500: no luck"),
        (503, "<html>", pattern("server.error_log", code=503)),
        (200, '{"choices": []}', pattern("server.answers_page", kind="application/json")),
    ],
)
def test_refusals_say_what_to_do(server: Server, status: int, text: str, message: str) -> None:
    server.script = lambda handler: handler.answer(status, text)
    engine = OpenAiGenerator(config(server, model="absent"))
    with pytest.raises(EngineError, match=message):
        reply(engine)
    engine.close()


def test_a_wrong_path_is_told_from_a_wrong_model(server: Server, engine: OpenAiGenerator) -> None:
    server.script = lambda handler: handler.answer(404, "404 page not found", "text/plain")
    with pytest.raises(EngineError, match=pattern("server.no_path", why="404 page not found")):
        reply(engine)


def test_a_refused_key_is_named_but_not_shown(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    server.script = lambda handler: handler.answer(403, "{}")
    engine = OpenAiGenerator(config(server))
    with pytest.raises(EngineError, match=pattern("server.wrong_key", name="OPENAI_API_KEY")) as failed:
        reply(engine)
    assert "sesame" not in str(failed.value)
    engine.close()


def test_a_web_page_is_not_a_reply(server: Server, engine: OpenAiGenerator) -> None:
    server.script = lambda handler: handler.answer(200, "<html>Hello</html>", "text/html")
    with pytest.raises(EngineError, match=pattern("server.answers_page", kind="text/html")):
        reply(engine)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([b"data: {nonsense\n\n"], "not JSON"),
        ([b"data: [1]\n\n"], "not JSON"),
        ([b'data: {"error": {"message": "slot lost"}}\n\n'], pattern("server.error_said", why="slot lost")),
        ([DONE], "empty reply"),
        ([event(""), DONE], "empty reply"),
        ([event("Hello"), event(" wor")], pattern("server.broke_amid")),
    ],
)
def test_broken_streams(server: Server, engine: OpenAiGenerator, chunks: list[bytes], message: str) -> None:
    server.script = lambda handler: handler.stream(*chunks)
    with pytest.raises(EngineError, match=message):
        reply(engine)


def test_odd_events_are_passed_over(server: Server, engine: OpenAiGenerator) -> None:
    odd = [
        b'data: {"choices": %s}\n\n' % text
        for text in (b"3", b"[7]", b'[{"delta": 1}]', b'[{"delta": {"content": 4}}]')
    ]
    server.script = lambda handler: handler.stream(*odd, event("Hi."), DONE)
    assert reply(engine) == "Hi."


def test_an_end_without_done_is_an_end(server: Server, engine: OpenAiGenerator) -> None:
    last = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    server.script = lambda handler: handler.stream(event("Hi."), last)
    assert reply(engine) == "Hi."


def test_a_stream_left_open_after_the_reply_is_not_waited_for(
    server: Server, engine: OpenAiGenerator
) -> None:
    def linger(handler: Handler) -> None:
        handler.open_stream()
        handler.chunk(event("Hi.") + DONE)
        handler.wait_until_client_leaves()

    server.script = linger
    assert reply(engine) == "Hi."
    assert server.client_left.wait(WAIT_S)


@pytest.mark.parametrize("begun", [False, True])
def test_a_dropped_connection_is_an_error(server: Server, engine: OpenAiGenerator, begun: bool) -> None:
    def drop(handler: Handler) -> None:
        if begun:
            handler.open_stream()
            handler.chunk(event("Hel"))
        handler.drop()

    server.script = drop
    with pytest.raises(EngineError, match=pattern("server.broke")):
        reply(engine)
    server.script = lambda handler: handler.stream(event("Hi."), DONE)
    assert reply(engine) == "Hi."


def test_a_server_that_never_answers(server: Server) -> None:
    server.script = Handler.wait_until_client_leaves
    engine = OpenAiGenerator(config(server).model_copy(update={"first_token_s": 1.0}))
    with pytest.raises(EngineError, match=pattern("server.silent", seconds=1)):
        reply(engine)
    assert server.client_left.wait(WAIT_S)
    engine.close()


def test_cancelled_before_the_first_byte_the_server_is_left(server: Server, engine: OpenAiGenerator) -> None:
    server.script = Handler.wait_until_client_leaves
    stats = engine.generate(HELLO, pytest.fail, server.waiting.is_set)
    assert stats == GenerationStats()
    assert server.client_left.wait(WAIT_S)


def test_cancelled_in_mid_reply_the_server_is_left(server: Server, engine: OpenAiGenerator) -> None:
    def half(handler: Handler) -> None:
        handler.open_stream()
        handler.chunk(event("Hello"))
        handler.wait_until_client_leaves()

    said: list[str] = []
    server.script = half
    engine.generate(HELLO, said.append, lambda: bool(said))
    assert said == ["Hello"]
    assert server.client_left.wait(WAIT_S)


def test_after_cancelling_no_piece_is_handed_on(server: Server, engine: OpenAiGenerator) -> None:
    server.script = lambda handler: handler.stream(event("One"), *[event(f" {i}") for i in range(99)], DONE)
    asked = itertools.count()
    said: list[str] = []
    engine.generate(HELLO, said.append, lambda: next(asked) > 5)
    assert len("".join(said).split()) <= 6  # it is asked before each piece


def test_a_stream_left_early_leaves_nothing_under_way(
    server: Server, engine: OpenAiGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = lambda handler: handler.stream(event("One") + event(" two") + event(" three"), DONE)
    said: list[str] = []
    engine.generate(HELLO, said.append, lambda: bool(said))
    engine.close()
    assert caplog.messages == []  # asyncio's word for it: Task was destroyed but it is pending


def test_a_server_that_runs_on_is_stopped_at_a_sentence(server: Server) -> None:
    def endless(handler: Handler) -> None:
        handler.open_stream()
        handler.chunk(b"".join(event(word) for word in ["One", " two", ".", " Three", " four", ".", " Five"]))
        handler.wait_until_client_leaves()

    server.script = endless
    engine = OpenAiGenerator(config(server).model_copy(update={"max_tokens": 8}))
    assert reply(engine) == "One two. Three four."
    assert server.client_left.wait(WAIT_S)
    engine.close()


def test_what_the_listener_raises_passes_through(server: Server, engine: OpenAiGenerator) -> None:
    def full(_piece: str) -> None:
        raise LookupError("the channel is closed")

    with pytest.raises(LookupError, match="the channel is closed"):
        engine.generate(HELLO, full, lambda: False)
    assert reply(engine) == "Hi."


def test_closing_ends_a_call_under_way(server: Server, engine: OpenAiGenerator) -> None:
    server.script = Handler.wait_until_client_leaves
    warming = threading.Thread(target=engine.warm, args=[HELLO])
    warming.start()
    assert server.waiting.wait(WAIT_S)
    engine.close()
    warming.join(WAIT_S)
    assert not warming.is_alive()
    assert server.client_left.wait(WAIT_S)
    engine.generate(HELLO, pytest.fail, lambda: False)  # closed: says nothing
