"""What the scribe writes down, and when; what its words become: partial words, drafts, the answer. Pure.

One utterance at a time is with the scribe. What waits is bounded: the oldest is dropped, counted, and treated
as a sound without words, so that its turn ends all the same. Of looks only the newest waits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.floor.orders import Transcribe
from voicecli.floor.stages import TRANSCRIBER
from voicecli.floor.turns.turn import Draft
from voicecli.listen.recognise.partial import same_words
from voicecli.listen.recognise.passes import NO_WORDS, joined
from voicecli.messages import Transcript
from voicecli.turn.words import word_evidence
from voicecli.waiting.buffers import Buffer
from voicecli.waiting.times import TurnTimes

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.floor.facts import Transcribed
    from voicecli.floor.stages import Fault
    from voicecli.floor.turns.exchange import Exchange, Numbers, Out
    from voicecli.floor.turns.faults import Strikes
    from voicecli.floor.turns.turn import Turn
    from voicecli.messages import Utterance
    from voicecli.waiting.buffers import BufferFill
    from voicecli.waiting.urgency import Work

SPEECH = Buffer(
    "speech",
    "pieces of speech",
    8,
    "drop_oldest",
    "nobody can make the user wait; eight are more than a person says while one is transcribed, and where "
    "they pile up, the user waits for the answer to the newest",
)
LOOKS = Buffer(
    "looks",
    "passes",
    2,
    "latest",
    "they find words that may still change, and the newest look covers the sound of the one before; room for "
    "one look at the user's turn and one at speech over the agent",
)
TOO_SHORT = replace(NO_WORDS, reason="too_short")

MIN_WORDS = 3
"""With fewer words more almost always follows, so they are worth no draft while the user speaks."""

NOT_CAUGHT = ("I did not catch that", "please say it again")
"""Speech without words: what was found, and what to do."""

PARTLY_CAUGHT = ("I did not catch a part of that", "please say again what is missing")
"""The same for one piece of a long turn whose other pieces have words."""


class Scribing:
    """Gives the scribe its work, one utterance at a time, and makes drafts of its words."""

    def __init__(
        self,
        out: Out,
        exchange: Exchange,
        numbers: Numbers,
        strikes: Strikes,
        read_ahead: Callable[[Turn, Transcript], None],
    ) -> None:
        """`read_ahead` gets words of a turn that will not change any more."""
        self._out = out
        self._exchange = exchange
        self._numbers = numbers
        self._strikes = strikes
        self._read_ahead = read_ahead
        self._with_scribe: Transcribe | None = None
        self._since = 0.0
        self._waiting: deque[Transcribe] = deque()
        self._peak = self._lost = self._looks_peak = self._looks_replaced = 0
        self._language = ""
        """The language that the user spoke last; typed lines are assumed to be in it."""
        self.overheard = (0, NO_WORDS)
        """The newest look at an overlap, and its words."""

    def offer(
        self, turn: int, segment: int, utterance: Utterance, *, paused: bool = False, overlap: int = 0
    ) -> None:
        """Have an utterance written down."""
        order = Transcribe(turn, segment, utterance, paused, overlap)
        kept = [other for other in self._waiting if not _replaces(order, other)]
        self._looks_replaced += len(self._waiting) - len(kept)
        self._waiting = deque([*kept, order])
        self._issue()
        pieces = [other for other in self._waiting if not _is_look(other)]
        if len(pieces) > SPEECH.capacity:
            self._lost += 1
            self._waiting.remove(pieces[0])
            self._words(pieces.pop(0), NO_WORDS, self._out.now)
        self._peak = max(self._peak, len(pieces))
        self._looks_peak = max(self._looks_peak, len(self._waiting) - len(pieces))

    def has_time(self, work: Work, room_for: Work) -> bool:
        """Whether words that may still change, PARTIAL, or may be complete, LOOK, can be looked at now.

        `room_for`: what the lane has room for.
        """
        return self._with_scribe is None and work <= room_for

    def take(self, fact: Transcribed) -> None:
        """Take what the scribe found."""
        began_at = self._since
        self._with_scribe = None
        if fact.fault is None:
            self._strikes.worked(TRANSCRIBER)
        else:
            self._strikes.failed(TRANSCRIBER, fact.order.turn, fact.fault)
        self._words(fact.order, fact.words, began_at, fact.fault, missed=fact.missed)
        self._issue()

    def typed(self, turn: Turn, text: str) -> None:
        """Have a typed line answered; there is no sound to transcribe, so it is confirmed at once."""
        words = Transcript(text, self._language, 1.0) if text else NO_WORDS
        times = TurnTimes(draft_at=self._out.now, transcribed_at=self._out.now)
        segment = self._exchange.segment
        draft = Draft(self._numbers.next(), turn.number, segment, words, times, repeats=not text)
        self._exchange.propose(draft)
        self._exchange.confirm(draft)

    def wordless(self, turn: Turn) -> None:
        """The sound of the turn is too short for words."""
        draft = self._propose(turn, self._exchange.segment, TOO_SHORT, self._out.now)
        if draft is not None:
            self._exchange.confirm(draft)

    def stats(self) -> BufferFill:
        """What waits to be written down for good."""
        waiting = [order for order in self._waiting if not _is_look(order)]
        lag_s = self._out.now - waiting[0].utterance.decided_at if waiting else 0.0
        return SPEECH.filled(len(waiting), self._peak, self._lost, lag_s=lag_s)

    def looks(self) -> BufferFill:
        """Looks that wait. A loss is one that a newer one replaced."""
        return LOOKS.filled(self._looks, self._looks_peak, self._looks_replaced)

    @property
    def _looks(self) -> int:
        return sum(map(_is_look, self._waiting))

    def _issue(self) -> None:
        """Give the scribe the next utterance that still counts."""
        while self._with_scribe is None and self._waiting:
            order = self._waiting.popleft()
            counts = True
            if order.utterance.complete and not order.overlap:  # of a piece, no later pass has the words
                turn = self._exchange.turns.get(order.turn)
                counts = turn is not None and turn.counts(order.segment, self._exchange.segment)
            if counts:
                now = self._exchange.means.quality
                known = replace(order, language=self._language)
                self._with_scribe = replace(known, narrow=now.narrow, small=now.small)
                self._since = self._out.now
                self._out.add(self._with_scribe)

    def _words(
        self,
        order: Transcribe,
        words: Transcript,
        began_at: float,
        fault: Fault | None = None,
        *,
        missed: bool = False,
    ) -> None:
        turn = self._exchange.turns.get(order.turn)
        if fault is not None and (order.overlap or not order.utterance.complete):
            self._strikes.warn(TRANSCRIBER, fault)
        if order.overlap:
            self.overheard = order.overlap, words
        elif turn is not None and not order.utterance.complete:
            if fault is None:
                turn.pieces.append(words)
                turn.missed = turn.missed or missed
        elif turn is not None:
            whole = joined([*turn.pieces, words] if fault is None else turn.pieces)
            self._on_words(turn, order, whole, began_at, fault, missed=missed)

    def _on_words(
        self,
        turn: Turn,
        order: Transcribe,
        whole: Transcript,
        began_at: float,
        fault: Fault | None,
        *,
        missed: bool,
    ) -> None:
        """Take the words of all that was said in the turn so far."""
        turn.fault = fault or turn.fault
        if not (order.paused or (whole.text and fault is None)):
            return
        self._language = whole.language or self._language
        turn.agreement.push(whole.text)
        if turn.is_open and (text := turn.agreement.text):
            self._out.tell(events.Partial(self._out.t, turn.number, text))
        if order.paused or may_be_all(whole):
            draft = self._propose(turn, order.segment, whole, began_at)
            if draft is not None and order.paused:
                self._tell_missed(turn, draft, fault, missed=missed)
                self._exchange.confirm(draft)
            return
        draft = self._exchange.draft
        if draft is not None and draft.turn == turn.number and not same(draft.transcript, whole):
            self._exchange.withdraw()
        self._read_ahead(turn, whole)

    def _propose(self, turn: Turn, segment: int, words: Transcript, began_at: float) -> Draft | None:
        """Make a draft of the words, unless there is one; None where the words do not count any more."""
        if not turn.counts(segment, self._exchange.segment):
            return None
        known = turn.drafts[-1] if turn.drafts else None
        if known and known.segment == segment and not known.withdrawn and same(known.transcript, words):
            return known
        times = TurnTimes(draft_at=began_at, transcribed_at=self._out.now)
        draft = Draft(self._numbers.next(), turn.number, segment, words, times)
        self._exchange.propose(draft)
        return draft

    def _tell_missed(self, turn: Turn, draft: Draft, fault: Fault | None, *, missed: bool) -> None:
        """When the turn ends here, tell that words are missing, and what failed."""
        t, number = self._out.t, turn.number
        if fault is not None:
            kind = events.Warned if draft.transcript.text else events.Failed
            self._exchange.tell(draft, kind(t, fault.found, fault.remedy, number))
            return
        if turn.fault is not None:
            found = f"{turn.fault.found}, and then worked"
            self._exchange.tell(draft, events.Warned(t, found, "", number))
        if turn.missed or missed:
            missing = PARTLY_CAUGHT if draft.transcript.text else NOT_CAUGHT
            self._exchange.tell(draft, events.Warned(t, *missing, number))


def _is_look(order: Transcribe) -> bool:
    """Whether a later pass covers all of its sound."""
    return bool(order.overlap) or (order.utterance.complete and not order.paused)


def _replaces(newer: Transcribe, older: Transcribe) -> bool:
    """Whether a look that waits is worth nothing beside a newer order."""
    if older.overlap or newer.overlap:
        return bool(older.overlap and newer.overlap)
    covers = newer.utterance.complete and newer.turn == older.turn
    return _is_look(older) and (covers or newer.turn > older.turn)


def same(one: Transcript, other: Transcript) -> bool:
    """Whether two transcripts are in one language, and differ at most in punctuation and case."""
    return same_words(one.text, other.text) and (one.language == other.language or not one.text)


def may_be_all(transcript: Transcript) -> bool:
    """Whether the user, who still speaks, may be about to end with these words, so that a draft is worth it.

    A draft that is dropped costs only time of a core that would be idle while the user speaks.
    """
    said = word_evidence(transcript.text, transcript.language)
    return (said.ends or said.asks) and said.words >= MIN_WORDS and not (said.hangs or said.goes_on)
