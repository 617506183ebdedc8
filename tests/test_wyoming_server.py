"""`voicecli serve --wyoming` with real sockets and simple engines: what a client sends and gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.engine_fakes import Asked, Recogniser
from tests.seats import seat, seated
from tests.sound_server import hum
from tests.test_talking import Answers, Beeper, Judge, LoudIsSpeech
from voicecli.cli import app
from voicecli.config import Config
from voicecli.errors import ConfigError, EngineError
from voicecli.messages import Transcript
from voicecli.network.wyoming.wyoming_events import MOST_LINE, WyomingEvent, read_event, to_bytes
from voicecli.serve.single_requests import RATE_OUT_HZ
from voicecli.serve.wyoming.wyoming_listener import MOST_CONNECTIONS, Reach, WyomingListener
from voicecli.serve.wyoming.wyoming_services import MOST_SOUND_S, MOST_TEXT
from voicecli.system.clock import MonotonicClock
from voicecli.threads.lane import Lane

if TYPE_CHECKING:
    from voicecli.engines import Engines, Session
    from voicecli.messages import Float32, Float32Frame, ScoredFrame
    from voicecli.network.sse import Json

HEARD_HZ = 16_000
WAIT_S = 20.0
FORM: dict[str, Json] = {"rate": HEARD_HZ, "width": 2, "channels": 1}
LOOPBACK = Reach("127.0.0.1", 0)


class Shared:
    """As `SharedModel`, with a simple engine."""

    def __init__(self, engine: object) -> None:
        self._engine = engine

    def seat(self) -> object:
        return seat(self._engine)


class Hears(LoudIsSpeech):
    """A detector that can begin anew."""

    def begin(self, _room_dbfs: float) -> None:
        """Nothing is remembered."""

    def score(self, frame: Float32Frame, quiet_dbfs: float = -100.0) -> ScoredFrame:
        return super().score(frame, quiet_dbfs)


class Listens(Recogniser):
    """Hears the lines of a script, one after the other."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = list(lines)

    def hear(self, samples: Float32, asked: Asked) -> Transcript:
        assert samples.size > 0.9 * HEARD_HZ
        return Transcript(self._lines.pop(0), "en", 1.0, 1.0)


