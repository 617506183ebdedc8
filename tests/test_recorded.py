"""A recorded talk is read again: its words, its figures, what differs; and a folder may hold anything."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rig.made_speech import speak
from rig.program import complaint, voicecli
from tests.desk import Desk, Disk, places
from tests.recording_child import Noisy
from tests.seats import seated
from tests.sentences import pattern
from tests.studio import Studio
from tests.test_talking import Answers, Beeper, Judge, LoudIsSpeech, Scribe
from voicecli.audio.level import to_int16
from voicecli.audio.recordings.files import WavWriter
from voicecli.cli.records.replaying import PLAY_HZ, aloud_again
from voicecli.cli.talk.with_recorder import followed
from voicecli.config import Config
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.errors import AudioFileError
from voicecli.events import Event, Heard, Interrupted, Speaking, TurnDone, Warned
from voicecli.messages import RATE_HZ
from voicecli.records.notes import TRANSCRIPT
from voicecli.records.reading.compared import compare
from voicecli.records.reading.recorded import LONGEST_LINE, USER, Recorded, event_of
from voicecli.records.reading.tally import TalkTally, percentiles
from voicecli.records.recorder import Recorder
from voicecli.system.clock import MonotonicClock
from voicecli.talk import Talk
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from pathlib import Path


def sound_t(folder: Path) -> float:
    """When the sound begins."""
    return Recorded(folder).pieces()[0].t


def latency_ms(total: float) -> dict[str, float]:
    return {**dict.fromkeys(STAGES, 0.0), "transcribe": total, "total": total}


TALK: list[Event] = [
    Heard(1.0, 1, "What time is it?", "en", 0.9),
    Speaking(2.0, 1, 0, "It is noon, my friend."),
    Interrupted(2.5, 1, "It is"),
    TurnDone(2.6, 1, "It is", latency_ms(500.0)),
    Heard(4.0, 2, "Thank you!", "en", 0.9),
    TurnDone(5.0, 2, "You are welcome.", latency_ms(700.0)),
    TurnDone(6.0, 3, ""),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    desk = Desk(tmp_path / "talk")
    desk.clicks = [1.0]
    for event in TALK:
        desk.log.put(event)
    desk.losses = {"gaps in the reply": 3}
    desk.records(2.0)
    desk.ends()
    return desk.folder


def test_the_figures_are_those_of_the_events(folder: Path) -> None:
    live, recorded = TalkTally(), Recorded(folder).tally()
    for event in TALK:
        live.add(event)
    for tally in (live, recorded):
        assert (tally.turns, tally.interruptions) == (3, 1)
        total = tally.of("total")
        assert total is not None
        assert (total.count, total.p50, total.p90, total.p99) == (2, 600.0, 700.0, 700.0)
    assert recorded.losses == {"gaps in the reply": 3}


def test_percentiles_are_values_that_the_turns_do_not_exceed() -> None:
    found = percentiles([float(n) for n in range(1, 201)])
    assert found is not None
    assert (found.count, found.p50, found.p90, found.p99) == (200, 100.5, 180.0, 198.0)
    assert percentiles([]) is None


def test_a_talk_compared_with_itself_is_the_same_and_its_latency_does_not_count() -> None:
    slower = [
        TurnDone(e.t, e.turn, e.heard, latency_ms(900.0)) if isinstance(e, TurnDone) else e for e in TALK
    ]
    assert not compare(TALK, slower).any


@pytest.mark.parametrize(
    ("instead", "same"),
    [
        (TALK[1:], 2),
        ([Heard(1.0, 1, "What is the time?", "en", 0.9), *TALK[1:]], 4),
        (TALK[:-1], 6),
        ([event for event in TALK if not isinstance(event, Interrupted)], 6),
    ],
)
def test_what_differs_is_found(instead: list[Event], same: int) -> None:
    found = compare(TALK, instead)
    assert found.any
    assert found.same_words == same


def test_the_commands_show_it(folder: Path) -> None:
    shown = voicecli("replay", "--silent", str(folder))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [line.split(None, 1)[1] for line in shown.stdout.splitlines()] == [
        "you: What time is it?",
        "voicecli: It is noon, my friend.",
        "interrupted after: It is",
        "you: Thank you!",
    ]
    figures = voicecli("stats", str(folder))
    assert (figures.returncode, figures.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in figures.stdout.splitlines()}
    assert rows["total"] == ["600", "700", "700", "2"]
    assert set(STAGES) <= rows.keys()


def test_a_folder_that_is_no_recording_is_told_in_a_line(tmp_path: Path) -> None:
    for command in (["stats"], ["replay", "--silent"], ["replay", "--through"], ["replay"]):
        complaint(voicecli(*command, str(tmp_path)), 1)
    complaint(voicecli("replay", "--through", "--silent", str(tmp_path)), 2)
    complaint(voicecli("talk", "--max-minutes", "3"), 2)


def test_both_sides_are_played_and_words_come_in_their_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    studio = Studio(monkeypatch)
    studio.add("Desk", 0, 1)
    aloud_again(Recorded(folder), Config(), studio.clock)
    played = np.concatenate(studio.played[0]).astype(np.float32) / np.float32(32767)
    (clicked,) = places(played, [1.0 - sound_t(folder)])
    assert clicked == pytest.approx(1.0 - sound_t(folder), abs=0.002)
    assert np.abs(played).max() > 0.8  # both sides clicked at once, with 0.5 each
    length_s = sum(map(len, Recorded(folder).side(PLAY_HZ, USER))) / PLAY_HZ
    assert length_s <= len(played) / PLAY_HZ + 0.02 <= length_s + 0.15  # a rest below a block is left out
    assert len(capsys.readouterr().out.splitlines()) == 4


# ---- anything may be in it


def test_a_last_line_that_was_cut_is_left_out(folder: Path) -> None:
    path = folder / TRANSCRIPT
    whole = len(list(Recorded(folder).lines()))
    path.write_bytes(path.read_bytes()[:-5])
    assert len(list(Recorded(folder).lines())) == whole - 1


BAD = [
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"event": "transcript"}',
    b'{"event": "transcript", "t": NaN}',
    b'{"event": "transcript", "t": 1e999}',
    b'{"event": "transcript", "t": "1"}',
    b'{"event": 5, "t": 1}',
    b"[" * 100_000,
    b'{"event": "x", "t": ' + b"9" * 10_000 + b"}",
    b" " * (LONGEST_LINE + 1),
]


@pytest.mark.parametrize("line", BAD, ids=range(len(BAD)))
def test_a_line_that_is_none_is_told_with_its_number(folder: Path, line: bytes) -> None:
    path = folder / TRANSCRIPT
    path.write_bytes(b'{"event": "listening", "t": 1.0}\n' + line + b"\n")
    with pytest.raises(AudioFileError, match=pattern("records.bad_line", number=2)):
        Recorded(folder).tally()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=5,
)
FIELDS = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["transcript", "turn_done", "interrupted", "losses", "sound"]),
        "t": st.floats(0, 9),
    },
    optional=dict.fromkeys(("text", "turn", "heard", "language", "latency_ms", "losses", "file"), JSON),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.lists(FIELDS, max_size=4))
@example([{"event": "turn_done", "t": 1, "latency_ms": {"total": float("nan")}}])
@example([{"event": "losses", "t": 1, "losses": {"\x1b[2J": 5, "events lost": 10**400}}])
def test_fields_of_any_kind_are_read_or_refused_in_a_line(
    folder: Path, lines: list[dict[str, object]]
) -> None:
    (folder / TRANSCRIPT).write_text("".join(json.dumps(line) + "\n" for line in lines))
    recorded, refused = Recorded(folder), ""
    try:
        tally = recorded.tally()
        assert tally.short().isprintable()
        assert list(tally.table())
        assert recorded.pieces()
        assert not compare(recorded.events(), recorded.events()).any
    except AudioFileError as error:
        refused = str(error)
    assert "\n" not in refused


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused_in_a_line(folder: Path, data: bytes) -> None:
    (folder / TRANSCRIPT).write_bytes(data)
    refused = ""
    try:
        for line in Recorded(folder).lines():
            event_of(line)
    except AudioFileError as error:
        refused = str(error)
    assert "\n" not in refused


def test_a_transcript_cannot_name_a_file_elsewhere(folder: Path) -> None:
    elsewhere = folder.parent / "conversation.flac"
    elsewhere.write_bytes((folder / "conversation.flac").read_bytes())
    (folder / "conversation.flac").unlink()
    line = {"event": "sound", "t": 0.0, "file": "../conversation.flac"}
    (folder / TRANSCRIPT).write_text(json.dumps(line) + "\n")
    with pytest.raises(AudioFileError, match=pattern("records.no_sound", folder=folder)):
        Recorded(folder).pieces()


def test_sound_that_is_none_is_told_in_a_line(folder: Path) -> None:
    (folder / "conversation.flac").write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(AudioFileError) as caught:
        list(Recorded(folder).side(RATE_HZ, USER))
    assert "\n" not in str(caught.value)


# ---- with a talk


@pytest.mark.parametrize("muted", [False, True])
def test_a_muted_microphone_is_muted_in_the_recording(tmp_path: Path, muted: bool) -> None:
    clock, config, folder = MonotonicClock(), Config(), tmp_path / "talk"
    recorder = Recorder(folder, config, clock, clock.now())
    ticks = threading.Event()  # never set
    streams = recorder.over(SimulatedStreams(Noisy(), RATE_HZ, 20, clock))
    engines = seated(LoudIsSpeech(), Judge(), Scribe([]), Answers([]), Beeper())
    talk = Talk(streams, engines, config, clock, clock.now())
    recorder.follow(followed(talk))
    if muted:
        talk.controls.mute_microphone()
    talk.start()
    recorder.start()
    while talk.crew.capture.received < RATE_HZ or not any(folder.glob("*.flac")):
        clock.wait(ticks, 0.05)
    assert talk.close(timeout_s=5)
    assert recorder.close() == ""
    user = np.concatenate(list(Recorded(folder).side(RATE_HZ, USER)))
    assert len(user) > 0
    assert user[RATE_HZ // 10 :].any() != muted  # what was said before the key was pressed counts
    assert [line.name for line in Recorded(folder).lines()][-1] == "end"


def test_a_talk_beside_a_full_disk_goes_on_and_is_told_once(tmp_path: Path) -> None:
    clock, config, disk = MonotonicClock(), Config(), Disk()
    recorder = Recorder(tmp_path / "talk", config, clock, clock.now(), opened=disk.open)
    disk.room = 0
    streams = recorder.over(SimulatedStreams(RecordedUser(), RATE_HZ, 20, clock))
    engines = seated(LoudIsSpeech(), Judge(), Scribe([]), Answers(["First.", "Second."]), Beeper())
    talk = Talk(streams, engines, config, clock, clock.now())
    reader = talk.events.reader("test")
    recorder.follow(followed(talk))
    talk.start()
    recorder.start()
    told: list[Event] = []
    for wanted in (Warned, TurnDone, TurnDone):
        while not told or not isinstance(told[-1], wanted):
            told.append(reader.get(60))
        if len([event for event in told if isinstance(event, TurnDone)]) < 2:
            talk.controls.say("go on")
    assert talk.close(timeout_s=5)
    assert recorder.close() == ""
    assert recorder.failed
    assert [type(event) for event in told].count(Warned) == 1


# ---- with everything


@pytest.mark.models
def test_a_talk_is_recorded_shown_and_held_again(tmp_path: Path) -> None:
    question, folder = tmp_path / "question.wav", tmp_path / "talk"
    with WavWriter(question, RATE_HZ, 1) as wav:
        wav.write(to_int16(speak("How are you today?", RATE_HZ)))
    flags = ["--plain", "--engine", "echo", "--from-file", str(question), "--record", str(folder)]
    done = voicecli("talk", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(folder) in done.stdout
    recorded = Recorded(folder)
    assert recorded.tally().turns == 1
    lines = {line.name: line for line in recorded.lines()}
    assert lines["sound"].t < lines["user_speech"].t < lines["transcript"].t
    assert lines["agent_words"].turn() == 1
    again = voicecli("replay", "--through", str(folder), env=None)
    assert "Traceback" not in again.stderr
    assert again.returncode in (0, 1)
    last = again.stdout.splitlines()[-4:]
    assert last[1].count("1") == 2
