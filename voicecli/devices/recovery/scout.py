"""Looks for devices from a child process: PortAudio sees new ones only while it has no stream open.

parent -- choices --> child: initialises PortAudio, finds each device, tries to open it -- names --> parent
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from voicecli.devices.choose import Choice
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Scout:
    """The child process, from the first question until `close`."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def ask(self, choices: Sequence[Choice], rate_hz: int) -> list[str]:
        """Give the name of the device that each choice means now; empty if it is not there or cannot be used.

        `rate_hz` is the rate that the devices are asked for. Waits for the answer: 0.3 s the first time,
        then as long as PortAudio takes to initialise. If no answer comes, as after `close`, all names are
        empty.
        """
        try:
            child = self._child = self._child or _started()
            assert child.stdin is not None
            assert child.stdout is not None
            print(json.dumps([rate_hz, *map(asdict, choices)]), file=child.stdin, flush=True)
            names = json.loads(child.stdout.readline())
        except (OSError, ValueError):  # the child has ended
            self.close()
            return [""] * len(choices)
        return [str(name) for name in names]

    def close(self) -> None:
        """End the child, whatever it is doing; the next question starts a new one. Idempotent."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # a question that the child did not read is lost
                        pipe.close()


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # the child runs this very file
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C then reaches the talk alone
    )


def _serve() -> None:
    """In the child: answer questions from standard input until it is closed."""
    from voicecli.devices.portaudio import agree, refresh

    for line in sys.stdin:
        rate_hz, *raw = json.loads(line)
        names = []
        refresh()
        for choice in (Choice(**fields) for fields in raw):
            try:
                device = choice.find()
                agree(choice.kind, device, rate_hz)
            except DeviceError:
                names.append("")
            else:
                names.append(device.name)
        sys.stdout.write(json.dumps(names) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