class Workshop:
    """As `Engines`, with simple ones."""

    def __init__(self, lines: list[str], replies: list[str | Exception]) -> None:
        self.clock = MonotonicClock()
        self.lane = Lane(2, self.clock)
        self.scribe, self.model = Listens(lines), Answers(list(replies))
        self.detector, self.recogniser = Shared(Hears()), Shared(self.scribe)
        self.voice = Shared(Beeper())

    def session(self) -> Session:
        return seated(LoudIsSpeech(), Judge(), self.scribe, self.model, Beeper(), self.clock)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def send(self, kind: str, data: dict[str, Json] | None = None, payload: bytes = b"") -> None:
        self.writer.write(to_bytes(WyomingEvent(kind, data or {}, payload)))
        await self.writer.drain()

    async def next(self) -> WyomingEvent | None:
        return await asyncio.wait_for(read_event(self._reader), WAIT_S)

    async def until(self, kind: str) -> list[WyomingEvent]:
        """All events up to the next of a kind."""
        found: list[WyomingEvent] = []
        while (event := await self.next()) is not None:
            found.append(event)
            if event.kind == kind:
                return found
        raise AssertionError(f"closed before {kind}; came: {found}")

    async def refused(self) -> str:
        """Why the connection ended."""
        (told,) = await self.until("error")
        assert await self.next() is None, "closed"
        return str(told.data["text"])

    async def speak(self, seconds: float, rate_hz: int = HEARD_HZ) -> None:
        form: dict[str, Json] = {**FORM, "rate": rate_hz}
        sound = np.concatenate((hum(seconds, rate_hz), np.zeros(rate_hz // 2, "<i2"))).astype("<i2").tobytes()
        await self.send("transcribe", {"language": "en"})
        await self.send("audio-start", form)
        for at in range(0, len(sound), 2048):
            await self.send("audio-chunk", form, sound[at : at + 2048])
        await self.send("audio-stop")


Body = Callable[["House"], Awaitable[None]]


class House:
    """A server, and how to call it."""

    def __init__(self, port: int, told: list[str]) -> None:
        self.port, self.told = port, told
        self.writers: list[asyncio.StreamWriter] = []

    async def client(self) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=MOST_LINE)
        self.writers.append(writer)
        return Client(reader, writer)


def serving(body: Body, workshop: Workshop | None = None, idle_s: float = 30.0) -> list[str]:
    """Run a server and a client of it; what the person at its terminal was told."""
    told: list[str] = []

    async def run() -> None:
        engines: Engines = workshop or Workshop(["what is it"], ["It is *this*."])  # type: ignore[assignment]
        listener = WyomingListener(engines, Config(), told.append, idle_s=idle_s)
        async with listener.listening(LOOPBACK) as port:
            house = House(port, told)
            try:
                await body(house)
            finally:
                for writer in house.writers:
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()

    asyncio.run(run())
    return told


def test_it_says_what_it_does() -> None:
    async def body(house: House) -> None:
        client = await house.client()
        await client.send("describe")
        (info,) = await client.until("info")
        told = json.loads(json.dumps(dict(info.data)))
        for kind, parts in (("asr", "models"), ("tts", "voices"), ("handle", "models")):
            (program,) = told[kind]
            assert program["installed"] is True
            (part,) = program[parts]
            for thing in (program, part):
                assert set(thing) >= {"name", "attribution", "installed", "description", "version"}
        await client.send("ping", {"text": "x"})
        (pong,) = await client.until("pong")
        assert pong.data == {"text": "x"}

    serving(body)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_speech_is_written_down_again_and_again_on_one_connection(rate_hz: int) -> None:
    async def body(house: House) -> None:
        client = await house.client()
        for line in ("what is it", "and this"):
            await client.speak(1.0, rate_hz)
            (words,) = await client.until("transcript")
            assert words.data["text"] == line
            assert words.data["language"] == "en"

    serving(body, Workshop(["what is it", "and this"], []))


def test_nothing_is_no_words() -> None:
    async def body(house: House) -> None:
        client = await house.client()
        await client.send("audio-start", FORM)
        await client.send("audio-stop")
        (words,) = await client.until("transcript")
        assert words.data == {"text": ""}

    serving(body)


def test_a_text_becomes_sound() -> None:
    async def body(house: House) -> None:
        client = await house.client()
        await client.send("synthesize", {"text": "One two three. Four five."})
        start, *chunks, _ = await client.until("audio-stop")
        assert start.kind == "audio-start"
        form = {"rate": RATE_OUT_HZ, "width": 2, "channels": 1}
        assert all((chunk.kind, chunk.data) == ("audio-chunk", form) for chunk in chunks)
        assert sum(len(chunk.payload) for chunk in chunks) > RATE_OUT_HZ // 4

    serving(body)


def test_a_question_is_answered_in_words_that_can_be_said() -> None:
    async def body(house: House) -> None:
        client = await house.client()
        await client.send("transcript", {"text": "What is it?", "language": "en"})
        (answer,) = await client.until("handled")
        assert answer.data["text"] == "It is this."

    serving(body)


def test_several_connections_at_once_do_not_mix() -> None:
    async def body(house: House) -> None:
        clients = [await house.client() for _ in range(6)]
        await asyncio.gather(*(client.send("synthesize", {"text": "One two."}) for client in clients[:3]))
        await asyncio.gather(*(client.send("transcript", {"text": "What?"}) for client in clients[3:]))
        found = await asyncio.gather(
            *(client.until("audio-stop") for client in clients[:3]),
            *(client.until("handled") for client in clients[3:]),
        )
        sounds = [b"".join(event.payload for event in events) for events in found[:3]]
        assert len(sounds[0]) > 0
        assert sounds[0] == sounds[1] == sounds[2]
        assert [events[-1].data["text"] for events in found[3:]] == ["It is this."] * 3

    serving(body, Workshop([], ["It is this."] * 3))


def test_who_finds_no_room_is_told() -> None:
    async def body(house: House) -> None:
        clients = [await house.client() for _ in range(MOST_CONNECTIONS)]
        for client in clients:
            await client.send("ping")
            await client.until("pong")
        assert "in use" in await (await house.client()).refused()
        clients[0].writer.close()
        await clients[1].send("ping")
        await clients[1].until("pong")
        late = await house.client()
        await late.send("ping")
        assert await late.next()

    serving(body)


@pytest.mark.parametrize(
    ("kind", "data", "payload", "why"),
    [
        ("synthesize", {}, b"", "no text"),
        ("synthesize", {"text": "x" * (MOST_TEXT + 1)}, b"", "more than 4096"),
        ("transcript", {"text": 7}, b"", "no text"),
        ("audio-start", {"rate": "fast"}, b"", "usable rate"),
        ("audio-chunk", {**FORM, "width": 4}, bytes(8), "16 bits"),
        ("audio-chunk", {**FORM, "rate": 96_000}, bytes(8), "48000 Hz"),
    ],
)
def test_what_is_not_served_is_told_and_the_connection_closed(
    kind: str, data: dict[str, Json], payload: bytes, why: str
) -> None:
    async def body(house: House) -> None:
        client = await house.client()
        await client.send(kind, data, payload)
        assert why in await client.refused()

    assert serving(body) == []


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"x" * (MOST_LINE + 100) + b"\n",
        json.dumps({"type": "audio-chunk", "payload_length": 1 << 40}).encode() + b"\n",
    ],
    ids=["HTTP", "no line", "a terabyte"],
)
def test_what_is_no_event_is_told_and_the_connection_closed(data: bytes) -> None:
    async def body(house: House) -> None:
        client = await house.client()
        client.writer.write(data)
        assert "this is" in await client.refused()

    assert serving(body) == []


