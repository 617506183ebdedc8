"""Piper: clause text -> int16 samples, piece by piece. The only file that imports piper.

A sentence is planned as a whole and made into sound in parts (`halves`): the first part comes long before the
last. A voice that does not fall into halves, or tells where its words end, makes whole clauses.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import numpy as np

from voicecli.audio.level import FULL_SCALE, first_audible, to_int16
from voicecli.audio.recordings.wavpipe import RATES_HZ
from voicecli.errors import EngineError, ModelError
from voicecli.models.choice import voice_file
from voicecli.speak.halves import halves
from voicecli.speak.voice import Piece, sound_of
from voicecli.speak.voices import language_called, language_of
from voicecli.system.extras import demand_packages
from voicecli.system.onnx import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from piper import AudioChunk, PiperVoice, SynthesisConfig
    from piper.config import PiperConfig

    from voicecli.config import SynthesizeConfig
    from voicecli.messages import Float32
    from voicecli.models.store import ModelStore
    from voicecli.speak.voice import Voice
    from voicecli.system.onnx import Session

LEAD_S = 0.01
"""Silence left before a clause. Piper begins with 30-50 ms of it, which is latency for the listener."""

HISS_LSB = 2.0
"""RMS of the noise under the voice, in steps of 16 bits: -84 dBFS, which nobody hears.

Piper's pauses are fainter than one step of 16 bits (0.7-0.85 steps RMS with the voice joe, three texts).
Amplifiers and Bluetooth links take that for nothing, switch themselves off and cut the next syllable, and
no measurement tells such a pause from a buffer that ran dry.
"""

FIRST_COLUMNS = 20
MOST_COLUMNS = 128
"""Columns of the latent sequence, each 11.6 ms of sound, that are decoded at a time: few at first, because
the user waits, then twice as many each time. 20 give 0.2 s of sound without the silence that Piper begins
with: what the jitter buffer wants before a reply begins."""

MARGIN_COLUMNS = 16
"""Columns to either side that a part is decoded with and that are cut off again. With 12, parts of the voice
joe differ from the whole clause by -120 dB, with 8 by -60: docs/decisions/0023."""

TYPICAL_PEAK = 0.55
"""Loudest sample of a clause of the voice joe, before any gain. `warm` measures it for each voice."""

KNEE = 0.8
"""Share of full scale above which a peak is bent to stay below 1. All clauses have one gain, because the peak
of a clause is not known before its end."""

LEAST_PACE = 0.05
"""Least `length_scale` of a voice's file, which is 1 for most; its inverse is the largest."""

_WARM = ("Yes.", "Let me think about that for a moment, please.")
_VERIFY = 'run "voicecli models verify", or choose another voice'


def languages(config: SynthesizeConfig, store: ModelStore) -> frozenset[str]:
    """What the file of the voice says. Raises ModelError."""
    return frozenset({language_of(voice_file(store, config.voice))})


def load(config: SynthesizeConfig, store: ModelStore) -> Callable[[], Voice]:
    """Load the voice, and give what makes one for each talk. Raises ModelError, EngineError."""
    demand_packages("piper", "onnxruntime")
    piper = Piper(voice_file(store, config.voice), config)
    piper.warm()
    return piper.session


