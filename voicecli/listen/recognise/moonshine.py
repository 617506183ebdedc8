"""16 kHz speech -> English words: Moonshine, which encodes the sound alone, not a window of fixed length.

Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", 2024. It has no
token for "nobody speaks": whether somebody does is told by how likely the words are, and by the voice
activity detector. Where the numbers come from: docs/decisions/0025-second-engines.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log
from typing import TYPE_CHECKING, Protocol

import numpy as np

from voicecli.audio.level import raised
from voicecli.errors import EngineError, ModelError
from voicecli.listen.whisper.guards import (
    CLEAR_S,
    LETTERS_A_SECOND,
    LETTERS_SPARE,
    is_loop,
    once,
    spoken_letters,
)
from voicecli.listen.whisper.window import LONGEST_S, SHORTEST_S, check_samples, sounding_s
from voicecli.messages import RATE_HZ, Transcript
from voicecli.system.onnx import VERIFY, open_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.messages import Float32

LANGUAGE = "en"
LANGUAGES = frozenset({LANGUAGE})

TOKENS_A_SECOND = 6.5
"""Most tokens for a second of English: its authors' limit, which ends words that repeat without end."""
SPARE_TOKENS = 4
"""Allowed besides, for one word in a fraction of a second: "Yes." is two tokens, and one marks the end."""

LEAST_LOG_PROB = -0.8
"""Mean log-probability below which a text of one token is a guess. Of more tokens each must be likelier,
because those before it help to predict it. This threshold keeps 175 of 189 spoken clips, and 4 of 501 sounds
in which nobody speaks."""
LATER_LOG_PROB = 0.15
"""The threshold rises by this times the natural logarithm of the number of tokens, up to `ENOUGH_TOKENS`."""
ENOUGH_TOKENS = 12
CLEAR_SPARE = 0.2
"""The threshold is lower by this where the voice activity detector is sure of speech."""
SURENESS = 8.0
"""How fast `spoken` rises with the margin over the threshold: 0.83 at the margin `CLEAR_SPARE`."""

OF_NOTHING = frozenset({"you", "thank you for watching", "thanks for watching"})
"""What Moonshine writes, as if it were sure, where it hears silence, hiss or coughs. It did so for 192 of 501
sounds in which nobody speaks."""
_NO_SPEECH = frozenset("♪©")
"""What Moonshine writes of hums and music, alone or in a line of them."""

_BEGIN, _END = 1, 2
_FIRST_BYTE = 3
"""Token of the byte 0; those below it are no text."""
_MARKED = b"<<"
"""Tokens that begin so are no text: `<<ST_0>>`."""
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
"""How SentencePiece writes a blank."""
_STRIDE = 64 * 3 * 2
"""Samples of one step of the encoder: the product of its three strides. The decoder's mask counts samples."""
FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")


@dataclass(frozen=True, slots=True)
class Said:
    """What one pass gave."""

    text: str
    log_prob: float
    """Mean over the tokens, the one for the end among them."""
    tokens: int
    """Tokens of the text alone."""
    cut_off: bool
    """The token budget was used up before the words ended."""

    @property
    def repeats(self) -> bool:
        """The words repeat themselves."""
        return is_loop(self.text)

    @property
    def of_nothing(self) -> bool:
        """It is what Moonshine writes where it hears nothing."""
        bare = "".join(char for char in self.text.casefold() if char.isalnum() or char == " ")
        return not bare.strip() or bare.strip() in OF_NOTHING or not _NO_SPEECH.isdisjoint(self.text)

    @property
    def margin(self) -> float:
        """How far the log-probability is above the threshold below which words are a guess."""
        tokens = min(max(self.tokens, 1), ENOUGH_TOKENS)
        return self.log_prob - LEAST_LOG_PROB - LATER_LOG_PROB * log(tokens)

    @property
    def spoken(self) -> float:
        """Probability that somebody speaks, 0..1, as far as the words tell."""
        return 0.0 if self.of_nothing else 1.0 / (1.0 + exp(-SURENESS * self.margin))


