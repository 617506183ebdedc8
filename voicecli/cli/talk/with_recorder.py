"""`--record`: joins a recorder to a talk, and says so in the status that views show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.config import Config
    from voicecli.events import Status
    from voicecli.records.recorder import Followed, Recorder
    from voicecli.system.clock import Clock
    from voicecli.talk import Talk


def recorder_for(
    folder: Path | None, max_minutes: int, config: Config, clock: Clock, began: float
) -> Recorder | None:
    """Make the folder, if there is to be one. Raises ConfigError."""
    if folder is None:
        return None
    from voicecli.records.recorder import Recorder

    return Recorder(folder, config, clock, began, max_minutes=max_minutes)


def followed(talk: Talk) -> Followed:
    """What a recorder needs of this talk, which has not started yet."""
    from voicecli.records.notes import noted
    from voicecli.records.recorder import Followed

    return Followed(
        events=talk.events.reader("recorder"),
        facts=talk.crew.facts.reader("recorder", wants=lambda entry: noted(entry[1])),
        deaf=talk.controls.deaf,
        losses=lambda: talk.status().losses,
        warn=talk.warn,
    )


def with_recording(status: Status, recorder: Recorder | None) -> Status:
    """Say in a status that, and where, the talk is recorded, and how far the recording is behind."""
    if recorder is None or recorder.failed:
        return status
    return replace(status, recorded_in=str(recorder.folder), record_lag_s=round(recorder.lag_s, 1))
