"""Whose turn it is, alone: which draft is wanted, when it is the answer, and what may be told of it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli import events
from voicecli.clock import FakeClock
from voicecli.messages import Draft, Transcript
from voicecli.pipeline.times import STAGES, TurnTimes
from voicecli.pipeline.turns import JUST_ENDED_S, LATE_S, Turns

if TYPE_CHECKING:
    from voicecli.events import Event

START_AT = 100.0


class Floor:
    """A talk without workers: the test is each of them in turn."""

    def __init__(self) -> None:
        self.clock = FakeClock(START_AT)
        self.let_out: list[int] = []
        self.turns = Turns(self.clock, START_AT, self.let_out.append)
        self.events = self.turns.events.reader("test")

    def speaks(self) -> int:
        return self.turns.open(self.clock.now())

    def draft(self, text: str = "words", *, confirmed: bool = True) -> Draft:
        """Propose an answer to what was said in the newest stretch."""
        turns = self.turns
        draft = Draft(turns.newest, turns.stretch, turns.draft + 1, Transcript(text, "en", 0.9))
        turns.propose(draft, TurnTimes(draft_at=self.clock.now(), transcribed_at=self.clock.now()))
        if confirmed:
            turns.confirm(draft)
        return draft

    def take(self) -> None:
        self.turns.take(self.clock.now(), self.clock.now())

    def clause(self, draft: Draft) -> Event:
        """What would be told of the reply to a draft."""
        return events.ReplyClause(0.0, draft.turn, 0, f"answer to {draft.number}")

    def told(self) -> list[Event]:
        return [self.events.get(0) for _ in range(self.events.stats().fill)]


def test_a_draft_is_wanted_before_the_turn_is_taken_and_is_the_answer_after() -> None:
    floor = Floor()
    floor.speaks()
    draft = floor.draft()
    assert floor.turns.wanted(draft)
    assert not floor.turns.taken(draft)
    assert floor.turns.is_open(draft.turn)
    floor.take()
    assert floor.turns.taken(draft)
    assert floor.let_out == [draft.number]
    assert not floor.turns.is_open(draft.turn)


def test_words_that_come_after_the_turn_was_taken_are_answered_as_well() -> None:
    """The transcriber may be later than the decision, and then nothing is waited for any more."""
    floor = Floor()
    floor.speaks()
    floor.take()
    assert floor.let_out == []
    draft = floor.draft()
    assert floor.turns.taken(draft)
    assert floor.let_out == [draft.number]


def test_a_draft_that_is_not_confirmed_is_not_let_out() -> None:
    floor = Floor()
    floor.speaks()
    draft = floor.draft(confirmed=False)
    floor.take()
    assert floor.turns.wanted(draft)
    assert not floor.turns.taken(draft)
    assert floor.let_out == []
    floor.turns.confirm(draft)
    assert floor.turns.taken(draft)
    assert floor.let_out == [draft.number]


def test_who_goes_on_makes_the_draft_unwanted() -> None:
    floor = Floor()
    floor.speaks()
    first = floor.draft()
    floor.turns.resume()
    assert not floor.turns.wanted(first)
    assert floor.turns.cancelled(first.number)
    assert not floor.turns.may_count(first.turn, first.stretch)
    second = floor.draft("more words")
    floor.take()
    assert not floor.turns.taken(first)
    assert floor.turns.taken(second)
    assert floor.let_out == [second.number]


def test_a_newer_draft_takes_the_place_of_the_older_one() -> None:
    floor = Floor()
    floor.speaks()
    first, second = floor.draft("what dime"), floor.draft("what time")
    assert not floor.turns.wanted(first)
    floor.take()
    assert floor.turns.taken(second)
    assert not floor.turns.taken(first)
    assert floor.let_out == [second.number]


def test_a_draft_that_is_withdrawn_is_not_wanted_and_has_no_successor_yet() -> None:
    floor = Floor()
    floor.speaks()
    first = floor.draft(confirmed=False)
    floor.turns.withdraw()
    assert not floor.turns.wanted(first)
    assert floor.turns.cancelled(first.number)
    second = floor.draft()
    assert second.number > first.number + 1  # no number is used twice
    assert floor.turns.wanted(second)


def test_a_turn_that_is_over_is_answered_though_the_user_coughs_before_it_sounds() -> None:
    """A new turn makes the old draft unwanted, and it is remembered as cut off, not as never taken."""
    floor = Floor()
    floor.speaks()
    draft = floor.draft()
    floor.take()
    floor.speaks()
    assert not floor.turns.wanted(draft)
    assert floor.turns.taken(draft)
    assert floor.turns.may_count(draft.turn, draft.stretch)


def test_after_the_end_nothing_is_wanted() -> None:
    floor = Floor()
    floor.speaks()
    draft = floor.draft()
    floor.turns.stop.set()
    assert not floor.turns.wanted(draft)
    assert not floor.turns.await_taken(draft)


# ---- what is told


def test_what_is_told_of_a_draft_waits_for_the_turn_to_be_taken_and_keeps_its_order() -> None:
    floor = Floor()
    floor.speaks()
    draft = floor.draft()
    heard = events.Heard(0.0, 1, "words", "en", 0.9)
    clause = floor.clause(draft)
    floor.turns.tell(draft, heard)
    floor.turns.tell(draft, clause)
    assert floor.told() == []
    floor.take()
    assert floor.told() == [heard, clause]
    more = events.ReplyClause(0.0, 1, 1, "more")
    floor.turns.tell(draft, more)
    assert floor.told() == [more]


@pytest.mark.parametrize("ended_by", ["resume", "propose", "withdraw"])
def test_a_draft_that_is_not_the_answer_is_never_told_of(ended_by: str) -> None:
    floor = Floor()
    floor.speaks()
    wrong = floor.draft("wrong", confirmed=False)
    floor.turns.tell(wrong, floor.clause(wrong))
    match ended_by:
        case "resume":
            floor.turns.resume()
        case "withdraw":
            floor.turns.withdraw()
    right = floor.draft("right")
    floor.turns.tell(wrong, floor.clause(wrong))  # its worker has not noticed yet
    floor.turns.tell(right, floor.clause(right))
    floor.take()
    assert floor.told() == [floor.clause(right)]


def test_partial_words_are_told_until_the_turn_is_taken_and_never_after() -> None:
    floor = Floor()
    turn = floor.speaks()
    partial = events.Partial(0.0, turn, "what")
    floor.turns.tell_partial(partial)
    assert floor.told() == [partial]
    floor.take()
    floor.turns.tell_partial(partial)
    floor.turns.tell_partial(events.Partial(0.0, turn + 1, "of no turn"))
    assert floor.told() == []


def test_where_nobody_takes_events_any_more_the_talk_ends() -> None:
    floor = Floor()
    floor.turns.events.close()
    floor.turns.emit(events.Listening(0.0))
    assert floor.turns.stop.is_set()


def test_events_count_from_the_beginning_of_the_talk() -> None:
    floor = Floor()
    floor.clock.advance(1.23456)
    assert floor.turns.elapsed_s() == 1.235


# ---- the end of a turn


def test_dropped_drafts_are_counted_with_the_work_that_went_into_them() -> None:
    floor = Floor()
    floor.speaks()
    first = floor.draft("one")
    floor.turns.drafts[first.number].generate_s = 0.2
    floor.turns.resume()
    second = floor.draft("one two")
    floor.turns.drafts[second.number].generate_s = 0.3
    floor.turns.drafts[second.number].synthesize_s = 0.1
    floor.turns.resume()
    answer = floor.draft("one two three")
    floor.turns.drafts[answer.number].generate_s = 5.0
    count, seconds = floor.turns.dropped(answer)
    assert count == 2
    assert seconds == pytest.approx(0.6)


def test_drafts_of_another_turn_are_not_counted() -> None:
    floor = Floor()
    floor.speaks()
    floor.draft()
    floor.take()
    floor.speaks()
    assert floor.turns.dropped(floor.draft()) == (0, 0)


def test_a_settled_turn_is_forgotten_with_those_before_it() -> None:
    floor = Floor()
    floor.speaks()
    old = floor.draft()
    floor.take()
    turn = floor.speaks()
    draft = floor.draft()
    floor.take()
    floor.turns.settle(turn)
    assert floor.turns.settled == floor.turns.newest == turn
    assert (floor.turns.turns, floor.turns.drafts) == ({}, {})
    for one in (old, draft):
        assert not floor.turns.taken(one)
        assert floor.turns.cancelled(one.number)
    floor.turns.confirm(draft)  # by a transcriber that is late: nobody minds


def test_to_settle_a_turn_leaves_the_next_alone() -> None:
    floor = Floor()
    turn = floor.speaks()
    floor.draft()
    floor.take()
    floor.speaks()
    draft = floor.draft()
    floor.turns.settle(turn)
    assert floor.turns.wanted(draft)
    floor.take()
    assert floor.turns.taken(draft)


@pytest.mark.parametrize(("after_s", "goes_on"), [(-0.2, True), (0.3, True), (LATE_S, True), (1.5, False)])
def test_who_speaks_at_once_after_the_agents_first_sound_had_not_finished(
    after_s: float, goes_on: bool
) -> None:
    floor = Floor()
    turn = floor.speaks()
    floor.take()
    sounded_at = floor.clock.now()
    floor.turns.open(sounded_at + after_s - 1e-9)
    assert floor.turns.goes_on(turn, sounded_at) is goes_on


def test_who_only_asks_for_silence_does_not_go_on() -> None:
    floor = Floor()
    turn = floor.speaks()
    draft = floor.draft()
    floor.take()
    floor.turns.call_off()
    assert not floor.turns.wanted(draft)
    assert floor.turns.taken(draft)  # it is remembered, as far as it was heard
    assert not floor.turns.goes_on(turn, floor.clock.now())
    floor.speaks()  # at once, of something else
    assert not floor.turns.goes_on(turn, floor.clock.now())
    assert not floor.turns.goes_on(turn, None)


def test_who_speaks_before_the_agent_goes_on() -> None:
    floor = Floor()
    turn = floor.speaks()
    assert not floor.turns.goes_on(turn, None)
    floor.speaks()
    assert floor.turns.goes_on(turn, None)


def test_a_turn_may_be_about_an_answer_that_is_to_come_or_has_just_ended() -> None:
    floor = Floor()
    first, during = floor.speaks(), floor.speaks()
    floor.turns.settle(during)
    floor.clock.advance(JUST_ENDED_S - 0.1)
    after = floor.speaks()
    may_stop = [floor.turns.turns[after].may_stop]
    floor.turns.settle(after)
    floor.clock.advance(JUST_ENDED_S + 0.1)
    later = floor.speaks()
    may_stop.append(floor.turns.turns[later].may_stop)
    assert may_stop == [True, False]
    fresh = Floor()
    assert [fresh.turns.turns[fresh.speaks()].may_stop for _ in (first, during)] == [False, True]


def test_when_nothing_is_to_be_answered_there_is_nothing_to_call_off() -> None:
    floor = Floor()
    floor.turns.call_off()
    turn = floor.speaks()
    floor.turns.settle(turn)
    floor.turns.call_off()
    following = floor.speaks()
    assert not floor.turns.turns[following].called_off


def test_the_moments_of_a_turn_are_the_listeners_and_the_drafts() -> None:
    floor = Floor()
    floor.speaks()
    floor.clock.advance(2.0)
    draft = floor.draft()
    floor.clock.advance(0.1)
    floor.turns.take(101.5, 101.55)
    times = floor.turns.times_of(draft)
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