class Piper:
    """A Piper voice, loaded. Not for two threads at once: espeak-ng, which phonemises, has one state."""

    def __init__(self, voice: Path, config: SynthesizeConfig) -> None:
        """Load `voice` (.onnx) and the .onnx.json beside it. Raises ModelError when they are no voice."""
        from piper import PiperVoice, SynthesisConfig
        from piper.config import PiperConfig

        settings = voice.with_name(voice.name + ".json")
        threads = config.threads or 2
        try:
            described = _checked(PiperConfig.from_dict(json.loads(settings.read_text("utf-8"))))
            parts = halves(voice) if voice.is_file() else None
            session = open_session(parts.encoder if parts else voice, threads, lengths_vary=True)
            decoder = open_session(parts.decoder, threads, lengths_vary=True) if parts else None
        except OSError as error:
            raise ModelError(
                f"the voice file {settings} cannot be read ({error.strerror})", _VERIFY
            ) from error
        except Exception as error:  # json, KeyError, and onnxruntime's own types
            raise ModelError(f"{voice} is not a Piper voice that can be loaded", _VERIFY) from error
        self.rate_hz: int = described.sample_rate
        self.language: str = language_called(described.espeak_voice)
        """ISO 639-1 code of what the voice speaks."""
        speech = SynthesisConfig(length_scale=described.length_scale / config.speed, volume=config.volume)
        piper = PiperVoice(session=session, config=described)
        self.maker: Maker = (
            Parts(piper, speech, decoder, parts.latent) if parts and decoder else Wholes(piper, speech)
        )
        """Which of the two ways it speaks."""

    def warm(self) -> None:
        """Pay the costs of the first calls (espeak-ng's data, memory arenas) before they are latency."""
        for text in _WARM:
            sound_of(self.session(), text)
        self.maker.settle()

    def session(self) -> Synthesizer:
        """Make the voice for one talk."""
        return Synthesizer(self)


def _checked(described: PiperConfig) -> PiperConfig:
    """Refuse what no voice can have; piper takes what the file says. Raises ValueError, TypeError."""
    rate_hz, pace = described.sample_rate, float(described.length_scale)
    if type(rate_hz) is not int or not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise ValueError("a sample rate that no voice has")
    if not LEAST_PACE <= pace <= 1 / LEAST_PACE or not isinstance(described.espeak_voice, str):
        raise ValueError("a pace or a language that no voice has")
    return described


class Synthesizer:
    """A Piper voice as one talk hears it."""

    def __init__(self, piper: Piper) -> None:
        self.rate_hz = piper.rate_hz
        self.language = piper.language
        self.languages = frozenset({piper.language})
        self._maker = piper.maker
        self._noise = np.random.default_rng(0)

    def say(self, text: str) -> Iterator[Piece]:
        """Give the clause piece by piece, without the silence Piper begins with; none where nothing is said.

        Raises EngineError when the voice fails on this text.
        """
        try:
            for sound, to_come, ends in self._maker.sounds(text):
                hiss = self._noise.normal(0.0, HISS_LSB / FULL_SCALE, sound.size).astype(np.float32)
                yield Piece(to_int16(sound + hiss), to_come, ends)
        except Exception as error:  # onnxruntime raises its own types
            raise EngineError("the voice failed on a clause", _VERIFY) from error


class Maker(Protocol):
    """How a text becomes sound."""

    def sounds(self, text: str) -> Iterator[tuple[Float32, int, tuple[int, ...]]]:
        """Give (n,) float32, n > 0, with `to_come` and `word_ends` of a `Piece`, piece by piece.

        Raises what Piper and onnxruntime raise.
        """
        ...

    def settle(self) -> None:
        """Some clauses have been said: from now on all are as loud as those."""
        ...


class Wholes:
    """Clauses whole, each as loud as it can be."""

    def __init__(self, voice: PiperVoice, speech: SynthesisConfig) -> None:
        self._voice = voice
        self._speech = speech

    def sounds(self, text: str) -> Iterator[tuple[Float32, int, tuple[int, ...]]]:
        """Give the whole clause as one piece; none where nothing is said."""
        chunks = list(self._voice.synthesize(text, self._speech, include_alignments=True))
        if not chunks:
            return
        pieces: list[Float32] = [chunk.audio_float_array for chunk in chunks]
        sound = np.concatenate(pieces)
        begin = _begin(sound, chunks[0].sample_rate)
        if begin < sound.size:
            yield sound[begin:], 0, tuple(max(0, end - begin) for end in word_ends(chunks))

    def settle(self) -> None:
        """Nothing to do."""


