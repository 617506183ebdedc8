"""One client: obeys its requests with a talk of its own, and tells it what happens there.

Everything in here runs on the asyncio loop, also what the talk's threads report (`sitting`). A session
outlives its connection (`line`): while there is none, the talk is silent, and what happens is kept.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from voicecli.errors import VoicecliError
from voicecli.events import as_object
from voicecli.serve.client.line import ClientLine
from voicecli.serve.client.sitting import Sitting
from voicecli.serve.client.steering import Steered
from voicecli.serve.client.way import Voiced
from voicecli.serve.wire import incoming as asks
from voicecli.serve.wire.extension import Extension, told_history
from voicecli.serve.wire.formats import encoded
from voicecli.serve.wire.framed import framed
from voicecli.serve.wire.incoming import BadRequest, error_event, fresh_sound, read
from voicecli.serve.wire.items import fresh, history
from voicecli.serve.wire.ledger import Ledger
from voicecli.serve.wire.settings import SessionSettings, Unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.events import Event
    from voicecli.serve.client.line import Socket
    from voicecli.serve.client.outbox import Message, Outbox
    from voicecli.serve.client.remote import RemoteStreams
    from voicecli.serve.wire.settings import Json
    from voicecli.talk import Talk

NO_WORDS = "Please begin."
"""What the model is told where a client asks for a response and nobody has said anything."""


class Talker:
    """A client's session, from the first `attach` until `close`."""

    def __init__(
        self,
        engines: Engines,
        config: Config,
        expires_at: int,
        resume_s: float,
        *,
        port: int = 0,
        alarm: Callable[[int], None],
        count: Callable[[Event], None],
    ) -> None:
        """`expires_at` is told to the client, a Unix time, s; so is `resume_s`. `port` is the process's own.

        `alarm`: as in `Outbox`. `count` is called with each event of the talk.
        """
        self._config = config
        self._count = count
        self._expires_at = expires_at
        self._resume_s = resume_s
        self.id = fresh("sess")
        self.token = f"{port}.{secrets.token_urlsafe(24)}"
        """Whoever knows it may take the lost session up. The port tells several processes apart."""
        self.wanted = SessionSettings()
        self.extension = Extension()
        self._extended = False  # the client has asked for something of it
        self.line = ClientLine(engines.clock, alarm)
        self.ledger = Ledger(lambda: self.wanted)
        self.failure: VoicecliError | None = None
        """Why the talk ended by itself."""
        self._sitting = Sitting(engines, config, self, self.line.takes_sound)
        self._steered = Steered(self._sitting, self.ledger, self._talking)
        self._one_by_one = asyncio.Lock()
        self._taking: set[asyncio.Task[None]] = set()
        self._other_history = False  # the client added items that the talk does not know
        self._lines: list[tuple[str, str]] = []  # id and text of items that wait for `response.create`
        self._place: Json = {}  # the newest event with sound, without the sound
        self._heard_ms: int | None = None  # what the client's microphone heard is here up to this time of its

    # ---- connections

    def attach(self, socket: Socket, after: str | None = None) -> Outbox:
        """Tell the client on this connection that the session is there; give what waits to be sent.

        `after`: id of the last event that it got on another one; None: this is the first.
        """
        if self.line.attached is not None:
            self.lose(self.line.attached)  # what it did not carry yet is sent again
        outbox = self.line.attach(socket)
        texts, missed = ([], False) if after is None else self.line.missed(after)
        back: Json = {"resumed": True, "missed": missed, "heard_ms": self._heard_ms}
        session = self._session({} if after is None else back)
        self.line.say_now({"type": "session.created", "session": session})
        self.line.repeat(texts)
        self._sitting.take_up()
        return outbox

    def lose(self, outbox: Outbox) -> None:
        """The connection of this outbox is lost: the talk is silent until the next `attach`."""
        if self.line.attached is outbox:
            self.line.detach()
            self._sitting.lose()

    def slow(self) -> str:
        """The network carries less than the agent's voice needs: have the talk tell so; give what is told."""
        return self._sitting.slow(binary=self.extension.binary)

    # ---- what the client asks

    async def take(self, message: Message) -> None:
        """Obey one message, also if the connection is lost meanwhile; tell the client where it is wrong."""
        taking = asyncio.create_task(self._take(message))
        self._taking.add(taking)
        taking.add_done_callback(self._taken)
        await asyncio.shield(taking)

    async def _take(self, message: Message) -> None:
        async with self._one_by_one:
            try:
                await self._obey(read(message, self.wanted.hears, binary=self.extension.binary))
            except BadRequest as bad:
                self.line.say([error_event(bad.code, str(bad), bad.event_id, bad.param)])

    def _taken(self, taking: asyncio.Task[None]) -> None:
        self._taking.discard(taking)
        if not taking.cancelled() and isinstance(raised := taking.exception(), VoicecliError):
            self.failure = self.failure or raised  # perhaps nobody waits for it any more

    async def close(self) -> None:
        """End the talk, also one that is only beginning."""
        for taking in list(self._taking):
            taking.cancel()
        await self._sitting.close()

    async def _obey(self, request: asks.Request) -> None:  # noqa: C901  # one line a request
        match request:
            case asks.Append():
                await self._hear(request)
            case asks.PlayedSoFar(played):
                self._sitting.played(played)
            case asks.Update(session, event_id):
                await self._update(session, event_id)
            case asks.Add(item):
                self._add(item.id, request)
            case asks.OfItem():
                self._of_item(request)
            case asks.Respond():
                await self._respond(request)
            case asks.Plain("clear"):
                self.line.say([{"type": "input_audio_buffer.cleared"}])
            case asks.Plain("commit"):
                await self._steered.commit(self.wanted, request.event_id)
            case asks.Plain():
                self._steered.cancel(request)
            case asks.Steer(does):
                self.line.say(await self._steered.steer(does, self.wanted))

    async def _hear(self, sound: asks.Append) -> None:
        talk, streams = await self._talking()
        self._steered.sound_comes(talk, self.wanted)
        samples, self._heard_ms = fresh_sound(sound, streams.microphone.rate_hz, self._heard_ms)
        streams.heard(samples, after_gap=sound.after_gap)

    async def _update(self, session: object, event_id: str) -> None:
        try:
            asked = session.get("voicecli") if isinstance(session, dict) else None
            extension = self.extension.merged(asked, between_turns=self._idle)
            wanted = self.wanted.merged(session, extension.rates)
            told = told_history(asked.get("history")) if isinstance(asked, dict) else []
        except Unfit as unfit:
            raise BadRequest("invalid_value", str(unfit), event_id, unfit.param) from unfit
        self.wanted, self.extension, self._extended = wanted, extension, self._extended or asked is not None
        for item in told:
            self.line.say(self.ledger.add(item))
        if told:
            self._learn()
        self._sitting.credit(extension.credit_ms / 1000 if wanted.aloud else 0.0)
        if self._idle:
            await self._talking()  # now, so that the model has read the instructions when the user speaks
        self.line.say([{"type": "session.updated", "session": self._session({})}])

    def _add(self, item_id: str, request: asks.Add) -> None:
        try:
            self.line.say(self.ledger.add(request.item))
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

    def _of_item(self, request: asks.OfItem) -> None:
        item = self.ledger.items.get(request.item_id)
        if item is None:
            if request.kind == "truncate":  # an interruption and its report cross: no error
                return
            raise BadRequest("item_not_found", "there is no such item", param="item_id")
        match request.kind:
            case "retrieve":
                self.line.say([{"type": "conversation.item.retrieved", "item": item.as_json()}])
            case "delete":
                self.line.say(self.ledger.delete(item.id))
                self._learn()
            case "truncate":  # what was heard is known here, from this side's clock or the client's reports
                place = {"item_id": item.id, "content_index": 0, "audio_end_ms": request.audio_end_ms}
                self.line.say([{"type": "conversation.item.truncated", **place}])

    async def _respond(self, request: asks.Respond) -> None:
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
        if self.extension.events:
            told: Json = {"type": "voicecli.event", "event": as_object(event)}
            self.line.say([told], provisional=event.name == "partial")

    def on_sound(self, voiced: Voiced) -> None:
        """Send a block of the agent's voice."""
        if voiced.losses != self._sitting.losses or self.line.attached is None:
            return  # it is sent again
        if not voiced.again:
            self._put(self.ledger.on_sound(voiced, fades=voiced.last))
        elif not self.ledger.silenced:
            messages = list(self.ledger.on_sound(voiced, fades=True))  # it begins no response
            self._put(messages or ([{**self._place, "delta": voiced}] if self._place else []))

    def on_clear(self, reply: int) -> None:
        """The client is to drop what it has of the replies up to this one."""
        self.line.forget_sound()
        self.line.say([{"type": "voicecli.clear", "reply": reply}])

    def on_failure(self, failure: VoicecliError) -> None:
        """The talk ended by itself."""
        self.failure, found = failure, f"{failure.found}; {failure.remedy}"
        self.line.say([error_event("server_error", found, kind="server_error")])

    # ---- out

    def _session(self, back: Json) -> Json:
        session = self.wanted.effective(self.id, self._config.synthesize.voice, self._expires_at)
        resume = {"token": self.token, "ttl_s": self._resume_s}
        return {
            **session,
            "voicecli": {**self.extension.as_json(self._sitting.rates_hz), "resume": resume, **back},
        }

    def _put(self, messages: Iterable[Json]) -> None:
        for message in messages:
            voiced = message.get("delta")
            if isinstance(voiced, Voiced):
                self._sound(message, voiced)
            else:
                self.line.say([message])

    def _sound(self, message: Json, voiced: Voiced) -> None:
        self._place = {key: value for key, value in message.items() if key != "delta"}
        if self.extension.binary:
            self.line.sound(framed(voiced.samples, voiced.start_ms, voiced.reply, fades=voiced.fades))
            return
        message = {**self._place, "delta": encoded(voiced.samples, self._sitting.speaks)}
        if self._extended:
            message["voicecli"] = {"reply": voiced.reply, "start_ms": voiced.start_ms, "fades": voiced.fades}
        self.line.say_now(message, is_sound=True)
