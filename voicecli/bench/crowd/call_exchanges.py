"""The record of a call -> what the caller waited for and lost, line by line. Pure.

The caller's loudspeaker is modelled, because sound that came is not yet sound that is heard:

    came     ---A-B--C-------------D---          a block sounds when it has come and the one before is over
    sounds   ---[ A ][ B ][ C ]----[ D ]         between C and D is a gap
    stop     -----------|                        "stop playing": B is cut, C is never heard
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from voicecli.bench.word_errors import distance, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from voicecli.bench.crowd.call_record import CallRecord, SoundBlock, SpokenLine

GAP_S = 0.06
"""A longer silence between two blocks of one reply is a gap: shorter ones pass for a pause in speech."""

LEAD_IN_S = 0.5
"""While a reply has sounded for so long, its lead is still being built up, and tells nothing."""


@dataclass(frozen=True, slots=True)
class SoundedBlock:
    """A block on the caller's loudspeaker."""

    began: float
    ended: float
    """Sooner than its length says where the caller was told to stop."""
    block: SoundBlock

    @property
    def audible(self) -> tuple[float, float] | None:
        """When its first audible sample sounded, and the end of its last one; None where there is none."""
        first_s, last_s = self.block.first_s, self.block.last_s
        if first_s is None or last_s is None or self.began + first_s >= self.ended:
            return None
        return self.began + first_s, min(self.began + last_s, self.ended)


@dataclass(frozen=True, slots=True)
class CallExchange:
    """One line and what came of it."""

    began: float
    ended: float
    """When the line began and ended, s."""
    wait_ms: float | None
    """From the last audible sample of the line to the first of the answer; None without an answer."""
    cut_in: bool
    """The answer began before the line was over."""
    silence_ms: float | None
    """From the first audible sample of the line to the last of the reply that it interrupted.

    None where no reply was sounding."""
    words: int
    """Words said; 0 where they are not known."""
    wrong: int
    """How many of these were heard wrongly, or not, or added."""
    looks: int
    """How often the caller was shown provisional words."""
    gaps: int
    """Gaps in the answer."""
    answer_s: float
    """How much of the answer sounded."""
    leads_ms: tuple[float, ...]
    """How long before it sounded each block of the answer had come."""


def exchanges(record: CallRecord) -> list[CallExchange]:
    """One for each finished line."""
    sounded = played(record.blocks, record.stops)
    ends = [line.began for line in record.lines[1:]] + [float("inf")]
    lines = list(zip(record.lines, ends, strict=True))
    return [_exchange(record, sounded, line, until) for line, until in lines[: record.finished]]


def played(blocks: Sequence[SoundBlock], stops: Sequence[float]) -> list[SoundedBlock]:
    """What sounded, in order. `blocks` and `stops` are in the order of their times."""
    sounded: list[SoundedBlock] = []
    waiting = list(reversed(stops))
    for block in blocks:
        while waiting and waiting[-1] <= block.came:
            _stop(sounded, waiting.pop())
        began = max(block.came, sounded[-1].ended if sounded else block.came)
        sounded.append(SoundedBlock(began, began + block.seconds, block))
    while waiting:
        _stop(sounded, waiting.pop())
    return sounded


def _stop(sounded: list[SoundedBlock], at: float) -> None:
    while sounded and sounded[-1].began >= at:
        sounded.pop()
    if sounded and sounded[-1].ended > at:
        last = sounded.pop()
        sounded.append(SoundedBlock(last.began, at, last.block))


def _exchange(
    record: CallRecord, sounded: Sequence[SoundedBlock], line: SpokenLine, until: float
) -> CallExchange:
    def is_own(each: SoundedBlock) -> bool:
        return line.began <= record.replies[each.block.reply] < until

    own = [each for each in sounded if is_own(each)]
    audible = [times for each in own if (times := each.audible) is not None]
    cut_in = any(first < line.ended for first, _ in audible)
    first = min((first for first, _ in audible), default=None)
    said = normalised(line.words)
    heard = normalised(" ".join(text for at, text in record.heard if line.began <= at < until))
    return CallExchange(
        line.began,
        line.ended,
        wait_ms=None if first is None or cut_in else (first - line.ended) * 1000,
        cut_in=cut_in,
        silence_ms=_silence_ms(record, sounded, line.began),
        words=len(said),
        wrong=distance(said, heard) if said else 0,
        looks=sum(line.began <= at < until for at in record.looks),
        gaps=sum(gap > GAP_S for at, gap in _pauses(own) if at < until),
        answer_s=sum(each.ended - each.began for each in own),
        leads_ms=tuple(_leads_ms(own)),
    )


def _silence_ms(record: CallRecord, sounded: Sequence[SoundedBlock], began: float) -> float | None:
    before = [each for each in sounded if record.replies[each.block.reply] < began]
    ends = [times[1] for each in before if (times := each.audible) is not None]
    last = max(ends, default=began)
    return (last - began) * 1000 if last > began else None


def _pauses(own: Sequence[SoundedBlock]) -> Iterator[tuple[float, float]]:
    """When each block began to sound, and for how long its reply was silent before."""
    for before, after in pairwise(own):
        if before.block.reply == after.block.reply:
            yield after.began, after.began - before.ended


def _leads_ms(own: Sequence[SoundedBlock]) -> Iterator[float]:
    began: dict[int, float] = {}
    for each in own:
        if each.began - began.setdefault(each.block.reply, each.began) >= LEAD_IN_S:
            yield (each.began - each.block.came) * 1000
