"""A turn of the user's and the drafts of its answer: their states, and what leads from one to the next."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from voicecli.events import ReplyClause, TurnDone
from voicecli.listen.bargein.verdict import kind_of
from voicecli.listen.recognise.partial import Agreement
from voicecli.messages import GenerationStats
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.events import Event
    from voicecli.floor.facts import ReplyEnded
    from voicecli.floor.stages import Fault
    from voicecli.messages import Clause, Transcript
    from voicecli.turn.witness import Ending
    from voicecli.waiting.times import TurnTimes

LATE_S = 0.6
"""s: a user who speaks so soon after the agent's first sound goes on with what they were saying. It takes
people 0.2 s and more to react to a voice."""

CLAUSES_AHEAD = 8
REPLY = Buffer(
    "reply",
    "clauses",
    CLAUSES_AHEAD,
    "block",
    "the author may be eight clauses ahead, half a minute of speech, and writes one more for each that the "
    "voice has said; then it sleeps, and the language model waits (a server: as nobody reads its socket)",
)


class Writing(Enum):
    """How far the reply to a draft is."""

    WAITING = "waiting"
    """It waits for the author, who writes one reply at a time."""
    UNDER_WAY = "under way"
    WRITTEN = "written"
    """Whole, broken off or failed: nothing more comes."""
    ENDING = "ending"
    """The voice was told that nothing follows, and reports what is heard of it."""
    OVER = "over"
    """It is known which words of it sounded, if any."""


@dataclass(eq=False, slots=True)
class Draft:
    """A speculative reply: what the user has said, if the turn ends here, and the reply to it.

        state        begun        written    no clause is left   heard, cut or void
        WAITING      UNDER_WAY*   -          -                   -
        UNDER_WAY    -            WRITTEN    -                   -
        WRITTEN      -            -          ENDING**            OVER (nothing of it can be heard)
        ENDING       -            -          -                   OVER

        *  WRITTEN where there is nothing to write: it is void, asks for silence, or says the last reply again
        ** OVER where there is nothing to say
    Void is no state but a comparison: its number is below `void_before`.
    """

    number: int
    turn: int
    segment: int
    transcript: Transcript
    """No text: a sound without words."""
    times: TurnTimes
    repeats: bool = False
    """There are no words, and the answer is the last reply once more."""
    late: bool = False
    """The user had gone on before it was made, so it was void from the beginning."""
    withdrawn: bool = False
    """A later pass found other words."""
    language: str = ""
    """The language of the reply, once that is due; empty: the main voice's."""
    writing: Writing = Writing.WAITING
    answerable: bool = True
    clauses: deque[Clause] = field(default_factory=deque)
    """Written, and not voiced yet."""
    begins_at: int = 0
    """Index of the first clause that is part of the reply: those before were what the model thought."""
    written: int = 0
    """Clauses so far."""
    beginning: str = ""
    stats: GenerationStats | None = None
    """None where the model failed, and before it has ended."""
    ending: Ending | None = None
    """What the language model says about whether anything follows the words."""
    voiced: bool = False
    """The voice was given a clause of it."""
    told_void: bool = False
    """The voice knows that it is void."""
    outcome: ReplyEnded | None = None
    generate_s: float = 0.0
    synthesize_s: float = 0.0
    failed: bool = False
    """An engine failed on the reply, or on a part of it."""
    apologised: bool = False
    """The reply is an apology, because nobody answered."""
    voice_failed: bool = False
    """The user was told that the voice failed on it."""
    untold: list[Event] = field(default_factory=list)
    """What is to be told if this becomes the answer, in order."""

    def take_back(self, clauses: int) -> None:
        """Remove the first `clauses` clauses from the reply: they were thinking."""
        self.begins_at, self.beginning = clauses, ""
        self.clauses.clear()
        self.untold = [event for event in self.untold if not isinstance(event, ReplyClause)]
        self.times.first_clause_at = self.times.first_audio_at = self.times.playback_at = None

    def over(self, outcome: ReplyEnded) -> None:
        """It is known what was heard."""
        self.writing, self.outcome = Writing.OVER, outcome

    @property
    def wordless(self) -> str:
        """The reply as it was written, when nothing in it can be said; else empty."""
        if self.written or not self.beginning:
            return ""
        return " ".join(self.beginning.split()) or "white space"


class Deciding(Enum):
    """State of a turn."""

    OPEN = "open"
    """The user may go on."""
    COMMITTED = "committed"
    """The user has finished; not all the words are known."""
    ANSWERED = "answered"
    """It is known which draft is the answer."""
    FINAL = "final"
    """What was said, and what sounded, is remembered and told."""


