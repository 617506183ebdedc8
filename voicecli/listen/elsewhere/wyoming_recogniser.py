"""16 kHz speech -> words: a Wyoming server, such as wyoming-faster-whisper."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from voicecli.audio.level import raised, to_int16
from voicecli.errors import ServerError
from voicecli.listen.elsewhere.guarded_recogniser import one_or_any
from voicecli.listen.recognise.recogniser_command import DEFAULT_LANGUAGE, MOST_TEXT, words_in
from voicecli.messages import RATE_HZ, Transcript
from voicecli.network.wyoming.wyoming_call import WyomingServer
from voicecli.network.wyoming.wyoming_events import SoundForm, WyomingEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32
    from voicecli.network.asked_server import AskedServer
    from voicecli.network.sse import Json
    from voicecli.network.trouble.waits import Sleep

CHUNK_S = 0.1
"""Sound of one event: about what satellites send."""

FORM = SoundForm(RATE_HZ, 1)


class WyomingHearing:
    """What one talk asks of the server. Nothing is sent before the first `warm` or `transcribe`."""

    def __init__(self, language: str, asked: AskedServer, sleep: Sleep = asyncio.sleep) -> None:
        """`language` is the one spoken; "auto" leaves it to the server.

        Raises ConfigError for an address that cannot be used.
        """
        self._language = language
        self.languages = one_or_any(language)
        self._asked = asked
        self._server = WyomingServer(asked, sleep)
        self.name = self._server.name
        self.is_local = self._server.is_local

    @property
    def language(self) -> str:
        """The language of words of which the server does not tell it."""
        return DEFAULT_LANGUAGE if self._language == "auto" else self._language

    def warm(self) -> None:
        """Ask what the server does. Raises ServerError where it cannot listen."""

        async def ask() -> None:
            if not (await self._server.described()).get("asr"):
                raise ServerError(f"{self._server.where} does not listen", "check transcribe.url")

        self._server.errands.run(ask())

    def close(self) -> None:
        """End the call under way. Any thread."""
        self._server.close()

    def transcribe(self, samples: Float32, language: str | None) -> Transcript:
        """Write down (n,) float32 in [-1, 1], 16 kHz. Raises ServerError."""
        known = language or ("" if self._language == "auto" else self._language)
        said: list[WyomingEvent] = []

        async def ask() -> None:
            try:
                async with asyncio.timeout(self._asked.timeout_s), self._server.call() as call:
                    await call.send(*_request(samples, known, self._asked.model))
                    said.append(await call.receive("transcript"))
            except TimeoutError:
                raise ServerError(
                    f"{self._server.where} sent no words for {self._asked.timeout_s:g} s",
                    f"use a quicker model there, or raise {self._asked.slower}",
                ) from None

        self._server.errands.run(ask())
        told = said[0].data if said else {}
        spoken, text = told.get("language"), told.get("text")
        words = words_in(text[:MOST_TEXT]) if isinstance(text, str) else ""
        found = spoken.lower().partition("-")[0] if isinstance(spoken, str) else ""
        return Transcript(words, known or found or self.language, float(bool(words)), float(bool(words)))


def _request(samples: Float32, language: str, model: str) -> Iterator[WyomingEvent]:
    """The events that ask for the words of some sound."""
    wanted: dict[str, Json] = {"language": language} if language else {}
    if model:
        wanted["name"] = model
    yield WyomingEvent("transcribe", wanted)
    yield WyomingEvent("audio-start", FORM.data)
    sound = to_int16(raised(samples, RATE_HZ)).astype("<i2").tobytes()
    step = round(CHUNK_S * FORM.bytes_a_second)
    for at in range(0, len(sound), step):
        yield WyomingEvent("audio-chunk", FORM.data, sound[at : at + step])
    yield WyomingEvent("audio-stop")
