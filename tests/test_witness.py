"""What the language model makes of the user's words, and when it is asked: never while the voice waits."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.seats import attempts, seat
from tests.stepped import Stepped
from tests.test_embedded import GGUF
from tests.test_talking import Answers, silence, tone
from voicecli.config import GenerateConfig
from voicecli.floor import facts
from voicecli.floor.orders import ToAuthor, Write
from voicecli.messages import ChatMessage
from voicecli.reply.embedded import EmbeddedGenerator
from voicecli.reply.gguf import Gguf
from voicecli.system.clock import FakeClock
from voicecli.talk.workers.author import Author
from voicecli.threads.channel import Channel
from voicecli.turn.chatml import is_template_of, unfinished
from voicecli.turn.witness import Ending, Scores, ending
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from voicecli.turn.witness import Ending

WORDS = "what is the capital of France"
WHAT = "What time is it?"


class Judging(Answers):
    """A language model that knows whether words may end."""

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        assert messages[-1].content == WORDS
        return Ending(1.5, 0.5)


def reported(*, judges: bool) -> list[facts.Fact]:
    """What an author tells of a reply to the words."""
    clock, told = FakeClock(100.0), list[facts.Fact]()
    inbox: Channel[ToAuthor] = Channel(Buffer("to the author", "orders", 8, "drop_oldest", "a test"))
    author = Author(seat(Judging([])), "en", clock, attempts(clock), inbox, told.append, lambda: 0)  # type: ignore[arg-type]  # duck-typed
    author.take(Write(1, 1, (ChatMessage("user", WORDS),), judges))
    return told


def test_the_words_are_judged_before_the_reply_is_begun() -> None:
    """The voice waits for nothing else then, and the answer is there before the turn is decided."""
    first, *others = reported(judges=True)
    assert first == facts.EndingJudged(1, Ending(1.5, 0.5))
    assert [type(fact) for fact in others] == [facts.ClauseWritten] * (len(others) - 1) + [facts.ReplyWritten]


def test_they_are_not_judged_once_the_turn_is_committed() -> None:
    """The answer is of no use then, and the loudspeaker waits for the reply."""
    assert not any(isinstance(fact, facts.EndingJudged) for fact in reported(judges=False))
    talk = Stepped("What time is it?")
    talk.hears(silence(0.3), tone(0.6))
    talk.hears(silence(0.2))
    talk.transcribes()
    draft = talk.exchange.draft
    assert draft is not None
    assert talk.crew.to_author.get(0) == Write(
        draft.number, 1, talk.floor.memory.messages_for(WHAT), judges=True
    )
    late = Stepped("What time is it?")
    late.hears(silence(0.3), tone(0.6), silence(3.0))
    late.transcribes()
    order = late.crew.to_author.get(0)
    assert isinstance(order, Write)
    assert not order.judges


def scores(tokens: Iterable[tuple[str, float]]) -> Scores:
    """An answer with these tokens and their probabilities."""
    top = [{"token": token, "logprob": log(probability)} for token, probability in tokens]
    return {"choices": [{"logprobs": {"content": [{"top_logprobs": top}]}}]}  # type: ignore[typeddict-item]


def judged(words: str, *answers: Scores) -> tuple[Ending | None, list[str]]:
    """What is made of the answers, and the prompts they were given for."""
    prompts, left = list[str](), list(answers)

    def complete(request: dict[str, object], take: Callable[[Scores], bool]) -> None:
        prompts.append(str(request["prompt"]))
        take(left.pop(0) if len(left) > 1 else left[0])

    found = ending(complete, [ChatMessage("system", "Be short."), ChatMessage("user", words)], 0)
    return (None if found is None else found.ending), prompts


def test_marks_and_the_end_of_the_message_stop_a_sentence() -> None:
    found, _ = judged("what", scores([("?", 0.4), ("\n", 0.1), ("", 0.1), (" ...", 0.2), (" and", 0.2)]))
    assert found is not None
    assert found.stops == pytest.approx(log(0.8 / 0.2))


def test_behind_a_whole_sentence_only_the_end_of_the_message_counts() -> None:
    """Another sentence may follow, and no mark tells whether one does."""
    follows = scores([("", 0.2), ("\n", 0.05), (" And", 0.7), ("!", 0.05)])
    found, prompts = judged("that's not true!", scores([("!", 0.5), (" and", 0.5)]), follows)
    assert found is not None
    assert found.stops == pytest.approx(0)
    assert found.finished == pytest.approx(log(0.25 / 0.75))
    assert [prompt.rpartition("\n")[2] for prompt in prompts] == ["that's not true", "that's not true!"]


@pytest.mark.parametrize("stop", [0.01, 0.95])
def test_the_second_question_is_asked_only_in_doubt(stop: float) -> None:
    """The reply waits for it."""
    found, prompts = judged("what is it?", scores([("?", stop), (" and", 1 - stop)]))
    assert found is not None
    assert found.finished is None
    assert len(prompts) == 1


def test_words_without_a_mark_get_one_for_the_second_question() -> None:
    _, prompts = judged("in the morning,", scores([(".", 0.5)]))
    assert [prompt.rpartition("\n")[2] for prompt in prompts] == ["in the morning", "in the morning."]


@given(st.lists(st.tuples(st.sampled_from([".", " and", "", " it", "!"]), st.floats(1e-30, 0.2)), max_size=5))
def test_it_is_never_quite_certain(tokens: list[tuple[str, float]]) -> None:
    found, _ = judged("what is it?", scores(tokens))
    assert found is not None
    for log_odds in (found.stops, found.finished or 0.0):
        assert 1e-4 <= 1 / (1 + exp(-log_odds)) + 1e-12 <= 1


def test_the_transcribers_mark_is_left_out_and_the_message_left_open() -> None:
    _, prompts = judged("where did I put ...?", scores([(".", 0.5)]))
    assert prompts[0] == "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nwhere did I put"


def test_words_too_long_for_it_are_not_judged() -> None:
    assert judged("what is it?", {})[0] is None


@pytest.mark.parametrize(
    ("template", "can"), [(b"{{ '<|im_start|>' }}", True), (b"{{ '<start_of_turn>' }}", False), (b"", False)]
)
def test_it_can_judge_with_models_that_speak_chat_ml(tmp_path: Path, template: bytes, can: bool) -> None:
    gguf = tmp_path / "some.gguf"
    gguf.write_bytes(b"GGUF" + bool(template) * b"tokenizer.chat_template" + template)
    assert is_template_of(gguf) == can


@pytest.mark.models
def test_a_model_hears_that_words_break_off_and_reads_them_once() -> None:
    engine = EmbeddedGenerator(Gguf(GenerateConfig(context_tokens=512, max_tokens=8), GGUF))
    whole, broken = (
        [ChatMessage("system", "Be short."), ChatMessage("user", words)]
        for words in ("What time is it in Norway?", "Can you tell me the")
    )
    assert engine.ending(whole) is None  # not loaded: nobody waits for that
    engine.warm([])
    first, second = engine.ending(broken), engine.ending(whole)
    assert first is not None
    assert second is not None
    assert first.stops < second.stops
    stats = engine.generate(whole, lambda _piece: None, lambda: False)
    assert 7 < (stats.prompt_tokens_evaluated or 0) <= 13  # seven of the words and the template, once each
    engine.close()
    assert engine.ending(whole) is None


def test_a_message_that_goes_on_has_no_end_and_no_mark() -> None:
    messages = [
        ChatMessage("system", "Be brief."),
        ChatMessage("user", "Hello."),
        ChatMessage("assistant", "Hello!"),
        ChatMessage("user", "Where is the..."),
    ]
    assert unfinished(messages) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello.<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nWhere is the"
    )
