"""What the floor may ask for. An order that is answered names the fact that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicecli.urgency import Work

if TYPE_CHECKING:
    from voicecli.events import Event
    from voicecli.messages import ChatMessage, Clause, Utterance

Mode: TypeAlias = Literal["play", "duck", "hold"]

# ---- to the ear


@dataclass(frozen=True, slots=True)
class Listen:
    """Begin to hear: the language model is warm."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Report what is being said, up to now: `SoFar`."""


@dataclass(frozen=True, slots=True)
class EndSegment:
    """What is being said is over: report it as the gate does, or drop it."""

    drop: bool = False


@dataclass(frozen=True, slots=True)
class Trim:
    """Let what is being said begin so many frames ago: before that it was somebody else."""

    frames: int


@dataclass(frozen=True, slots=True)
class Flush:
    """End what is being said, at once: `Flushed`."""


@dataclass(frozen=True, slots=True)
class Believe:
    """It was somebody who spoke; or else the echo may be louder than was known."""

    somebody: bool


# ---- to the scribe and the judge


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Write down an utterance: `Transcribed`."""

    turn: int
    segment: int
    utterance: Utterance
    paused: bool
    """False: the user is still speaking, and the words are provisional."""
    overlap: int = 0
    """Not 0: it is said over the agent, and turn and segment are those it would have. Counts up."""
    language: str = ""
    """That the user spoke last."""

    @property
    def work(self) -> Work:
        """How urgent it is."""
        if self.paused or not self.utterance.complete:
            return Work.FINAL
        return Work.LOOK if self.overlap else Work.PARTIAL


@dataclass(frozen=True, slots=True)
class Judge:
    """Hear whether a turn is over: `Judged`."""

    turn: int
    segment: int
    utterance: Utterance


# ---- to the author


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """Let the language model read what is known already, until the next order comes: `HasRead`."""

    messages: tuple[ChatMessage, ...]
    first: tuple[ChatMessage, ...] = ()
    """Not empty: load the model, and let it judge the end of these once."""


@dataclass(frozen=True, slots=True)
class Hurry:
    """Something is to be asked: read ahead no further."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write a reply: `ClauseWritten` for each clause, then `ReplyWritten`."""

    draft: int
    turn: int
    messages: tuple[ChatMessage, ...]
    judges: bool
    """Before that, judge whether the user has finished: `EndingJudged`."""
    language: str = ""
    """Of the reply; empty: the main voice's."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """One clause more may be written ahead of the voice; or the draft is void."""

    draft: int


# ---- to the voice


@dataclass(frozen=True, slots=True)
class Say:
    """Voice a clause, silently until `LetSound`: `ClauseVoiced`."""

    clause: Clause


@dataclass(frozen=True, slots=True)
class Unsay:
    """No clause of this draft up to now is part of the reply; those from `index` on are."""

    draft: int
    index: int


@dataclass(frozen=True, slots=True)
class End:
    """No clause follows; or, said once more, the draft is void: `ReplyEnded`."""

    draft: int


# ---- to the loudspeaker: done at once, they cannot fail


@dataclass(frozen=True, slots=True)
class LetSound:
    """The draft is the answer. The voice is told as well."""

    draft: int


@dataclass(frozen=True, slots=True)
class Playout:
    """How the agent sounds while somebody may speak over it."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class Drop:
    """Fall silent, and take nothing more of drafts before this one."""

    before: int


# ---- to readers of events


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the outside."""

    event: Event


ToEar: TypeAlias = Listen | Snapshot | EndSegment | Trim | Flush | Believe
ToAuthor: TypeAlias = ReadAhead | Hurry | Write | GoOn
ToMouth: TypeAlias = Say | Unsay | End | LetSound
Order: TypeAlias = ToEar | Transcribe | Judge | ToAuthor | ToMouth | Playout | Drop | Tell
