"""Which passes over the user's words are made, when, and for what they are used: a floor and a scribe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.engine_fakes import Asked, Recogniser
from tests.seats import attempts, seat
from tests.sentences import wording
from tests.world import MODEL, remembered
from voicecli.config import Config
from voicecli.events import Event, Warned
from voicecli.floor import Floor
from voicecli.floor.facts import Tick
from voicecli.floor.orders import Order, Tell, Transcribe
from voicecli.floor.user.scribing import NOT_CAUGHT, PARTLY_CAUGHT
from voicecli.messages import RATE_HZ, Transcript, Utterance
from voicecli.system.clock import FakeClock
from voicecli.talk.workers.scribe import Scribe as Worker
from voicecli.threads.channel import Channel
from voicecli.waiting.buffers import Buffer
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.floor.facts import Fact
    from voicecli.messages import Float32

PASS_S = 0.2
HEARD_UNTIL_S = 1.0
"""Of the pass while the user speaks."""


class Scribe(Recogniser):
    """Takes a while, and hears another sentence in each pass."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.passes: list[bool] = []
        """Whether each was provisional."""
        self.languages_told: list[str | None] = []
        """Of each pass."""
        self.hears: list[Transcript] = []
        """What the next ones give."""
        self.meanwhile: list[Callable[[], None]] = []
        """What happens during each."""

    finds_language = True

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """The first is English, all others are German."""
        return [{"en": 0.02, "de": 0.98} if at else {"en": 0.98, "de": 0.02} for at in range(len(spans))]

    def hear(self, samples: Float32, asked: Asked) -> Transcript:
        self.passes.append(asked.provisional)
        self.languages_told.append(asked.language)
        self.clock.advance(PASS_S)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.hears:
            return self.hears.pop(0)
        return Transcript(f"This is what pass {len(self.passes)} heard.", "en", 0.9)


@dataclass(frozen=True)
class Speech:
    """What is offered to be written down."""

    segment: int
    utterance: Utterance
    paused: bool


class Desk:
    """A turn, and who writes it down."""

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.floor = Floor(Config().turn, MODEL, "en", 0.0, remembered)
        self.exchange, self.scribing = self.floor.exchange, self.floor.scribing
        self.turn = self.exchange.begin(0.0)
        self.scribe = Scribe(self.clock)
        inbox: Channel[Transcribe] = Channel(Buffer("to the scribe", "orders", 8, "drop_oldest", "a test"))
        self.worker = Worker(seat(self.scribe), attempts(self.clock), inbox, self.post)
        self.told: list[Event] = []
        self.asked: list[Transcribe] = []

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.post(Tick())

    def post(self, fact: Fact) -> None:
        self.carry_out(self.floor.take(fact, self.clock.now()))

    def carry_out(self, orders: list[Order]) -> None:
        self.told += [order.event for order in orders if isinstance(order, Tell)]
        self.asked += [order for order in orders if isinstance(order, Transcribe)]

    def hears(self, *speeches: Speech) -> list[str]:
        """Have these written down; the words of each draft."""
        for speech in speeches:
            self.floor.take(Tick(), self.clock.now())
            self.scribing.offer(1, speech.segment, speech.utterance, paused=speech.paused)
            self.carry_out(self.floor.take(Tick(), self.clock.now()))
            while self.asked:
                self.worker.take(self.asked.pop(0))
        return [draft.transcript.text for draft in self.turn.drafts]


def speech(
    words_ended_at: float, heard_until_s: float, *, segment: int = 1, paused: bool, clear_s: float = 0.0
) -> Speech:
    samples = np.zeros(round(heard_until_s * RATE_HZ), np.float32)
    ends = (samples.size, heard_until_s, words_ended_at, heard_until_s)
    return Speech(segment, Utterance(samples, 0, *ends, clear_s=clear_s), paused)


SPEAKING = speech(HEARD_UNTIL_S, HEARD_UNTIL_S, paused=False)


def test_a_pass_that_heard_the_last_word_to_its_end_is_the_last() -> None:
    desk = Desk()
    drafts = desk.hears(SPEAKING, speech(HEARD_UNTIL_S - 0.01, 1.3, paused=True))
    assert desk.scribe.passes == [True]
    assert drafts == ["This is what pass 1 heard."]


def test_where_a_word_came_after_it_there_is_another() -> None:
    desk = Desk()
    drafts = desk.hears(SPEAKING, speech(HEARD_UNTIL_S + 0.01, 1.3, paused=True))
    assert desk.scribe.passes == [True, False]
    assert drafts[-1] == "This is what pass 2 heard."


def test_a_pass_over_what_was_said_before_a_pause_is_not_the_last_of_what_follows() -> None:
    desk = Desk()
    desk.scribe.meanwhile = [desk.exchange.go_on]
    drafts = desk.hears(SPEAKING, speech(HEARD_UNTIL_S - 0.01, 1.3, segment=2, paused=True))
    assert desk.scribe.passes == [True, False]
    assert drafts == ["This is what pass 2 heard."]


def test_words_are_looked_for_where_the_lane_has_room_and_the_scribe_is_free() -> None:
    desk = Desk()
    assert desk.scribing.has_time(Work.PARTIAL, Work.PARTIAL)
    assert desk.scribing.has_time(Work.LOOK, Work.LOOK)
    assert not desk.scribing.has_time(Work.PARTIAL, Work.LOOK)
    assert not desk.scribing.has_time(Work.LOOK, Work.FINAL)
    desk.scribe.meanwhile = [lambda: seen.append(desk.scribing.has_time(Work.LOOK, Work.PARTIAL))]
    seen: list[bool] = []
    desk.hears(SPEAKING)
    assert seen == [False]


