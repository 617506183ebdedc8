"""Servers that misbehave on purpose, on this computer: each costs a talk one turn and a line, no more."""

from __future__ import annotations

import re
import time
import tracemalloc
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.raw_server import (
    ANSWER,
    HEAD,
    STOP,
    RawServer,
    Request,
    Rule,
    chunk,
    endless,
    free_port,
    said,
    serving,
    status,
    stream,
    words,
)
from tests.sentences import pattern
from tests.stepped import Stepped
from tests.test_failing_engines import asks, is_done, lines_of
from voicecli import events
from voicecli.aloud.apology import APOLOGIES
from voicecli.config import GenerateConfig
from voicecli.messages import ChatMessage
from voicecli.network.trouble.breaker import FAILURES, FIRST_S, Breaker
from voicecli.network.trouble.waits import BACKOFF_S, TRIES
from voicecli.reply.generate import never
from voicecli.reply.generators import EchoGenerator
from voicecli.reply.guarded import GuardedGenerator
from voicecli.reply.server.openai import OpenAiGenerator
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from voicecli.reply.generate import Generator

T = TypeVar("T")

LINES = [f"and how many legs has animal number {number}" for number in range(9)]

APOLOGY = APOLOGIES["en"]
LONGEST_TURN_S = 20.0
"""Of this computer's time, which other tests share; the limits below end each wait after 1 s."""
MOST_BYTES = 30_000_000
LONGEST_REPLY = 10_000
"""Characters: 120 tokens, twice, of 32 characters each, and 32 more."""
SILENT, THOUGHT = pattern("server.silent", seconds=1), "thought for 1 s"
SHORT = {"first_token_s": 1.0, "timeout_s": 1.0, "total_s": 2.5}
HALF = "It has eight legs. The second pair of them is used to fe"
WHOLE_HALF = "It has eight legs."


