"""What the Wyoming server does for one connection: describes itself, writes down, speaks, answers.

    describe                               -> info
    transcribe, audio-start, audio-chunk ..., audio-stop -> transcript
    synthesize                             -> audio-start, audio-chunk ..., audio-stop
    transcript (of what a user said)       -> handled
    ping                                   -> pong

Other events are passed over. Each service computes one request at a time; others wait.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from voicecli.audio.recordings.wav import head
from voicecli.models.choice import recogniser_name, voice_name
from voicecli.network.wyoming.wyoming_events import NoEventError, SoundForm, WyomingEvent
from voicecli.reply.conversation.language_names import known_codes
from voicecli.serve.single_requests import RATE_OUT_HZ, answered, spoken, transcribed
from voicecli.speak.voice import besides
from voicecli.threads.lane import Place
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.network.sse import Json

    Send: TypeAlias = Callable[[WyomingEvent], Awaitable[None]]
    """Sends an event; waits while the client does not read."""

MOST_SOUND_S = 60.0
"""Most sound of one request, s: Home Assistant stops listening after 15 s of speech."""
MOST_RATE_HZ = 48_000
MOST_TEXT = 4096
"""Longest text to be spoken or answered, characters, as of the REST endpoints."""

SENT_FORM = SoundForm(RATE_OUT_HZ, 1)

WYOMING_SOUND = Buffer(
    "wyoming sound",
    "s",
    MOST_SOUND_S,
    "drop_newest",
    "what one connection sends to be written down, until it says that this is all; more is told as an error, "
    "and the connection closed",
)


class RefusedEventError(Exception):
    """The client asks for what is not served; the message says what, and may be shown to it."""


class Services:
    """The engines, and one request at a time for each of the three."""

    def __init__(self, engines: Engines, config: Config) -> None:
        self.engines = engines
        self.config = config
        self.hearing, self.speaking, self.answering = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self.info = WyomingEvent("info", _described(engines, config))


class WyomingDesk:
    """One connection's requests."""

    def __init__(self, services: Services, send: Send) -> None:
        self._services = services
        self._send = send
        self._form: SoundForm | None = None
        self._sound = bytearray()
        self.gone = threading.Event()
        """The client has left: an answer under way ends."""

    @property
    def sound_s(self) -> float:
        """Sound that waits for the end of its request, s."""
        return 0.0 if self._form is None else len(self._sound) / self._form.bytes_a_second

    async def take(self, event: WyomingEvent) -> None:
        """Do what an event asks for.

        Raises RefusedEventError for what is not served, VoicecliError where an engine fails, and what `send`
        raises.
        """
        match event.kind:
            case "describe":
                await self._send(self._services.info)
            case "ping":
                await self._send(WyomingEvent("pong", event.data))
            case "audio-start":
                self._sound.clear()
                self._form = _form_of(event)
            case "audio-chunk":
                self._listen(event)
            case "audio-stop":
                await self._transcribe()
            case "synthesize":
                await self._speak(_text_of(event))
            case "transcript":
                await self._answer(_text_of(event))
            case _:
                pass

    def _listen(self, event: WyomingEvent) -> None:
        form = _form_of(event)
        if self._form not in (None, form):
            raise RefusedEventError("the form of the sound changes in the middle")
        self._form = form
        self._sound += event.payload
        if self.sound_s > WYOMING_SOUND.capacity:
            raise RefusedEventError(f"more than {MOST_SOUND_S:.0f} s of sound in one request")

    async def _transcribe(self) -> None:
        form, sound = self._form or SENT_FORM, bytes(self._sound)
        self._form = None
        self._sound.clear()
        async with self._services.hearing:
            text, language = await asyncio.to_thread(self._words, form, sound)
        data: dict[str, Json] = {"text": text}
        if language:
            data["language"] = language
        await self._send(WyomingEvent("transcript", data))

    def _words(self, form: SoundForm, sound: bytes) -> tuple[str, str]:
        """On a thread: the words of some sound, and their language."""
        frame = 2 * form.channels
        sound = sound[: len(sound) // frame * frame]
        if not sound:
            return "", ""
        with tempfile.TemporaryDirectory(prefix="voicecli-") as folder:  # made for its owner alone
            path = Path(folder) / "speech.wav"
            path.write_bytes(head(form.rate_hz, form.channels, len(sound)) + sound)
            found = transcribed(self._services.engines, path)
        return found.text, found.language

    async def _speak(self, text: str) -> None:
        engines = self._services.engines
        async with self._services.speaking:
            seat = await asyncio.to_thread(engines.voice.seat)
            pieces = spoken(seat.it, Place(engines.lane, engines.clock), text)
            try:
                first = await asyncio.to_thread(next, pieces, b"")  # before audio-start, so a failure is told
                await self._send(WyomingEvent("audio-start", SENT_FORM.data))
                while first:
                    await self._send(WyomingEvent("audio-chunk", SENT_FORM.data, first))
                    first = await asyncio.to_thread(next, pieces, b"")
                await self._send(WyomingEvent("audio-stop"))
            finally:
                seat.leave()

    async def _answer(self, text: str) -> None:
        async with self._services.answering:
            reply = await asyncio.to_thread(self._reply, text)
        await self._send(WyomingEvent("handled", {"text": reply}))

    def _reply(self, text: str) -> str:
        """On a thread: what the language model answers."""
        session = self._services.engines.session()
        try:
            return answered(session, self._services.config.conversation, text, self.gone.is_set)
        finally:
            session.close()


def _form_of(event: WyomingEvent) -> SoundForm:
    try:
        form = SoundForm.of(event)
    except NoEventError as error:
        raise RefusedEventError(str(error)) from None
    if form.rate_hz > MOST_RATE_HZ:
        raise RefusedEventError(f"sound of more than {MOST_RATE_HZ} Hz")
    return form


def _text_of(event: WyomingEvent) -> str:
    text = event.data.get("text")
    if not isinstance(text, str) or not text.strip():
        raise RefusedEventError("there is no text")
    if len(text) > MOST_TEXT:
        raise RefusedEventError(f"a text of more than {MOST_TEXT} characters")
    return text


def _described(engines: Engines, config: Config) -> dict[str, Json]:
    """The data of `info`: what is served, in the words that Home Assistant shows."""
    hears, voice = engines.recogniser.seat(), engines.voice.seat()
    listens: list[Json] = [*sorted(hears.it.languages or known_codes())]
    speaks: list[Json] = [voice.it.language, *besides(voice.it)]
    heard = _part(recogniser_name(config.transcribe), "Speech to text", languages=listens)
    said = _part(voice_name(config.synthesize), "A voice", languages=speaks, speakers=None)
    answers = _part("conversation", "A language model, which remembers nothing", languages=[])
    hears.leave()
    voice.leave()
    no_streams: dict[str, Json] = {"supports_home_control": False, "supports_handled_streaming": False}
    return {
        "asr": [_part("voicecli", "Speech to text", models=[heard], supports_transcript_streaming=False)],
        "tts": [_part("voicecli", "Text to speech", voices=[said], supports_synthesize_streaming=False)],
        "handle": [_part("voicecli", "Conversation", models=[answers], **no_streams)],
        **{kind: [] for kind in ("intent", "wake", "mic", "snd")},
    }


def _part(name: str, description: str, **more: Json) -> dict[str, Json]:
    """A program, a model or a voice, with what each of them must tell."""
    by: dict[str, Json] = {"name": "voicecli", "url": ""}
    about: dict[str, Json] = {"name": name, "description": description, "version": version("voicecli")}
    return {**about, "attribution": by, "installed": True, **more}
