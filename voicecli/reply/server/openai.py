"""Text -> text with any OpenAI-compatible server: Ollama, llama-server, LM Studio, vLLM.

`errands` runs the requests, so that each can be cancelled; `asking` finds out from refusals what a server
accepts.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from voicecli.errors import EngineError
from voicecli.messages import GenerationStats
from voicecli.network.address import host_of, is_loopback, shown
from voicecli.network.connection import Connection
from voicecli.network.errands import Errands
from voicecli.network.secrets import Secrets, in_address, key_in
from voicecli.network.trouble.remarks import Remark, TooManyRequests
from voicecli.reply.generate import NEXT_USER, AllTakenBack, ignore, never
from voicecli.reply.replytext import ReplyText
from voicecli.reply.server.asking import Asking
from voicecli.reply.server.streamed import StreamedReply

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    from voicecli.config import GenerateConfig
    from voicecli.messages import ChatMessage
    from voicecli.network.trouble.waits import Sleep
    from voicecli.reply.generate import Cancelled, Emit, Notice, Notify
    from voicecli.turn.witness import Ending


class OpenAiGenerator:
    """A model on a server. Nothing is sent before the first `warm` or `generate`."""

    def __init__(self, config: GenerateConfig, sleep: Sleep = asyncio.sleep) -> None:
        """`sleep` waits before the server is asked again, on the loop of this engine.

        Raises ConfigError for an address, a key or a proxy that cannot be used.
        """
        self._config = config
        self._url = config.base_url.rstrip("/")
        self.is_local = is_loopback(host_of(self._url))
        key = key_in(config.api_key_env)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.notify: Notify = ignore
        self.is_small = False
        self.reads_ahead = False
        self._secrets = Secrets(key, *in_address(self._url))
        self._connection = Connection(self._url, headers, config.connect_s, is_local=self.is_local)
        self._asking = Asking(self._connection, config, sleep, is_local=self.is_local, has_key=bool(headers))
        self._thinks_first = False
        """The model was seen to think before it speaks, without an opening tag."""
        self._errands = Errands(self._connection.close)

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        return self._secrets.hidden(f"{self._asking.model or 'the first model'} at {shown(self._url)}")

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Make a server of this computer load its model and evaluate the prompt.

        A server elsewhere is only asked for its models: that opens the connection and tries the key, and says
        nothing of the conversation.
        """
        if not messages or messages[-1].role != "user":
            messages = [*messages, NEXT_USER]
        ready = self._asking.evaluate(messages, self._notified) if self.is_local else self._asking.models()
        self._run(ready, cancelled)

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Stream a reply; `cancelled` is asked before each piece and every 30 ms."""
        voice = _Packet(lambda text: emit(self._secrets.hidden(text)), self._notified)
        replies: list[StreamedReply] = []

        def begin(most_events: int | None) -> StreamedReply:
            text = ReplyText(
                voice.pieces.append, self._config.max_tokens, voice.notify, thinks_first=self._thinks_first
            )
            replies.append(StreamedReply(text, cancelled, most_events))
            return replies[-1]

        try:
            arrived = self._run(
                self._asking.complete(messages, begin, voice.flush, self._notified), cancelled
            )
        finally:
            self._thinks_first = self._thinks_first or any(reply.text.thinks_first for reply in replies)
        if not replies:
            return GenerationStats()
        reply = replies[-1]
        if arrived and not reply.cut_short:
            with self._hiding():
                reply.finish()
            voice.flush()
        stats = reply.stats
        if self.is_local and stats.prompt_tokens and stats.prompt_tokens_evaluated is not None:
            # A server that keeps what it has evaluated saves time if it evaluates the words early.
            self.reads_ahead = stats.prompt_tokens_evaluated < stats.prompt_tokens
        return stats

    def models(self, cancelled: Cancelled) -> list[str] | None:
        """Names of the models the server has, None when cancelled before it answered. Raises EngineError."""
        found: list[str] = []

        async def ask() -> None:
            found.extend(await self._asking.models())

        return self._secrets.all_hidden(found) if self._run(ask(), cancelled) else None

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        """None: servers give no probabilities for the middle of a message."""
        return None

    def close(self) -> None:
        """End the call under way, close the connection."""
        self._errands.close()

    def _run(self, request: Coroutine[None, None, object], cancelled: Cancelled) -> bool:
        """Run a request to its end; False when it was cancelled before."""
        with self._hiding():
            return self._errands.run(request, cancelled)

    @contextmanager
    def _hiding(self) -> Iterator[None]:
        """Raise an EngineError without the secrets that a server may have put into it."""
        try:
            yield
        except EngineError as error:
            error.reword(*self._secrets.all_hidden((error.found, error.remedy)))
            raise error from None

    def _notified(self, notice: Notice) -> None:
        if isinstance(notice, Remark):
            found, remedy = self._secrets.all_hidden((notice.found, notice.remedy))
            notice = replace(notice, found=found, remedy=remedy)
        self.notify(notice)


class _Packet:
    """Hands on the pieces of one packet together, so that a tag in it can still take them back."""

    def __init__(self, emit: Emit, notify: Notify) -> None:
        self.pieces: list[str] = []
        self._emit = emit
        self._notify = notify
        self._spoke = False

    def flush(self) -> None:
        """Hand on what has come."""
        if self.pieces:
            text, self._spoke = "".join(self.pieces), True
            self.pieces.clear()
            self._emit(text)

    def notify(self, notice: Notice) -> None:
        """Hand on a notice, in its place among the words."""
        match notice:
            case AllTakenBack():
                self.pieces.clear()
                if self._spoke:
                    self._notify(notice)
            case Remark() | TooManyRequests():
                self.flush()
                self._notify(notice)