class Waited:
    """In place of `asyncio.sleep`: notes how long it was to wait, and does not."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)


class Talk(Stepped):
    """A talk with a server that is really there."""

    def __init__(self, url: str, stand_in: Callable[[], Generator] | None = None, **settings: object) -> None:
        config = {"engine": "openai", "model": "m", "base_url": url, **settings}
        checked = GenerateConfig.model_validate(config)
        self.waited, self.breaker_clock = Waited(), FakeClock()
        self.breaker = Breaker(self.breaker_clock)
        self.model = GuardedGenerator(
            OpenAiGenerator(checked, self.waited),
            self.breaker,
            stand_in,
            apologise=checked.fallback != "off",
        )
        super().__init__(*LINES, answers=lambda _replies: self.model)  # type: ignore[arg-type]  # duck-typed

    def heard(self, told: list[events.Event]) -> str:
        """What the user heard of the agent in the one turn of these events."""
        (done,) = [event for event in told if isinstance(event, events.TurnDone)]
        return done.heard


@contextmanager
def talking(rule: Rule, **settings: object) -> Iterator[tuple[Talk, RawServer]]:
    with serving(rule) as server:
        talk = Talk(server.url, **settings)  # type: ignore[arg-type]  # settings of any type
        try:
            yield talk, server
        finally:
            talk.model.close()


def at_first(bad: Callable[[], Iterable[bytes]]) -> tuple[Rule, Callable[[], None]]:
    """A server that answers so until it is mended, by calling the second of the two."""
    mended: list[bool] = []
    warming = [{"role": "user", "content": ""}]

    def rule(request: Request, _number: int) -> Iterable[bytes]:
        messages = request["messages"]
        assert isinstance(messages, list)
        return said() if mended or messages[-1:] == warming or request.get("max_tokens") == 1 else bad()

    return rule, lambda: mended.append(True)


def contents(request: Request) -> list[str]:
    messages = request["messages"]
    assert isinstance(messages, list)
    return [message["content"] for message in messages[1:]]


def drip() -> Iterator[bytes]:
    """A byte at a time: whole sentences would take minutes."""
    return endless(HEAD, *(bytes([byte]) for byte in b"".join(words(ANSWER * 40))), every_s=0.02)


NO_WORD = {
    "401": (lambda: status("401 Unauthorized", {}), pattern("server.no_key", name="OPENAI_API_KEY")),
    "404": (lambda: status("404 Not Found", {"error": "no such model"}), "check generate.model"),
    "429, for long": (
        lambda: status("429 Too Many Requests", {"error": "slow"}, headers="Retry-After: 40\r\n"),
        pattern("server.quota_for", seconds=40, why="slow"),
    ),
    "429": (lambda: status("429 Too Many Requests", {}), pattern("server.quota")),
    "500": (lambda: status("500 Oops", {"error": "no luck"}), "error 500: no luck"),
    "502, a page": (lambda: status("502 Bad Gateway", b"<h1>Bad Gateway</h1>", "text/html"), "Bad Gateway"),
    "a page": (lambda: status("200 OK", b"<html>Hello</html>", "text/html"), "text/html"),
    "hangs up": (lambda: [b""], pattern("server.broke")),
    "hangs up in the head": (lambda: [HEAD[:30]], pattern("server.broke")),
    "a line without end": (lambda: endless(HEAD + b"data: ", b"x" * 65536), "without an end"),
    "no JSON": (lambda: stream(b"data: {nonsense\n\n"), "not JSON"),
    "a byte a second": (drip, SILENT),
    "keep-alives": (lambda: endless(HEAD, b": busy\n\n", every_s=0.02), SILENT),
    "a gigabyte of keep-alives": (lambda: endless(HEAD, b": busy\n\n" * 8192), SILENT),
    "empty events": (lambda: endless(HEAD, chunk({"content": ""}), every_s=0.02), SILENT),
    "thoughts": (
        lambda: endless(HEAD, chunk({"reasoning_content": "Hm. "}), every_s=0.02),
        THOUGHT,
    ),
    "a body that drips": (
        lambda: endless(b"HTTP/1.1 500 Oops\r\nContent-Length: 9999\r\n\r\n", b"x", every_s=0.02),
        SILENT,
    ),
}
"""What the server does before any word -> what the user is told."""

HALF_A_REPLY = {
    "stops in mid-word": lambda: stream(*words(HALF)),
    "hangs up in mid-word": lambda: [
        HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked"),
        b"%x\r\n%s\r\n" % (len(b"".join(words(HALF))), b"".join(words(HALF))),
    ],
    "fails in mid-word": lambda: stream(*words(HALF), b'data: {"error": {"message": "slot lost"}}\n\n'),
    "falls silent": lambda: endless(HEAD + b"".join(words(HALF)), b": busy\n\n", every_s=0.02),
    "thinks in mid-word": lambda: endless(
        HEAD + b"".join(words(HALF)), chunk({"reasoning_content": "Hm. "}), every_s=0.02
    ),
    "a word now and then": lambda: endless(
        HEAD + b"".join(words(WHOLE_HALF + " ")), chunk({"content": "a "}), every_s=0.6
    ),
}

ODD = {
    "no full stop": (lambda: endless(HEAD, *words("and then it went on ")), 1),
    "a gigabyte of tokens": (lambda: endless(HEAD, b"".join(words("and then it went on ")) * 800), 1),
    "a gigabyte in few": (lambda: endless(HEAD, chunk({"content": "and then " * 20_000})), 1),
    "a gigabyte of sentences": (lambda: endless(HEAD, chunk({"content": "It is so. And so. "}) * 2000), 0),
    "no UTF-8": (
        lambda: stream(chunk({"content": "It has \x00eight legs."}).replace(b"\\u0000", b"\xff\xc3("), STOP),
        0,
    ),
    "no end": (
        lambda: endless(HEAD + b"".join(words(ANSWER)) + STOP, b": busy\n\n", every_s=0.02),
        0,
    ),
}
"""What the server does -> how many lines tell of it. Something is heard, and it is bounded."""


def in_time(call: Callable[[], T]) -> T:
    """What it gives; it takes no more time and memory than it may."""
    began = time.monotonic()
    tracemalloc.start()
    try:
        given = call()
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < LONGEST_TURN_S
    return given


def asked_in_time(talk: Talk, number: int = 0) -> list[events.Event]:
    """What comes of a question, in bounded time and memory."""
    told = in_time(lambda: asks(talk, number))
    assert is_done(talk)
    return told


@pytest.mark.parametrize("name", NO_WORD)
def test_a_server_without_a_word_costs_a_turn_and_the_question_stays(name: str) -> None:
    bad, line = NO_WORD[name]
    rule, mend = at_first(bad)
    with talking(rule, **(SHORT if line in {SILENT, THOUGHT} else {})) as (talk, server):
        told = asked_in_time(talk)
        (failed,) = [event for event in told if isinstance(event, events.Failed)]
        assert failed.turn == 1
        assert re.search(line, f"{failed.message}; {failed.remedy}")
        assert talk.heard(told) == APOLOGY
        assert len(lines_of(told)) == 1 + (talk.breaker.state != "closed")
        mend()
        talk.breaker_clock.advance(60.0)
        told = asked_in_time(talk, 1)
        assert talk.heard(told) == ANSWER
        assert not [event for event in told if isinstance(event, events.Failed)]
        assert contents(server.asked[-1])[-1:] == [f"{LINES[0]} {LINES[1]}"]


@pytest.mark.parametrize("name", HALF_A_REPLY)
def test_what_was_said_of_a_reply_that_broke_off_stands(name: str) -> None:
    rule, mend = at_first(HALF_A_REPLY[name])
    with talking(rule, timeout_s=1.0, total_s=2.5) as (talk, server):
        told = asked_in_time(talk)
        (failed,) = lines_of(told)
        assert isinstance(failed, events.Failed)
        assert talk.heard(told).startswith(WHOLE_HALF)
        assert not talk.heard(told).rstrip(".").endswith(" fe")
        mend()
        told = asked_in_time(talk, 1)
        assert (talk.heard(told), lines_of(told)) == (ANSWER, [])
        question, half, following = contents(server.asked[-1])
        assert (question, following) == (LINES[0], LINES[1])
        assert half.startswith(WHOLE_HALF)
        assert half.endswith("—")


@pytest.mark.parametrize("name", ODD)
def test_a_reply_that_does_not_end_is_cut(name: str) -> None:
    bad, told = ODD[name]
    rule, mend = at_first(bad)
    with serving(rule) as server:
        config = {"engine": "openai", "model": "m", "base_url": server.url}
        with closing(OpenAiGenerator(GenerateConfig.model_validate(config))) as model:
            written, notices = in_time(lambda: written_by(model))
            assert len(notices) == told
            assert 0 < len(written) < LONGEST_REPLY
            mend()
            assert written_by(model) == (ANSWER, [])


def written_by(model: Generator) -> tuple[str, list[object]]:
    """A reply, and what was told besides."""
    pieces: list[str] = []
    notices: list[object] = []
    model.notify = notices.append
    model.generate([ChatMessage("user", "Hello")], pieces.append, never)
    return "".join(pieces), notices


def test_a_server_that_is_not_there_yet_is_found_when_it_is() -> None:
    port = free_port()
    talk = Talk(f"http://127.0.0.1:{port}/v1")
    told = asked_in_time(talk)
    (failed,) = lines_of(told)
    assert re.search(pattern("server.no_answer"), f"{failed.message}; {failed.remedy}")
    assert talk.heard(told) == APOLOGY
    with serving(lambda _request, _number: said(), port):
        assert talk.heard(asked_in_time(talk, 1)) == ANSWER
    talk.model.close()


def test_however_often_it_fails_the_talk_goes_on_and_it_is_spared() -> None:
    rule, mend = at_first(lambda: status("500 Oops", {"error": "no luck"}))
    with talking(rule) as (talk, server):
        warned = []
        for number in range(FAILURES + 3):
            told = asked_in_time(talk, number)
            assert talk.heard(told) == APOLOGY
            assert len([event for event in told if isinstance(event, events.Failed)]) == 1
            warned += [event for event in told if isinstance(event, events.Warned)]
        assert talk.floor.end is None
        assert len(warned) == 1, "once, when it opens"
        assert talk.breaker.state == "open"
        asked = len(server.asked)
        assert asked == 1 + TRIES * FAILURES, "one to warm it; since then it is left alone"
        mend()
        talk.breaker_clock.advance(FIRST_S)
        told = asked_in_time(talk, number + 1)
        assert talk.heard(told) == ANSWER
        (line,) = lines_of(told)
        assert isinstance(line, events.Warned), "it works again"
        assert lines_of(asked_in_time(talk, number + 2)) == []


def test_it_is_tried_again_after_longer_and_longer_waits_while_no_word_has_come() -> None:
    answers = [status("503 Busy"), status("502 Bad Gateway"), said()]
    with talking(lambda _request, number: answers[number - 2] if number > 1 else said()) as (talk, server):
        told = asked_in_time(talk)
        assert (talk.heard(told), lines_of(told)) == (ANSWER, [])
        assert len(server.asked) == 1 + len(answers)
        first, second = talk.waited.waits
        assert BACKOFF_S <= first <= 2 * BACKOFF_S <= second <= 3 * BACKOFF_S


def test_a_short_retry_after_is_waited_for_and_then_answered() -> None:
    busy = status("429 Too Many Requests", {}, headers="Retry-After: 7\r\n")
    with talking(lambda _request, number: busy if number == 2 else said()) as (talk, _server):
        told = asked_in_time(talk)
        assert talk.heard(told) == ANSWER
        assert talk.waited.waits == [7.0]
        (line,) = lines_of(told)
        assert isinstance(line, events.Warned)


def test_one_that_wants_to_be_left_alone_for_long_is() -> None:
    busy = status("429 Too Many Requests", {}, headers="Retry-After: 40\r\n")
    rule, mend = at_first(lambda: busy)
    with talking(rule) as (talk, server):
        asked_in_time(talk)
        asked = len(server.asked)
        mend()
        talk.breaker_clock.advance(39.0)
        assert talk.heard(asked_in_time(talk, 1)) == APOLOGY
        assert len(server.asked) == asked
        talk.breaker_clock.advance(1.0)
        assert talk.heard(asked_in_time(talk, 2)) == ANSWER


def test_without_a_fallback_the_turn_ends_with_a_line_and_in_silence() -> None:
    rule, _mend = at_first(lambda: status("401 Unauthorized", {}))
    with talking(rule, fallback="off") as (talk, _server):
        for number in range(FAILURES + 1):
            told = asked_in_time(talk, number)
            assert talk.heard(told) == ""
            assert len([event for event in told if isinstance(event, events.Failed)]) == 1
        assert talk.floor.end is None


def test_who_stands_in_answers_and_steps_back() -> None:
    rule, mend = at_first(lambda: status("500 Oops"))
    stand_ins: list[EchoGenerator] = []

    def make() -> EchoGenerator:
        stand_ins.append(EchoGenerator())
        return stand_ins[-1]

    with serving(rule) as server:
        talk = Talk(server.url, make)
        for number in range(FAILURES + 2):
            told = asked_in_time(talk, number)
            assert talk.heard(told) == f"You said: {LINES[number]}."
            lines = lines_of(told)
            assert all(isinstance(line, events.Warned) for line in lines)
            assert len(lines) == (1 if number < FAILURES - 1 else 2 if number == FAILURES - 1 else 0)
        assert len(stand_ins) == 1, "it is made once"
        mend()
        talk.breaker_clock.advance(FIRST_S)
        assert talk.heard(asked_in_time(talk, number + 1)) == ANSWER
        talk.model.close()
