"""Events, failed engines and the status of a talk -> samples of the metrics. Pure; for any threads."""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias, TypeVar, get_args

from voicecli.events import Cued, Dropped, Failed, Interrupted, Overheard, TurnDone, Warned
from voicecli.floor.facts import ClauseVoiced, EngineFailed, EngineLate, Judged, ReplyWritten, Transcribed
from voicecli.floor.stages import CONVERSION, DETECTOR, LANGUAGE_MODEL, TRANSCRIBER, TURN_MODEL, VOICE
from voicecli.metrics import families as f
from voicecli.metrics.families import BUCKETS_S, Distribution, Family, Sample
from voicecli.status import State
from voicecli.waiting.buffers import LOST
from voicecli.waiting.times import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.stages import Stage
    from voicecli.status import Status
    from voicecli.waiting.buffers import BufferFill

ENGINES = {
    TRANSCRIBER: "transcriber",
    LANGUAGE_MODEL: "language_model",
    VOICE: "voice",
    TURN_MODEL: "turn_model",
    DETECTOR: "detector",
    CONVERSION: "conversion",
}
"""Engine -> its label."""

PRESSURES = {"calm": 0.0, "warning": 1.0, "critical": 2.0}
BREAKERS = {"closed": 0.0, "half open": 0.5, "open": 1.0}

RING = "microphone ring"
"""The place whose fill is how far the ear is behind the microphone."""

S = TypeVar("S", Sample, Distribution)

Key: TypeAlias = tuple[Family, tuple[str, ...]]


def failed_engine(fact: Fact) -> Stage | None:
    """The engine whose failed call this fact reports; None where none did. Cheap: writers wait for it."""
    match fact:
        case EngineFailed(stage):
            return stage
        case Transcribed(fault=fault) if fault is not None:
            return TRANSCRIBER
        case Judged(fault=fault) if fault is not None:
            return TURN_MODEL
        case ReplyWritten(fault=fault) if fault is not None:
            return LANGUAGE_MODEL
        case ClauseVoiced(fault=fault) if fault is not None:
            return VOICE
        case _:
            return None


