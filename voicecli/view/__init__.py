"""Events and status of a running talk -> standard output, for a person or a program."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal, Protocol, Self, TextIO, TypeAlias

if TYPE_CHECKING:
    from types import TracebackType

    from voicecli.events import Event, Status

Mode: TypeAlias = Literal["live", "plain", "json"]


class ReaderGone(Exception):  # noqa: N818  # like StopIteration: the end, not a fault
    """The reader of the output has gone; talk ends as it does on Ctrl-C, and exits 0.

    Raised once by `show` or `tick`; after that the view accepts everything and writes nothing.
    """


class View(Protocol):
    """All calls come from one thread.

    `show` and `tick` raise `ReaderGone`, or `VoicecliError` where the output cannot be written (a full disk).
    """

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was, whatever happened."""
        ...

    def show(self, event: Event) -> None:
        """Show an event; called with every event, in order."""
        ...

    def tick(self, status: Status) -> None:
        """Show the status; called about ten times a second."""
        ...


def make_view(mode: Mode, stdout: TextIO) -> View:
    """Choose the view; `live` becomes `plain` where the output is not a terminal that can move its cursor."""
    from voicecli.view.plain import PlainView
    from voicecli.view.stream import StreamView

    if isinstance(stdout, io.TextIOWrapper):
        # A terminal that cannot show a letter shows "?" instead of ending the talk.
        stdout.reconfigure(errors="replace")
    match mode:
        case "json":
            return StreamView(stdout)
        case "live" if stdout.isatty():
            from voicecli.view.live import LiveView, terminal_console

            console = terminal_console(stdout)
            return LiveView(console) if console.is_interactive else PlainView(stdout)
        case "live" | "plain":
            return PlainView(stdout)
