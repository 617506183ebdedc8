"""Messages -> a reply, from a GGUF in this process: one talk's slot in llama.cpp, which `gguf.py` loads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypedDict

from voicecli.errors import EngineError
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.reply.conversation.context import without_oldest
from voicecli.reply.generate import NEXT_USER, Cancelled, Emit, Notify, ignore, never
from voicecli.reply.replytext import ReplyText
from voicecli.turn import chatml, witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.reply.gguf import Gguf
    from voicecli.turn.witness import Ending

REPEAT_PENALTY = 1.05
"""Penalty on the last 64 tokens, which include the question. With none, SmolLM2-135M repeats itself for ever;
with 1.1 it avoids the words of the question, and so the answer, too."""

STOP = ("<|im_end|>", "<|im_start|>", "<|endoftext|>", "\nUser:", "\nuser:", "\n\n\n")
"""Text that ends a reply, as the model's end token does: some converted models have lost that token."""

SMALL_BYTES = 300_000_000
"""A smaller file counts as a small model: SmolLM2-135M has 98 MB, the next larger model in use 491."""

_STREAMED = {"stream": True, "return_progress": True, "cache_prompt": True}


class _Progress(TypedDict):
    total: int
    cache: int


class _Timings(TypedDict):
    cache_n: int
    prompt_n: int
    predicted_n: int


class _Delta(TypedDict, total=False):
    content: str | None
    reasoning_content: str | None


class _Choice(TypedDict, total=False):
    delta: _Delta
    finish_reason: str | None


class _Error(TypedDict, total=False):
    type: str
    message: str


class _Chunk(TypedDict, total=False):
    """What llama.cpp hands to its callback: a chunk as in OpenAI's API, and what llama.cpp adds to it."""

    choices: list[_Choice]
    prompt_progress: _Progress
    timings: _Timings
    error: _Error


