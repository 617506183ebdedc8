"""A question -> a reply of one server: asked again with less, later or shorter, until it is answered.

refused                                    asked again
a field that the refusal names             without it, from then on
nothing named, never answered before       without the least usual field
the conversation is too long               without its oldest turns, in later turns too
the model is being loaded                  every second
too many requests                          after the time it asks for, where that is short
a failure that may be over in a moment     twice, soon after, while no word has come
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from voicecli.errors import EngineError, ServerError
from voicecli.network.sse import parsed
from voicecli.network.trouble.complaint import is_overflow, quoted
from voicecli.network.trouble.patience import Patience
from voicecli.network.trouble.waits import LOAD_S, Refusal, Waits, again, wait_s
from voicecli.reply.conversation.context import ContextRoom, without_oldest
from voicecli.reply.replytext import LARGER_CONTEXT, ReplyText
from voicecli.reply.server.abilities import Abilities
from voicecli.reply.server.answer_stream import read
from voicecli.reply.server.streamed import TOKENS_PER_WORD_LIMIT, ServerRefusal, StreamedReply
from voicecli.reply.server.too_slow import patience_of, too_slow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from voicecli.config import GenerateConfig
    from voicecli.messages import ChatMessage
    from voicecli.network.connection import Connection
    from voicecli.network.sse import Event, Json
    from voicecli.network.trouble.waits import Sleep
    from voicecli.reply.generate import Notify

_NOT_THE_REQUEST = (401, 402, 403, 404, 429)
_THE_REQUEST = (400, 413, 422)
"""HTTP statuses that do not blame the request, and those that do."""


class Asking:
    """Asks one server, and knows what it accepts. Used on one event loop."""

    def __init__(
        self,
        connection: Connection,
        config: GenerateConfig,
        sleep: Sleep,
        *,
        is_local: bool,
        has_key: bool,
    ) -> None:
        """`sleep` waits before the server is asked again."""
        self._connection = connection
        self._sleep = sleep
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

        patience = Patience(LOAD_S, LOAD_S, LOAD_S)
        waits = Waits(self._connection.where, notify, self._sleep)
        await self._ask(messages, nobody, lambda: None, waits, patience, 1)

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        begin: Callable[[int | None], StreamedReply],
        flush: Callable[[], None],
        notify: Notify,
    ) -> None:
        """Ask until a reply that `begin` has made was read to its end; `flush` is called after each packet.

        `begin` is called for each try, with the number of events that the reply may have at most. Raises
        ServerError; EngineError for a conversation that is too long.
        """
        patience, waits = patience_of(self._config), Waits(self._connection.where, notify, self._sleep)
        newest: StreamedReply | None = None

        def begun(most_events: int | None) -> StreamedReply:
            nonlocal newest
            newest = begin(most_events)
            return newest

        def worth(error: ServerError) -> bool:
            return error.passes and not (newest is not None and newest.text.pieces)

        async for attempt in again(worth, self._sleep):
            with attempt:
                await self._ask(messages, begun, flush, waits, patience, self._config.max_tokens)

    async def models(self) -> list[str]:
        """Names of the models the server has. Raises ServerError."""
        patience = patience_of(self._config)
        try:
            async with (
                asyncio.timeout_at(patience.begin(asyncio.get_running_loop().time())),
                self._connection.ask("GET", "models") as answer,
            ):
                if answer.status in (401, 403):
                    raise self._unauthorised()
                listed = parsed(await answer.text())
        except TimeoutError:
            patience.end(asyncio.get_running_loop().time())
            raise too_slow(patience, self._connection.where, thought=False) from None
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
        waits: Waits,
        patience: Patience,
        max_tokens: int,
    ) -> None:
        if self.model is None:
            self.model = await self._first_model()
        messages = self._room.fit(messages)
        while True:
            reply = begin(max_tokens * TOKENS_PER_WORD_LIMIT)
            body = self._abilities.body(self.model, messages, max_tokens, self._config.temperature)
            refusal = await self._try(body, reply, flush, patience)
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
        self, body: Mapping[str, Json], reply: StreamedReply, flush: Callable[[], None], patience: Patience
    ) -> Refusal | None:
        """Ask once; None where a reply came."""
        now = asyncio.get_running_loop().time
        try:
            async with (
                asyncio.timeout_at(patience.begin(now())) as limit,
                self._connection.ask("POST", "chat/completions", body) as answer,
            ):
                if not 200 <= answer.status < 300:
                    return Refusal(answer.status, await answer.text(), wait_s(answer.headers))

                def take(events: Sequence[Event]) -> bool:
                    """Read the events of one packet; say whether to stop there."""
                    patience.end(now())
                    try:
                        return any(reply.take(event) for event in events)
                    finally:
                        flush()
                        limit.reschedule(patience.begin(now(), reply.progress))

                try:
                    await read(answer, reply, take, self._connection.where)
                except ServerRefusal as refused:
                    return Refusal(answer.status, refused.body, wait_s(answer.headers))
                return None
        except TimeoutError:
            patience.end(now())
            if reply.done or reply.credible:
                return None
            raise too_slow(patience, self._connection.where, thought=reply.text.thought) from None
        finally:
            patience.end(now())

    async def _first_model(self) -> str:
        for name in await self.models():
            if "embed" not in name.lower():
                return name
        raise ServerError(
            f"{self._connection.where} lists no language model",
            "load one there, or set generate.model to its name",
        )

    def _unauthorised(self) -> ServerError:
        return ServerError(
            f"{self._connection.where} {'refuses the key' if self._has_key else 'asks for a key'}",
            f"set the environment variable {self._config.api_key_env}",
        )

    def _broken(self, refusal: Refusal, messages: Sequence[ChatMessage]) -> EngineError:
        """The error for a failure after the first words."""
        overflow = is_overflow(refusal.body)
        if overflow:
            self._room.refuse(messages)
        found = f"the server failed in the middle of the reply{quoted(refusal.body)}"
        return EngineError(found, LARGER_CONTEXT) if overflow else ServerError(found, "ask again")

    async def _error(self, refusal: Refusal) -> EngineError:
        where, said = self._connection.where, quoted(refusal.body)
        match refusal.status:
            case 401 | 403:
                return self._unauthorised()
            case 404:
                return await self._not_found(said)
            case 429:
                when = f"for {refusal.wait_s:.0f} s" if refusal.wait_s else "for now"
                found = f"{where} takes no more requests {when}{said}"
                remedy = "wait, or look at your quota"
                return ServerError(found, remedy, passes=refusal.passes, wait_s=refusal.wait_s)
            case status if is_overflow(refusal.body):
                number = f" {status}" if status >= 400 else ""
                return EngineError(f"{where} answers with error{number}{said}", LARGER_CONTEXT)
            case status if status < 400:
                return ServerError(f"{where} answers with an error{said}", "look at its log")
            case status:
                found, passes = f"{where} answers with error {status}{said}", refusal.passes
                return ServerError(found, "look at its log", passes=passes, wait_s=refusal.wait_s)

    async def _not_found(self, said: str) -> ServerError:
        where, models = self._connection.where, await self.models()
        if models and self.model not in models:
            some = ", ".join(models[:5]) + (", ..." if len(models) > 5 else "")
            return ServerError(f"{where} has no model {self.model}", f"it has: {some}")
        return ServerError(
            f"{where} has no {'chat/completions' if models else 'model ' + (self.model or '')}{said}",
            "check generate.model and generate.base_url, which ends in /v1",
        )
