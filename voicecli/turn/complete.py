"""Smart Turn: the sound of a turn so far -> the probability that its speaker has come to the end.

The model (Smart Turn v3.2, ONNX, 16 kHz) hears melody and pace. It takes the last 8 s up to a pause: shorter
sound stands at the end with zeros before it, and the whole is brought to mean 0 and variance 1 before its
spectrogram is taken, as a program of its authors does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.errors import ModelError
from voicecli.messages import RATE_HZ
from voicecli.system.onnx import VERIFY, open_session
from voicecli.turn.mel import LogMel

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.messages import Float32

WINDOW_S = 8
"""What the model hears, seconds."""
BANDS = 80
"""Bands of the spectrogram that the model takes: (1, 80, 800)."""
_LEAST_VARIANCE = 1e-7
"""Keeps digital silence from a division by zero; the value of Whisper's feature extractor."""


class SmartTurn:
    """Judges a whole turn at a time; remembers nothing. One call takes about 40 ms on one thread."""

    window_s = float(WINDOW_S)

    def __init__(self, model: Path) -> None:
        """Load `smart-turn-v3.2-cpu.onnx`. Raises ModelError when it is no such model."""
        self._mel = LogMel(BANDS)
        self._session = open_session(model)
        try:
            self.warm()
        except Exception as error:  # onnxruntime raises its own types, which only derive from Exception
            raise ModelError(f"{model.name} is not a turn model", VERIFY) from error

    def warm(self) -> None:
        """Pay what only the first call costs."""
        self.complete(np.zeros(RATE_HZ, np.float32))

    def complete(self, samples: Float32) -> float:
        """Say how probable it is, 0..1, that a turn is complete: (n,) float32 at 16 kHz, up to the pause."""
        window = np.zeros(WINDOW_S * RATE_HZ, np.float32)
        heard = samples[-window.size :]
        window[window.size - heard.size :] = heard
        window -= window.mean()
        window /= np.sqrt(window.var() + _LEAST_VARIANCE)
        (output,) = self._session.run(None, {"input_features": self._mel(window)[np.newaxis]})
        return min(1.0, max(0.0, float(output[0, 0])))
