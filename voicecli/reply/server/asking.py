"""A question -> a reply of one server: asked again with less, later or shorter, until it is answered.

refused                                    asked again
a field that the refusal names             without it, from then on
nothing named, never answered before       without the least usual field
the conversation is too long               without its oldest turns, in later turns too
the model is being loaded                  every second
too many requests                          after the time it asks for, where that is short
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from voicecli.errors import EngineError
from voicecli.network.connection import BrokenOffError
from voicecli.network.sse import EventLines, parsed
from voicecli.reply.conversation.context import ContextRoom, without_oldest
from voicecli.reply.generate import TooManyRequests
from voicecli.reply.replytext import LARGER_CONTEXT, ReplyText
from voicecli.reply.server.abilities import Abilities
from voicecli.reply.server.complaint import is_loading, is_overflow, words_of
from voicecli.reply.server.streamed import TOKENS_PER_WORD_LIMIT, ServerRefusal, StreamedReply
from voicecli.reply.server.waits import LOAD_S, Refusal, Waits, wait_s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from voicecli.config import GenerateConfig
    from voicecli.messages import ChatMessage
    from voicecli.network.connection import Answer, Connection
    from voicecli.network.sse import Event, Json
    from voicecli.reply.generate import Notify

REST_S = 0.2
"""Longest wait for the end of a stream whose reply is complete, s. Only a response read to its end leaves the
connection open for the next turn."""

SILENCE_S = 2.0
"""Some servers give a reason for the end of a reply, and then neither [DONE] nor the end of the stream. The
stream counts as ended after so much silence, s, or five times the longest pause before it if that is more."""

_NOT_THE_REQUEST = (401, 402, 403, 404, 429)
_THE_REQUEST = (400, 413, 422)
"""HTTP statuses that do not blame the request, and those that do."""


class Asking:
    """Asks one server, and knows what it accepts. Used on one event loop."""

    def __init__(
        self, connection: Connection, config: GenerateConfig, *, is_local: bool, has_key: bool
    ) -> None:
        self._connection = connection
        self._config = config
        self._has_key = has_key
        self._abilities = Abilities(switch_thinking_off=is_local)
        self._room = ContextRoom()
        self.model = None if config.model == "auto" else config.model
        """None until the server has listed its models."""

    async def evaluate(self, messages: Sequence[ChatMessage], notify: Notify) -> None:
        """Let the server evaluate the messages; it makes one token, which is thrown away."""

        def nobody(_most: int | None) -> StreamedReply:
            return StreamedReply(ReplyText(lambda _piece: None, 1), lambda: False)

        patience_s = max(LOAD_S, self._config.timeout_s)
        await self._ask(messages, nobody, lambda: None, notify, max_tokens=1, patience_s=patience_s)

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        begin: Callable[[int | None], StreamedReply],
        flush: Callable[[], None],
        notify: Notify,
    ) -> None:
        """Ask until a reply that `begin` has made was read to its end; `flush` is called after each packet.

        `begin` is called for each try, with the number of events that the reply may have at most. Raises
        EngineError.
        """
        tokens = self._config.max_tokens
        await self._ask(messages, begin, flush, notify, max_tokens=tokens, patience_s=self._config.timeout_s)

    async def models(self) -> list[str]:
        """Names of the models the server has. Raises EngineError."""
        async with self._connection.ask("GET", "models") as answer:
            if answer.status in (401, 403):
                raise self._unauthorised()
            listed = parsed(await answer.text())
        entries = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(entries, list):
            return []
        return [
            name for entry in entries if isinstance(entry, dict) and isinstance(name := entry.get("id"), str)
        ]

    async def _ask(
        self,
        messages: Sequence[ChatMessage],
        begin: Callable[[int | None], StreamedReply],
        flush: Callable[[], None],
        notify: Notify,
        *,
        max_tokens: int,
        patience_s: float,
    ) -> None:
        if self.model is None:
            self.model = await self._first_model()
        messages, waits = self._room.fit(messages), Waits(self._connection.where, notify)
        while True:
            limit = None if self._abilities.limited else max_tokens * TOKENS_PER_WORD_LIMIT
            reply = begin(limit)
            body = self._abilities.body(self.model, messages, max_tokens, self._config.temperature)
            refusal = await self._try(body, reply, flush, patience_s)
            if refusal is None:
                if max_tokens > 1 and reply.overflowed and without_oldest(messages):
                    messages = self._room.refuse(messages)
                    continue
                if reply.broken is not None:
                    raise reply.broken
                self._abilities.accept()
                self._room.accept(messages)
                return
            if reply.text.pieces:
                raise self._broken(refusal, messages)
            if refusal.status in (429, 503) and not is_loading(refusal.status, refusal.body):
                notify(TooManyRequests())
            if not await waits.wait(refusal):
                messages = self._next(refusal, messages)
                if not messages:
                    raise await self._error(refusal)

    def _next(self, refusal: Refusal, messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
        """The messages to ask with next; empty where nothing is left to try."""
        shorter: Sequence[ChatMessage] = ()
        overflow = is_overflow(refusal.body)
        if refusal.status in _NOT_THE_REQUEST:
            return ()
        if overflow and (shorter := self._room.refuse(messages)):
            return shorter
        if self._abilities.learn(refusal.body):
            return messages
        if overflow or refusal.status not in _THE_REQUEST:
            return ()
        if self._abilities.guess(refusal.body):
            return messages
        # The fields were accepted before, or are not to blame: then the conversation has become too long.
        self._abilities.take_back_guesses()
        return self._room.refuse(messages)

    async def _try(
        self, body: Mapping[str, Json], reply: StreamedReply, flush: Callable[[], None], patience_s: float
    ) -> Refusal | None:
        """Ask once; None where a reply came."""
        async with self._connection.ask("POST", "chat/completions", body, patience_s) as answer:
            if not 200 <= answer.status < 300:
                return Refusal(answer.status, await answer.text(), wait_s(answer.headers))
            try:
                await self._read(answer, reply, flush)
            except ServerRefusal as refused:
                return Refusal(answer.status, refused.body, wait_s(answer.headers))
            return None

    async def _read(self, answer: Answer, reply: StreamedReply, flush: Callable[[], None]) -> None:
        lines, loop = EventLines(), asyncio.get_running_loop()
        last, longest, resting = loop.time(), 0.0, False
        try:
            async with asyncio.timeout(None) as rest:
                async for data in answer.chunks():
                    now = loop.time()
                    longest, last = max(longest, now - last) if reply.text.spoke else 0.0, now
                    if _take(lines.feed(data), reply, flush):
                        return
                    if not reply.done:
                        silence_s = max(SILENCE_S, 5 * longest)
                        rest.reschedule(now + silence_s if reply.credible else None)
                    elif not resting:
                        resting = True  # counted from [DONE]: comments that follow do not make it longer
                        rest.reschedule(now + REST_S)
        except TimeoutError:
            pass  # the stream has ended without saying so
        except BrokenOffError as error:
            if not (reply.done or reply.credible):
                if reply.answered:
                    raise
                reply.broken = error
                return
        if _take(lines.finish(), reply, flush):
            return
        self._check_end(answer, lines, reply)

    def _check_end(self, answer: Answer, lines: EventLines, reply: StreamedReply) -> None:
        """Raise EngineError where the stream ended in the middle of a reply."""
        where = self._connection.where
        streams = lines.framed or answer.kind == "text/event-stream"
        if not reply.answered and (lines.loose or not streams):
            kind = answer.kind or "something without a type"
            raise EngineError(
                f"{where} answers with {kind}, not with a stream{_quoted(lines.loose)}",
                "generate.base_url ends in /v1",
            )
        if lines.framed and reply.answered and not reply.finished and not reply.text.whole:
            raise EngineError(f"{where} broke off in the middle of the reply", "ask again")

    async def _first_model(self) -> str:
        for name in await self.models():
            if "embed" not in name.lower():
                return name
        raise EngineError(
            f"{self._connection.where} lists no language model",
            "load one there, or set generate.model to its name",
        )

    def _unauthorised(self) -> EngineError:
        return EngineError(
            f"{self._connection.where} {'refuses the key' if self._has_key else 'asks for a key'}",
            f"set the environment variable {self._config.api_key_env}",
        )

    def _broken(self, refusal: Refusal, messages: Sequence[ChatMessage]) -> EngineError:
        """The error for a failure after the first words."""
        overflow = is_overflow(refusal.body)
        if overflow:
            self._room.refuse(messages)
        return EngineError(
            f"the server failed in the middle of the reply{_quoted(refusal.body)}",
            LARGER_CONTEXT if overflow else "ask again",
        )

    async def _error(self, refusal: Refusal) -> EngineError:
        where, said = self._connection.where, _quoted(refusal.body)
        match refusal.status:
            case 401 | 403:
                return self._unauthorised()
            case 404:
                return await self._not_found(said)
            case 429:
                when = f"for {refusal.wait_s:.0f} s" if refusal.wait_s else "for now"
                return EngineError(
                    f"{where} takes no more requests {when}{said}", "wait, or look at your quota"
                )
            case status if is_overflow(refusal.body):
                number = f" {status}" if status >= 400 else ""
                return EngineError(f"{where} answers with error{number}{said}", LARGER_CONTEXT)
            case status if status < 400:
                return EngineError(f"{where} answers with an error{said}", "look at its log")
            case status:
                return EngineError(f"{where} answers with error {status}{said}", "look at its log")

    async def _not_found(self, said: str) -> EngineError:
        where, models = self._connection.where, await self.models()
        if models and self.model not in models:
            some = ", ".join(models[:5]) + (", ..." if len(models) > 5 else "")
            return EngineError(f"{where} has no model {self.model}", f"it has: {some}")
        return EngineError(
            f"{where} has no {'chat/completions' if models else 'model ' + (self.model or '')}{said}",
            "check generate.model and generate.base_url, which ends in /v1",
        )


def _take(events: Sequence[Event], reply: StreamedReply, flush: Callable[[], None]) -> bool:
    """Read the events of one packet; say whether to stop there."""
    try:
        return any(reply.take(event) for event in events)
    finally:
        flush()


def _quoted(body: str) -> str:
    words = words_of(body)
    return f": {words}" if words else ""
