"""Silero voice activity detection: Float32Frame -> ScoredFrame.

The model (Silero VAD v6, ONNX, 16 kHz) takes a frame of 512 samples with the 64 samples before it, and a
state of (2, 1, 128); it returns the next state. Both are given as its authors' own wrapper gives them.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import level_dbfs
from voicecli.errors import ModelError
from voicecli.listen.gate.gain import Gain
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame, ScoredFrame
from voicecli.system.onnx import VERIFY, open_session

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.messages import Float32
    from voicecli.system.onnx import Session

CONTEXT_SAMPLES = 64

LEAD_IN_FRAMES = 8
"""The model does not get quiet frames; before the first louder one it gets this many of the quiet ones. In 91
recordings with pauses it found two of three onsets at the same frame as a model that got all frames, and most
others a frame sooner."""


LIKELY = 0.3
"""After a frame of at least this probability, the gain learns no noise floor from the next frame. It is a
little below the default of `segment.release_probability`, with which speech goes on."""


class Silero:
    """The model, loaded; any number of microphones may share it."""

    def __init__(self, model: Path) -> None:
        """Load `silero_vad_16k_op15.onnx`. Raises ModelError when it is no such model."""
        self._session = open_session(model)
        try:
            self.session().score(Float32Frame(np.zeros(FRAME_SAMPLES, np.float32), 0, 0.0))
        except Exception as error:  # onnxruntime raises its own types, which only derive from Exception
            raise ModelError(f"{model.name} is not a voice activity model", VERIFY) from error

    def session(self) -> SileroDetector:
        """Make a detector for one microphone."""
        return SileroDetector(self._session)


class SileroDetector:
    """Scores frame after frame; remembers those before, as long as no frame is missing."""

    def __init__(self, session: Session) -> None:
        """`session` runs the model; the detectors of other microphones may use it, too."""
        self._session = session
        self._rate = np.array(RATE_HZ, np.int64)
        self._forget()
        self._expected = -1
        self._passed: deque[Float32Frame] = deque(maxlen=LEAD_IN_FRAMES)
        self._gain, self._newest = Gain(), 0.0
        self._room_dbfs: float | None = None

    def begin(self, room_dbfs: float) -> None:
        """Begin anew: the next frame is the first of a recording in a room with a noise of `room_dbfs`."""
        self._expected = -1
        self._room_dbfs = room_dbfs

    def _forget(self) -> None:
        self._input = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        self._state = np.zeros((2, 1, 128), np.float32)

    def _score(self, samples: Float32, gain: float = 1.0) -> float:
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, -CONTEXT_SAMPLES:]
        np.clip(samples * np.float32(gain), -1.0, 1.0, out=self._input[0, CONTEXT_SAMPLES:])
        output, self._state = self._session.run(
            None, {"input": self._input, "state": self._state, "sr": self._rate}
        )
        return float(output[0, 0])

    def score(self, frame: Float32Frame, quiet_dbfs: float = -math.inf) -> ScoredFrame:
        """Score the frame; where it does not follow the last one, the model begins anew.

        The model hears a faint frame louder (`Gain`); the result has the frame's own samples and level.

        A frame softer than `quiet_dbfs` gets 0 without the model: a single run after a rest takes five times
        as long as one of many in a row, and that was most of what listening costs. When a louder frame
        follows, the model hears the last few quiet ones first.
        """
        if frame.position != self._expected:
            self._forget()
            self._passed.clear()
            self._gain, self._newest = Gain(self._room_dbfs), 0.0
            self._room_dbfs = None
        self._expected = frame.position + FRAME_SAMPLES
        level = level_dbfs(frame.samples)
        gain = self._gain.update(level, speech=self._newest >= LIKELY)
        if level < quiet_dbfs:
            self._passed.append(frame)
            self._newest = 0.0
            return ScoredFrame(frame, 0.0, level)
        if self._passed:
            self._forget()
        while self._passed:
            self._score(self._passed.popleft().samples, gain)
        self._newest = min(1.0, max(0.0, self._score(frame.samples, gain)))
        return ScoredFrame(frame, self._newest, level)
