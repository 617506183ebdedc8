"""Settings -> Whisper for any number of talks, loaded and warm; and which languages it understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.listen.recogniser import understood
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Whisper, languages_of
from voicecli.models.choice import whisper_folder
from voicecli.system.extras import demand_packages

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import TranscribeConfig
    from voicecli.listen.recogniser import Recogniser
    from voicecli.models.store import ModelStore


def languages(config: TranscribeConfig, store: ModelStore) -> frozenset[str]:
    """Those of the model that `transcribe.language` leaves. Raises ModelError, ConfigError."""
    return understood(config.language, languages_of(whisper_folder(store, config.model)))


def load(config: TranscribeConfig, store: ModelStore) -> Callable[[], Recogniser]:
    """Load the model, and give what makes a recogniser of it. Raises ModelError, ConfigError, EngineError."""
    demand_packages("faster_whisper", "ctranslate2")
    whisper = Whisper(whisper_folder(store, config.model), config.threads)
    Transcriber(whisper, config.language).warm()
    return lambda: Transcriber(whisper, config.language)
