"""Facts that two threads share: what one of them may find between any two steps of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.between import at_each_step, interleaved
from tests.stepped import Stepped
from tests.test_jitter import BLOCK, LEAST, Loudspeaker, steady
from tests.test_pipeline import silence, tone
from tests.test_turns import Floor
from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from collections.abc import Callable


def test_who_finds_a_draft_unwanted_for_a_new_turn_finds_the_turn_as_well() -> None:
    """Else the reply would be taken for one that was called off, and the first half of a question lost."""
    floor = Floor()
    turn = floor.speaks()
    draft = floor.draft()
    floor.take()
    found: list[tuple[bool, bool]] = []

    def replying() -> None:
        wanted = floor.turns.wanted(draft)
        found.append((wanted, floor.turns.goes_on(turn, None)))

    assert at_each_step(floor.speaks, replying) > 20
    replying()
    assert set(found) == {(True, False), (False, True)}


def test_an_answer_is_one_while_it_is_confirmed_and_the_next_turn_is_drafted() -> None:
    found: list[bool] = []

    def scene() -> tuple[Callable[[], object], Callable[[], object]]:
        floor = Floor()
        floor.speaks()
        draft = floor.draft(confirmed=False)
        floor.take()
        floor.speaks()

        def transcribing() -> None:
            floor.turns.confirm(draft)
            floor.draft("of the next turn")

        return lambda: found.append(floor.turns.may_answer(draft)), transcribing

    assert len(list(interleaved(scene))) > 20
    assert all(found)


def test_a_draft_that_came_to_nothing_does_not_sound_while_the_next_takes_its_place() -> None:
    """The next one may be the answer already: then nothing else holds it back."""

    def scene() -> tuple[Loudspeaker, Callable[[], object]]:
        speaker = Loudspeaker()
        speaker.jitter.begin(1)
        speaker.jitter.push(steady(LEAST), 1)
        speaker.jitter.open(2)
        return speaker, lambda: speaker.jitter.begin(2)

    played: list[Loudspeaker] = []

    def speaking_first() -> tuple[Callable[[], object], Callable[[], object]]:
        speaker, begin = scene()
        played.append(speaker)
        return begin, speaker.pull

    def audio_first() -> tuple[Callable[[], object], Callable[[], object]]:
        speaker, begin = scene()
        played.append(speaker)
        return speaker.pull, begin

    for _ in (*interleaved(speaking_first), *interleaved(audio_first)):
        pass
    assert len(played) > 50
    for speaker in played:
        assert not speaker.pull().any()
        assert speaker.jitter.push(steady(LEAST), 2)
        assert speaker.pull().any()
        assert not speaker.played[: 2 * BLOCK].any()


def test_the_end_of_a_reply_that_comes_while_a_block_is_filled_is_no_end_before() -> None:
    played: list[Loudspeaker] = []

    def scene() -> tuple[Callable[[], object], Callable[[], object]]:
        speaker = Loudspeaker()
        played.append(speaker)
        speaker.jitter.push(steady(BLOCK // 2), 1)

        def speaking() -> None:
            speaker.jitter.push(steady(LEAST), 1)
            speaker.jitter.finish()

        return speaker.pull, speaking

    assert len(list(interleaved(scene))) > 20
    for speaker in played:
        speaker.pull(9)
        loud = np.flatnonzero(speaker.played)
        assert len(loud) >= LEAST + BLOCK // 2 - 1
        assert (np.diff(loud) == 1).all(), "it was silent in between"


def about_to_interrupt() -> Stepped:
    """The last words of the agent were spoken over; with the next frame that becomes a turn."""
    talk = Stepped("go on", "and in Rome")
    talk.hears(silence(10 * FRAME_S))
    talk.turns.open(talk.clock.now())
    talk.answers_with(0.6)
    talk.hears(silence(5 * FRAME_S), tone(0.5, 1), silence(4.0))
    talk.turns.settle(1)
    assert not talk.listening.idle
    talk.transcribes()
    return talk


def test_a_talk_is_not_idle_between_words_over_the_agent_and_the_turn_they_become() -> None:
    """Who waits for the end would go before they are answered."""
    talk = about_to_interrupt()
    found: list[bool] = []
    assert at_each_step(lambda: talk.hears(silence(FRAME_S)), lambda: found.append(talk.listening.idle)) > 100
    assert talk.turns.newest == 2
    assert not any(found)


def test_who_asks_whether_a_talk_is_idle_while_words_become_a_turn_is_told_no() -> None:
    found: list[bool] = []

    def scene() -> tuple[Callable[[], object], Callable[[], object]]:
        talk = about_to_interrupt()
        return lambda: found.append(talk.listening.idle), lambda: talk.hears(silence(FRAME_S))

    assert len(list(interleaved(scene))) > 10
    assert not any(found)


def test_who_interrupts_while_what_is_to_be_said_again_waits_does_not_hear_it() -> None:
    talks: list[Stepped] = []

    def scene() -> tuple[Callable[[], object], Callable[[], object]]:
        talk = Stepped()
        talks.append(talk)
        talk.turns.open(talk.clock.now())
        talk.turns.take(talk.clock.now(), talk.clock.now())
        talk.controls.repeat()
        talk.listening.step()  # it waits until the question is answered
        return talk.listening.step, talk.controls.interrupt

    assert len(list(interleaved(scene))) > 20
    for talk in talks:
        talk.listening.step()
        talk.turns.settle(1)
        talk.listening.step()
        assert talk.turns.newest == 1
