"""16 kHz speech -> words: Whisper on a short window, with a second pass where the first leaves doubt.

Whisper was trained on windows of 30 s, and most of the time it takes goes into encoding the silence after a
short utterance. Here only the speech and some silence are encoded. That brings loops and words that nobody
said; `guards` catches them. Where the numbers come from: docs/decisions/0003-short-window.md.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import raised
from voicecli.listen.recogniser import AUTO, understood
from voicecli.listen.whisper.guards import (
    CLEAR_S,
    LOW_LOG_PROB,
    MAX_TOKENS,
    NEARLY,
    NO_SPEECH,
    Words,
    alike,
    is_loop,
    once,
    spoken_letters,
    token_budget,
)
from voicecli.listen.whisper.languages import SENTENCE_S
from voicecli.listen.whisper.whisper import Search
from voicecli.listen.whisper.window import (
    LONGEST_S,
    SHORTEST_S,
    WINDOW_S,
    check_samples,
    cut,
    sounding_s,
    window_s,
)
from voicecli.messages import RATE_HZ, Transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.listen.whisper.whisper import Encoded, Whisper
    from voicecli.messages import Float32

QUIET_BEFORE_S = 0.2
"""Silence in front of the sound: Whisper loses or repeats a word that begins with the very first sample."""
WHOLE_NO_SPEECH = 0.45
"""Takes the place of NO_SPEECH in the whole window, where only doubtful words get a pass. Whisper has 0.6."""
SURE_LANGUAGE = 0.5
"""faster-whisper's own `language_detection_threshold`."""
LONG_S = 9.0
"""Whisper takes a crowd for one person who repeats himself if it hears more of it than this, in either
window; in shorter parts it does not. docs/decisions/0011-words-that-are-said.md has the figures."""
LEAST_WORDED = 0.2
"""Somebody speaks in sound longer than LONG_S if parts with ordinary words are at least this share of it."""
SLOWEST_LETTERS = 3.0
"""Letters a second that ordinary words of such a part have at least. A loop cut to one round has fewer."""
LEAST_REPEATED = 0.5
"""The same share where words that repeat themselves or are few count, too: parts of a crowd have such."""
CHANGED_LANGUAGE = 0.9
"""Least probability at which short sound may change the language: Whisper takes a word, a hum or a laugh for
another language with up to 0.88."""
USUAL, NARROW = (2, 5), (1, 2)
"""Beams of the first pass and of a second one: usually, and where the computer does not keep up."""
AROUND_S = 0.3
"""Seconds on each side of a part that also serve to find its language. Three English numbers, cut out
exactly, are Chinese to Whisper (probability 0.8). With this much around them they are English (0.8), as they
are when encoded by themselves with silence after them."""


