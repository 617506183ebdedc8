"""A talk -> its pages /metrics and /health, for `talk --metrics-port`.

Promises: the talk never waits for it. It reads the log of events and the log of facts on a thread each, and
asks for the status only when somebody asks for a page. Nothing that was said is on a page.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from voicecli.floor.facts import EngineLate
from voicecli.metrics import families as f
from voicecli.metrics.counts import TalkCounts, failed_engine, of_places, of_state, of_status
from voicecli.metrics.endpoint import Endpoint, HttpAnswer
from voicecli.metrics.exposition import page
from voicecli.metrics.families import Sample
from voicecli.metrics.own_process import of_process
from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.status import Status
    from voicecli.system.clock import Clock
    from voicecli.threads.log import Log, Reader
    from voicecli.waiting.buffers import BufferFill

T = TypeVar("T")

Logged: TypeAlias = "tuple[float, Fact, list[Order]]"

LAST_EVENTS_S = 0.2
"""s that `close` waits for what is still to be counted."""


class Watched(Protocol):
    """What a page asks a talk."""

    def status(self) -> Status:
        """How it is at this moment."""
        ...

    def buffers(self) -> list[BufferFill]:
        """Every place where something waits; a device's row begins with `microphone:` or `loudspeaker:`."""
        ...

    @property
    def failed(self) -> bool:
        """Whether an error ends it."""
        ...


class MetricsPage:
    """Open from the beginning until `close`; it shows a talk from `follow` on."""

    def __init__(self, host: str, port: int, clock: Clock) -> None:
        """Open the port, and answer. Raises ConfigError."""
        self._clock = clock
        self._began = clock.now()
        self._version = version("voicecli")
        self._counts = TalkCounts()
        self._talk: Watched | None = None
        self._readers: list[Reader[Event] | Reader[Logged]] = []
        self._workers: list[Worker] = []
        self._endpoint = Endpoint(host, port, self.answer)
        page([], [])  # what it imports is there before the talk begins
        self._endpoint.start()
        shown, port = self._endpoint.address
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
        """Where the pages are."""

    def follow(self, talk: Watched, events: Log[Event], facts: Log[Logged]) -> None:
        """Count what happens in a talk from now on, until its logs close."""
        told, failures = events.reader("metrics"), facts.reader("metrics", wants=_is_failure)
        self._readers = [told, failures]
        self._workers = [
            Worker("metrics: events", lambda: _each(told, self._counts.event), told.leave),
            Worker("metrics: facts", lambda: _each(failures, self._count), failures.leave),
        ]
        self._talk = talk
        for worker in self._workers:
            worker.start()

    def _count(self, logged: Logged) -> None:
        self._counts.fact(logged[1])

    def close(self) -> None:
        """Count what is left, after the logs have closed, and answer no more."""
        for worker in self._workers:
            worker.join(LAST_EVENTS_S)
        self._endpoint.close()
        self._check()

    def _check(self) -> None:
        """Raise what a thread failed with: a page that counts no more says so, instead of old figures."""
        for worker in self._workers:
            if worker.failure is not None:
                raise worker.failure

    # ---- the endpoint's thread

    def answer(self, path: str) -> HttpAnswer | None:
        """The page of this path."""
        match path:
            case "/metrics":
                kind, text = page(self._samples(), self._counts.distributions())
                return HttpAnswer(HTTPStatus.OK, kind, text)
            case "/health":
                return self._health()
            case _:
                return None

    def _health(self) -> HttpAnswer:
        talk = self._talk
        failed = talk is not None and talk.failed
        state = "loading" if talk is None else talk.status().state
        told = {
            "state": "failed" if failed else state,
            "uptime_s": round(self._clock.now() - self._began, 3),
            "version": self._version,
        }
        status = HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK
        return HttpAnswer(status, "application/json", json.dumps(told).encode("ascii") + b"\n")

    def _samples(self) -> Iterator[Sample]:
        self._check()
        yield Sample(f.INFO, (self._version,), 1)
        yield Sample(f.UPTIME, (), self._clock.now() - self._began)
        yield from of_process()
        yield from self._counts.samples()
        talk = self._talk
        if talk is None:
            yield from of_state("loading")
            return
        yield Sample(f.FAILED, (), float(talk.failed))
        yield from of_status(talk.status())
        yield from of_places(talk.buffers())
        stats = self._readers[1].stats()  # that of the events is a place of the talk already
        yield Sample(f.QUEUE_LOST, (stats.name,), stats.drops)


def _is_failure(logged: Logged) -> bool:
    return failed_engine(logged[1]) is not None or isinstance(logged[1], EngineLate)


def _each(reader: Reader[T], take: Callable[[T], None]) -> None:
    """Until the log closes. Raises ChannelClosed."""
    while True:
        take(reader.get())
