"""Two talks with the same user -> what differs: words, turns, latency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from voicecli.events import Heard
from voicecli.records.reading.tally import TalkTally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from voicecli.events import Event


@dataclass(frozen=True, slots=True)
class TalkHeard:
    """What a comparison needs of a talk."""

    words: list[str]
    """All that the user said, in small letters, without punctuation."""
    tally: TalkTally


def of_events(events: Iterable[Event]) -> TalkHeard:
    """Gather it."""
    words, tally = list[str](), TalkTally()
    for event in events:
        tally.add(event)
        if isinstance(event, Heard):
            words += re.findall(r"[\w']+", event.text.lower())
    return TalkHeard(words, tally)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a talk differs from the recorded one."""

    same_words: int
    before: TalkHeard
    now: TalkHeard

    @property
    def any(self) -> bool:
        """Whether words or turns differ. Latency always does."""
        return (
            self.before.words != self.now.words
            or self.before.tally.turns != self.now.tally.turns
            or self.before.tally.interruptions != self.now.tally.interruptions
        )

    def lines(self) -> Iterator[str]:
        """Say it, line by line."""
        before, now = self.before, self.now
        yield f"words: {self.same_words} the same, of {len(before.words)} recorded and {len(now.words)} now"
        yield f"turns: {before.tally.turns} recorded, {now.tally.turns} now"
        yield f"interruptions: {before.tally.interruptions} recorded, {now.tally.interruptions} now"
        was, is_ = before.tally.of("total"), now.tally.of("total")
        if was and is_:
            yield f"answered after (p50): {was.p50:.0f} ms recorded, {is_.p50:.0f} ms now"


def compare(before: Iterable[Event], now: Iterable[Event]) -> Difference:
    """Compare the recorded talk with the one that was held now."""
    first, second = of_events(before), of_events(now)
    matcher = SequenceMatcher(None, first.words, second.words, autojunk=False)
    return Difference(sum(block.size for block in matcher.get_matching_blocks()), first, second)
