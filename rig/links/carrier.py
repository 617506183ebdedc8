"""The process between two network namespaces: a TUN device in each, and packets carried to the other one.

It sleeps until a packet comes, one is due, or its owner asks for something through a pipe; it ends with the
pipe. Needs root, and Linux.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import struct
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from rig.links.one_way import Conditions, LinkCounts, OneWay

TUN = Path("/dev/net/tun")
DEVICE = "link0"
NAMESPACES = Path("/run/netns")
MOST_BYTES = 65_536
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


@dataclass(frozen=True, slots=True)
class LinkChange:
    """Both directions are to be so from now on; answered by the time.monotonic() from which they are."""

    there: Conditions
    """From the first namespace to the second."""
    back: Conditions


@dataclass(frozen=True, slots=True)
class TellCounts:
    """How many packets there were so far; answered by (there, back)."""


Asked = LinkChange | TellCounts
Answer = float | tuple[LinkCounts, LinkCounts]


def enter(namespace: str) -> None:
    """Have the calling thread use this network namespace; threads and processes that it starts do, too.

    Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with (NAMESPACES / namespace).open("rb") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, f"cannot enter the network namespace {namespace}: {os.strerror(number)}")


def opened(namespace: str) -> int:
    """A new TUN device DEVICE in this namespace, as a file descriptor; it goes when that is closed.

    The calling thread stays in the namespace. Raises OSError.
    """
    enter(namespace)
    file = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    return file


def carry(namespaces: tuple[str, str], seed: int, pipe: Connection) -> None:
    """The body of the process: say so when both devices are there, then carry until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    files = [opened(namespace) for namespace in namespaces]
    ways = [OneWay(seed), OneWay(seed + 1)]  # the first: from files[0] to files[1]
    pipe.send(time.monotonic())
    try:
        while True:
            times = [at for way in ways if (at := way.next_at) is not None]
            wait_s = max(0.0, min(times) - time.monotonic()) if times else None
            ready, _, _ = select.select([*files, pipe.fileno()], [], [], wait_s)
            for number, file in enumerate(files):
                if file in ready:
                    _take(file, ways[number])
            for number, way in enumerate(ways):
                _give(files[1 - number], way)
            if pipe.fileno() in ready:
                pipe.send(_answer(pipe.recv(), ways))
    except (EOFError, BrokenPipeError):
        return


def _take(file: int, way: OneWay) -> None:
    """All packets that the kernel has sent to this device."""
    while True:
        try:
            packet = os.read(file, MOST_BYTES)
        except BlockingIOError:
            return
        way.put(packet, time.monotonic())


def _give(file: int, way: OneWay) -> None:
    for packet in way.due(time.monotonic()):
        try:
            os.write(file, packet)
        except OSError:  # the device is not up yet, or what was sent is no packet
            way.counts.passed -= 1
            way.counts.passed_bytes -= len(packet)
            way.counts.lost += 1


def _answer(asked: Asked, ways: list[OneWay]) -> Answer:
    match asked:
        case LinkChange(there, back):
            ways[0].conditions, ways[1].conditions = there, back
            return time.monotonic()
        case TellCounts():
            return ways[0].counts, ways[1].counts
