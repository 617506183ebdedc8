"""Drafts of replies in the whole pipeline: made in pauses and before, heard only where the turn ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.test_talking import RATE_HZ, Answers, Beeper, Talk, edges, silence, talking, tone
from voicecli import events
from voicecli.bench.turns import NOTICED_FRAMES
from voicecli.messages import ChatMessage, GenerationStats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.speak.voice import Piece


def asked(talk: Talk) -> list[str]:
    """What the language model was asked, turn by turn."""
    return [messages[-1].content for messages in talk.answers.asked]


def replies_told(talk: Talk) -> str:
    return " ".join(
        event.text for event in talk.seen if isinstance(event, events.ReplyClause | events.Speaking)
    )


def test_a_pause_inside_a_turn_sounds_of_nothing_and_the_whole_is_answered() -> None:
    with talking(["tell me about the", "weather in Oslo"], []) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.6), silence(0.3), tone(0.6, 1))
        heard = talk.until(events.Heard)
        done = talk.until(events.TurnDone)
        talk.until(events.Listening)
    whole = "tell me about the weather in Oslo"
    assert heard.text == whole
    assert asked(talk)[0] == "tell me about the"  # drafted in the pause
    assert asked(talk)[-1] == whole
    assert done.heard == f"You said: {whole}."
    assert talk.names().count("speech_started") == talk.names().count("turn_done") == 1
    assert done.drafts_dropped >= 1
    assert done.drafts_dropped_ms >= 0
    assert "interrupted" not in talk.names()
    # As long as the user spoke, and in the pause, nothing was played.
    _, last = edges(talk.spoken())
    assert not np.abs(talk.played()[:last]).max() > 0


def test_a_draft_that_was_not_the_answer_leaves_no_trace() -> None:
    with talking(["tell me about the", "weather in Oslo", "and in Rome"], []) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.6), silence(0.3), tone(0.6, 1))
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        talk.says(silence(0.4), tone(0.6, 2))
        talk.until(events.TurnDone)
    wrong, whole = "You said: tell me about the", "tell me about the weather in Oslo"
    assert [event.text for event in talk.seen if isinstance(event, events.Heard)] == [whole, "and in Rome"]
    assert wrong not in replies_told(talk).replace(f"You said: {whole}", "")
    remembered = [message.content for message in talk.answers.asked[-1] if message.role != "system"]
    assert remembered == [whole, f"You said: {whole}.", "and in Rome"]


def test_the_same_words_again_keep_the_draft() -> None:
    """It is begun while the user still speaks, and nothing is made twice."""
    with talking(["What is the time in Oslo?"], []) as talk:
        talk.until(events.Listening)
        talk.says(tone(1.5))
        done = talk.until(events.TurnDone)
    assert len(talk.scribe.passes) >= 2
    assert asked(talk) == ["What is the time in Oslo?"]
    assert (done.drafts_dropped, done.drafts_dropped_ms) == (0, 0)


def test_other_words_take_the_place_of_a_draft() -> None:
    with talking(["What is the time in Oslo?"], []) as talk:
        talk.scribe.mishears = ["What is the dime in Oslo?"]
        talk.until(events.Listening)
        talk.says(tone(1.5))
        heard, done = talk.until(events.Heard), talk.until(events.TurnDone)
    assert heard.text == "What is the time in Oslo?"
    assert asked(talk)[-1] == heard.text
    assert asked(talk).count(heard.text) == 1
    assert "dime" not in done.heard + replies_told(talk)
    assert done.drafts_dropped == 1


def test_the_language_model_reads_ahead_while_the_user_speaks() -> None:
    with talking(["tell me about the weather and"], []) as talk:
        talk.until(events.Listening)
        talk.says(tone(1.0))
        talk.until(events.TurnDone)
    words = "tell me about the weather and"
    assert talk.answers.done.index(("warm", words)) < talk.answers.done.index(("ask", words))
    assert asked(talk) == [words]


def test_one_that_would_not_profit_does_not_read_ahead() -> None:
    with talking(["tell me about the weather and"], []) as talk:
        talk.answers.reads_ahead = False
        talk.until(events.Listening)
        talk.says(tone(1.0))
        talk.until(events.TurnDone)
        talk.until(events.Listening)
    assert [words for call, words in talk.answers.done if call == "warm"] == [""], "but for the first time"


def test_who_asks_while_the_model_reads_ahead_does_not_wait_for_it() -> None:
    class Rereads(Answers):
        """As slow as a server may be; the first time it is only loaded."""

        def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
            never = threading.Event()
            while self.asked and not cancelled():
                never.wait(0.005)

    with talking(["what time is it", "and in Rome"], ["It is noon."], answers=Rereads) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.TurnDone)
        talk.says(silence(0.3), tone(0.5, 1))
        talk.until(events.TurnDone)
    assert asked(talk)[-1] == "and in Rome"


def test_a_reply_is_thought_of_while_the_user_speaks_and_synthesised_in_the_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is being synthesised cannot be called back, and would be in the way of other words."""
    thought, voiced = [], []
    with talking(["What time is it?"], []) as talk:
        ask, voice = Answers.generate, Beeper.say

        def generate(self: Answers, *arguments: Any) -> GenerationStats:
            thought.append(talk.detector.quiet)
            return ask(self, *arguments)

        def say(self: Beeper, text: str) -> Iterator[Piece]:
            voiced.append(talk.detector.quiet)
            return voice(self, text)

        monkeypatch.setattr(Answers, "generate", generate)
        monkeypatch.setattr(Beeper, "say", say)
        talk.until(events.Listening)
        talk.says(tone(2.0))
        talk.until(events.TurnDone)
    assert thought[0] == 0
    assert min(voiced) >= NOTICED_FRAMES


