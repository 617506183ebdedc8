"""Levels of several microphones -> one line each, on one scale, that fits the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from voicecli.view.live.bars import SCALE_DBFS
from voicecli.view.live.glyphs import glyphs_for
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from voicecli.devices.single.meter import Level

WIDEST_BAR: Final = 50
"""Columns of the widest bar."""

WITH_PEAK: Final = 72
"""Columns from which on the peak stands there as a number too."""

_MARK = " clips"


@dataclass(frozen=True, slots=True)
class MeterRow:
    """One microphone."""

    label: str
    """Its number and name; the name comes from the device and may hold anything."""
    level: Level | None
    """None until sound has come."""
    held_dbfs: float
    """Highest peak of the last moments, marked on the bar."""
    clipped: bool
    """It clipped in the last moments."""
    note: str = ""
    """Instead of a level: why there is none."""


def meter_lines(rows: Sequence[MeterRow], console: Console) -> list[Text]:
    """A line for each row, narrower than `console`."""
    width = max(console.width - 1, 20)
    glyphs = glyphs_for(console)
    labels = [Text(safe(row.label)) for row in rows]
    column = min(max((label.cell_len for label in labels), default=0), width // 3)
    lines = []
    for row, label in zip(rows, labels, strict=True):
        label.truncate(column, overflow="ellipsis" if glyphs.more == "…" else "crop", pad=True)
        line = Text.assemble(label, " ", _state(row, console, width - column - 1))
        line.truncate(width, overflow="crop")
        lines.append(line)
    return lines


def _state(row: MeterRow, console: Console, width: int) -> Text:
    if row.note or row.level is None:
        return Text(safe(row.note) or f"opening {glyphs_for(console).more}", "dim")
    glyphs = glyphs_for(console)
    low, high = SCALE_DBFS
    numbers = f" {row.level.rms_dbfs:z4.0f} dBFS"
    if console.width >= WITH_PEAK:
        numbers += f", peak {row.held_dbfs:z4.0f}"
    cells = max(4, min(WIDEST_BAR, width - len(numbers) - len(_MARK)))
    # `max` first, so that what is not a number becomes the lower end too.
    filled, mark = (
        round((min(high, max(low, value)) - low) / (high - low) * (cells - 1))
        for value in (row.level.rms_dbfs, row.held_dbfs)
    )
    bar = glyphs.full * filled + glyphs.rest * (cells - filled)
    if mark:
        bar = bar[:mark] + glyphs.floor + bar[mark + 1 :]
    return Text.assemble(bar, (numbers, "dim"), (_MARK if row.clipped else "", "bold red"))