def test_sound_without_an_end_is_refused_when_it_is_too_long() -> None:
    async def body(house: House) -> None:
        client = await house.client()
        second = bytes(2 * HEARD_HZ)
        for _ in range(round(MOST_SOUND_S) + 1):
            await client.send("audio-chunk", FORM, second)
        assert f"more than {MOST_SOUND_S:.0f} s" in await client.refused()

    serving(body)


def test_a_client_that_is_silent_is_closed() -> None:
    async def body(house: House) -> None:
        client = await house.client()
        assert await client.next() is None

    serving(body, idle_s=0.2)


def test_an_engine_that_fails_is_told_without_what_was_said() -> None:
    async def body(house: House) -> None:
        client = await house.client()
        await client.send("transcript", {"text": "my secret"})
        assert "no luck" in await client.refused()
        again = await house.client()
        await again.send("transcript", {"text": "what"})
        (answer,) = await again.until("handled")
        assert answer.data["text"] == "Well."

    told = serving(body, Workshop([], [EngineError("no luck", "ask again"), "Well."]))
    assert told == ["Wyoming: no luck; ask again"]


def test_a_client_that_leaves_in_the_middle_harms_nobody() -> None:
    async def body(house: House) -> None:
        for _ in range(3):
            client = await house.client()
            await client.send("synthesize", {"text": "One two three. " * 100})
            await client.next()
            client.writer.transport.abort()
        last = await house.client()
        await last.send("ping")
        await last.until("pong")

    assert serving(body) == []


# --- who may connect


def test_beyond_this_computer_only_where_the_user_says_so() -> None:
    with pytest.raises(ConfigError, match="--wyoming-unprotected"):
        Reach("0.0.0.0", 10300).check()
    Reach("0.0.0.0", 10300, unprotected=True).check()
    for host in ("127.0.0.1", "::1", "localhost"):
        Reach(host, 10300).check()


@pytest.mark.parametrize(
    "flags",
    [
        ["--wyoming", "0", "--wyoming-host", "0.0.0.0"],
        ["--wyoming-unprotected"],
        ["--wyoming-host", "192.0.2.1"],
        ["--wyoming-announce"],
        ["--wyoming", "0", "--workers", "2"],
    ],
)
def test_flags_that_do_not_go_together_are_told_before_any_model_is_loaded(flags: list[str]) -> None:
    done = CliRunner().invoke(app, ["serve", *flags])
    assert isinstance(done.exception, ConfigError)
    assert "--wyoming" in str(done.exception)


def test_a_port_that_is_taken_is_told() -> None:
    async def body(house: House) -> None:
        other = WyomingListener(Workshop([], []), Config(), print)  # type: ignore[arg-type]  # duck-typed
        with pytest.raises(ConfigError, match="cannot be had"):
            async with other.listening(Reach("127.0.0.1", house.port)):
                pass

    serving(body)