@dataclass(eq=False, slots=True)
class Turn:
    """What the user says until they have finished, and its drafts.

    state      all words known (`confirm`)              the user has finished (`commit`)     `finalise`
    OPEN       OPEN: may be the answer                  COMMITTED, or ANSWERED if the words  -
                                                        of the last segment are known
    COMMITTED  ANSWERED, if of the segment it ended in  -                                    -
    ANSWERED   -                                        -                                    FINAL
    FINAL      -                                        -                                    -
    """

    number: int
    began_at: float
    """When its first sound met the microphone."""
    may_stop: bool = False
    """When it began, an answer was to come, sounded or had just ended: "stop" is then no question."""
    rejoins: bool = False
    """It began so soon after the first sound of a reply, heard whole, that it goes on with that question."""
    called_off: bool = False
    """No answer is wanted any more, or no more of it: the user said "stop", pressed a key or typed."""
    deciding: Deciding = Deciding.OPEN
    confirmed: Draft | None = None
    """The draft with all the words of a segment, the newest such."""
    ended_in: int | None = None
    """The segment that it was committed with."""
    speech_ended_at: float | None = None
    heard_at: float | None = None
    decided_at: float | None = None
    drafts: list[Draft] = field(default_factory=list)
    agreement: Agreement = field(default_factory=Agreement)
    pieces: list[Transcript] = field(default_factory=list)
    """Words of the pieces of a turn that was split because it grew long."""
    missed: bool = False
    """One of these pieces is speech without words."""
    fault: Fault | None = None
    """What the newest transcription that failed, failed with."""
    longest_pause_s: float | None = None
    """The longest silence in it after which the user went on, none over the agent. None: it was typed."""
    cut: bool = False
    """The user was cut off: they went on after the answer to what they had said so far had begun to sound."""

    def confirm(self, draft: Draft) -> None:
        """The draft's words are all that was said up to the end of its segment."""
        match self.deciding:
            case Deciding.OPEN:
                self.confirmed = draft
            case Deciding.COMMITTED if draft.segment == self.ended_in:
                self.confirmed = draft
                self.deciding = Deciding.ANSWERED
            case _:
                pass

    def commit(self, segment: int, ended_at: float, heard_at: float | None, now: float) -> None:
        """The user has finished with this segment."""
        if self.deciding is not Deciding.OPEN:
            return
        self.ended_in, self.decided_at = segment, now
        self.speech_ended_at, self.heard_at = ended_at, heard_at
        known = self.confirmed is not None and self.confirmed.segment == segment
        self.deciding = Deciding.ANSWERED if known else Deciding.COMMITTED

    def finalise(self) -> None:
        """All is remembered and told."""
        if self.deciding is Deciding.ANSWERED:
            self.deciding = Deciding.FINAL

    @property
    def is_open(self) -> bool:
        """Whether the user may still have something to say in it."""
        return self.deciding is Deciding.OPEN

    @property
    def answer(self) -> Draft | None:
        """The draft that answers it, once that is certain."""
        return self.confirmed if self.deciding is Deciding.ANSWERED else None

    def counts(self, segment: int, newest: int) -> bool:
        """Whether a transcript of this segment can still be the final one; `newest` is the talk's newest."""
        return segment in (self.ended_in, newest)

    @property
    def is_typed(self) -> bool:
        """Whether it is a typed line, which is whole, or the key that repeats a reply."""
        return self.longest_pause_s is None

    def continued_by(self, newest: Turn, playback_at: float | None) -> bool:
        """Whether the user spoke again before the agent did, or so soon after that they had not finished.

        A user who called the turn off had finished.
        """
        if newest is self or self.called_off:
            return False
        return playback_at is None or newest.began_at - playback_at <= LATE_S

    def says_something(self, words: Transcript) -> bool:
        """Whether these words are more than agreement, a call for silence, or noise."""
        return kind_of(words.text, words.language) == "words"

    def rejoins_with(self, words: Transcript) -> bool:
        """Whether the turn, with these words, goes on with the question before it, which was answered."""
        return self.rejoins and self.says_something(words)

    def times_of(self, answer: Draft) -> TurnTimes:
        """All moments of the turn with this answer."""
        times = answer.times
        times.speech_ended_at, times.heard_at = self.speech_ended_at, self.heard_at
        times.decided_at = self.decided_at
        return times

    def done(self, t: float, answer: Draft, heard: str) -> TurnDone:
        """The event `turn_done`, with the work that went into drafts that were not the answer."""
        others = [draft for draft in self.drafts if draft is not answer]
        dropped_s = sum(draft.generate_s + draft.synthesize_s for draft in others)
        times, stats = self.times_of(answer), answer.stats or GenerationStats()
        return TurnDone(
            t,
            self.number,
            heard,
            times.latency_ms(),
            times.decided_ms,
            len(others),
            round(dropped_s * 1000, 1),
            stats.prompt_tokens,
            stats.prompt_tokens_evaluated,
        )
