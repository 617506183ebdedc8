"""What the bench runs on and what it uses: processor, versions, CPU seconds, memory."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from voicecli.system.posix import peak_memory_bytes, usable_cores

PACKAGES = ("faster-whisper", "ctranslate2", "onnxruntime", "piper-tts", "xllamacpp")
"""Packages of the engines, whose versions are reported."""

_CPUINFO = Path("/proc/cpuinfo")
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Computer:
    """What the bench runs on."""

    cpu: str
    """The processor's name."""
    cores: int
    """Cores that this process may use."""
    platform: str
    python: str
    """Python's implementation and version."""
    engines: str = ""
    """The engines' packages and versions, for people."""


def describe() -> Computer:
    """The computer and what is installed on it."""
    engines = []
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            engines.append(f"{package} {version(package)}")
    return Computer(
        _cpu_name(),
        usable_cores(),
        platform.platform(),
        f"{platform.python_implementation()} {platform.python_version()}",
        ", ".join(engines),
    )


def _cpu_name() -> str:
    with suppress(OSError):
        for line in _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, name = line.partition(":")
            if key.strip() == "model name":
                return name.strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds that this process has used until the time `at`, s."""

    at: float
    cpu_s: float


def spent(now: float) -> Spent:
    """Read the CPU time, at the time `now`."""
    times = os.times()
    return Spent(now, times.user + times.system)


def percent_of_core(before: Spent, after: Spent) -> float:
    """CPU time between two readings as percent of one core; above 100 where more than one core worked."""
    passed = after.at - before.at
    return round((after.cpu_s - before.cpu_s) / passed * 100, 1) if passed > 0 else 0.0


def resident_mb() -> float | None:
    """RAM that this process takes now, MB of 10^6 bytes; None where the system does not tell."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def peak_mb() -> float | None:
    """The most RAM that this process ever took, MB of 10^6 bytes; None where the system does not tell."""
    peak = peak_memory_bytes()
    return None if peak is None else round(peak / 1e6, 1)
