"""The talk of one client: begun when it is needed, and again when settings change that a talk keeps.

    loop     asks for the talk, and ends it
    watcher  a thread: takes the talk's events and errors, and hands them to the loop
    devices  a thread (`remote`): hands the agent's voice to the loop

The talk begins with the first sound or line, so that the settings it needs are known by then. Another one,
which remembers what was said, takes its place between two turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Protocol

from voicecli.errors import VoicecliError
from voicecli.events import Listening
from voicecli.serve.client.remote import RemoteStreams
from voicecli.serve.client.way import OVERDUE_S, OnItsWay
from voicecli.serve.wire.formats import RATES_HZ, too_slow
from voicecli.serve.wire.settings import SessionSettings
from voicecli.talk import Talk
from voicecli.threads.channel import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.events import Event
    from voicecli.serve.client.way import Voiced
    from voicecli.serve.wire.extension import Played
    from voicecli.serve.wire.formats import Encoding
    from voicecli.threads.log import Reader

LOOK_S = 0.1
"""How often the watcher looks after a talk that tells nothing."""


class Told(Protocol):
    """The object that is told what happens in the talk, on the loop."""

    def on_event(self, event: Event) -> None:
        """The talk has an event."""
        ...

    def on_sound(self, voiced: Voiced) -> None:
        """The agent's voice."""
        ...

    def on_clear(self, reply: int) -> None:
        """The client is to drop what it has of the replies up to this number."""
        ...

    def on_failure(self, failure: VoicecliError) -> None:
        """The talk ended by itself."""
        ...


