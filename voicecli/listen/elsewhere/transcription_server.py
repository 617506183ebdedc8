"""16 kHz speech -> words: the endpoint `/v1/audio/transcriptions` of an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import math
import re
from typing import TYPE_CHECKING

from voicecli.audio.level import raised
from voicecli.errors import ServerError
from voicecli.listen.elsewhere.guarded_recogniser import one_or_any
from voicecli.listen.recognise.recogniser_command import DEFAULT_LANGUAGE, MOST_TEXT, wav_of, words_in
from voicecli.messages import RATE_HZ, Transcript
from voicecli.network.connection import Upload
from voicecli.network.speech_api import RefusedError, SpeechApi
from voicecli.network.sse import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32
    from voicecli.network.asked_server import AskedServer
    from voicecli.network.connection import Answer
    from voicecli.network.sse import Json
    from voicecli.network.trouble.waits import Sleep

NO_SPEECH, LOW_LOG_PROB = 0.6, -1.0
"""Whisper's own `no_speech_threshold` and `logprob_threshold`: where both are passed, nobody spoke."""

_EXTRAS: tuple[dict[str, str], ...] = (
    {"response_format": "verbose_json", "temperature": "0"},
    {"response_format": "json", "temperature": "0"},
    {"response_format": "json"},
    {},
)
"""Fields beside file, model and language; the next are tried where a server refuses the first. With
`verbose_json` it tells the language, and how sure it is."""

_CODE = re.compile(r"[a-z]{2,3}")
_NAMED = (
    "ar:arabic cs:czech da:danish de:german el:greek en:english es:spanish fi:finnish fr:french hi:hindi "
    "hu:hungarian it:italian ja:japanese ko:korean nl:dutch no:norwegian pl:polish pt:portuguese ro:romanian "
    "ru:russian sv:swedish tr:turkish uk:ukrainian vi:vietnamese zh:chinese"
)
_CODES = {name: code for code, name in (entry.split(":") for entry in _NAMED.split())}
"""Servers call a language by its English name, or by its code."""


class TranscriptionServer:
    """What one talk asks of the server. Nothing is sent before the first `warm` or `transcribe`."""

    def __init__(self, language: str, asked: AskedServer, sleep: Sleep = asyncio.sleep) -> None:
        """`language` is the one spoken; "auto": the server finds it.

        Raises ConfigError for an address, a key or a proxy that cannot be used.
        """
        self._language = language
        self.languages = one_or_any(language)
        self._asked = asked
        self._api = SpeechApi(asked, sleep)
        self._extras = 0

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        return self._api.name

    @property
    def is_local(self) -> bool:
        """Whether the sound stays on this computer."""
        return self._api.is_local

    @property
    def language(self) -> str:
        """The language of words of which the server does not tell it."""
        return DEFAULT_LANGUAGE if self._language == "auto" else self._language

    def warm(self) -> None:
        """Open the connection and try the key: ask for the models. Raises ServerError."""
        self._api.run(self._api.models())

    def close(self) -> None:
        """End the request under way. Any thread."""
        self._api.close()

    def transcribe(self, samples: Float32, language: str | None) -> Transcript:
        """Write down (n,) float32 in [-1, 1], 16 kHz. Raises ServerError."""
        found: list[Transcript] = []
        known = language or ("" if self._language == "auto" else self._language)

        async def ask() -> None:
            try:
                async with asyncio.timeout(self._asked.timeout_s):
                    found.append(await self._asked_for(wav_of(raised(samples, RATE_HZ)), known))
            except TimeoutError:
                raise ServerError(
                    f"{self._api.where} sent no words for {self._asked.timeout_s:g} s",
                    f"use a quicker model there, or raise {self._asked.slower}",
                ) from None

        self._api.run(ask())
        return found[0] if found else Transcript("", known or self.language, 0.0)

    async def _asked_for(self, wav: bytes, known: str) -> Transcript:
        """Ask, with fewer fields after each refusal of the request."""
        while True:
            fields = {"model": self._asked.model, **({"language": known} if known else {})}
            upload = Upload({**fields, **_EXTRAS[self._extras]}, "speech.wav", wav, "audio/wav")
            try:
                async with self._api.opened("audio/transcriptions", upload=upload) as answer:
                    return self._read(answer, await answer.text(), known)
            except RefusedError:
                if self._extras == len(_EXTRAS) - 1:
                    self._extras = 0
                    raise
                self._extras += 1

    def _read(self, answer: Answer, body: str, known: str) -> Transcript:
        told = parsed(body)
        if not isinstance(told, dict) or not isinstance(text := told.get("text"), str):
            kind = answer.kind or "something without a type"
            raise ServerError(
                f"{self._api.where} answers with {kind}, in which there are no words",
                f"{self._asked.setting} ends in /v1, and the server must know audio/transcriptions",
            )
        if len(text) > MOST_TEXT:
            found = f"{self._api.where} answers with more than {MOST_TEXT:,} characters"
            raise ServerError(found, "look at its log")
        language = known or _code(told.get("language")) or self.language
        sure = list(_segments(told.get("segments")))
        if sure and all(nobody > NO_SPEECH and likely < LOW_LOG_PROB for likely, nobody in sure):
            return Transcript("", language, 0.0)
        words = words_in(text)
        if not words:
            return Transcript("", language, 0.0)
        if not sure:
            return Transcript(words, language, 1.0, 1.0)
        confidence = math.exp(sum(likely for likely, _ in sure) / len(sure))
        return Transcript(words, language, confidence, max(0.51, 1.0 - min(nobody for _, nobody in sure)))


def _segments(told: Json) -> Iterator[tuple[float, float]]:
    """Of each segment, the mean log-probability of its tokens and the probability that nobody speaks."""
    for segment in told if isinstance(told, list) else ():
        if isinstance(segment, dict):
            likely, nobody = segment.get("avg_logprob"), segment.get("no_speech_prob")
            if isinstance(likely, int | float) and isinstance(nobody, int | float):
                yield min(0.0, max(-10.0, float(likely))), min(1.0, max(0.0, float(nobody)))


def _code(language: Json) -> str:
    """ISO 639-1 code of the language that a server names; empty where it names none that is known."""
    name = language.strip().lower() if isinstance(language, str) else ""
    return name if _CODE.fullmatch(name) else _CODES.get(name, "")
