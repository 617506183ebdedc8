"""What a talk can do without when it does not keep up: steps, one at a time, and the way back. Pure.

    step               what it costs the user
    looks_s            words so far are shown less often
    drafts             an answer begins when the turn is over, not before
    narrow             speech to text searches with a smaller beam
    short_history      the language model is told only the newest turns
    small              a smaller model for speech to text, where there is one: more words are wrong
    long_clauses       the first sound comes a little later

On the way up a step every STEP_S, and every HURRY_S while the level is critical; each is given time to help.
On the way down, in reverse, one every `calm_s` of calm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicecli.waiting.pressure import Level

STEP_S = 5.0
"""s: about a turn, so that what a step brings shows before the next one is taken. Chosen, not measured."""

HURRY_S = 1.0
"""s between two steps while the level is critical."""

SELDOM_S = 1.2
"""s of new speech before another look at the words so far, where the computer does not keep up. Chosen: four
times the usual, so looks take a quarter of the time."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a talk does its work. Replaced as a whole."""

    looks_s: float = 0.3
    """s of new speech that are worth another look while the user still speaks."""
    drafts: bool = True
    """Replies are begun before the user's turn is over."""
    narrow: bool = False
    """Speech to text searches with a smaller beam."""
    short_history: bool = False
    """The language model is told only half as many tokens of past turns."""
    small: bool = False
    """Speech to text uses the smaller model."""
    long_clauses: bool = False
    """Clauses are longer, so that there are fewer of them, and more sound is ready before the first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a talk can do without."""

    name: str
    """The field of `Quality` that changes."""
    words: str
    """What happens, for people."""
    change: Callable[[Quality], Quality]


SMALL = Step("small", "a smaller model in speech to text", lambda now: replace(now, small=True))
"""For talks that have one."""

STEPS = (
    Step("looks_s", "fewer looks at your words while you speak", lambda now: replace(now, looks_s=SELDOM_S)),
    Step("drafts", "no drafts", lambda now: replace(now, drafts=False)),
    Step("narrow", "a smaller beam in speech to text", lambda now: replace(now, narrow=True)),
    Step(
        "short_history",
        "a shorter memory for the language model",
        lambda now: replace(now, short_history=True),
    ),
    SMALL,
    Step("long_clauses", "longer clauses", lambda now: replace(now, long_clauses=True)),
)
"""All steps, in the order in which they are taken."""

BEST = Quality()


def quality_after(steps: Iterable[Step]) -> Quality:
    """The quality when these steps are taken."""
    quality = BEST
    for step in steps:
        quality = step.change(quality)
    return quality


class Ladder:
    """Which steps are taken, by the level."""

    def __init__(self, calm_s: float, steps: tuple[Step, ...] = STEPS) -> None:
        """`steps` are those that this talk can take, in their order."""
        self._calm_s = calm_s
        self._steps = steps
        self.count = 0
        """How many are taken."""
        self._moved_at = 0.0
        self._calm_since: float | None = 0.0  # None: it is not calm

    @property
    def taken(self) -> tuple[Step, ...]:
        """The steps that are taken now."""
        return self._steps[: self.count]

    def push(self, now: float, level: Level) -> int:
        """Take the level now; +1 where a step was taken, -1 where one was taken back, else 0."""
        if level == "calm":
            self._calm_since = now if self._calm_since is None else self._calm_since
            due = now - max(self._calm_since, self._moved_at) >= self._calm_s
            return self._move(now, -1) if due and self.count else 0
        first, self._calm_since = self._calm_since is not None, None
        wait_s = STEP_S if level == "warning" else HURRY_S
        due = (first and not self.count) or now - self._moved_at >= wait_s
        return self._move(now, 1) if due and self.count < len(self._steps) else 0

    def _move(self, now: float, by: int) -> int:
        self.count += by
        self._moved_at = now
        return by
