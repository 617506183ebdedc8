"""Conversations as scripts of facts, in virtual time: a floor alone, milliseconds each."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

import pytest

from tests.world import World, fault, remembered
from voicecli import events
from voicecli.floor import Floor, ToldModel, facts
from voicecli.floor import orders as to
from voicecli.floor.agent.answering import DATE_CHECK_S
from voicecli.floor.stages import LANGUAGE_MODEL, TRANSCRIBER
from voicecli.floor.turns.faults import IN_A_ROW
from voicecli.floor.turns.turn import LATE_S
from voicecli.floor.user.scribing import SPEECH
from voicecli.floor.user.speech import GONE_S
from voicecli.listen.recognise.passes import NO_WORDS
from voicecli.messages import GenerationStats
from voicecli.system.clock import SOME_DAY
from voicecli.turn.habits import CUT_S, MOST_PAUSE_S, MOST_S, Habits

E = TypeVar("E", bound=events.Event)
R = TypeVar("R", bound=to.Order)

WAITING = int(SPEECH.capacity)


def of(world: World, kind: type[E]) -> list[E]:
    """What was told of this kind."""
    return [event for event in world.told if isinstance(event, kind)]


def ordered(world: World, kind: type[R]) -> list[R]:
    return [order for order in world.ordered if isinstance(order, kind)]


def asked(world: World) -> list[str]:
    """The words of each reply that was ordered."""
    return [order.messages[-1].content.rpartition("] ")[2] for order in ordered(world, to.Write)]


def commits(world: World, words: str = "") -> str:
    """A question, decided and drafted; nothing of the answer sounds yet."""
    words = world.speaks(words)
    world.is_quiet(0.3)
    world.works()
    world.is_quiet(0.8)
    return words


def answered(world: World, words: str = "") -> str:
    """A question whose answer has begun to sound."""
    words = commits(world, words)
    world.works()
    world.plays()
    assert world.audible
    return words


def drafted(world: World) -> to.Write:
    """A question, paused: its answer is with the author. Too short to be looked at before."""
    world.speaks(seconds=0.28)
    world.is_quiet(0.1)
    world.scribe()
    order = world.asked_of_author()
    assert isinstance(order, to.Write)
    return order


def settled(world: World) -> World:
    world.settles()
    world.check_settled()
    return world


# ---- a turn


def test_a_question_is_answered_and_its_events_come_in_order() -> None:
    world = World()
    words = answered(world)
    settled(world)
    whole = ["listening", "speech_started", "transcript", "reply", "reply", "speaking", "speaking"]
    assert world.names() == [*whole, "turn_done", "listening"]
    assert of(world, events.Heard)[0].text == words
    assert [heard.count("Clause") for _, heard in world.done()] == [World.clauses]


def test_a_draft_is_written_in_the_pause_and_voiced_there_and_sounds_when_the_turn_is_committed() -> None:
    world = World()
    assert drafted(world).judges, "whether the words may end is asked before"
    world.author()
    assert world.voicing is not None
    assert not ordered(world, to.LetSound)
    assert "reply" not in world.names()
    world.is_quiet(3.0)
    assert [order.draft for order in ordered(world, to.LetSound)] == [world.voicing.draft]
    assert "reply" in world.names()


def test_who_goes_on_after_a_pause_is_answered_for_the_whole() -> None:
    world = World()
    first = world.speaks()
    world.is_quiet(0.1)
    world.works()
    second = world.speaks()
    settled(world)
    assert asked(world) == [first, f"{first} {second}"]
    assert of(world, events.TurnDone)[0].drafts_dropped == 1
    assert len(world.done()) == 1


def test_partial_words_are_told_until_the_turn_is_committed_and_never_after() -> None:
    world = World()
    words = world.speaks(seconds=1.2)
    world.scribe()
    assert [event.text for event in of(world, events.Partial)] == [words]
    world.scribe()
    told = len(of(world, events.Partial))
    world.is_quiet(3.0)
    world.scribe()
    assert len(of(world, events.Partial)) == told
    settled(world)


def test_a_pause_is_as_long_as_what_is_known_of_the_turn_asks_for() -> None:
    """Nothing is known: the longest. Sound and words: less."""
    waits = []
    for known in (False, True):
        world = World()
        world.speaks("What time is it in Oslo?")
        world.excused.clear()
        paused_at = world.now
        while not of(world, events.Heard) and world.now < paused_at + 5:
            world.is_quiet(0.03)
            if known or not world.floor.exchange.turns[1].is_open:
                world.works()
        waits.append(world.now - paused_at)
    assert waits[0] == pytest.approx(world.config.turn.max_pause_ms / 1000, abs=0.1)
    assert waits[1] < 0.7


def test_a_sound_too_short_for_words_is_a_turn_that_nobody_answers() -> None:
    world = World()
    world.speaks("uh", 0.1)
    settled(world)
    assert world.names() == ["listening", "speech_started", "dropped", "listening"]
    assert world.floor.exchange.settled == 1


def test_who_speaks_at_once_after_the_answers_first_sound_goes_on_with_the_question() -> None:
    world = World()
    first = answered(world)
    second = world.speaks()
    settled(world)
    assert asked(world)[-1] == f"{first} {second}"


# ---- who goes on with a question whose answer is over already


class Brief(World):
    """Its replies are one clause, and over in a moment."""

    clauses = 1


def answered_in_a_moment(world: World) -> str:
    """A question whose whole answer has sounded: the turn is final."""
    words = commits(world)
    world.works()
    world.plays()
    world.plays()
    assert of(world, events.TurnDone)
    return words


def read_last(world: World) -> list[str]:
    """What the model got to answer last, but for the system prompt and the time."""
    messages = ordered(world, to.Write)[-1].messages[1:]
    return [message.content.rpartition("] ")[2] for message in messages]


def test_who_goes_on_at_once_is_joined_though_the_whole_answer_is_over() -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    world.is_quiet(0.3)
    second = world.speaks()
    settled(world)
    assert read_last(world) == [f"{first} {second}"], "and the short answer was to half a question"
    third = world.speaks()
    settled(world)
    whole = world.done()[1][1]
    assert read_last(world) == [f"{first} {second}", whole, third]


def test_who_speaks_later_asks_something_new_though_the_answer_was_short() -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    world.is_quiet(LATE_S + 0.1)
    second = world.speaks()
    settled(world)
    assert read_last(world) == [first, world.done()[0][1], second]


@pytest.mark.parametrize("said", ["Yeah.", "Stop.", "", "uh"])
def test_agreement_a_call_for_silence_and_noise_after_a_short_answer_take_nothing_back(said: str) -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    world.is_quiet(0.3)
    world.speaks(said, 0.1 if said == "uh" else 0.6)
    if not said:
        world.said.pop()  # a cough
    settled(world)
    asked_before = asked(world)
    world.is_quiet(1.0)
    last = world.speaks()
    settled(world)
    assert asked_before == ([first, said] if said == "Yeah." else [first])
    assert read_last(world)[:2] == [first, world.done()[0][1]]
    assert read_last(world)[-1] == last


def test_who_goes_on_is_joined_though_the_loudspeaker_reports_the_end_after_that() -> None:
    class Heard(Brief):
        """The agent's sound is over, and the report of it is on its way."""

        audible = property(lambda _: False)

    world = Heard()
    first = commits(world)
    world.works()
    world.plays()
    draft, at = world.sounds_draft, world.now
    second = world.speaks()
    world.ending = None
    world.post(facts.ReplyEnded(draft, world.replies[draft].heard, whole=True, first_at=at))
    settled(world)
    assert read_last(world) == [f"{first} {second}"]


