"""The whole pipeline in real time on simulated devices, with engines that do simple things at once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest

from tests.engine_fakes import Asked, LanguageModel, Recogniser
from tests.seats import seated
from tests.sentences import wording
from voicecli import events
from voicecli.audio.level import level_dbfs, to_float
from voicecli.audio.streams import Notice
from voicecli.config import Config
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.errors import DeviceError, EngineError, StageError
from voicecli.floor.agent import answering
from voicecli.floor.stages import TRANSCRIBER
from voicecli.floor.turns.faults import StageLimits
from voicecli.messages import (
    FRAME_S,
    ChatMessage,
    Float32Frame,
    GenerationStats,
    ScoredFrame,
    Transcript,
)
from voicecli.reply.conversation.aside import own_words
from voicecli.speak.voice import Piece
from voicecli.system.clock import MonotonicClock
from voicecli.talk import Talk as RealTalk
from voicecli.talk import attempts
from voicecli.talk.ear import Ear
from voicecli.threads.channel import ChannelClosed
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from voicecli.messages import Float32, Int16

RATE_HZ = 16_000
LINE_HZ = 200
LONGEST_S = 2.8
"""1.3 s of speech, with the longest pause that is left for its end."""
E = TypeVar("E", bound=events.Event)


def tone(seconds: float, line: int = 0) -> Int16:
    """Sound that the scribe hears as that line of its script."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * LINE_HZ * (line + 2) * at) * 0.3 * 32767).astype(np.int16)


def silence(seconds: float) -> Int16:
    return np.zeros(round(seconds * RATE_HZ), np.int16)


class LoudIsSpeech:
    """A detector for tones."""

    def __init__(self) -> None:
        self.silence: list[bool] = []
        """Of each frame without a tone: whether it had to be looked at."""
        self.quiet = 0
        """Frames since the last tone."""
        self.fails: list[Exception] = []
        """What it raises on the next tones."""

    def score(self, frame: Float32Frame, quiet_dbfs: float) -> ScoredFrame:
        level = level_dbfs(frame.samples)
        self.quiet = 0 if level > -40 else self.quiet + 1
        if self.fails and not self.quiet:
            raise self.fails.pop(0)
        if self.quiet:
            self.silence.append(level >= quiet_dbfs)
        return ScoredFrame(frame, 1.0 if level > -40 else 0.0, level)


