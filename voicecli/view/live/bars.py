"""Numbers as bars: the microphone's level beside what counts as speech, and how long turns waited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicecli.status import Status
    from voicecli.view.live.glyphs import Glyphs

SCALE_DBFS: Final = (-80.0, 0.0)
"""Ends of the level bar. Quiet rooms are near -60, a voice at a desk near -25."""

LONGEST_BAR: Final = 40
"""Columns of the longest level bar: 2 dB each."""

LONG_MS: Final = 1600.0
"""ms of wait that get the tallest bar; the eight heights are 200 ms apart."""


def level_bar(status: Status, width: int, glyphs: Glyphs, *, legend: bool) -> Text:
    """Level, noise floor and speech threshold on one scale, in `width` columns; `legend`: as numbers too."""
    low, high = SCALE_DBFS
    # `max` first, so that what is not a number becomes the lower end too.
    level, floor, threshold = (
        min(high, max(low, value)) for value in (status.level_dbfs, status.floor_dbfs, status.threshold_dbfs)
    )
    numbers = f" {level:4.0f} dBFS"
    if legend:
        numbers += f"  noise {glyphs.floor} {floor:.0f}  speech {glyphs.threshold} {threshold:.0f}"
    cells = max(1, min(LONGEST_BAR, width - len(numbers)))
    filled, floor_at, threshold_at = (
        round((value - low) / (high - low) * (cells - 1)) for value in (level, floor, threshold)
    )
    signs = [*(glyphs.full * filled), *(glyphs.rest * (cells - filled))]
    signs[floor_at], signs[threshold_at] = glyphs.floor, glyphs.threshold
    bar = Text("".join(signs))
    bar.stylize("dim", filled, cells)
    bar.stylize("not dim", threshold_at, threshold_at + 1)
    if level >= threshold:
        bar.stylize("bold green", threshold_at + 1, filled)
    return bar.append(numbers, "dim")


def latency_bars(totals_ms: Iterable[float], glyphs: Glyphs) -> str:
    """A bar a turn, one column each."""
    steps = len(glyphs.bars)
    return "".join(glyphs.bars[min(steps - 1, int(max(0.0, total) / LONG_MS * steps))] for total in totals_ms)
