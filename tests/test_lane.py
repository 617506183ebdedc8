"""Who computes next: the pure rule, and the lane that talks wait at."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.seats import place
from voicecli.system.clock import FakeClock, MonotonicClock
from voicecli.threads.lane import SHARE, Lane, Place
from voicecli.waiting.urgency import PATIENCE_S, Request, Work, who_begins

ENGINES = ["recogniser", "voice", "turn model", None]
"""None: the language model."""


def asked(work: Work, engine: str | None = None, at: float = 0.0, number: int | None = None) -> Request:
    return Request(work, int(work) if number is None else number, engine, at)


FINAL, SOUND, PARTIAL = (
    asked(Work.FINAL, "recogniser"),
    asked(Work.SOUND, "voice"),
    asked(Work.PARTIAL, "recogniser"),
)


def test_the_final_words_of_one_come_before_the_partials_of_another() -> None:
    early = asked(Work.PARTIAL, "recogniser", number=0)
    assert who_begins([early, FINAL], [], 2, 0.0) == [FINAL]


def test_an_engine_serves_one_at_a_time_and_the_language_model_each_talk() -> None:
    assert who_begins([FINAL], [PARTIAL], 2, 0.0) == []
    drafts = [asked(Work.DRAFT, number=at) for at in range(2)]
    assert who_begins(drafts, [], 2, 0.0) == drafts


def test_what_is_less_urgent_does_not_hinder_what_is_more() -> None:
    busy = [asked(Work.PARTIAL, "recogniser"), asked(Work.LOOK, "another"), asked(Work.DRAFT)]
    assert who_begins([SOUND], busy, 2, 0.0) == [SOUND]


def test_as_urgent_work_on_all_cores_is_waited_for() -> None:
    judge = asked(Work.FINAL, "turn model")
    assert who_begins([SOUND], [FINAL, judge], 2, 0.0) == []
    assert who_begins([SOUND], [FINAL], 2, 0.0) == [SOUND]
    assert who_begins([SOUND], [FINAL], 1, 0.0) == []


def test_the_language_model_waits_for_all_and_hinders_none() -> None:
    answers = [asked(Work.ANSWER, number=at) for at in range(2)]
    assert who_begins([PARTIAL], answers, 2, 0.0) == [PARTIAL]
    assert who_begins([asked(Work.DRAFT)], [FINAL, SOUND], 2, 0.0) == []


def test_nobody_waits_for_a_core_for_ever_but_an_engine_that_is_taken_stays_taken() -> None:
    busy = [FINAL, asked(Work.FINAL, "turn model")]
    assert who_begins([SOUND], busy, 2, PATIENCE_S) == [SOUND]
    assert who_begins([PARTIAL], busy, 2, PATIENCE_S) == []


@given(
    st.lists(st.tuples(st.sampled_from(Work), st.sampled_from(ENGINES)), max_size=8),
    st.lists(st.sampled_from(Work), max_size=3),
    st.integers(1, 4),
)
def test_whoever_waits_somebody_begins_when_nobody_is_at_work(
    waiting: list[tuple[Work, str | None]], language: list[Work], cores: int
) -> None:
    requests = [asked(work, engine, number=at) for at, (work, engine) in enumerate(waiting)]
    begin = who_begins(requests, [], cores, 0.0)
    assert bool(begin) == bool(requests)
    engines = [request.engine for request in begin if request.engine is not None]
    assert len(engines) == len(set(engines))
    hindered = [asked(work, number=-at) for at, work in enumerate(language, 1)]
    with_models = who_begins(requests, hindered, cores, 0.0)
    assert [r for r in with_models if r.engine is not None] == [r for r in begin if r.engine is not None]


def test_after_a_look_the_engine_rests_for_partial_words_alone() -> None:
    clock = FakeClock()
    lane = Lane(2, clock)
    at, other = Place(lane, clock), Place(lane, clock)
    assert at.room_for("recogniser") is Work.PARTIAL
    with at.turn(Work.PARTIAL, "recogniser"):
        clock.advance(0.2)
        assert at.room_for("recogniser") is Work.FINAL
    assert at.room_for("recogniser") is Work.LOOK
    assert other.room_for("recogniser") is Work.PARTIAL
    clock.advance(0.2 * (1 / SHARE - 1) + 0.001)
    assert at.room_for("recogniser") is Work.PARTIAL


def test_a_turn_that_fails_is_over() -> None:
    at = place(FakeClock())
    with pytest.raises(ZeroDivisionError), at.turn(Work.FINAL, "recogniser"):
        raise ZeroDivisionError
    with at.turn(Work.FINAL, "recogniser"):
        assert at.room_for("recogniser") is Work.FINAL


def test_who_waits_goes_on_when_the_engine_is_free_the_most_urgent_first() -> None:
    lane, order = Lane(1, MonotonicClock()), list[str]()
    waits = threading.Semaphore(0)

    class Told(threading.Thread):
        def __init__(self, work: Work) -> None:
            super().__init__(daemon=True)
            self.work = work

        def run(self) -> None:
            waits.release()
            with lane.turn(self.work, "recogniser"):
                order.append(self.work.name)

    with lane.turn(Work.PARTIAL, "recogniser"):
        late, urgent = Told(Work.DRAFT), Told(Work.FINAL)
        late.start()
        urgent.start()
        assert waits.acquire(timeout=60)
        assert waits.acquire(timeout=60)
        while lane.waiting < 2:
            threading.Event().wait(0.001)
        assert order == []
    urgent.join(60)
    late.join(60)
    assert order == ["FINAL", "DRAFT"]
    assert lane.waited_s[Work.FINAL] > 0
