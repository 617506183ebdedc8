"""A talk in virtual time whose engines become slow: what it does without, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from tests.engine_fakes import Asked
from tests.seats import attempts, seat
from tests.stepped import Stepped
from tests.test_talking import RATE_HZ, Answers, Scribe, silence, tone
from voicecli import events
from voicecli.config import GenerateConfig, PressureConfig
from voicecli.floor.load_facts import QualityChanged
from voicecli.floor.stages import LANGUAGE_MODEL, TRANSCRIBER
from voicecli.network.trouble.remarks import TooManyRequests
from voicecli.reply.generate import Notify, ignore
from voicecli.system.clock import FakeClock
from voicecli.talk.governor import Governor
from voicecli.waiting.buffers import BufferFill
from voicecli.waiting.lateness import FRESH_S, IN_A_ROW, KNOWN
from voicecli.waiting.pressure import FALL_S, RISE_S
from voicecli.waiting.quality import SMALL, STEPS
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.messages import Float32, GenerationStats, Int16, Transcript

NAMES = [step.name for step in STEPS if step is not SMALL]
"""The steps of a talk that has no smaller model."""
LINES = ("What is the time in Oslo?", "and what is the weather like", "how many people live there")
USUAL_S = 0.2


class Slow(Scribe):
    """Takes `seconds` for a pass; the world goes on meanwhile."""

    seconds = 0.0
    passes_time: Callable[[float], None] = staticmethod(lambda _: None)

    def hear(self, samples: Float32, asked: Asked) -> Transcript:
        self.passes_time(self.seconds)
        return super().hear(samples, asked)


class Living(Stepped):
    """Everybody works as time passes; an engine that takes its time is at work while the user goes on."""

    def __init__(self, **settings: object) -> None:
        self.slow = Slow(list(LINES))
        super().__init__(recogniser=seat(self.slow), **settings)  # type: ignore[arg-type]  # passed on
        self.seen: list[Event] = []
        self._to_come: list[Int16] = []
        self.slow.passes_time = self.passes

    def passes(self, seconds: float) -> None:
        """Time, and with it what the user says next."""
        for _ in range(round(seconds / 0.1)):
            self.hears(self._to_come.pop(0) if self._to_come else silence(0.1))

    def lives(self, *pieces: Int16) -> None:
        samples = np.concatenate(pieces)
        self._to_come += np.array_split(samples, max(1, len(samples) // (RATE_HZ // 10)))
        while self._to_come:
            self.passes(0.1)
            self.works()
            self.seen += self.told()

    def asks(self, line: int) -> None:
        """And waits for the whole answer."""
        self.lives(tone(0.8, line), silence(0.5))
        until = self.clock.now() + 60
        while self.exchange.settled < self.exchange.newest and self.clock.now() < until:
            self.lives(silence(0.5))

    def steps(self, change: str) -> list[str | None]:
        """Steps that were taken, or taken back, in order."""
        return [
            each.step
            for each in self.seen
            if isinstance(each, events.QualityStepped) and each.change == change
        ]

    def searches(self) -> str:
        return "narrow" if self.slow.is_narrow else "wide"

    def answered(self) -> list[str]:
        return [each.heard for each in self.seen if isinstance(each, events.TurnDone)]


def test_an_engine_that_becomes_five_times_as_slow_costs_steps_in_order_and_they_come_back() -> None:
    talk = Living()
    talk.slow.seconds = USUAL_S
    for turn in range(4):
        talk.asks(turn % 3)
    assert talk.steps("taken") == []
    talk.slow.seconds = 5 * USUAL_S
    for turn in range(8):
        talk.asks(turn % 3)
    assert talk.steps("taken") == NAMES
    assert talk.steps("taken back") == []
    assert talk.searches() == "narrow"
    heard = [each.text for each in talk.seen if isinstance(each, events.Heard)]
    assert heard == [LINES[turn % 3] for turn in (*range(4), *range(8))], "every question"
    assert all(talk.answered()), "and every one is answered"
    assert len(talk.answered()) == 12

    talk.slow.seconds = USUAL_S
    calm_s = talk.config.pressure.calm_s
    talk.lives(silence(FRESH_S + 2 * FALL_S + len(NAMES) * calm_s + 2))
    assert talk.steps("taken back") == NAMES[::-1]
    talk.asks(0)
    assert talk.searches() == "wide"
    means = talk.exchange.means
    assert (means.level, means.without, means.stepped) == ("calm", (), len(NAMES))


def test_who_wants_no_steps_is_told_the_level_alone() -> None:
    talk = Living(pressure=PressureConfig(adapt=False))
    for seconds in (USUAL_S, 5 * USUAL_S):
        talk.slow.seconds = seconds
        for turn in range(4):
            talk.asks(turn % 3)
    levels = [each.level for each in talk.seen if isinstance(each, events.QualityStepped)]
    assert levels[0] in ("warning", "critical")
    assert talk.steps("taken") == []


def test_a_pass_that_hangs_is_pressure_before_it_has_ended() -> None:
    talk = Living()
    talk.slow.seconds = USUAL_S
    for turn in range(4):
        talk.asks(turn % 3)
    told: list[Event] = []

    def hangs(seconds: float) -> None:
        talk.passes(3.0)
        told.extend(talk.told())

    talk.slow.passes_time = hangs
    talk.lives(tone(0.5))
    assert any(isinstance(each, events.QualityStepped) for each in told)


def test_sound_that_waits_for_the_ear_is_pressure() -> None:
    talk = Stepped()
    block = silence(0.1)[:, np.newaxis]
    for _ in range(15):
        talk.clock.advance(0.1)
        talk.crew.capture.on_block(block, talk.clock.now() - 0.1, False)
    talk.crew.governor.look()
    talk.clock.advance(RISE_S)
    talk.crew.governor.look()
    assert talk.exchange.means.level == "warning"


def test_a_reader_that_lags_is_no_pressure_but_its_growth_is_told_once() -> None:
    talk = Stepped()
    watched = talk.crew.events.reader("watched", wants=lambda event: isinstance(event, events.Warned))
    for line in range(60):
        talk.types(f"line {line}")
        talk.works()
        talk.hears(silence(5.0))
        talk.works()
    warned = [watched.get(0) for _ in range(watched.stats().fill)]
    assert sum("events: test" in str(each) for each in warned) == 1
    assert talk.events.stats().fill < talk.events.stats().capacity / 2
    assert talk.exchange.means.level == "calm"


@pytest.mark.parametrize(("policy", "level"), [("block", "calm"), ("drop_oldest", "critical")])
def test_a_full_queue_is_pressure_only_where_something_is_lost(policy: str, level: str) -> None:
    clock = FakeClock()
    told: list[Fact] = []
    full = BufferFill("reply", "clauses", 8, 8, 8, 0, 0.0, policy)
    governor = Governor(PressureConfig(), clock, lambda: [full], list, list, told.append, STEPS)
    for _ in range(20):
        governor.look()
        clock.advance(0.1)
    assert [fact.level for fact in told if isinstance(fact, QualityChanged)][-1:] == (
        [level] if level != "calm" else []
    )


# ---- drafts and servers


class Remote(Answers):
    """On another computer."""

    is_local = False


@pytest.mark.parametrize(
    ("answers", "drafts", "asked"),
    [
        (Remote, "auto", 1),
        (Remote, "off", 1),
        (Remote, "on", 2),
        (Answers, "auto", 2),
        (Answers, "on", 2),
        (Answers, "off", 1),
    ],
)
def test_a_server_elsewhere_is_asked_once_a_turn_unless_drafts_are_on(
    answers: type[Answers], drafts: Literal["auto", "on", "off"], asked: int
) -> None:
    talk = Stepped(*LINES, answers=answers, generate=GenerateConfig(drafts=drafts))
    talk.hears(silence(0.3), tone(0.6), silence(0.15))
    talk.works()
    talk.hears(tone(0.6, 1), silence(0.3))
    talk.works()
    talk.hears(silence(2.0))
    talk.works()
    assert len(talk.answers.asked) == asked
    assert talk.answers.asked[-1][-1].content == f"{LINES[0]} {LINES[1]}"


class Busy(Answers):
    """Its server takes no more requests, and says so."""

    notify: Notify = staticmethod(ignore)

    def generate(self, *arguments: Any) -> GenerationStats:
        self.notify(TooManyRequests())
        return super().generate(*arguments)


def test_a_busy_server_gets_no_drafts() -> None:
    talk = Stepped(*LINES, answers=Busy)
    talk.types("hello")
    talk.works()
    talk.hears(silence(2.0), tone(0.6), silence(0.15))
    talk.works()
    assert [messages[-1].content for messages in talk.answers.asked] == ["hello"]
    talk.hears(silence(2.0))
    talk.works()
    assert [messages[-1].content for messages in talk.answers.asked] == ["hello", LINES[0]]


def test_clauses_are_longer_under_pressure() -> None:
    reply = "Yes, it is a fine day in Oslo, and tomorrow it will rain in the whole of the country."
    counts = []
    for taken in ((), STEPS):
        talk = Stepped(replies=(reply,))
        talk.crew.post(QualityChanged("critical", taken))
        talk.types("hello")
        talk.works()
        clauses = [each.text for each in talk.told() if isinstance(each, events.ReplyClause)]
        assert " ".join(clauses) == reply
        counts.append(len(clauses))
    assert counts[1] < counts[0]


@pytest.mark.parametrize("has_one", [False, True])
def test_the_smaller_recogniser_is_used_while_that_step_is_taken_and_where_there_is_one(
    has_one: bool,
) -> None:
    small = Scribe(list(LINES))
    talk = Living(smaller=small if has_one else None)
    for turn, steps in enumerate(((), (SMALL,), ())):
        talk.crew.post(QualityChanged("critical" if steps else "calm", steps))
        before = len(small.passes)
        talk.asks(turn)
        assert (len(small.passes) > before) == bool(steps and has_one)
    assert [each.text for each in talk.seen if isinstance(each, events.Heard)] == list(LINES)
    assert all(talk.answered())


def test_the_step_to_a_smaller_recogniser_is_taken_only_where_there_is_one() -> None:
    talk = Living(smaller=Scribe(list(LINES)))
    for seconds in (USUAL_S, 5 * USUAL_S):
        talk.slow.seconds = seconds
        for turn in range(8):
            talk.asks(turn % 3)
    assert SMALL.name in talk.steps("taken")


# ---- how late engines are


def test_of_a_model_the_wait_for_the_first_piece_counts_and_not_that_of_its_reader() -> None:
    clock = FakeClock()
    calls = attempts(clock)

    meanwhile: list[float] = []

    def speak(_: str) -> None:
        clock.advance(0.5)
        meanwhile.append(calls.late_s(LANGUAGE_MODEL))

    def reply(first_s: float) -> None:
        emit = calls.apart(LANGUAGE_MODEL, speak)
        clock.advance(first_s)
        for piece in "abc":
            emit(piece)
            clock.advance(0.05)

    for _ in range(KNOWN):
        assert calls.attempt(LANGUAGE_MODEL, lambda: reply(0.3)) is None
    assert set(meanwhile) == {0.0}
    for _ in range(IN_A_ROW):
        calls.attempt(LANGUAGE_MODEL, lambda: reply(1.3))
    assert calls.late_s(LANGUAGE_MODEL) == pytest.approx(1.0)


def test_the_wait_for_a_turn_counts_and_a_fault_does_not() -> None:
    clock = FakeClock()
    calls = attempts(clock)

    def pass_over(seconds: float, fault: Exception | None = None) -> None:
        clock.advance(seconds)
        if fault is not None:
            raise fault

    for _ in range(KNOWN):
        calls.in_turn(Work.FINAL, TRANSCRIBER, lambda: pass_over(0.2), size=2.0)
    for _ in range(IN_A_ROW):
        calls.in_turn(Work.FINAL, TRANSCRIBER, lambda: pass_over(3.0, RuntimeError()), size=2.0)
    assert calls.late_s(TRANSCRIBER) == 0.0
    late: list[float] = []

    def watched() -> None:
        clock.advance(1.2)
        late.append(calls.late_s(TRANSCRIBER))

    calls.in_turn(Work.FINAL, TRANSCRIBER, watched)
    calls.in_turn(Work.FINAL, TRANSCRIBER, watched, size=2.0)
    assert late == [0.0, pytest.approx(1.0)], "only where it is known how much is asked for"