@pytest.mark.parametrize("called_off_by", ["key", "line"])
def test_who_calls_a_short_answer_off_asks_something_new(called_off_by: str) -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    if called_off_by == "key":
        world.interrupts()
        second = world.speaks()
    else:
        second = world.types()
    settled(world)
    assert read_last(world) == [first, world.done()[0][1], second]


def test_a_typed_question_is_whole_so_who_speaks_after_it_asks_something_new() -> None:
    world = Brief()
    line = world.types()
    world.works()
    world.plays()
    world.plays()
    world.is_quiet(0.3)
    spoken = world.speaks()
    settled(world)
    assert read_last(world) == [line, world.done()[0][1], spoken]


def test_a_reply_that_was_asked_for_again_is_no_question_to_go_on_with() -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    world.is_quiet(1.0)
    world.repeats()
    world.works()
    world.plays()
    world.plays()
    second = world.speaks()
    settled(world)
    assert read_last(world) == [first, world.done()[0][1], second]


def test_what_goes_on_and_fails_waits_whole_for_the_next_words() -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    world.author()
    second = world.speaks(seconds=0.28)
    world.is_quiet(0.1)
    world.scribe()
    world.author(fails=True)
    world.settles()
    third = world.speaks()
    settled(world)
    assert read_last(world) == [f"{first} {second} {third}"]


