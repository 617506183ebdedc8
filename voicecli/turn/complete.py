"""Smart Turn: the sound of a turn so far -> the probability that its speaker has come to the end.

The model (Smart Turn v3.2, ONNX, 16 kHz) hears melody and pace. It takes the last 8 s up to a pause: shorter
sound stands at the end with zeros before it, and the whole is brought to mean 0 and variance 1 before its
spectrogram is taken, as a program of its authors does.

Its authors taught it mostly with synthetic voices. What it hears is worth more than its own verdict, so
another last layer, learnt from people (`melody.py`), reads its inner values and gives the probability. How
much that is worth: docs/decisions/0031-who-has-finished.md.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

import numpy as np

from voicecli.errors import ModelError
from voicecli.messages import RATE_HZ
from voicecli.system.onnx import VERIFY, open_session
from voicecli.turn import melody
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
_LEAST = 1e-3
"""The least that the model's own probability, and its complement, count as."""

_POOLED, _STATES = "sum_1", "layer_norm_8"
"""Inner values of the model: what its last layers read, (1, 384), and the states that this is pooled from,
(1, 400, 384), one for each 20 ms."""
_RECENT = slice(-13, -3)
"""States of the last 0.2 s of speech: a pause is noticed 64 ms after it begins."""


class SmartTurn:
    """Judges a whole turn at a time; remembers nothing. One call takes about 40 ms on one thread."""

    window_s = float(WINDOW_S)

    def __init__(self, model: Path) -> None:
        """Load `smart-turn-v3.2-cpu.onnx`. Raises ModelError when it is no such model."""
        self._mel = LogMel(BANDS)
        try:
            self._session = open_session(_giving(model.read_bytes(), _POOLED, _STATES))
            self.warm()
        except Exception as error:  # onnxruntime raises its own types, which only derive from Exception
            raise ModelError(f"{model.name} is not a turn model", VERIFY) from error

    def warm(self) -> None:
        """Pay what only the first call costs."""
        self.complete(np.zeros(RATE_HZ, np.float32))

    def complete(self, samples: Float32) -> float:
        """Say how probable it is, 0..1, that a turn is complete: (n,) float32 at 16 kHz, up to the pause."""
        return 1 / (1 + exp(-melody.log_odds(self.hears(samples))))

    def hears(self, samples: Float32) -> Float32:
        """What the model hears in the same sound: (769,) float32, its own log-odds last."""
        window = np.zeros(WINDOW_S * RATE_HZ, np.float32)
        heard = samples[-window.size :]
        window[window.size - heard.size :] = heard
        window -= window.mean()
        window /= np.sqrt(window.var() + _LEAST_VARIANCE)
        spectrogram = {"input_features": self._mel(window)[np.newaxis]}
        output, pooled, states = self._session.run(["logits", _POOLED, _STATES], spectrogram)
        own = min(1 - _LEAST, max(_LEAST, float(output[0, 0])))
        recent = states[0, _RECENT].mean(axis=0)
        return np.concatenate([pooled[0], recent, [log(own / (1 - own))]]).astype(np.float32)


def _giving(model: bytes, *names: str) -> bytes:
    """An ONNX model that gives these of its inner values, too.

    The file is a protocol buffer message, and to append a message to another is to merge them. Appended is
    one whose graph (field 7 of a model) has more outputs (field 12 of a graph), each with a name (field 1).
    """
    outputs = b"".join(_field(12, _field(1, name.encode())) for name in names)
    return model + _field(7, outputs)


def _field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer message: bytes, fewer than 128."""
    return bytes([number << 3 | 2, len(content)]) + content
