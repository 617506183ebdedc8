"""Settings -> Moonshine for any number of talks, loaded and warm; and which languages it understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.listen.recognise.moonshine import LANGUAGES, Moonshine
from voicecli.listen.recogniser import understood
from voicecli.models.choice import moonshine_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import TranscribeConfig
    from voicecli.listen.recogniser import Recogniser
    from voicecli.models.store import ModelStore


def languages(config: TranscribeConfig, store: ModelStore) -> frozenset[str]:
    """English. Raises ConfigError for another language of the settings."""
    return understood(config.language, LANGUAGES)


def load(config: TranscribeConfig, store: ModelStore) -> Callable[[], Recogniser]:
    """Load the model, and give what makes a recogniser of it. Raises ModelError, ConfigError."""
    languages(config, store)
    moonshine = Moonshine(moonshine_folder(store, config.model), config.threads)
    moonshine.warm()
    return moonshine.session