def test_a_short_answer_stays_where_what_goes_on_is_called_off_before_its_own_sounds() -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    commits(world)
    world.interrupts()
    world.settles()
    third = world.speaks()
    settled(world)
    assert read_last(world) == [first, world.done()[0][1], third]


def test_what_goes_on_after_a_short_answer_is_read_ahead_joined() -> None:
    world = Brief()
    first = answered_in_a_moment(world)
    world.author()
    words = world.speaks("and tell me about the weather and", 0.6)
    world.scribe()
    order = world.asked_of_author()
    assert isinstance(order, to.ReadAhead)
    assert [message.content.rpartition("] ")[2] for message in order.messages[1:]] == [f"{first} {words}"]


def test_what_is_said_again_after_a_joined_question_is_the_last_answer_that_counts() -> None:
    world = Brief()
    answered_in_a_moment(world)
    world.is_quiet(0.3)
    world.speaks()
    settled(world)
    world.repeats()
    settled(world)
    assert world.done()[-1][1] == world.done()[-2][1] != world.done()[0][1]


# ---- how long a pause gets for this speaker


def waits_s(world: World, words: str) -> float:
    """How long a pause behind these words gets, all workers at work and the judge sure of the end."""
    world.speaks(words, 0.64)
    world.excused.add(words)
    paused_at, turn = world.now, world.floor.exchange.newest
    while world.floor.exchange.turns[turn].is_open:
        world.is_quiet(0.03)
        world.judge()
        world.scribe()
        world.author()
    return world.now - paused_at


def goes_on_after(world: World, pause_s: float) -> None:
    """A turn of two pieces with this pause in it, answered."""
    world.speaks()
    world.is_quiet(pause_s)
    world.speaks()
    settled(world)


QUESTION = "What time is it in Oslo?"


@pytest.mark.parametrize("sounds", ["on", "over"])
def test_a_cut_that_is_rejoined_adds_to_the_pauses_of_that_speaker_for_a_while(sounds: str) -> None:
    plain_s = waits_s(World(), QUESTION)
    world = Brief()
    waits = []
    if sounds == "on":
        answered(world)
        world.speaks()
    else:
        answered_in_a_moment(world)
        waits.append(waits_s(world, QUESTION))  # its own rest, too
    for _ in range(5):
        settled(world)
        waits.append(waits_s(world, QUESTION))
    assert len(of(world, events.SpeechBegan)) == 7 if sounds == "over" else 6
    assert world.floor.memory.cut_offs == 1
    added = [wait - plain_s for wait in waits[-5:]]
    assert added == pytest.approx([CUT_S, CUT_S / 2, CUT_S / 4, 0, 0], abs=0.04)
    assert sounds == "on" or waits[0] - plain_s == pytest.approx(CUT_S, abs=0.04)


def test_cuts_add_up_within_a_bound_and_never_beyond_the_longest_pause() -> None:
    world = Brief()
    for _ in range(6):
        answered_in_a_moment(world)
    assert world.floor.memory.habits.extra_s == MOST_S
    assert world.floor.memory.cut_offs == 5, "each but the first goes on with the one before"
    longest_s = world.config.turn.max_pause_ms / 1000
    settled(world)
    assert waits_s(world, "I would like to, um,") == pytest.approx(longest_s, abs=0.08)


def test_long_pauses_inside_turns_add_a_little_when_they_come_again_and_fade() -> None:
    world = World()
    learnt = []
    for pause_s in (1.2, 1.2, 1.2, 1.2, *[0.1] * 8):
        goes_on_after(world, pause_s)
        learnt.append(world.floor.memory.habits.extra_s)
    assert 0.0 < learnt[0] < learnt[1] < learnt[2] < learnt[3] <= MOST_PAUSE_S
    assert learnt[-1] == 0.0
    assert [turn for turn, _ in world.done()] == list(range(1, 13)), "each was one turn"