class Parts:
    """Clauses in parts, all with one gain: how loud the loudest moment is, is not known before the end."""

    def __init__(self, voice: PiperVoice, speech: SynthesisConfig, decoder: Session, latent: str) -> None:
        """`voice` with the encoder as its session, which gives `latent` and what else `decoder` takes."""
        self.described = voice.config
        self._voice = voice
        self._speech = speech
        self._decoder = decoder
        self._latent = latent
        self._hop = self.described.hop_length
        self._shared = [value.name for value in decoder.get_inputs()]
        self._peak = TYPICAL_PEAK
        self._loudest = 0.0

    def settle(self) -> None:
        """From now on, expect every clause to be as loud as the loudest sample so far."""
        self._peak = self._loudest or self._peak

    def sounds(self, text: str) -> Iterator[tuple[Float32, int, tuple[int, ...]]]:
        """Give the clause part by part, without the silence before its first sound."""
        sentences = [
            self._voice.phonemes_to_ids(phonemes) for phonemes in self._voice.phonemize(text) if phonemes
        ]
        phonemes_to_come = sum(map(len, sentences))
        begun = False
        for ids in sentences:
            given = self._planned(ids)
            columns = given[self._latent].shape[2]
            phonemes_to_come -= len(ids)
            later = phonemes_to_come * columns * self._hop // len(ids)  # if it goes on as fast as here
            for begin, end in spans(columns):
                sound = self._levelled(self._decoded(given, begin, end))
                quiet = 0 if begun else _begin(sound, self.described.sample_rate)
                begun = begun or quiet < sound.size
                if begun:
                    yield sound[quiet:], (columns - end) * self._hop + later, ()

    def _planned(self, ids: list[int]) -> dict[str, Float32]:
        """What the encoder makes of a sentence."""
        config, speech = self.described, self._speech
        scales = [config.noise_scale, speech.length_scale, config.noise_w_scale]
        taken = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        if config.num_speakers > 1:
            taken["sid"] = np.array([config.default_speaker_id], np.int64)
        made = self._voice.session.run(self._shared, taken)
        return dict(zip(self._shared, made, strict=True))

    def _decoded(self, given: dict[str, Float32], begin: int, end: int) -> Float32:
        """Columns `begin` to `end` as sound."""
        first = max(0, begin - MARGIN_COLUMNS)
        part = given[self._latent][:, :, first : end + MARGIN_COLUMNS]
        sound: Float32 = self._decoder.run(None, {**given, self._latent: part})[0].reshape(-1)
        return sound[(begin - first) * self._hop : (end - first) * self._hop]

    def _levelled(self, sound: Float32) -> Float32:
        """Bring (n,) float32 to the volume of the settings; peaks are bent to stay below it."""
        self._loudest = max(self._loudest, float(np.abs(sound).max()))
        return bent(sound / np.float32(self._peak)) * np.float32(self._speech.volume)


def spans(columns: int) -> Iterator[tuple[int, int]]:
    """Where to cut a sequence: first FIRST_COLUMNS, then twice as many each time, up to MOST_COLUMNS."""
    begin, count = 0, FIRST_COLUMNS
    while begin < columns:
        end = min(begin + count, columns)
        yield begin, end
        begin, count = end, min(2 * count, MOST_COLUMNS)


def bent(sound: Float32) -> Float32:
    """Bend what lies above KNEE so that it stays below 1; below the knee nothing changes."""
    size = np.abs(sound)
    over = KNEE + (1 - KNEE) * np.tanh((size - KNEE) / (1 - KNEE))
    return np.where(size > KNEE, np.copysign(over, sound), sound).astype(np.float32)


def _begin(sound: Float32, rate_hz: int) -> int:
    """Index of the sample to begin with, LEAD_S before the first audible one; the size where none is."""
    audible = first_audible(sound, rate_hz)
    return max(0, audible - round(LEAD_S * rate_hz)) if audible < sound.size else sound.size


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