class Moonshine:
    """The weights, which any number of sessions may use at once."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load a folder with the three files; `threads` 0 is one, which is enough.

        Raises ModelError: the folder is not a whole Moonshine model.
        """
        for name in FILES:
            if not (folder / name).is_file():
                raise ModelError(f"{folder} has no {name}", VERIFY)
        self._encoder = open_session(folder / FILES[0], threads or 1, lengths_vary=True)
        self._decoder = open_session(folder / FILES[1], threads or 1, lengths_vary=True)
        self._tokens = read_tokens(folder / FILES[2])
        self._given = [value.name for value in self._decoder.get_outputs()]
        self._past = {
            value.name: np.zeros((1, value.shape[1], 0, value.shape[3]), np.float32)
            for value in self._decoder.get_inputs()
            if value.name.startswith("past_key_values.")
        }
        if self._given[:1] != ["logits"] or not self._past:
            raise ModelError(f"{folder} is not a Moonshine model", VERIFY)

    def warm(self) -> None:
        """Do the work that only the first call needs, before a user waits for it."""
        noise = np.random.default_rng(0).standard_normal(RATE_HZ) * 0.01
        self.decode(noise.astype(np.float32))

    def session(self) -> MoonshineRecogniser:
        """Make a recogniser for one talk."""
        return MoonshineRecogniser(self)

    def decode(self, samples: Float32) -> Said:
        """Find the words of (n,) float32 at 16 kHz, each token the likeliest. Raises EngineError."""
        try:
            return self._decode(samples)
        except Exception as error:  # onnxruntime raises its own types
            raise EngineError("the speech model failed on a sentence", VERIFY) from error

    def _decode(self, samples: Float32) -> Said:
        heard_mask = np.ones((1, samples.size), np.int64)
        encoded = self._encoder.run(None, {"input_values": samples[np.newaxis], "attention_mask": heard_mask})
        given = {
            "encoder_hidden_states": encoded[0],
            "encoder_attention_mask": np.ones((1, encoded[0].shape[1] * _STRIDE), np.int64),
            **self._past,
        }
        tokens: list[int] = []
        log_probs: list[float] = []
        token = _BEGIN
        for step in range(token_budget(samples.size / RATE_HZ)):
            given["input_ids"] = np.array([[token]], np.int64)
            given["use_cache_branch"] = np.array([step > 0])
            made = dict(zip(self._given, self._decoder.run(None, given), strict=True))
            token, log_prob = likeliest(made.pop("logits")[0, -1])
            log_probs.append(log_prob)
            if token == _END:
                break
            tokens.append(token)
            for name, value in made.items():  # only the first step makes the keys and values of the sound
                if step == 0 or ".decoder." in name:
                    given[name.replace("present.", "past_key_values.")] = value
        text = unquoted(self._text(tokens))
        return Said(text, float(np.mean(log_probs)), len(tokens), cut_off=token != _END)

    def _text(self, tokens: Sequence[int]) -> str:
        pieces = [self._tokens[token] for token in tokens if token >= _FIRST_BYTE]
        joined = b"".join(piece for piece in pieces if not piece.startswith(_MARKED))
        return joined.decode("utf-8", "ignore").replace(_SPACE, " ").strip()


class Weights(Protocol):
    """The loaded model, as a recogniser needs it: `Moonshine`, or a fake in a test."""

    def decode(self, samples: Float32) -> Said:
        """Find the words of (n,) float32 at 16 kHz. Raises EngineError."""
        ...


class MoonshineRecogniser:
    """Moonshine and the judging of what it says; it remembers nothing."""

    window_s = LONGEST_S
    """The longest speech that the gate gives: one pass over all of it is as good as passes over parts."""
    languages = LANGUAGES
    finds_language = False
    looks_ahead = True

    def __init__(self, model: Weights) -> None:
        self._model = model

    def narrow(self, *, on: bool) -> None:
        """Do nothing: it follows a single reading anyway."""

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """English, in each part. Raises ValueError: the samples are not such as `transcribe` takes."""
        check_samples(samples)
        return [{LANGUAGE: 1.0} for _ in spans]

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,
        language: str | None = None,  # not used: it knows one
        clear_s: float = 0.0,
    ) -> Transcript:
        """Write down what is said in `samples`: (n,) float32 in [-1, 1], 16 kHz, 0 < n <= 28 s.

        `clear_s` is how much of it the voice activity detector is sure is speech, seconds: its words may be
        a little less likely. `provisional` words that repeat themselves are not `settled`: the final pass
        looks at them again.

        Raises ValueError for other samples; EngineError when the model fails.
        """
        check_samples(samples)
        if samples.size < SHORTEST_S * RATE_HZ or not samples.any():
            return Transcript("", LANGUAGE, 0.0)
        samples = raised(samples, RATE_HZ)
        begins_s, ends_s = sounding_s(samples)
        said = self._model.decode(samples)
        if said.repeats and (said.cut_off or not fits(said.text, ends_s - begins_s)):
            said = replace(said, text=once(said.text))  # nobody can have said more
        least = -CLEAR_SPARE if clear_s >= CLEAR_S else 0.0
        if said.of_nothing or said.margin < least:
            return Transcript("", LANGUAGE, 0.0, said.spoken)
        settled = not (provisional and said.repeats)
        return Transcript(said.text, LANGUAGE, min(1.0, exp(said.log_prob)), said.spoken, settled=settled)


def token_budget(audio_s: float) -> int:
    """Tokens that English of this length can need."""
    return round(TOKENS_A_SECOND * audio_s) + SPARE_TOKENS


def likeliest(logits: Float32) -> tuple[int, float]:
    """The likeliest token and its log-probability, of (n,) logits."""
    best = int(logits.argmax())
    above = logits.astype(np.float64) - float(logits[best])
    return best, -log(float(np.exp(above).sum()))


def fits(text: str, sound_s: float) -> bool:
    """Whether somebody can say the text in `sound_s`."""
    return spoken_letters(text) <= LETTERS_A_SECOND * sound_s + LETTERS_SPARE


def unquoted(text: str) -> str:
    """The text without the quotation marks it sometimes stands in: nobody says them."""
    text = text.strip('"“” ')
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == "'" else text


def read_tokens(file: Path) -> list[bytes]:
    """The text of each token, in order.

    In front of each stands its length in bytes: one byte if it is below 128; else two, a >= 128 and b, which
    mean a - 128 + 128 * b. Raises ModelError: the file cannot be read, or ends within a token.
    """
    try:
        packed = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror})", VERIFY) from error
    tokens: list[bytes] = []
    at = 0
    while at < len(packed):
        size = packed[at]
        at += 1
        if size >= 128:
            if at == len(packed):
                raise ModelError(f"{file} ends within a token", VERIFY)
            size += 128 * packed[at] - 128
            at += 1
        tokens.append(packed[at : at + size])
        at += size
    if at != len(packed) or not tokens:
        raise ModelError(f"{file} ends within a token", VERIFY)
    return tokens
