"""A moving display for people: the conversation as scrollback, below it a region that is drawn anew."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self, TextIO

from rich.console import Console, Group
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from voicecli.events import (
    Cued,
    Dropped,
    Failed,
    Listening,
    MicrophoneLevel,
    Overheard,
    QualityStepped,
    TurnDone,
    Warned,
)
from voicecli.system.posix import QuietTerminal
from voicecli.view import ReaderGone
from voicecli.view.live.glyphs import glyphs_for
from voicecli.view.live.screen import Screen, ShownNotice, labelled, loss_lines, notice_lines, region
from voicecli.view.live.shown_turn import ShownTurn
from voicecli.view.safe import safe
from voicecli.view.wording import dropped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from voicecli.events import Event
    from voicecli.status import Status

FALL_DB: Final = 4.0
"""dB that the level bar falls in one tick at most: 40 dB a second, slow enough to see a syllable."""

NOTICES: Final = 3
"""Notices kept in the region; older ones move up into the scrollback."""


def terminal_console(stdout: TextIO) -> Console:
    """Make a console that takes no markup, no emoji names and no guesses at what to highlight."""
    return Console(file=stdout, force_terminal=True, markup=False, emoji=False, highlight=False)


class LiveView:
    """`talk` on a terminal.

    Finished turns and older notices are printed once and scroll away as any output does; only the region at
    the bottom is ever erased.
    """

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        """`verbose`: a line for each thing that was dropped."""
        self._verbose = verbose
        self._console = console
        self._terminal = QuietTerminal(console.file)
        self._live = self._region()
        self._exit = ExitStack()
        self._screen = Screen()
        self._turns: dict[int, ShownTurn] = {}
        self._drawn: list[Text] = []
        self._drawn_width = console.width

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self._terminal)
            opened.callback(lambda: self._live.stop())  # noqa: PLW0108  # Ctrl-Z replaces `_live`
            self._draw()
            self._exit = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the conversation and the last notices on the terminal, and nothing else."""
        with suppress(ReaderGone, OSError), self._exit:
            for turn in self._turns.values():
                so_far = self._screen.status.heard_so_far if self._screen.status else ""
                self._print(self._turn_lines(turn, turn.marked(safe(so_far))[0]))
            self._print([*self._notice_lines(), *loss_lines(self._screen, self._console)])

    def show(self, event: Event) -> None:
        """Show the event in the region, or print a finished turn."""
        match event:
            case Listening():
                # A turn that began and had no words: a cough.
                self._turns = {number: turn for number, turn in self._turns.items() if turn.final}
            case Dropped() if self._verbose:
                self._print([Text(dropped(event), "dim")])
            case Overheard() | Cued() | QualityStepped() | Dropped() | MicrophoneLevel():
                # Overheard: the agent goes on, or `interrupted` follows. The status has the others.
                pass
            case TurnDone():
                self._done(event)
            case Warned():
                self._notice(ShownNotice("warning", event.message, event.remedy))
            case Failed():
                self._notice(ShownNotice("error", event.message, event.remedy))
            case _:
                self._turns.setdefault(event.turn, ShownTurn()).take(event)
        self._draw()

    def tick(self, status: Status) -> None:
        """Draw level, state, names and losses; stop on Ctrl-Z."""
        if self._terminal.stop_asked:
            self._live.stop()
            self._terminal.suspend()
            self._live, self._drawn = self._region(), []
        self._terminal.take()
        before = self._screen.status
        if before is not None:
            status = replace(status, level_dbfs=max(before.level_dbfs - FALL_DB, status.level_dbfs))
        self._screen.status = status
        self._draw()

    def _done(self, event: TurnDone) -> None:
        turn = self._turns.pop(event.turn, ShownTurn())
        total = event.latency_ms.get("total")
        waited = "" if total is None else f"({total:.0f} ms)"
        lines = [*self._turn_lines(turn, safe(event.heard), waited), *self._notice_lines()]
        self._print([*lines, Text()] if lines else [])
        self._screen.turns_done += 1
        if total is not None:
            self._screen.latency_ms = event.latency_ms
            self._screen.totals_ms.append(total)

    def _notice(self, notice: ShownNotice) -> None:
        notices = self._screen.notices
        if notice not in notices and len(notices) == NOTICES:
            self._print(self._notice_lines())
        notices[notice] = notices.get(notice, 0) + 1

    def _notice_lines(self) -> list[Text]:
        """Take the notices out of the region."""
        lines = notice_lines(self._screen.notices, self._console)
        self._screen.notices.clear()
        return lines

    def _turn_lines(self, turn: ShownTurn, said: str, waited: str = "") -> list[Text]:
        lines = labelled("you", Text(turn.heard), self._console) if turn.heard else []
        if turn.clauses or said:
            dash = glyphs_for(self._console).dash
            mark = (
                f"{dash} interrupted" if turn.interrupted else "" if said else f"{dash} no reply was played"
            )
            parts = (Text(said), Text(mark, "italic"), Text(waited, "dim"))
            lines += labelled("voicecli", Text(" ").join(part for part in parts if part), self._console)
        return lines

    def _print(self, lines: list[Text]) -> None:
        """Print above the region."""
        if not lines:
            return
        with self._writing():
            self._climb_over_wraps()
            self._console.print(Group(*lines))

    def _draw(self) -> None:
        """Draw the region where it changed; not over a shell's prompt."""
        if not self._terminal.in_front:
            return
        self._live.start()
        self._screen.turns = [turn for turn in self._turns.values() if not turn.empty]
        lines = region(self._screen, self._console)
        if lines == self._drawn:
            return
        with self._writing():
            self._climb_over_wraps()
            self._live.update(Group(*lines), refresh=True)
        self._drawn = lines

    def _region(self) -> Live:
        return Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write to the terminal; once it is gone nothing is written any more."""
        try:
            yield
        except OSError:
            self._console.quiet = True
            raise ReaderGone from None

    def _climb_over_wraps(self) -> None:
        """Go up by the rows the region gained when the terminal became narrower and wrapped its lines.

        `Live` goes up by as many rows as it has drawn lines, and would leave the rest behind.
        """
        width = self._console.width
        if width < self._drawn_width:
            gained = sum(max(0, line.cell_len - 1) // width for line in self._drawn)
            up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
            self._console.control(Control(*(up * gained)))
        self._drawn_width = width