class Transcriber:
    """Whisper and the judging of what it says, for one talk. Not for two threads at once."""

    window_s = LONGEST_S
    looks_ahead = True

    def __init__(self, whisper: Whisper, language: str = AUTO) -> None:
        """`language` is a code Whisper knows, or "auto".

        With "auto" each call finds the language by the sound; where a word is too little to tell, it is the
        one spoken before. Raises ConfigError: a language Whisper does not know.
        """
        self._whisper = whisper
        self.languages = understood(language, whisper.languages)
        """All that it may write down: those of the model, or the one of the settings."""
        self._language = next(iter(self.languages)) if len(self.languages) == 1 else AUTO
        self._beams = USUAL
        self._spoken = ""
        """The language of the last words whose language was sure."""
        self._glimpsed = ""
        """Text of the last look, while the user still spoke."""
        self._kept: tuple[Float32, float, float, Encoded] | None = None
        """Samples whose languages `language_odds` found, how they were encoded, and the result."""

    def warm(self) -> None:
        """Do the work that only the first transcription needs, before a user waits for it."""
        noise = np.random.default_rng(0).standard_normal(RATE_HZ) * 0.01
        self.transcribe(noise.astype(np.float32))

    def narrow(self, *, on: bool) -> None:
        """Search with the smaller beams of NARROW from now on, or with the usual ones."""
        self._beams = NARROW if on else USUAL

    @property
    def finds_language(self) -> bool:
        """Whether the language is found by the sound."""
        return self._language == AUTO

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """For each part of `samples`, the probability of each language by its code.

        `spans`: begin and end of each part, seconds. The encoder runs once, over all of it; the decoder takes
        one step for each part. Raises ValueError for samples that `transcribe` does not take.
        """
        check_samples(samples)
        before_s = max(0.0, QUIET_BEFORE_S - sounding_s(samples)[0])
        total_s = window_s(samples.size / RATE_HZ + before_s)
        encoded = self._encode(samples, before_s, total_s)
        self._kept = (samples, before_s, total_s, encoded)  # they are transcribed next, most often
        parts = [encoded.part(begin_s - AROUND_S, end_s + AROUND_S) for begin_s, end_s in spans]
        return [self._whisper.likely(part) for part in parts]

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,
        language: str | None = None,
        clear_s: float = 0.0,
    ) -> Transcript:
        """Write down what is said in `samples`: (n,) float32 in [-1, 1], 16 kHz, 0 < n <= 28 s.

        `language` is the code of the language where that is known; else Whisper finds it. `clear_s`: how many
        seconds of `samples` the voice activity detector is sure are speech; clear speech gets a second pass
        before its text is left empty.

        The text is empty where there are no words; with "auto" so is the language then. A provisional
        transcript gets no second pass: unlikely words are left out, and words that repeat themselves are not
        `settled`: the final pass looks at them again.

        Raises ValueError for other samples.
        """
        check_samples(samples)
        if samples.size < SHORTEST_S * RATE_HZ:
            return self._nothing()
        samples = raised(samples, RATE_HZ)
        begins_s, ends_s = sounding_s(samples)
        sound_s = ends_s - begins_s
        before_s = max(0.0, QUIET_BEFORE_S - begins_s)
        encoded = self._encode(samples, before_s, window_s(samples.size / RATE_HZ + before_s))
        language, sure = self._language_of(encoded, sound_s, language, provisional=provisional)
        quick = Search(beam_size=self._beams[0], max_tokens=token_budget(samples.size / RATE_HZ))
        words = self._whisper.decode(encoded, language, quick, ends_s)
        clear, guessed = clear_s >= CLEAR_S, bool(words.text)
        before, self._glimpsed = self._glimpsed, words.text if provisional else ""
        if not (sure or clear) and words.no_speech > NO_SPEECH:
            return self._nothing(words, guessed=guessed)
        if not provisional and sound_s > LONG_S and self._tells_nothing(words, sound_s):
            return self._parts(samples, language, clear_s, words)
        if not words.confirmed(before):  # a second pass takes as long as all else
            words = self._settled(samples, language, words, sound_s, provisional=provisional, clear=clear)
        if not words.text or (words.no_speech > NO_SPEECH and not sure):
            return self._nothing(words, guessed=guessed)
        if sure and not provisional:
            self._spoken = language
        likely = min(1.0, exp(words.log_prob))
        settled = not (provisional and words.repeats)
        return Transcript(words.text, language, likely, 1.0 - words.no_speech, settled=settled)

    def _settled(
        self, samples: Float32, language: str, words: Words, sound_s: float, *, provisional: bool, clear: bool
    ) -> Words:
        """The words after a second pass, if the first leaves doubt; without text where nobody said them."""
        if provisional:
            # How likely repeated words are tells nothing: each round makes the next likelier.
            loops = words.repeats and (words.no_speech > NO_SPEECH or not words.fits(sound_s))
            unlikely = words.log_prob < LOW_LOG_PROB or words.none
            return replace(words, text="") if unlikely or loops else words
        if words.open or (clear and (words.none or words.repeats)):
            return self._whole(samples, language, words, clear=clear)
        if words.repeats:
            return replace(words, text="")
        if words.log_prob < LOW_LOG_PROB and words.no_speech <= NO_SPEECH:
            words = self.second_look(samples, language, words)
        return replace(words, text="") if words.none else words

    def _nothing(self, words: Words | None = None, *, guessed: bool = False) -> Transcript:
        """No words; `guessed`: there were some, and nobody is believed to have said them."""
        language = "" if self._language == AUTO else self._language
        likely = 0.0 if words is None else 1.0 - words.no_speech
        return Transcript("", language, 0.0, likely, reason="guess" if guessed else "")

    @staticmethod
    def _tells_nothing(words: Words, sound_s: float) -> bool:
        doubtful = words.no_speech > NO_SPEECH or not words.fits(sound_s)
        return doubtful and (words.none or words.repeats)

    def _parts(self, samples: Float32, language: str, clear_s: float, words: Words) -> Transcript:
        """Transcribe long sound in parts, because no pass over the whole tells who speaks: see `LONG_S`.

        Where only a few parts have words, nobody speaks, and the text is empty.
        """
        parts = cut(samples, LONG_S)
        found = [
            self.transcribe(part, language=language, clear_s=clear_s * part.size / samples.size)
            for part in parts
        ]
        shares = [part.size / samples.size for part in parts]
        worded = sum(share for share, given in zip(shares, found, strict=True) if given.text)
        straight = sum(
            share
            for share, part, given in zip(shares, parts, found, strict=True)
            if spoken_letters(given.text) >= SLOWEST_LETTERS * part.size / RATE_HZ and not is_loop(given.text)
        )
        if straight < LEAST_WORDED and worded < LEAST_REPEATED:
            return self._nothing(words, guessed=bool(words.text))
        said = [given for given in found if given.text]
        text = " ".join(given.text for given in said)
        return Transcript(text, language, min(given.confidence for given in said), 1.0 - words.no_speech)

    def second_look(self, samples: Float32, language: str, words: Words) -> Words:
        """Make a second pass for unlikely words, in the window Whisper was trained on; take the likelier."""
        begins_s, ends_s = sounding_s(samples)
        careful = Search(beam_size=self._beams[1], max_tokens=MAX_TOKENS, no_repeat_ngram=8)
        second = self._whisper.decode(self._encode(samples, 0.0, WINDOW_S), language, careful, ends_s)
        if second.no_speech > WHOLE_NO_SPEECH:
            return second
        # `somebodys_log_prob` is for the short window, so the no-speech probability of that window stays.
        second = replace(second, no_speech=words.no_speech)
        loops = second.repeats and not second.fits(ends_s - begins_s)
        return second if second.log_prob > words.log_prob and not loops else words

    def _whole(self, samples: Float32, language: str, first: Words, *, clear: bool) -> Words:
        """Make a second pass, in the window Whisper was trained on, for words that repeat or may be none.

        There it loops less, and knows better whether somebody speaks. Where the speech is clear and both
        passes agree, words may be a little less likely. Repeated words stay if the sound is long enough to
        say them all. If not, a third pass is made that cannot repeat words. If it finds too many words as
        well, the words of the second pass stay, each repeated one once.
        """
        begins_s, ends_s = sounding_s(samples)
        sound_s = ends_s - begins_s
        whole = self._encode(samples, 0.0, WINDOW_S)
        free = Search(beam_size=self._beams[1], max_tokens=token_budget(samples.size / RATE_HZ))
        words = self._whisper.decode(whole, language, free, ends_s)
        agreed = alike(words.text, first.text)  # if not, repeated words may come from a crowd
        if words.no_speech > (WHOLE_NO_SPEECH if agreed or not words.repeats else NO_SPEECH):
            return replace(words, text="")
        # Somebody speaks. The window that is surer of it sets how likely the words must be.
        surer = min(words.no_speech, first.no_speech)
        if not words.fits(sound_s):
            if first.none and not first.repeats:  # repeats of a person would be in both windows
                return replace(words, text="")
            straight = self._whisper.decode(whole, language, replace(free, no_repeat_ngram=8), ends_s)
            words = straight if straight.fits(sound_s) else replace(words, text=once(words.text))
        words = replace(words, no_speech=surer)
        return words if words.margin >= (-NEARLY if agreed and clear else 0.0) else replace(words, text="")

    def _encode(self, samples: Float32, before_s: float, total_s: float) -> Encoded:
        kept, self._kept = self._kept, None
        if kept is not None and kept[0] is samples and kept[1:3] == (before_s, total_s):
            return kept[3]
        return self._whisper.encode(samples, before_s, total_s)

    def _language_of(
        self, encoded: Encoded, sound_s: float, known: str | None, *, provisional: bool
    ) -> tuple[str, bool]:
        """The language, and whether it is sure. One word does not change the language before it."""
        if self._language != AUTO:
            return self._language, True
        likely = self._whisper.likely(encoded)
        if known is not None:
            return known, likely.get(known, 0.0) >= SURE_LANGUAGE
        language, probability = next(iter(likely.items()))
        doubtful = provisional or sound_s < SENTENCE_S  # half a sentence tells less than the whole one before
        changed = self._spoken not in ("", language) and doubtful
        sure = probability >= (CHANGED_LANGUAGE if changed else SURE_LANGUAGE)
        if provisional and self._spoken and not sure:
            return self._spoken, True
        return (language if sure or not self._spoken else self._spoken), sure
