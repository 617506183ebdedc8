"""A program: the live talk of `voicecli talk`, with fake engines and devices, in the terminal it is run in.

With the argument `crash` the language model fails with a bug whenever it is asked. With `meter` it is
`voicecli devices --meter` instead, of a microphone that hears a tone. With `shell` another
such program is started, and waited for as a shell does it; a line tells each time it stops or ends.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.seats import seated
from tests.studio import Studio
from tests.test_talking import RATE_HZ, Answers, Beeper, Judge, LoudIsSpeech, Scribe
from voicecli.cli.devices import metering
from voicecli.cli.talk import session
from voicecli.cli.talk.watchers import Watching
from voicecli.config import AudioConfig, Config
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.errors import VoicecliError
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.models.store import ModelStore
from voicecli.system.clock import MonotonicClock
from voicecli.threads.worker import any_alive
from voicecli.view.modes import make_view


class Buggy(Answers):
    """A language model with a bug."""

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        raise ZeroDivisionError("a bug")


def talk(*, crash: bool) -> None:
    """Until the terminal says so."""
    model = Buggy([]) if crash else Answers([])
    engines = seated(LoudIsSpeech(), Judge(), Scribe([]), model, Beeper())
    session._load = lambda *_: engines
    config = Config(audio=AudioConfig(push_to_talk=True))
    view = make_view("live", sys.stdout)
    json_file = os.environ.get("JSON_FILE")
    folder = os.environ.get("WATCHED_IN")
    watching = Watching()
    if folder is not None:
        watching = Watching(0, "127.0.0.1", Path(folder) / "debug.jsonl", log_file=Path(folder) / "talk.log")
    session.hold_talk(
        config,
        ModelStore(Path()),
        lambda _: SimulatedStreams(RecordedUser(), RATE_HZ, 20, MonotonicClock()),
        session.Outputs(view, Path(json_file) if json_file else None, watching.watchers()),
        lambda _: False,
    )


class RealTime(MonotonicClock):
    """While somebody waits, the devices of a studio run."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self._studio.turn(timeout_s)
        return super().wait(event, timeout_s)


def meter() -> None:
    """Until the terminal says so."""
    with pytest.MonkeyPatch.context() as patch:
        studio = Studio(patch)
        studio.add("Desk", 1, 0)
        studio.amplitudes[0] = 0.1
        metering.meter(AudioConfig(), RealTime(studio), None, as_json=False)


def shell() -> int:
    """Run a talk as a job; at each stop tell the terminal's echo and let it go on in front."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = subprocess.Popen([sys.executable, "-m", "tests.live_talk", *sys.argv[2:]], process_group=0)
    while True:
        os.tcsetpgrp(0, job.pid)
        os.kill(job.pid, signal.SIGCONT)
        _, status = os.waitpid(job.pid, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        quiet = not termios.tcgetattr(0)[3] & (termios.ECHO | termios.ICANON)
        left = "quiet" if quiet else "as it was"
        if not os.WIFSTOPPED(status):
            print(f"job ended with {os.waitstatus_to_exitcode(status)}, terminal {left}", flush=True)
            return 0
        print(f"job stopped, terminal {left}", flush=True)


if __name__ == "__main__":
    if "shell" in sys.argv[1:2]:
        sys.exit(shell())
    if "meter" in sys.argv:
        meter()
    else:
        code = 0
        try:
            talk(crash="crash" in sys.argv)
        except VoicecliError as error:
            print(error)
            code = error.exit_code
        sys.stdout.flush()
        if any_alive():
            os._exit(code)  # as `voicecli.cli` does: a thread may be stuck
        sys.exit(code)
