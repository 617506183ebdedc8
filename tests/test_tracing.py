"""The files of `talk --debug` and `--log`: what is in them, what never is; no talk waits for them."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sentences import pattern, wording
from tests.stepped import Stepped
from tests.test_talking import RATE_HZ, silence, tone
from tests.world import fault
from voicecli import events
from voicecli.audio.probe import EVERY_S, Crossing, Probe
from voicecli.errors import ConfigError
from voicecli.events import WEIGHTS, Event, weight
from voicecli.floor import facts
from voicecli.floor import orders as to
from voicecli.floor.stages import VOICE
from voicecli.messages import FRAME_S
from voicecli.status import Status
from voicecli.system.clock import FakeClock
from voicecli.system.linefile import LineFile
from voicecli.talk.inboxes import EVENTS, FACTS
from voicecli.threads.channel import ChannelClosed
from voicecli.threads.log import Log
from voicecli.tracing import boundaries
from voicecli.tracing.boundaries import Boundaries
from voicecli.tracing.debugfile import DebugFile
from voicecli.tracing.described import unquoted
from voicecli.tracing.talklog import OLDER, TalkLog

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_S = 10.0
SAID = "zanzibar"
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full: Linux has it")


def lines(path: Path) -> list[dict[str, object]]:
    text = path.read_text("ascii")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def never(found: str, remedy: str) -> None:
    raise AssertionError(found)


def conversation(path: Path, *, words: bool) -> Stepped:
    """Somebody asks for Zanzibar by voice and by hand, and is told of it; all of it goes into the file."""
    stepped = Stepped(f"What is {SAID}?", replies=(f"It is {SAID} and more.", f"So {SAID}."))
    file = DebugFile(path, stepped.clock.now(), words=words)
    file.follow(stepped.crew.facts, never)
    stepped.crew.ear.probe = stepped.crew.mouth.probe = file.probe
    stepped.hears(silence(0.3), tone(0.8), silence(0.6))
    stepped.works()
    stepped.hears(silence(2.0))
    stepped.types(f"{SAID} again")
    stepped.works()
    stepped.hears(silence(2.5))
    stepped.crew.facts.put((9.0, facts.Noticed(f"'{SAID}'", f'say "{SAID}"'), []))
    stepped.crew.facts.put((9.0, facts.ReplyWritten(1, None, beginning=SAID, fault=fault(VOICE)), []))
    stepped.crew.events.put(events.Warned(9.0, SAID, SAID, 1))
    stepped.crew.facts.close()
    assert file.close() == ""
    return stepped


# ---- boundaries


def test_each_boundary_of_a_question_and_its_answer_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "debug.jsonl"
    conversation(path, words=False)
    seen = lines(path)
    crossed = [(line["from"], line.get("to"), line["what"]) for line in seen]
    for crossing in (
        ("microphone", None, "sound"),
        ("frames", None, "sound"),
        ("ear", "floor", "Frame"),
        ("ear", "floor", "SpeechStarted"),
        ("ear", "floor", "SpeechPaused"),
        ("floor", "scribe", "Transcribe"),
        ("scribe", "floor", "Transcribed"),
        ("floor", "judge", "Judge"),
        ("judge", "floor", "Judged"),
        ("floor", "author", "Write"),
        ("author", "floor", "ClauseWritten"),
        ("floor", "mouth", "Say"),
        ("voice", None, "sound"),
        ("mouth", "floor", "ClauseVoiced"),
        ("floor", "views", "Tell"),
        ("keys", "floor", "Typed"),
    ):
        assert crossing in crossed, crossing
    assert "worker" not in {line["from"] for line in seen if line["what"] != "Noticed"}
    times = [line["t"] for line in seen if line["what"] == "Frame"]
    assert times == sorted(times)  # type: ignore[type-var]  # numbers


def test_sound_has_its_shape_its_level_and_its_limits(tmp_path: Path) -> None:
    path = tmp_path / "debug.jsonl"
    conversation(path, words=False)
    (asked,) = [line for line in lines(path) if line["what"] == "Transcribe" and line["paused"]][:1]
    sound = asked["utterance"]
    assert isinstance(sound, dict)
    assert sound["dtype"] == "float32"
    assert sound["max"] == pytest.approx(0.3, abs=0.01)
    assert sound["min"] == pytest.approx(-0.3, abs=0.01)
    assert -20 < sound["level_dbfs"] < -13
    assert sound["duration_s"] == pytest.approx(sound["shape"][0] / RATE_HZ, abs=1e-3)
    voiced = next(line for line in lines(path) if line["from"] == "voice")
    assert (voiced["dtype"], voiced["pieces"]) == ("int16", 1)
    assert isinstance(voiced["max"], float)
    assert voiced["max"] > 1000


def test_frames_are_told_of_once_a_second(tmp_path: Path) -> None:
    path = tmp_path / "debug.jsonl"
    conversation(path, words=False)
    told = [line for line in lines(path) if line["what"] == "Frame"]
    counts = [line["count"] for line in told]
    assert all(isinstance(count, int) and count <= boundaries.EVERY_S / FRAME_S + 2 for count in counts)
    assert 5 <= len(told) <= 9
    assert any(isinstance(line["max_dbfs"], float) and line["max_dbfs"] > -20 for line in told)


def test_an_answer_has_the_time_since_it_was_asked_for() -> None:
    made = Boundaries(100.0, words=False)
    order = to.Write(1, 1, (), judges=False)
    assert [json.loads(line)["t"] for line in made.fact(101.0, facts.Tick(), [order])] == [1.0]
    (line,) = made.fact(101.25, facts.ReplyWritten(1, None), [])
    assert json.loads(line)["took_s"] == 0.25
    (line,) = made.fact(101.5, facts.ReplyWritten(1, None), [])
    assert "took_s" not in json.loads(line)


def test_the_boundary_of_each_fact_and_order_is_known() -> None:
    """Of a new one, say here who reports it, or who gets it."""
    several = {facts.Noticed, facts.EngineFailed, facts.EngineLate, facts.Frame, *boundaries.PASSING}
    reported = [kind for kinds in boundaries.FROM.values() for kind in kinds]
    ordered = [kind for kinds in boundaries.TO.values() for kind in kinds]
    assert {*reported, *several} == set(get_args(facts.Fact))
    assert set(ordered) == set(get_args(to.Order))
    assert len(reported) == len(set(reported))
    assert len(ordered) == len(set(ordered))
    assert set(boundaries.ANSWERS.values()) <= set(ordered)


def test_times_count_from_the_beginning_of_the_talk() -> None:
    made = Boundaries(100.0, words=False)
    (line,) = made.fact(101.0, facts.ClauseVoiced(1, 0, 0.2, made_at=100.9), [])
    assert json.loads(line)["made_at"] == 0.9


@pytest.mark.parametrize("words", [False, True])
def test_what_was_said_is_in_the_file_only_if_it_is_asked_for(tmp_path: Path, words: bool) -> None:
    path = tmp_path / "debug.jsonl"
    stepped = conversation(path, words=words)
    assert "".join(map(repr, stepped.told())).count(SAID) > 3, "it was said"
    assert (SAID in path.read_text()) == words


TEXT = st.text(min_size=1).map(lambda text: f"{SAID}{text}")
SPOKEN = st.one_of(
    TEXT.map(facts.Typed),
    TEXT.map(lambda text: facts.ClauseWritten(1, 0, text, 1.0)),
    TEXT.map(lambda text: facts.ReplyEnded(1, text, whole=True)),
    TEXT.map(lambda text: facts.CueMade("en", text, made=True)),
    TEXT.map(lambda text: facts.ReplyWritten(1, None, beginning=text)),
)


@given(SPOKEN, TEXT)
def test_whatever_is_said_makes_a_line_of_ascii_without_it(fact: facts.Fact, text: str) -> None:
    orders: list[to.Order] = [to.Cue("en", text), to.Tell(events.Partial(1.0, 1, text))]
    made = list(Boundaries(0.0, words=False).fact(1.0, fact, orders))
    assert len(made) == 3
    for line in made:
        assert re.fullmatch(r"[ -~]+", line)
        assert SAID not in line
        assert json.loads(line)["t"] == 1.0


@given(st.text())
def test_a_message_keeps_nothing_that_it_quotes(text: str) -> None:
    quoted = text.replace("'", "")
    assert unquoted(f"no voice says '{SAID}{quoted}' here") == "no voice says ... here"
    assert unquoted(f"only \N{HAPPY PERSON RAISING ONE HAND}{quoted}").isascii()


# ---- the probe


def told_by(probe_for: list[Crossing]) -> Probe:
    return Probe(probe_for.append)


def test_small_pieces_are_told_of_together() -> None:
    told: list[Crossing] = []
    probe = told_by(told)
    loud = np.array([[1000], [-2000]], np.int16)
    for number in range(12):
        probe.piece("microphone", loud if number == 3 else loud // 100, 2, number * EVERY_S / 10)
    (crossing,) = told
    assert (crossing.pieces, crossing.duration_s) == (11, 11.0)
    assert crossing.at == pytest.approx(EVERY_S)
    assert (crossing.figures.least, crossing.figures.greatest, crossing.figures.shape) == (
        -2000,
        1000,
        (2, 1),
    )


def test_a_talk_without_a_file_has_no_probe() -> None:
    crew = Stepped().crew
    assert crew.ear.probe is None
    assert crew.mouth.probe is None


def test_silence_and_nothing_have_a_level() -> None:
    told: list[Crossing] = []
    told_by(told).whole("voice", np.zeros(0, np.int16), 16_000, 1.0)
    told_by(told).whole("voice", np.zeros(10, np.float32), 16_000, 1.0)
    assert [each.figures.level_dbfs for each in told] == [-100.0, -100.0]


# ---- the file of boundaries


def facts_log() -> Log[tuple[float, facts.Fact, list[to.Order]]]:
    return Log(FACTS)


def test_who_lags_loses_the_oldest_and_says_how_many(tmp_path: Path) -> None:
    path, log = tmp_path / "debug.jsonl", facts_log()
    file = DebugFile(path, 0.0, words=False, facts=2, sounds=1)
    reader = log.reader("debug", 2)
    for number in range(5):
        log.put((float(number), facts.Pressed(str(number)), []))
    for at in (1.0, 2.0, 3.0):
        file.probe.whole("voice", np.ones(4, np.int16), 16_000, at)
    file.write_next(reader, 0)
    file.write_next(reader, 0)
    assert file.close() == ""
    sound, lost, *pressed = lines(path)
    assert (sound["what"], sound["t"]) == ("sound", 3.0)
    assert (lost["what"], lost["count"]) == ("lost", 5)
    assert [line["key"] for line in pressed] == ["3", "4"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_slow_disk_does_not_hold_who_reports(tmp_path: Path) -> None:
    """The file is a pipe that nobody empties."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    far = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log, clock = facts_log(), FakeClock()
    file = DebugFile(path, clock.now(), words=True, facts=10)
    file.follow(log, lambda *_: None)
    done = threading.Event()

    def report() -> None:
        for number in range(3000):
            log.put((float(number), facts.Typed("x" * 100), []))
        done.set()

    threading.Thread(target=report, daemon=True).start()
    assert done.wait(PATIENCE_S)
    assert log.lost > 0
    log.close()
    os.close(far)
    file.close()