class Sitting:
    """One talk at a time. Its methods belong to the loop."""

    def __init__(self, engines: Engines, config: Config, told: Told, takes_sound: Callable[[], bool]) -> None:
        """`takes_sound` says, on any thread, whether the client may be sent sound."""
        self._engines = engines
        self._config = config
        self._told = told
        self._takes_sound = takes_sound
        self._loop = asyncio.get_running_loop()
        self._began = engines.clock.now()
        self._wanted = SessionSettings()  # the settings that the talk began with
        self._talking: tuple[Talk, RemoteStreams] | None = None
        self._beginning: asyncio.Future[tuple[Talk, RemoteStreams]] | None = None
        self._credit_s = 0.0
        self._replies = 0  # that were sent by talks before this one
        self._away = False  # the connection is lost

    @property
    def idle(self) -> bool:
        """Whether no turn is under way."""
        return self._talking is None or self._talking[0].idle

    @property
    def speaks(self) -> Encoding:
        """How the client gets the talk's sound."""
        return self._wanted.speaks

    @property
    def rates_hz(self) -> tuple[int, int]:
        """Of the client's microphone and loudspeaker; before the first talk those of the formats."""
        if self._talking is None:
            return RATES_HZ[self._wanted.hears], RATES_HZ[self._wanted.speaks]
        streams = self._talking[1]
        return streams.microphone.rate_hz, streams.loudspeaker.rate_hz

    @property
    def losses(self) -> int:
        """How often the connection was lost while this talk went on."""
        return 0 if self._talking is None else self._talking[1].losses

    def lacks(self, wanted: SessionSettings) -> bool:
        """Whether the talk began with other settings than these."""
        return _lasting(wanted) != _lasting(self._wanted)

    def press(self, key: str) -> None:
        """Press a key of the talk, if there is one."""
        if self._talking is not None:
            self._talking[0].controls.press(key)

    def credit(self, credit_s: float) -> None:
        """How far beyond what it has played the client may be sent, s; 0: it reports nothing."""
        self._credit_s = credit_s
        if self._talking is not None:
            self._talking[1].way.credit_s = credit_s

    def played(self, played: Played) -> None:
        """The client reports how far it has played."""
        if self._talking is not None:
            self._talking[1].way.told(played)

    def lose(self) -> None:
        """The connection is lost: the talk is silent until `take_up`."""
        self._away = True
        if self._talking is not None:
            self._talking[1].lose()

    def take_up(self) -> None:
        """There is a connection again."""
        self._away = False
        if self._talking is not None:
            self._talking[1].take_up()

    def slow(self, *, binary: bool) -> str:
        """Have the talk tell that the network is too slow for the agent's voice; give what it tells."""
        found, remedy = too_slow(self.speaks, binary=binary)
        if self._talking is not None:
            with contextlib.suppress(ChannelClosed):
                self._talking[0].warn(found, remedy)
        return found

    async def need(
        self, wanted: SessionSettings, instructions: str, history: list[tuple[str, str]]
    ) -> tuple[Talk, RemoteStreams]:
        """Give the talk; begin one with these if there is none. Raises EngineError."""
        if self._talking is None:
            self._wanted = wanted
            begin = asyncio.to_thread(self._begin, wanted, instructions, history)
            self._beginning = asyncio.ensure_future(begin)
            self._talking = await asyncio.shield(self._beginning)  # if the client vanishes, `close` ends it
            self._beginning = None
            self._talking[1].way.credit_s = self._credit_s
            if self._away:
                self._talking[1].lose()
        return self._talking

    async def close(self) -> None:
        """End the talk, also one that is only beginning."""
        if self._beginning is not None:
            with contextlib.suppress(VoicecliError):
                self._talking = await self._beginning
            self._beginning = None
        talking, self._talking = self._talking, None
        if talking is not None:
            await asyncio.to_thread(talking[0].close)
            self._replies = talking[1].way.reply

    def _begin(
        self, wanted: SessionSettings, instructions: str, history: list[tuple[str, str]]
    ) -> tuple[Talk, RemoteStreams]:
        """A thread of the loop's: start a talk. Raises EngineError."""
        clock, session = self._engines.clock, self._engines.session()
        rates_hz = wanted.rates.in_effect(wanted.hears, wanted.speaks, session.voice.it.rate_hz)
        config, held = _configured(self._config, wanted, instructions), wanted.detection == "none"

        def send(voiced: Voiced) -> None:
            self._hand(lambda: self._told.on_sound(voiced))

        def clear(reply: int) -> None:
            self._hand(lambda: self._told.on_clear(reply))

        way = OnItsWay(rates_hz[1], self._credit_s, self._replies)
        streams = RemoteStreams(clock, rates_hz, send, self._takes_sound, clear, way)
        talk = Talk(streams, session, config, clock, self._began, push_to_talk=held, history=history)

        def overdue() -> None:
            found = f"the client has not reported for {OVERDUE_S:g} s how far it has played"
            with contextlib.suppress(ChannelClosed):
                talk.warn(found, "it is taken to have played all that was sent")

        streams.follow(talk.crew.playback, overdue)
        reader = talk.events.reader("client")
        talk.start()
        watching = threading.Thread(target=self._watch, args=(talk, streams, reader), daemon=True)
        watching.name = "watcher"
        watching.start()
        return talk, streams

    def _watch(self, talk: Talk, streams: RemoteStreams, reader: Reader[Event]) -> None:
        while True:
            try:
                talk.check()
                event = reader.get(LOOK_S)
                if isinstance(event, Listening):
                    streams.listen()
                self._hand(lambda event=event: self._told.on_event(event))  # type: ignore[misc]
            except TimeoutError:
                continue
            except ChannelClosed:
                return
            except VoicecliError as failure:
                self._hand(lambda failure=failure: self._told.on_failure(failure))  # type: ignore[misc]
                return

    def _hand(self, call: Callable[[], None]) -> None:
        """From any thread: have the loop make a call; nothing where the loop has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)


def _lasting(wanted: SessionSettings) -> tuple[object, ...]:
    """The settings that a talk keeps from its beginning."""
    held = wanted.detection == "none"
    return wanted.instructions, wanted.hears, wanted.speaks, wanted.rates, wanted.style, held


def _configured(config: Config, wanted: SessionSettings, instructions: str) -> Config:
    """The settings of a talk for this client, which takes the echo out of its microphone itself."""
    audio = config.audio.model_copy(update={"headphones": True, "push_to_talk": wanted.detection == "none"})
    turn = (
        config.turn if wanted.eagerness == "auto" else config.turn.model_copy(update={"style": wanted.style})
    )
    conversation = config.conversation
    if instructions:
        conversation = conversation.model_copy(update={"system_prompt": instructions})
    return config.model_copy(update={"audio": audio, "turn": turn, "conversation": conversation})
