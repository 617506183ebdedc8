"""What the talk does without at the moment: the floor's rules read it, and an event tells when it changes.

`quality`    by the steps that the governor takes under pressure
`drafts`     the same, and off while the model's server takes no more requests, or where it may not be asked
             before a turn is over
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from voicecli.floor.load_facts import LoadFact, QualityChanged, ServerBusy
from voicecli.waiting.quality import BEST, STEPS, quality_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.waiting.pressure import Level
    from voicecli.waiting.quality import Step

BUSY_S = 60.0
"""s without drafts after a server took no more requests: limits are mostly counted by the minute."""

DRAFTS = next(step for step in STEPS if step.name == "drafts")


class Means:
    """What the talk does without. The floor writes, its parts read."""

    def __init__(
        self, now: Callable[[], float], tell: Callable[[str, int, str | None, str | None], None]
    ) -> None:
        """`now` gives the time of the fact that is taken; `tell` tells level, steps, step and change."""
        self._now = now
        self._say = tell
        self.quality = BEST
        self.level: Level = "calm"
        self.drafted = True
        """The language model may be asked before the user's turn is over. Does not change in a talk."""
        self.stepped = 0
        """How many steps were taken since the talk began."""
        self._steps: tuple[Step, ...] = ()
        self._busy_until = -math.inf
        self._busy = False

    @property
    def drafts(self) -> bool:
        """Whether the language model may be asked while the user may still go on."""
        return self.drafted and self.quality.drafts and not self._busy

    @property
    def without(self) -> tuple[str, ...]:
        """What the talk does without, for people."""
        steps = tuple(step.words for step in self._steps)
        busy = self._busy and self.drafted and self.quality.drafts
        return (*steps, DRAFTS.words) if busy else steps

    def take(self, fact: LoadFact) -> None:
        """Take what changed, and tell it."""
        match fact:
            case QualityChanged(level, steps):
                before, self._steps = self._steps, steps
                changed = self.level != level
                self.level, self.quality = level, quality_after(steps)
                for step in steps[len(before) :]:
                    self._tell(step, "taken")
                for step in reversed(before[len(steps) :]):
                    self._tell(step, "taken back")
                if changed and before == steps:
                    self._tell(None, None)
            case ServerBusy():
                self._busy_until = self._now() + BUSY_S
                if not self._busy and self.drafts:
                    self._busy = True
                    self._tell(DRAFTS, "taken")
                self._busy = True

    def look(self) -> None:
        """Time has passed: a server may be asked for drafts again."""
        if self._busy and self._now() >= self._busy_until:
            self._busy = False
            if self.drafts:
                self._tell(DRAFTS, "taken back")

    def _tell(self, step: Step | None, change: str | None) -> None:
        self.stepped += change == "taken"
        name = None if step is None else step.name
        self._say(self.level, len(self.without), name, change)
