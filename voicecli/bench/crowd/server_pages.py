"""The address of a server -> those of its pages; the text of /metrics -> what the server spends. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CPU = "process_cpu_seconds_total"
MEMORY = "process_resident_memory_bytes"
LAG = "voicecli_loop_lag_seconds_bucket"

_SAMPLE = re.compile(r'^(\w+)(?:\{le="([^"]+)"\})? (\S+)$', re.MULTILINE)
"""A sample without labels, or with that of a histogram's bucket."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is."""

    base: str
    """Such as `http://127.0.0.1:8765`."""

    @property
    def realtime(self) -> str:
        """Where a call begins."""
        return f"{self.base}/v1/realtime"

    @property
    def metrics(self) -> str:
        """Where it tells what it spends."""
        return f"{self.base}/metrics"

    @property
    def health(self) -> str:
        """Where it tells whether it is full."""
        return f"{self.base}/health"


def address_of(url: str) -> ServerAddress:
    """The address of `http://…`, `ws://…`, the same with an s, or `host:port`. Raises ConfigError."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        schemes = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
        scheme, host, port = schemes[parts.scheme], parts.hostname, parts.port
        stranger = parts.username is not None
    except (ValueError, KeyError):
        scheme, host, port, stranger = "", None, None, False
    if not host or stranger:
        raise ConfigError(f"{url!r} is no address of a server", "give it as http://HOST:PORT")
    shown = f"[{host}]" if ":" in host else host
    return ServerAddress(f"{scheme}://{shown}" + (f":{port}" if port is not None else ""))


@dataclass(frozen=True, slots=True)
class PageReading:
    """What a server has spent up to one moment."""

    at: float
    """s, on the clock of whoever read it."""
    cpu_s: float
    memory_bytes: float | None
    lags: Mapping[float, float]
    """Upper bound, s -> how often the loop was no later than this."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What it spent between two moments."""

    cpu_percent: float
    """Of one core."""
    memory_mb: float | None
    """At the end."""
    loop_lag_p99_ms: float | None


def reading(pages: Sequence[str], at: float) -> PageReading | None:
    """The pages of all processes of a server together; None where one of them does not tell its CPU time."""
    samples = [_samples(page) for page in pages]
    if not samples or any((CPU, "") not in each for each in samples):
        return None
    memory = [each[MEMORY, ""] for each in samples if (MEMORY, "") in each]
    bounds = {bound for each in samples for name, bound in each if name == LAG}
    return PageReading(
        at,
        sum(each[CPU, ""] for each in samples),
        sum(memory) if len(memory) == len(samples) else None,
        {float(bound): sum(each.get((LAG, bound), 0.0) for each in samples) for bound in bounds},
    )


def spending(before: PageReading, after: PageReading) -> Spending:
    """What was spent between the two; `after` is the later one."""
    passed_s = after.at - before.at
    return Spending(
        100 * (after.cpu_s - before.cpu_s) / passed_s if passed_s > 0 else 0.0,
        None if after.memory_bytes is None else after.memory_bytes / 1e6,
        _p99_ms({bound: count - before.lags.get(bound, 0.0) for bound, count in after.lags.items()}),
    )


def _p99_ms(counts: Mapping[float, float]) -> float | None:
    most = max(counts.values(), default=0.0)
    bounds = [bound for bound, count in counts.items() if most and count >= 0.99 * most]
    found = min(bounds, default=float("inf"))
    return found * 1000 if found != float("inf") else None


def _samples(page: str) -> dict[tuple[str, str], float]:
    found = {}
    for name, bound, value in _SAMPLE.findall(page):
        try:
            found[name, bound] = float(value)
        except ValueError:
            continue
    return found
