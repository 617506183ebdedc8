"""Speech over the agent in the whole pipeline: what stops it, what does not, what is left of the reply."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest

from tests.test_bargein import Echo
from tests.test_talking import LONGEST_S, RATE_HZ, Answers, Talk, silence, talking, tone
from voicecli import events
from voicecli.devices.simulated import SIMULATED_LATENCY_S
from voicecli.listen.bargein.verdict import UNHEARD_S
from voicecli.listen.echo.canceller import EchoCanceller
from voicecli.listen.echo.residual import BEYOND_ECHO_DB
from voicecli.listen.hearing import Hearing
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.speak.jitter import FADE_S
from voicecli.speak.playback import Placed

SetOverEcho: TypeAlias = Callable[[float | Callable[[], float]], None]
LONG = " ".join(f"word{n}" for n in range(30)) + "."
REPLY_S = 3.0


def wait_for(what: Callable[[], bool]) -> None:
    ticks = threading.Event()
    for _ in range(3000):
        if what():
            return
        ticks.wait(0.01)
    raise AssertionError("it never came")


def begins(talk: Talk) -> None:
    """Ask, and wait until the answer sounds."""
    talk.until(events.Listening)
    talk.says(tone(0.5))
    talk.until(events.Speaking)


def voiced(talk: Talk) -> tuple[float, list[float]]:
    """Seconds of the agent's voice, and the gaps of 20 ms and more in it."""
    loud = np.flatnonzero(np.abs(talk.played()) > 0.02)
    gaps = np.diff(loud) / RATE_HZ
    return loud.size / RATE_HZ, [float(gap) for gap in gaps if gap >= 0.02]


def steepest(samples: np.ndarray) -> float:
    return float(np.abs(np.diff(samples)).max())


@pytest.mark.parametrize("words", ["Mm-hmm.", "Yeah, right.", ""])
def test_what_is_no_interruption_holds_the_agent_and_it_goes_on_where_it_broke_off(words: str) -> None:
    with talking(["go on", words], [LONG], headphones=True) as talk:
        begins(talk)
        talk.says(silence(0.8), tone(0.4, 1))
        overheard = talk.until(events.Overheard)
        done = talk.until(events.TurnDone)
        talk.until(events.Listening)
        losses = talk.pipeline.status().losses
        assert talk.pipeline.idle
    assert overheard.text == (words or None)
    assert overheard.turn == done.turn == 1
    assert done.heard == LONG
    assert "interrupted" not in talk.names()
    assert talk.names().count("speech_started") == 1
    assert len(talk.answers.asked) == 1
    seconds, gaps = voiced(talk)
    # All of it sounded, but for the samples of a sine that are near zero.
    plain = np.count_nonzero(np.abs(tone(1.0)) > 0.02 * 32768) / RATE_HZ
    assert seconds == pytest.approx(REPLY_S * plain, abs=3 * FADE_S)
    assert len(gaps) == 1
    assert 0.3 < gaps[0] < 1.2
    assert steepest(talk.played()) <= 1.1 * steepest(tone(1.0) / 32768)
    assert not any(losses.values())


def test_a_key_is_too_short_for_words_and_nobody_is_asked_for_them() -> None:
    with talking(["go on", "click"], [LONG], headphones=True) as talk:
        begins(talk)
        passes = len(talk.scribe.passes)
        talk.says(silence(0.8), tone(0.1, 1))
        assert talk.until(events.Overheard).text is None
        done = talk.until(events.TurnDone)
    assert done.heard == LONG
    assert len(talk.scribe.passes) == passes


def test_a_moment_of_sound_is_not_worth_a_word() -> None:
    with talking(["go on"], [LONG], headphones=True) as talk:
        begins(talk)
        talk.says(silence(0.8), tone(0.03, 1))
        done = talk.until(events.TurnDone)
        talk.until(events.Listening)
    assert done.heard == LONG
    assert "overheard" not in talk.names()
    assert steepest(talk.played()) <= 1.1 * steepest(tone(1.0) / 32768)


@pytest.mark.parametrize("after_s", [0.1, 1.2])
@pytest.mark.parametrize("words", ["Stop.", "Never mind."])
def test_stop_ends_the_reply_and_is_not_answered(words: str, after_s: float) -> None:
    with talking(["go on", words, "and then"], [LONG, "All right."], headphones=True) as talk:
        begins(talk)
        talk.says(silence(after_s), tone(0.4, 1))
        assert talk.until(events.Overheard).text == words
        interrupted = talk.until(events.Interrupted)
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        assert talk.pipeline.idle
        assert len(talk.answers.asked) == 1
        talk.says(silence(0.3), tone(0.5, 2))
        assert talk.until(events.TurnDone).heard == "All right."
    assert LONG.startswith(interrupted.heard)
    assert interrupted.heard != LONG
    said = [message.content for message in talk.answers.asked[-1] if message.role != "system"]
    assert said[-1].endswith("and then")
    if interrupted.heard:
        assert said == ["go on", f"{interrupted.heard} —", "and then"]
    assert talk.names().count("speech_started") == 2


