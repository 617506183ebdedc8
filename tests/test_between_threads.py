"""Facts that two threads share: what one of them may find between any two steps of the other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from tests.between import interleaved
from tests.stepped import Stepped
from tests.test_jitter import BLOCK, LEAST, Loudspeaker, steady
from tests.test_talking import silence, tone
from voicecli.messages import FRAME_S
from voicecli.talk.inboxes import TO_EAR
from voicecli.threads.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable


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
    talk.answers_with(0.6)
    talk.hears(silence(5 * FRAME_S), tone(0.5, 1), silence(4.0))
    assert not talk.floor.idle
    talk.transcribes()
    return talk


def test_a_talk_is_not_idle_between_words_over_the_agent_and_the_turn_they_become() -> None:
    """Who waits for the end would go before they are answered. Nobody looks in the middle of a fact."""
    talk = about_to_interrupt()
    found: list[bool] = []
    talk.crew.after = lambda _: found.append(talk.floor.idle)
    talk.hears(silence(FRAME_S))
    assert talk.exchange.newest == 2
    assert found
    assert not any(found)


def test_who_interrupts_while_what_is_to_be_said_again_waits_does_not_hear_it() -> None:
    talk = Stepped("what is", replies=("It is noon.",))
    talk.hears(silence(0.3), tone(0.6), silence(3.0))
    talk.controls.press("repeat")  # it waits until the question is answered
    talk.controls.press("interrupt")
    talk.works()
    talk.hears(silence(2.0))
    talk.works()
    assert talk.exchange.newest == talk.exchange.settled == 1


def test_whoever_reports_meanwhile_waits_until_the_orders_are_given() -> None:
    """So nobody finds a draft void and the turn that made it so not begun, nor its words not confirmed."""
    talk, order = Stepped("what is"), list[str]()

    def reports() -> None:
        talk.controls.press("interrupt")
        order.append("other")

    class Inbox(Channel[object]):
        def put(self, item: object) -> None:
            other = threading.Thread(target=reports)
            other.start()
            other.join(0.05)
            order.append("order")

    talk.crew.to_ear = Inbox(TO_EAR)  # type: ignore[assignment]
    talk.controls.say("a line")
    assert order[0] == "order"
