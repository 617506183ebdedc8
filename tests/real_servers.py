"""`voicecli serve` with real models in a thread: its REST endpoints and its Wyoming, on this computer."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from tests.seats import seated
from voicecli.config import Config, TranscribeConfig
from voicecli.loading import load_detector, load_recogniser, load_voice
from voicecli.models.store import ModelStore, models_root
from voicecli.serve.rest import Rest
from voicecli.serve.wyoming.wyoming_listener import Reach, WyomingListener
from voicecli.system.clock import MonotonicClock
from voicecli.threads.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.engines import Engines, Session

CONFIG = Config(transcribe=TranscribeConfig(language="en"))


class RealEngines:
    """As `Engines`, without a language model."""

    def __init__(self) -> None:
        store = ModelStore(models_root())
        self.clock = MonotonicClock()
        self.lane = Lane(2, self.clock)
        self.detector = load_detector(store)
        self.recogniser = load_recogniser(CONFIG.transcribe, store)
        self.voice = load_voice(CONFIG.synthesize, store)

    def session(self) -> Session:
        voice = self.voice.seat().it
        return seated(None, None, None, _NoModel(), voice, self.clock)


class _NoModel:
    """Nobody asks it."""

    def close(self) -> None:
        pass


@contextmanager
def real_servers() -> Iterator[tuple[str, str]]:
    """The addresses of both, while the block lasts."""
    ready, over = threading.Event(), threading.Event()
    urls: list[str] = []

    async def run() -> None:
        engines: Engines = RealEngines()  # type: ignore[assignment]  # duck-typed
        app = web.Application(client_max_size=1 << 25)
        Rest(engines).add_to(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with WyomingListener(engines, CONFIG, print).listening(Reach("127.0.0.1", 0)) as port:
            urls.extend((f"http://127.0.0.1:{runner.addresses[0][1]}/v1", f"tcp://127.0.0.1:{port}"))
            ready.set()
            await asyncio.to_thread(over.wait)
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(120), "no models?"
        yield urls[0], urls[1]
    finally:
        over.set()
        thread.join()
