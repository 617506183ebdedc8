"""Words that were found and words that were said -> how many are wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_ONES = (  # noqa: SIM905  # easier to read
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905


def normalised(text: str) -> list[str]:
    """Words in lower case without punctuation, numbers below a hundred spelled out."""
    text = re.sub(r"['’]", "", text.lower())
    text = re.sub(r"\d+", lambda digits: f" {_spelled(int(digits[0]))} ", text)
    return re.findall(r"[^\W_]+", text)


def _spelled(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens = _TENS[number // 10 - 2]
        return f"{tens} {_ONES[number % 10]}" if number % 10 else tens
    return str(number)


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """How many words must at least be inserted, deleted or changed (Levenshtein, 1966)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]
