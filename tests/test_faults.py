"""What an engine's exception is told as, what counts, what hangs; and an ear whose echo canceller fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.stepped import Stepped
from tests.test_pipeline import RATE_HZ, LoudIsSpeech
from voicecli import events
from voicecli.channel import Closed
from voicecli.errors import StageError
from voicecli.messages import FRAME_SAMPLES, Float32Frame, Pcm16Chunk
from voicecli.pipeline.ear import Ear
from voicecli.pipeline.faults import IN_A_ROW, LANGUAGE_MODEL, LATE_S, TRANSCRIBER, Fault, Faults, broken

if TYPE_CHECKING:
    from voicecli.messages import Float32


class Canceller:
    """Gives what it gets, or fails."""

    def __init__(self) -> None:
        self.fails = 0

    def restart(self) -> None:
        """Know nothing."""

    def push(self, samples: Float32, captured_at: float) -> Float32:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the module is closed")
        return samples


def test_sound_whose_echo_cannot_be_taken_out_is_lost_and_told_and_what_follows_is_heard() -> None:
    talk, canceller = Stepped(), Canceller()
    faults = Faults(talk.turns)
    ear = Ear(RATE_HZ, canceller, 0, LoudIsSpeech(), faults)  # type: ignore[arg-type]  # duck-typed fakes

    def hears(block: int) -> list[int]:
        chunk = Pcm16Chunk(np.zeros((1600, 1), np.int16), RATE_HZ, block * 1600, block * 0.1)
        return [frame.position for frame in ear.frames(chunk, hold=False)]

    assert hears(0) == [0, 512, 1024]
    canceller.fails = 2
    assert hears(1) == hears(2) == []
    assert hears(3) == [4800, 5312, 5824], "positions stay true"
    (warned,) = talk.told()
    assert isinstance(warned, events.Warned)
    assert "echo cancelling failed (RuntimeError: the module is closed)" in warned.message
    canceller.fails = 3
    assert hears(4) == hears(5) == []
    faults.look()
    assert hears(6) == []
    with pytest.raises(StageError, match="echo cancelling failed three times in a row"):
        faults.look()


def test_of_a_frame_that_cannot_be_scored_holds_what_was_said_of_the_one_before() -> None:
    detector = LoudIsSpeech()
    ear = Ear(RATE_HZ, None, 0, detector, Faults(Stepped().turns))  # type: ignore[arg-type]  # duck-typed fakes
    loud = Float32Frame(np.full(FRAME_SAMPLES, 0.3, np.float32), 0, 0.0)
    assert ear.score(loud, -60.0).probability == 1.0
    detector.fails = [RuntimeError("bad state")]
    scored = ear.score(loud, -60.0)
    assert (scored.probability, scored.frame) == (1.0, loud)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(3), Closed("clauses")])
def test_what_ends_a_talk_is_no_failure(end: BaseException) -> None:
    talk = Stepped()

    def ends() -> None:
        raise end

    with pytest.raises(type(end)):
        talk.faults.attempt(TRANSCRIBER, 1, ends)
    with pytest.raises(type(end)):
        talk.faults.in_passing(TRANSCRIBER, ends)
    assert not talk.told()


def test_what_fails_because_the_talk_ends_does_not_count() -> None:
    talk = Stepped()
    talk.turns.stop.set()

    def fails() -> None:
        raise RuntimeError("the model is closed")

    for turn in range(IN_A_ROW + 1):
        assert isinstance(talk.faults.attempt(LANGUAGE_MODEL, turn, fails), Fault)
    talk.faults.look()


def test_what_was_cancelled_does_not_hide_that_the_model_always_fails() -> None:
    talk = Stepped()

    def fails() -> None:
        raise RuntimeError("decode failed")

    for turn in range(IN_A_ROW - 1):
        talk.faults.attempt(LANGUAGE_MODEL, turn, lambda: None, cancelled=lambda: True)
        talk.faults.attempt(LANGUAGE_MODEL, turn, fails)
    talk.faults.look()
    talk.faults.attempt(LANGUAGE_MODEL, IN_A_ROW, fails)
    with pytest.raises(StageError):
        talk.faults.look()


def test_the_talk_ends_when_the_turn_is_over_unless_another_try_works() -> None:
    talk = Stepped()

    def fails() -> None:
        raise RuntimeError("decode failed")

    turn = talk.turns.open(talk.clock.now())
    for failed in range(1, IN_A_ROW + 1):
        talk.faults.attempt(LANGUAGE_MODEL, failed, fails)
    talk.faults.look()
    talk.turns.settle(turn)
    with pytest.raises(StageError):
        talk.faults.look()
    talk.faults.attempt(LANGUAGE_MODEL, IN_A_ROW, lambda: None)
    talk.faults.look()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("cannot tokenize 'my secret' at 3", "cannot tokenize ... at 3"),
        ("no token for Secret in vocabulary", "no token for ... in vocabulary"),
        ("no token for ж", "no token for ..."),
        ("", ""),
    ],
)
def test_what_somebody_said_is_not_in_the_line(said: str, shown: str) -> None:
    talk = Stepped()

    def fails() -> None:
        raise ValueError(said)

    fault = talk.faults.attempt(LANGUAGE_MODEL, 1, fails, ["this is my secret"])
    assert isinstance(fault, Fault)
    assert fault.why == f"ValueError: {shown}".rstrip(": ")


def test_a_fault_of_voicecli_itself_is_one_line_with_its_place() -> None:
    with pytest.raises(KeyError) as failure:
        dict[str, str]()["my secret"]
    end = broken("reply", failure.value)
    assert end.exit_code == 70
    assert '"reply"' in end.found
    assert "KeyError" in end.found
    assert "test_faults.py:" in end.found
    assert "secret" not in str(end)


def test_an_engine_that_hangs_is_told_once_a_turn() -> None:
    talk = Stepped()
    talk.turns.open(talk.clock.now())

    def looks() -> None:
        talk.clock.advance(LATE_S - 1)
        talk.faults.look()
        assert not talk.told()
        talk.clock.advance(1)
        for _ in range(3):
            talk.faults.look()
            talk.clock.advance(1)

    talk.faults.attempt(TRANSCRIBER, 1, looks)
    (line,) = talk.told()
    assert isinstance(line, events.Warned)
    assert (line.message, line.turn) == ("speech to text has been at work for 30 s and gives nothing", 1)
    talk.clock.advance(LATE_S)
    talk.faults.look()
    assert not talk.told(), "it has ended"
    talk.turns.open(talk.clock.now())
    talk.faults.attempt(TRANSCRIBER, 2, looks)
    assert len(talk.told()) == 1


def test_an_engine_that_gives_something_does_not_hang_nor_while_that_waits() -> None:
    talk = Stepped()

    def waits(_: str) -> None:
        talk.clock.advance(2 * LATE_S)
        talk.faults.look()

    def writes() -> None:
        emit = talk.faults.apart(LANGUAGE_MODEL, waits)
        for _ in range(3):
            talk.clock.advance(LATE_S - 1)
            talk.faults.look()
            emit("word")
        assert not talk.told()
        talk.clock.advance(LATE_S)
        talk.faults.look()

    talk.faults.attempt(LANGUAGE_MODEL, 1, writes)
    assert len(talk.told()) == 1
