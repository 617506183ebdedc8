"""The user's words -> the language model's log-odds that nothing follows them.

The model is asked how probable a mark, or the end of the message, is as the next token. What the answer is
worth, and when it is asked for: docs/decisions/0006-turn-decision.md. Only for models whose template is
ChatML.
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


class Judgement(NamedTuple):
    """What the model finds."""

    log_odds: float
    """Log-odds that nothing follows the words."""
    tokens_read: int
    """Tokens of the prompt that the model had not read before."""


Complete: TypeAlias = Callable[[dict[str, object], Callable[[Scores], bool]], object]
"""llama.cpp's completion: takes a request, and what to call with its answer; that says whether to stop."""


def ending(complete: Complete, messages: Sequence[ChatMessage], slot: int) -> Judgement | None:
    """Judge whether the last message is complete; None where it does not fit into the context.

    llama.cpp reads in `slot` only what differs from the prompt before, and keeps this one for the next.
    """
    answers: list[Scores] = []

    def take(answer: Scores) -> bool:
        answers.append(answer)
        return False

    complete(
        {
            "prompt": unfinished(messages),
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
    end = sum(exp(next_["logprob"]) for next_ in following if _is_end(next_["token"]))
    end = min(1 - _LEAST_PROBABILITY, max(_LEAST_PROBABILITY, end))
    timings = answers[-1].get("timings")
    return Judgement(log(end / (1 - end)), timings["prompt_n"] if timings else 0)


def _is_end(token: str) -> bool:
    """Whether a message ends with this token: a mark, a line end, or the empty token, which ends the text."""
    return not token or token.strip(" ").startswith((".", "?", "!", "\n", "<|im_end|>"))
