"""What engines raise, in a talk that is stepped: one costs a line and the turn, three the talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.sentences import pattern, wording
from tests.stepped import Stepped
from tests.test_talking import RATE_HZ, silence, tone
from voicecli import events
from voicecli.errors import EngineError, StageError
from voicecli.floor.stages import TRANSCRIBER
from voicecli.floor.turns.faults import IN_A_ROW
from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from voicecli.messages import Int16

LINES = ("how many legs has a spider", "what did I just ask", "and an ant", "thank you")

PASSES = 4
"""Over one question, at most."""


def quiet(seconds: float) -> Int16:
    """A room, for a microphone without a fault."""
    return silence(seconds) + np.resize(np.array([3, -3], np.int16), round(seconds * RATE_HZ))


def asks(talk: Stepped, line: int = 0) -> list[events.Event]:
    """A question, and all that comes of it; what was told."""
    talk.hears(quiet(0.3), tone(0.6, line), quiet(0.5))
    talk.judges()
    talk.transcribes()
    talk.hears(quiet(2.5))
    talk.works()
    talk.hears(quiet(2.0))
    talk.works()
    told = talk.told()
    look(talk)
    return told


def look(talk: Stepped) -> None:
    """Raise what ends the talk, if something does."""
    if (end := talk.floor.end) is not None:
        raise end


def lines_of(told: list[events.Event]) -> list[events.Failed | events.Warned]:
    """What is shown as not being as it should be."""
    return [event for event in told if isinstance(event, events.Failed | events.Warned)]


def is_done(talk: Stepped) -> bool:
    """Whether it waits for the user, and nothing for anything."""
    return talk.floor.idle and not talk.is_held()


def test_a_question_that_cannot_be_written_down_is_told_and_the_next_is_answered() -> None:
    talk = Stepped(*LINES)
    talk.scribe.mishears = [RuntimeError("out of memory\nat address 0")] * PASSES
    told = asks(talk)
    talk.scribe.mishears = []
    assert lines_of(told) == [
        events.Failed(
            told[-2].t,
            wording("engines.failed", stage="speech to text", why="RuntimeError: out of memory"),
            TRANSCRIBER.remedy,
            1,
        )
    ]
    assert isinstance(told[-1], events.Listening)
    assert is_done(talk)
    assert talk.exchange.settled == 1
    (done,) = [event for event in asks(talk, 1) if isinstance(event, events.TurnDone)]
    assert done.heard == f"You said: {LINES[1]}."


def test_three_questions_in_a_row_that_cannot_be_written_down_end_the_talk() -> None:
    talk = Stepped(*LINES)
    talk.scribe.mishears = [RuntimeError("out of memory")] * (IN_A_ROW * PASSES)
    asks(talk)
    asks(talk)
    with pytest.raises(
        StageError, match=f"^{pattern('engines.three_times', stage='speech to text')}.*RuntimeError"
    ) as end:
        asks(talk)
    assert end.value.exit_code == 70
    assert "\n" not in str(end.value)
    assert "voicecli doctor" in end.value.remedy


def test_what_is_written_down_in_between_begins_the_count_anew() -> None:
    talk = Stepped(*LINES)
    for _ in range(2):
        talk.scribe.mishears = [RuntimeError("out of memory")] * (IN_A_ROW * PASSES)
        for _ in range(IN_A_ROW - 1):
            (line,) = lines_of(asks(talk))
            assert isinstance(line, events.Failed)
        talk.scribe.mishears = []
        assert not lines_of(asks(talk))


def test_a_look_that_fails_while_the_user_speaks_costs_nothing_but_a_line() -> None:
    talk = Stepped(*LINES)
    talk.hears(quiet(0.3))
    talk.scribe.mishears = [RuntimeError("out of memory")]
    talk.hears(tone(0.6))
    talk.transcribes()
    assert talk.scribe.passes == [True], "it was looked at while it went on"
    talk.hears(tone(0.6), quiet(0.5))
    talk.transcribes()
    talk.hears(quiet(2.5))
    talk.works()
    told = talk.told()
    (line,) = lines_of(told)
    assert (line.message, line.turn) == (
        wording("engines.failed_once", stage="speech to text", why="RuntimeError: out of memory"),
        1,
    )
    assert [event.text for event in told if isinstance(event, events.Heard)] == [LINES[0]]


def test_a_turn_that_fails_in_each_pause_is_one_failure() -> None:
    talk = Stepped(*LINES)
    talk.scribe.mishears = [RuntimeError("out of memory")] * ((IN_A_ROW + 1) * PASSES)
    for _ in range(IN_A_ROW + 1):
        talk.hears(tone(0.5), quiet(0.25))
        talk.transcribes()
    talk.hears(quiet(2.5))
    talk.works()
    (line,) = lines_of(talk.told())
    assert isinstance(line, events.Failed)
    assert is_done(talk)


def test_who_is_not_understood_over_the_agent_does_not_hold_it_for_ever() -> None:
    talk = Stepped(*LINES)
    talk.hears(quiet(10 * FRAME_S))
    talk.answers_with(4.0)
    talk.scribe.mishears = [RuntimeError("out of memory")] * 4
    talk.hears(quiet(10 * FRAME_S), tone(0.4, 1))
    assert talk.is_held()
    talk.hears(quiet(0.3))
    talk.transcribes()
    talk.hears(quiet(0.3))
    assert not talk.is_held()
    assert talk.floor.overlaps.current is None
    (line,) = lines_of(talk.told())
    assert line.message.startswith("speech to text failed")


@pytest.mark.parametrize(
    ("failure", "found"),
    [
        (
            RuntimeError("decode failed"),
            wording("engines.failed", stage="the language model", why="RuntimeError: decode failed"),
        ),
        (EngineError("no server answers", "start it"), "no server answers"),
        (MemoryError(), wording("engines.failed", stage="the language model", why="MemoryError")),
    ],
)
def test_a_question_whose_answer_failed_is_told_and_remembered(failure: Exception, found: str) -> None:
    talk = Stepped(*LINES, replies=(failure,))
    (line,) = lines_of(asks(talk))
    assert isinstance(line, events.Failed)
    assert (line.message, line.turn) == (found, 1)
    assert line.remedy
    assert is_done(talk)
    assert not lines_of(asks(talk, 1))
    assert [message.content for message in talk.answers.asked[-1][1:]] == [f"{LINES[0]} {LINES[1]}"]


def test_three_answers_in_a_row_that_fail_end_the_talk() -> None:
    failures = (RuntimeError("decode failed"), EngineError("no server answers", "start it"))
    talk = Stepped(*LINES, replies=(*failures, "Eight.", *failures, EngineError("nobody", "wait")))
    for _ in range(5):
        asks(talk)
    with pytest.raises(
        StageError, match=f"^{pattern('engines.three_times', stage='the language model')}.*nobody; wait$"
    ):
        asks(talk)


def test_an_answer_that_cannot_be_said_is_told_once_and_its_question_remembered() -> None:
    talk = Stepped(*LINES, replies=("It has eight legs. An insect has six of them.",))
    talk.voice.fails = [RuntimeError("no output")] * 2
    told = asks(talk)
    (line,) = lines_of(told)
    assert (type(line), line.message, line.turn) == (
        events.Failed,
        wording("engines.failed", stage="the voice", why="RuntimeError: no output"),
        1,
    )
    assert is_done(talk)
    asks(talk, 1)
    assert [message.content for message in talk.answers.asked[-1][1:]] == [f"{LINES[0]} {LINES[1]}"]


def test_of_an_answer_that_cannot_be_said_in_part_the_rest_is() -> None:
    talk = Stepped(*LINES, replies=("It has eight legs. An insect has six of them.",))
    talk.voice.fails = [RuntimeError("no output"), None]
    told = asks(talk)
    assert len(lines_of(told)) == 1
    (done,) = [event for event in told if isinstance(event, events.TurnDone)]
    assert done.heard == "An insect has six of them."
    asks(talk, 1)
    remembered = [message.content for message in talk.answers.asked[-1][1:]]
    assert remembered == [LINES[0], "An insect has six of them. —", LINES[1]]


def test_three_answers_in_a_row_that_cannot_be_said_end_the_talk() -> None:
    talk = Stepped(*LINES)
    talk.voice.fails = [RuntimeError("no output")] * 9
    asks(talk)
    asks(talk)
    with pytest.raises(StageError, match="^" + pattern("engines.three_times", stage="the voice")):
        asks(talk)


def test_a_pause_that_cannot_be_judged_ends_the_turn_all_the_same() -> None:
    talk = Stepped(*LINES)
    talk.judge.fails = [RuntimeError("bad shape")] * IN_A_ROW
    told = asks(talk)
    (line,) = lines_of(told)
    assert (type(line), line.message, line.turn) == (
        events.Warned,
        wording("engines.failed", stage="the end-of-turn model", why="RuntimeError: bad shape"),
        1,
    )
    assert any(isinstance(event, events.TurnDone) for event in told)
    asks(talk)
    with pytest.raises(StageError, match="^" + pattern("engines.three_times", stage="the end-of-turn model")):
        asks(talk)


def test_a_frame_that_cannot_be_scored_does_not_cut_the_words() -> None:
    talk = Stepped(*LINES)
    talk.hears(quiet(0.3), tone(0.3))
    talk.detector.fails = [RuntimeError("bad state"), RuntimeError("bad state")]
    talk.hears(tone(0.3), quiet(0.5))
    talk.transcribes()
    talk.hears(quiet(2.5))
    talk.works()
    told = talk.told()
    (line,) = lines_of(told)
    assert line.message == wording(
        "engines.failed", stage="voice activity detection", why="RuntimeError: bad state"
    )
    assert [event.text for event in told if isinstance(event, events.Heard)] == [LINES[0]]
    talk.hears(quiet(2.0))
    assert talk.exchange.settled == 1


def test_three_frames_in_a_row_that_cannot_be_scored_end_the_talk() -> None:
    talk = Stepped(*LINES)
    talk.detector.fails = [RuntimeError("bad state")] * IN_A_ROW
    talk.hears(tone(0.6))
    look(talk)  # it works again
    talk.detector.fails = [RuntimeError("bad state")] * 100
    talk.hears(tone(0.6))
    with pytest.raises(
        StageError, match="^" + pattern("engines.three_times", stage="voice activity detection")
    ):
        look(talk)
