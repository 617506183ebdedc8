"""How an engine's failure is told, which of them count, what hangs; and an ear whose echo canceller fails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.seats import attempts, seat
from tests.sentences import pattern, wording
from tests.stepped import Stepped
from tests.test_talking import RATE_HZ
from voicecli import events
from voicecli.errors import StageError
from voicecli.floor import facts
from voicecli.floor.orders import ToAuthor, Write
from voicecli.floor.stages import CONVERSION, DETECTOR, LANGUAGE_MODEL, TRANSCRIBER, Fault
from voicecli.floor.turns.faults import IN_A_ROW, LATE_S
from voicecli.messages import FRAME_SAMPLES, ChatMessage, Float32Frame, Pcm16Chunk
from voicecli.system.clock import FakeClock
from voicecli.talk.attempts import broken
from voicecli.talk.workers.author import Author
from voicecli.threads.channel import Channel, ChannelClosed
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.floor.stages import Stage
    from voicecli.listen.echo.bands import Bands
    from voicecli.messages import Float32


class Canceller:
    """Gives what it gets, or fails."""

    cancels = copied = False

    def __init__(self) -> None:
        self.fails = 0

    def steps(self) -> list[Bands]:
        return []

    def over_echo_db(self, _: float) -> float:
        return math.inf

    def restart(self) -> None:
        """Know nothing."""

    def push(self, samples: Float32, captured_at: float) -> Float32:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the module is closed")
        return samples


def look(talk: Stepped) -> None:
    """Raise what ends the talk, if something does."""
    if (end := talk.floor.end) is not None:
        raise end


def fails(talk: Stepped, stage: Stage, unit: int) -> None:
    """An engine does not work, as its worker finds out."""

    def raises() -> None:
        raise RuntimeError("decode failed")

    fault = talk.crew.attempts.attempt(stage, raises)
    assert isinstance(fault, Fault)
    talk.crew.post(facts.EngineFailed(stage, unit, fault))


def test_sound_whose_echo_cannot_be_taken_out_is_lost_and_told_and_what_follows_is_heard() -> None:
    canceller = Canceller()
    talk = Stepped(canceller=canceller)

    def hears(block: int) -> list[int]:
        chunk = Pcm16Chunk(np.zeros((1600, 1), np.int16), RATE_HZ, block * 1600, block * 0.1)
        return [frame.position for frame in talk.crew.ear.frames(chunk, hold=False)]

    assert hears(0) == [0, 512, 1024]
    canceller.fails = 2
    assert hears(1) == hears(2) == []
    assert hears(3) == [4800, 5312, 5824], "positions stay true"
    (warned,) = talk.told()
    assert isinstance(warned, events.Warned)
    assert (
        wording("engines.failed", stage="echo cancelling", why="RuntimeError: the module is closed")
        in warned.message
    )
    canceller.fails = 3
    assert hears(4) == hears(5) == []
    look(talk)
    assert hears(6) == []
    with pytest.raises(StageError, match=pattern("engines.three_times", stage="echo cancelling")):
        look(talk)


def test_of_a_frame_that_cannot_be_scored_holds_what_was_said_of_the_one_before() -> None:
    talk = Stepped()
    loud = Float32Frame(np.full(FRAME_SAMPLES, 0.3, np.float32), 0, 0.0)
    assert talk.crew.ear.score(loud).probability == 1.0
    talk.detector.fails = [RuntimeError("bad state")]
    scored = talk.crew.ear.score(loud)
    assert (scored.probability, scored.frame) == (1.0, loud)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(3), ChannelClosed("to the voice")])
def test_what_ends_a_talk_is_no_failure(end: BaseException) -> None:
    def ends() -> None:
        raise end

    with pytest.raises(type(end)):
        attempts(FakeClock()).attempt(TRANSCRIBER, ends)


def test_what_fails_because_the_talk_ends_does_not_count() -> None:
    talk = Stepped()
    talk.crew.close()
    for block in range(IN_A_ROW + 1):
        fails(talk, CONVERSION, block)
    look(talk)


def written(*, cancelled: bool) -> facts.ReplyWritten:
    """What an author reports of a reply that was complete, or called back."""
    clock, told = FakeClock(), list[facts.Fact]()
    inbox: Channel[ToAuthor] = Channel(Buffer("to the author", "orders", 8, "drop_oldest", "a test"))
    void_before = 2 if cancelled else 0
    model = Stepped().answers
    author = Author(seat(model), "en", clock, attempts(clock), inbox, told.append, lambda: void_before)  # type: ignore[arg-type]  # duck-typed
    author.take(Write(1, 1, (ChatMessage("user", "what"),), judges=False))
    assert isinstance(told[-1], facts.ReplyWritten)
    return told[-1]


def test_what_was_cancelled_does_not_hide_that_the_model_always_fails() -> None:
    assert written(cancelled=True).cancelled
    assert not written(cancelled=False).cancelled
    talk = Stepped("what is", "the time", "what else", "and then")
    talk.answers.replies = [RuntimeError("decode failed")] * IN_A_ROW
    for _ in range(IN_A_ROW - 1):
        talk.types("a line")
        talk.types("another, before there is an answer")
        talk.works()
        look(talk)
    talk.types("a line")
    talk.works()
    with pytest.raises(StageError):
        look(talk)


def test_the_talk_ends_when_the_turn_is_over_unless_another_try_works() -> None:
    talk = Stepped()
    talk.types("a line")
    assert talk.exchange.newest == 1
    for failed in range(1, IN_A_ROW + 1):
        fails(talk, LANGUAGE_MODEL, failed)
    look(talk)
    talk.floor.strikes.worked(LANGUAGE_MODEL)
    look(talk)
    for failed in range(1, IN_A_ROW + 1):
        fails(talk, DETECTOR, failed)
    with pytest.raises(StageError):
        look(talk)


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
    def raises() -> None:
        raise ValueError(said)

    fault = attempts(FakeClock()).attempt(LANGUAGE_MODEL, raises, ["this is my secret"])
    assert isinstance(fault, Fault)
    assert fault.why == f"ValueError: {shown}".rstrip(": ")


def test_a_fault_of_voicecli_itself_is_one_line_with_its_place() -> None:
    with pytest.raises(KeyError) as failure:
        dict[str, str]()["my secret"]
    end = broken("author", failure.value)
    assert end.exit_code == 70
    assert '"author"' in end.found
    assert "KeyError" in end.found
    assert "test_faults.py:" in end.found
    assert "secret" not in str(end)


def lateness(talk: Stepped) -> None:
    """Look whether an engine hangs, as `Talk.check` does."""
    for stage in talk.crew.attempts.late():
        talk.crew.post(facts.EngineLate(stage))


def test_an_engine_that_hangs_is_told_once_a_turn() -> None:
    talk = Stepped()
    talk.types("a line")
    talk.told()

    def looks() -> None:
        talk.clock.advance(LATE_S - 1)
        lateness(talk)
        assert not talk.told()
        talk.clock.advance(1)
        for _ in range(3):
            lateness(talk)
            talk.clock.advance(1)

    talk.crew.attempts.attempt(TRANSCRIBER, looks)
    (line,) = talk.told()
    assert isinstance(line, events.Warned)
    assert (line.message, line.turn) == (wording("engines.late", stage="speech to text", seconds=30), 1)
    talk.clock.advance(LATE_S)
    lateness(talk)
    assert not talk.told(), "it has ended"
    talk.types("another line")
    talk.told()
    talk.crew.attempts.attempt(TRANSCRIBER, looks)
    assert len(talk.told()) == 1


def test_an_engine_that_gives_something_does_not_hang_nor_while_that_waits() -> None:
    talk = Stepped()

    def waits(_: str) -> None:
        talk.clock.advance(2 * LATE_S)
        lateness(talk)

    def writes() -> None:
        emit = talk.crew.attempts.apart(LANGUAGE_MODEL, waits)
        for _ in range(3):
            talk.clock.advance(LATE_S - 1)
            lateness(talk)
            emit("word")
        assert not talk.told()
        talk.clock.advance(LATE_S)
        lateness(talk)

    talk.crew.attempts.attempt(LANGUAGE_MODEL, writes)
    assert len(talk.told()) == 1
