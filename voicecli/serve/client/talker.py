"""One client: obeys its requests with a talk of its own, and tells it what happens there.

Everything in here runs on the asyncio loop, also what the talk's threads report (`sitting`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from voicecli.serve.client.outbox import Outbox
from voicecli.serve.client.remote import INPUT_S
from voicecli.serve.client.sitting import Sitting
from voicecli.serve.wire.formats import encoded
from voicecli.serve.wire.incoming import Add, Append, BadRequest, OfItem, Plain, Respond, Update, read
from voicecli.serve.wire.items import fresh, history
from voicecli.serve.wire.ledger import Ledger
from voicecli.serve.wire.settings import SessionSettings, Unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.errors import VoicecliError
    from voicecli.events import Event
    from voicecli.messages import Int16
    from voicecli.serve.client.remote import RemoteStreams
    from voicecli.serve.wire.incoming import Request
    from voicecli.serve.wire.settings import Json
    from voicecli.talk import Talk

NO_WORDS = "Please begin."
"""What the model is told where a client asks for a response and nobody has said anything."""


class Socket(Protocol):
    """What a talker needs of a connection."""

    async def send(self, text: str) -> None:
        """Send a text; wait while too much waits to be sent. Raises ConnectionError."""
        ...

    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        ...


class Talker:
    """A client's session, from `run` until `close`."""

    def __init__(
        self,
        socket: Socket,
        engines: Engines,
        config: Config,
        expires_at: int,
        *,
        alarm: Callable[[int], None],
        count: Callable[[Event], None],
    ) -> None:
        """`expires_at` is told to the client, a Unix time, s. `alarm`: as in `Outbox`.

        `count` is called with each event of the talk.
        """
        self._config = config
        self._count = count
        self._expires_at = expires_at
        self.id = fresh("sess")
        self.wanted = SessionSettings()
        self.outbox = Outbox(socket.send, socket.unsent, engines.clock, alarm)
        self.ledger = Ledger(lambda: self.wanted)
        self.failure: VoicecliError | None = None
        """Why the talk ended by itself."""
        self._sitting = Sitting(engines, config, self, self.outbox.takes_sound)
        self._other_history = False  # the client added items that the talk does not know
        self._lines: list[tuple[str, str]] = []  # id and text of items that wait for `response.create`

    # ---- what the client asks

    def greet(self) -> None:
        """Tell the client that the session is there."""
        self._put([{"type": "session.created", "session": self._session()}])

    async def take(self, text: str) -> None:
        """Obey one message; tell the client where it is wrong."""
        try:
            await self._obey(read(text, self.wanted.hears))
        except BadRequest as bad:
            self._put([_error(bad.code, str(bad), bad.event_id, bad.param)])

    async def close(self) -> None:
        """End the talk, also one that is only beginning."""
        await self._sitting.close()

    async def _obey(self, request: Request) -> None:
        match request:
            case Append(samples):
                await self._hear(samples)
            case Update(session, event_id):
                await self._update(session, event_id)
            case Add(item):
                self._add(item.id, request)
            case OfItem():
                self._of_item(request)
            case Respond():
                await self._respond(request)
            case Plain():
                await self._do(request)

    async def _do(self, request: Plain) -> None:
        match request.kind:
            case "commit":
                await self._commit(request.event_id)
            case "clear":
                self._put([{"type": "input_audio_buffer.cleared"}])
            case "cancel" | "clear_output":
                if self.ledger.cancel():
                    self._sitting.press("interrupt")
                elif request.kind == "cancel":
                    found = "Cancellation failed: no active response"
                    raise BadRequest("response_cancel_not_active", found, request.event_id)

    async def _hear(self, samples: Int16) -> None:
        talk, streams = await self._talking()
        if self.wanted.detection == "none" and not talk.controls.open:
            talk.controls.talk(begins=True, ago_s=INPUT_S)  # it may come in less time than it took to say
        streams.heard(samples)

    async def _commit(self, event_id: str) -> None:
        if self.wanted.detection != "none":
            found = "the server decides when the user's turn is over"
            raise BadRequest("input_audio_buffer_commit_empty", found, event_id)
        talk, streams = await self._talking()
        streams.once_heard(lambda: talk.controls.talk(begins=False))

    async def _update(self, session: object, event_id: str) -> None:
        try:
            self.wanted = self.wanted.merged(session)
        except Unfit as unfit:
            raise BadRequest("invalid_value", str(unfit), event_id, unfit.param) from unfit
        if self._idle:
            await self._talking()  # now, so that the model has read the instructions when the user speaks
        self._put([{"type": "session.updated", "session": self._session()}])

    def _add(self, item_id: str, request: Add) -> None:
        try:
            self._put(self.ledger.add(request.item))
        except KeyError:
            found = f"there is an item {item_id} already"
            raise BadRequest("item_create_duplicate_item_id", found) from None
        if request.item.role == "user":
            self._lines.append((item_id, request.item.text))
        else:
            self._learn()

    def _learn(self) -> None:
        """The lines so far were history: the client goes on with a reply of its own to them."""
        self._lines.clear()
        self._other_history = True

    def _of_item(self, request: OfItem) -> None:
        item = self.ledger.items.get(request.item_id)
        if item is None:
            if request.kind == "truncate":  # an interruption and its report cross: no error
                return
            raise BadRequest("item_not_found", "there is no such item", param="item_id")
        match request.kind:
            case "retrieve":
                self._put([{"type": "conversation.item.retrieved", "item": item.as_json()}])
            case "delete":
                self._put(self.ledger.delete(item.id))
                self._learn()
            case "truncate":  # what was heard is known here, from this side's own clock
                self._put(
                    [
                        {
                            "type": "conversation.item.truncated",
                            "item_id": item.id,
                            "content_index": 0,
                            "audio_end_ms": request.audio_end_ms,
                        }
                    ]
                )

    async def _respond(self, request: Respond) -> None:
        """Answer the lines that the client added; speech is answered without being asked for."""
        lines, self._lines = self._lines, []
        if not lines and not request.instructions and not self._idle:
            return  # the turn that is under way is going to be answered
        talk, _ = await self._talking({item_id for item_id, _ in lines})
        for item_id, text in lines or [("", request.instructions or NO_WORDS)]:
            self.ledger.expect_typed(item_id, dict(request.metadata))
            talk.controls.say(text)

    async def _talking(self, waiting: Iterable[str] = ()) -> tuple[Talk, RemoteStreams]:
        """The talk, with the settings as they are; `waiting`: items that it has yet to be given."""
        stale = self._other_history or self._sitting.lacks(self.wanted)
        if stale and self._idle:
            await self._sitting.close()
            self._other_history = False
        told = [item.text for item in self.ledger.items.values() if item.role == "system"]
        instructions = "\n".join(filter(None, [self.wanted.instructions, *told]))
        return await self._sitting.need(self.wanted, instructions, history(self.ledger.items, set(waiting)))

    @property
    def _idle(self) -> bool:
        """Whether no turn is under way, or about to be."""
        return self._sitting.idle and not self.ledger.busy

    # ---- what the talk tells

    def on_event(self, event: Event) -> None:
        """Tell the client of an event of the talk."""
        self._count(event)
        self._put(self.ledger.on_event(event))

    def on_sound(self, block: Int16, *, fades: bool) -> None:
        """Send (n,) int16 of the agent's voice; `fades`: the end of what was dropped or put on hold."""
        self._put(self.ledger.on_sound(encoded(block, self._sitting.speaks), fades=fades))

    def on_failure(self, failure: VoicecliError) -> None:
        """The talk ended by itself."""
        self.failure = failure
        self._put([_error("server_error", f"{failure.found}; {failure.remedy}", kind="server_error")])

    # ---- out

    def _session(self) -> Json:
        return self.wanted.effective(self.id, self._config.synthesize.voice, self._expires_at)

    def _put(self, messages: Iterable[Json]) -> None:
        for message in messages:
            self.outbox.put(json.dumps({"event_id": fresh("event"), **message}))


def _error(
    code: str, message: str, event_id: str = "", param: str = "", kind: str = "invalid_request_error"
) -> Json:
    return {
        "type": "error",
        "error": {
            "type": kind,
            "code": code,
            "message": message,
            "param": param or None,
            "event_id": event_id or None,
        },
    }
