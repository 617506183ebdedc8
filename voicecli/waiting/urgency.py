"""How urgent each kind of work is, and which of the calls that wait may begin. Pure.

    FINAL      words of a pause, and whether the turn is over
    SOUND      the next part of a clause
    LOOK       words that may decide: said over the agent, or when the voice became much softer
    ANSWER     the language model, for a turn that is over
    PARTIAL    words so far
    DRAFT      the language model, for what may be over

Work begins when its engine is free, and at least one core is not busy with work that is as urgent or more
urgent. Less urgent work does not count; a call to the language model counts only against other calls to it,
because its threads give way. Why in this order, and what it costs: docs/decisions/0024-who-computes-next.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

PATIENCE_S = 1.0
"""s after which a call begins without a free core, so that less urgent work is late, but not lost. The value
is chosen, not measured."""


class Work(IntEnum):
    """What an engine is asked for, the most urgent first."""

    FINAL = 0
    SOUND = 1
    LOOK = 2
    ANSWER = 3
    PARTIAL = 4
    DRAFT = 5


@dataclass(frozen=True, slots=True)
class Request:
    """A call to an engine, under way or waiting for its turn."""

    work: Work
    number: int
    """The earlier it was made, the smaller."""
    engine: Hashable
    """It serves one call at a time. None: the language model, which has a slot for each talk."""
    asked_at: float
    """When it began to wait, s."""


def who_begins(
    waiting: Sequence[Request], at_work: Sequence[Request], cores: int, now: float
) -> list[Request]:
    """Those of the waiting that may begin now, the most urgent first."""
    begin: list[Request] = []
    taken = {other.engine for other in at_work}
    for request in sorted(waiting, key=lambda other: (other.work, other.number)):
        if request.engine is not None and request.engine in taken:
            continue
        taken.add(request.engine)  # even if it has to wait: no less urgent call may go first
        hinder = sum(
            other.work <= request.work and (other.engine is not None or request.engine is None)
            for other in (*at_work, *begin)
        )
        if hinder < cores or now - request.asked_at >= PATIENCE_S:
            begin.append(request)
    return begin
