"""Settings -> the voice on a server that they name, for any number of talks; and its language."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from voicecli.errors import ModelError, ServerError
from voicecli.models.choice import voice_file
from voicecli.network.asked_server import AskedServer
from voicecli.network.trouble.breaker import Breaker
from voicecli.network.trouble.stand_in import StandIn
from voicecli.speak.elsewhere.guarded_voice import GuardedVoice
from voicecli.speak.elsewhere.speech_server import SpeechServer
from voicecli.speak.elsewhere.wyoming_voice import WyomingSpeech
from voicecli.speak.synthesize import Piper
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import SynthesizeConfig
    from voicecli.models.store import ModelStore
    from voicecli.network.trouble.waits import Sleep
    from voicecli.speak.elsewhere.guarded_voice import ServerSounds
    from voicecli.speak.voice import Voice
    from voicecli.system.clock import Clock

OPENAI_MODEL, OPENAI_VOICE = "tts-1", "alloy"
"""Asked for where the settings name none: servers with one voice take any name, others know these."""


def languages(config: SynthesizeConfig, store: ModelStore) -> frozenset[str]:
    """The language of the settings: a server does not tell which ones it speaks."""
    return frozenset({config.language})


def load(config: SynthesizeConfig, store: ModelStore) -> Callable[[], Voice]:
    """See that the server is there, or what stands in; give what makes a voice for each talk.

    Raises ConfigError, ServerError as `server_voice` does.
    """
    return server_voice(config, store, MonotonicClock())


def speech_server(
    config: SynthesizeConfig, sleep: Sleep = asyncio.sleep, *, tries_again: bool = True
) -> ServerSounds:
    """What one talk asks of the server. `sleep` waits before it is asked again, if `tries_again`.

    Raises ConfigError for an address or a key that cannot be used.
    """
    rest = config.engine == "openai"
    asked = AskedServer(
        "synthesize",
        config.url,
        config.server_model or (OPENAI_MODEL if rest else config.server_voice),
        config.api_key_env,
        config.connect_s,
        config.timeout_s,
        'set synthesize.engine to "piper"',
        tries_again,
    )
    if not rest:
        return WyomingSpeech(config, asked, sleep)
    voice = config.server_voice or OPENAI_VOICE
    return SpeechServer(config.model_copy(update={"server_voice": voice}), asked, sleep)


def server_voice(config: SynthesizeConfig, store: ModelStore, clock: Clock) -> Callable[[], GuardedVoice]:
    """Ask the server whether it is there; give what makes one talk's voice.

    The Piper voice in `store` stands in, if the settings want it and it is here.

    Raises ConfigError as `speech_server` does; ServerError where it is not there and nothing stands in.
    """
    stand_in = None if config.fallback == "off" else _local(config, store)
    server = speech_server(config)
    try:
        server.warm()
    except ServerError:
        if stand_in is None:
            raise
    finally:
        server.close()
    breaker = Breaker(clock)
    return lambda: GuardedVoice(speech_server(config, tries_again=stand_in is None), breaker, stand_in)


def _local(config: SynthesizeConfig, store: ModelStore) -> StandIn[Voice] | None:
    """The Piper voice that stands in; None where it is not here."""
    try:
        file = voice_file(store, config.voice)
    except ModelError:
        return None
    return StandIn(config.voice, lambda: Piper(file, config).session)
