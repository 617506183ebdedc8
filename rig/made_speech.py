"""Text -> speech by Piper, the same samples every time, for tests that need something to hear."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from voicecli.models.store import models_root

if TYPE_CHECKING:
    from piper import PiperVoice

    from voicecli.messages import Float32

VOICE = "voice-en-us-joe"


QUESTION = "How many days are there in a week?"


@cache
def _voice() -> PiperVoice:
    from piper import PiperVoice

    return PiperVoice.load(models_root() / VOICE / "en_US-joe-medium.onnx")


@cache
def speak(text: str, rate_hz: int = 16_000) -> Float32:
    """Say `text`: (n,) float32 mono in [-1, 1] at `rate_hz`, read-only because it is shared.

    Piper's random variation of pitch and pace is off, so the same words give the same samples.
    """
    import soxr
    from piper import SynthesisConfig

    fixed = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0, volume=0.7)
    sentences = [
        (sentence.audio_float_array, sentence.sample_rate) for sentence in _voice().synthesize(text, fixed)
    ]
    own_rate_hz = sentences[0][1]
    samples: Float32 = soxr.resample(np.concatenate([s for s, _ in sentences]), own_rate_hz, rate_hz)
    samples = np.clip(samples, -1.0, 1.0).astype(np.float32)
    samples.flags.writeable = False
    return samples
