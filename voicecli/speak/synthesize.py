"""Piper: clause text -> int16 samples. The only file that imports piper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import FULL_SCALE, first_audible, to_int16
from voicecli.errors import EngineError, ModelError
from voicecli.onnx import open_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from piper import AudioChunk

    from voicecli.config import SynthesizeConfig
    from voicecli.messages import Float32, Int16

LEAD_S = 0.01
"""Silence left before a clause. Piper begins with 30-50 ms of it, which is latency for the listener."""

HISS_LSB = 2.0
"""RMS of the noise under the voice, in steps of 16 bits: -84 dBFS, which nobody hears.

Piper's pauses are fainter than one step of 16 bits (0.7-0.85 steps RMS with the voice joe, three texts).
Amplifiers and Bluetooth links take that for nothing, switch themselves off and cut the next syllable, and
no measurement tells such a pause from a buffer that ran dry.
"""

_VERIFY = 'run "voicecli models verify", or choose another voice'


class Synthesizer:
    """A Piper voice. Not for two threads at once: espeak-ng, which it phonemises with, has one state."""

    def __init__(self, voice: Path, config: SynthesizeConfig) -> None:
        """Load `voice` (.onnx) and the .onnx.json beside it. Raises ModelError when they are no voice."""
        from piper import PiperVoice, SynthesisConfig
        from piper.config import PiperConfig

        settings = voice.with_name(voice.name + ".json")
        try:
            described = PiperConfig.from_dict(json.loads(settings.read_text("utf-8")))
            session = open_session(voice, config.threads or 2, lengths_vary=True)
        except OSError as error:
            raise ModelError(
                f"the voice file {settings} cannot be read ({error.strerror})", _VERIFY
            ) from error
        except Exception as error:  # json, KeyError, and onnxruntime's own types
            raise ModelError(f"{voice} is not a Piper voice that can be loaded", _VERIFY) from error
        self.rate_hz: int = described.sample_rate
        self.language: str = described.espeak_voice.partition("-")[0]
        """ISO 639-1 code of what the voice speaks."""
        self.word_ends: tuple[int, ...] = ()
        """Samples of the newest clause to the end of each spoken word; none where the voice does not tell."""
        self._noise = np.random.default_rng(0)
        self._voice = PiperVoice(session=session, config=described)
        self._settings = SynthesisConfig(
            length_scale=described.length_scale / config.speed, volume=config.volume
        )

    def warm(self) -> None:
        """Pay the costs of the first calls (espeak-ng's data, memory arenas) before they are latency."""
        for text in ("Yes.", "Let me think about that for a moment, please."):
            self.synthesize(text)

    def synthesize(self, text: str) -> Int16:
        """(n,) int16 at `rate_hz`, without the silence Piper begins with; n = 0 when nothing can be said.

        Raises EngineError when the voice fails on this text.
        """
        try:
            chunks = list(self._voice.synthesize(text, self._settings, include_alignments=True))
        except Exception as error:  # onnxruntime raises its own types
            raise EngineError("the voice failed on a clause", _VERIFY) from error
        self.word_ends = ()
        if not chunks:
            return np.zeros(0, np.int16)
        pieces: list[Float32] = [chunk.audio_float_array for chunk in chunks]
        samples = np.concatenate(pieces)
        begin = max(0, first_audible(samples, self.rate_hz) - round(LEAD_S * self.rate_hz))
        self.word_ends = tuple(max(0, end - begin) for end in word_ends(chunks))
        voice = samples[begin:]
        hiss = self._noise.normal(0.0, HISS_LSB / FULL_SCALE, voice.size).astype(np.float32)
        return to_int16(voice + hiss)


def word_ends(chunks: Sequence[AudioChunk]) -> list[int]:
    """Samples of all chunks up to the end of each spoken word.

    Empty unless the voice was exported with alignments, which tell how long each phoneme takes.
    """
    ends: list[int] = []
    at = 0
    for chunk in chunks:
        if not chunk.phoneme_alignments:
            return []
        for phoneme in chunk.phoneme_alignments:
            if phoneme.phoneme == " ":
                ends.append(at)
            at += phoneme.num_samples
        ends.append(at)
    return ends
