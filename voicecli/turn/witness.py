"""The user's words -> the language model's log-odds that a sentence, and the message, ends with them.

The model is asked for the probabilities of the next token. After the words without their last mark: how
probable is a mark, or the end of the message? After the words with the mark: how probable is the end of the
message? The first question tells words that break off, the second tells a whole sentence that another one
follows. The second is asked only if the first leaves doubt, because the reply waits for it. What the answers
are worth: docs/decisions/0006-turn-decision.md and 0031-who-has-finished.md. Only for models whose template
is ChatML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypedDict

from voicecli.turn.chatml import unfinished

if TYPE_CHECKING:
    from voicecli.messages import ChatMessage

NEXT_TOKENS = 40
"""Number of most probable next tokens that are examined."""

_MARKS = (".", "?", "!")
"""Marks that end a sentence; the first stands for words that have none."""

IN_DOUBT = (-2.5, 0.5)
"""Log-odds of the first answer between which the second can change the decision: half of all pauses of the
labelled sets. With the second answer everywhere the decisions are the same (docs/decisions/0031)."""

_LEAST_PROBABILITY = 1e-4
"""Lowest probability that is used for an end, and for its opposite."""


class _Token(TypedDict):
    token: str
    logprob: float


class _Position(TypedDict):
    top_logprobs: list[_Token]


class _Logprobs(TypedDict):
    content: list[_Position]


class _Scored(TypedDict):
    logprobs: _Logprobs


class _ReadTimings(TypedDict):
    prompt_n: int


class Scores(TypedDict, total=False):
    """llama.cpp's answer when it is asked for probabilities; without `choices` it is an error."""

    choices: list[_Scored]
    timings: _ReadTimings


class Ending(NamedTuple):
    """What the language model makes of the user's words."""

    stops: float
    """Log-odds that a sentence ends with them: a mark, or the end of the message, is the next token."""
    finished: float | None
    """Log-odds that the message ends after that mark; None where the first answer decides."""


class Judgement(NamedTuple):
    """What the model finds."""

    ending: Ending
    tokens_read: int
    """Tokens of the prompt that the model had not read before."""


Complete: TypeAlias = Callable[[dict[str, object], Callable[[Scores], bool]], object]
"""llama.cpp's completion: takes a request, and what to call with its answer; that says whether to stop."""


def ending(complete: Complete, messages: Sequence[ChatMessage], slot: int) -> Judgement | None:
    """Judge whether the last message is complete; None where it does not fit into the context.

    llama.cpp reads in `slot` only what differs from the prompt before, and keeps this one for the next. So
    the second question costs one or two tokens, and a reply to the same words reads on after them.
    """
    prompt = unfinished(messages)
    stops = _asked(complete, prompt, slot, _is_stop)
    if stops is None:
        return None
    least, most = IN_DOUBT
    if not least < stops[0] < most:
        return Judgement(Ending(stops[0], None), stops[1])
    said = messages[-1].content.rstrip()
    mark = said[-1] if said.endswith(_MARKS) else _MARKS[0]
    finished = _asked(complete, prompt + mark, slot, _is_end)
    if finished is None:
        return None
    return Judgement(Ending(stops[0], finished[0]), stops[1] + finished[1])


def _asked(
    complete: Complete, prompt: str, slot: int, counts: Callable[[str], bool]
) -> tuple[float, int] | None:
    """Log-odds that a token that `counts` comes next, and the number of tokens read."""
    answers: list[Scores] = []

    def take(answer: Scores) -> bool:
        answers.append(answer)
        return False

    complete(
        {
            "prompt": prompt,
            "id_slot": slot,
            "n_predict": 1,
            "n_probs": NEXT_TOKENS,
            "cache_prompt": True,
            "stream": False,
        },
        take,
    )
    if not answers or "choices" not in answers[-1]:
        return None  # too long for the context: the error comes with the reply
    following = answers[-1]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    share = sum(exp(next_["logprob"]) for next_ in following if counts(next_["token"]))
    share = min(1 - _LEAST_PROBABILITY, max(_LEAST_PROBABILITY, share))
    timings = answers[-1].get("timings")
    return log(share / (1 - share)), timings["prompt_n"] if timings else 0


def _is_stop(token: str) -> bool:
    """Whether a sentence or the message ends with this token."""
    return _is_end(token) or token.strip(" ").startswith(_MARKS)


def _is_end(token: str) -> bool:
    """Whether the message ends with this token: a line end, or the empty token, which ends the text."""
    return not token.strip(" ") or token.strip(" ").startswith(("\n", "<|im_end|>"))
