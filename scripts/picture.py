"""Draws docs/talk.svg: what the live view of `voicecli talk` shows of a talk, here given as events.

The events are those of one talk on two CPU cores and virtual devices, with SmolLM2 135M (Q4_1), whisper-base
and the voice joe; Piper and flite spoke the two questions. The levels are made up. The view is the real one.
`rows` plays the terminal. The picture is what a person sees when the second answer is half spoken.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from voicecli.config.keymap import KeysConfig
from voicecli.events import Heard, Listening, ReplyClause, Speaking, SpeechBegan, TurnDone
from voicecli.status import Status
from voicecli.view.live.live import LiveView

if TYPE_CHECKING:
    from voicecli.events import Event

PICTURE = Path(__file__).parent.parent / "docs" / "talk.svg"
COLUMNS = 90

MOON = (
    "The moon is a celestial",
    "body that orbits our planet,",
    "but it's more than just a glowing orb on Earth's horizon.",
    "It's a breathtaking sight, shining brightly in the night sky,",
    "and it's also a crucial part of our planet's ecosystem.",
    "The moon plays a vital role in maintaining the balance of nature, supporting life on Earth.",
)
SKY = (
    "The sky on a clear",
    "day is usually a deep shade of blue,",
    "with a hint of pink and orange at the horizon.",
    "However, on a clear day, the sky can also be a range of colors,",
)
TALK: tuple[Event, ...] = (
    Listening(3.047),
    SpeechBegan(6.315, 1),
    Heard(7.911, 1, "Please tell me something about the moon.", "en", 0.744),
    *(ReplyClause(8.119 + 0.4 * index, 1, index, clause) for index, clause in enumerate(MOON)),
    *(Speaking(8.314 + 3.0 * index, 1, index, clause) for index, clause in enumerate(MOON)),
    TurnDone(
        25.192,
        1,
        " ".join(MOON),
        {
            "device_in": 66.9,
            "pause": 0.0,
            "transcribe": 42.4,
            "first_token": 97.4,
            "first_clause": 111.7,
            "first_audio": 121.8,
            "decision": 0.0,
            "playback": 65.6,
            "total": 506.0,
        },
    ),
    Listening(25.29),
    SpeechBegan(26.803, 2),
    Heard(29.171, 2, "What color is the sky on a clear day?", "en", 0.857),
    *(ReplyClause(29.425 + 0.3 * index, 2, index, clause) for index, clause in enumerate(SKY)),
    *(Speaking(29.594 + 1.5 * index, 2, index, clause) for index, clause in enumerate(SKY[:3])),
)
STATUS = Status(
    state="speaking",
    level_dbfs=-57.2,
    floor_dbfs=-78.4,
    microphone="default",
    loudspeaker="default",
    model="SmolLM2-135M-Instruct.Q4_1.gguf, in this process",
    hint="it answers like a toy; a better one: voicecli models pull llm-qwen3-0-6b",
    losses={},
    threshold_dbfs=-60.0,
    heard_so_far=" ".join((*SKY[:2], "with a hint of pink")),
    keys=KeysConfig().model_dump(exclude={"push_to_talk"}),
    barge_in="on",
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
"""Rich's own template, but for the fonts: rich names a web address, this one takes the reader's fonts."""

ASPECT = 0.602
"""A character's width divided by its height, in Menlo and DejaVu Sans Mono."""

TOKEN = re.compile(r"\x1b\[([?\d]*)([AKhl])|(\n)|\r|((?:\x1b\[[\d;]*m|[^\x1b\r\n])+)")


def shown() -> str:
    """What the view writes to its terminal."""
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
    """The rows that a terminal would show. It knows what rich uses: erase a row, go up, a line feed, text."""
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
    """The picture as SVG, the same at every call."""
    paper = Console(file=io.StringIO(), width=COLUMNS, record=True, legacy_windows=False, _environ={})
    for row in rows(shown()):
        paper.print(Text.from_ansi(row))
    return paper.export_svg(
        title="voicecli talk", code_format=SVG, font_aspect_ratio=ASPECT, unique_id="talk"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
