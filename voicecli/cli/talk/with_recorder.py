"""`--record`: joins a recorder to a talk, and says so in the status that views show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.audio.streams import AudioStreams
    from voicecli.cli.talk.any_talk import AnyTalk
    from voicecli.config import Config
    from voicecli.records.recorder import Followed, Recorder
    from voicecli.status import Status
    from voicecli.system.clock import Clock


class WithRecorder:
    """The recorder of a talk, if it is to be recorded. Calls come in the order of the methods."""

    def __init__(
        self, folder: Path | None, max_minutes: int, config: Config, clock: Clock, began: float
    ) -> None:
        """Make the folder, if there is to be one. Raises ConfigError, and EngineError without libav."""
        self._recorder: Recorder | None = None
        if folder is not None:
            from voicecli.records.recorder import Recorder
            from voicecli.system.extras import demand_packages

            demand_packages("av")

            self._recorder = Recorder(folder, config, clock, began, max_minutes=max_minutes)

    def over(self, streams: AudioStreams) -> AudioStreams:
        """Give the streams that the talk is to use in place of these."""
        return streams if self._recorder is None else self._recorder.over(streams)

    def follow(self, talk: AnyTalk) -> None:
        """Take what this talk, which has not started yet, will report."""
        if self._recorder is not None:
            self._recorder.follow(followed(talk))

    def start(self) -> None:
        """Begin to write."""
        if self._recorder is not None:
            self._recorder.start()

    def shown(self, status: Status) -> Status:
        """Say in a status that, and where, the talk is recorded, and how far the recording is behind."""
        recorder = self._recorder
        if recorder is None or recorder.failed:
            return status
        return replace(status, recorded_in=str(recorder.folder), record_lag_s=round(recorder.lag_s, 1))

    def close(self) -> str:
        """After the talk has closed, write what is left; give a problem that was not told yet."""
        return "" if self._recorder is None else self._recorder.close()


def followed(talk: AnyTalk) -> Followed:
    """What a recorder needs of a talk."""
    from voicecli.records.notes import noted
    from voicecli.records.recorder import Followed

    return Followed(
        events=talk.events.reader("recorder"),
        facts=talk.facts.reader("recorder", wants=lambda entry: noted(entry[1])),
        deaf=talk.controls.deaf,
        losses=lambda: talk.status().losses,
        warn=talk.warn,
    )
