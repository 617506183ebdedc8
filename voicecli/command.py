"""Runs a command that the user has set: bytes in -> what it prints, as it comes. Never through a shell.

Promises: the bytes go to the command's standard input, never into its arguments or a file. A call waits for
`wait_s` at most. However a call ends, the command and all that it started end with it. Nobody reads its
standard error, because that may hold what was said.
Relies on: two threads a call, one that writes to the command and one that reads; both end with the command.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from voicecli.errors import ConfigError, EngineError
from voicecli.system.clock import MonotonicClock
from voicecli.system.posix import kill_group
from voicecli.threads.channel import Channel, ChannelClosed
from voicecli.threads.worker import Worker
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Generator

    from voicecli.system.clock import Clock

WAIT_S = 20.0
"""How long one call may make its caller wait in all; while the caller asks for nothing, no time counts."""

_BLOCK = 1 << 16
"""Bytes that are read at a time: what a pipe holds on Linux, see pipe(7)."""
PRINTED = Buffer(
    "command output",
    "blocks",
    4,
    "block",
    "blocks of 64 kB that the user's recogniser or voice prints: they are read a little ahead of the caller; "
    "then the command waits",
)


class Command:
    """A program and its arguments, started anew for each call of `run`. Calls may run at the same time."""

    def __init__(self, setting: str, line: str, wait_s: float = WAIT_S, clock: Clock | None = None) -> None:
        """`line` is the value of `setting`, split into words as a POSIX shell does it.

        Raises ConfigError where it names no program, or where a quotation does not end.
        """
        self.setting = setting
        self._wait_s = wait_s
        self._clock = clock or MonotonicClock()
        try:
            self._words = shlex.split(line)
        except ValueError as error:
            raise ConfigError(
                f"{setting} has a quotation without its end ({error})", 'write \\" for a quotation mark'
            ) from None
        if not self._words or "\0" in line:
            raise ConfigError(f"{setting} names no command", f'set it, for example to "{EXAMPLES[setting]}"')

    @property
    def name(self) -> str:
        """The program without its arguments, which may hold a secret."""
        return self._words[0]

    def found(self) -> str | None:
        """The program's path; None where there is no such program."""
        return shutil.which(self.name)

    def demand(self) -> None:
        """Raise EngineError unless the program is there."""
        if self.found() is None:
            raise self.missing

    @property
    def missing(self) -> EngineError:
        """The error that there is no such program."""
        return EngineError(
            f"{self.setting}: there is no program '{self.name}'", "install it, or give its whole path"
        )

    def run(self, given: bytes, most_bytes: int) -> Generator[bytes, None, None]:
        """Start the command with `given` on its standard input; give what it prints, as soon as it does.

        If the caller stops before the end, the command is killed. Raises EngineError where it cannot be
        started, takes too long, prints more than `most_bytes`, or ends with another exit code than 0.
        """
        process = self._started()
        printed = Channel[bytes](PRINTED)
        giver = Worker(f"{self.setting} in", lambda: _give(process.stdin, given), lambda: None)
        taker = Worker(f"{self.setting} out", lambda: _take(process.stdout, printed), printed.close)
        giver.start()
        taker.start()
        try:
            waited_s = yield from self._printed(printed, most_bytes)
            code = process.wait(max(0.1, self._wait_s - waited_s))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise self.error(f"no end after {self._wait_s:g} s") from None
        finally:
            printed.close()
            if process.returncode is None:
                kill_group(process.pid)
                process.kill()
                process.wait()
        if code:
            raise self.error(f"it ended with exit code {code}" if code > 0 else f"signal {-code} ended it")

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603  # what the user has set, without a shell
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C ends a talk, and the talk ends its commands
            )
        except FileNotFoundError:
            raise self.missing from None
        except OSError as error:
            raise EngineError(
                f"{self.setting}: '{self.name}' cannot be run ({error.strerror})", "check the file"
            ) from error

    def _printed(self, printed: Channel[bytes], most_bytes: int) -> Generator[bytes, None, float]:
        """Give what the command prints; return how long that made the caller wait, s.

        Raises TimeoutError, and EngineError for more than `most_bytes`.
        """
        waited_s, total = 0.0, 0
        while True:
            began = self._clock.now()
            try:
                block = printed.get(max(0.0, self._wait_s - waited_s))
            except ChannelClosed:
                return waited_s + self._clock.now() - began
            waited_s += self._clock.now() - began
            total += len(block)
            if total > most_bytes:
                raise self.error(f"it prints more than {most_bytes:,} bytes")
            yield block

    def error(self, what: str) -> EngineError:
        """Make the error of a call that failed: `what` was found, and what to do about it."""
        return EngineError(f"{self.setting}: {what}", f"{TRY[self.setting]}; or set another command")


EXAMPLES = {
    "transcribe.command": "whisper-cli -m ggml-base.bin -nt -np -f -",
    "synthesize.command": "espeak-ng --stdout",
}
"""An example of a command for each setting."""

TRY = {
    "transcribe.command": "try it in a terminal, with a 16 kHz WAV as its standard input",
    "synthesize.command": "try it in a terminal: echo hello | COMMAND > hello.wav",
}
"""How a person can try the command of each setting."""


def _give(stdin: IO[bytes] | None, given: bytes) -> None:
    """Write all of `given` and close the pipe. A command that does not read it is no error."""
    assert stdin is not None
    with suppress(OSError), stdin:
        rest = memoryview(given)
        while rest:
            rest = rest[stdin.write(rest) :]


def _take(stdout: IO[bytes] | None, printed: Channel[bytes]) -> None:
    """Read what the command prints, to its end."""
    assert stdout is not None
    with stdout:
        while block := stdout.read(_BLOCK):
            printed.put(block)
