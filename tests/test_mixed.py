"""An utterance in two languages is cut where they change, and no other is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.listen.recognise.mixed import parts_of
from voicecli.messages import RATE_HZ, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.messages import Float32


class Ear:
    """Knows of each sentence, by its number, how likely it is German."""

    def __init__(self, *german: float, finds_language: bool = True) -> None:
        self._german = german
        self.finds_language = finds_language
        self.asked: list[tuple[float, float]] = []

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        self.asked = list(spans)
        return [{"de": german, "en": 1.0 - german} for german in self._german]


def utterance(*spans: tuple[float, float]) -> Utterance:
    """10 s, of which these are spoken."""
    samples = np.arange(10 * RATE_HZ, dtype=np.float32) / np.float32(10 * RATE_HZ)
    return Utterance(samples, 0, samples.size, 10.0, 10.0, 10.0, clear_s=5.0, spans=spans)


def parts(ear: Ear, said: Utterance, before: str = "") -> list[tuple[str | None, float]]:
    """Language and seconds of each; together they are the whole."""
    found = parts_of(said, ear, before)  # type: ignore[arg-type]  # duck-typed
    assert np.array_equal(np.concatenate([part.samples for part in found]), said.samples)
    assert sum(part.clear_s for part in found) == pytest.approx(said.clear_s)
    return [(part.language, round(part.samples.size / RATE_HZ, 3)) for part in found]


TWO = ((0.3, 3.0), (3.4, 6.0))


def test_each_sentence_is_a_part_cut_in_the_middle_of_the_pause() -> None:
    assert parts(Ear(0.02, 0.98), utterance(*TWO)) == [("en", 3.2), ("de", 6.8)]


def test_there_and_back_again() -> None:
    found = parts(Ear(0.01, 0.99, 0.01), utterance(*TWO, (6.4, 9.0)))
    assert [language for language, _ in found] == ["en", "de", "en"]


@pytest.mark.parametrize("german", [(0.02, 0.05), (0.05, 0.6)], ids=["both", "the second hardly not"])
def test_in_one_language_it_stays_whole(german: tuple[float, float]) -> None:
    assert parts(Ear(*german), utterance(*TWO)) == [(None, 10.0)]


@pytest.mark.parametrize(
    "spans",
    [(), ((0.3, 6.0),), ((0.3, 1.0), (3.0, 6.0)), ((0.3, 3.0), (5.0, 5.8))],
    ids=["nothing", "no pause", "a word before it", "a word after it"],
)
def test_nobody_is_asked_where_only_one_sentence_can_tell(spans: tuple[tuple[float, float], ...]) -> None:
    ear = Ear(0.02, 0.98)
    assert parts(ear, utterance(*spans)) == [(None, 10.0)]
    assert not ear.asked


def test_nobody_is_asked_where_the_language_is_set() -> None:
    ear = Ear(0.02, 0.98, finds_language=False)
    assert parts(ear, utterance(*TWO)) == [(None, 10.0)]
    assert not ear.asked