class EmbeddedGenerator:
    """One talk's slot in llama.cpp. Judging whether the user has finished, and the reply, share its cache."""

    is_local = True
    reads_ahead = True

    def __init__(self, model: Gguf, seed: int | None = None) -> None:
        """`seed` makes replies repeatable, for measuring. Raises EngineError where all slots are taken."""
        self.name = f"{model.path.name}, in this process"
        self.is_small = model.path.stat().st_size < SMALL_BYTES
        self._config = model.config
        self._model = model
        self._slot = model.enter()
        self._sampling: dict[str, float] = {
            "temperature": model.config.temperature,
            "repeat_penalty": REPEAT_PENALTY,
            **({} if seed is None else {"seed": seed}),
        }
        self._closed = False
        self.notify: Notify = ignore
        self._thinks_first = False
        """An earlier reply began with thinking, and with no tag that opens it: so may the next."""
        self._read_to_judge = 0
        """Tokens of the user's words that `ending` has evaluated, so that the next reply need not."""

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Evaluate the prompt up to the user's last word so far. It can be cancelled between batches."""
        if not messages or messages[-1].role != "user":
            messages = [*messages, NEXT_USER]
        # The one token that this makes is thrown away: the library takes a limit of 0 tokens as 1.
        nobody = ReplyText(lambda _piece: None, 1)
        reply = _Reply(nobody, lambda: self._closed or cancelled())
        self._ask(messages, 1, reply, unfinished=self._model.is_chatml)

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Stream a reply. `cancelled` is asked at every batch of the prompt and at every token."""
        text = ReplyText(emit, self._config.max_tokens, self.notify, thinks_first=self._thinks_first)
        read, self._read_to_judge = self._read_to_judge, 0
        reply = self._ask(
            messages, self._config.max_tokens, _Reply(text, lambda: self._closed or cancelled())
        )
        self._thinks_first = self._thinks_first or text.thinks_first
        if not reply.cut_short:
            text.finish(reply.ended, reply.stats.prompt_tokens)
        stats, evaluated = reply.stats, reply.stats.prompt_tokens_evaluated
        return stats if evaluated is None else replace(stats, prompt_tokens_evaluated=evaluated + read)

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        """Evaluate the words as the reply will, so that it has only the template's end left to evaluate."""
        server = self._model.loaded
        if self._closed or server is None or not self._model.is_chatml:
            return None
        found = witness.ending(server.handle_completions, messages, self._slot)
        if found is None:
            return None
        self._read_to_judge = found.tokens_read
        return found.ending

    def close(self) -> None:
        """Give up the slot. A call under way ends at its next batch or token."""
        if not self._closed:
            self._closed = True
            self._model.leave(self._slot)

    def _ask(
        self, messages: Sequence[ChatMessage], max_tokens: int, reply: _Reply, *, unfinished: bool = False
    ) -> _Reply:
        """Run one request. A prompt that does not fit loses its oldest turns and is tried again.

        With `unfinished`, the user may say more in the last message: the template's end of it is left out.
        """
        if self._closed:
            reply.cut_short = True
            return reply
        server = self._model.server()
        while True:
            shorter = without_oldest(messages)
            reply.prompt_limit = self._config.context_tokens - (max_tokens if shorter else 0)
            if unfinished:
                half = {
                    **_STREAMED,
                    "id_slot": self._slot,
                    "prompt": chatml.unfinished(messages),
                    "n_predict": 1,
                }
                server.handle_completions(half, reply.take)
            else:
                server.handle_chat_completions(self._request(messages, max_tokens), reply.take)
            if reply.failure is not None:
                raise reply.failure
            if not reply.overflow:
                return reply
            if not shorter:
                raise EngineError(
                    f"what was said does not fit into the model's {self._config.context_tokens} tokens",
                    "raise generate.context_tokens or shorten conversation.system_prompt",
                )
            messages, reply.overflow = shorter, False

    def _request(self, messages: Sequence[ChatMessage], max_tokens: int) -> dict[str, object]:
        return {
            **_STREAMED,
            "id_slot": self._slot,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            **self._sampling,
            "stop": STOP,
            # Models such as Qwen3 would think aloud before they answer; other models' templates ignore this.
            "chat_template_kwargs": {"enable_thinking": False},
        }


@dataclass(slots=True)
class _Reply:
    """Reads the chunks of one reply. `take` runs inside the library, on the thread that asked."""

    text: ReplyText
    cancelled: Cancelled
    prompt_limit: int = 0
    overflow: bool = False
    cut_short: bool = False
    ended: str = "stop"
    stats: GenerationStats = field(default_factory=GenerationStats)
    failure: BaseException | None = None

    def take(self, chunk: _Chunk) -> bool:
        """Read one chunk; tell the library whether to stop."""
        try:
            return self._take(chunk)
        except BaseException as failure:  # noqa: BLE001  # the library drops it; `_ask` raises it again
            self.failure = failure
            return True

    def _take(self, chunk: _Chunk) -> bool:
        if self.cancelled():
            self.cut_short = True
            return True
        if error := chunk.get("error"):
            self.overflow = error.get("type") == "exceed_context_size_error"
            if not self.overflow:
                raise EngineError(
                    f"the language model failed: {error.get('message', 'it does not say why')[:200]}"
                )
            return True
        if progress := chunk.get("prompt_progress"):
            self.overflow = progress["total"] > self.prompt_limit
            self.stats = GenerationStats(progress["total"], progress["total"] - progress["cache"])
            return self.overflow
        if timings := chunk.get("timings"):
            self.stats = GenerationStats(
                timings["cache_n"] + timings["prompt_n"], timings["prompt_n"], timings["predicted_n"]
            )
        for choice in chunk["choices"]:
            self.ended = choice.get("finish_reason") or self.ended
            delta = choice.get("delta", {})
            if delta.get("reasoning_content"):
                self.text.thought_elsewhere()
            if (piece := delta.get("content")) and self.text.take(piece):
                return True
        return False