NO_WORDS = Transcript("", "en", 0.0, 0.9)
"""Somebody speaks, and cannot be understood."""

WORDS = Transcript("Stop.", "en", 0.9, 0.9)


def warned(desk: Desk, *heard: Transcript, clear_s: float = 1.0) -> list[str]:
    """Have each heard at a pause, go on after each but the last, and the turn committed; the warnings."""
    desk.scribe.hears = list(heard)
    for segment in range(1, len(heard) + 1):
        if segment > 1:
            desk.exchange.go_on()
        desk.hears(speech(1.0, 1.0, segment=segment, paused=True, clear_s=clear_s))
    return warnings(desk)


def warnings(desk: Desk) -> list[str]:
    """What is told once the turn is committed."""
    desk.exchange.commit(1.0, 1.0)
    desk.carry_out(desk.floor.take(Tick(), desk.clock.now()))
    return [each.message for each in desk.told if isinstance(each, Warned)]


@pytest.mark.parametrize(
    ("clear_s", "heard", "warnings"),
    [
        pytest.param(1.0, NO_WORDS, 1, id="speech"),
        pytest.param(0.0, NO_WORDS, 0, id="a cough"),
        pytest.param(1.0, Transcript("", "", 0.0, 0.2), 0, id="a crowd"),
        pytest.param(1.0, WORDS, 0, id="words"),
    ],
)
def test_speech_without_words_is_told_when_its_turn_is_committed(
    clear_s: float, heard: Transcript, warnings: int
) -> None:
    assert len(warned(Desk(), heard, clear_s=clear_s)) == warnings


def test_it_is_told_once_a_turn_and_only_where_no_words_follow() -> None:
    assert len(warned(Desk(), NO_WORDS, NO_WORDS)) == 1
    assert warned(Desk(), NO_WORDS, WORDS) == []


def test_words_that_repeat_themselves_are_looked_at_again_at_the_pause_and_drafted_before() -> None:
    desk = Desk()
    twice = "I like tea. I like tea."
    desk.scribe.hears = [
        Transcript(twice, "en", 0.9, 0.9, settled=False),
        Transcript("I like tea.", "en", 0.9),
    ]
    drafts = desk.hears(SPEAKING, speech(HEARD_UNTIL_S - 0.01, 1.3, paused=True))
    assert desk.scribe.passes == [True, False]
    assert drafts == [twice, "I like tea."]


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        pytest.param((WORDS, WORDS), None, id="all has words"),
        pytest.param((NO_WORDS, WORDS), PARTLY_CAUGHT[0], id="its beginning has none"),
        pytest.param((WORDS, NO_WORDS), PARTLY_CAUGHT[0], id="its end has none"),
        pytest.param((NO_WORDS, NO_WORDS), NOT_CAUGHT[0], id="nothing has"),
    ],
)
def test_of_a_long_turn_each_piece_without_words_is_told(
    pieces: tuple[Transcript, Transcript], message: str | None
) -> None:
    desk = Desk()
    desk.scribe.hears = list(pieces)
    piece = speech(1.0, 1.0, paused=False, clear_s=1.0)
    desk.hears(replace(piece, utterance=replace(piece.utterance, complete=False)))
    desk.hears(speech(2.0, 2.0, paused=True, clear_s=1.0))
    assert warnings(desk) == ([message] if message else [])


@pytest.mark.parametrize("failing", [0, 1])
def test_of_a_long_turn_a_piece_that_fails_is_told_and_the_other_answered(failing: int) -> None:
    desk = Desk()

    def fails() -> None:
        raise RuntimeError("out of memory")

    desk.scribe.meanwhile = [fails if at == failing else lambda: None for at in range(2)]
    piece = speech(1.0, 1.0, paused=False, clear_s=1.0)
    piece = replace(piece, utterance=replace(piece.utterance, complete=False))
    assert desk.hears(piece, speech(2.0, 2.0, paused=True, clear_s=1.0)) == [
        f"This is what pass {2 - failing} heard."
    ]
    assert warnings(desk)[0] == wording(
        "engines.failed", stage="speech to text", why="RuntimeError: out of memory"
    )


def two_sentences(*, paused: bool) -> Speech:
    whole = speech(6.0, 6.0, paused=paused, clear_s=4.0)
    return replace(whole, utterance=replace(whole.utterance, spans=((0.3, 2.8), (3.2, 5.8))))


def test_who_changes_the_language_in_a_turn_is_heard_in_both() -> None:
    """Even where a pass in one language had heard all of it."""
    desk = Desk()
    drafts = desk.hears(two_sentences(paused=False), two_sentences(paused=True))
    assert desk.scribe.passes == [True, False, False]
    assert desk.scribe.languages_told == [None, "en", "de"]
    assert drafts[-1] == "This is what pass 2 heard. This is what pass 3 heard."


def test_a_part_in_another_language_without_words_is_told() -> None:
    desk = Desk()
    desk.scribe.hears = [WORDS, NO_WORDS]
    desk.hears(two_sentences(paused=True))
    assert warnings(desk) == [PARTLY_CAUGHT[0]]


def test_a_pass_over_two_languages_that_heard_all_is_the_last() -> None:
    desk = Desk()
    desk.hears(two_sentences(paused=True), two_sentences(paused=True))
    assert desk.scribe.passes == [False, False]