def test_words_that_may_change_are_told_before_the_transcript_and_never_remembered() -> None:
    with talking(["tell me about it", "and in Rome"], []) as talk:
        talk.scribe.mishears = ["sell me"]
        talk.until(events.Listening)
        talk.says(tone(1.5))
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        talk.says(silence(0.4), tone(0.5, 1))
        talk.until(events.TurnDone)
    first = [
        event for event in talk.seen if isinstance(event, events.Partial | events.Heard) and event.turn == 1
    ]
    assert [type(event) for event in first[:1]] == [events.Partial]
    assert first[0].text == "sell me"
    assert [isinstance(event, events.Heard) for event in first] == [False] * (len(first) - 1) + [True]
    assert not any("sell" in message.content for message in talk.answers.asked[-1])


def test_a_turn_tells_what_its_prompt_cost_and_when_it_was_decided() -> None:
    with talking(["what time is it"], []) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.6))
        done = talk.until(events.TurnDone)
    assert (done.prompt_tokens, done.prompt_tokens_evaluated) == (40, 7)
    assert done.decided_ms is not None
    assert 0 < done.decided_ms <= done.latency_ms["total"]


@pytest.mark.parametrize("after_s", [0.2, 1.5])
def test_who_goes_on_at_once_after_the_agents_first_sound_is_answered_for_both_pieces(after_s: float) -> None:
    with talking(["book a table", "for two"], ["word " * 40, "All right."], headphones=True) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.6))
        talk.until(events.Speaking)
        talk.says(silence(after_s), tone(0.6, 1))
        talk.until(events.Interrupted)
        talk.until(events.TurnDone)
        done = talk.until(events.TurnDone)
    messages = [message.content for message in talk.answers.asked[-1] if message.role != "system"]
    if after_s < 1:
        assert messages == ["book a table for two"]
    else:
        assert messages[0] == "book a table"
        assert messages[1].startswith("word ")
        assert messages[2:] == ["for two"]
    assert done.heard == "All right."


def test_a_slow_transcriber_delays_nothing_else_and_its_passes_do_not_queue() -> None:
    with talking(["what time is it"], []) as talk:
        talk.until(events.Listening)
        talk.scribe.goes.clear()
        talk.says(tone(2.0))
        talk.until(events.SpeechBegan)
        assert talk.scribe.began.wait(30)
        assert talk.judge.asked.wait(30)  # the pause was noticed
        assert talk.scribe.passes == [True]
        talk.scribe.goes.set()
        done = talk.until(events.TurnDone)
        losses = talk.pipeline.status().losses
    assert talk.scribe.passes == [True, False]
    assert done.heard == "You said: what time is it."
    assert (losses["pieces of speech lost"], losses["microphone samples lost"]) == (0, 0)


def test_a_judge_that_never_answers_leaves_the_decision_to_the_words() -> None:
    with talking(["What time is it?"], []) as talk:
        talk.judge.goes.clear()
        talk.until(events.Listening)
        talk.says(tone(0.6))
        done = talk.until(events.TurnDone)
        assert talk.judge.asked.is_set()
        assert not talk.judge.goes.is_set()
    assert done.heard == "You said: What time is it?"
    _, last = edges(talk.spoken())
    first, _ = edges(talk.played())
    assert first > last + 0.3 * RATE_HZ  # with one kind of evidence it waits longer
