"""Steps of 10 ms, in bands -> for how many of them somebody hisses, as "Stop" and "Shh" begin. Pure.

    sound       . . s s s s s s s s . . . . T O O O O O     "stop"
    level       . . - = # # # # # = . . . . # # # # # #
    Silero      . . . . . . . . . . . . . . . . # # # #     speech only here, 0.2 s late
    onset       . . 1 2 3 4 5 6 7 8 . . . . . . . . . .     the agent can be silent from the third step on

A voiced sound needs no help: Silero finds it in its first frame or the next. A hiss is not speech to Silero,
nor need it be speech: the agent holds for it, and goes on.

A hiss has its strength above 3 kHz, next to nothing below 1 kHz, and lasts. A key or a clap is loudest at
once and dies away; a knock, a door and most coughs are strong below.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.listen.echo.bands import Bands

STANDS_OUT_DB = 10.0
"""Above 3 kHz a hiss is at least this much louder than the room."""

FAINT_DBFS = -60.0
"""A sound softer than this above 3 kHz is no hiss: an "s" is 5 to 15 dB softer than its speaker's vowels."""

BEYOND_DB = 6.0
"""A hiss is at least this much louder than the echo can be. In rooms made of samples the agent alone reached
8 dB in one step, and 6 dB never in three in a row."""

BRIGHT_DB = 12.0
"""A hiss is at least this much louder above 3 kHz than below 1 kHz; white noise is 7 dB louder."""

STEADY_DB = 6.0
"""A step counts if it is at most this much softer than the loudest before it; a key's second step is 10 dB
softer than its first."""

FADES_DB = 0.5
"""dB a step: how fast the loudest level above 3 kHz is forgotten. This is slow, because the echo of a clap
in a room hisses, too."""

RISE_DB = 0.04
FALL_DB = 0.6
"""dB a step: the room above 3 kHz is learnt slowly upwards and fast downwards, from what is no hiss."""

START_DBFS = -70.0
"""A quiet room, until it is known."""

LONGEST = 150
"""Steps: a hiss of more than 1.5 s is a tap or a fan, and counts as the room from then on."""


class Onset:
    """Counts the steps of the hiss under way."""

    def __init__(self) -> None:
        self._room_dbfs = START_DBFS
        self._lasts = 0  # steps since it began
        self._loudest_dbfs = -math.inf
        self.steps = 0
        """Steps of the present hiss that were about as loud as its loudest one; 0 where there is no hiss."""

    def push(self, step: Bands) -> int:
        """Take the next 10 ms; give `steps`."""
        stands_out = step.high_dbfs >= max(FAINT_DBFS, self._room_dbfs + STANDS_OUT_DB)
        stands_out = stands_out and step.high_over_db >= BEYOND_DB
        self._loudest_dbfs -= FADES_DB
        if stands_out:
            self._loudest_dbfs = max(self._loudest_dbfs, step.high_dbfs)
        # What the echo explains below 1 kHz is not the user's.
        dark = step.low_over_db >= BEYOND_DB and step.high_dbfs < step.low_dbfs + BRIGHT_DB
        if dark or not stands_out:
            self._room_dbfs += min(RISE_DB, max(-FALL_DB, step.high_dbfs - self._room_dbfs))
            self._lasts = self.steps = 0
            return 0
        self._lasts += 1
        if self._lasts > LONGEST:
            self._room_dbfs = max(self._room_dbfs, step.high_dbfs)
            self.steps = 0
            return 0
        self.steps += step.high_dbfs >= self._loudest_dbfs - STEADY_DB
        return self.steps
