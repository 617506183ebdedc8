"""Checks of the servers that hear or speak: whether they are there, without a sound and without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicecli.doctor import Finding
from voicecli.listen.elsewhere.hearing_settings import hearing_server
from voicecli.speak.elsewhere.speaking_settings import speech_server

if TYPE_CHECKING:
    from voicecli.config import Config, SynthesizeConfig, TranscribeConfig

SERVERS = ("openai", "wyoming")
"""Engines that ask a server."""


class _Checked(Protocol):
    """What is asked of either."""

    @property
    def name(self) -> str: ...
    @property
    def is_local(self) -> bool: ...
    def warm(self) -> None: ...
    def close(self) -> None: ...


def check_hearing(config: TranscribeConfig, *, connect: bool) -> Finding:
    """Ask the server that listens; one elsewhere only with `connect`. Raises ConfigError, ServerError."""
    return _checked(hearing_server(config), "your voice", connect=connect)


def check_speaking(config: SynthesizeConfig, *, connect: bool) -> Finding:
    """Ask the server that speaks; one elsewhere only with `connect`. Raises ConfigError, ServerError."""
    return _checked(speech_server(config), "what the agent says", connect=connect)


def sends_away(config: Config) -> bool:
    """Whether sound or words of a measurement would go to another computer. Raises ConfigError."""
    heard, spoken = config.transcribe, config.synthesize
    away = heard.engine in SERVERS and not hearing_server(heard).is_local
    return away or (spoken.engine in SERVERS and not speech_server(spoken).is_local)


def _checked(server: _Checked, what: str, *, connect: bool) -> Finding:
    if not (server.is_local or connect):
        found = f"{server.name} is not on this computer, and was not asked"
        return Finding("skip", found, "ask it: voicecli doctor --connect")
    try:
        server.warm()
    finally:
        server.close()
    goes = "" if server.is_local else f"; {what} goes to that computer"
    return Finding("pass", f"{server.name} answers{goes}")
