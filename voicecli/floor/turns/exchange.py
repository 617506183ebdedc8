"""Turn after turn: which is newest, which draft may still sound, which reply is due. Pure.

    number    counts up with
    turn      each turn of the user's
    segment   each turn, each time the user goes on after a pause, and each time they call an answer off
    draft     each draft

A segment is speech and the silence after it. A draft is void once its number is below `void_before`, the only
number that other threads read. A void draft is not forgotten: the scribe may still confirm that it has all
the words of its turn.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from voicecli.events import Dropped, QualityStepped
from voicecli.floor.orders import Drop, LetSound, Tell
from voicecli.floor.turns.means import Means
from voicecli.floor.turns.turn import LATE_S, Turn

if TYPE_CHECKING:
    from voicecli.events import Event
    from voicecli.floor.orders import Order
    from voicecli.floor.turns.turn import Draft

JUST_ENDED_S = 2.0
"""s: a "stop" that begins so soon after the end of a reply was meant for that reply."""


class Out:
    """Collects orders, in the order of the decisions."""

    def __init__(self, began: float) -> None:
        self.now = self._began = began
        self._orders: list[Order] = []
        self._dropped: Counter[str] = Counter()

    @property
    def t(self) -> float:
        """Seconds since the talk began, the `t` of events."""
        return self.elapsed_s(self.now)

    def elapsed_s(self, now: float) -> float:
        """Seconds from the beginning of the talk to another moment."""
        return round(now - self._began, 3)

    def add(self, order: Order) -> None:
        """Add an order."""
        self._orders.append(order)

    def tell(self, event: Event) -> None:
        """Tell readers of events."""
        self._orders.append(Tell(event))

    def drop(self, reason: str, turn: int | None = None) -> None:
        """Count what was dropped, and tell of it. `reason`: a key of `events.DROPPED`."""
        self._dropped[reason] += 1
        self.tell(Dropped(self.t, reason, self._dropped[reason], turn))

    def taken(self) -> list[Order]:
        """All orders since the last call."""
        orders, self._orders = self._orders, []
        return orders


class Numbers:
    """Numbers of drafts, and which of them are void."""

    def __init__(self) -> None:
        self._newest = 0
        self.void_before = 0

    def next(self) -> int:
        """A number that was not used before."""
        self._newest += 1
        return self._newest

    def void(self, before: int | None = None) -> None:
        """Make all drafts before this number void; without a number, all drafts so far."""
        self.void_before = max(self.void_before, self._newest + 1 if before is None else before)

    def is_void(self, draft: Draft) -> bool:
        """Whether the draft cannot sound any more."""
        return draft.late or draft.number < self.void_before


class Exchange:
    """The turns that are not final yet, oldest first."""

    def __init__(self, out: Out, numbers: Numbers) -> None:
        self._out = out
        self._numbers = numbers
        self.means = Means(lambda: out.now, lambda *changed: out.tell(QualityStepped(out.t, *changed)))
        """What the talk does without, under pressure."""
        self.turns: dict[int, Turn] = {}
        self.newest = 0
        """Number of the newest turn; 0 before the first."""
        self.settled = 0
        """No reply to this turn, or to an older one, is still to come."""
        self._settled_at = -math.inf
        self._sounded_at = -math.inf  # the first sound of the last reply, if it was heard whole
        self.segment = 0
        self.paused = 0
        """The newest segment in which the user has fallen silent."""
        self.draft: Draft | None = None
        """The newest draft, unless its words have proved wrong."""

    # ---- the user

    def begin(self, began_at: float) -> Turn:
        """The user begins a turn, which silences the agent."""
        waits = self.settled < self.newest
        self.newest += 1
        stops = waits or began_at - self._settled_at <= JUST_ENDED_S
        turn = Turn(self.newest, began_at, stops, rejoins=self._rejoins(began_at))
        self.turns[turn.number] = turn
        self.go_on()
        return turn

    def go_on(self) -> None:
        """The user goes on, so all drafts so far become void."""
        self.segment += 1
        self._numbers.void()
        self._out.add(Drop(self._numbers.void_before))

    def call_off(self) -> None:
        """The user wants no answer to the newest turn, or no more of it."""
        if (turn := self.turns.get(self.newest)) is not None:
            turn.called_off = True
        self._sounded_at = -math.inf  # what they say next does not go on with the last question
        self.go_on()

    def pause(self) -> None:
        """The user has fallen silent, for a moment at least."""
        self.paused = self.segment

    def commit(self, ended_at: float, heard_at: float | None) -> None:
        """The user has finished the newest turn."""
        self.pause()
        if (turn := self.turns.get(self.newest)) is not None:
            turn.commit(self.segment, ended_at, heard_at, self._out.now)
            self._answer(turn)

    # ---- drafts

    def propose(self, draft: Draft) -> None:
        """Add a draft; older ones become void. So does this one, if the user has gone on."""
        self.turns[draft.turn].drafts.append(draft)
        draft.late = draft.segment != self.segment
        if not draft.late:
            self.draft = draft
            self._numbers.void(draft.number)

    def withdraw(self) -> None:
        """The words of the newest draft have proved wrong."""
        if self.draft is not None:
            self._numbers.void(self.draft.number + 1)
            self.draft.withdrawn = True
            self.draft = None

    def confirm(self, draft: Draft) -> None:
        """The draft has all the words of its segment."""
        turn = self.turns[draft.turn]
        turn.confirm(draft)
        self._answer(turn)

    def _answer(self, turn: Turn) -> None:
        """If the answer is certain, let it sound, and tell the events that waited for that."""
        draft = turn.answer
        if draft is None:
            return
        if not self._numbers.is_void(draft):
            self._out.add(LetSound(draft.number))
        for event in draft.untold:
            self._out.tell(event)
        draft.untold = []

    def tell(self, draft: Draft, event: Event) -> None:
        """Tell an event of a draft: as soon as the draft is the answer, and never if it is not."""
        turn = self.turns.get(draft.turn)
        if turn is not None and turn.answer is draft:
            self._out.tell(event)
        else:
            draft.untold.append(event)

    def finalise(self, turn: Turn) -> None:
        """A turn is over."""
        self._note_sound(turn)
        turn.finalise()
        del self.turns[turn.number]
        self.settled, self._settled_at = turn.number, self._out.now
        if self.draft is not None and self.draft.turn == turn.number:
            self._numbers.void(self.draft.number + 1)
            self.draft = None

    def _note_sound(self, turn: Turn) -> None:
        """Note when the reply began to sound: a user who spoke soon after that goes on with the question.

        A short reply may be over before the user is noticed, and be reported only after that.
        """
        answer = turn.answer
        if answer is None or answer.outcome is None or not answer.outcome.heard:
            return
        counts = answer.outcome.whole and not (turn.called_off or turn.is_typed or answer.repeats)
        began_at = answer.times.playback_at if counts else None
        self._sounded_at = -math.inf if began_at is None else began_at
        if (following := self.turns.get(turn.number + 1)) is not None:
            following.rejoins = self._rejoins(following.began_at)

    def _rejoins(self, began_at: float) -> bool:
        return began_at - self._sounded_at <= LATE_S

    # ---- what is known

    def find(self, number: int) -> Draft | None:
        """The draft of a turn that is not final."""
        drafts = (draft for turn in self.turns.values() for draft in turn.drafts)
        return next((draft for draft in drafts if draft.number == number), None)

    def due(self) -> Draft | None:
        """The draft that is, or may become, the answer to the oldest turn; no other is worked on."""
        turn = next(iter(self.turns.values()), None)
        if turn is None or turn.answer is not None:
            return turn.answer if turn is not None else None
        draft = self.draft
        live = draft is not None and draft.turn == turn.number and not self._numbers.is_void(draft)
        return draft if live else None
