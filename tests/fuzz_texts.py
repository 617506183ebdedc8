"""Parsers of text that comes bit by bit, for `fuzz_table`: keys, a model's words, what a screen shows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from unicodedata import category

from tests.fuzzing import Parser
from voicecli.aloud.clauses import ClauseSplitter
from voicecli.aloud.speakable import speakable
from voicecli.config.keymap import KeysConfig
from voicecli.events import Failed, Heard, Overheard, Speaking, Warned
from voicecli.system.clock import FakeClock
from voicecli.view.keys.keyboard import LONGEST_LINE, KeyReader
from voicecli.view.plain import PlainView
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")


def pieces(data: bytes) -> list[bytes]:
    """Cut the data into pieces, whose size it decides itself."""
    step = 1 + sum(data[:50]) % 40
    return [data[at : at + step] for at in range(0, len(data), step)]


class _Typed:
    """A terminal on which the pieces are typed; between two there may be a pause."""

    def __init__(self, data: bytes) -> None:
        self._pieces = iter(pieces(data))

    def read(self, timeout_s: float | None) -> bytes | None:
        """Give the next piece."""
        return next(self._pieces, None)

    def close(self) -> None:
        """Do nothing."""


class _Obeys:
    """Takes the commands of keys."""

    push_to_talk = True

    def mute_microphone(self) -> None:
        """Do nothing."""

    def mute_voice(self) -> None:
        """Do nothing."""

    def talk(self, *, begins: bool) -> None:
        """Do nothing."""

    def press(self, key: str) -> None:
        """Know the key."""
        assert key in KeysConfig.model_fields

    def say(self, text: str) -> None:
        """Get one line of printable characters."""
        assert text.isprintable()
        assert len(text) <= LONGEST_LINE


def _keys(data: bytes, _folder: Path) -> None:
    KeyReader(KeysConfig(), _Obeys(), _Typed(data), FakeClock()).run()


def _words(data: bytes, _folder: Path) -> None:
    """The last byte chooses the language."""
    language = LANGUAGES[sum(data[-1:]) % len(LANGUAGES)]
    splitter = ClauseSplitter(language)
    text = data[:20_000].decode("utf-8", errors="replace")
    step = 1 + len(text) % 30
    clauses = []
    for at in range(0, len(text), step):
        clauses += splitter.push(text[at : at + step])
    for clause in (*clauses, *splitter.finish()):
        assert isinstance(speakable(clause, language), str)


VISIBLE = {
    *"\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
}
"""Of the format characters (Cf): the two joiners, which Persian and emoji need, and signs that people see."""


def is_neutral(line: str) -> bool:
    """Whether a terminal only prints it: nothing that controls, reorders or hides."""
    return all(char in VISIBLE or category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in line)


def _screen(data: bytes, _folder: Path) -> None:
    text = data.decode("utf-8", errors="surrogateescape")
    shown = safe(text)
    assert is_neutral(shown), ascii([char for char in shown if not is_neutral(char)][:5])
    assert safe(shown) == shown
    out = io.StringIO()
    view = PlainView(out)
    for event in (
        Heard(0.0, 1, text, "en", 1.0),
        Speaking(0.0, 1, 1, text),
        Overheard(0.0, 1, text),
        Warned(0.0, text, text),
        Failed(0.0, text, text),
    ):
        view.show(event)
    lines = out.getvalue().splitlines()
    assert len(lines) == 5
    assert all(is_neutral(line) for line in lines)


_ESCAPES = (
    b"\x1b[200~",
    b"\x1b[201~",
    b"\x1b",
    b"\x1b[A",
    b"\x1bO",
    b"t",
    b" ",
    b"\r",
    b"\x17",
    b"\x7f",
    b"\x15",
)
_MARKUP = (
    *(b"**", b"```\n", b"$$", b"\\frac{", b"| a | b |\n|---|---|\n", b"<b>", b"[x](http://y)", b"# ", b"1. "),
    *(b"3.14", b"12/05/2024", b"10:30", "€ 5,00".encode(), b"XIV", b"5 km/h", b"a@b.org", b"Dr. ", b"x^{2}"),
    *(b"1" * 400, b"1,000," * 200, b"a." * 500, b"((" * 500, b"x^" * 300, b"-" * 900, "½".encode()),
)


def _prose() -> list[bytes]:
    return [
        b"The museum opens at 10:30 a.m. and costs $12.50. See [the page](http://example.org/a_b?c=1).",
        "Am 3. Mai 2024 um 14:30 Uhr kostet es 1.234,50 € (z. B. für 5 km).".encode(),
        b"# Title\n\n* one\n* two\n\n```python\nprint(1)\n```\n\n$x^2 + \\frac{a}{b} = \\sqrt{c}$\n",
        "Le 1er mars, à 18 h 30, la température est de −5 °C; ça coûte 3 M€.".encode(),
    ]


def _controls() -> list[bytes]:
    return [b"plain words", b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07 \x1b[31mred\x1b[0m \xe2\x80\xae txt.exe"]


TEXTS = {
    "keys": Parser(
        lambda: [b"t hello\r m v r\x1b", b"\x1b[200~pasted\x1b[201~\x1b[A\x1bm"], _keys, (), _ESCAPES
    ),
    "words": Parser(_prose, _words, (), _MARKUP),
    "screen": Parser(_controls, _screen, (), (b"\x1b", b"\x9b", "\x9b".encode(), b"\x07", "\u202e".encode())),
}
