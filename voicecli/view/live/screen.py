"""The live region: status, turns, notices -> lines that fit the terminal.

Colours are of the terminal's own sixteen, which suit its background, light or dark. No meaning rests on
colour alone, because of NO_COLOR and of people who do not see it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from rich.cells import cell_len
from rich.text import Text

from voicecli.view import wording
from voicecli.view.live.bars import latency_bars, level_bar
from voicecli.view.live.glyphs import glyphs_for
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from voicecli.status import Status
    from voicecli.view.live.glyphs import Glyphs
    from voicecli.view.live.shown_turn import ShownTurn

LABEL: Final = 10
"""Columns of the labels on the left."""

NARROW: Final = 60
"""Columns below which labels have no column of their own."""

LEGEND: Final = 74
"""Columns from which on the marks of the level are explained beside it."""

TYPED_ROWS: Final = 3
"""Rows that are shown of a line that is being typed: the last ones."""

TURNS: Final = 12
"""Turns whose latency is shown."""

STATE_STYLES: Final = {
    "loading": "bold",
    "offline": "bold",
    "listening": "green",
    "hearing": "bold green",
    "thinking": "bold",
    "speaking": "bold magenta",
}
"""Yellow and cyan are hard to read on white, blue on black."""

NOTICE_STYLES: Final = {"warning": "bold", "error": "bold red"}


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A warning or an error, without its time."""

    label: Literal["warning", "error"]
    message: str
    remedy: str


@dataclass(slots=True)
class Screen:
    """What the live region shows."""

    status: Status | None = None
    turns: list[ShownTurn] = field(default_factory=list)
    """Turns that are not finished: one, or two while the user interrupts."""
    turns_done: int = 0
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    """Of the last turn that sounded."""
    totals_ms: deque[float] = field(default_factory=lambda: deque(maxlen=TURNS))
    """Of the last turns that sounded."""
    notices: dict[ShownNotice, int] = field(default_factory=dict)
    """Warnings and errors since the last turn was done, and how often each came."""


def region(screen: Screen, console: Console) -> list[Text]:
    """Lines for the bottom of `console`: each narrower than it, in all fewer than it has rows.

    Where there are too few rows, what changes least is left out first.
    """
    width, rows = max(console.width - 1, LABEL * 2), max(console.height - 1, 2)
    glyphs = glyphs_for(console)
    so_far = safe(screen.status.heard_so_far) if screen.status else ""
    body_rows = max(2, min(8, rows - 8))
    sections = [  # importance and lines of each part; from top to bottom
        (2, [Text(glyphs.rule * min(width, NARROW), "dim")]),
        (9, [_state_line(screen, width, glyphs)]),
        (5, _hint(screen, width)),
        (9, _typed(screen, console)),
        (8, [line for turn in screen.turns for line in turn_lines(turn, console, body_rows, so_far)]),
        (7, notice_lines(screen.notices, console)),
        (6, _load(screen, console)),
        (6, loss_lines(screen, console)),
        (7, _recording(screen, console)),
        (3, _latency(screen, console)),
        (2, _model(screen, console)),
        (1, _devices(screen, console)),
        (4, _keys(screen, console)),
    ]
    for least in range(1, 8):
        if sum(len(lines) for _, lines in sections) <= rows:
            break
        sections = [section for section in sections if section[0] != least]
    shown = [line for _, lines in sections for line in lines][:rows]
    for line in shown:
        line.no_wrap = True  # each fits, so rich need not wrap it again
    return shown


def turn_lines(turn: ShownTurn, console: Console, rows: int, heard_so_far: str = "") -> list[Text]:
    """Both sides of a turn, each in at most `rows` lines; the words that sound now stay in sight."""
    lines = []
    glyphs = glyphs_for(console)
    if turn.heard:
        words = Text(turn.heard, "bold") if turn.final else Text(f"{turn.heard} {glyphs.more}", "italic dim")
        lines += labelled("you", words, console)[-rows:]
    if turn.clauses:
        sounded, to_come = turn.marked(heard_so_far)
        parts = (Text(sounded, "bold"), Text(to_come, "dim"))
        reply = labelled("voicecli", Text(" ").join(part for part in parts if part), console)
        if to_come:
            _mark(reply, len("voicecli" + sounded.replace(" ", "")), glyphs.to_come)
        before = len(labelled("voicecli", Text(sounded), console)) if sounded else 1
        first = max(0, min(before - 2, len(reply) - rows))
        lines += reply[first : first + rows]
    return lines


def _mark(lines: list[Text], after: int, sign: str) -> None:
    """Put `sign` in place of the space after the first `after` visible characters; at a line's end, put none.

    So the words stay where they are while the sign moves through them.
    """
    for line in lines:
        for index, character in enumerate(line.plain):
            if character != " ":
                after -= 1
            elif not after:
                line.plain = f"{line.plain[:index]}{sign}{line.plain[index + 1 :]}"
                return
        if after <= 0:
            return


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


