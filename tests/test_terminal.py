"""The live talk in a real terminal: keys do what they say, and whatever ends it leaves all as it was."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from rig.program import complaint, voicecli
from tests.sentences import wording
from voicecli.cli.talk.commands import _need_talk_key
from voicecli.config import Config
from voicecli.config.keymap import KeysConfig
from voicecli.errors import ConfigError
from voicecli.system.posix import KeyInput, QuietTerminal, is_one_terminal

PATIENCE_S = 30.0
SCREEN, CURSOR = "\x1b[?1049", "\x1b[?25"
"""Followed by h: the alternate screen, a cursor that is shown; by l: not (xterm)."""


@dataclass
class Job:
    """A talk in a terminal, under a program that waits for it as a shell does."""

    far: int
    process: subprocess.Popen[bytes]
    seen: str = field(default="")
    raw: str = field(default="")
    """All that came, with what is not seen."""

    def until(self, text: str) -> str:
        """Read until `text` appears on the screen, and give what came before it."""
        while (at := re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", self.seen).find(text)) < 0:
            ready, _, _ = select.select([self.far], [], [], PATIENCE_S)
            assert ready, f"no {text!r} after {self.seen[-2000:]!r}"
            try:
                read = os.read(self.far, 65_536).decode(errors="replace")
            except OSError:  # Linux's end of file at a terminal
                raise AssertionError(f"no {text!r} after {self.seen[-2000:]!r}") from None
            self.seen += read
            self.raw += read
        plain = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", self.seen)
        self.seen = plain[at + len(text) :]
        return plain[:at]

    @property
    def marks_pastes(self) -> bool:
        """What the terminal was told last about what is pasted."""
        return self.raw.rfind("\x1b[?2004h") > self.raw.rfind("\x1b[?2004l")

    def press(self, keys: str) -> None:
        os.write(self.far, keys.encode())

    def send(self, number: int) -> None:
        """Send a signal to the talk."""
        os.kill(os.tcgetpgrp(self.far), number)


@contextmanager
def talking(*arguments: str) -> Iterator[Job]:
    far, near = pty.openpty()
    termios.tcsetwinsize(near, (40, 100))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.live_talk", "shell", *arguments],
        stdin=near,
        stdout=near,
        stderr=near,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(near)
    try:
        yield Job(far, process)
    finally:
        process.kill()
        process.wait()
        os.close(far)


def test_keys_are_shown_and_do_what_they_say() -> None:
    with talking() as job:
        job.until(wording("talk.press_talk", key="space"))
        job.until("m mute mic")
        job.press("m")
        job.until("Muted: microphone")
        job.press("vm")  # m again at once would be taken for the first, held down
        job.until("Muted: voice")
        job.press("xv ")
        job.until(wording("talk.press_twice", key="space"))
        job.press("tHellp\x7fo, you [b]")
        job.until("type      Hello, you [b]▏")
        job.press("\x1b")
        job.until("t type")
        job.press("tHello \x1b[A\N{GREEK SMALL LETTER ALPHA}\r")
        job.until("you       Hello α")
        job.until("You said: Hello alpha. (")
        job.press("r")
        job.until("voicecli  You said: Hello alpha. (")


def test_what_is_pasted_is_words_and_no_keys() -> None:
    with talking() as job:
        job.until(wording("talk.press_talk", key="space"))
        job.press("\x1b[200~first\rmv \x07rest\r\x1b[201~")
        job.until("type      first mv rest")
        job.press("!\r")
        job.until("you       first mv rest !")
        assert "Muted" not in job.raw


@pytest.mark.parametrize(
    ("how", "code"), [("\x03", 0), ("\x1c", -signal.SIGQUIT), (signal.SIGTERM, 0)], ids=str
)
def test_whatever_ends_it_leaves_the_terminal_as_it_was(how: str | int, code: int) -> None:
    with talking() as job:
        job.until(wording("talk.press_talk", key="space"))
        assert job.marks_pastes
        if isinstance(how, str):
            job.press(how)
        else:
            job.send(how)
        assert job.until("terminal as it was").endswith(f"job ended with {code}, ")
        assert not job.marks_pastes


def test_a_bug_leaves_the_terminal_as_it_was() -> None:
    with talking("crash") as job:
        job.until(wording("talk.press_talk", key="space"))
        for words in ("one", "two", "three"):
            job.press(f"vt{words}\r")  # t again at once would be taken for the first, held down
            if words != "three":
                job.until(f"you       {words}")
                job.until(
                    wording("engines.failed", stage="the language model", why="ZeroDivisionError: a bug")
                )
        job.until(wording("engines.three_times", stage="the language model"))
        assert job.until("terminal as it was").endswith("job ended with 70, ")
        assert "Traceback" not in job.raw
        assert not job.marks_pastes


def test_ctrl_z_gives_the_terminal_to_the_shell_and_takes_it_again() -> None:
    with talking() as job:
        job.until(wording("talk.press_talk", key="space"))
        for another in "xy":
            job.press("\x1a")
            assert job.until("terminal as it was").endswith("job stopped, ")
            stopped_at = job.raw.index("job stopped")
            assert job.raw.rfind("\x1b[?2004l", 0, stopped_at) > job.raw.rfind("\x1b[?2004h", 0, stopped_at)
            job.until("v mute voice")
            assert job.marks_pastes
            job.raw = ""
            job.press(f"{another}v")
            job.until("v unmute voice")
            job.press("xv")
            job.until("v mute voice")
        job.press("\x03")
        job.until("job ended with 0, terminal as it was")


def test_the_meter_gives_the_shell_its_screen_and_its_cursor() -> None:
    with talking("meter") as job:
        for _ in range(2):
            job.until("-23 dBFS")
            job.press("\x1a")
            assert job.until("terminal as it was").endswith("job stopped, ")
            before, _, _ = job.raw.rpartition("job stopped")
            assert [before[before.rfind(mode) + len(mode)] for mode in (SCREEN, CURSOR)] == ["l", "h"]
        job.until("-23 dBFS")
        job.press("\x03")
        job.until(wording("devices.peak", name="0 Desk", dbfs="-20"))
        job.until("job ended with 0, terminal as it was")


def test_keys_are_read_at_once_and_until_closed() -> None:
    far, near = pty.openpty()
    with os.fdopen(near, "r+b", buffering=0) as raw, open(near, "w", closefd=False) as terminal:
        before = termios.tcgetattr(raw)
        os.write(far, b"typed before")
        with QuietTerminal(terminal):
            source = KeyInput(near)
            assert source.read(0) == b""
            os.write(far, b"m")
            assert source.read(PATIENCE_S) == b"m"
            source.close()
            assert source.read(None) is None
        assert termios.tcgetattr(raw) == before
    os.close(far)


def test_a_terminal_that_is_gone_is_the_end_of_its_keys() -> None:
    far, near = pty.openpty()
    source = KeyInput(near)
    os.close(far)
    assert source.read(PATIENCE_S) is None
    os.close(near)


def test_keys_need_the_terminal_that_is_drawn_on() -> None:
    far, near = pty.openpty()
    other_far, other = pty.openpty()
    with open(near) as one, open(near, "w", closefd=False) as same, open(other, "w") as another:  # noqa: PTH123
        assert is_one_terminal(one, same)
        assert not is_one_terminal(one, another)
    with open(os.devnull) as nothing:  # noqa: PTH123
        assert not is_one_terminal(nothing, nothing)
    os.close(far)
    os.close(other_far)


@pytest.mark.parametrize("flag", ["--json", "--plain"])
def test_push_to_talk_without_keys_is_refused(flag: str) -> None:
    assert wording("talk.needs_key") in complaint(voicecli("talk", "--push-to-talk", flag), 2)


def test_push_to_talk_without_its_key_is_refused() -> None:
    config = Config(keys=KeysConfig(push_to_talk="none"))
    with pytest.raises(ConfigError, match=r"keys\.push_to_talk is none"):
        _need_talk_key(config, reads_keys=True)
