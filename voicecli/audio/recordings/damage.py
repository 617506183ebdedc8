"""Finds out what of a recording could not be read, by its timestamps, and says so in one line."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_HOLE_S = 0.1
"""A jump of the timestamps by less is rounding, unless something else tells of damage."""

ONE_AFTER_THE_OTHER_S = 0.01
"""The same limit for formats that number their samples without pauses, as FLAC and Ogg do."""

LEAST_TOLD_S = 0.01
"""A shorter loss is told as "less than" this."""

MOST_HOLE_S = 60.0
"""In a recording whose header does not tell its length, a longer jump is a wrong timestamp, not a hole."""


MOST_FILLED_S = 3600.0
"""Most silence in place of all holes together. A header that lies about the length could ask for years."""


@dataclass(slots=True)
class Damage:
    """What is damaged in one recording, counted while it is read. It is true if anything is damaged."""

    places: int = 0
    """Holes, and other places that could not be read."""
    missing_s: float = 0.0
    """What is missing in all these places together."""
    first_at_s: float = 0.0
    """Where the first of them lies."""
    cut_s: float = 0.0
    """How much earlier the recording ends than its header tells."""
    ends_at_s: float = 0.0
    """Where it ends, if it is cut."""

    def __bool__(self) -> bool:
        return self.places > 0 or self.cut_s > 0.0

    def at(self, seconds: float) -> None:
        """Count one more damaged place, at this time of the recording."""
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
    """Keeps the output in step with the recording's clock: says how long a silence belongs before a frame."""

    damage: Damage
    length_s: float = 0.0
    """Length as the container's header tells it; 0 where it does not."""
    promised_s: float = 0.0
    """Length that this program reads from the header itself. Files that were joined may be longer than it."""
    read_s: float = 0.0
    """Length of the output so far, silence for holes included."""
    _zero_s: float | None = None
    """The timestamp that stands for the beginning of the output."""
    _hurt: bool = False
    """Since the last frame, something could not be read."""
    _guessed_s: float = 0.0
    """Sum of the lengths that `hurt` was given since the last frame, s."""
    _filled_s: float = 0.0
    """Sum of the lengths of all holes so far, s."""

    def hurt(self, guessed_s: float = 0.0) -> None:
        """Note that something cannot be read here; `guessed_s`: its length, where no timestamps will tell."""
        if not self._hurt:
            self.damage.at(self.read_s)
        self._hurt = True
        self._guessed_s += guessed_s

    def silence_before(self, at_s: float | None, *, lost: bool = False) -> float:
        """Seconds of silence that belong before a frame with the timestamp `at_s`, None for a frame without.

        `lost`: a gap before this frame is lost sound, not a pause that the recorder made.
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
            self._zero_s = at_s - self.read_s - hole_s  # where timestamps jump back, count from here
        if self._hurt:
            self.damage.missing_s += hole_s
        self._hurt, self._guessed_s = False, 0.0
        self.read_s += hole_s
        self._filled_s += hole_s
        return hole_s

    def _fits(self, hole_s: float) -> bool:
        """Whether the recording, as long as its header tells, has room for a hole of this length."""
        if self._filled_s + hole_s > MOST_FILLED_S:
            return False
        if self.length_s:
            return 0.0 < hole_s < self.length_s - self.read_s
        return 0.0 < hole_s < MOST_HOLE_S

    def read(self, seconds: float) -> None:
        """Count a frame of this length as output."""
        self.read_s += seconds

    def end(self) -> None:
        """Note the end, and whether the recording was cut off."""
        short_s = max(self.length_s, self.promised_s) - self.read_s
        if short_s > LEAST_HOLE_S + 0.01 * self.read_s:
            self.damage.cut_s, self.damage.ends_at_s = short_s, self.read_s
        elif self._hurt:
            self.damage.missing_s += max(self._guessed_s, short_s, 0.0)
