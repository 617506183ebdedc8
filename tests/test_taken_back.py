"""Words that prove to be thinking while the agent says them: it stops at once, and forgets them."""

import threading
from collections.abc import Callable, Sequence

from tests.test_talking import Answers, silence, talking, tone
from voicecli import events
from voicecli.errors import EngineError
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.network.trouble.remarks import Remark
from voicecli.reply.generate import AllTakenBack, Notify, ignore

THOUGHT = "okay the user asks for the hours and i know them. " * 6
ANSWER = "It is noon, my friend."


class Thinker(Answers):
    """Thinks aloud until that sounds, or not at all so long, then answers."""

    notify: Notify = ignore
    sounds = threading.Event()

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        self.asked.append(list(messages))
        emit(THOUGHT)
        assert self.sounds.wait(60)
        self.notify(AllTakenBack())
        emit(ANSWER)
        return GenerationStats()


def test_what_sounds_falls_silent_and_is_not_remembered() -> None:
    with talking(["what time is it", "and now"], [], answers=Thinker) as talk:
        Thinker.sounds.clear()
        talk.until(events.Listening)
        talk.says(tone(0.5))
        talk.until(events.Speaking)
        Thinker.sounds.set()
        done = talk.until(events.TurnDone)
        talk.until(events.Listening)
        said = [event.text for event in talk.seen if isinstance(event, events.Speaking)]
        talk.says(silence(0.4), tone(0.5, 1))
        later = talk.until(events.TurnDone)
    assert done.heard == later.heard == ANSWER
    assert " ".join(said).endswith(ANSWER)
    assert len(" ".join(said)) < len(THOUGHT)  # most of it was not said
    remembered = [m.content for m in talk.answers.asked[-1] if m.role == "assistant"]
    assert remembered == [ANSWER]


def test_of_what_was_taken_back_before_the_turn_was_taken_nothing_is_told() -> None:
    with talking(["what time is it"], [], answers=Thinker) as talk:
        Thinker.sounds.set()
        talk.judge.goes.clear()  # the turn is taken late: the draft is whole by then
        talk.until(events.Listening)
        talk.says(tone(0.5))
        done = talk.until(events.TurnDone)
        told = [event.text for event in talk.seen if isinstance(event, events.ReplyClause | events.Speaking)]
    assert done.heard == ANSWER
    assert not any("okay" in text for text in told)


class Remarks(Answers):
    """Has something to tell in warming and in a reply, and breaks off."""

    notify: Notify = ignore

    def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
        self.notify(Remark("it loads", "wait"))

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        emit("The museum opens at ")
        self.notify(Remark("it was cut", "raise it"))
        raise EngineError("the server failed", "ask again")


def test_remarks_are_warnings_and_what_came_before_a_failure_is_said() -> None:
    with talking(["when"], [], answers=Remarks) as talk:
        talk.until(events.Listening)
        talk.says(tone(0.5))
        assert talk.until(events.TurnDone).heard == "The museum opens"
    warned = [(e.message, e.turn) for e in talk.seen if isinstance(e, events.Warned)]
    assert ("it loads", None) in warned
    assert ("it was cut", 1) in warned
    assert [e.message for e in talk.seen if isinstance(e, events.Failed)] == ["the server failed"]
