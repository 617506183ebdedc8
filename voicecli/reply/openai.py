"""Text -> text with any OpenAI-compatible server: Ollama, llama-server, LM Studio, vLLM.

One request runs as an asyncio task on a loop of this engine's own, on the thread that asked. That thread
wakes every `POLL_S` to ask whether the reply is still wanted; cancelling the task closes the connection
whatever it waits for (an address, a connection, the first byte, the next one), and a server stops when its
client is gone. A blocking client offers no such moment: while it waits it can be given up, but not stopped.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError, EngineError
from voicecli.reply.address import host_of, is_loopback, shown
from voicecli.reply.generate import NEXT_USER, ReplyText, never
from voicecli.reply.sse import EventLines, StreamedReply, parsed, reason

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    import httpx

    from voicecli.config import GenerateConfig
    from voicecli.messages import ChatMessage, GenerationStats
    from voicecli.reply.generate import Cancelled, Emit

POLL_S = 0.03
"""How often a waiting request is asked whether it is still wanted, s."""

CONNECT_S = 3.0
"""Longest wait for a connection, s."""

LOAD_S = 180.0
"""Longest wait for a server that first reads its model from disk, s; Ollama does at the first request."""

KEEP_S = 600.0
"""How long an idle connection is kept for the next turn, s."""

REST_S = 0.2
"""Longest wait for the end of a stream whose reply is complete, s. Only a response read to its end leaves the
connection open for the next turn."""

NO_THINKING: tuple[dict[str, object], ...] = (
    {"chat_template_kwargs": {"enable_thinking": False}, "reasoning_effort": "none"},
    {"chat_template_kwargs": {"enable_thinking": False}},
    {},
)
"""What keeps a model from thinking before it speaks: the first field is llama-server's, vLLM's and LM
Studio's, the second Ollama's. A strict server refuses what it does not know and is then asked with less."""


class OpenAiGenerator:
    """A model on a server. Nothing is sent before the first `warm` or `generate`."""

    def __init__(self, config: GenerateConfig) -> None:
        """Raise ConfigError for an address or a key that cannot be sent."""
        self._config = config
        self._url = config.base_url.rstrip("/")
        self.is_local = is_loopback(host_of(self._url))
        self._model = None if config.model == "auto" else config.model
        self._extras = NO_THINKING if self.is_local else NO_THINKING[-1:]
        self._headers = {"Accept-Encoding": "identity"}
        if key := os.environ.get(config.api_key_env, "").strip():
            if not (key.isascii() and key.isprintable()):
                raise ConfigError(f"{config.api_key_env} holds characters that no key has", "set it again")
            self._headers["Authorization"] = f"Bearer {key}"
        self.reads_ahead = False
        self._busy = threading.Lock()
        self._closing = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx.AsyncClient | None = None

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        return f"{self._model or 'the first model'} at {shown(self._url)}"

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Make a server of this computer load its model and evaluate the prompt.

        A server elsewhere is only asked for its models: that opens the connection and tries the key, and says
        nothing of the conversation.
        """
        if not messages or messages[-1].role != "user":
            messages = [*messages, NEXT_USER]
        ready = self._evaluate(messages) if self.is_local else self._models()
        self._run(ready, cancelled)

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Stream a reply; `cancelled` is asked before each piece and every 30 ms."""
        reply = StreamedReply(ReplyText(emit, self._config.max_tokens), cancelled)
        arrived = self._run(self._complete(messages, self._config.max_tokens, reply), cancelled)
        if arrived and not reply.cut_short:
            reply.check()
        stats = reply.stats
        if self.is_local and stats.prompt_tokens and stats.prompt_tokens_evaluated is not None:
            # What it had read before it did not read again: so it pays to let it read ahead.
            self.reads_ahead = stats.prompt_tokens_evaluated < stats.prompt_tokens
        return stats

    def models(self, cancelled: Cancelled) -> list[str] | None:
        """Names of the models the server has, None when cancelled before it answered. Raises EngineError."""
        found: list[str] = []

        async def ask() -> None:
            found.extend(await self._models())

        return found if self._run(ask(), cancelled) else None

    def ending(self, messages: Sequence[ChatMessage]) -> float | None:
        """Know nothing: servers do not tell of the words in the middle of a message."""
        return None

    def close(self) -> None:
        """End the call under way, close the connection."""
        self._closing.set()
        with self._busy:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.run_until_complete(self._finish())
                self._loop.close()

    def _run(self, request: Coroutine[None, None, object], cancelled: Cancelled) -> bool:
        """Run a request to its end; False when it was cancelled before."""
        with self._busy:
            if self._closing.is_set():
                request.close()
                return False
            self._loop = self._loop or asyncio.new_event_loop()
            return self._loop.run_until_complete(self._watch(request, cancelled))

    async def _finish(self) -> None:
        loop = asyncio.get_running_loop()
        if self._client is not None:
            await self._client.aclose()
        # A stream left early leaves generators inside of generators, and tasks that close some of them.
        await loop.shutdown_asyncgens()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        await loop.shutdown_default_executor()

    async def _watch(self, request: Coroutine[None, None, object], cancelled: Cancelled) -> bool:
        task = asyncio.ensure_future(request)
        try:
            while not task.done():
                if cancelled() or self._closing.is_set():
                    return False
                await asyncio.wait({task}, timeout=POLL_S)
            task.result()
            return True
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _http(self) -> httpx.AsyncClient:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                headers=self._headers,
                timeout=httpx.Timeout(self._config.timeout_s, connect=CONNECT_S),
                limits=httpx.Limits(keepalive_expiry=KEEP_S),
                # A proxy of the environment would be told what was said to a server of this computer.
                trust_env=not self.is_local,
            )
        return self._client

    async def _evaluate(self, messages: Sequence[ChatMessage]) -> None:
        nobody = StreamedReply(ReplyText(lambda _piece: None, 1), lambda: False)
        await self._complete(messages, 1, nobody, patience_s=max(LOAD_S, self._config.timeout_s))

    async def _complete(
        self,
        messages: Sequence[ChatMessage],
        max_tokens: int,
        reply: StreamedReply,
        patience_s: float | None = None,
    ) -> None:
        import httpx

        if self._model is None:
            self._model = await self._first_model()
        body = {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": max_tokens,
            "temperature": self._config.temperature,
        }
        timeout = httpx.Timeout(patience_s or self._config.timeout_s, connect=CONNECT_S)
        try:
            while True:
                async with self._http().stream(
                    "POST", f"{self._url}/chat/completions", json=body | self._extras[0], timeout=timeout
                ) as response:
                    if response.status_code in (400, 422) and len(self._extras) > 1:
                        self._extras = self._extras[1:]
                        continue
                    if response.status_code != httpx.codes.OK:
                        await response.aread()
                        raise await self._refusal(response)
                    await self._read(response, reply)
                    return
        except httpx.HTTPError as error:
            raise self._broken(error, timeout.read) from error

    async def _read(self, response: httpx.Response, reply: StreamedReply) -> None:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            kind = response.headers.get("content-type", "").partition(";")[0] or "something without a type"
            raise EngineError(
                f"{shown(self._url)} answers with {kind}, not with a stream", "generate.base_url ends in /v1"
            )
        lines = EventLines()
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as rest:
                async for data in response.aiter_raw():
                    for event in lines.feed(data):
                        if reply.take(event):
                            return
                    if reply.finished and rest.when() is None:
                        rest.reschedule(asyncio.get_running_loop().time() + REST_S)
        if not reply.finished:
            raise EngineError(f"{shown(self._url)} broke off in the middle of the reply", "ask again")

    async def _models(self) -> list[str]:
        """Names of the models the server has."""
        import httpx

        try:
            response = await self._http().get(f"{self._url}/models")
        except httpx.HTTPError as error:
            raise self._broken(error, self._config.timeout_s) from error
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise self._unauthorised()
        listed = parsed(response.text)
        entries = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(entries, list):
            return []
        return [
            name for entry in entries if isinstance(entry, dict) and isinstance(name := entry.get("id"), str)
        ]

    async def _first_model(self) -> str:
        for name in await self._models():
            if "embed" not in name.lower():
                return name
        raise EngineError(
            f"{shown(self._url)} lists no language model",
            "load one there, or set generate.model to its name",
        )

    def _unauthorised(self) -> EngineError:
        known = "Authorization" in self._headers
        return EngineError(
            f"{shown(self._url)} {'refuses the key' if known else 'asks for a key'}",
            f"set the environment variable {self._config.api_key_env}",
        )

    async def _refusal(self, response: httpx.Response) -> EngineError:
        where = shown(self._url)
        match response.status_code:
            case 401 | 403:
                return self._unauthorised()
            case 404:
                models = await self._models()
                if models and self._model not in models:
                    some = ", ".join(models[:5]) + (", ..." if len(models) > 5 else "")
                    return EngineError(f"{where} has no model {self._model}", f"it has: {some}")
                return EngineError(
                    f"{where} has no {'model ' + (self._model or '') if not models else 'chat/completions'}",
                    "check generate.model and generate.base_url, which ends in /v1",
                )
            case 429:
                return EngineError(f"{where} takes no more requests for now", "wait, or look at your quota")
            case status:
                return EngineError(
                    f"{where} answers with error {status}{reason(response.text)}", "look at its log"
                )

    def _broken(self, error: httpx.HTTPError, waited_s: float | None) -> EngineError:
        import httpx

        where = shown(self._url)
        match error:
            case httpx.ConnectError() | httpx.ConnectTimeout():
                return EngineError(f"no server answers at {where}", "start it, or use --engine embedded")
            case httpx.TimeoutException():
                return EngineError(
                    f"{where} sent nothing for {waited_s:g} s",
                    "use a smaller model, or raise generate.timeout_s",
                )
            case httpx.NetworkError() | httpx.RemoteProtocolError():
                return EngineError(f"{where} broke off the connection", "look at its log, then ask again")
            case _:
                return EngineError(f"{where}: {error}", "check generate.base_url")
