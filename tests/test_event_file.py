"""The file of events beside the view: whole lines, for its owner alone; a full or slow disk ends no talk."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import threading
import wave
from pathlib import Path

import pytest

from rig.made_speech import speak
from rig.program import Agent, complaint, started, voicecli
from tests.sentences import pattern, wording
from tests.test_terminal import talking as live_talk
from voicecli import events
from voicecli.errors import ConfigError
from voicecli.events import WEIGHTS, Event, Heard, Listening, TurnDone, Warned, as_json, weight
from voicecli.messages import RATE_HZ
from voicecli.talk.inboxes import EVENTS
from voicecli.threads.channel import ChannelClosed
from voicecli.threads.log import Log
from voicecli.view.eventfile import EventFile
from voicecli.view.reading import show_next

PATIENCE_S = 10.0
TALK: list[Event] = [
    Listening(1.0),
    Heard(2.0, 1, "Hello \N{GREEK SMALL LETTER ALPHA}\n", "en", 0.9),
    TurnDone(3.0, 1, "Hi."),
]


def log_of_events() -> Log[Event]:
    return Log(EVENTS, WEIGHTS, weight)


def lines_of(*told: Event) -> str:
    return "".join(as_json(event) + "\n" for event in told)


def names(path: Path) -> list[str]:
    """Of the events of a file, whose lines are whole and JSON."""
    text = path.read_text(encoding="ascii")
    assert text.endswith("\n")
    return [json.loads(line)["event"] for line in text.splitlines()]


class Desk:
    """A file that follows a log."""

    def __init__(self, path: Path, capacity: int = 100) -> None:
        self.log = log_of_events()
        self.warned: list[tuple[str, str]] = []
        self.told = threading.Event()
        self.other = self.log.reader("other")
        self.reader = self.log.reader("file", capacity)
        self.file = EventFile(path)

    def follow(self) -> None:
        self.file.follow(self.reader, self.warn)

    def warn(self, found: str, remedy: str) -> None:
        self.log.put(Warned(9.0, found, remedy))
        self.warned.append((found, remedy))
        self.told.set()

    def tell(self, *told: Event) -> None:
        for event in told:
            self.log.put(event)


def test_the_file_has_the_events_and_the_last_line_is_what_ended_the_talk(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text("of another talk\n")
    desk = Desk(path)
    desk.follow()
    desk.tell(*TALK)
    desk.log.close()
    end = events.Failed(4.0, "found", "remedy")
    assert desk.file.close(end) == ""
    assert path.read_text() == lines_of(*TALK, end)
    assert [desk.other.get(0) for _ in TALK] == TALK


def test_the_end_of_a_start_that_failed_is_written(tmp_path: Path) -> None:
    path, end = tmp_path / "talk.jsonl", events.Failed(4.0, "found", "remedy")
    assert EventFile(path).close(end) == ""
    assert path.read_text() == lines_of(end)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    before = os.umask(0)
    try:
        EventFile(path).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_was_too_slow_tells_where_events_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    desk = Desk(path, capacity=2)
    desk.tell(*[events.Partial(1.0, 1, "so")] * 5, *TALK[1:])
    desk.follow()
    desk.log.close()
    desk.file.close()
    assert names(path) == ["warning", "transcript", "turn_done"]
    assert wording("files.events_lost", lost=5) in path.read_text()


def test_a_view_is_told_of_its_own_gap_and_no_other() -> None:
    log = log_of_events()
    slow, fast = log.reader("slow", 1), log.reader("fast")
    log.put(Listening(1.0))
    log.put(Listening(2.0))
    shown: dict[str, list[Event]] = {"slow": [], "fast": []}
    show_next(slow, shown["slow"].append, 0)
    show_next(fast, shown["fast"].append, 0)
    assert [each.name for each in shown["slow"]] == ["warning", "listening"]
    assert shown["fast"] == [Listening(1.0)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full: Linux has it")
def test_a_full_disk_is_told_once_and_others_read_on() -> None:
    desk = Desk(Path("/dev/full"))
    desk.follow()
    desk.tell(*TALK)
    assert desk.told.wait(PATIENCE_S)
    desk.tell(*TALK)
    desk.log.close()
    assert desk.file.close(events.Failed(4.0, "found", "remedy")) == ""
    assert [found for found, _ in desk.warned] == [wording("files.full", name="/dev/full")]
    seen = [desk.other.get(0) for _ in range(desk.other.stats().fill)]
    assert [each for each in seen if not isinstance(each, Warned)] == [*TALK, *TALK]
    with pytest.raises(ChannelClosed):
        desk.reader.get(0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full: Linux has it")
def test_a_disk_that_fills_up_at_the_very_end_is_told_by_the_end() -> None:
    desk = Desk(Path("/dev/full"))
    desk.tell(TALK[0])
    desk.log.close()
    desk.follow()
    assert desk.file.close() == wording("files.full", name="/dev/full")


def test_of_a_line_that_a_full_disk_takes_half_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "talk.jsonl"
    file = EventFile(path)
    file.show(TALK[0])
    write, room = os.write, [30]

    def write_while_there_is_room(number: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(number, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", write_while_there_is_room)
    file.show(TALK[1])
    monkeypatch.undo()
    file.show(TALK[2])
    assert file.close().endswith("(No space left on device)")
    assert path.read_text() == lines_of(TALK[0])


@pytest.mark.parametrize("place", ["absent/talk.jsonl", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigError, match=pattern("files.events_unwritten")):
        EventFile(tmp_path / place)


def test_the_file_is_written_beside_the_live_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "talk.jsonl"
    monkeypatch.setenv("JSON_FILE", str(path))
    with live_talk() as job:
        job.until(wording("talk.press_talk", key="space"))
        job.press("tHello\r")
        job.until("You said: Hello. (")
        job.press("\x03")
        job.until("job ended with 0, ")
    told = names(path)
    assert told[0] == "listening"
    assert told.index("transcript") < told.index("turn_done")


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((speak("How are you?", RATE_HZ) * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.models
@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)], ids=str)
def test_both_outputs_have_the_same_lines_and_any_end_leaves_them_whole(
    question: Path, tmp_path: Path, end: signal.Signals, code: int
) -> None:
    path = tmp_path / "talk.jsonl"
    flags = ["talk", "--json", "--engine", "echo", "--from-file", str(question), "--json-file", str(path)]
    with started(*flags) as process:
        agent = Agent(process)
        agent.until("speaking")
        process.send_signal(end)
        assert agent.wait() == code, agent.errors()
    assert names(path)[0] == "listening"
    written = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    if end == signal.SIGINT:
        assert len(written) >= len(agent.seen)
    both = min(len(written), len(agent.seen))  # who is killed may have written to one of them only
    assert written[:both] == agent.seen[:both]


@pytest.mark.models
def test_a_talk_beside_a_full_disk_goes_on_to_its_end(question: Path) -> None:
    flags = ["talk", "--plain", "--engine", "echo", "--from-file", str(question)]
    done = voicecli(*flags, "--json-file", "/dev/full")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(wording("files.full", name="/dev/full")) == 1
    assert "turn 1: " in done.stdout


@pytest.mark.models
def test_a_file_that_cannot_be_written_ends_the_start(question: Path, tmp_path: Path) -> None:
    flags = ["talk", "--engine", "echo", "--from-file", str(question)]
    line = complaint(voicecli(*flags, "--json-file", str(tmp_path / "absent" / "talk.jsonl")), 2)
    assert "absent/talk.jsonl cannot be written" in line
    assert "--json-file" in complaint(voicecli(*flags, "--json-file", "-"), 2)