@dataclass
class Scribe(Recogniser):
    """Knows the line of a script by the pitch of its tone, in as many tones as there are in the sound."""

    lines: list[str]
    mishears: list[str | Exception] = field(default_factory=list)
    """What the first passes give instead; an exception in it is raised."""
    passes: list[bool] = field(default_factory=list)
    """Of each pass: whether it was provisional."""
    began: threading.Event = field(default_factory=threading.Event)
    goes: threading.Event = field(default_factory=threading.Event)
    """Every pass waits for it."""
    language: str = "en"

    def __post_init__(self) -> None:
        self.goes.set()

    def hear(self, samples: Float32, asked: Asked) -> Transcript:
        self.passes.append(asked.provisional)
        self.began.set()
        assert self.goes.wait(60)
        frames = samples[: samples.size // 400 * 400].reshape(-1, 400)  # 25 ms: 40 Hz to a bin
        peaks = np.abs(np.fft.rfft(frames)).argmax(axis=1) * 40
        heard = [
            round(hz / LINE_HZ) - 2
            for frame, hz in zip(frames, peaks, strict=True)
            if level_dbfs(frame) > -40
        ]
        runs = [(line, sum(1 for _ in run)) for line, run in itertools.groupby(heard)]
        text = " ".join(words for line, count in runs if count > 2 and (words := self.lines[line]))
        instead = self.mishears.pop(0) if self.mishears else text
        if isinstance(instead, Exception):
            raise instead
        text = instead
        return Transcript(text, self.language if text else "", 0.9 if text else 0.0)


@dataclass
class Judge:
    """Sure that every pause is the end."""

    goes: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    fails: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.goes.set()

    def complete(self, samples: Float32) -> float:
        assert samples.size
        if self.fails:
            raise self.fails.pop(0)
        self.asked.set()
        assert self.goes.wait(60)
        return 0.98


@dataclass
class Answers(LanguageModel):
    """A language model that answers from a script, then with an echo; an exception in it is raised."""

    replies: list[str | Exception]
    told: list[list[ChatMessage]] = field(default_factory=list)
    asked: list[list[ChatMessage]] = field(default_factory=list)
    """What it was told, without the time of day before the user's words."""
    done: list[tuple[str, str]] = field(default_factory=list)
    """Each call, and the words it ended in."""
    name = "script"
    reads_ahead = True

    def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
        self.done.append(("warm", messages[-1].content))

    def reply(self, messages: Sequence[ChatMessage]) -> tuple[Sequence[str], GenerationStats]:
        self.told.append(list(messages))
        self.asked.append([ChatMessage(each.role, own_words(each.content)) for each in messages])
        words = self.asked[-1][-1].content
        self.done.append(("ask", words))
        reply = self.replies.pop(0) if self.replies else f"You said: {words}"
        if isinstance(reply, Exception):
            raise reply
        return [f"{word} " for word in reply.split(" ")], GenerationStats(40, 7, len(reply))


class Beeper:
    """A voice that takes a tenth of a second for each word."""

    rate_hz = RATE_HZ
    language = "en"
    languages: frozenset[str] | None = frozenset({"en"})

    def __init__(self) -> None:
        self.fails: list[Exception | None] = []
        """What it raises on the next clauses, where that is something."""

    def say(self, text: str) -> Iterator[Piece]:
        """In two parts, as a voice does."""
        if self.fails and (failure := self.fails.pop(0)) is not None:
            raise failure
        samples = tone(0.1 * len(text.split()))
        half = len(samples) // 2
        yield Piece(samples[:half], len(samples) - half)
        yield Piece(samples[half:])


class Streams(SimulatedStreams):
    """Devices that may have something to tell."""

    notice: Notice | None = None

    def poll(self, *, idle: bool = False) -> list[Notice]:
        told, self.notice = self.notice, None
        return super().poll() + ([] if told is None else [told])


@dataclass
class Talk:
    pipeline: RealTalk
    user: RecordedUser
    streams: Streams
    detector: LoudIsSpeech
    scribe: Scribe
    judge: Judge
    answers: Answers
    tape: list[tuple[Int16, Int16]]
    seen: list[events.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ticks = threading.Event()  # never set
        self.events = self.pipeline.events.reader("test")

    def until(self, kind: type[E]) -> E:
        """Wait for the next event of this kind; a worker that fails meanwhile is raised."""
        for _ in range(60):
            self.pipeline.check()
            with suppress(TimeoutError):
                self.seen.append(self.events.get(0.5))
                if isinstance(self.seen[-1], kind):
                    return self.seen[-1]
        raise AssertionError(f"no {kind.name} came after {self.names()}")

    def until_failure(self) -> None:
        """Look for a failed worker as a command does, until there is one."""
        while True:
            self.pipeline.check()
            with suppress(TimeoutError):
                self.seen.append(self.events.get(0.05))

    def says(self, *pieces: Int16) -> None:
        self.user.say(iter(pieces))

    def names(self) -> list[str]:
        """Of the events, but for partial words and levels: how many of these come is a matter of time."""
        return [
            event.name
            for event in self.seen
            if not isinstance(event, events.Partial | events.MicrophoneLevel)
        ]

    def played(self) -> Float32:
        return to_float(np.concatenate([played for _, played in self.tape]))

    def spoken(self) -> Float32:
        return to_float(np.concatenate([spoken for spoken, _ in self.tape]))


@contextmanager
def talking(
    lines: list[str],
    replies: list[str | Exception],
    *,
    headphones: bool = False,
    push_to_talk: bool = False,
    answers: type[Answers] = Answers,
    notice: Notice | None = None,
    longest_s: float | None = None,
    voice: Beeper | None = None,
) -> Iterator[Talk]:
    """`longest_s`: speech, with the pause after it, that is too long for one pass."""
    config = Config()
    update: dict[str, object] = {"audio": config.audio.model_copy(update={"headphones": headphones})}
    if longest_s is not None:
        update["segment"] = config.segment.model_copy(update={"max_utterance_s": longest_s})
    config = config.model_copy(update=update)
    clock, user = MonotonicClock(), RecordedUser()
    tape: list[tuple[Int16, Int16]] = []
    streams = Streams(
        user, RATE_HZ, 20, clock, lambda spoken, played: tape.append((spoken.copy(), played.copy()))
    )
    detector, scribe, judge, model = LoudIsSpeech(), Scribe(lines), Judge(), answers(replies)
    engines = seated(detector, judge, scribe, model, voice or Beeper())
    streams.notice = notice
    pipeline = RealTalk(streams, engines, config, clock, clock.now(), push_to_talk=push_to_talk)
    talk = Talk(pipeline, user, streams, detector, scribe, judge, model, tape)
    pipeline.start()
    try:
        yield talk
    finally:
        scribe.goes.set()
        judge.goes.set()
        assert pipeline.close(timeout_s=5)


def edges(samples: Float32) -> tuple[int, int]:
    """First and last loud sample."""
    loud = np.nonzero(np.abs(samples) > 0.02)[0]
    return int(loud[0]), int(loud[-1])


def test_a_new_day_is_read_while_nobody_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    came = threading.Event()

    class Noting(Answers):
        def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
            read.append(messages[0].content.partition(".")[0])
            if len(read) == 2:
                came.set()

    today = [datetime(2026, 3, 17, tzinfo=UTC)]
    monkeypatch.setattr(MonotonicClock, "local", lambda _: today[0])
    monkeypatch.setattr(answering, "DATE_CHECK_S", 0.005)
    with talking([], [], answers=Noting) as talk:
        talk.until(events.Listening)
        today[0] += timedelta(days=1)
        assert came.wait(60)
    assert read == ["Today is Tuesday, March 17, 2026", "Today is Wednesday, March 18, 2026"]


def test_a_question_is_answered_and_its_events_come_in_order() -> None:
    with talking(["what time is it"], ["It is noon, my friend."]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        done = talk.until(events.TurnDone)
        talk.until(events.Listening)
    names = talk.names()
    assert names[:3] == ["listening", "speech_started", "transcript"]
    assert sorted(names[3:7]) == ["reply", "reply", "speaking", "speaking"]
    assert names[3] == "reply"
    assert names[7:] == ["turn_done", "listening"]
    assert done.heard == "It is noon, my friend."
    stages = dict(done.latency_ms)
    total = stages.pop("total")
    assert tuple(stages) == STAGES
    assert sum(stages.values()) == pytest.approx(total, abs=0.5)
    assert talk.answers.asked[0][-1] == ChatMessage("user", "what time is it")
    assert talk.answers.told[0][-1].content.endswith("m.] what time is it")
    assert talk.answers.told[0][0].content.startswith("Today is ")


def test_which_devices_it_begins_with_is_told_first_however_late_the_listener_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Ear, "run", lambda *_: None)
    with talking([], [], notice=Notice("talk begins with another microphone", "")) as talk:
        talk.until(events.Listening)
    assert talk.names() == ["warning", "listening"]


def test_the_detector_is_spared_silence_but_for_pauses() -> None:
    with talking(["what time", "is it"], ["It is noon, my friend."]) as talk:
        talk.judge.goes.clear()  # nothing is known of the pause: it is as long as may be
        talk.until(events.Listening)
        talk.says(tone(0.5), silence(0.3), tone(0.5, 1))
        talk.until(events.TurnDone)
        talk.judge.goes.set()
    looked = talk.detector.silence
    assert sum(looked) * FRAME_S > 0.3 - 2 * FRAME_S, "it was not asked about a pause"
    assert not looked[-1], "it was asked after the turn"


def test_the_total_it_reports_is_what_the_wires_say() -> None:
    with talking(["a question"], ["One two three four."]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        total = talk.until(events.TurnDone).latency_ms["total"]
    # Both wires advance block by block together; the loudspeaker sounds its latency later.
    _, last = edges(talk.spoken())
    first, _ = edges(talk.played())
    wire_ms = (first - last) / RATE_HZ * 1000 + talk.streams.loudspeaker.latency_s * 1000
    # The end of speech is known to a frame of 32 ms; blocks of 20 ms arrive when they are complete.
    assert total == pytest.approx(wire_ms, abs=55)


def test_everything_synthesised_is_played_without_a_hole() -> None:
    with talking(["go on"], ["one two three four five six seven. " * 6]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        done = talk.until(events.TurnDone)
        losses = talk.pipeline.status().losses
    played = talk.played()
    first, last = edges(played)
    quiet = np.convolve(np.abs(played[first:last]) < 0.02, np.ones(RATE_HZ // 50), "valid").max()
    assert quiet < RATE_HZ // 50  # never 20 ms of silence
    assert last - first == pytest.approx(len(done.heard.split()) * RATE_HZ // 10, abs=RATE_HZ // 50)
    assert losses["gaps in the reply"] == 0


def test_the_microphone_is_held_off_while_the_agent_speaks() -> None:
    with talking(["one", "two"], ["word " * 15, "short reply"]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Speaking)
        talk.says(tone(0.4))  # over the agent
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        assert talk.names().count("speech_started") == 1
        talk.says(silence(0.4), tone(0.5, 1))  # after it, and after the tail
        talk.until(events.TurnDone)
    assert "interrupted" not in talk.names()


def test_with_headphones_speaking_stops_the_agent_and_only_what_was_heard_is_remembered() -> None:
    with talking(["tell me", "but why"], ["word " * 40, "all right then"], headphones=True) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Speaking)
        talk.says(silence(1.0), tone(0.5, 1))
        interrupted = talk.until(events.Interrupted)
        talk.until(events.TurnDone)
        talk.until(events.TurnDone)
    heard = len(interrupted.heard.split())
    assert 6 <= heard <= 19
    remembered = next(m for m in talk.answers.asked[1] if m.role == "assistant")
    assert remembered.content.split()[:-1] == ["word"] * heard  # and a mark that it was cut off
    # Silent within 250 ms of the user's onset: three frames of 32 ms decide, a block is under way.
    spoken, played = talk.spoken(), talk.played()
    second = np.nonzero(np.abs(spoken) > 0.02)[0]
    breaks = np.nonzero(np.diff(second) > RATE_HZ // 2)[0]
    onset = int(second[breaks[0] + 1])
    assert np.abs(played[onset + RATE_HZ // 4 : onset + RATE_HZ // 2]).max() < 0.02


def test_nobody_is_heard_before_listening_is_said() -> None:
    class Loading(Answers):
        """Takes until the test lets it."""

        def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
            loaded.wait(10)

    loaded = threading.Event()
    with talking(["too early", "in time"], ["hello"], answers=Loading) as talk:
        talk.says(tone(0.5), silence(0.7))
        while not talk.user.finished:
            assert not talk.pipeline.idle
            loaded.wait(0.01)
        loaded.set()
        first = talk.until(events.Listening)
        assert first.model == "script"
        talk.says(tone(0.5))
        talk.until(events.TurnDone)
    assert talk.names().count("speech_started") == 1


def test_a_failed_language_model_is_told_and_the_talk_goes_on() -> None:
    failure = EngineError("no server answers", "start it")
    with talking(["one", "two"], [failure, "Fine again."]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        failed = talk.until(events.Failed)
        talk.until(events.Listening)
        talk.says(tone(0.5))
        done = talk.until(events.TurnDone)
    assert (failed.message, failed.remedy, failed.turn) == ("no server answers", "start it", 1)
    assert done.heard == "Fine again."


@pytest.mark.parametrize(
    ("reply", "shown"),
    [("👍", "👍"), ("...\n\n", "..."), (" \n\n\n", "white space"), ("(!) 🎉🎉 …", "(!) 🎉🎉 …")],
)
def test_a_reply_without_a_word_is_told_and_what_the_user_said_is_kept(reply: str, shown: str) -> None:
    with talking(["call me Ann", "who am I"], [reply, reply, "You are Ann."]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        warned = talk.until(events.Warned)
        assert talk.until(events.TurnDone).heard == ""
        talk.until(events.Listening)
        talk.pipeline.controls.press("repeat")  # there is nothing yet
        talk.pipeline.controls.say("Hello?")
        talk.until(events.Warned)
        talk.until(events.Listening)
        talk.says(tone(0.5, 1))
        done = talk.until(events.TurnDone)
    assert (warned.message, warned.turn) == (wording("talk.no_words", shown=shown), 1)
    assert warned.remedy
    assert done.heard == "You are Ann."
    assert [m.content for m in talk.answers.asked[-1][1:]] == ["call me Ann Hello? who am I"]


def test_a_sound_without_words_is_not_answered() -> None:
    with talking(["", "hello"], ["hello you"]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Listening)
        talk.says(tone(0.5, 1))
        assert talk.until(events.TurnDone).turn == 2
    assert talk.names().count("transcript") == 1
    assert len(talk.answers.asked) == 1


def test_a_click_is_no_turn_for_the_transcriber() -> None:
    with talking(["hello", "click"], ["hello you"]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.1, 1))
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.TurnDone)
    assert not any(
        "click" in event.text for event in talk.seen if isinstance(event, events.Partial | events.Heard)
    )


def test_who_goes_on_before_the_answer_is_answered_once_for_both_pieces() -> None:
    class Slow(Answers):
        """Thinks about half a question until it is not wanted any more."""

        def generate(
            self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
        ) -> GenerationStats:
            if messages[-1].content == "what is":
                never = threading.Event()
                while not cancelled():
                    never.wait(0.005)
                return GenerationStats()
            return super().generate(messages, emit, cancelled)

    with talking(["what is", "the time"], ["It is noon."]) as talk:
        talk.answers.__class__ = Slow
        talk.until(events.Listening)
        talk.says(tone(0.5), silence(2.0), tone(0.5, 1))
        assert talk.until(events.Interrupted).heard == ""
        talk.until(events.TurnDone)
        assert talk.until(events.TurnDone).heard == "It is noon."
    assert talk.answers.asked[-1][-1] == ChatMessage("user", "what is the time")


def test_long_speech_is_split_for_the_transcriber_and_answered_as_one_turn() -> None:
    with talking(["first half", "second half"], ["both heard"], longest_s=LONGEST_S) as talk:
        talk.until(events.Listening)
        talk.says(tone(1.0), silence(0.04), tone(1.0, 1))
        heard = talk.until(events.Heard)
        talk.until(events.TurnDone)
    assert heard.text == "first half second half"


def test_a_device_that_stops_is_an_error_with_its_name() -> None:
    with talking([], []) as talk:
        talk.until(events.Listening)

        def breaks(_: int) -> Int16:
            raise DeviceError("gone")

        talk.user.speak = breaks  # type: ignore[assignment]
        with pytest.raises(DeviceError, match="simulated microphone"):
            talk.until_failure()
        with pytest.raises(DeviceError, match="gone"):
            talk.streams.close()


def test_what_the_devices_have_to_tell_is_a_warning_and_the_talk_goes_on() -> None:
    with talking(["go"], []) as talk:
        talk.until(events.Listening)
        talk.streams.notice = Notice("the loudspeaker stopped", "plug it in again")
        warned = talk.until(events.Warned)
        assert (warned.message, warned.remedy) == ("the loudspeaker stopped", "plug it in again")
        talk.says(tone(0.5))
        assert talk.until(events.TurnDone).heard == "You said: go."


def test_a_failing_worker_is_told_by_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Ear) -> bool:
        raise IndexError("pop from an empty deque")

    monkeypatch.setattr(Ear, "step", fails)
    with (
        talking([], []) as talk,
        pytest.raises(StageError, match=r'"ear" .*IndexError.* at test_talking'),
    ):
        talk.until_failure()


def test_a_talk_whose_transcriber_hangs_says_so_and_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soon = StageLimits(late_s=0.05)
    monkeypatch.setattr(attempts, "limits", lambda stage: soon if stage is TRANSCRIBER else StageLimits())
    with talking(["go"], []) as talk:
        talk.until(events.Listening)
        talk.scribe.goes.clear()
        talk.says(tone(0.5))
        assert talk.until(events.Warned).message == wording(
            "engines.late", stage="speech to text", seconds=30
        )
        assert not talk.pipeline.close(timeout_s=0.05), "not all ended, and it does not wait for that"


def test_closing_in_the_middle_of_a_reply_ends_at_once_and_falls_silent() -> None:
    with talking(["go"], ["word " * 60]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Speaking)
        assert talk.pipeline.close(timeout_s=5)
        with pytest.raises(ChannelClosed):
            talk.until(events.Warned)  # which never comes


def test_the_status_follows_the_talk() -> None:
    with talking(["go"], ["word " * 10]) as talk:

        def glance() -> tuple[str, bool]:
            return talk.pipeline.status().state, talk.pipeline.idle

        talk.until(events.Listening)
        assert glance() == ("listening", True)
        talk.says(tone(0.5))
        talk.until(events.SpeechBegan)
        assert glance() == ("hearing", False)
        talk.until(events.Speaking)
        assert glance() == ("speaking", False)
        talk.until(events.Listening)
        assert glance() == ("listening", True)
        assert not any(talk.pipeline.status().losses.values())


def test_a_reader_that_is_late_is_counted_in_the_audit_and_holds_up_nobody() -> None:
    with talking(["go"], ["Here you are."]) as talk:
        talk.until(events.Listening)
        talk.pipeline.events.reader("late", 1)
        talk.says(tone(0.5))
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        rows = {row.name: row for row in talk.pipeline.buffers() if row.unit == "events"}
        losses = talk.pipeline.status().losses
    assert list(rows) == ["events: test", "events: late"]
    late = rows["events: late"]
    assert (late.capacity, late.fill, late.peak, late.policy) == (1, 1, 1, "drop_lightest")
    assert late.losses == losses["events lost"] == len(talk.seen) - 2  # it came after the first
    assert rows["events: test"].losses == 0
