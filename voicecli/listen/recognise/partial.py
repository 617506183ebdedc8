"""Transcripts of speech that still goes on -> words that stay, and words that may change. Pure.

Local agreement: a word is confirmed when two passes in a row have it, and all before it, at the same place.
(Liu et al., "Low-latency sequence-to-sequence speech recognition and translation by partial hypothesis
selection", Interspeech 2020.)
"""

from __future__ import annotations

from itertools import takewhile, zip_longest

ENDS = ".?!,;:…\u3002\uff1f\uff01"
"""What a recogniser puts behind the last word of a pass, though the user may go on."""


def _letters(word: str) -> str:
    """What is compared of a word: its letters and digits, without case."""
    return "".join(char for char in word.casefold() if char.isalnum())


def words_of(text: str) -> list[str]:
    """Words as they are compared: without case and punctuation."""
    return [letters for word in text.split() if (letters := _letters(word))]


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts differ at most in punctuation and case."""
    return words_of(one) == words_of(other)


class Agreement:
    """The words of all passes over one turn. Confirmed ones stay, until the final transcript replaces all."""

    def __init__(self) -> None:
        self._confirmed: list[str] = []
        self._newest: list[str] = []

    def push(self, text: str) -> None:
        """Take the transcript of all that was said so far."""
        before, self._newest = self._newest, text.split()
        pairs = zip(map(_letters, before), map(_letters, self._newest), strict=False)
        agreed = [letters for letters, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
        stays = [_letters(word) for word in self._confirmed]
        if agreed[: len(stays)] == stays:  # else the pass changed confirmed words: confirm no more
            fresh = self._newest[len(stays) : len(agreed)]
            if fresh and len(agreed) == len(self._newest):  # a pass ends there, and perhaps no sentence
                fresh[-1] = fresh[-1].rstrip(ENDS) or fresh[-1]
            self._confirmed += fresh

    @property
    def confirmed(self) -> str:
        """Words that stay, as they were first confirmed."""
        return " ".join(self._confirmed)

    @property
    def text(self) -> str:
        """All words so far: those that stay, as they are spelled now, then those of the newest pass."""
        count = len(self._confirmed)
        spelled = [
            now if _letters(now) == _letters(stays) else stays
            for stays, now in zip_longest(self._confirmed, self._newest[:count], fillvalue="")
        ]
        return " ".join([*spelled, *self._newest[self._follows() :]])

    def _follows(self) -> int:
        """Index in the newest pass after the confirmed words; it may have one more of them, or one less."""
        count = len(self._confirmed)
        heard = [_letters(word) for word in self._newest]
        for at in (count, count + 1, count - 1):
            if count and 0 < at <= len(heard) and heard[at - 1] == _letters(self._confirmed[-1]):
                return at
        return count
