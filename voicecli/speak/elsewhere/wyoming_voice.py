"""Clause text -> sound: a Wyoming server, such as wyoming-piper."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING

import numpy as np

from voicecli.errors import ServerError
from voicecli.network.trouble.patience import Patience
from voicecli.network.wyoming.wyoming_call import WyomingServer
from voicecli.network.wyoming.wyoming_events import NoEventError, SoundForm, WyomingEvent
from voicecli.speak.elsewhere.one_rate import ONE_RATE_HZ, OneRate
from voicecli.speak.elsewhere.speech_server import PIECE_BYTES, TOTAL_S, too_slow_voice
from voicecli.speak.streamed_voice import MOST_S

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from voicecli.config import SynthesizeConfig
    from voicecli.messages import Int16
    from voicecli.network.asked_server import AskedServer
    from voicecli.network.sse import Json
    from voicecli.network.trouble.waits import Sleep


class WyomingSpeech:
    """What one talk asks of the server. Nothing is sent before the first `warm` or `sounds`."""

    rate_hz = ONE_RATE_HZ

    def __init__(self, config: SynthesizeConfig, asked: AskedServer, sleep: Sleep = asyncio.sleep) -> None:
        """Raises ConfigError for an address that cannot be used."""
        self.language = config.language
        self.volume = config.volume
        self._voice = config.server_voice
        self._asked = asked
        self._server = WyomingServer(asked, sleep)
        self.name = self._server.name
        self.is_local = self._server.is_local

    def warm(self) -> None:
        """Ask what the server does. Raises ServerError where it cannot speak."""

        async def ask() -> None:
            if not (await self._server.described()).get("tts"):
                raise ServerError(f"{self._server.where} does not speak", "check synthesize.url")

        self._server.errands.run(ask())

    def close(self) -> None:
        """End the call under way. Any thread."""
        self._server.close()

    def sounds(self, text: str) -> Generator[tuple[Int16, int | None], None, None]:
        """Give (n,) int16 at `rate_hz` as it comes. Raises ServerError."""
        one_rate, seconds, first_rate = OneRate(), 0.0, 0
        with closing(self._server.errands.each(self._chunks(text))) as chunks:
            for form, payload in chunks:
                first_rate = first_rate or form.rate_hz
                if form.rate_hz != first_rate:
                    raise self._wrong(f"its rate was {first_rate} Hz and is {form.rate_hz}")
                seconds += len(payload) / form.bytes_a_second
                if seconds > MOST_S:
                    raise self._wrong(f"more than {MOST_S:g} s of sound for one clause")
                yield one_rate.push(_mono(payload, form), form.rate_hz), None
        if not (seconds or self._server.errands.closed):
            raise self._wrong("it sends no sound")
        yield one_rate.finish(), None

    def _wrong(self, what: str) -> ServerError:
        return ServerError(f"{self._server.where}: {what}", "look at its log")

    async def _chunks(self, text: str) -> AsyncGenerator[tuple[SoundForm, bytes], None]:
        """The sound of a clause, as it comes. Raises ServerError."""
        data: dict[str, Json] = {"text": text}
        if self._voice:
            data["voice"] = {"name": self._voice}
        patience = Patience(self._asked.timeout_s, self._asked.timeout_s, TOTAL_S)
        now, size = asyncio.get_running_loop().time, 0
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout_at(patience.begin(now())):
                    call = await stack.enter_async_context(self._server.call(given=text))
                    await call.send(WyomingEvent("synthesize", data))
                patience.end(now())
                while True:
                    async with asyncio.timeout_at(patience.begin(now(), size // PIECE_BYTES)):
                        event = await call.receive("audio-chunk", "audio-stop")
                    patience.end(now())
                    if event.kind == "audio-stop":
                        return
                    size += len(event.payload)
                    yield SoundForm.of(event), event.payload
            except TimeoutError:
                patience.end(now())
                raise too_slow_voice(patience, self._server.where, self._asked.slower) from None
            except NoEventError as error:
                raise self._wrong(f"it sends {error}") from None


def _mono(payload: bytes, form: SoundForm) -> Int16:
    """(n,) int16: of two channels their mean; what is no whole sample at the end is left out."""
    frame = 2 * form.channels
    frames = np.frombuffer(payload[: len(payload) // frame * frame], "<i2").reshape(-1, form.channels)
    if form.channels == 1:
        return frames[:, 0].astype(np.int16)
    mean: Int16 = (frames.astype(np.int32).sum(axis=1) // form.channels).astype(np.int16)
    return mean