def notice_lines(notices: Mapping[ShownNotice, int], console: Console) -> list[Text]:
    """Each notice once, with how often it came."""
    lines = []
    for notice, count in notices.items():
        found = safe(notice.message) + (f" ({count} times)" if count > 1 else "")
        words = _joined(found, ";", safe(notice.remedy), console)
        lines += labelled(notice.label, Text(words, NOTICE_STYLES[notice.label]), console)
    return lines


def _joined(first: str, sign: str, then: str, console: Console) -> str:
    """Put both on one line where they fit; else each on its own, so that a command can be copied whole."""
    if not then:
        return first
    whole = f"{first}{sign} {then}"
    return whole if cell_len(whole) < console.width - LABEL else f"{first}\n{then}"


def _state_line(screen: Screen, width: int, glyphs: Glyphs) -> Text:
    status = screen.status
    if status is None or status.state in wording.SILENT:
        what = wording.waited_for(status) if status else ""
        label = "loading" if status is None else status.state
        line = Text.assemble(
            (label.ljust(LABEL), STATE_STYLES[label]), f"{what or 'the models'} {glyphs.more}"
        )
        line.truncate(width, overflow="crop")
        return line
    state: str = "mic off" if status.state == "listening" and _closed(status) else status.state
    bar = level_bar(status, width - LABEL, glyphs, legend=width >= LEGEND)
    return Text.assemble((state.ljust(LABEL), STATE_STYLES.get(state, "bold")), bar)


def _closed(status: Status) -> bool:
    return status.microphone_muted or (status.push_to_talk and not status.talk_key_down)


def _hint(screen: Screen, width: int) -> list[Text]:
    """What to do, what is muted, or what waits: always one line, so that the other lines do not move."""
    status = screen.status
    if status is None or status.state in wording.SILENT:
        return [Text("Ctrl-C ends", "dim")]
    switches = ("microphone", status.microphone_muted), ("voice", status.voice_muted)
    muted = ", ".join(what for what, is_muted in switches if is_muted)
    style = "bold" if muted or not screen.turns_done else "dim"
    words = [f"Muted: {muted}."] if muted else []
    if status.state == "listening" and not status.microphone_muted and not screen.turns:
        words += [wording.how_to_speak(status), "Ctrl-C ends."]
    elif status.state == "speaking" and not status.microphone_muted:
        words.append(wording.how_to_interrupt(status))
    if any(status.waiting.values()):
        style = style if words else "dim"
        words.append(f"waiting: {wording.counted(status.waiting)}")
    line = Text(style=style)
    for sentence in words:
        if not line or line.cell_len + 1 + cell_len(sentence) <= width:
            line.append(f"{' ' if line else ''}{sentence}")
    line.truncate(width, overflow="crop")
    return [line]


def _typed(screen: Screen, console: Console) -> list[Text]:
    if screen.status is None or screen.status.typed is None:
        return []
    line = safe(screen.status.typed + glyphs_for(console).cursor)
    return labelled("type", Text(line, "bold"), console)[-TYPED_ROWS:]


def _keys(screen: Screen, console: Console) -> list[Text]:
    status = screen.status
    if status is None or status.state in wording.SILENT or not status.keys:
        return []
    words, column, room = Text(), 0, max(console.width - 1, LABEL * 2) - LABEL
    for key, does in wording.key_words(status):
        width = cell_len(f"  {key} {does}")
        gap = "\n" if column + width > room else "  " if column else ""
        column = width if gap == "\n" else column + width
        words.append(gap).append(key, "bold").append(f" {does}", "dim")
    return labelled("keys", words, console)


def _latency(screen: Screen, console: Console) -> list[Text]:
    if "total" not in screen.latency_ms:
        return []
    bars = latency_bars(screen.totals_ms, glyphs_for(console))
    words = f"{screen.latency_ms['total']:.0f} ms: {wording.stages(screen.latency_ms)}"
    return labelled("latency", Text.assemble(bars, " ", (words, "dim")), console)


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


def _load(screen: Screen, console: Console) -> list[Text]:
    """How well the talk keeps up, and what it does without; nothing while all is calm and as usual."""
    status = screen.status
    if status is None or (status.pressure == "calm" and not status.without):
        return []
    words = ": ".join(part for part in (status.pressure, ", ".join(status.without)) if part)
    return labelled("load", Text(safe(words), "bold" if status.pressure != "calm" else "dim"), console)


def _recording(screen: Screen, console: Console) -> list[Text]:
    """Say that sound and words are kept, and how far that is behind."""
    if screen.status is None or not screen.status.recorded_in:
        return []
    late = wording.is_late(screen.status, already=False)
    behind = f", {screen.status.record_lag_s:.0f} s behind" if late else ""
    words = f"recorded in {safe(screen.status.recorded_in)}{behind}"
    return labelled("record", Text(words, "bold"), console)


def loss_lines(screen: Screen, console: Console) -> list[Text]:
    """Say what was lost, if anything."""
    words = wording.counted(screen.status.losses) if screen.status else ""
    return labelled("lost", Text(words, "bold"), console) if words else []
