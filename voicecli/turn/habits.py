"""How this speaker pauses -> seconds that are added to the pause wanted. Pure: no clock, no model.

    turn      cut, and rejoined    its rest    the next    the next    the next    the next
    added     0                    0.25        0.25        0.125       0.0625      0

A cut that is rejoined says that the pause wanted was too short for this speaker, so it grows for a while. A
long pause inside a turn says that more like it may come, and some of them after words that look whole: it
adds less, and only where such pauses come again and again. For a speaker with neither nothing is added.

Learnt are only silences inside what the user says until the agent sounds, after which they went on. What is
said over the agent, its own sound, the time between turns, "mm-hm" and noise teach nothing: the floor gives
none of them (`floor.agent.ended`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicecli.messages import FRAME_S

CUT_S = 0.25
"""s that a cut adds. A choice: the agent sounds 0.1 s after the decision, and people need 0.2 s to react to a
voice. So a user who goes on within 0.25 s of the decision does so by themselves: this wait would let them."""

KEPT = 0.5
"""Share of it that is left after each turn that was not cut; after three such turns one cut adds nothing."""

LONG_PAUSE_S = 0.6
"""s: a pause inside a turn is long beyond this. The default waits no longer after a whole question, so only
a longer one shows that it may cut this speaker."""

SHARE = 0.5
"""If a pause is longer than LONG_PAUSE_S, this share of the excess may be added. A choice: the turn decision
has outlasted this very pause, so only some of it is wanted after words that look whole."""

LEARNT = 0.3
"""Weight of the newest turn in what is learnt of long pauses: three such turns teach two thirds of it."""

MOST_PAUSE_S = 0.15
"""s that long pauses add at most: without a cut nothing proves the decision wrong."""

MOST_S = 0.4
"""s that all of it adds at most. A choice: after a whole question the default then waits 1 s at most."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What the turns so far have shown."""

    cuts_s: float = 0.0
    """What cuts add."""
    pauses_s: float = 0.0
    """What long pauses add."""

    @property
    def extra_s(self) -> float:
        """What is added to the pause wanted, s; less than one frame is nothing."""
        extra_s = min(MOST_S, self.cuts_s + self.pauses_s)
        return extra_s if extra_s >= FRAME_S else 0.0

    def cut(self) -> Habits:
        """The user was cut and went on, soon enough to be joined."""
        return replace(self, cuts_s=min(MOST_S, self.cuts_s + CUT_S))

    def spoke(self, longest_pause_s: float, *, cut: bool) -> Habits:
        """The user has said all of a question, with this longest pause in it.

        `cut`: a cut was joined in it, so what cuts add stays for the next one.
        """
        adds_s = min(MOST_PAUSE_S, SHARE * max(0.0, longest_pause_s - LONG_PAUSE_S))
        return Habits(
            cuts_s=self.cuts_s if cut else KEPT * self.cuts_s,
            pauses_s=self.pauses_s + LEARNT * (adds_s - self.pauses_s),
        )
