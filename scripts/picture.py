"""A talk, as events -> docs/talk.svg, what the live view of `voicecli talk` shows of it.

The events are those of one run of `voicecli talk --from-file` on two CPU cores: SmolLM2 135M (Q4_1),
whisper-base, the voice joe, two questions spoken by that voice. The view is the real one. Its output goes
through a small terminal, so the picture holds what a person sees when the second answer is half spoken.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from voicecli.config.keys import KeysConfig
from voicecli.events import (
    Heard,
    Listening,
    ReplyClause,
    Speaking,
    SpeechBegan,
    Status,
    TurnDone,
)
from voicecli.view.live import LiveView

if TYPE_CHECKING:
    from voicecli.events import Event

PICTURE = Path(__file__).parent.parent / "docs" / "talk.svg"
COLUMNS = 90

PARIS = "The capital of France is Paris."
CLAUSES = (
    "Paris is a beautiful city with so many amazing",
    "things to see.",
    "It's known for its art, architecture, fashion, and culture.",
    "People from all over the world visit to experience the best of Paris.",
)
TALK: tuple[Event, ...] = (
    Listening(3.047),
    SpeechBegan(4.893, 1),
    Heard(7.083, 1, "What is the capital of France?", "en", 0.722),
    ReplyClause(7.2, 1, 0, PARIS),
    Speaking(7.322, 1, 0, PARIS),
    TurnDone(
        9.137,
        1,
        PARIS,
        {
            "endpoint": 512.0,
            "transcribe": 291.0,
            "first_token": 64.3,
            "first_clause": 52.5,
            "first_audio": 70.9,
            "playback": 47.4,
            "total": 1038.0,
        },
    ),
    Listening(9.217),
    SpeechBegan(13.614, 2),
    Heard(15.627, 2, "Tell me something about the city.", "en", 0.718),
    ReplyClause(15.77, 2, 0, CLAUSES[0]),
    ReplyClause(15.833, 2, 1, CLAUSES[1]),
    Speaking(16.046, 2, 0, CLAUSES[0]),
    ReplyClause(16.049, 2, 2, CLAUSES[2]),
    ReplyClause(16.168, 2, 3, CLAUSES[3]),
    Speaking(18.919, 2, 1, CLAUSES[1]),
    Speaking(19.863, 2, 2, CLAUSES[2]),
)
STATUS = Status(
    state="speaking",
    level_dbfs=-88.97,
    floor_dbfs=-88.99,
    microphone="simulated microphone",
    loudspeaker="simulated loudspeaker",
    model="SmolLM2-135M-Instruct.Q4_1.gguf, in this process",
    hint="it answers like a toy; a better one: voicecli models pull llm-qwen3-0-6b",
    losses={},
    threshold_dbfs=-60.0,
    heard_so_far=" ".join((*CLAUSES[:2], "It's known for its art,")),
    keys=KeysConfig().model_dump(exclude={"push_to_talk"}),
)

SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font: {char_height}px Menlo, Consolas, "DejaVu Sans Mono", monospace }}
.{unique_id}-title {{ font: bold 18px sans-serif }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""As rich's own, but for the fonts: that one names a web address, this one takes what the reader has."""

ASPECT = 0.602
"""Width of a character by its height in Menlo and DejaVu Sans Mono."""

TOKEN = re.compile(r"\x1b\[([?\d]*)([AKhl])|(\n)|\r|((?:\x1b\[[\d;]*m|[^\x1b\r\n])+)")


def shown() -> str:
    """What the view writes."""
    written = io.StringIO()
    console = Console(
        file=written,
        width=COLUMNS,
        height=30,
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    with LiveView(console) as view:
        for event in TALK:
            view.show(event)
        view.tick(STATUS)
        return written.getvalue()


def rows(written: str) -> list[str]:
    """Rows of a terminal that understands the little that rich writes: erase a row, go up, go on."""
    seen, row = [""], 0
    for count, command, line_feed, printed in TOKEN.findall(written):
        if command == "A":
            row -= int(count)
        elif command == "K":
            seen[row] = ""
        elif line_feed:
            row += 1
            seen += [""] * (row == len(seen))
        seen[row] += printed
    return seen


def picture() -> str:
    """The picture, the same at every call."""
    paper = Console(file=io.StringIO(), width=COLUMNS, record=True, legacy_windows=False, _environ={})
    for row in rows(shown()):
        paper.print(Text.from_ansi(row))
    return paper.export_svg(
        title="voicecli talk", code_format=SVG, font_aspect_ratio=ASPECT, unique_id="talk"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
