"""A terminal: what a person would see, and could scroll back to, of what a program wrote."""

from __future__ import annotations

import io
import re

from rich.cells import chop_cells
from rich.console import Console

_TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class FakeTerminal(io.StringIO):
    """Understands what `rich` is expected to send, and fails on anything else, or on a line too long."""

    def __init__(self, width: int, height: int = 24) -> None:
        super().__init__()
        self.rows = [""]
        """All of them, those scrolled away as well."""
        self.row = self.column = 0
        self.cursor_shown = True
        self.console = Console(
            file=self,
            width=width,
            height=height,
            force_terminal=True,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            _environ={"TERM": "xterm-256color"},
        )

    def write(self, text: str) -> int:
        position = 0
        while position < len(text):
            token = _TOKEN.match(text, position)
            assert token, f"unexpected {text[position : position + 20]!r}"
            position = token.end()
            numbers, command, control, printed = token.groups()
            if command:
                self._command(numbers, command)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self._line_feed()
            else:
                self._print(printed)
        return super().write(text)

    def resize(self, width: int) -> None:
        """Become narrower, as most terminals do it: a row that is too long goes on in a new one."""
        before, self.rows = self.rows, []
        for number, row in enumerate(before):
            self.rows += chop_cells(row, width) or [""]
            if number == self.row:
                self.row = len(self.rows) - 1
        self.console.width = width

    @property
    def text(self) -> str:
        """All that can be seen, by rows."""
        return "\n".join(row.rstrip() for row in self.rows)

    def _command(self, numbers: str, command: str) -> None:
        match command, numbers:
            case "m", _:
                pass
            case "A", n:
                self.row -= int(n)
                assert self.row >= 0
            case "K", "2":
                self.rows[self.row] = ""
            case "l" | "h", "?25":
                self.cursor_shown = command == "h"
            case _:
                raise AssertionError(f"unexpected {numbers}{command}")

    def _line_feed(self) -> None:
        self.row, self.column = self.row + 1, 0
        if self.row == len(self.rows):
            self.rows.append("")

    def _print(self, printed: str) -> None:
        # What is drawn anew has been erased before, so a row is only ever added to.
        assert self.column == len(self.rows[self.row]), "drawn over what was there"
        self.rows[self.row] += printed
        self.column += len(printed)
        assert len(chop_cells(self.rows[self.row], self.console.width)) <= 1, self.rows[self.row]