class TalkCounts:
    """What was counted since the beginning of a talk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # All labels that may come are there from the beginning, as 0: else Prometheus would see no rise when
        # the first of a kind comes.
        self._counts: dict[Key, float] = dict.fromkeys(_from_the_beginning(), 0.0)
        self._seconds: dict[Key, list[float]] = defaultdict(lambda: [0.0])
        self._buckets: dict[Key, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        for stage in (*STAGES, "total"):
            self._buckets[f.LATENCY, (stage,)]  # there from the beginning, too
        self._buckets[f.DECIDED, ()]

    # ---- what happens

    def event(self, event: Event) -> None:
        """Count an event. What was said is not looked at."""
        with self._lock:
            match event:
                case TurnDone():
                    self._turn(event)
                case Interrupted():
                    self._add(f.INTERRUPTIONS)
                case Overheard():
                    self._add(f.OVERHEARD)
                case Cued():
                    self._add(f.CUES)
                case Warned():
                    self._add(f.WARNINGS)
                case Failed():
                    self._add(f.ERRORS)
                case Dropped(reason=reason):
                    self._add(f.DROPPED, reason)
                case _:
                    pass

    def fact(self, fact: Fact) -> None:
        """Count what engines did not do."""
        with self._lock:
            if (stage := failed_engine(fact)) is not None:
                self._add(f.ENGINE_FAILURES, _engine(stage))
            if isinstance(fact, EngineLate):
                self._add(f.ENGINE_LATE, _engine(fact.stage))

    def _turn(self, done: TurnDone) -> None:
        self._add(f.TURNS, "answered" if done.latency_ms else "silent")
        for stage, spent_ms in done.latency_ms.items():
            self._observe((f.LATENCY, (stage,)), spent_ms / 1000)
        if done.decided_ms is not None:
            self._observe((f.DECIDED, ()), done.decided_ms / 1000)
        self._add(f.DRAFTS, by=done.drafts_dropped)
        self._add(f.DRAFTS_WORK, by=done.drafts_dropped_ms / 1000)
        self._add(f.PROMPT, by=done.prompt_tokens or 0)
        self._add(f.PROMPT_NEW, by=done.prompt_tokens_evaluated or 0)

    def _add(self, family: Family, *values: str, by: float = 1) -> None:
        self._counts[family, values] = self._counts.get((family, values), 0.0) + by

    def _observe(self, key: Key, seconds: float) -> None:
        self._buckets[key][bisect.bisect_left(BUCKETS_S, seconds)] += 1
        self._seconds[key][0] += seconds

    # ---- what is known of it

    def samples(self) -> list[Sample]:
        """What was counted up to now."""
        with self._lock:
            return [Sample(family, values, count) for (family, values), count in self._counts.items()]

    def distributions(self) -> list[Distribution]:
        """How the times were distributed up to now."""
        with self._lock:
            return [
                Distribution(*key, tuple(counts), self._seconds[key][0])
                for key, counts in self._buckets.items()
            ]


def _from_the_beginning() -> Iterator[Key]:
    for family in f.FAMILIES[f.FAMILIES.index(f.TURNS) : f.FAMILIES.index(f.ENGINE_FAILURES)]:
        if not family.labels and family is not f.CUT_OFFS:
            yield family, ()
    yield from ((f.TURNS, (outcome,)) for outcome in ("answered", "silent"))
    for family in (f.ENGINE_FAILURES, f.ENGINE_LATE):
        yield from ((family, (engine,)) for engine in ENGINES.values())


def _engine(stage: Stage) -> str:
    return ENGINES.get(stage, "another")


def of_status(status: Status) -> Iterator[Sample]:
    """Samples of the status of a talk at this moment."""
    yield from of_state(status.state)
    for name, count in status.losses.items():
        yield Sample(f.LOSSES, (reason(name),), count)
    yield Sample(f.CUT_OFFS, (), status.cut_offs)
    yield Sample(f.REOPENED, (), status.devices_reopened)
    yield Sample(f.LEVEL, (), status.level_dbfs)
    yield Sample(f.NOISE, (), status.floor_dbfs)
    yield Sample(f.PRESSURE, (), PRESSURES[status.pressure])
    yield Sample(f.QUALITY, (), status.stepped)
    if status.breaker is not None:
        yield Sample(f.BREAKER, (), BREAKERS[status.breaker])
    if status.recorded_in:
        yield Sample(f.LAG, ("recording",), status.record_lag_s)


def of_state(now: State) -> Iterator[Sample]:
    """A sample of each state a talk may be in."""
    return (Sample(f.STATE, (state,), float(state == now)) for state in get_args(State))


def of_places(places: Sequence[BufferFill]) -> Iterator[Sample]:
    """Samples of every place where something waits."""
    for place in places:
        # The row of a device has its name after this; that is the user's own business.
        side = place.name.partition(":")[0]
        queue = side if side in ("microphone", "loudspeaker") else place.name
        amounts = ((f.QUEUE_FILL, place.fill), (f.QUEUE_PEAK, place.peak), (f.QUEUE_CAPACITY, place.capacity))
        for family, amount in amounts:
            if amount is not None:  # nobody can look into some places
                yield Sample(family, (queue, place.unit), amount)
        yield Sample(f.QUEUE_LOST, (queue,), place.losses)
        lag_s = place.lag_s
        if place.name == RING:
            yield Sample(f.LAG, ("ear",), max(lag_s, (place.fill or 0.0) / 1000))
        elif lag_s:
            yield Sample(f.LAG, (queue,), lag_s)


def reason(name: str) -> str:
    """The label of a loss: "gaps in the reply" -> `gaps_in_the_reply`."""
    return name.replace(" ", "_")


REASONS = tuple(map(reason, LOST))
"""All reasons for losses that a talk knows of."""


def ordered(found: Iterable[S]) -> list[S]:
    """What was found, in the order of `FAMILIES`, so that each family stands together."""
    place = {family: number for number, family in enumerate(f.FAMILIES)}
    return sorted(found, key=lambda each: place[each.family])
