"""The thread that speaks: clauses -> sound, seen to the loudspeaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli import events
from voicecli.messages import Clause, EndOfReply, ReplyOutcome, SpokenChunk
from voicecli.pipeline.faults import VOICE, Fault
from voicecli.pipeline.turns import TICK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.channel import Channel
    from voicecli.pipeline.faults import Faults
    from voicecli.pipeline.records import DraftRecord
    from voicecli.pipeline.turns import Turns
    from voicecli.speak.playback import Playback
    from voicecli.speak.synthesize import Piece, Synthesizer


class Speaking:
    """Synthesises clause after clause and sees each to the loudspeaker."""

    def __init__(
        self,
        synthesizer: Synthesizer,
        playback: Playback,
        turns: Turns,
        clauses: Channel[Clause | EndOfReply],
        outcomes: Channel[ReplyOutcome],
        faults: Faults,
    ) -> None:
        self._synthesizer = synthesizer
        self._playback = playback
        self._turns = turns
        self._clauses = clauses
        self._outcomes = outcomes
        self._faults = faults
        self._failed: DraftRecord | None = None  # the newest that a failure was told of
        self._draft: DraftRecord | None = None
        """The one whose clauses come at present."""
        self._begins_at = 0
        """Index of the first clause that is still part of its reply."""

    def run(self) -> None:
        """Until `clauses` closes."""
        while True:
            self.take(self._next())

    def take(self, item: Clause | EndOfReply) -> None:
        """The next of `clauses`."""
        record = self._turns.drafts.get(item.draft)
        if record is None:
            return  # of a turn that is settled
        if record is not self._draft:
            self._draft, self._begins_at = record, record.begins_at
            self._playback.begin(record.draft.number)
        match item:
            case Clause():
                self._say(item, record)
            case EndOfReply():
                self._end(record)

    def _next(self) -> Clause | EndOfReply:
        """The next item; while there is none, still tell what begins to sound."""
        while True:
            try:
                return self._clauses.get(TICK_S if self._draft else None)
            except TimeoutError:
                self._announce()

    def _say(self, clause: Clause, record: DraftRecord) -> None:
        # While the user speaks the words may change, and what is being synthesised cannot be stopped.
        self._wait(lambda _: self._turns.paused == record.draft.stretch)
        if not self._turns.wanted(record.draft) or clause.index < record.begins_at:
            return
        pieces, load = self._synthesizer.say(clause.text), self._playback.load
        while (piece := self._next_piece(pieces, clause, record)) is not None:
            load(
                SpokenChunk(clause, piece.samples, self._synthesizer.rate_hz, piece.word_ends, piece.to_come)
            )
            load = self._playback.go_on
            if not self._wait(lambda _: self._playback.pump()) or not self._turns.wanted(record.draft):
                return

    def _next_piece(self, pieces: Iterator[Piece], clause: Clause, record: DraftRecord) -> Piece | None:
        """Have it synthesised; None when the clause is over, failed or is no part of the reply after all."""
        began_at = self._turns.clock.now()
        piece = self._faults.attempt(VOICE, clause.turn, lambda: next(pieces, None), [clause.text])
        if isinstance(piece, Fault):
            self._on_fault(piece, record)
            return None
        self._drop_what_was_taken_back()
        if piece is None or clause.index < record.begins_at:
            return None
        now = self._turns.clock.now()
        record.synthesize_s += now - began_at
        record.times.first_audio_at = record.times.first_audio_at or now
        return piece

    def _on_fault(self, fault: Fault, record: DraftRecord) -> None:
        """A clause cannot be said: the others may be. Told once a reply."""
        record.failed = True
        if self._failed is not record:
            self._failed = record
            now, turn = self._turns.elapsed_s(), record.draft.turn
            self._turns.tell(record.draft, events.Failed(now, fault.found, fault.remedy, turn))

    def _end(self, record: DraftRecord) -> None:
        self._playback.finish()
        # Of one that was not wanted before it sounded, all that was to be heard has been heard: nothing.
        whole = self._turns.wanted(record.draft) and self._wait(self._playback.done)
        heard = self._playback.heard(self._turns.clock.now())
        self._draft = None
        self._outcomes.put(ReplyOutcome(record.draft.number, heard, interrupted=not whole))

    def _wait(self, until: Callable[[float], bool]) -> bool:
        """Wait until `until(now)`; False when the draft stops being wanted before that."""
        while not until(self._turns.clock.now()):
            if self._draft is None or not self._turns.wanted(self._draft.draft):
                return False
            self._announce()
            self._turns.clock.wait(self._turns.stop, TICK_S)
        self._announce()
        return True

    def _drop_what_was_taken_back(self) -> None:
        """Fall silent where what sounds, or was to sound, has proved to be no part of the reply."""
        record = self._draft
        if record is not None and self._begins_at < record.begins_at:
            self._begins_at = record.begins_at
            record.times.first_audio_at = record.times.playback_at = None
            self._playback.begin(record.draft.number)

    def _announce(self) -> None:
        """Tell what has begun to sound."""
        self._drop_what_was_taken_back()
        if self._draft is None:
            return
        times = self._draft.times
        times.playback_at = times.playback_at or self._playback.first_sound_at()
        for clause in self._playback.begun(self._turns.clock.now()):
            self._turns.saying = clause.text
            self._turns.emit(events.Speaking(self._turns.elapsed_s(), clause.turn, clause.index, clause.text))
