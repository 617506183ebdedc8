"""Turns and drafts, alone: which draft is void, which is the answer, and what may be told of it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli import events
from voicecli.floor.orders import LetSound, Tell
from voicecli.floor.turns.exchange import JUST_ENDED_S, Exchange, Numbers, Out
from voicecli.floor.turns.turn import LATE_S, Draft, Turn
from voicecli.messages import Transcript
from voicecli.waiting.times import STAGES, TurnTimes

if TYPE_CHECKING:
    from voicecli.events import Event

START_AT = 100.0


class Book:
    """Turns without a floor: the test says what happens."""

    def __init__(self) -> None:
        self.out = Out(START_AT)
        self.numbers = Numbers()
        self.exchange = Exchange(self.out, self.numbers)
        self.let_out: list[int] = []
        self._told: list[Event] = []

    def speaks(self) -> Turn:
        return self.exchange.begin(self.out.now)

    def draft(self, text: str = "words", *, confirmed: bool = True, segment: int | None = None) -> Draft:
        """Propose an answer to what was said in a segment, the newest if none is named."""
        now, exchange = self.out.now, self.exchange
        times = TurnTimes(draft_at=now, transcribed_at=now)
        segment = segment or exchange.segment
        words = Transcript(text, "en", 0.9)
        draft = Draft(self.numbers.next(), exchange.newest, segment, words, times)
        exchange.propose(draft)
        if confirmed:
            exchange.confirm(draft)
        return draft

    def commit(self) -> None:
        self.exchange.commit(self.out.now, self.out.now)

    def is_void(self, draft: Draft) -> bool:
        return self.numbers.is_void(draft)

    def is_answer(self, draft: Draft) -> bool:
        turn = self.exchange.turns.get(draft.turn)
        return turn is not None and turn.answer is draft

    def clause(self, draft: Draft) -> Event:
        """What would be told of the reply to a draft."""
        return events.ReplyClause(0.0, draft.turn, 0, f"answer to {draft.number}")

    def settle(self, turn: Turn) -> None:
        """Its answer, if it has none yet, is found, and is over."""
        self.commit()
        if turn.answer is None:
            turn.confirm(Draft(0, turn.number, turn.ended_in or 0, Transcript("", "", 0.0), TurnTimes()))
        self.exchange.finalise(turn)

    def carried_out(self) -> None:
        for order in self.out.taken():
            match order:
                case LetSound(draft):
                    self.let_out.append(draft)
                case Tell(event):
                    self._told.append(event)

    def told(self) -> list[Event]:
        self.carried_out()
        told, self._told = self._told, []
        return told

    @property
    def sounds(self) -> list[int]:
        """Which drafts were let sound."""
        self.carried_out()
        return self.let_out


def test_a_draft_may_sound_before_the_turn_is_committed_and_is_the_answer_after() -> None:
    book = Book()
    turn = book.speaks()
    draft = book.draft()
    assert not book.is_void(draft)
    assert not book.is_answer(draft)
    assert turn.is_open
    assert book.sounds == []
    book.commit()
    assert book.is_answer(draft)
    assert book.sounds == [draft.number]
    assert not turn.is_open


def test_words_that_come_after_the_turn_was_committed_are_answered_as_well() -> None:
    """The scribe may be later than the decision, and then nothing is waited for any more."""
    book = Book()
    book.speaks()
    book.commit()
    assert book.sounds == []
    draft = book.draft()
    assert book.is_answer(draft)
    assert book.sounds == [draft.number]


def test_a_draft_that_is_not_confirmed_is_not_let_out() -> None:
    book = Book()
    book.speaks()
    draft = book.draft(confirmed=False)
    book.commit()
    assert not book.is_void(draft)
    assert not book.is_answer(draft)
    assert book.sounds == []
    book.exchange.confirm(draft)
    assert book.is_answer(draft)
    assert book.sounds == [draft.number]


def test_who_goes_on_makes_the_draft_void() -> None:
    book = Book()
    turn = book.speaks()
    first = book.draft()
    book.exchange.go_on()
    assert book.is_void(first)
    assert first.number < book.numbers.void_before
    assert not turn.counts(first.segment, book.exchange.segment)
    second = book.draft("more words")
    book.commit()
    assert not book.is_answer(first)
    assert book.is_answer(second)
    assert book.sounds == [second.number]


def test_a_newer_draft_takes_the_place_of_the_older_one() -> None:
    book = Book()
    book.speaks()
    first, second = book.draft("what dime"), book.draft("what time")
    assert book.is_void(first)
    book.commit()
    assert book.is_answer(second)
    assert not book.is_answer(first)
    assert book.sounds == [second.number]


def test_a_draft_that_is_withdrawn_is_void_and_has_no_successor_yet() -> None:
    book = Book()
    book.speaks()
    first = book.draft(confirmed=False)
    book.exchange.withdraw()
    assert book.is_void(first)
    assert book.exchange.due() is None
    second = book.draft()
    assert second.number > first.number
    assert not book.is_void(second)
    assert book.exchange.due() is second


def test_a_turn_that_is_over_is_answered_though_the_user_coughs_before_it_sounds() -> None:
    """A new turn makes the old draft void, and it is remembered as cut off, not as never the answer."""
    book = Book()
    turn = book.speaks()
    draft = book.draft()
    book.commit()
    book.speaks()
    assert book.is_void(draft)
    assert book.is_answer(draft)
    assert turn.counts(draft.segment, book.exchange.segment)


def test_words_that_are_found_when_the_user_has_gone_on_are_an_answer_that_never_sounds() -> None:
    book = Book()
    turn = book.speaks()
    book.commit()
    segment = book.exchange.segment
    following = book.speaks()
    live = book.draft("the next ones")
    late = Draft(book.numbers.next(), turn.number, segment, Transcript("words", "en", 0.9), TurnTimes())
    book.exchange.propose(late)
    book.exchange.confirm(late)
    assert book.is_answer(late)
    assert book.is_void(late)
    assert book.sounds == []
    assert book.exchange.due() is late, "it is remembered first"
    assert not book.is_void(live)
    book.exchange.finalise(turn)
    assert book.exchange.due() is live
    assert live.turn == following.number


def test_no_draft_of_a_turn_is_due_before_the_one_before_is_final() -> None:
    book = Book()
    first = book.speaks()
    book.commit()
    book.speaks()
    second = book.draft()
    assert book.exchange.due() is None
    book.settle(first)
    assert book.exchange.due() is second


# ---- what is told


def test_what_is_told_of_a_draft_waits_for_the_turn_to_be_committed_and_keeps_its_order() -> None:
    book = Book()
    book.speaks()
    draft = book.draft()
    heard = events.Heard(0.0, 1, "words", "en", 0.9)
    clause = book.clause(draft)
    book.exchange.tell(draft, heard)
    book.exchange.tell(draft, clause)
    assert book.told() == []
    book.commit()
    assert book.told() == [heard, clause]
    more = events.ReplyClause(0.0, 1, 1, "more")
    book.exchange.tell(draft, more)
    assert book.told() == [more]


@pytest.mark.parametrize("ended_by", ["go on", "propose", "withdraw"])
def test_a_draft_that_is_not_the_answer_is_never_told_of(ended_by: str) -> None:
    book = Book()
    book.speaks()
    wrong = book.draft("wrong", confirmed=False)
    book.exchange.tell(wrong, book.clause(wrong))
    match ended_by:
        case "go on":
            book.exchange.go_on()
        case "withdraw":
            book.exchange.withdraw()
    right = book.draft("right")
    book.exchange.tell(wrong, book.clause(wrong))  # its author has not noticed yet
    book.exchange.tell(right, book.clause(right))
    book.commit()
    assert book.told() == [book.clause(right)]


def test_of_what_was_taken_back_no_clause_is_told() -> None:
    book = Book()
    book.speaks()
    draft = book.draft()
    heard = events.Heard(0.0, 1, "words", "en", 0.9)
    for event in (heard, book.clause(draft)):
        book.exchange.tell(draft, event)
    draft.take_back(1)
    book.commit()
    assert book.told() == [heard]


def test_events_count_from_the_beginning_of_the_talk() -> None:
    book = Book()
    book.out.now += 1.23456
    assert book.out.t == 1.235


# ---- the end of a turn


def test_dropped_drafts_are_counted_with_the_work_that_went_into_them() -> None:
    book = Book()
    turn = book.speaks()
    book.draft("one").generate_s = 0.2
    book.exchange.go_on()
    second = book.draft("one two")
    second.generate_s, second.synthesize_s = 0.3, 0.1
    book.exchange.go_on()
    answer = book.draft("one two three")
    answer.generate_s = 5.0
    done = turn.done(0.0, answer, "")
    assert (done.drafts_dropped, done.drafts_dropped_ms) == (2, 600.0)


def test_drafts_of_another_turn_are_not_counted() -> None:
    book = Book()
    book.speaks()
    book.draft()
    book.commit()
    assert book.speaks().done(0.0, book.draft(), "").drafts_dropped == 0


def test_a_final_turn_is_forgotten_and_the_next_left_alone() -> None:
    book = Book()
    turn = book.speaks()
    old = book.draft()
    book.commit()
    book.speaks()
    draft = book.draft()
    book.settle(turn)
    assert book.exchange.settled == turn.number
    assert book.exchange.find(old.number) is None
    assert not book.is_answer(old)
    assert not book.is_void(draft)
    assert book.is_answer(draft)


@pytest.mark.parametrize(("after_s", "goes_on"), [(-0.2, True), (0.3, True), (LATE_S, True), (1.5, False)])
def test_who_speaks_at_once_after_the_agents_first_sound_had_not_finished(
    after_s: float, goes_on: bool
) -> None:
    book = Book()
    turn = book.speaks()
    book.commit()
    newest = book.exchange.begin(book.out.now + after_s - 1e-9)
    assert turn.continued_by(newest, book.out.now) is goes_on


def test_who_only_asks_for_silence_does_not_go_on() -> None:
    book = Book()
    turn = book.speaks()
    draft = book.draft()
    book.commit()
    book.exchange.call_off()
    assert book.is_void(draft)
    assert book.is_answer(draft)  # it is remembered, as far as it was heard
    assert not turn.continued_by(turn, book.out.now)
    newest = book.speaks()  # at once, of something else
    assert not turn.continued_by(newest, book.out.now)
    assert not turn.continued_by(newest, None)


def test_who_speaks_before_the_agent_goes_on() -> None:
    book = Book()
    turn = book.speaks()
    assert not turn.continued_by(turn, None)
    assert turn.continued_by(book.speaks(), None)


def test_a_turn_may_be_about_an_answer_that_is_to_come_or_has_just_ended() -> None:
    book = Book()
    first, during = book.speaks(), book.speaks()
    assert [first.may_stop, during.may_stop] == [False, True]
    book = Book()
    book.settle(book.speaks())
    book.out.now += JUST_ENDED_S - 0.1
    after = book.speaks()
    book.settle(after)
    book.out.now += JUST_ENDED_S + 0.1
    later = book.speaks()
    assert [after.may_stop, later.may_stop] == [True, False]


def test_when_nothing_is_to_be_answered_there_is_nothing_to_call_off() -> None:
    book = Book()
    book.exchange.call_off()
    book.settle(book.speaks())
    book.exchange.call_off()
    assert not book.speaks().called_off


def test_the_moments_of_a_turn_are_the_listeners_and_the_drafts() -> None:
    book = Book()
    turn = book.speaks()
    book.out.now += 2.0
    draft = book.draft()
    book.out.now += 0.1
    book.exchange.commit(101.5, 101.55)
    times = turn.times_of(draft)
    assert (times.speech_ended_at, times.heard_at, times.draft_at) == (101.5, 101.55, 102.0)
    assert times.decided_at == pytest.approx(102.1)
    assert times.decided_ms == pytest.approx(600.0)


# ---- where the time went

COUNT = len(fields(TurnTimes))


def test_each_stage_is_what_it_added() -> None:
    times = TurnTimes(10.0, 10.05, 10.1, 10.2, 10.25, 10.3, 10.4, 10.45, 10.5)
    latency = times.latency_ms()
    assert latency == pytest.approx(
        {
            "device_in": 50,
            "pause": 50,
            "transcribe": 100,
            "first_token": 50,
            "first_clause": 50,
            "first_audio": 100,
            "decision": 50,
            "playback": 50,
            "total": 500,
        }
    )


def test_work_done_before_the_user_fell_silent_adds_nothing() -> None:
    times = TurnTimes(10.0, 10.05, 9.0, 9.2, 9.3, 9.4, 9.8, 10.2, 10.3)
    latency = times.latency_ms()
    assert [name for name, spent in latency.items() if spent] == [
        "device_in",
        "decision",
        "playback",
        "total",
    ]
    assert latency["total"] == 300.0


def test_a_decision_that_came_before_the_voice_adds_nothing() -> None:
    times = TurnTimes(10.0, 10.05, 10.1, 10.2, 10.3, 10.4, 10.5, 10.3, 10.6)
    assert times.latency_ms()["decision"] == 0.0


@pytest.mark.parametrize("missing", range(COUNT))
def test_a_turn_that_did_not_come_to_sound_has_no_latency(missing: int) -> None:
    moments: list[float | None] = [10.0 + at for at in range(COUNT)]
    moments[missing] = None
    assert TurnTimes(*moments).latency_ms() == {}


def test_without_a_decision_there_is_no_time_of_it() -> None:
    assert TurnTimes(speech_ended_at=1.0).decided_ms is None
    assert TurnTimes(decided_at=1.0).decided_ms is None
    assert TurnTimes(speech_ended_at=1.0, decided_at=1.2).decided_ms == 200.0


@given(st.lists(st.floats(0, 60), min_size=COUNT - 1, max_size=COUNT - 1), st.floats(0, 5))
def test_no_stage_is_negative_and_their_sum_is_the_total(moments: list[float], playback_s: float) -> None:
    """In whatever order the moments come: the sound is never before anything it is made of."""
    latency = TurnTimes(*[*moments, max(moments) + playback_s]).latency_ms()
    total = latency.pop("total")
    assert tuple(latency) == STAGES
    assert min(latency.values()) >= 0
    assert sum(latency.values()) == pytest.approx(total, abs=0.1 * len(STAGES))
