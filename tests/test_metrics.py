"""The pages of `talk --metrics-port`: what they count, what they never have; no talk waits for them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rig.program import complaint, started
from tests.seats import seated
from tests.sentences import pattern, wording
from tests.stepped import Devices, Stepped
from tests.test_talking import RATE_HZ, Answers, Beeper, Judge, LoudIsSpeech, Scribe, silence, tone
from tests.test_terminal import talking as live_talk
from tests.world import fault
from voicecli import events
from voicecli.cli.talk.watchers import Watching, is_local
from voicecli.config import AudioConfig, Config
from voicecli.errors import ConfigError
from voicecli.events import Dropped
from voicecli.floor import facts
from voicecli.floor.stages import CONVERSION, LANGUAGE_MODEL, TRANSCRIBER, VOICE
from voicecli.metrics import endpoint
from voicecli.metrics.counts import ENGINES, REASONS, TalkCounts, of_places, of_status
from voicecli.metrics.families import BUCKETS_S, FAMILIES
from voicecli.metrics.pages import MetricsPage
from voicecli.status import Status
from voicecli.system.clock import FakeClock, MonotonicClock
from voicecli.system.posix import memory_bytes
from voicecli.talk import Talk
from voicecli.waiting.buffers import LOST, BufferFill
from voicecli.waiting.times import STAGES

PATIENCE_S = 10.0
SAID = "zanzibar"
LATENCY_MS = {**dict.fromkeys(STAGES, 50.0), "total": 400.0}


def talk_of(clock: FakeClock) -> Talk:
    """It does not run; its logs and its floor are there."""
    engines = seated(LoudIsSpeech(), Judge(), Scribe([]), Answers([]), Beeper(), clock)
    return Talk(Devices(1), engines, Config(audio=AudioConfig(headphones=True)), clock, clock.now())


class Stand:
    """A talk that does not run, and its pages on a free port."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.talk = talk_of(self.clock)
        self.page = MetricsPage("127.0.0.1", 0, self.clock)

    def follow(self) -> None:
        self.page.follow(self.talk, self.talk.events, self.talk.crew.facts)

    def after(self, *told: events.Event) -> dict[str, float]:
        """The samples of the page once all of these are counted."""
        for event in told:
            self.talk.events.put(event)
        self.talk.events.close()
        self.talk.crew.facts.close()
        self.page.close()
        return samples(self.page)

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, content type and body that HTTP gives."""
        try:
            with urllib.request.urlopen(self.page.url + path, timeout=PATIENCE_S) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()


@pytest.fixture
def stand() -> Iterator[Stand]:
    made = Stand()
    yield made
    made.page.close()


def parsed(text: str) -> dict[str, float]:
    """`name{label=value}` -> value, as Prometheus would read it."""
    return {
        sample.name
        + "".join(f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def samples(page: MetricsPage) -> dict[str, float]:
    answer = page.answer("/metrics")
    assert answer is not None
    return parsed(answer.body.decode())


def test_turns_become_counts_and_histograms(stand: Stand) -> None:
    stand.follow()
    seen = stand.after(
        events.TurnDone(1.0, 1, "", LATENCY_MS, 212.5, 2, 131.0, 96, 11),
        events.TurnDone(2.0, 2, "", {**LATENCY_MS, "total": 1200.0}),
        events.TurnDone(3.0, 3, ""),
        events.Interrupted(3.0, 2, ""),
        events.Overheard(3.0, 2),
        events.Cued(3.0, 2, 1),
        events.Warned(3.0, "found", "remedy"),
        events.Failed(3.0, "found", "remedy", 3),
    )
    assert seen["voicecli_turns_total{outcome=answered}"] == 2
    assert seen["voicecli_turns_total{outcome=silent}"] == 1
    assert seen["voicecli_latency_seconds_count{stage=total}"] == 2
    assert seen["voicecli_latency_seconds_sum{stage=total}"] == pytest.approx(1.6)
    below = {
        bound: seen[f"voicecli_latency_seconds_bucket{{le={bound}}}{{stage=total}}"] for bound in BUCKETS_S
    }
    assert [bound for bound in BUCKETS_S if below[bound] == 0][-1] == 0.3
    assert below[0.4] == below[1.0] == 1
    assert below[1.5] == 2
    assert seen["voicecli_decided_seconds_count"] == 1
    assert seen["voicecli_drafts_dropped_total"] == 2
    assert seen["voicecli_drafts_dropped_seconds_total"] == pytest.approx(0.131)
    assert seen["voicecli_prompt_tokens_total"] == 96
    assert seen["voicecli_prompt_tokens_evaluated_total"] == 11
    for name in ("interruptions", "overheard", "cues", "warnings", "errors"):
        assert seen[f"voicecli_{name}_total"] == 1, name


def test_every_stage_and_engine_is_there_before_anything_happens(stand: Stand) -> None:
    seen = samples(stand.page)
    for stage in (*STAGES, "total"):
        assert seen[f"voicecli_latency_seconds_count{{stage={stage}}}"] == 0
    for engine in ENGINES.values():
        assert seen[f"voicecli_engine_failures_total{{engine={engine}}}"] == 0
    assert seen["voicecli_turns_total{outcome=silent}"] == 0
    assert seen["voicecli_state{state=loading}"] == 1
    assert seen["voicecli_state{state=speaking}"] == 0


def test_a_page_has_no_metric_that_is_not_in_the_table_and_nearly_all_that_are(stand: Stand) -> None:
    stand.follow()
    known = {family.name for family in FAMILIES}
    ends = ("_bucket", "_count", "_sum")
    seen = {name.partition("{")[0] for name in stand.after()}
    found = {next((name.removesuffix(end) for end in ends if name.endswith(end)), name) for name in seen}
    assert found <= known
    served = {name for name in known if name.startswith("voicecli_sessions")}
    elsewhere = {
        "voicecli_loop_lag_seconds",
        "voicecli_breaker_open",
        "voicecli_dropped_total",
        "process_resident_memory_bytes",
    }
    assert known - found <= served | elsewhere
    assert "process_cpu_seconds_total" in found


@pytest.mark.parametrize(
    ("fact", "engine"),
    [
        (facts.EngineFailed(CONVERSION, 1, fault(CONVERSION)), "conversion"),
        (facts.ReplyWritten(1, None, fault=fault(LANGUAGE_MODEL)), "language_model"),
        (facts.ClauseVoiced(1, 0, fault=fault(VOICE)), "voice"),
        (facts.Judged(1, 1, None, fault(TRANSCRIBER)), "turn_model"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_an_engine_that_fails_is_counted_by_its_name(stand: Stand, fact: facts.Fact, engine: str) -> None:
    stand.follow()
    stand.talk.crew.facts.put((1.0, facts.Tick(), []))
    stand.talk.crew.facts.put((1.0, fact, []))
    stand.talk.crew.facts.put((1.0, facts.EngineLate(VOICE), []))
    seen = stand.after()
    counted = {name: seen[f"voicecli_engine_failures_total{{engine={name}}}"] for name in ENGINES.values()}
    assert counted == {**dict.fromkeys(ENGINES.values(), 0), engine: 1}
    assert seen["voicecli_engine_late_total{engine=voice}"] == 1


def test_what_works_is_no_failure() -> None:
    counts = TalkCounts()
    before = counts.samples()
    for fact in (
        facts.Tick(),
        facts.ClauseVoiced(1, 0),
        facts.Judged(1, 1, 0.5),
        facts.ReplyWritten(1, None),
    ):
        counts.fact(fact)
    assert counts.samples() == before


def test_losses_and_queues_are_those_of_the_talk(stand: Stand) -> None:
    status = replace(stand.talk.status(), losses={"gaps in the reply": 3}, cut_offs=2, devices_reopened=1)
    told = {(each.family.name, each.values): each.value for each in of_status(status)}
    assert told["voicecli_losses_total", ("gaps_in_the_reply",)] == 3
    assert told["voicecli_cut_offs_total", ()] == 2
    assert told["voicecli_devices_reopened_total", ()] == 1
    assert told["voicecli_state", ("loading",)] == 1
    assert sum(value for (name, _), value in told.items() if name == "voicecli_state") == 1
    places = {
        each.values[0]
        for each in of_places(stand.talk.buffers())
        if each.family.name == "voicecli_queue_fill"
    }
    assert {"microphone ring", "jitter buffer", "to the scribe"} <= places
    assert len(REASONS) == len(LOST)


def test_the_names_of_devices_are_not_told(stand: Stand) -> None:
    sides = {f"{name}: {name}": f"{name}: {SAID}" for name in ("microphone", "loudspeaker")}
    places = [replace(place, name=sides.get(place.name, place.name)) for place in stand.talk.buffers()]
    assert sum(SAID in place.name for place in places) == len(sides)
    assert not any(SAID in value for each in of_places(places) for value in each.values)


def test_the_ear_is_as_far_behind_as_the_ring_is_full() -> None:
    ring = BufferFill("microphone ring", "ms", 10_000, 5_500, 6_000, 0, 5.0, "drop_oldest")
    edge = BufferFill("device", "ms", 1, 0, 0, 0, 0.0, "drop_oldest")
    lags = [each for each in of_places([edge, ring]) if each.family.name == "voicecli_lag_seconds"]
    assert [(each.values, each.value) for each in lags] == [(("ear",), 5.5)]


def test_load_server_and_recording_are_told(stand: Stand) -> None:
    plain = {each.family.name for each in of_status(stand.talk.status())}
    assert not {"voicecli_breaker_open", "voicecli_lag_seconds"} & plain
    status = replace(
        stand.talk.status(),
        pressure="critical",
        stepped=3,
        recorded_in=SAID,
        record_lag_s=2.5,
        breaker="half open",
    )
    told = {each.family.name: each.value for each in of_status(status)}
    assert told["voicecli_pressure"] == 2
    assert told["voicecli_breaker_open"] == 0.5
    assert told["voicecli_quality_steps_total"] == 3
    assert told["voicecli_lag_seconds"] == 2.5


def test_what_came_to_nothing_is_counted_by_its_reason() -> None:
    counts = TalkCounts()
    for count, reason in enumerate(("too_short", "too_short", "guess")):
        counts.event(Dropped(0.0, reason, count))
    found = {
        each.values: each.value for each in counts.samples() if each.family.name == "voicecli_dropped_total"
    }
    assert found == {("too_short",): 2, ("guess",): 1}


def test_a_place_that_nobody_can_look_into_has_no_fill() -> None:
    dark = replace(BufferFill("dark", "ms", 10, 0, 0, 1, 0.0, "drop_oldest"), fill=None, peak=None)
    named = {each.family.name for each in of_places([dark]) if each.family.name.startswith("voicecli_queue")}
    assert named == {"voicecli_queue_capacity", "voicecli_queue_lost_total"}


class Telling(Talk):
    """A status with words wherever a status has text."""

    def status(self) -> Status:
        words = dict.fromkeys(("microphone", "loudspeaker", "model", "hint", "loading", "heard_so_far"), SAID)
        return replace(super().status(), typed=SAID, **words)  # type: ignore[arg-type]  # all of them text


def test_no_word_that_was_said_is_on_a_page() -> None:
    stepped = Stepped(f"What is {SAID}?", replies=(f"It is {SAID} and more.", f"So {SAID}."))
    talk = Telling(
        Devices(1),
        seated(LoudIsSpeech(), Judge(), Scribe([]), Answers([]), Beeper()),
        Config(),
        FakeClock(),
        0,
    )
    page = MetricsPage("127.0.0.1", 0, stepped.clock)
    page.follow(talk, stepped.crew.events, stepped.crew.facts)
    stepped.hears(silence(0.3), tone(0.8), silence(0.6))
    stepped.works()
    stepped.hears(silence(2.0))
    stepped.types(f"{SAID} again")
    stepped.works()
    stepped.hears(silence(2.0))
    said = json.dumps([repr(event) for event in stepped.told()])
    stepped.crew.events.put(events.Warned(9.0, SAID, SAID, 1))
    stepped.crew.facts.put(
        (9.0, facts.ReplyWritten(1, None, beginning=SAID, fault=replace(fault(VOICE), found=SAID)), [])
    )
    stepped.crew.events.close()
    stepped.crew.facts.close()
    page.close()
    shown = b"".join(answer.body for path in ("/metrics", "/health") if (answer := page.answer(path)))
    assert said.count(SAID) > 3, "it was said"
    assert parsed(page.answer("/metrics").body.decode())["voicecli_turns_total{outcome=answered}"] >= 1  # type: ignore[union-attr]
    assert SAID.encode() not in shown


# ---- by HTTP


def test_the_pages_are_there_from_the_beginning_and_go_on_with_the_talk(stand: Stand) -> None:
    status, kind, body = stand.get("/health")
    assert (status, kind, json.loads(body)["state"]) == (200, "application/json", "loading")
    stand.follow()
    stand.talk.crew.begin()
    status, kind, body = stand.get("/metrics?x=1")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert parsed(body)["voicecli_state{state=loading}"] == 1
    stand.clock.advance(7.0)
    told = json.loads(stand.get("/health")[2])
    assert told["uptime_s"] == 7.0
    assert stand.get("/")[0] == stand.get("/metrics/x")[0] == 404


def test_health_tells_of_a_talk_that_failed(stand: Stand) -> None:
    stand.follow()
    for turn in range(3):
        stand.talk.crew.post(facts.EngineFailed(CONVERSION, turn, fault(CONVERSION)))
    assert stand.talk.failed
    status, _, body = stand.get("/health")
    assert (status, json.loads(body)["state"]) == (503, "failed")
    assert parsed(stand.get("/metrics")[2])["voicecli_failed"] == 1


def test_only_get_is_answered_and_a_head_has_no_body(stand: Stand) -> None:
    head = urllib.request.Request(stand.page.url + "/health", method="HEAD")
    with urllib.request.urlopen(head, timeout=PATIENCE_S) as answer:
        assert (answer.status, answer.read()) == (200, b"")
    post = urllib.request.Request(stand.page.url + "/metrics", b"x", method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(post, timeout=PATIENCE_S)
    caught.value.close()
    assert caught.value.code == 501


def test_a_page_that_fails_is_told_and_the_next_request_is_answered(stand: Stand) -> None:
    class Broken(Telling):
        def status(self) -> Status:
            raise ZeroDivisionError(SAID)

    broken = Broken(
        Devices(1),
        seated(LoudIsSpeech(), Judge(), Scribe([]), Answers([]), Beeper()),
        Config(),
        FakeClock(),
        0,
    )
    stand.page.follow(broken, broken.events, broken.crew.facts)
    for _ in range(2):
        status, _, body = stand.get("/metrics")
        assert status == 500
        assert "ZeroDivisionError" in body
        assert SAID not in body


def test_a_client_that_says_nothing_does_not_hold_the_talk(stand: Stand) -> None:
    stand.follow()
    port = int(stand.page.url.rpartition(":")[2])
    told = threading.Event()

    def tell() -> None:
        for number in range(5000):
            stand.talk.events.put(events.Partial(1.0, number, "so"))
        told.set()

    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE_S)):
        threading.Thread(target=tell, daemon=True).start()
        assert told.wait(PATIENCE_S)
        assert stand.get("/health")[0] == 200, "after its patience, the next one"


def test_the_end_of_a_talk_does_not_wait_for_a_client(stand: Stand) -> None:
    port, clock = int(stand.page.url.rpartition(":")[2]), MonotonicClock()
    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE_S)) as client:
        client.sendall(b"GET /me")
        began = clock.now()
        stand.page.close()
        assert clock.now() - began < endpoint.PATIENCE_S


def test_a_page_that_counts_no_more_says_so(stand: Stand) -> None:
    stand.follow()
    stand.talk.events.put(events.TurnDone(1.0, 1, "", {"total": "long"}))  # type: ignore[dict-item]  # the fault
    stand.talk.events.close()
    stand.talk.crew.facts.close()
    with pytest.raises(TypeError):
        stand.page.close()
    with pytest.raises(TypeError):
        stand.page.answer("/metrics")
    stand.page = MetricsPage("127.0.0.1", 0, stand.clock)


def test_a_port_in_use_is_refused_at_once(stand: Stand) -> None:
    port = int(stand.page.url.rpartition(":")[2])
    with pytest.raises(ConfigError, match=pattern("talk.port_busy", port=port, host="127.0.0.1")):
        MetricsPage("127.0.0.1", port, stand.clock)


def test_a_port_is_given_back(stand: Stand) -> None:
    port = int(stand.page.url.rpartition(":")[2])
    stand.get("/health")
    stand.page.close()
    MetricsPage("127.0.0.1", port, stand.clock).close()


def test_a_host_that_is_not_here_is_refused() -> None:
    with pytest.raises(ConfigError, match=pattern("talk.port_busy", host="192.0.2.1")):
        MetricsPage("192.0.2.1", 0, FakeClock())


def counted(url: str, name: str) -> str:
    """The page, as soon as this is 1 on it: a thread counts, and may be a moment behind the view."""
    deadline = MonotonicClock().now() + PATIENCE_S
    while True:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            page = str(answer.read(), "utf-8")
        if parsed(page)[name] == 1:
            return page
        assert MonotonicClock().now() < deadline, page


def test_pages_and_files_follow_a_live_talk_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHED_IN", str(tmp_path))
    with live_talk() as job:
        job.until("note: metrics: ")
        url = job.until("\r\n")
        job.until(wording("talk.press_talk", key="space"))
        job.press(f"t{SAID}\r")
        job.until(f"You said: {SAID}. (")
        seen = counted(url, "voicecli_turns_total{outcome=answered}")
        job.press("\x03")
        job.until("job ended with 0, ")
    assert parsed(seen)["voicecli_latency_seconds_count{stage=total}"] == 1
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=PATIENCE_S)
    debug, log = (tmp_path / name for name in ("debug.jsonl", "talk.log"))
    crossed = [json.loads(line)["what"] for line in debug.read_text().splitlines()]
    assert {"sound", "Typed", "Write", "ClauseVoiced", "ReplyEnded"} <= set(crossed)
    assert log.read_text().splitlines()[-1].endswith("ended; turns: 1; lost: nothing")
    for text in (seen, debug.read_text(), log.read_text()):
        assert SAID not in text


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("it", False),
    ],
)
def test_who_can_ask_is_known_by_the_address(host: str, local: bool) -> None:
    assert is_local(host) == local


def test_a_port_that_is_taken_ends_the_start_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(tone(1.0).tobytes())
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        flags = ["talk", "--plain", "--engine", "echo", "--from-file", str(path), "--metrics-port", str(port)]
        with started(*flags, network=True) as process:
            out, err = process.communicate(timeout=120)
    line = complaint(subprocess.CompletedProcess(flags, process.returncode, out, err), 2)
    assert re.search(pattern("talk.port_busy", port=port, host="127.0.0.1"), line)
    assert out == ""


def test_words_need_a_file_and_without_flags_nothing_is_opened() -> None:
    assert Watching().watchers() == ()
    with pytest.raises(ConfigError, match="--debug-words"):
        Watching(debug_words=True).watchers()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_memory_is_what_the_system_tells(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "statm").write_text("1000 25 5 1 0 9 0\n")
    assert memory_bytes(tmp_path) == 25 * os.sysconf("SC_PAGE_SIZE")
    assert memory_bytes(tmp_path / "absent") is None
    (tmp_path / "self" / "statm").write_text("\n")
    assert memory_bytes(tmp_path) is None
    here = memory_bytes()
    assert here is not None
    assert 20_000_000 < here < 20_000_000_000


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_an_address_of_ipv6_will_do() -> None:
    try:
        page = MetricsPage("::1", 0, FakeClock())
    except ConfigError:
        pytest.skip("this computer has no IPv6")
    assert page.url.startswith("http://[::1]:")
    with urllib.request.urlopen(page.url + "/health", timeout=PATIENCE_S) as answer:
        assert answer.status == 200
    page.close()
