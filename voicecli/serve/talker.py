"""One client: obeys its requests with a talk of its own, and tells it what happens there.

    loop     reads requests, sends events; everything in here but what is said below
    watcher  a thread: takes the talk's events and errors, and hands them to the loop
    devices  a thread (`remote`): hands the agent's voice to the loop

The talk begins with the first sound or line, so that the settings it needs are known by then. Settings that a
talk cannot change begin another one, between two turns, which remembers what was said.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import TYPE_CHECKING, Protocol

from voicecli.errors import VoicecliError
from voicecli.events import Listening
from voicecli.serve.outbox import Outbox
from voicecli.serve.remote import INPUT_S, RemoteStreams
from voicecli.serve.wire.formats import RATES_HZ, encoded
from voicecli.serve.wire.incoming import Add, Append, BadRequest, OfItem, Plain, Respond, Update, read
from voicecli.serve.wire.ledger import Ledger, fresh
from voicecli.serve.wire.settings import Unfit, Wanted
from voicecli.talk import Talk
from voicecli.threads.channel import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.events import Event
    from voicecli.messages import Int16
    from voicecli.serve.wire.incoming import Request
    from voicecli.serve.wire.settings import Json
    from voicecli.system.clock import Clock
    from voicecli.threads.log import Reader

LOOK_S = 0.1
"""How often the watcher looks after a talk that tells nothing."""

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
        alarm: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`expires_at` is told to the client, a Unix time, s. `alarm`: as in `Outbox`."""
        self._engines = engines
        self._clock: Clock = engines.clock
        self._config = config
        self._expires_at = expires_at
        self._loop = asyncio.get_running_loop()
        self._began = self._clock.now()
        self.id = fresh("sess")
        self.wanted = Wanted()
        self.outbox = Outbox(socket.send, socket.unsent, self._clock, alarm)
        self.ledger = Ledger(lambda: self.wanted, config.synthesize.voice)
        self.failure: VoicecliError | None = None
        """Why the talk ended by itself."""
        self._talk: tuple[Talk, RemoteStreams] | None = None
        self._beginning: asyncio.Future[tuple[Talk, RemoteStreams]] | None = None
        self._of_talk = Wanted()  # the settings that the talk began with
        self._other_history = False  # the client added items that the talk does not know
        self._lines: list[tuple[str, str]] = []  # id and text of items that wait for `response.create`
        self._watcher: threading.Thread | None = None

    # ---- the loop

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
        if self._beginning is not None:
            with contextlib.suppress(VoicecliError):
                self._talk = await self._beginning
        await self._end_talk()

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
                if self.ledger.cancel() and self._talk is not None:
                    self._talk[0].controls.press("interrupt")
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

    # ---- the talk

    async def _talking(self, waiting: Iterable[str] = ()) -> tuple[Talk, RemoteStreams]:
        """The talk, with the settings as they are; `waiting`: items that it has yet to be given."""
        stale = self._other_history or _lasting(self.wanted) != _lasting(self._of_talk)
        if stale and self._idle:
            await self._end_talk()
        if self._talk is None:
            history = self._history(set(waiting))
            self._of_talk, self._other_history = self.wanted, False
            config = _configured(self._config, self.wanted, self._told_by_client())
            begin = asyncio.to_thread(self._begin, self.wanted, config, history)
            self._beginning = asyncio.ensure_future(begin)
            self._talk = await asyncio.shield(self._beginning)  # if the client vanishes, `close` ends it
            self._beginning = None
        return self._talk

    def _begin(
        self, wanted: Wanted, config: Config, history: list[tuple[str, str]]
    ) -> tuple[Talk, RemoteStreams]:
        """A thread of the loop's: start a talk. Raises EngineError."""
        rates_hz = RATES_HZ[wanted.hears], RATES_HZ[wanted.speaks]
        session = self._engines.session()

        def send(block: Int16, fades: bool) -> None:  # noqa: FBT001  # as the devices call
            self._hand(lambda: self._on_sound(block, fades=fades))

        streams = RemoteStreams(self._clock, rates_hz, send, self.outbox.takes_sound)
        talk = Talk(
            streams,
            session,
            config,
            self._clock,
            self._began,
            push_to_talk=wanted.detection == "none",
            history=history,
        )
        streams.follow(talk.crew.playback)
        reader = talk.events.reader("client")
        talk.start()
        self._watcher = threading.Thread(
            target=self._watch, args=(talk, streams, reader), name="watcher", daemon=True
        )
        self._watcher.start()
        return talk, streams

    @property
    def _idle(self) -> bool:
        """Whether no turn is under way, or about to be."""
        return self._talk is None or (self._talk[0].idle and not self.ledger.busy)

    async def _end_talk(self) -> None:
        talking, self._talk = self._talk, None
        if talking is not None:
            await asyncio.to_thread(talking[0].close)

    def _told_by_client(self) -> str:
        """The instructions and the items of the role `system`."""
        items = [item.text for item in self.ledger.items.values() if item.role == "system"]
        return "\n".join(filter(None, [self.wanted.instructions, *items]))

    def _history(self, waiting: set[str]) -> list[tuple[str, str]]:
        """What was said so far, turn after turn."""
        turns: list[tuple[str, str]] = []
        words: list[str] = []
        for item in self.ledger.items.values():
            if item.role == "user" and item.id not in waiting:
                words.append(item.text)
            elif item.role == "assistant" and item.text:
                turns.append((" ".join(words), item.text))
                words = []
        return turns

    # ---- the watcher

    def _watch(self, talk: Talk, streams: RemoteStreams, reader: Reader[Event]) -> None:
        while True:
            try:
                talk.check()
                event = reader.get(LOOK_S)
                if isinstance(event, Listening):
                    streams.listen()
                self._hand(lambda event=event: self._on_event(event))  # type: ignore[misc]
            except TimeoutError:
                continue
            except ChannelClosed:
                return
            except VoicecliError as failure:
                self._hand(lambda failure=failure: self._on_failure(failure))  # type: ignore[misc]
                return

    def _hand(self, call: Callable[[], None]) -> None:
        """From any thread: have the loop make a call; nothing where the loop has ended."""
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return

    # ---- the loop, called by threads

    def _on_event(self, event: Event) -> None:
        self._put(self.ledger.on_event(event))

    def _on_sound(self, block: Int16, *, fades: bool) -> None:
        self._put(self.ledger.on_sound(encoded(block, self._of_talk.speaks), fades=fades))

    def _on_failure(self, failure: VoicecliError) -> None:
        self.failure = failure
        self._put([_error("server_error", f"{failure.found}; {failure.remedy}", kind="server_error")])

    # ---- out

    def _session(self) -> Json:
        return self.wanted.effective(self.id, self._config.synthesize.voice, self._expires_at)

    def _put(self, messages: Iterable[Json]) -> None:
        for message in messages:
            self.outbox.put(json.dumps({"event_id": fresh("event"), **message}))


def _lasting(wanted: Wanted) -> tuple[object, ...]:
    """The settings that a talk keeps from its beginning."""
    held = wanted.detection == "none"
    return wanted.instructions, wanted.hears, wanted.speaks, wanted.style, held


def _configured(config: Config, wanted: Wanted, instructions: str) -> Config:
    """The settings of a talk for this client, which takes the echo out of its microphone itself."""
    audio = config.audio.model_copy(update={"headphones": True, "push_to_talk": wanted.detection == "none"})
    turn = (
        config.turn if wanted.eagerness == "auto" else config.turn.model_copy(update={"style": wanted.style})
    )
    conversation = config.conversation
    if instructions:
        conversation = conversation.model_copy(update={"system_prompt": instructions})
    return config.model_copy(update={"audio": audio, "turn": turn, "conversation": conversation})


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
