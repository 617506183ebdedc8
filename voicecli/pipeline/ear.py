"""Sound from the ring -> frames -> how much each sounds like speech; past what fails in between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from voicecli.audio.convert import Converter
from voicecli.audio.level import OffsetRemover, level_dbfs
from voicecli.messages import RATE_HZ, ScoredFrame
from voicecli.pipeline.faults import CONVERSION, DETECTOR, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.listen.detect import Detector
    from voicecli.listen.echo import EchoCanceller
    from voicecli.messages import Float32Frame, Pcm16Chunk
    from voicecli.pipeline.faults import Faults


class Ear:
    """For the listening thread."""

    def __init__(
        self, rate_hz: int, canceller: EchoCanceller | None, channel: int, detector: Detector, faults: Faults
    ) -> None:
        self._converter = Converter(rate_hz, canceller, channel)
        self._offset = OffsetRemover(RATE_HZ)
        self._detector = detector
        self._faults = faults
        self._newest = 0.0  # probability

    def frames(self, chunk: Pcm16Chunk, *, hold: bool) -> Iterator[Float32Frame]:
        """Those that became whole with this chunk; its sound is lost where something fails."""
        fresh = self._converter.push(chunk, hold=hold)
        while True:
            frame = self._faults.attempt(CONVERSION, chunk.position, lambda: next(fresh, None))
            if isinstance(frame, Fault):
                self._faults.warn(CONVERSION, frame)
                self._converter.forget()
                return
            if frame is None:
                return
            yield replace(frame, samples=self._offset.push(frame.samples))

    def score(self, frame: Float32Frame, quiet_dbfs: float) -> ScoredFrame:
        """As the detector does; where that fails, what it said of the frame before holds."""
        scored = self._faults.attempt(
            DETECTOR, frame.position, lambda: self._detector.score(frame, quiet_dbfs)
        )
        if isinstance(scored, Fault):
            self._faults.warn(DETECTOR, scored)
            return ScoredFrame(frame, self._newest, level_dbfs(frame.samples))
        self._newest = scored.probability
        return scored