def test_an_interruption_is_one_turn_from_its_onset_and_the_reply_is_cut_where_it_fell_silent() -> None:
    with talking(["tell me", "but what", "about Rome"], [LONG, "Rome it is."], headphones=True) as talk:
        begins(talk)
        talk.says(silence(1.0), tone(0.5, 1), tone(0.5, 2))
        interrupted = talk.until(events.Interrupted)
        heard = talk.until(events.Heard)
        talk.until(events.TurnDone)
        done = talk.until(events.TurnDone) if talk.names().count("turn_done") < 2 else talk.seen[-1]
    assert heard.text == "but what about Rome"
    assert isinstance(done, events.TurnDone)
    assert done.heard == "Rome it is."
    spoken, played = talk.spoken(), talk.played()
    second = np.flatnonzero(np.abs(spoken) > 0.02)
    onset = int(second[np.flatnonzero(np.diff(second) > RATE_HZ // 2)[0] + 1])
    first = int(np.flatnonzero(np.abs(played) > 0.02)[0])
    silent = onset + int(np.flatnonzero(np.abs(played[onset:]) > 0.02)[-1])  # not before the next reply
    gaps = np.flatnonzero(np.diff(np.flatnonzero(np.abs(played) > 0.02)) > RATE_HZ // 10)
    stopped = int(np.flatnonzero(np.abs(played) > 0.02)[gaps[0]])
    assert onset < stopped < onset + RATE_HZ // 4
    assert silent > stopped
    # Words of 0.1 s each; what is in the device when it falls silent is heard.
    sounded = (stopped - first) / RATE_HZ * 10
    assert len(interrupted.heard.split()) == pytest.approx(sounded, abs=1.5 + SIMULATED_LATENCY_S * 10)
    assert steepest(played) <= 1.1 * steepest(tone(1.0) / 32768)


def test_who_goes_on_speaking_for_long_interrupts_before_a_word_is_known() -> None:
    with talking(["tell me", "but what about Rome"], [LONG, "Rome it is."], headphones=True) as talk:
        begins(talk)
        talk.scribe.goes.clear()
        talk.says(silence(0.6), tone(UNHEARD_S + 0.8, 1))
        assert talk.until(events.SpeechBegan).turn == 2
        talk.scribe.goes.set()
        assert talk.until(events.Heard).text == "but what about Rome"


@pytest.mark.parametrize("words", ["Yeah, right.", ""])
def test_a_second_of_noise_or_agreement_is_not_judged_before_its_words_are_known(words: str) -> None:
    with talking(["go on", words], [LONG], headphones=True) as talk:
        begins(talk)
        talk.scribe.goes.clear()
        talk.says(silence(0.3), tone(1.1, 1))
        wait_for(lambda: talk.detector.quiet == 0)
        wait_for(lambda: talk.detector.quiet > 3)
        talk.scribe.goes.set()
        assert talk.until(events.Overheard).text == (words or None)
        assert talk.until(events.TurnDone).heard == LONG
    assert "interrupted" not in talk.names()


def test_a_slow_transcriber_lets_the_agent_go_on_and_its_words_interrupt_all_the_same() -> None:
    with talking(["tell me", "why"], [LONG, "Because."], headphones=True) as talk:
        begins(talk)
        jitter = talk.pipeline.crew.playback.jitter
        talk.scribe.goes.clear()
        talk.says(silence(0.3), tone(0.4, 1))
        wait_for(lambda: jitter.on_hold and not jitter.sounding)
        wait_for(lambda: jitter.sounding)
        talk.scribe.goes.set()
        talk.until(events.Interrupted)
        assert talk.until(events.Heard).text == "why"
        talk.until(events.TurnDone)
        assert talk.names().count("speech_started") == 2


def test_long_sound_without_words_does_not_stop_the_agent_for_long() -> None:
    with talking(["tell me", ""], [LONG], headphones=True) as talk:
        begins(talk)
        talk.says(silence(0.5), tone(2.0, 1))
        done = talk.until(events.TurnDone)
    assert done.heard == LONG
    _, gaps = voiced(talk)
    assert len(gaps) == 1
    assert gaps[0] < 1.3


def test_yes_answers_the_question_the_agent_is_asking() -> None:
    question = LONG[:-1] + "?"
    with talking(["tell me", "Yes."], [question, "Well then."], headphones=True) as talk:
        begins(talk)
        talk.says(silence(0.8), tone(0.4, 1))
        talk.until(events.Interrupted)
        assert talk.until(events.Heard).text == "Yes."


@pytest.mark.parametrize(("words", "answered"), [("and Rome", True), ("Okay.", False)])
def test_in_the_last_word_words_are_answered_and_agreeing_is_not(words: str, answered: bool) -> None:
    with talking(["tell me", words], ["word " * 10, "In Rome as well."], headphones=True) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        wait_for(lambda: talk.pipeline.crew.playback.jitter.pulled > 0.75 * RATE_HZ)
        talk.says(tone(0.5, 1))
        talk.until(events.Overheard if not answered else events.SpeechBegan)
        if answered:
            talk.until(events.SpeechBegan)
            assert talk.until(events.Heard).text == words
        wait_for(lambda: talk.pipeline.idle)
    assert len(talk.answers.asked) == 1 + answered


class Thinking(Answers):
    """Thinks about "the capital of France" until it is not wanted any more."""

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        if "capital of France" not in messages[-1].content:
            return super().generate(messages, emit, cancelled)
        self.asked.append(list(messages))
        wait_for(cancelled)
        return GenerationStats()


def asked_last(talk: Talk) -> list[str]:
    """The turns that the model was given with the newest question, and that."""
    return [message.content for message in talk.answers.asked[-1] if message.role != "system"]


def is_thinking(talk: Talk) -> None:
    talk.until(events.Listening)
    talk.says(tone(0.5))
    talk.until(events.Heard)


def test_a_question_that_was_called_off_by_a_key_is_not_asked_again() -> None:
    lines = ["the capital of France", "tell me a joke"]
    with talking(lines, ["Knock knock."], answers=Thinking) as talk:
        is_thinking(talk)
        talk.pipeline.controls.press("interrupt")
        assert talk.until(events.Interrupted).heard == ""
        talk.until(events.Listening)
        talk.says(silence(0.4), tone(0.5, 1))
        assert talk.until(events.TurnDone).heard == "Knock knock."
    assert asked_last(talk) == ["tell me a joke"]


def test_what_is_typed_takes_the_place_of_the_question_that_is_thought_about() -> None:
    with talking(["the capital of France"], ["Knock knock."], answers=Thinking) as talk:
        is_thinking(talk)
        talk.pipeline.controls.say("tell me a joke")
        talk.until(events.Interrupted)
        talk.until(events.TurnDone)
        assert talk.until(events.TurnDone).heard == "Knock knock."
    assert asked_last(talk) == ["tell me a joke"]


def test_stop_over_the_first_word_calls_the_question_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Placed, "words_until", lambda _self, _position: [])  # the word is long
    with talking(["capital of France", "Stop!", "a joke"], [LONG, "Knock."], headphones=True) as talk:
        begins(talk)
        talk.says(silence(0.1), tone(0.4, 1))
        assert talk.until(events.Interrupted).heard == ""
        talk.until(events.Listening)
        talk.says(silence(0.3), tone(0.5, 2))
        talk.until(events.TurnDone)
    assert asked_last(talk) == ["a joke"]


def test_who_goes_on_before_a_slow_transcriber_knows_a_word_is_answered_for_both_pieces() -> None:
    with talking(["what is", "the time"], ["Noon."]) as talk:
        talk.until(events.Listening)
        talk.scribe.goes.clear()
        talk.says(tone(0.5))
        wait_for(lambda: talk.pipeline.status().state == "thinking")
        talk.says(tone(0.5, 1))
        while talk.until(events.SpeechBegan).turn != 2:
            pass
        talk.scribe.goes.set()
        while talk.until(events.TurnDone).turn != 2:
            pass
    assert asked_last(talk) == ["what is the time"]


@pytest.mark.parametrize("spoken", [True, False])
def test_never_mind_while_the_agent_thinks_calls_the_question_off(spoken: bool) -> None:
    lines = ["the capital of France", "Never mind.", "tell me a joke"]
    with talking(lines, ["Knock knock."], answers=Thinking) as talk:
        is_thinking(talk)
        if spoken:
            talk.says(tone(0.5, 1))
        else:
            talk.pipeline.controls.say("Never mind.")
        assert talk.until(events.Interrupted).heard == ""
        assert talk.until(events.TurnDone).turn == 1
        assert talk.until(events.Heard).text == "Never mind."
        done = talk.until(events.TurnDone)
        assert (done.turn, done.heard) == (2, "")
        talk.until(events.Listening)
        assert talk.pipeline.idle
        assert len(talk.answers.asked) == 1
        talk.says(silence(0.4), tone(0.5, 2))
        assert talk.until(events.TurnDone).heard == "Knock knock."
    assert asked_last(talk) == ["tell me a joke"]


def test_more_than_never_mind_goes_on_with_the_question() -> None:
    lines = ["the capital of France", "Never mind France, Italy."]
    with talking(lines, [], answers=Thinking) as talk:
        is_thinking(talk)
        talk.says(tone(0.5, 1))
        talk.until(events.TurnDone)
        wait_for(lambda: len(talk.answers.asked) == 2)
    assert asked_last(talk) == ["the capital of France Never mind France, Italy."]


@pytest.mark.parametrize("late", [True, False])
def test_stop_is_not_answered_when_the_reply_has_just_ended_and_is_in_the_quiet(
    late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecli.floor.turns.exchange.JUST_ENDED_S", 10.0 if late else -10.0)
    with talking(["go on", "Stop."], ["One.", "Stop what?"]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.TurnDone)
        talk.until(events.Listening)
        talk.says(silence(0.4), tone(0.5, 1))
        assert talk.until(events.Heard).text == "Stop."
        assert talk.until(events.TurnDone).heard == ("" if late else "Stop what?")
    assert len(talk.answers.asked) == 2 - late


def test_a_first_stop_is_about_no_reply() -> None:
    with talking(["Stop."], ["Stop what?"]) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        assert talk.until(events.TurnDone).heard == "Stop what?"


def test_what_is_too_long_for_one_pass_interrupts_and_none_of_it_is_lost() -> None:
    with talking(
        ["go on", "Yeah.", "but why"], [LONG, "Because."], headphones=True, longest_s=LONGEST_S
    ) as talk:
        begins(talk)
        talk.says(silence(0.3), tone(0.8, 1), silence(0.04), tone(1.0, 2))
        talk.until(events.TurnDone)
        heard = talk.until(events.Heard)
    assert heard.text == "Yeah. but why"


def test_what_is_too_long_for_one_pass_and_holds_no_words_lets_the_agent_go_on() -> None:
    with talking(["go on", ""], [LONG], headphones=True, longest_s=LONGEST_S) as talk:
        begins(talk)
        talk.says(silence(0.3), tone(1.8, 1))
        assert talk.until(events.TurnDone).heard == LONG
    assert "interrupted" not in talk.names()


@pytest.fixture
def over_echo(monkeypatch: pytest.MonkeyPatch) -> SetOverEcho:
    """Set how far all that the microphone takes is above what the echo can be, dB."""

    def set_to(db: float | Callable[[], float]) -> None:
        monkeypatch.setattr(EchoCanceller, "over_echo_db", lambda _self, _at: db() if callable(db) else db)

    return set_to


def test_what_is_no_louder_than_the_echo_can_be_is_the_agent_s_own_voice(
    over_echo: SetOverEcho,
) -> None:
    """It stops nothing, and does not become a turn when the agent has ended."""
    with talking(["tell me", "but why", "and then"], ["word " * 11 + "word.", "Well."]) as talk:
        begins(talk)
        over_echo(BEYOND_ECHO_DB - 1.0)
        talk.says(silence(0.3), tone(2.0, 1))
        assert talk.until(events.TurnDone).heard == "word " * 11 + "word."
        wait_for(lambda: talk.pipeline.idle)
        over_echo(math.inf)
        talk.says(silence(0.3), tone(0.5, 2))
        assert talk.until(events.TurnDone).heard == "Well."
    _, gaps = voiced(talk)
    assert [gap for gap in gaps if gap < 1.0] == []
    assert talk.names().count("speech_started") == 2
    assert "interrupted" not in talk.names()


def test_who_is_louder_than_the_echo_can_be_interrupts(over_echo: SetOverEcho) -> None:
    with talking(["tell me", "but what about Rome"], [LONG, "Rome it is."]) as talk:
        jitter = talk.pipeline.crew.playback.jitter
        over_echo(lambda: math.inf if jitter.on_hold else BEYOND_ECHO_DB + 1.0)
        begins(talk)
        assert talk.pipeline.status().barge_in == "strict"
        talk.says(silence(0.3), tone(0.9, 1))
        talk.until(events.Interrupted)
        assert talk.until(events.Heard).text == "but what about Rome"


def test_what_ends_as_the_agent_falls_silent_is_its_echo_that_became_louder(
    over_echo: SetOverEcho, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words and all: it goes on, answers nothing, and expects the echo to be louder."""
    doubts: list[int] = []
    monkeypatch.setattr(EchoCanceller, "doubt", lambda _self: doubts.append(1))
    with talking(["tell me", "word four"], [LONG]) as talk:
        over_echo(BEYOND_ECHO_DB + 1.0)
        begins(talk)
        talk.says(silence(0.3), tone(0.4, 1))
        talk.until(events.Overheard)
        assert doubts == [1]
        assert talk.until(events.TurnDone).heard == LONG
        wait_for(lambda: talk.pipeline.idle)
    assert "interrupted" not in talk.names()
    assert len(talk.answers.asked) == 1


@pytest.mark.parametrize("said", ["no", "hey", "excuse me", "what about Rome"])
def test_an_objection_that_is_over_before_the_agent_is_silent_interrupts(
    over_echo: SetOverEcho, said: str
) -> None:
    with talking(["tell me", said], [LONG, "Well."]) as talk:
        over_echo(BEYOND_ECHO_DB + 1.0)
        begins(talk)
        talk.says(silence(0.3), tone(0.4, 1))
        talk.until(events.Interrupted)
        assert talk.until(events.Heard).text == said
    assert "overheard" not in talk.names()


def test_an_objection_that_the_agent_said_itself_is_its_echo(over_echo: SetOverEcho) -> None:
    with talking(["tell me", "no"], ["no " * 40 + "word."]) as talk:
        over_echo(BEYOND_ECHO_DB + 1.0)
        begins(talk)
        talk.says(silence(0.3), tone(0.4, 1))
        talk.until(events.Overheard)
        talk.until(events.TurnDone)
    assert "interrupted" not in talk.names()


def test_somebody_goes_on_after_the_breath_they_took_when_the_agent_fell_silent(
    over_echo: SetOverEcho,
) -> None:
    with talking(["tell me", "wait but why", "wait but why"], [LONG, "Because."]) as talk:
        began = talk.pipeline.crew.ear.segmenter
        over_echo(lambda: math.inf if began.spoken_s > 0.4 else BEYOND_ECHO_DB + 1.0)
        begins(talk)
        talk.says(silence(0.3), tone(0.3, 1), silence(0.25), tone(0.6, 1))
        talk.until(events.Interrupted)
        assert talk.until(events.Heard).text == "wait but why"
    assert "overheard" not in talk.names()


def test_where_the_canceller_does_not_cope_but_the_echo_is_known_who_is_louder_interrupts(
    over_echo: SetOverEcho, monkeypatch: pytest.MonkeyPatch
) -> None:
    with talking(["tell me", "but why"], [LONG, "Because."]) as talk:
        jitter = talk.pipeline.crew.playback.jitter
        over_echo(lambda: math.inf if jitter.on_hold else BEYOND_ECHO_DB + 1.0)
        monkeypatch.setattr(Hearing, "echo", Echo(converged=False, coping=False))
        begins(talk)
        assert talk.pipeline.status().barge_in == "strict"
        talk.says(silence(0.3), tone(0.9, 1))
        talk.until(events.Interrupted)


def test_where_the_canceller_does_not_cope_the_agent_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    with talking(["tell me", "but why"], [LONG]) as talk:
        monkeypatch.setattr(Hearing, "echo", Echo(converged=False, coping=False, bounded=False))
        begins(talk)
        assert talk.pipeline.status().barge_in == "off"
        talk.says(silence(0.3), tone(0.9, 1))
        assert talk.until(events.TurnDone).heard == LONG
    _, gaps = voiced(talk)
    assert gaps == []


def test_who_is_too_soft_to_stop_the_agent_is_heard_when_it_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("voicecli.floor.user.overlap.response", lambda *_, **__: "ignore")
    with talking(["tell me", "but why"], ["word " * 10, "Because."]) as talk:
        monkeypatch.setattr(Hearing, "echo", Echo())
        talk.until(events.Listening)
        talk.says(tone(0.5))
        wait_for(lambda: talk.pipeline.crew.playback.jitter.pulled > 0.6 * RATE_HZ)
        talk.says(tone(1.5, 1))
        assert talk.until(events.TurnDone).turn == 1
        assert talk.until(events.TurnDone).heard == "Because."
    assert "interrupted" not in talk.names()
    assert [event.text for event in talk.seen if isinstance(event, events.Heard)] == ["tell me", "but why"]
