"""What of a recording could not be read: where the clock stands beside what came out, and one line on it."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_HOLE_S = 0.1
"""Timestamps that jump by less, where nothing is damaged, are rounding."""

ONE_AFTER_THE_OTHER_S = 0.01
"""The same where samples are numbered without pauses."""

LEAST_TOLD_S = 0.01

MOST_HOLE_S = 60.0
"""A longer jump in a recording that does not tell its length is a wrong timestamp, not a pause."""


@dataclass(slots=True)
class Damage:
    """Of one recording, counted while it is read: takes no more memory for a thousand places than for one."""

    places: int = 0
    missing_s: float = 0.0
    first_at_s: float = 0.0
    cut_s: float = 0.0
    """How much earlier it ends than its header tells."""
    ends_at_s: float = 0.0

    def __bool__(self) -> bool:
        return self.places > 0 or self.cut_s > 0.0

    def at(self, seconds: float) -> None:
        """One more place."""
        if not self.places:
            self.first_at_s = seconds
        self.places += 1

    def __str__(self) -> str:
        told = []
        if self.places:
            where = f"at {clock_time(self.first_at_s)}"
            if self.places > 1:
                where = f"in {self.places} places, the first {where}"
            much = (
                f"{self.missing_s:.2f} s" if self.missing_s >= LEAST_TOLD_S else f"less than {LEAST_TOLD_S} s"
            )
            told.append(f"is damaged {where}: {much} of it cannot be read")
        if self.cut_s:
            end = clock_time(self.ends_at_s)
            told.append(f"breaks off at {end}, {self.cut_s:.1f} s before the end its header tells")
        return ", and ".join(told)


def clock_time(seconds: float) -> str:
    """65.4 -> `1:05.4`, 3725 -> `1:02:05.0`."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


@dataclass(slots=True)
class Timeline:
    """Keeps what is read in step with the recording's clock: how much silence belongs before each frame."""

    damage: Damage
    length_s: float = 0.0
    """As the header tells it; 0 where it does not."""
    promised_s: float = 0.0
    """Of a header that tells it of the first of several recordings joined: they may be longer."""
    read_s: float = 0.0
    """So much has come out, silence for holes included."""
    _zero_s: float | None = None
    """The timestamp of the beginning."""
    _hurt: bool = False
    _guessed_s: float = 0.0

    def hurt(self, guessed_s: float = 0.0) -> None:
        """Something cannot be read; `guessed_s`: how long it is where timestamps will not tell."""
        if not self._hurt:
            self.damage.at(self.read_s)
        self._hurt = True
        self._guessed_s += guessed_s

    def silence_before(self, at_s: float | None, *, lost: bool = False) -> float:
        """Seconds of silence that belong before a frame with this timestamp; None: it has none.

        `lost`: what lies between it and the frame before is not a pause of the recorder.
        """
        hole_s, jump_s = self._guessed_s, 0.0
        if at_s is not None:
            if self._zero_s is None:
                self._zero_s = at_s - self.read_s
            jump_s = at_s - self._zero_s - self.read_s
            hole_s = max(hole_s, jump_s)
        least_s = ONE_AFTER_THE_OTHER_S if lost else LEAST_HOLE_S
        if not self._fits(hole_s) or (not self._hurt and hole_s < least_s):
            hole_s = 0.0
        if hole_s and lost:
            self.hurt()
        if at_s is not None and (abs(jump_s) >= LEAST_HOLE_S or self._hurt):
            self._zero_s = at_s - self.read_s - hole_s  # timestamps that jump back begin anew
        if self._hurt:
            self.damage.missing_s += hole_s
        self._hurt, self._guessed_s = False, 0.0
        self.read_s += hole_s
        return hole_s

    def _fits(self, hole_s: float) -> bool:
        """Whether a recording of this length has room for it."""
        if self.length_s:
            return 0.0 < hole_s < self.length_s - self.read_s
        return 0.0 < hole_s < MOST_HOLE_S

    def read(self, seconds: float) -> None:
        """A frame of this length came out."""
        self.read_s += seconds

    def end(self) -> None:
        """Nothing more comes."""
        short_s = max(self.length_s, self.promised_s) - self.read_s
        if short_s > LEAST_HOLE_S + 0.01 * self.read_s:
            self.damage.cut_s, self.damage.ends_at_s = short_s, self.read_s
        elif self._hurt:
            self.damage.missing_s += max(self._guessed_s, short_s, 0.0)
