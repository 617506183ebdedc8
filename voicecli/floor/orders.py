"""What the floor may ask for. An order that is answered names the fact that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from voicecli.events import Event
    from voicecli.messages import ChatMessage, Clause, Utterance

LONGEST_CUE_S = 0.8
"""s: a phrase for a user who waits that takes longer is not used, because a reply waits until it has ended.
"Let me think." takes the voice joe 0.75 s."""

Mode: TypeAlias = Literal["play", "duck", "hold"]

# ---- to the ear


@dataclass(frozen=True, slots=True)
class Listen:
    """Begin to listen: the language model is warm."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Report what is being said, up to now: `SoFar`."""


@dataclass(frozen=True, slots=True)
class EndSegment:
    """End the segment now: report it as the gate does, or drop it."""

    drop: bool = False


@dataclass(frozen=True, slots=True)
class Trim:
    """Let the speech under way begin `frames` frames ago; the frames before were the agent's echo."""

    frames: int


@dataclass(frozen=True, slots=True)
class Flush:
    """End what is being said, at once: `Flushed`."""


@dataclass(frozen=True, slots=True)
class Believe:
    """True: a person spoke. False: the echo may have become louder than was known."""

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
    """0: no overlap; else the number of the pass over it, and turn and segment are provisional. Counts up."""
    language: str = ""
    """The language that the user spoke last."""
    narrow: bool = False
    """Search with a smaller beam: the computer does not keep up."""
    small: bool = False
    """Use the smaller model, for the same reason."""

    @property
    def work(self) -> Work:
        """How urgent it is."""
        if self.paused or not self.utterance.complete:
            return Work.FINAL
        return Work.LOOK if self.overlap else Work.PARTIAL


@dataclass(frozen=True, slots=True)
class Judge:
    """Judge by the sound whether a turn is over: `Judged`."""

    turn: int
    segment: int
    utterance: Utterance


# ---- to the author


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """Let the language model evaluate what is known of the prompt, until the next order comes: `HasRead`."""

    messages: tuple[ChatMessage, ...]
    first: tuple[ChatMessage, ...] = ()
    """Not empty: load the model, and ask it once whether the last of these is complete."""


@dataclass(frozen=True, slots=True)
class Hurry:
    """Stop reading ahead: a draft waits."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write a reply: `ClauseWritten` for each clause, then `ReplyWritten`."""

    draft: int
    turn: int
    messages: tuple[ChatMessage, ...]
    judges: bool
    """True: first judge whether the user has finished: `EndingJudged`."""
    language: str = ""
    """The language of the reply; empty: the main voice's."""
    long_clauses: bool = False
    """The voice does not keep up, so it is given more at a time."""


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
    """Clauses of this draft before `index` are no part of the reply: they were the model's thinking."""

    draft: int
    index: int


@dataclass(frozen=True, slots=True)
class End:
    """No clause follows; given a second time: the draft is void. `ReplyEnded`."""

    draft: int


@dataclass(frozen=True, slots=True)
class MakeCue:
    """Make a phrase that may be wanted while the user waits for an answer: `CueMade`."""

    language: str
    """The language of the reply; empty: the main voice's."""
    text: str
    longest_s: float = LONGEST_CUE_S
    """s: one that is longer is not kept."""


# ---- to the loudspeaker: done at once, and cannot fail


@dataclass(frozen=True, slots=True)
class LetSound:
    """The draft is the answer. The voice is told as well."""

    draft: int


@dataclass(frozen=True, slots=True)
class Playout:
    """How the agent sounds, while somebody may be speaking over it."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class Cue:
    """Let a cue, or a phrase that tells of a failure, be heard, unless a reply sounds by then."""

    language: str
    text: str
    """A phrase that was made; empty: the tone."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Fall silent, and accept nothing more of drafts before this number."""

    before: int


# ---- to readers of events


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell readers of events."""

    event: Event


ToEar: TypeAlias = Listen | Snapshot | EndSegment | Trim | Flush | Believe
ToAuthor: TypeAlias = ReadAhead | Hurry | Write | GoOn
ToMouth: TypeAlias = Say | Unsay | End | MakeCue | LetSound | Drop
Order: TypeAlias = ToEar | Transcribe | Judge | ToAuthor | ToMouth | Playout | Cue | Tell
