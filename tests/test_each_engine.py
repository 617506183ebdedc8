"""Each engine raises, or hangs, in a stepped talk: one line, a new engine, and the next turn works."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

import pytest

from tests.stepped import Stepped
from tests.test_failing_engines import quiet
from tests.test_faults import Canceller
from tests.test_talking import tone
from voicecli import events
from voicecli.config import GenerateConfig, TurnConfig
from voicecli.errors import StageError
from voicecli.floor.stages import (
    CONVERSION,
    DETECTOR,
    LANGUAGE_MODEL,
    TRANSCRIBER,
    TURN_MODEL,
    VOICE,
    Fault,
    Stage,
)
from voicecli.floor.turns.faults import IN_A_ROW, limits
from voicecli.threads.channel import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.engines import Seat

LINES = ("how many legs has a spider", "and an ant", "and a bee", "thank you")


@dataclass(frozen=True)
class Row:
    """A stage, and what its failure is to the user."""

    stage: Stage
    engine: str
    method: str
    line: type[events.Failed | events.Warned]
    answered: bool
    """The turn is answered all the same."""

    @property
    def in_turns(self) -> bool:
        return self.stage.in_turns


TABLE = [
    Row(TRANSCRIBER, "scribe", "hear", events.Failed, answered=False),
    Row(LANGUAGE_MODEL, "answers", "reply", events.Failed, answered=False),
    Row(VOICE, "voice", "say", events.Failed, answered=False),
    Row(TURN_MODEL, "judge", "complete", events.Warned, answered=True),
    Row(DETECTOR, "detector", "score", events.Warned, answered=True),
    Row(CONVERSION, "canceller", "push", events.Warned, answered=True),
]


class Troubled(Stepped):
    """One of its engines raises or hangs, as often as the test says. Who hangs is watched, and given up."""

    def __init__(self, row: Row, how: str) -> None:
        self.canceller = Canceller()
        # Here no sound comes while an engine hangs, so a turn seems long.
        super().__init__(*LINES, canceller=self.canceller, turn=TurnConfig(max_s=3600))
        self.row, self.how = row, how
        self.trouble = 0
        self.anew = 0
        """How often an engine was made anew."""
        engine = getattr(self, row.engine)
        real = getattr(engine, row.method)
        setattr(engine, row.method, self._spoken(real) if row.stage is VOICE else self._called(real))
        mend, make = self.crew.attempts.mend, self.crew.ear.make_canceller

        def mended(seat: Seat[object], fault: Fault) -> bool:
            made = mend(seat, fault)
            self.anew += made
            return made

        def made() -> object:
            self.anew += 1
            return make()

        setattr(self.crew.attempts, "mend", mended)  # noqa: B010  # it is watched
        setattr(self.crew.ear, "make_canceller", made)  # noqa: B010
        workers = (
            (self.crew.ear, "step"),
            (self.crew.scribe, "take"),
            (self.crew.judge, "take"),
            (self.crew.author, "take"),
            (self.crew.mouth, "take"),
            (self.crew.mouth, "look"),
        )
        for worker, method in workers:
            setattr(worker, method, _given_up_ends(getattr(worker, method)))

    def _called(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            self.goes_wrong()
            return real(*given, **named)

        return call

    def _spoken(self, real: Callable[..., object]) -> Callable[..., object]:
        def say(text: str) -> object:
            self.goes_wrong()
            yield from real(text)  # type: ignore[misc]

        return say

    def goes_wrong(self) -> None:
        if not self.trouble:
            return
        self.trouble -= 1
        if self.how == "raises":
            raise RuntimeError("it is broken")
        limit = limits(self.row.stage)
        self.clock.advance(limit.late_s - 0.5)
        assert not self.crew.given_up()
        self.clock.advance(1.0)
        assert not self.crew.given_up(), "late, and not given up"
        self.clock.advance(limit.hung_s - limit.late_s)
        ((stage, report, _),) = self.crew.given_up()
        assert stage is self.row.stage
        report()

    def asks(self, line: int) -> list[events.Event]:
        """A question, and all that comes of it; what was told."""
        self.hears(quiet(0.3), tone(0.6, line), quiet(0.3))
        for _ in range(8):
            self.judges()
            self.transcribes()
            self.hears(quiet(0.5))
            self.works()
        return self.told()


def _given_up_ends(call: Callable[..., object]) -> Callable[..., object]:
    """A thread that was given up ends; here it is the same one that goes on."""

    @wraps(call)
    def called(*given: object) -> object:
        with suppress(ChannelClosed):
            return call(*given)
        return None

    return called


def lines_of(told: list[events.Event]) -> list[events.Failed | events.Warned]:
    return [event for event in told if isinstance(event, events.Failed | events.Warned)]


@pytest.mark.parametrize("how", ["raises", "hangs"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.stage.name)
def test_it_costs_a_line_and_at_most_the_turn_and_the_engine_is_made_anew(row: Row, how: str) -> None:
    talk = Troubled(row, how)
    talk.trouble = 1000 if row.in_turns else 1
    if row.in_turns:
        told = talk.asks(0)
    else:
        talk.hears(quiet(0.3), tone(0.6))
        told = talk.told() + talk.asks(0)
    talk.trouble = 0
    lines = lines_of(told)
    assert all(line.message.startswith(row.stage.name) and line.remedy for line in lines)
    if how == "hangs":
        late = lines.pop(0)
        assert isinstance(late, events.Warned)
        assert f"{limits(row.stage).late_s:.0f} s" in late.message
    (line,) = lines
    assert type(line) is row.line
    assert talk.anew >= 1
    assert talk.floor.idle
    heard = [event.heard for event in told if isinstance(event, events.TurnDone)]
    assert any(heard) == row.answered
    told = talk.asks(1)
    assert not lines_of(told)
    assert [bool(event.heard) for event in told if isinstance(event, events.TurnDone)] == [True]
    assert talk.floor.end is None


@pytest.mark.parametrize("how", ["raises", "hangs"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.stage.name)
def test_three_in_a_row_end_the_talk_with_exit_code_70(row: Row, how: str) -> None:
    talk = Troubled(row, how)
    for line in range(IN_A_ROW):
        assert talk.floor.end is None
        if row.in_turns:
            talk.trouble = 1000
            talk.asks(line)
        else:
            talk.trouble = 1
            talk.hears(tone(0.02))
            while talk.trouble:
                talk.hears(tone(0.02))
    end = talk.floor.end
    assert isinstance(end, StageError)
    assert end.exit_code == 70
    assert end.found.startswith(row.stage.name)


def test_a_server_is_named_and_not_given_up_because_it_has_limits_of_its_own() -> None:
    talk = Stepped(*LINES, generate=GenerateConfig(engine="openai", timeout_s=600))

    def answers() -> None:
        talk.clock.advance(limits(LANGUAGE_MODEL).hung_s + 1)
        assert talk.crew.given_up() == []

    talk.types("a line")
    talk.told()
    talk.crew.attempts.attempt(LANGUAGE_MODEL, answers)
    (late,) = lines_of(talk.told())
    assert late.message.startswith(LANGUAGE_MODEL.name)


def test_while_the_language_model_is_still_read_nothing_is_given_up() -> None:
    talk = Stepped()
    talk.floor.ready = False

    def reads() -> None:
        talk.clock.advance(limits(LANGUAGE_MODEL).hung_s + 1)
        assert talk.crew.given_up() == []

    talk.crew.attempts.attempt(LANGUAGE_MODEL, reads)


def test_without_another_canceller_the_microphone_is_off_while_the_agent_speaks() -> None:
    canceller = Canceller()
    talk = Stepped(canceller=canceller)

    def gone() -> None:
        raise StageError("the echo canceller cannot be loaded", "install voicecli anew")

    talk.crew.ear.make_canceller = gone
    canceller.fails = 1
    talk.hears(quiet(1.0))
    assert talk.crew.ear.hearing.echo is None
    assert [line.message for line in lines_of(talk.told())][-1] == "the echo canceller cannot be loaded"
    talk.hears(quiet(1.0))
    assert talk.floor.end is None
