"""16 kHz samples -> encoded sound -> words as Whisper gives them. The only file that imports faster-whisper.

It judges nothing: `transcriber` and `guards` tell whether anybody said the words.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.errors import ModelError
from voicecli.listen.whisper.guards import Words, before_end
from voicecli.messages import RATE_HZ
from voicecli.system.posix import usable_cores

if TYPE_CHECKING:
    from pathlib import Path

    from ctranslate2 import StorageView
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

    from voicecli.messages import Float32

_STEP = 2 * 160
"""Samples of one step of the encoder: two feature frames of 10 ms."""

MULTILINGUAL_TOKENS = 51_865
"""Tokens that a model of several languages has at least; one of English alone has one less."""
_ENGLISH = "en"
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")
"""The token of a language. Tokens for other purposes have longer names, such as `<|translate|>`."""


@dataclass(frozen=True, slots=True)
class Search:
    """How to look for words in a window."""

    beam_size: int
    max_tokens: int
    no_repeat_ngram: int = 0
    """Tokens in a row that may not come twice; 0: all may."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A window as the decoder hears it."""

    view: StorageView
    before_s: float
    """Silence in front of the samples, seconds."""

    def part(self, begin_s: float, end_s: float) -> Encoded:
        """What lies between two places in the samples, by itself."""
        from ctranslate2 import StorageView

        begin = max(0, round((self.before_s + begin_s) * RATE_HZ / _STEP))
        end = round((self.before_s + end_s) * RATE_HZ / _STEP)
        steps = np.ascontiguousarray(np.asarray(self.view)[:, begin:end])
        return Encoded(StorageView.from_array(steps), 0.0)


def languages_of(folder: Path) -> frozenset[str]:
    """Codes of the languages that a CTranslate2 Whisper folder knows, by its vocabulary.

    A model of English alone has tokens of other languages, too. It is told as CTranslate2 tells it
    (`WhisperModel.is_multilingual`): by the number of its tokens.

    Raises ModelError: no vocabulary in the folder can be read, or it names no language.
    """
    tokens = _vocabulary(folder)
    if len(tokens) < MULTILINGUAL_TOKENS:
        return frozenset({_ENGLISH})
    found = frozenset(match[1] for token in tokens if (match := _LANGUAGE.fullmatch(token)))
    if not found:
        raise ModelError(f"the vocabulary in {folder} names no language", _REMEDY)
    return found


def _vocabulary(folder: Path) -> list[str]:
    try:
        file = next(folder.glob("vocabulary.*"))
        data = file.read_bytes()
        if file.suffix == ".json":
            return [str(token) for token in json.loads(data)]
        return data.strip().decode("utf-8", "replace").split("\n")
    except (OSError, ValueError, TypeError, RecursionError, StopIteration) as error:
        raise ModelError(f"{folder} has no vocabulary that can be read", _REMEDY) from error


class Whisper:
    """The model, loaded. Not for two threads at once."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load a CTranslate2 Whisper folder; opens no connection. `threads` 0 is `default_threads`.

        Raises ModelError: the folder is not a whole Whisper model.
        """
        from faster_whisper.feature_extractor import FeatureExtractor

        self._model = _load(folder, threads or default_threads(usable_cores()))
        self._features = FeatureExtractor(feature_size=self._model.model.n_mels)
        self._tokenizers: dict[str, Tokenizer] = {}
        self.languages = languages_of(folder)
        """Codes of the languages it knows."""

    def encode(self, samples: Float32, before_s: float, total_s: float) -> Encoded:
        """Encode (n,) float32 at 16 kHz with silence around them, `total_s` seconds in all."""
        from faster_whisper.transcribe import get_ctranslate2_storage

        window = np.zeros(int(total_s * RATE_HZ) // _STEP * _STEP, np.float32)
        first = int(before_s * RATE_HZ)
        window[first : first + samples.size] = samples
        frames = self._features(window, padding=0)
        view = self._model.model.encode(get_ctranslate2_storage(frames[np.newaxis].astype(np.float32)))
        return Encoded(view, before_s)

    def likely(self, encoded: Encoded) -> dict[str, float]:
        """Each language's code and its probability, the likeliest first: one step of the decoder."""
        found = self._model.model.detect_language(encoded.view)[0]
        return {token.strip("<|>"): probability for token, probability in found}

    def decode(self, encoded: Encoded, language: str, search: Search, end_s: float) -> Words:
        """Find the words of a window whose sound ends at `end_s` in its samples.

        With timestamps: they cost two tokens a sentence, and without them short windows loop.
        """
        from faster_whisper.transcribe import get_suppressed_tokens

        tokenizer = self._tokenizer(language)
        prompt = self._model.get_prompt(tokenizer, [])
        result = self._model.model.generate(
            encoded.view,
            [prompt],
            beam_size=search.beam_size,
            max_length=2 * search.max_tokens,  # CTranslate2 halves it, as Whisper does with its context
            no_repeat_ngram_size=search.no_repeat_ngram,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )[0]
        tokens: list[int] = result.sequences_ids[0]
        kept = before_end(tokens, tokenizer.timestamp_begin, encoded.before_s + end_s)
        return Words(
            text=tokenizer.decode(kept).strip(),
            # CTranslate2 gives the mean over the tokens; the end token counts as well.
            log_prob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech=result.no_speech_prob,
            tokens=sum(token < tokenizer.eot for token in kept),
            cut_off=len(tokens) >= search.max_tokens and len(kept) == len(tokens),
        )

    def _tokenizer(self, language: str) -> Tokenizer:
        from faster_whisper.tokenizer import Tokenizer

        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._model.hf_tokenizer, self._model.model.is_multilingual, "transcribe", language
            )
        return self._tokenizers[language]


def default_threads(cores: int) -> int:
    """Half the cores, at most 4: decoding takes small steps, and on two cores one thread is faster."""
    return max(1, min(4, cores // 2))


def _load(folder: Path, threads: int) -> WhisperModel:
    for name in ("model.bin", "config.json", "tokenizer.json"):  # faster-whisper would fetch a tokenizer
        if not (folder / name).is_file():
            raise ModelError(f"{folder} has no {name}", _REMEDY)
    # Read by OpenMP (libgomp, in the CTranslate2 wheel) when it is loaded: idle threads sleep, not spin.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
    except Exception as error:  # tokenizers raises Exception itself; CTranslate2 RuntimeError and ValueError
        raise ModelError(f"{folder} is not a Whisper model that can be read: {error}", _REMEDY) from error


_REMEDY = 'run "voicecli models verify"'
