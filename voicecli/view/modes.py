"""Which view a talk gets: live, plain or JSON, and what the output can do."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

if TYPE_CHECKING:
    from voicecli.view import View


Mode: TypeAlias = Literal["live", "plain", "json"]


def make_view(mode: Mode, stdout: TextIO, *, verbose: bool = False) -> View:
    """Choose the view; `live` becomes `plain` where the output is not a terminal that can move its cursor.

    `verbose`: people are shown what was dropped, too; programs always are.
    """
    from voicecli.view.plain import PlainView
    from voicecli.view.stream import StreamView

    if isinstance(stdout, io.TextIOWrapper):
        # A terminal that cannot show a letter shows "?" instead of ending the talk.
        stdout.reconfigure(errors="replace")
    match mode:
        case "json":
            return StreamView(stdout)
        case "live" if stdout.isatty():
            from voicecli.view.live.live import LiveView, terminal_console

            console = terminal_console(stdout)
            if console.is_interactive:
                return LiveView(console, verbose=verbose)
            return PlainView(stdout, verbose=verbose)
        case "live" | "plain":
            return PlainView(stdout, verbose=verbose)
