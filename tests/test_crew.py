"""What joins the floor and its workers: who is told, what is kept in order, who waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from tests.seats import attempts, seat
from tests.sentences import wording
from tests.stepped import Stepped
from tests.test_talking import Answers, silence, tone
from voicecli import events
from voicecli.floor import facts
from voicecli.floor import orders as to
from voicecli.floor.turns.turn import CLAUSES_AHEAD
from voicecli.floor.user.speech import GONE_S
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.system.clock import FakeClock
from voicecli.talk.inboxes import ORDERS
from voicecli.talk.workers.author import Author
from voicecli.threads.channel import Channel
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.engines import Seat
    from voicecli.reply.generate import Generator


def test_where_nobody_takes_events_any_more_the_talk_ends() -> None:
    talk = Stepped()
    assert not talk.crew.stop.is_set()
    talk.crew.events.close()
    talk.hears(silence(0.3), tone(0.6))
    assert talk.crew.stop.is_set()


def test_after_the_end_facts_change_nothing_and_ask_for_nothing() -> None:
    talk = Stepped()
    talk.crew.close()
    talk.crew.post(facts.Typed("hello"))
    assert talk.exchange.newest == 0
    assert not talk.told()


def test_the_log_of_facts_has_each_with_its_time_and_what_was_made_of_it() -> None:
    talk = Stepped()
    early, late = talk.crew.facts.reader("early"), talk.crew.facts.reader("late", 1)
    talk.types("What time is it?")
    talk.works()
    assert late.stats().drops > 0, "who lags loses its own"
    logged = [early.get(0) for _ in range(early.stats().fill)]
    assert [at for at, _, _ in logged] == sorted(at for at, _, _ in logged)
    logged = [each for each in logged if not isinstance(each[1], facts.DayTime | facts.Tick)]
    assert [type(fact) for _, fact, _ in logged][:2] == [facts.Typed, facts.Flushed]
    (typed, flushed) = (orders for _, _, orders in logged[:2])
    assert typed == [to.Flush()]
    assert [type(order) for order in flushed][-2:] == [to.Tell, to.Write]


def test_a_held_agent_is_held_when_the_fact_was_taken() -> None:
    """Not when some worker comes to it."""
    talk = Stepped("go on", "something")
    talk.hears(silence(0.3))
    talk.answers_with(2.0)
    talk.hears(silence(0.3), tone(0.1, 1))
    assert talk.crew.to_ear.stats().fill == 0
    assert talk.is_held()


def test_each_place_where_something_waits_is_bounded_and_counted() -> None:
    talk = Stepped()
    places = {place.name: place for place in talk.crew.waits()}
    workers = {f"to the {name}" for name in ("ear", "scribe", "judge", "author", "mouth")}
    floor = {"speech", "looks", "keys and lines", "unanswered words", "conversation", "reply"}
    assert set(places) == floor | workers
    assert {places[name].capacity for name in workers} == {ORDERS}
    assert not any(place.losses for place in places.values())


class Endless(Answers):
    """Has more to say than anybody could take."""

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        for number in range(CLAUSES_AHEAD + 4):
            if cancelled():
                break
            emit(f"This is sentence number {number} of many. ")
        return GenerationStats()


@pytest.mark.parametrize("void", [False, True])
def test_an_author_is_ahead_of_the_voice_by_a_bounded_number_of_clauses(void: bool) -> None:
    clock, told, void_before = FakeClock(), list[facts.Fact](), [0]
    inbox: Channel[to.ToAuthor] = Channel(Buffer("to the author", "orders", 8, "drop_oldest", "a test"))
    ahead: list[int] = []

    class Sleeps(Channel[to.ToAuthor]):
        def get(self, timeout_s: float | None = None) -> to.ToAuthor:
            ahead.append(sum(isinstance(fact, facts.ClauseWritten) for fact in told))
            if void:
                void_before[0] = 2
            return to.GoOn(1)

    inbox = Sleeps(Buffer("to the author", "orders", 8, "drop_oldest", "a test"))
    model: Seat[Generator] = seat(Endless([]))  # type: ignore[arg-type]  # duck-typed
    author = Author(model, "en", clock, attempts(clock), inbox, told.append, lambda: void_before[0])
    author.take(to.Write(1, 1, (ChatMessage("user", "go on"),), judges=False))
    written = sum(isinstance(fact, facts.ClauseWritten) for fact in told)
    assert ahead[0] == CLAUSES_AHEAD
    if void:
        assert len(ahead) == 1
        assert isinstance(told[-1], facts.ReplyWritten)
        assert told[-1].cancelled
    else:
        assert ahead == list(range(CLAUSES_AHEAD, written))


def test_what_is_told_first_is_that_the_words_leave_the_computer() -> None:
    class Remote(Answers):
        is_local = False

    talk = Stepped(answers=Remote)
    (warned,) = [event for event in talk.told_first if isinstance(event, events.Warned)]
    assert wording("server.other_computer") in warned.message


def test_a_computer_that_was_asleep_in_the_middle_of_a_sentence_has_not_heard_its_end() -> None:
    """The sound waits in the ring, and no time has passed for it."""
    talk = Stepped("what is the time")
    talk.hears(silence(0.3), tone(0.6))
    talk.clock.advance(3 * GONE_S)
    talk.hears(tone(0.3))
    assert talk.exchange.turns[1].is_open
    assert talk.exchange.newest == 1


def test_the_mouth_is_woken_when_a_draft_becomes_void_though_nothing_is_silenced() -> None:
    talk = Stepped("what time is it")
    numbers, woken = talk.exchange._numbers, talk.crew.to_mouth
    draft = numbers.next()

    def withdraw(_: float) -> list[to.Order]:
        numbers.void(draft + 1)
        return []

    talk.crew.ask(withdraw)
    assert woken.get(0) == to.Drop(draft + 1)
    talk.crew.ask(lambda _: [])
    assert woken.stats().fill == 0