def test_nothing_but_silence_inside_a_turn_is_learnt_as_a_pause() -> None:
    """Not the agent's speech, not what is said over it, not the time between turns, not agreement."""
    world = World()
    answered(world)
    world.is_quiet(1.0)
    world.speaks("Yeah.", 0.3)  # over the agent, which goes on
    world.is_quiet(0.1)
    world.scribe()
    world.is_quiet(1.2)
    world.speaks("Well", 0.3)  # over the agent again; it becomes a turn in the pause behind it
    world.is_quiet(0.1)
    world.scribe()
    world.is_quiet(0.04)
    assert len(of(world, events.SpeechBegan)) == 2
    world.is_quiet(0.8)
    world.speaks()
    settled(world)
    assert len(of(world, events.SpeechBegan)) == 2, "it went on"
    assert len(of(world, events.Interrupted)) == 1
    world.is_quiet(1.3)
    world.speaks("Yeah.", 0.3)
    world.is_quiet(1.2)
    world.speaks("Yeah.", 0.3)
    settled(world)
    world.types()
    settled(world)
    assert world.floor.memory.habits == Habits()


def test_a_cut_that_nobody_heard_is_a_pause_and_no_cut() -> None:
    world = World()
    waits_s(world, QUESTION)
    world.is_quiet(0.3)
    world.speaks()
    settled(world)
    assert len(world.done()) == 2
    habits = world.floor.memory.habits
    assert habits.cuts_s == 0
    assert 0 < habits.pauses_s < MOST_PAUSE_S
    slow = World()
    waits_s(slow, QUESTION)
    slow.is_quiet(LATE_S + 0.2)
    slow.speaks()
    settled(slow)
    assert slow.floor.memory.habits == Habits(), "who waits for an answer and speaks again does not pause"


# ---- an overlap


def test_agreement_lets_the_agent_go_on_where_it_broke_off() -> None:
    world = World()
    answered(world)
    world.is_quiet(1.0)
    world.speaks("Yeah.", 0.3)
    assert world.is_held()
    world.is_quiet(0.1)
    world.scribe()
    world.is_quiet(0.1)
    assert not world.is_held()
    assert [(event.turn, event.text) for event in of(world, events.Overheard)] == [(1, "Yeah.")]
    settled(world)
    assert [heard.count("Clause") for _, heard in world.done()] == [World.clauses]


def test_words_over_the_agent_are_the_next_turn_from_their_onset() -> None:
    world = World()
    answered(world)
    world.is_quiet(1.0)
    words = world.speaks()
    world.is_quiet(0.1)
    assert len(of(world, events.SpeechBegan)) == 1, "not known yet"
    world.works()
    world.is_quiet(0.04)
    assert len(of(world, events.SpeechBegan)) == 2
    settled(world)
    assert of(world, events.Heard)[-1].text == words
    assert [turn for turn, _ in world.done()] == [1, 2]
    assert len(of(world, events.Interrupted)) == 1


def test_stop_ends_the_reply_it_was_said_over_and_not_a_line_that_was_typed_since() -> None:
    world = World()
    answered(world)
    world.is_quiet(1.0)
    world.speaks("Stop.")
    world.is_quiet(0.1)
    world.scribe()
    line = world.types()
    settled(world)
    assert of(world, events.Overheard)[0].turn == 1
    assert asked(world)[-1] == line
    assert world.done()[-1][1].count("Clause") == World.clauses


# ---- keys


def test_a_question_that_is_interrupted_before_its_words_are_known_is_not_answered() -> None:
    world = World()
    world.speaks()
    world.is_quiet(3.0)
    world.interrupts()
    settled(world)
    assert [event.heard for event in of(world, events.Interrupted)] == [""]
    assert world.done() == [(1, "")]
    assert asked(world) == []


@pytest.mark.parametrize("spoken", [False, True])
def test_what_comes_after_such_an_interruption_is_answered_by_itself(spoken: bool) -> None:
    world = World()
    world.speaks()
    world.is_quiet(3.0)
    world.interrupts()
    words = world.speaks() if spoken else world.types()
    settled(world)
    assert [heard.count("Clause") for _, heard in world.done()] == [0, World.clauses]
    assert asked(world)[-1] == words


def test_the_last_reply_is_said_again_when_this_one_has_ended_without_the_author() -> None:
    world = World()
    answered(world)
    world.repeats()
    line = world.types()
    settled(world)
    assert world.done()[0][0] == 1
    assert asked(world)[-1] == line, "what is typed does not wait behind it"
    world.repeats()
    before = len(asked(world))
    settled(world)
    assert len(asked(world)) == before
    assert world.done()[-1][1] == world.done()[-2][1]


def test_what_waits_to_be_said_again_is_not_wanted_any_more_when_the_agent_is_stopped() -> None:
    world = World()
    answered(world)
    world.repeats()
    world.interrupts()
    settled(world)
    assert [turn for turn, _ in world.done()] == [1]


