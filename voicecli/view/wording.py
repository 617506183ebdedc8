"""The words the views for people share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicecli.view.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicecli.events import Failed, Warned

_STAGES: Final = {
    "device_in": "microphone",
    "pause": "pause",
    "transcribe": "transcribe",
    "first_token": "first word",
    "first_clause": "first clause",
    "first_audio": "voice",
    "decision": "turn decision",
    "playback": "playback",
}


def stages(latency_ms: Mapping[str, float]) -> str:
    """`microphone 58, pause 100, ...`, ms, without the total."""
    return ", ".join(f"{_STAGES.get(key, key)} {ms:.0f}" for key, ms in latency_ms.items() if key != "total")


def notice(event: Warned | Failed) -> str:
    """Say what was found and what to do, on one line."""
    message, remedy = safe(event.message), safe(event.remedy)
    return f"{message}; {remedy}" if remedy else message


def losses(counters: Mapping[str, int]) -> str:
    """`3 xruns, 960 samples lost`; empty when nothing was lost."""
    return ", ".join(f"{count} {safe(name)}" for name, count in counters.items() if count)
