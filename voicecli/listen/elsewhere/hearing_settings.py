"""Settings -> the recogniser on a server that they name, for any number of talks; and its languages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from voicecli.errors import ModelError, ServerError
from voicecli.listen.elsewhere.guarded_recogniser import GuardedRecogniser, one_or_any
from voicecli.listen.elsewhere.transcription_server import TranscriptionServer
from voicecli.listen.elsewhere.wyoming_recogniser import WyomingHearing
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Whisper
from voicecli.models.choice import whisper_folder
from voicecli.network.asked_server import AskedServer
from voicecli.network.trouble.breaker import Breaker
from voicecli.network.trouble.stand_in import StandIn
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import TranscribeConfig
    from voicecli.listen.elsewhere.guarded_recogniser import HearingServer
    from voicecli.listen.recogniser import Recogniser
    from voicecli.models.store import ModelStore
    from voicecli.network.trouble.waits import Sleep
    from voicecli.system.clock import Clock

OPENAI_MODEL = "whisper-1"
"""Asked for where the settings name none: servers with one model take any name, others know this one."""


def languages(config: TranscribeConfig, store: ModelStore) -> frozenset[str] | None:
    """The language of the settings; None where the server finds it, because it lists none."""
    return one_or_any(config.language)


def load(config: TranscribeConfig, store: ModelStore) -> Callable[[], Recogniser]:
    """See that the server is there, or what stands in; give what makes a recogniser for each talk.

    Raises ConfigError, ServerError as `server_recogniser` does.
    """
    return server_recogniser(config, store, MonotonicClock())


def hearing_server(
    config: TranscribeConfig, sleep: Sleep = asyncio.sleep, *, tries_again: bool = True
) -> HearingServer:
    """What one talk asks of the server. `sleep` waits before it is asked again, if `tries_again`.

    Raises ConfigError for an address or a key that cannot be used.
    """
    rest = config.engine == "openai"
    asked = AskedServer(
        "transcribe",
        config.url,
        config.server_model or (OPENAI_MODEL if rest else ""),
        config.api_key_env,
        config.connect_s,
        config.timeout_s,
        'set transcribe.engine to "whisper"',
        tries_again,
    )
    if rest:
        return TranscriptionServer(config.language, asked, sleep)
    return WyomingHearing(config.language, asked, sleep)


def server_recogniser(
    config: TranscribeConfig, store: ModelStore, clock: Clock
) -> Callable[[], GuardedRecogniser]:
    """Ask the server whether it is there; give what makes one talk's recogniser.

    The Whisper in `store` stands in, if the settings want it and it is here.

    Raises ConfigError as `hearing_server` does; ServerError where it is not there and nothing stands in.
    """
    stand_in = None if config.fallback == "off" else _local(config, store)
    server = hearing_server(config)
    try:
        server.warm()
    except ServerError:
        if stand_in is None:
            raise
    finally:
        server.close()
    breaker = Breaker(clock)
    return lambda: GuardedRecogniser(hearing_server(config, tries_again=stand_in is None), breaker, stand_in)


def _local(config: TranscribeConfig, store: ModelStore) -> StandIn[Recogniser] | None:
    """The Whisper that stands in; None where it is not here."""
    try:
        folder = whisper_folder(store, config.model)
    except ModelError:
        return None

    def load() -> Callable[[], Recogniser]:
        whisper = Whisper(folder, config.threads)
        return lambda: Transcriber(whisper, config.language)

    return StandIn(config.model, load)
