"""Watches whether a talk keeps up, and reports to the floor what it is to do without.

It alone writes the level and the steps. The ear looks through it every 0.1 s, on its own thread.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from voicecli.floor.facts import Noticed
from voicecli.floor.load_facts import QualityChanged
from voicecli.floor.stages import LANGUAGE_MODEL, TRANSCRIBER, TURN_MODEL, VOICE
from voicecli.waiting.pressure import Growth, Pressure, PressureLimits, Reading
from voicecli.waiting.quality import Ladder

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from voicecli.config import Config, PressureConfig
    from voicecli.floor.facts import Fact
    from voicecli.floor.stages import Stage
    from voicecli.system.clock import Clock
    from voicecli.waiting.buffers import BufferFill
    from voicecli.waiting.quality import Step

MOST_S: Mapping[Stage, float] = MappingProxyType(
    {TRANSCRIBER: 0.2, TURN_MODEL: 0.2, VOICE: 0.4, LANGUAGE_MODEL: 2.0}
)
"""s that an engine of this program may usually take, because beyond it a user waits, whatever is usual on
this computer. For a pass: for each second of sound, and as much again. For a judgement; for a part of a
clause, about a second of sound; for the first words of a reply. The first three are about four times what the
default models take on two free cores, the last one is chosen. Engines of NOT_HERE have no bound."""

NOT_HERE = ("command", "openai", "wyoming")
"""Engines of hearing and speaking outside this program: nobody knows what is usual for them."""

GROWS = "the queue '{name}' has grown for {minutes:g} min"
REMEDY = "it is read too slowly: close what keeps the processor busy, or what reads the events of this talk"


class Governor:
    """Level, steps and growth of one talk."""

    def __init__(
        self,
        config: PressureConfig,
        clock: Clock,
        queues: Callable[[], Sequence[BufferFill]],
        engines: Callable[[], Iterable[Reading]],
        readers: Callable[[], Iterable[BufferFill]],
        post: Callable[[Fact], None],
        steps: tuple[Step, ...],
    ) -> None:
        """`queues` and `engines` tell how the talk keeps up.

        `steps` are those that the talk can take.

        `readers` are those of the events. Nobody waits for them, so a slow one is no pressure; it may grow.
        """
        limits = PressureLimits(
            (config.warning_fill, config.critical_fill),
            (config.warning_lag_s, config.critical_lag_s),
            (config.warning_late_s, config.critical_late_s),
            config.growth_s,
        )
        self._adapts = config.adapt
        self._minutes = config.growth_s / 60
        self._clock = clock
        self._queues = queues
        self._engines = engines
        self._readers = readers
        self._post = post
        self._pressure = Pressure(limits)
        self._growth = Growth(limits)
        self._ladder = Ladder(config.calm_s, steps)

    def look(self) -> None:
        """Look once, and report what has changed."""
        now, before = self._clock.now(), self._pressure.level
        queues = [reading(place) for place in self._queues() if place.policy != "block"]
        level = self._pressure.push(now, [*queues, *self._engines()])
        stepped = self._ladder.push(now, level) if self._adapts else 0
        if stepped or level != before:
            self._post(QualityChanged(level, self._ladder.taken))
        for name in self._growth.push(now, [*queues, *map(reading, self._readers())]):
            self._post(Noticed(GROWS.format(name=name, minutes=self._minutes), REMEDY))


def reading(place: BufferFill) -> Reading:
    """How full a place is, and how long the oldest has waited there.

    One whose writer waits when it is full is none to look at: it is often full, as it should be.
    """
    return Reading(place.name, (place.fill or 0.0) / place.capacity, place.lag_s)


def bounds(config: Config) -> dict[Hashable, float]:
    """`MOST_S` without the engines that do not compute in this program."""
    own = {TRANSCRIBER: config.transcribe.engine, VOICE: config.synthesize.engine}
    return {stage: most_s for stage, most_s in MOST_S.items() if own.get(stage) not in NOT_HERE}
