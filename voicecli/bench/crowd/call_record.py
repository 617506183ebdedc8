"""What a caller notes of its call: when it spoke, when sound came and where that is audible, what was told.

All times are seconds on one clock, that of the computer on which the callers run.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One line that the caller has said."""

    words: str
    """Empty where they are not known."""
    began: float
    """When the first audible sample was handed to the socket."""
    ended: float
    """The same of the last one."""


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """Sound of one reply, as it came."""

    came: float
    reply: int
    """Which reply it belongs to: a position in `CallRecord.replies`."""
    seconds: float
    first_s: float | None = None
    """From its beginning to its first audible sample; None where it is silent."""
    last_s: float | None = None
    """From its beginning to the end of its last audible sample."""


@dataclass(slots=True)
class CallRecord:
    """One call, from the first line to the last."""

    lines: list[SpokenLine] = field(default_factory=list)
    finished: int = 0
    """So many of the lines were answered, or waited for in vain. The last one may be neither yet."""
    replies: list[float] = field(default_factory=list)
    """When each reply was told of."""
    blocks: list[SoundBlock] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    """When the server said that the caller must stop playing."""
    heard: list[tuple[float, str]] = field(default_factory=list)
    """When each final transcript of the caller's words came, and the transcript."""
    looks: list[float] = field(default_factory=list)
    """When provisional words of the caller came."""
    late_s: float = 0.0
    """The most by which the caller itself was late with a frame of its microphone."""
    cpu_s: float = 0.0
    """Processor time of the caller's process."""
    lasted_s: float = 0.0
    lost: str = ""
    """How the connection ended before the call was over; empty where it did not."""
