"""What the workers share: whose turn it is, which draft answers it, and what is told of it.

    numbers      one writer        counts up
    turn         listen            when the user begins to speak
    stretch      listen            when they begin, go on after a pause, or stop the agent
    draft        transcribe        when there are words to be answered that were not there before

A draft is wanted as long as it is the newest one and nobody has spoken since its stretch. It is the answer,
heard, remembered and told about, once two things are certain: the listener has taken the turn at that
stretch, and the transcriber has heard all of it and found the same words.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from voicecli.channel import Closed
from voicecli.events import WEIGHTS, ReplyClause, weight
from voicecli.log import Log
from voicecli.pipeline.records import DraftRecord, TurnRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.clock import Clock
    from voicecli.events import Event, Partial
    from voicecli.messages import Draft
    from voicecli.pipeline.times import TurnTimes


TICK_S = 0.01
"""How often a worker that waits for something other than a channel looks again."""

LATE_S = 0.6
"""Who speaks within so long of the agent's first sound goes on with what they were saying: it takes people
0.2 s and more to react to a voice."""

JUST_ENDED_S = 2.0
"""Who says "stop" within so long of the end of a reply meant the reply, and was late."""


class Turns:
    """The floor. Every worker may read all of it; who writes what is said above and at each method."""

    def __init__(self, clock: Clock, began: float, let_sound: Callable[[int], None]) -> None:
        """`began` is the time the `t` of events is counted from; `let_sound` is told which draft answers."""
        self.clock = clock
        self._let_sound = let_sound
        self.stop = threading.Event()
        self.ready = False
        """Written by the replying thread: the model is warm, or it failed. Before that nobody is heard."""
        self._standing = (0, 0)  # turn and stretch: replaced as a whole, or a reader could see one of them
        self.paused = 0
        """Written by the listening thread: the newest stretch that ended, in a pause or for good."""
        self.draft = 0
        self.settled = 0
        """Written by the replying thread: no reply to this turn, or to an older one, is still to come."""
        self._settled_at = -math.inf
        self.asked = False
        """Written by the replying thread: what the agent said last was a question."""
        self.saying = ""
        """Written by the speaking thread: the clause that began to sound last."""
        self.turns: dict[int, TurnRecord] = {}
        self.drafts: dict[int, DraftRecord] = {}
        self.events: Log[Event] = Log("events", WEIGHTS, weight)
        """What is told; the voice waits for no reader."""
        self._began = began
        self._telling = threading.Lock()
        self._held_back: list[Event] = []

    # ---- listening thread

    def open(self, began_at: float) -> int:
        """The user begins a turn; give its number."""
        turn = self.newest + 1
        waits = self.settled < self.newest
        self.turns[turn] = TurnRecord(began_at, waits or began_at - self._settled_at <= JUST_ENDED_S)
        self._go_on(turn)
        return turn

    def call_off(self) -> None:
        """The user wants no answer to the newest turn, or no more of it."""
        record = self.turns.get(self.newest)
        if record is not None:
            record.called_off = True
        self.resume()

    def resume(self) -> None:
        """The user goes on after a pause: no draft of before is wanted any more."""
        self._go_on(self.newest)

    def _go_on(self, turn: int) -> None:
        with self._telling:
            if self.is_open(self.newest):  # else what is held back may still be the answer's
                self._held_back = []
            self._standing = turn, self.stretch + 1

    def pause(self) -> None:
        """The user has fallen silent, for a moment at least."""
        self.paused = self.stretch

    def take(self, speech_ended_at: float, heard_at: float | None) -> None:
        """The user has finished the newest turn."""
        self.pause()
        record = self.turns[self.newest]
        record.speech_ended_at, record.heard_at = speech_ended_at, heard_at
        record.decided_at = self.clock.now()
        with self._telling:
            record.taken = self.stretch
            self._answer_with(record.confirmed)

    # ---- transcribing thread

    def propose(self, draft: Draft, times: TurnTimes) -> None:
        """There is something to answer: older drafts are not wanted any more."""
        self.drafts[draft.number] = DraftRecord(draft, times)
        with self._telling:
            self._held_back = []
            self.draft = draft.number

    def withdraw(self) -> None:
        """The words of the newest draft have proved wrong."""
        with self._telling:
            self._held_back = []
            self.draft += 1

    def confirm(self, draft: Draft) -> None:
        """Its words are all that was said in its stretch."""
        record = self.turns.get(draft.turn)
        if record is not None:
            with self._telling:
                record.confirmed = draft
                self._answer_with(draft)

    def _answer_with(self, draft: Draft | None) -> None:
        if draft is not None and self.taken(draft):
            self._let_sound(draft.number)
            for event in self._held_back:
                self.emit(event)
            self._held_back = []

    # ---- replying thread

    def dropped(self, answer: Draft) -> tuple[int, float]:
        """How many other drafts the turn had, and the time that engines worked on them, s."""
        others = [
            record
            for record in list(self.drafts.values())  # the transcriber may add to it
            if record.draft.turn == answer.turn and record.draft != answer
        ]
        return len(others), sum(record.generate_s + record.synthesize_s for record in others)

    def times_of(self, draft: Draft) -> TurnTimes:
        """All moments of the turn that this draft answered."""
        turn, times = self.turns[draft.turn], self.drafts[draft.number].times
        times.speech_ended_at, times.heard_at = turn.speech_ended_at, turn.heard_at
        times.decided_at = turn.decided_at
        return times

    def goes_on(self, turn: int, playback_at: float | None) -> bool:
        """Whether the user spoke again before the agent did, or so soon after that they had not finished.

        Who called the turn off had.
        """
        if self.newest == turn or self.turns[turn].called_off:
            return False
        return playback_at is None or self.turns[self.newest].began_at - playback_at <= LATE_S

    def take_back(self, draft: Draft, clauses: int) -> None:
        """So many clauses of a draft are no part of the reply: they are not told of, and said no more."""
        record = self.drafts.get(draft.number)
        if record is not None:
            record.begins_at = clauses
        with self._telling:
            self._held_back = [event for event in self._held_back if not isinstance(event, ReplyClause)]

    def await_taken(self, draft: Draft) -> bool:
        """Wait until the turn is taken at this draft, or cannot be any more; say which."""
        while self.may_answer(draft) and not self.taken(draft):
            self.clock.wait(self.stop, TICK_S)
        return self.taken(draft)

    def settle(self, turn: int) -> None:
        """A turn is over, and with it those before."""
        for old in [number for number in list(self.turns) if number <= turn]:
            del self.turns[old]
        for number in [number for number, record in list(self.drafts.items()) if record.draft.turn <= turn]:
            del self.drafts[number]
        self._settled_at = self.clock.now()
        self.settled = turn

    # ---- all

    @property
    def newest(self) -> int:
        """Turn; 0 before the first."""
        return self._standing[0]

    @property
    def stretch(self) -> int:
        """The newest of the newest turn."""
        return self._standing[1]

    def is_open(self, turn: int) -> bool:
        """Whether the user may still have something to say in this turn."""
        record = self.turns.get(turn)
        return record is not None and record.taken is None

    def answer(self) -> Draft | None:
        """The draft that answers the newest turn, from when that is certain until the reply has ended."""
        record = self.turns.get(self.newest)
        draft = record.confirmed if record is not None else None
        return draft if draft is not None and self.taken(draft) else None

    def taken(self, draft: Draft) -> bool:
        """Whether the turn was taken with this draft as its answer."""
        record = self.turns.get(draft.turn)
        return record is not None and record.taken == draft.stretch and record.confirmed == draft

    def may_count(self, turn: int, stretch: int) -> bool:
        """Whether what was said up to this stretch is, or may become, all that the turn holds."""
        record = self.turns.get(turn)
        return record is not None and stretch in (record.taken, self.stretch)

    def may_answer(self, draft: Draft) -> bool:
        """Whether the turn was taken with the draft as its answer, or may be, though the user goes on."""
        open_still = draft.number == self.draft and self.may_count(draft.turn, draft.stretch)
        # Last: between the two looks it may be confirmed, and the next turn's draft proposed.
        return (open_still and not self.stop.is_set()) or self.taken(draft)

    def wanted(self, draft: Draft) -> bool:
        """Whether a reply to the draft is, or may come to be, wanted."""
        current = draft.number == self.draft and draft.stretch == self.stretch
        return current and not self.stop.is_set()

    def cancelled(self, number: int) -> bool:
        """Whether work on this draft is in vain."""
        record = self.drafts.get(number)
        return record is None or not self.wanted(record.draft)

    def confirmed(self) -> DraftRecord | None:
        """The draft whose words are all that was said up to the newest stretch, if there is one yet."""
        turn = self.turns.get(self.newest)
        draft = turn.confirmed if turn is not None else None
        return self.drafts.get(draft.number) if draft is not None and draft.stretch == self.stretch else None

    def elapsed_s(self) -> float:
        """Seconds since the talk began, the `t` of events."""
        return round(self.clock.now() - self._began, 3)

    def emit(self, event: Event) -> None:
        """Tell the outside; after the end there is nobody to tell."""
        try:
            self.events.put(event)
        except Closed:
            self.stop.set()

    def tell_partial(self, event: Partial) -> None:
        """Tell the outside of words that may change, unless the turn is over."""
        with self._telling:
            if self.is_open(event.turn):
                self.emit(event)

    def tell(self, draft: Draft, event: Event) -> None:
        """Tell the outside of a draft: as soon as its turn is taken, and never if it is not."""
        with self._telling:
            if self.taken(draft):
                self.emit(event)
            elif self.may_answer(draft):
                self._held_back.append(event)