@needs_full
def test_a_full_disk_is_told_once_and_the_talk_goes_on() -> None:
    told: list[str] = []
    warned = threading.Event()

    def warn(found: str, remedy: str) -> None:
        told.append(found)
        warned.set()

    log = facts_log()
    file = DebugFile(FULL, 0.0, words=False)
    file.follow(log, warn)
    log.put((1.0, facts.Pressed("m"), []))
    assert warned.wait(PATIENCE_S)
    log.put((2.0, facts.Pressed("m"), []))
    log.close()
    assert file.close() == ""
    assert told == [wording("files.debug_full", name="/dev/full")]


def test_the_file_of_boundaries_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "debug.jsonl"
    DebugFile(path, 0.0, words=False).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match=pattern("files.debug_unwritten")):
        DebugFile(tmp_path / "absent" / "debug.jsonl", 0.0, words=False)


def test_a_file_of_lines_takes_nothing_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines"
    file = LineFile(path, "--debug")
    file.write("one")

    def refuse(number: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    file.write("two")
    monkeypatch.undo()
    file.write("three")
    file.close()
    assert path.read_text() == "one\n"
    assert file.failure == "No space left on device"


# ---- the log


def status(losses: Mapping[str, int]) -> Status:
    return Status("listening", -60.0, -70.0, "Yeti\nNano", "Speaker", "it", "", dict(losses))


@dataclass
class Desk:
    """A log in a file, which the test writes."""

    path: Path
    clock: FakeClock
    log: TalkLog
    losses: dict[str, int]

    def tell(self, *told: Event) -> list[str]:
        """The lines of a talk with these events."""
        events_log: Log[Event] = Log(EVENTS, WEIGHTS, weight)
        self.log.follow(events_log, lambda: status(self.losses), never)
        for event in told:
            events_log.put(event)
        events_log.close()
        self.clock.advance(61.5)
        assert self.log.close() == ""
        return self.path.read_text("ascii").splitlines()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    path, clock = tmp_path / "logs" / "voicecli.log", FakeClock()
    return Desk(path, clock, TalkLog(path, clock), {})


def test_the_log_has_starts_devices_turns_warnings_and_errors(desk: Desk) -> None:
    desk.losses["gaps in the reply"] = 2
    told = desk.tell(
        events.Listening(1.5, "it"),
        events.SpeechBegan(2.0, 1),
        events.Interrupted(3.0, 1, SAID),
        events.TurnDone(3.0, 1, SAID, {"pause": 40.2, "total": 811.9}, drafts_dropped=2),
        events.Warned(4.0, "the microphone 'Yeti' stopped", "plug it in"),
        events.Failed(5.0, f"it said '{SAID}'", "ask again", 2),
    )
    assert [line[30:37].strip() for line in told] == [
        "INFO",
        "INFO",
        "INFO",
        "INFO",
        "WARNING",
        "ERROR",
        "INFO",
    ]
    started, listening, interrupted, turn, warned, failed, ended = told
    assert started.startswith("2026-03-17 15:42:00.000+00:00 INFO ")
    assert listening.startswith("2026-03-17 15:42:01.500+00:00 INFO ")
    assert "microphone: Yeti Nano; loudspeaker: Speaker" in listening
    assert "turn 1" in interrupted
    assert "pause 40, total 812" in turn
    assert "'Yeti'" in warned
    assert failed.endswith("turn 2: it said ...; ask again")
    assert ended.startswith("2026-03-17 15:43:01.500+00:00")
    assert ended.endswith("turns: 1; lost: gaps in the reply: 2")
    assert SAID not in desk.path.read_text()


def test_no_word_of_a_conversation_is_in_the_log(desk: Desk) -> None:
    stepped = Stepped(f"What is {SAID}?", replies=(f"It is {SAID} and more.",))
    reader = stepped.crew.events.reader("copy")
    stepped.hears(silence(0.3), tone(0.8), silence(0.6))
    stepped.works()
    stepped.hears(silence(2.0))
    told = [reader.get(0) for _ in range(reader.stats().fill)]
    assert SAID in "".join(map(repr, told))
    written = desk.tell(*told)
    assert any("turn 1: ms:" in line for line in written)
    assert not any(SAID in line for line in written)


def test_the_next_talk_goes_on_in_the_same_file(desk: Desk) -> None:
    first = desk.tell()
    again = TalkLog(desk.path, desk.clock)
    assert again.close(events.Failed(2.0, "found", "remedy")) == ""
    written = desk.path.read_text().splitlines()
    assert written[: len(first)] == first
    assert written[-2].endswith("ERROR   found; remedy")


def test_the_log_and_its_older_parts_are_bounded_and_private(tmp_path: Path) -> None:
    path, clock = tmp_path / "voicecli.log", FakeClock()
    before = os.umask(0)
    try:
        log = TalkLog(path, clock, most_bytes=1000)
        for turn in range(200):
            log.write(events.TurnDone(1.0, turn, "", {"total": 500.0}))
        log.close()
    finally:
        os.umask(before)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["voicecli.log", *(f"voicecli.log.{n + 1}" for n in range(OLDER))]
    for file in files:
        assert file.stat().st_size <= 1000
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "turn 199" in path.read_text()


def test_a_log_that_lags_says_how_many_events_are_missing(desk: Desk) -> None:
    events_log: Log[Event] = Log(EVENTS, WEIGHTS, weight)
    reader = events_log.reader("log", 1)
    for turn in (1, 2, 3):
        events_log.put(events.TurnDone(1.0, turn, ""))
    desk.log.write_next(reader, 0)
    desk.log.close()
    assert desk.path.read_text().splitlines()[1].endswith("WARNING events missing here: 2")


@needs_full
def test_a_full_disk_ends_the_log_and_is_told_once() -> None:
    log = TalkLog(FULL, FakeClock())
    log.write(events.TurnDone(1.0, 1, ""))
    assert log.close() == wording("files.debug_full", name="/dev/full")


def test_a_log_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "voicecli.log"):
        with pytest.raises(ConfigError, match=pattern("files.log_unwritten")):
            TalkLog(path, FakeClock())


def test_a_log_whose_talk_ends_while_it_tells_of_a_full_disk_ends(tmp_path: Path) -> None:
    events_log: Log[Event] = Log(EVENTS, WEIGHTS, weight)
    log = TalkLog(tmp_path / "voicecli.log", FakeClock())

    def closed(found: str, remedy: str) -> None:
        raise ChannelClosed("events")

    log.follow(events_log, lambda: replace(status({}), state="listening"), closed)
    events_log.close()
    assert log.close() == ""
