"""Finds out from refusals which fields a server accepts, and remembers it.

A field that a refusal names is left out or renamed, and the question is asked once more. A refusal that names
none is blamed on fields only as long as the server has never accepted them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from voicecli.messages import ChatMessage
from voicecli.network.sse import Json, parsed
from voicecli.network.trouble.complaint import MOST_READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LIMITS = ("max_tokens", "max_completion_tokens", "")
"""Names of the limit, in the order tried: the usual one, OpenAI's newer one, none."""

_NO_THINKING: dict[str, Json] = {
    "chat_template_kwargs": {"enable_thinking": False},
    "reasoning_effort": "none",
}
"""Fields that keep a model from thinking before it speaks: the first is llama-server's, vLLM's and LM
Studio's, the second Ollama's."""

_GUESSES = ("reasoning_effort", "chat_template_kwargs", "stream_options", "temperature")
"""Fields left out one after another, after refusals that name nothing: the least usual first."""

_NAMES = {
    "stream_options": r"stream_options|include_usage",
    "max_tokens": r"\bmax_tokens\b",
    "max_completion_tokens": r"\bmax_completion_tokens\b",
    "temperature": r"\btemperature\b",
    "chat_template_kwargs": r"chat_template_kwargs|enable_thinking",
    "reasoning_effort": r"reasoning[_ .]?effort|\bthink(?:ing)?\b|\breasoning\b",
    "system": r"\bsystem\b.{0,20}\b(?:role|message|prompt|instruction)"
    r"|\broles?\b.{0,60}\b(?:system|alternate)"
    r"|messages\W+0\W+role|(?:only|be) '?user'? (?:and|or) '?(?:assistant|model)|developer instruction",
}
_OF_WORDS = re.compile(r"\bmessages\b|\bcontent\b|\bmodel\b")
_ANYHOW = re.IGNORECASE | re.DOTALL


class Abilities:
    """What one server accepts. Used by one thread."""

    def __init__(self, *, switch_thinking_off: bool) -> None:
        """`switch_thinking_off`: begin with the fields that do so; not every server knows them."""
        self._without: set[str] = set() if switch_thinking_off else set(_NO_THINKING)
        self._limit = 0
        self._system_in_user = False
        self._guessed: list[str] = []
        self._accepted = False
        self._may_guess = True

    @property
    def limited(self) -> bool:
        """Whether the server is told how long a reply may be."""
        return bool(_LIMITS[self._limit])

    def body(
        self, model: str, messages: Sequence[ChatMessage], max_tokens: int, temperature: float
    ) -> dict[str, Json]:
        """Make the body of the request."""
        if self._system_in_user:
            messages = _system_in_user(messages)
        body: dict[str, Json] = {
            "model": model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": temperature,
            **_NO_THINKING,
        }
        if name := _LIMITS[self._limit]:
            body[name] = max_tokens
        return {name: value for name, value in body.items() if name not in self._without}

    def accept(self) -> None:
        """The server has answered: from now on leave out the fields that this request left out."""
        self._accepted = True
        self._guessed = []

    def learn(self, refusal: str) -> bool:
        """Leave out or rename the field that a refusal names; say whether it names one."""
        named = self._named(refusal)
        for name in named:
            if name in _LIMITS:
                self._limit += 1
            elif name == "system":
                self._system_in_user = True
            else:
                self._without.add(name)
        return bool(named)

    def guess(self, refusal: str) -> bool:
        """After a refusal that names nothing, leave out one more field; say whether there was one left."""
        if self._accepted or not self._may_guess or _OF_WORDS.search(refusal[:MOST_READ]):
            return False
        name = next((name for name in _GUESSES if name not in self._without), None)
        if name is not None:
            self._without.add(name)
            self._guessed.append(name)
        return name is not None

    def take_back_guesses(self) -> None:
        """The refusals were not for these fields: send them again, and never guess again."""
        self._without -= set(self._guessed)
        self._guessed = []
        self._may_guess = False

    def _named(self, refusal: str) -> list[str]:
        sent = {*_NAMES} - self._without - {*_LIMITS} | {_LIMITS[self._limit]} - {""}
        if self._system_in_user:
            sent.discard("system")
        # First a name in a field of its own: a name in a sentence may be what the server wants instead.
        for text in (*_parameters(parsed(refusal), 0), refusal):
            found = [
                name for name in _NAMES if name in sent and re.search(_NAMES[name], text[:MOST_READ], _ANYHOW)
            ]
            if found:
                return found
        return []


def _system_in_user(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Put the system prompt in front of the first words of the user."""
    if len(messages) < 2 or messages[0].role != "system":
        return list(messages)
    prompt, first, *rest = messages
    return [ChatMessage(first.role, f"{prompt.content}\n\n{first.content}".strip()), *rest]


def _parameters(answer: Json, depth: int) -> Iterator[str]:
    """Names of parameters that a refusal gives a field of their own: OpenAI's `param`, FastAPI's `loc`."""
    if depth > 5:
        return
    match answer:
        case dict():
            for key, value in answer.items():
                if key == "param" and isinstance(value, str):
                    yield value
                elif key == "loc" and isinstance(value, list):
                    yield ".".join(str(part) for part in value)
                else:
                    yield from _parameters(value, depth + 1)
        case list():
            for entry in answer[:8]:
                yield from _parameters(entry, depth + 1)