def test_before_the_model_is_warm_keys_wait_and_nothing_hangs() -> None:
    floor = Floor(
        World().config.turn, ToldModel("script", is_local=False, hint="a hint"), "en", 0.0, remembered
    )
    first, second = floor.start(0.0)
    assert isinstance(first, to.Tell)
    assert isinstance(first.event, events.Warned), "what is said leaves the computer"
    assert isinstance(second, to.ReadAhead)
    assert floor.take(facts.Typed("hello"), 0.1) == []
    assert floor.take(facts.EngineLate(LANGUAGE_MODEL), 60.0) == []
    assert not floor.idle
    listen, told, flush = floor.take(facts.HasRead(), 61.0)
    assert (listen, flush) == (to.Listen(), to.Flush())
    assert told == to.Tell(events.Listening(61.0, "script", "a hint"))


# ---- what does not go well


def test_of_a_microphone_that_goes_away_in_the_middle_of_a_turn_what_was_heard_is_answered() -> None:
    world = World()
    words = world.speaks()
    world.now += GONE_S
    world.post(facts.Tick())
    world.works(play=True)
    assert [event.text for event in of(world, events.Heard)] == [words]


def test_a_loss_in_the_middle_of_a_sentence_does_not_end_the_turn_and_is_told() -> None:
    world = World()
    first = world.speaks()
    world.loses(1.0)
    rest = world.speaks()
    world.is_quiet(1.5)
    world.works(play=True)
    assert [event.turn for event in of(world, events.SpeechBegan)] == [1]
    assert [event.text for event in of(world, events.Heard)] == [f"{first} {rest}"]
    (warned,) = of(world, events.Warned)
    assert warned.turn == 1
    assert warned.message.startswith("1.0 s of what you said was lost")


def test_after_a_long_loss_what_was_heard_is_answered_and_what_follows_is_another_turn() -> None:
    world = World()
    first = world.speaks()
    world.loses(3.0)
    world.works(play=True)
    second = world.speaks()
    world.is_quiet(1.5)
    world.works(play=True)
    assert [event.text for event in of(world, events.Heard)] == [first, second]
    assert not of(world, events.Warned)


@pytest.mark.parametrize("known_late", [False, True])
def test_words_over_the_agent_are_answered_though_the_microphone_goes_away_then(known_late: bool) -> None:
    world = World()
    answered(world)
    world.is_quiet(1.0)
    words = world.speaks()
    world.loses(2.1)
    assert not world.is_held(), "nobody is waited for"
    if known_late:
        world.loses(1.0)
    world.works()
    world.loses(0.2)
    settled(world)
    assert of(world, events.Heard)[-1].text == words
    assert len(of(world, events.Interrupted)) == 1


def test_agreement_before_the_microphone_goes_away_is_no_turn() -> None:
    world = World()
    answered(world)
    world.is_quiet(1.0)
    world.speaks("Yeah.", 0.3)
    world.loses(2.1)
    world.works()
    world.loses(0.2)
    settled(world)
    assert [turn for turn, _ in world.done()] == [1]
    assert not of(world, events.Interrupted)


def test_a_turn_whose_words_are_lost_to_a_scribe_that_hangs_ends_all_the_same() -> None:
    world = World()
    for _ in range(WAITING + 3):
        world.speaks()
        world.is_quiet(3.0)
    lost = world.floor.scribing.stats().losses
    assert lost > 0
    world.excused.update(words for _, _, words in world.said)
    settled(world)
    assert world.floor.exchange.settled == WAITING + 3
    assert len(of(world, events.Heard)) == WAITING + 3 - lost


def test_a_question_whose_answer_fails_is_asked_with_the_next_one() -> None:
    world = World()
    drafted(world)
    ((_, _, first),) = world.said
    world.author(fails=True)
    world.settles()
    (failed,) = of(world, events.Failed)
    assert failed.turn == 1
    second = world.speaks()
    settled(world)
    assert asked(world)[-1] == f"{first} {second}"


def test_three_answers_in_a_row_that_fail_end_the_talk_when_the_turn_is_over() -> None:
    world = World()
    for _ in range(IN_A_ROW):
        assert world.floor.end is None
        world.types()
        world.author(fails=True)
        world.works()
    assert world.floor.end is not None


def test_what_fails_while_the_user_goes_on_is_told_when_it_works_again() -> None:
    world = World()
    words = world.speaks(seconds=0.6)
    order = world.transcribing
    assert order is not None
    world.post(facts.Transcribed(order, NO_WORDS, fault=fault(TRANSCRIBER)))
    world.transcribing = None
    settled(world)
    (warned,) = of(world, events.Warned)
    assert warned.message.endswith("and then worked")
    assert of(world, events.Heard)[0].text == words


