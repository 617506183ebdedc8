"""What the language model makes of the user's words, and when it is asked: never while the voice waits."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_embedded import GGUF
from voicecli.channel import Channel, Closed
from voicecli.clock import FakeClock
from voicecli.config import ConversationConfig, GenerateConfig
from voicecli.engines import Engines
from voicecli.messages import (
    ChatMessage,
    Clause,
    Draft,
    EndOfReply,
    GenerationStats,
    ReplyOutcome,
    Transcript,
    WordsSoFar,
)
from voicecli.pipeline.answering import Replying
from voicecli.pipeline.faults import Faults
from voicecli.pipeline.times import TurnTimes
from voicecli.pipeline.turns import Turns
from voicecli.reply.chatml import is_template_of, unfinished
from voicecli.reply.embedded import EmbeddedGenerator
from voicecli.reply.witness import Scores, ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from voicecli.reply.generate import Cancelled, Emit

WORDS = "what is the capital of France"
REPLY = "The capital of France is Paris. It lies on the river Seine. Many people live there. "


class Talk:
    """One turn, and a language model that notes what the voice had when it was asked to judge."""

    name = "script"
    is_local = True
    is_small = False
    reads_ahead = False
    language = "en"

    def __init__(self, reply: str = REPLY) -> None:
        self.reply = reply
        self.judged: list[int] = []
        """Of each time its words were judged: the clauses that were handed on by then."""
        self.turns = Turns(FakeClock(100.0), 100.0, lambda _: None)
        self.turns.open(100.0)
        self.draft = Draft(1, self.turns.stretch, 1, Transcript(WORDS, "en", 0.9))
        self.clauses: Channel[Clause | EndOfReply] = Channel("clauses", 50, "wait")
        self.turns.propose(self.draft, TurnTimes(100.0, 100.0))
        self.record = self.turns.drafts[1]

    def take(self) -> None:
        self.turns.take(100.0, 100.0)

    def answered(self) -> Talk:
        """See the draft through, on this thread."""
        said: Channel[Draft | WordsSoFar] = Channel("said", 8, "wait")
        said.put(self.draft)
        said.close()
        engines = Engines(None, None, None, self, self, "")  # type: ignore[arg-type]  # only these two answer
        replying = Replying(
            engines, ConversationConfig(), self.turns, said, self.clauses, Heard(self), Faults(self.turns)
        )
        with pytest.raises(Closed):
            replying.run()
        return self

    def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
        pass

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        for word in self.reply.split(" "):
            if cancelled():
                break
            emit(f"{word} ")
        return GenerationStats()

    def ending(self, messages: Sequence[ChatMessage]) -> float | None:
        if messages[-1].content == WORDS:
            self.judged.append(self.clauses.stats().fill)
        return 1.5

    def close(self) -> None:
        pass


class Heard(Channel[ReplyOutcome]):
    """The voice: the turn is taken, at the latest, when it has said everything."""

    def __init__(self, talk: Talk) -> None:
        super().__init__("outcomes", 1, "drop_oldest")
        self._talk = talk

    def get(self, timeout_s: float | None = None) -> ReplyOutcome:
        self._talk.turns.confirm(self._talk.draft)
        self._talk.take()
        return ReplyOutcome(1, self._talk.reply, interrupted=False)


def test_the_words_are_judged_before_the_reply_is_begun() -> None:
    """The voice waits for nothing else then, and the answer is there before the turn is decided."""
    talk = Talk().answered()
    assert talk.judged == [0]
    assert talk.record.ending == 1.5


def test_they_are_not_judged_once_the_turn_is_taken() -> None:
    """The answer is of no use then, and the loudspeaker waits for the reply."""
    talk = Talk()
    talk.take()
    assert talk.answered().judged == []
    assert talk.record.ending is None


def scores(tokens: Iterable[tuple[str, float]]) -> Scores:
    """An answer with these tokens and their probabilities."""
    top = [{"token": token, "logprob": log(probability)} for token, probability in tokens]
    return {"choices": [{"logprobs": {"content": [{"top_logprobs": top}]}}]}  # type: ignore[typeddict-item]


def judged(answer: Scores, words: str = "what is it?") -> tuple[float | None, str]:
    """What is made of the answer, and the prompt it was given for."""
    prompts: list[str] = []

    def complete(request: dict[str, object], take: Callable[[Scores], bool]) -> None:
        prompts.append(str(request["prompt"]))
        take(answer)

    found = ending(complete, [ChatMessage("system", "Be short."), ChatMessage("user", words)], 0)
    return (None if found is None else found.log_odds), prompts[0]


def test_marks_and_the_end_of_the_message_speak_for_the_end() -> None:
    found, _ = judged(scores([("?", 0.4), ("\n", 0.1), ("", 0.1), (" ...", 0.2), (" and", 0.2)]))
    assert found == pytest.approx(log(0.8 / 0.2))


@given(st.lists(st.tuples(st.sampled_from([".", " and", "", " it", "!"]), st.floats(1e-30, 0.2)), max_size=5))
def test_it_is_never_quite_certain(tokens: list[tuple[str, float]]) -> None:
    found, _ = judged(scores(tokens))
    assert found is not None
    assert 1e-4 <= 1 / (1 + exp(-found)) + 1e-12 <= 1


def test_the_transcribers_mark_is_left_out_and_the_message_left_open() -> None:
    _, prompt = judged(scores([(".", 0.5)]), "where did I put ...?")
    assert prompt == "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nwhere did I put"


def test_words_too_long_for_it_are_not_judged() -> None:
    assert judged({})[0] is None


@pytest.mark.parametrize(
    ("template", "can"), [(b"{{ '<|im_start|>' }}", True), (b"{{ '<start_of_turn>' }}", False), (b"", False)]
)
def test_it_can_judge_with_models_that_speak_chat_ml(tmp_path: Path, template: bytes, can: bool) -> None:
    gguf = tmp_path / "some.gguf"
    gguf.write_bytes(b"GGUF" + bool(template) * b"tokenizer.chat_template" + template)
    assert is_template_of(gguf) == can


@pytest.mark.models
def test_a_model_hears_that_words_break_off_and_reads_them_once() -> None:
    engine = EmbeddedGenerator(GenerateConfig(context_tokens=512, max_tokens=8), GGUF)
    whole, broken = (
        [ChatMessage("system", "Be short."), ChatMessage("user", words)]
        for words in ("What time is it in Norway?", "Can you tell me the")
    )
    assert engine.ending(whole) is None  # not loaded: nobody waits for that
    engine.warm([])
    first, second = engine.ending(broken), engine.ending(whole)
    assert first is not None
    assert second is not None
    assert first < second
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
