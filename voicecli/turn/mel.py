"""Samples -> the log-mel spectrogram Whisper was trained on. The only file that imports its extractor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.messages import Float32

HOP_SAMPLES = 160
"""Samples from one column to the next: 10 ms at 16 kHz."""


class LogMel:
    """The features of Whisper; Smart Turn was trained on the same."""

    def __init__(self, bands: int) -> None:
        """`bands` is 80, or 128 for Whisper large-v3."""
        # The package loads CTranslate2, and that loads OpenMP, whose idle threads are to sleep, not spin.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from faster_whisper.feature_extractor import FeatureExtractor

        self._extract = FeatureExtractor(feature_size=bands)

    def __call__(self, samples: Float32) -> Float32:
        """(n,) float32 at 16 kHz, n > 200 -> (bands, n // 160) float32, the last column up to sample n."""
        columns: Float32 = self._extract(samples, padding=0)
        return columns
