"""The live region: status, turns, notices -> lines that fit the terminal.

Colours are of the terminal's own sixteen, which suit its background, light or dark; nothing is told by colour
alone, for NO_COLOR and for eyes that do not see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from rich.cells import cell_len
from rich.text import Text

from voicecli.view.safe import safe
from voicecli.view.wording import losses, stages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from voicecli.events import Status
    from voicecli.view.turn import Turn

LABEL: Final = 10
"""Columns of the labels on the left."""

NARROW: Final = 60
"""Below it labels have no column of their own, columns."""

METER_DBFS: Final = (-80.0, 0.0)
"""Ends of the level bar. Quiet rooms are near -60, a voice at a desk near -25."""

STATE_STYLES: Final = {
    "loading": "bold",
    "listening": "bold green",
    "hearing": "bold cyan",
    "thinking": "bold magenta",
    "speaking": "bold yellow",
}

NOTICE_STYLES: Final = {"warning": "bold", "error": "bold red"}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Signs the terminal's encoding can show."""

    full: str = "█"
    rest: str = "░"
    floor: str = "┃"
    rule: str = "─"
    to_come: str = "▸"
    more: str = "…"
    dash: str = "—"


ASCII = Glyphs(full="#", rest="-", floor="|", rule="-", to_come=">", more="...", dash="-")


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning or an error, without its time."""

    label: Literal["warning", "error"]
    message: str
    remedy: str


@dataclass(slots=True)
class Screen:
    """All the live region shows."""

    status: Status | None = None
    turns: list[Turn] = field(default_factory=list)
    """Those not done yet: one, or two while the user interrupts."""
    turns_done: int = 0
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    """Of the last turn that sounded."""
    notices: dict[Notice, int] = field(default_factory=dict)
    """Warnings and errors since the last turn was done, and how often each came."""


def region(screen: Screen, console: Console) -> list[Text]:
    """Lines for the bottom of `console`: each narrower than it, in all fewer than it has rows.

    Where rows are short, what changes least goes first.
    """
    width, rows = max(console.width - 1, LABEL * 2), max(console.height - 1, 2)
    glyphs = glyphs_for(console)
    body_rows = max(2, min(8, rows - 8))
    sections = [  # how much it is needed, lines; from top to bottom
        (3, [Text(glyphs.rule * min(width, NARROW), "dim")]),
        (9, [_state_line(screen, width, glyphs)]),
        (5, _hint(screen)),
        (8, [line for turn in screen.turns for line in turn_lines(turn, console, body_rows)]),
        (7, notice_lines(screen.notices, console)),
        (6, loss_lines(screen, console)),
        (4, _latency(screen, console)),
        (2, _model(screen, console)),
        (1, _devices(screen, console)),
    ]
    for least in range(1, 8):
        if sum(len(lines) for _, lines in sections) <= rows:
            break
        sections = [section for section in sections if section[0] != least]
    return [line for _, lines in sections for line in lines][:rows]


def glyphs_for(console: Console) -> Glyphs:
    """Signs for the encoding of `console`."""
    return ASCII if console.options.ascii_only else Glyphs()


def turn_lines(turn: Turn, console: Console, rows: int) -> list[Text]:
    """Both sides of a turn, each in at most `rows` lines; what is said now stays in sight."""
    lines = []
    if turn.heard:
        glyphs = glyphs_for(console)
        words = Text(turn.heard) if turn.final else Text(f"{turn.heard} {glyphs.more}", "italic dim")
        lines += labelled("you", words, console)[-rows:]
    if turn.clauses:
        reply = labelled("voicecli", _reply(turn, glyphs_for(console)), console)
        before = len(labelled("voicecli", Text(turn.spoken), console)) if turn.spoken else 1
        first = max(0, min(before - 1, len(reply) - rows))
        lines += reply[first : first + rows]
    return lines


def _reply(turn: Turn, glyphs: Glyphs) -> Text:
    to_come = f"{glyphs.to_come} {turn.to_come}" if turn.to_come else ""
    parts = (Text(turn.spoken), Text(turn.now, "bold"), Text(to_come, "dim"))
    return Text(" ").join(part for part in parts if part)


def labelled(label: str, words: Text, console: Console) -> list[Text]:
    """`label     words`, the words wrapped beside the label, or below it where the terminal is narrow."""
    width = max(console.width - 1, LABEL * 2)
    name = Text(label, "bold dim")
    if width < NARROW:
        lines = _wrap(Text.assemble(name, "  ", words), console, width - 2)
        return [line if number == 0 else Text.assemble("  ", line) for number, line in enumerate(lines)]
    name.pad_right(LABEL - name.cell_len)
    lines = _wrap(words, console, width - LABEL)
    return [Text.assemble(name if number == 0 else " " * LABEL, line) for number, line in enumerate(lines)]


def _wrap(words: Text, console: Console, width: int) -> list[Text]:
    """Break at spaces, and inside what is longer than a line."""
    return list(words.wrap(console, width, overflow="fold"))


def notice_lines(notices: Mapping[Notice, int], console: Console) -> list[Text]:
    """Each once, with how often it came."""
    lines = []
    for notice, count in notices.items():
        found = safe(notice.message) + (f" ({count} times)" if count > 1 else "")
        words = _joined(found, ";", safe(notice.remedy), console)
        lines += labelled(notice.label, Text(words, NOTICE_STYLES[notice.label]), console)
    return lines


def _joined(first: str, sign: str, then: str, console: Console) -> str:
    """Put both on one line where they fit; else each on its own, so that a command is whole for copying."""
    if not then:
        return first
    whole = f"{first}{sign} {then}"
    return whole if cell_len(whole) < console.width - LABEL else f"{first}\n{then}"


def _state_line(screen: Screen, width: int, glyphs: Glyphs) -> Text:
    status = screen.status
    if status is None or status.state == "loading":
        what = safe(status.loading) if status else ""
        line = Text.assemble(
            ("loading".ljust(LABEL), STATE_STYLES["loading"]), f"{what or 'the models'} {glyphs.more}"
        )
        line.truncate(width, overflow="crop")
        return line
    # `max` first, so that what is not a number becomes the lower end too.
    low, high = METER_DBFS
    level, floor = (min(high, max(low, value)) for value in (status.level_dbfs, status.floor_dbfs))
    numbers = f" {level:4.0f} dBFS"
    if width >= NARROW:
        numbers += f", noise {floor:.0f}"
    cells = min(40, width - LABEL - len(numbers))
    filled, mark = (round((value - low) / (high - low) * (cells - 1)) for value in (level, floor))
    bar = glyphs.full * filled + glyphs.rest * (cells - filled)
    return Text.assemble(
        (status.state.ljust(LABEL), STATE_STYLES[status.state]),
        bar[:mark] + glyphs.floor + bar[mark + 1 :],
        (numbers, "dim"),
    )


def _hint(screen: Screen) -> list[Text]:
    if screen.status is None or screen.status.state == "loading":
        return [Text("Ctrl-C ends", "dim")]
    if screen.status.state != "listening" or screen.turns:
        return []
    style = "dim" if screen.turns_done else "bold"
    return [Text("Speak now. Ctrl-C ends.", style)]


def _latency(screen: Screen, console: Console) -> list[Text]:
    if "total" not in screen.latency_ms:
        return []
    words = Text(f"{screen.latency_ms['total']:.0f} ms: {stages(screen.latency_ms)}", "dim")
    return labelled("last turn", words, console)


def _model(screen: Screen, console: Console) -> list[Text]:
    if screen.status is None or not screen.status.model:
        return []
    dash = f" {glyphs_for(console).dash}"
    words = _joined(safe(screen.status.model), dash, safe(screen.status.hint), console)
    return labelled("model", Text(words, "dim"), console)


def _devices(screen: Screen, console: Console) -> list[Text]:
    if screen.status is None:
        return []
    names = (("mic", screen.status.microphone), ("speaker", screen.status.loudspeaker))
    return [
        line for label, name in names if name for line in labelled(label, Text(safe(name), "dim"), console)
    ]


def loss_lines(screen: Screen, console: Console) -> list[Text]:
    """Say what was lost, if anything."""
    words = losses(screen.status.losses) if screen.status else ""
    return labelled("lost", Text(words, "bold"), console) if words else []
