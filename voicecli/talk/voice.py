"""The voice: clauses -> sound, seen to the loudspeaker, and what of it was heard. It decides nothing.

The loudspeaker's counters cannot report, so it looks at them while its clauses sound, or are on their way;
else it sleeps on its inbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.floor import facts
from voicecli.floor.faults import VOICE, Fault
from voicecli.floor.orders import End, LetSound, Say, Unsay
from voicecli.messages import SpokenChunk

if TYPE_CHECKING:
    from voicecli.channel import Channel
    from voicecli.clock import Clock
    from voicecli.floor.orders import ToVoice
    from voicecli.messages import Clause
    from voicecli.speak.playback import Playback
    from voicecli.speak.synthesize import Synthesizer
    from voicecli.talk.attempts import Attempts
    from voicecli.talk.workers import Post, VoidBefore

TICK_S = 0.01
"""How often the voice looks at the loudspeaker's counters while its clauses sound: these cannot report."""


class Voice:
    """Clauses -> sound, seen to the loudspeaker."""

    def __init__(
        self,
        synthesizer: Synthesizer,
        playback: Playback,
        clock: Clock,
        attempts: Attempts,
        inbox: Channel[ToVoice],
        post: Post,
        void_before: VoidBefore,
    ) -> None:
        self._synthesizer = synthesizer
        self._playback = playback
        self._clock = clock
        self._attempts = attempts
        self._inbox = inbox
        self._post = post
        self._void_before = void_before
        self._draft = 0  # of which clauses came last
        self._begins_at = 0  # index of the first clause that is part of its reply
        self._on_its_way: facts.ClauseVoiced | None = None  # to the jitter buffer
        self._ends = False
        self._may_sound = 0

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            at_work = self._on_its_way is not None or (self._draft and self._draft == self._may_sound)
            try:
                order = self._inbox.get(TICK_S if at_work else None)
            except TimeoutError:
                self.look()
            else:
                self.take(order)

    def take(self, order: ToVoice) -> None:
        """Do it, as far as it can be done now; `look` does the rest."""
        match order:
            case Say(clause):
                self._say(clause)
            case Unsay(draft, index) if draft == self._draft:
                self._begins_at = index
                self._playback.begin(draft)
                self._is_through()
            case End(draft) if draft == self._draft:
                self._ends = True
                self._playback.finish()
            case End(draft):
                self._post(facts.ReplyEnded(draft, "", whole=False))  # it was void before it came to this
            case LetSound(draft):
                self._may_sound = draft
        self.look()

    def look(self) -> None:
        """See what has become of the sound, and tell."""
        now = self._clock.now()
        if self._draft == self._may_sound:
            for clause in self._playback.begun(now):
                first_at = self._playback.first_sound_at()
                self._post(facts.ClauseSounds(clause.draft, clause.index, clause.text, first_at))
        void = self._draft < self._void_before()
        if self._on_its_way is not None and (self._playback.pump() or void):
            self._is_through()
        if self._ends and (void or self._playback.done(now)):
            self._end(whole=not void)

    def _is_through(self) -> None:
        told, self._on_its_way = self._on_its_way, None
        if told is not None:
            self._post(told)

    def _end(self, *, whole: bool) -> None:
        self._ends = False
        heard, first_at = self._playback.heard(self._clock.now()), self._playback.first_sound_at()
        draft, self._draft = self._draft, 0
        self._post(facts.ReplyEnded(draft, heard, whole, first_at))

    def _say(self, clause: Clause) -> None:
        nothing = facts.ClauseVoiced(clause.draft, clause.index)
        if clause.draft != self._draft:
            if self._ends:
                self._end(whole=False)
            if clause.draft >= self._void_before():
                self._draft, self._begins_at = clause.draft, 0
                self._playback.begin(clause.draft)
        if clause.draft < self._void_before() or clause.index < self._begins_at:
            self._post(nothing)
            return
        began_at = self._clock.now()
        samples = self._attempts.attempt(
            VOICE, lambda: self._synthesizer.synthesize(clause.text), [clause.text]
        )
        if isinstance(samples, Fault):
            self._post(facts.ClauseVoiced(clause.draft, clause.index, fault=samples))
            return
        while self._inbox.stats().fill:  # that it is no part of the reply, perhaps
            self.take(self._inbox.get(0))
        if clause.index < self._begins_at:
            self._post(nothing)
            return
        now, voice = self._clock.now(), self._synthesizer
        self._playback.load(SpokenChunk(clause, samples, voice.rate_hz, voice.word_ends))
        self._on_its_way = facts.ClauseVoiced(clause.draft, clause.index, now - began_at, now)
