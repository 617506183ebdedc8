"""Callers of the bench against a fake server on 127.0.0.1: what they do, and what they find."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from pathlib import Path

import numpy as np
import pytest

from tests.fake_realtime import FakeRealtime, serving
from tests.test_serve import Hall, tone
from voicecli.bench.crowd.asked_lines import RATE_HZ, AskedLine, lines_of_files
from voicecli.bench.crowd.call_exchanges import exchanges
from voicecli.bench.crowd.call_record import CallRecord
from voicecli.bench.crowd.caller import Caller, CallRefused, Manner
from voicecli.bench.crowd.caller_socket import connected, page, refusal_s
from voicecli.bench.crowd.callers import PROBES, Crowd
from voicecli.bench.crowd.server_pages import address_of
from voicecli.cli.measure.bench_serve import callers_of
from voicecli.config import Config
from voicecli.engines import Engines
from voicecli.errors import AudioFileError, ConfigError, ServerError
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits
from voicecli.system.clock import MonotonicClock

QUICK = Manner(thinks_s=(0.01, 0.03), interrupts=0.0, interrupts_after_s=(0.1, 0.12), waits_s=10.0)
INTERRUPTS = Manner(thinks_s=(0.01, 0.03), interrupts=1.0, interrupts_after_s=(0.1, 0.12), waits_s=10.0)
IMPATIENT = Manner(thinks_s=(0.01, 0.03), waits_s=0.3)


def asked(seconds: float = 0.3, words: str = "one two three") -> AskedLine:
    """A tone between two silences."""
    edge, count = round(0.05 * RATE_HZ), round(seconds * RATE_HZ)
    samples = np.zeros(count + 2 * edge, np.int16)
    samples[edge : edge + count] = np.sin(np.arange(count) / 20) * 8000
    return AskedLine(words, samples, edge, edge + count)


def called(fake: FakeRealtime, lines: int, manner: Manner = QUICK) -> CallRecord:
    """One call, in this process, until so many lines are finished."""

    async def run(port: int) -> CallRecord:
        stop = asyncio.Event()

        def finished(count: int) -> None:
            if count == lines:
                stop.set()

        async with connected(f"http://127.0.0.1:{port}/v1/realtime", "") as socket:
            caller = Caller(socket, [asked()], manner, MonotonicClock(), random.Random(1))
            async with asyncio.timeout(30):
                return await caller.run(stop, finished)

    with serving(fake.application()) as port:
        return asyncio.run(run(port))


def crowd(port: int, questions: int = 2, token: str = "") -> Crowd:
    address = address_of(f"127.0.0.1:{port}")
    return Crowd(address, [address.metrics], token, [asked()], questions, QUICK, 1, lambda _: None)


def test_a_line_is_said_in_real_time_and_answered() -> None:
    fake = FakeRealtime()
    found = exchanges(called(fake, 3))
    assert len(found) == 3 <= fake.lines
    for each in found:
        assert each.ended - each.began > 0.15  # 0.3, but for what this computer is late
        assert each.wait_ms is not None
        assert (each.words, each.wrong, each.looks) == (3, 1, 1)
        assert each.answer_s == pytest.approx(0.4)


def test_a_slow_answer_is_waited_for() -> None:
    quick, slow = (exchanges(called(FakeRealtime(slow_s=slow_s), 1))[0].wait_ms for slow_s in (0.0, 0.3))
    assert quick is not None
    assert slow is not None
    assert slow > 300
    assert slow > quick


def test_a_gap_in_the_answer_is_heard() -> None:
    assert all(each.gaps for each in exchanges(called(FakeRealtime(gap_after=10), 2)))


def test_a_caller_interrupts_and_hears_the_silence() -> None:
    fake = FakeRealtime(answer_blocks=500, lead_s=3.0)  # of which the caller drops what it has not played
    found = exchanges(called(fake, 3, INTERRUPTS))
    assert fake.interrupted >= 2
    assert found[0].silence_ms is None
    assert all(each.silence_ms is not None and each.silence_ms < 1000 for each in found[1:])
    assert not any(each.cut_in for each in found)


def test_who_gets_no_answer_asks_the_next_thing() -> None:
    found = exchanges(called(FakeRealtime(answers=False), 2, IMPATIENT))
    assert [each.wait_ms for each in found] == [None, None]


def test_a_connection_that_is_lost_is_noted() -> None:
    record = called(FakeRealtime(hangs_up_after=2), 5)
    assert record.lost == "closed with 1011"
    assert record.finished == 1


def test_a_full_server_refuses() -> None:
    with pytest.raises(CallRefused):
        called(FakeRealtime(sessions=0), 1)


def test_callers_in_their_own_processes_are_measured() -> None:
    fake = FakeRealtime(gap_after=5)
    with serving(fake.application()) as port:
        found = crowd(port, token="a word").measured(2)
    assert (found.callers, found.refused, found.lost) == (2, 0, 0)
    assert fake.peak == 2
    assert found.lines >= 4
    assert found.gaps >= found.lines - 1
    assert found.wait_p95_ms is not None
    assert found.caller_cpu_percent > 0
    assert (found.server_cpu_percent, found.refusal_p50_ms) == (None, None)
    assert fake.tokens == {"Bearer a word"}


def test_where_the_server_is_full_others_are_refused_and_those_inside_go_on() -> None:
    fake = FakeRealtime(sessions=1)
    with serving(fake.application()) as port:
        found = crowd(port).measured(2)
        assert asyncio.run(page(f"http://127.0.0.1:{port}/nothing", "")) is None
    assert (found.callers, found.refused, found.unanswered) == (2, 1, 0)
    assert found.lines >= 2
    assert found.refusal_worst_ms is not None
    assert fake.peak == 1
    assert PROBES >= 20


def test_where_there_is_room_nobody_is_refused() -> None:
    with serving(FakeRealtime().application()) as port:
        assert asyncio.run(_probe(port)) is None


async def _probe(port: int) -> float | None:
    async with asyncio.timeout(20):
        return await refusal_s(f"http://127.0.0.1:{port}/v1/realtime", "", MonotonicClock())


def test_no_server_is_one_line() -> None:
    with serving(FakeRealtime().application()) as port:
        pass
    with pytest.raises(ServerError, match="no server answers") as failed:
        crowd(port).measured(1)
    assert "\n" not in str(failed.value)


def test_no_room_for_anybody_is_one_line() -> None:
    with (
        serving(FakeRealtime(sessions=0).application()) as port,
        pytest.raises(ServerError, match="no room for any caller"),
    ):
        crowd(port).measured(1)


def test_words_of_a_recording_are_beside_it(question: Path, tmp_path: Path) -> None:
    copy = tmp_path / "asked.wav"
    copy.write_bytes(question.read_bytes())
    assert lines_of_files([copy])[0].words == ""
    copy.with_suffix(".txt").write_text(" What is it?\n", encoding="utf-8")
    (line,) = lines_of_files([copy])
    assert line.words == "What is it?"
    assert 0 <= line.first < line.end <= len(line.samples)
    copy.with_suffix(".txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(AudioFileError, match="cannot read"):
        lines_of_files([copy])


@pytest.mark.parametrize(("given", "numbers"), [("1,2,4", [1, 2, 4]), (" 3 ", [3]), ("4,1,4", [1, 4])])
def test_numbers_of_callers(given: str, numbers: list[int]) -> None:
    assert callers_of(given) == numbers


@pytest.mark.parametrize("given", ["", "0", "65", "1,,2", "one", "-1", "1.5", "²"])
def test_what_is_no_list_of_numbers(given: str) -> None:
    with pytest.raises(ConfigError, match="give it as 1,2,4"):
        callers_of(given)


def test_our_own_server_is_measured_with_what_it_spends() -> None:
    hall: Engines = Hall(["What is it?"], ["It is this, and that."] * 9)  # type: ignore[assignment]  # duck-typed
    server = Server(hall, Config(), Access(0), ServerLimits(2), lambda _: None)
    samples = tone(0.6).astype(np.int16)
    line = AskedLine("What is it?", samples, 0, len(samples))
    with serving(server.application()) as port:
        address = address_of(f"127.0.0.1:{port}")
        found = Crowd(address, [address.metrics], "", [line], 2, QUICK, 1, lambda _: None).measured(2)
    assert (found.refused, found.lost, found.unanswered, found.wrong_words_percent) == (0, 0, 0, 0)
    assert found.lines >= 4
    assert found.server_cpu_percent is not None
    assert found.loop_lag_p99_ms is not None
    assert found.refusal_p50_ms is not None  # both rooms were taken


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (503, "no room for any caller"),  # as a balancer says it, whose servers are all full
        (401, "refuses callers .HTTP 401.; give its token"),
        (404, "takes no calls .HTTP 404.; give the address of a `voicecli serve`"),
    ],
)
def test_who_is_refused_before_the_upgrade_is_told_why(status: int, line: str) -> None:
    with (
        serving(FakeRealtime(status=status).application()) as port,
        pytest.raises(ServerError, match=line),
    ):
        crowd(port).measured(1)


class Interrupting:
    """A wire that brings a minute of sound at once, and then the word to stop."""

    def __init__(self) -> None:
        self.frames = 0
        self.messages: asyncio.Queue[str] = asyncio.Queue()

    async def send(self, text: str) -> None:
        self.frames += 1
        if self.frames == 40:  # the line is over
            minute = base64.b64encode(np.full(60 * RATE_HZ, 9000, "<i2").tobytes()).decode()
            for message in (
                {"type": "response.created", "response": {"id": "r"}},
                {"type": "response.output_audio.delta", "response_id": "r", "delta": minute},
                {"type": "input_audio_buffer.speech_started"},
                {"type": "response.done", "response": {"id": "r", "status": "completed"}},
            ):
                self.messages.put_nowait(json.dumps(message))

    async def receive(self) -> str:
        return await self.messages.get()


def test_what_was_stopped_is_not_waited_for() -> None:
    async def run() -> CallRecord:
        stop = asyncio.Event()
        caller = Caller(Interrupting(), [asked()], QUICK, MonotonicClock(), random.Random(1))
        async with asyncio.timeout(30):
            return await caller.run(stop, lambda _: stop.set())

    (found,) = exchanges(asyncio.run(run()))
    assert found.answer_s < 30