def test_after_the_end_nothing_is_wanted_and_nothing_more_is_decided() -> None:
    world = World()
    order = drafted(world)
    world.floor.stop()
    assert order.draft < world.floor.void_before
    assert world.floor.take(facts.Typed("more"), world.now) == []


# ---- the author


def test_words_that_will_stay_are_read_ahead_and_what_is_asked_stops_that() -> None:
    world = World()
    words = world.speaks("tell me about the weather and", 0.6)
    world.scribe()
    order = world.asked_of_author()
    assert isinstance(order, to.ReadAhead)
    assert order.messages[-1].content.endswith(words)
    assert not ordered(world, to.Hurry)
    world.is_quiet(0.1)
    world.scribe()
    assert len(ordered(world, to.Hurry)) == 1
    world.author()
    assert isinstance(world.asked_of_author(), to.Write)


def test_what_was_said_before_is_read_on_while_the_user_speaks() -> None:
    world = World()
    answered(world)
    while world.names()[-1] != "turn_done":
        world.plays()
    assert isinstance(world.asked_of_author(), to.ReadAhead)
    world.speaks(seconds=1.2)
    assert not ordered(world, to.Hurry)


def test_after_a_reply_the_model_reads_it_and_then_it_is_told_that_it_listens() -> None:
    world = World()
    answered(world)
    while world.names()[-1] != "turn_done":
        world.plays()
    assert isinstance(world.asked_of_author(), to.ReadAhead)
    world.author()
    assert world.names()[-1] == "listening"


def test_a_new_day_is_read_while_nobody_speaks() -> None:
    world = World()
    world.now += DATE_CHECK_S
    world.post(facts.Tick())
    assert world.authoring is None
    world.post(facts.DayTime(SOME_DAY + timedelta(days=1)))
    assert world.authoring is None, "not at every look"
    world.now += DATE_CHECK_S
    world.post(facts.Tick())
    order = world.asked_of_author()
    assert isinstance(order, to.ReadAhead)
    assert "Wednesday" in order.messages[0].content


def test_an_author_that_is_ahead_is_told_to_go_on_as_the_voice_takes_clauses() -> None:
    world = World()
    order = drafted(world)
    world.author()
    world.voice()
    assert ordered(world, to.GoOn) == [to.GoOn(order.draft)]


def test_an_author_that_sleeps_on_a_void_draft_is_woken_once() -> None:
    world = World()
    order = drafted(world)
    world.speaks()
    world.is_quiet(0.1)
    assert ordered(world, to.GoOn) == [to.GoOn(order.draft)]


def test_what_proves_to_be_thinking_is_neither_told_nor_said_nor_timed() -> None:
    world = World()
    order = drafted(world)
    world.author()
    world.voice()
    world.post(facts.TakenBack(order.draft, 1))
    assert ordered(world, to.Unsay) == [to.Unsay(order.draft, 1)]
    draft = world.floor.exchange.find(order.draft)
    assert draft is not None
    assert (draft.times.first_clause_at, draft.times.first_audio_at) == (None, None)
    world.post(facts.ClauseWritten(order.draft, 1, "It is noon.", world.now))
    world.authoring = None
    world.post(facts.ReplyWritten(order.draft, GenerationStats()))
    settled(world)
    assert [event.text for event in of(world, events.ReplyClause)] == ["It is noon."]
    assert world.done() == [(1, "It is noon.")]


def test_a_remark_on_a_reply_is_told_if_that_is_the_answer() -> None:
    world = World()
    order = drafted(world)
    world.post(facts.Noticed("it was cut", "raise it", order.draft))
    assert not of(world, events.Warned)
    settled(world)
    assert [(event.message, event.turn) for event in of(world, events.Warned)] == [("it was cut", 1)]
    world.post(facts.Noticed("of a reply long ago", "", order.draft))
    assert len(of(world, events.Warned)) == 1


def test_a_pause_is_judged_one_at_a_time_and_one_that_is_over_not_at_all() -> None:
    world = World()
    for _ in range(3):
        world.speaks(seconds=0.3)
        world.is_quiet(0.1)
    assert len(ordered(world, to.Judge)) == 1
    world.judge()
    assert [order.segment for order in ordered(world, to.Judge)] == [1, 3]
    world.speaks()
    world.judge()
    assert len(ordered(world, to.Judge)) == 2
