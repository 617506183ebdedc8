"""Signs of the live view, and ASCII replacements where the terminal's encoding has nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Signs the terminal's encoding can show."""

    full: str = "█"
    rest: str = "░"
    floor: str = "┊"
    threshold: str = "┃"
    rule: str = "─"
    to_come: str = "▸"
    cursor: str = "▏"
    more: str = "…"
    dash: str = "—"
    bars: str = "▁▂▃▄▅▆▇█"
    """From small to large."""


ASCII: Final = Glyphs(
    full="#", rest="-", floor=":", threshold="|", rule="-", to_come=">", cursor="_", more="...", dash="-",
    bars="_.:-=+*#",
)  # fmt: skip


def glyphs_for(console: Console) -> Glyphs:
    """Signs for the encoding of `console`."""
    return ASCII if console.options.ascii_only else Glyphs()
