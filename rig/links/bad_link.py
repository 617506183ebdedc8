"""Two network namespaces with a bad link between them, for programs that are started in one or the other.

    with BadLink() as link:
        subprocess.Popen([*link.inside(THERE), "some", "server"])    # at ADDRESSES[THERE]
        link.change(Conditions(delay_s=0.05, loss=0.05))             # in both directions, from now on

TCP uses the congestion control `CONTROL` there, by the routes: a namespace may not choose it otherwise.
Needs Linux, root, /dev/net/tun and iproute2; `why_not` says what is missing.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import socket
import subprocess
import threading
from multiprocessing.context import SpawnProcess
from typing import Self

from rig.links.carrier import DEVICE, NAMESPACES, TUN, LinkChange, TellCounts, carry, enter
from rig.links.one_way import Conditions, LinkCounts

HERE, THERE = 0, 1
ADDRESSES = ("10.203.7.1", "10.203.7.2")
NETWORK = "10.203.7.0/24"
CONTROL = "cubic"
START_S = 120.0
"""On a busy computer."""
END_S = 5.0

_NUMBERS = itertools.count()


def why_not() -> str:
    """Why there can be no such link on this computer; empty where there can."""
    if not TUN.exists():
        return f"needs {TUN}"
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("ip") is None:
        return "needs iproute2: scripts/setup.sh test installs it"
    name = f"vclink{os.getpid()}-try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"needs network namespaces: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


class BadLink:
    """Both namespaces, and the process between them, until the end of the block."""

    def __init__(self, seed: int = 1) -> None:
        """`seed` decides which packets are lost, and how long each takes."""
        number = f"vclink{os.getpid()}-{next(_NUMBERS)}"
        self.namespaces = (f"{number}a", f"{number}b")
        self._seed = seed
        self._process: SpawnProcess | None = None

    def __enter__(self) -> Self:
        try:
            for name in self.namespaces:
                _ip("netns", "add", name)
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            process = context.Process(target=carry, args=(self.namespaces, self._seed, theirs))
            process.start()
            self._process = process
            theirs.close()
            assert self._pipe.poll(START_S), "the process of the link did not start"
            self._pipe.recv()  # both devices are there
            for name, address in zip(self.namespaces, ADDRESSES, strict=True):
                _ip("-n", name, "link", "set", "lo", "up")
                _ip("-n", name, "address", "add", f"{address}/32", "dev", DEVICE)
                _ip("-n", name, "link", "set", DEVICE, "up")
                _ip("-n", name, "route", "add", NETWORK, "dev", DEVICE, "src", address, "congctl", CONTROL)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._pipe.close()
            self._process.join(END_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        for name in self.namespaces:
            if (NAMESPACES / name).exists():
                _ip("netns", "del", name)

    def inside(self, end: int) -> list[str]:
        """What stands before a command to run it at this end."""
        return ["ip", "netns", "exec", self.namespaces[end]]

    def enter(self, end: int) -> None:
        """Have the calling thread use the network of this end, and threads that it starts."""
        enter(self.namespaces[end])

    def socket(self, end: int, kind: socket.SocketKind) -> socket.socket:
        """A socket at this end; the calling thread stays where it is."""
        made: list[socket.socket] = []

        def make() -> None:
            self.enter(end)
            made.append(socket.socket(socket.AF_INET, kind))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def change(self, there: Conditions, back: Conditions | None = None) -> float:
        """From now on both directions are like `there`, or the way back like `back`; give from when.

        That is a time of time.monotonic().
        """
        self._pipe.send(LinkChange(there, there if back is None else back))
        at = self._pipe.recv()
        assert isinstance(at, float)
        return at

    def counts(self) -> tuple[LinkCounts, LinkCounts]:
        """How many packets there were so far: from HERE to THERE, and back."""
        self._pipe.send(TellCounts())
        there, back = self._pipe.recv()
        return there, back


def control_of(connection: socket.socket) -> str:
    """The congestion control in force on a TCP connection."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).split(b"\0")[0].decode()


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
