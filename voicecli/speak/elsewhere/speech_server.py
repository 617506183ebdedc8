"""Clause text -> sound: the endpoint `/v1/audio/speech` of an OpenAI-compatible server.

A WAV is asked for, because its header tells the rate: bytes without one are of 24 kHz at some servers, of
22.05 kHz at others. The lengths in the header are not used: a server that streams does not know them.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING

from voicecli.errors import ServerError
from voicecli.network.speech_api import SpeechApi
from voicecli.network.trouble.patience import Patience
from voicecli.speak.elsewhere.one_rate import ONE_RATE_HZ, OneRate
from voicecli.speak.streamed_voice import MOST_BYTES, PIECE_S, wav_sounds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from voicecli.config import SynthesizeConfig
    from voicecli.messages import Int16
    from voicecli.network.asked_server import AskedServer
    from voicecli.network.sse import Json
    from voicecli.network.trouble.waits import Sleep

TOTAL_S = 60.0
"""Longest wait for all sound of a clause together, s; while nobody asks for more, no time counts."""

PIECE_BYTES = round(PIECE_S * 2 * ONE_RATE_HZ)
"""So much must come within `synthesize.timeout_s`, again and again."""


def too_slow_voice(patience: Patience, where: str, slower: str) -> ServerError:
    """What to tell of a server that was waited for in vain; the setting `slower` gives it more time."""
    if not patience.silent:
        return ServerError(f"{where} did not come to an end within {patience.total_s:g} s", "look at its log")
    found = f"{where} sent no sound for {patience.silence_s:g} s"
    if patience.began:
        found += " in the middle of a clause"
    return ServerError(found, f"look at its log, or raise {slower}")


class SpeechServer:
    """What one talk asks of the server. Nothing is sent before the first `warm` or `sounds`."""

    rate_hz = ONE_RATE_HZ

    def __init__(self, config: SynthesizeConfig, asked: AskedServer, sleep: Sleep = asyncio.sleep) -> None:
        """Raises ConfigError for an address, a key or a proxy that cannot be used."""
        self.language = config.language
        self.volume = config.volume
        self._asked = asked
        self._api = SpeechApi(asked, sleep)
        self._fields: dict[str, Json] = {"model": asked.model, "voice": config.server_voice}
        if config.speed != 1.0:
            self._fields["speed"] = config.speed

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        return self._api.name

    @property
    def is_local(self) -> bool:
        """Whether the words stay on this computer."""
        return self._api.is_local

    def warm(self) -> None:
        """Open the connection and try the key: ask for the models. Raises ServerError."""
        self._api.run(self._api.models())

    def close(self) -> None:
        """End the request under way. Any thread."""
        self._api.close()

    def sounds(self, text: str) -> Generator[tuple[Int16, int | None], None, None]:
        """Give (n,) int16 at `rate_hz` as it comes. Raises ServerError."""
        one_rate, any_came = OneRate(), False
        try:
            with closing(self._api.each(self._blocks(text))) as blocks:
                for sound, rate_hz, _left in wav_sounds(blocks, self._wrong, "it sends"):
                    any_came = any_came or sound.size > 0
                    yield one_rate.push(sound, rate_hz), None
            if not any_came:
                raise self._wrong("it sends a WAV without sound")
        except ServerError:
            if self._api.closed:
                return  # nobody wants the clause any more, so it was not read
            raise
        yield one_rate.finish(), None

    def _wrong(self, what: str) -> ServerError:
        return ServerError(
            f"{self._api.where}: {what}", 'it must answer "response_format": "wav" with a WAV of 16 bits'
        )

    async def _blocks(self, text: str) -> AsyncGenerator[bytes, None]:
        """The answer to a clause, as it comes. Raises ServerError."""
        body: dict[str, Json] = {**self._fields, "input": text, "response_format": "wav"}
        patience = Patience(self._asked.timeout_s, self._asked.timeout_s, TOTAL_S)
        now, size = asyncio.get_running_loop().time, 0
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout_at(patience.begin(now())):
                    asking = self._api.opened("audio/speech", body, given=text)
                    answer = await stack.enter_async_context(asking)
                chunks = answer.chunks()
                patience.end(now())
                while True:
                    async with asyncio.timeout_at(patience.begin(now(), size // PIECE_BYTES)):
                        block = await anext(chunks, None)
                    patience.end(now())
                    if block is None:
                        return
                    size += len(block)
                    if size > MOST_BYTES:
                        raise self._wrong("it sends sound without an end")
                    yield block
            except TimeoutError:
                patience.end(now())
                raise too_slow_voice(patience, self._api.where, self._asked.slower) from None
