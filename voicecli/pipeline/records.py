"""What is known of a draft, and of a turn, until it is settled. `Turns` keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.messages import Draft
    from voicecli.pipeline.times import TurnTimes


@dataclass(slots=True)
class DraftRecord:
    """What became of a draft so far."""

    draft: Draft
    times: TurnTimes
    """The listener's moments are those of the turn, and filled in when it is over."""
    ending: float | None = None
    """Log-odds that the words are all that is said, as the language model sees it."""
    begins_at: int = 0
    """Index of the first clause that is part of the reply: those before were what the model thought."""
    generate_s: float = 0.0
    """Time the language model worked on it."""
    failed: bool = False
    """An engine failed on the reply, or on a part of it."""
    beginning: str = ""
    """Of the reply, as the language model wrote it."""
    clauses: int = 0
    """How many the reply had so far."""
    synthesize_s: float = 0.0
    """Time the voice worked on it."""

    @property
    def wordless(self) -> str:
        """What the reply is, in print, when nothing in it can be said; else empty."""
        if self.clauses or not self.beginning:
            return ""
        return " ".join(self.beginning.split()) or "white space"


@dataclass(slots=True)
class TurnRecord:
    """What is known of a turn until it is settled."""

    began_at: float
    """When its first sound met the microphone."""
    may_stop: bool = False
    """An answer was to come, sounded or had just ended when it began: "stop" is no question."""
    called_off: bool = False
    """No answer is wanted any more, or no more of it: the user said "stop", pressed a key or typed."""
    taken: int | None = None
    """The stretch at which the turn was taken; None while the user may go on."""
    confirmed: Draft | None = None
    """Of the newest stretch that was heard to its end: the draft with its words."""
    speech_ended_at: float | None = None
    heard_at: float | None = None
    decided_at: float | None = None
