"""Keys that are held down: how they repeat, and push to talk by pressing or by holding.

A terminal reports presses, never that a key was let go; only the keyboard's repeats show that it is down.
"""

from __future__ import annotations

import math
from typing import Final

FIRST_REPEAT_S: Final = 1.1
"""s: a key that is kept down first repeats after 0.25 to 1 s, by the settings of X11, Windows and macOS."""

ONE_PRESS_S: Final = 0.75
"""s: a press so soon after one that has acted counts as its first repeat; on X11 that comes after 0.66 s.

Less than `FIRST_REPEAT_S`, because a second press that is meant is lost when it comes so soon.
"""

REPEAT_S: Final = 0.4
"""s: later repeats come every 0.02 to 0.25 s, and a little less evenly over a network."""

RELEASE_S: Final = 0.25
"""s of silence after which a key counts as let go at the earliest, however fast it repeats."""

LEARNING_S: Final = 0.5
"""s: once repeats have come for this long, the time between two of them is known; a network may send some of
them together."""


class TalkKey:
    """Push to talk: a press opens the microphone, the next closes it, and so does letting go of a held key.

    =================  ==========================================  ========================================
    fingers            what comes of it                            what it does
    =================  ==========================================  ========================================
    tap, later tap     two presses more than `FIRST_REPEAT_S`      opens; closes at once
                       apart
    tap, soon tap      a press, another, silence                   opens; closes `REPEAT_S` after the other,
                                                                   which could have been a first repeat
    hold               a press, repeats, silence                   opens; closes when the silence is twice
                                                                   as long as any between the repeats
    tap, later hold    a press, another, its repeats               opens; closes at once; the repeats are
                                                                   known by `ONE_PRESS_S`, and do nothing
    tap, soon hold     a press, another, its repeats               as tap and soon tap, or as hold
    tap or hold, soon  a press less than `ONE_PRESS_S` after       nothing: it may be a repeat of the one
    after a tap        the one that closed                         that closed, and would stop the answer
    tap or hold, soon  a press after that silence                  opens
    after a hold
    =================  ==========================================  ========================================

    Where two cases look alike, the choice is the one that does less harm: closing late costs a little time,
    opening and closing by mistake costs words.
    """

    def __init__(self) -> None:
        self.open = False
        self._opened_at = self._pressed_at = self._repeats_since = 0.0
        self._longest_gap_s = 0.0
        self._close_after_s: float | None = None
        """s of silence that close it, once the key may be kept down."""
        self._ignored_until = -math.inf
        """Until then presses may be repeats of the press that closed."""

    def press(self, now: float) -> None:
        """Take a press, or a repeat."""
        gap_s, self._pressed_at = now - self._pressed_at, now
        if not self.open:
            if now <= self._ignored_until:
                self._ignored_until = now + REPEAT_S
            else:
                self.open, self._opened_at, self._close_after_s = True, now, None
        elif self._close_after_s is not None:
            self._longest_gap_s = max(self._longest_gap_s, gap_s)
            if now - self._repeats_since >= LEARNING_S:
                self._close_after_s = max(RELEASE_S, 2 * self._longest_gap_s)
            self._ignored_until = now
        else:
            self._ignored_until = now + ONE_PRESS_S
            if now - self._opened_at <= FIRST_REPEAT_S:
                self._close_after_s, self._longest_gap_s, self._repeats_since = REPEAT_S, 0.0, now
            else:
                self.open = False

    def look(self, now: float) -> float | None:
        """Close if the key was let go; give the s after which to call again, or None."""
        if not self.open or self._close_after_s is None:
            return None
        left_s = self._pressed_at + self._close_after_s - now
        self.open = left_s > 0
        return left_s if self.open else None
