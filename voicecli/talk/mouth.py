"""The mouth: clauses -> sound in the jitter buffer, and which of it was heard. It decides nothing.

The audio thread only counts and wakes nobody. So while clauses sound the mouth wakes by itself when something
is due: room for more sound, a clause that begins, the end. Otherwise it sleeps on its inbox.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from voicecli.floor import facts
from voicecli.floor.agent.reply_language import MAIN
from voicecli.floor.orders import Drop, End, LetSound, MakeCue, Say, Unsay
from voicecli.floor.stages import VOICE, Fault
from voicecli.messages import SpokenChunk
from voicecli.network.trouble.guard import guard_of, tell_by
from voicecli.speak.voice import besides, sound_of
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicecli.audio.probe import Probe
    from voicecli.engines import Seat
    from voicecli.floor.orders import ToMouth
    from voicecli.messages import Clause, Int16
    from voicecli.network.trouble.remarks import Remark
    from voicecli.speak.playback import Playback
    from voicecli.speak.voice import Piece, Voice
    from voicecli.system.clock import Clock
    from voicecli.talk.attempts import Attempts
    from voicecli.talk.workers.author import VoidBefore
    from voicecli.talk.workers.scribe import Post
    from voicecli.threads.channel import Channel

SOON_S = 0.01
"""s that the mouth sleeps at least before it looks at the loudspeaker again: about a block."""

BEGINS_S = 0.04
"""s that it sleeps where its sound has not begun, or is held: nobody can tell when the sound will go on."""

NO_OTHERS: Mapping[str, Seat[Voice]] = MappingProxyType({})
"""For a talk with one voice."""


class Mouth:
    """Has the voice say clauses, and reports when they sound."""

    def __init__(
        self,
        voice: Seat[Voice],
        playback: Playback,
        clock: Clock,
        attempts: Attempts,
        inbox: Channel[ToMouth],
        post: Post,
        void_before: VoidBefore,
        others: Mapping[str, Seat[Voice]] = NO_OTHERS,
    ) -> None:
        """`voice` is the main one, `others` are those of languages that it does not speak, by their codes."""
        self._voices = {**others, **dict.fromkeys(besides(voice.it), voice), MAIN: voice}
        self._playback = playback
        self._clock = clock
        self._attempts = attempts
        self._inbox = inbox
        self._post = post
        self._void_before = void_before
        self.probe: Probe | None = None  # where --debug looks at the boundaries
        self._draft = 0  # the draft whose clauses came last; 0: its reply has ended
        self._begins_at = 0  # index of the first clause that is part of its reply
        self._saying: _Saying | None = None
        self._making: MakeCue | None = None
        self._ends = False
        self._may_sound = 0

    def run(self) -> None:
        """Obey orders until the inbox closes."""
        while True:
            try:
                order = self._inbox.get(self._due_s())
            except TimeoutError:
                self.look()
            else:
                self.take(order)

    def _due_s(self) -> float | None:
        """Seconds until it is to look again; None while none of its sound is to be heard, or on its way."""
        if self._saying is None and not (self._draft and self._draft == self._may_sound):
            return None
        if not self._playback.jitter.sounding:
            return BEGINS_S
        return max(SOON_S, self._playback.due_s(self._clock.now()))

    def give_up(self, fault: Fault) -> None:
        """The thread that ran this hangs, and another one will: the clause it was at counts as failed."""
        if self._saying is not None:
            self._attempts.mend(self._voices[self._saying.clause.language], fault)
            self._saying.fault = fault
            self._is_through()
        elif self._making is not None:
            self._made(self._making, fault)

    def take(self, order: ToMouth) -> None:
        """Obey the order as far as it can be done now; `look` does the rest."""
        self._obey(order)
        self.look()

    def _obey(self, order: ToMouth) -> None:
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
                self._post(facts.ReplyEnded(draft, "", whole=False))  # the draft was void before `End` came
            case LetSound(draft):
                self._may_sound = draft
            case MakeCue():
                self._make(order)
            case Drop():
                pass  # drafts became void: `look` reports what was heard of them

    def look(self) -> None:
        """Look how far the sound has come, report it, and make more of it."""
        now = self._clock.now()
        if self._draft == self._may_sound:
            for clause in self._playback.begun(now):
                first_at = self._playback.first_sound_at()
                ends_at = self._playback.word_ends_at(clause)
                self._post(facts.ClauseSounds(clause.draft, clause.index, clause.text, first_at, ends_at))
        self._go_on()
        void = self._draft < self._void_before()
        if self._ends and (void or self._playback.done(self._clock.now())):
            self._end(whole=not void)

    def _go_on(self) -> None:
        """Push more of the clause that is being said, as far as there is room."""
        while (saying := self._saying) is not None:
            if self._wanted(saying.clause) and not self._playback.feed(saying.chunks):
                return
            if self._saying is saying:
                self._is_through()

    def _wanted(self, clause: Clause) -> bool:
        return clause.draft >= self._void_before() and clause.index >= self._begins_at

    def _is_through(self) -> None:
        saying, self._saying = self._saying, None
        if saying is not None:
            self._post(saying.voiced())

    def _end(self, *, whole: bool) -> None:
        self._ends = False
        heard, first_at = self._playback.heard(self._clock.now()), self._playback.first_sound_at()
        draft, self._draft = self._draft, 0
        self._post(facts.ReplyEnded(draft, heard, whole, first_at))

    def _say(self, clause: Clause) -> None:
        if clause.draft != self._draft:
            if self._ends:
                self._end(whole=False)
            if clause.draft >= self._void_before():
                self._draft, self._begins_at = clause.draft, 0
                self._playback.begin(clause.draft)
        voice = self._voices[clause.language]
        tell_by(voice.it, self._remark)
        saying = _Saying(clause, voice.it.say(clause.text))
        if self._wanted(clause):
            saying.chunks = self._chunks(saying, voice)
            self._saying = saying
        else:
            self._post(saying.voiced())

    def _remark(self, remark: Remark) -> None:
        self._post(facts.Noticed(remark.found, remark.remedy))

    def _make(self, cue: MakeCue) -> None:
        """Have the voice say a phrase for later."""
        voice, self._making = self._voices[cue.language].it, cue
        self._made(
            cue,
            self._attempts.in_turn(
                Work.DRAFT,
                VOICE,
                lambda: sound_of(voice, cue.text),
                [cue.text],
                here=guard_of(voice) is None,
            ),
        )

    def _made(self, cue: MakeCue, sound: Int16 | Fault) -> None:
        """Keep the phrase. If the voice fails on it, the talk does without; that failure is not counted."""
        voice, self._making = self._voices[cue.language], None
        if isinstance(sound, Fault):
            self._attempts.mend(voice, sound)
            self._post(facts.EngineFailed(VOICE, 0, sound, counts=False))
            kept = False
        else:
            rate_hz = voice.it.rate_hz
            kept = self._playback.cues.keep(cue.language, cue.text, sound, rate_hz, cue.longest_s)
        self._post(facts.CueMade(cue.language, cue.text, kept))

    def _chunks(self, saying: _Saying, voice: Seat[Voice]) -> Iterator[SpokenChunk]:
        """Have the voice make piece after piece, while they are wanted; obey orders that came meanwhile."""
        clause, rate_hz, here = saying.clause, voice.it.rate_hz, guard_of(voice.it) is None
        while self._saying is saying and self._wanted(clause):
            began_at = self._clock.now()
            piece = self._attempts.in_turn(
                Work.SOUND,
                VOICE,
                lambda: next(saying.pieces, None),
                [clause.text],
                size=1.0,
                here=here,
            )
            if isinstance(piece, Fault):
                saying.fault = piece
                self._attempts.mend(voice, piece)
                return
            while self._inbox.stats().fill:  # an order may take this clause out of the reply
                self._obey(self._inbox.get(0))
            if piece is None or self._saying is not saying:
                return
            now = self._clock.now()
            saying.seconds += now - began_at
            saying.made_at = saying.made_at or now
            if self.probe is not None:
                self.probe.whole("voice", piece.samples, rate_hz, now)
            yield SpokenChunk(clause, piece.samples, rate_hz, piece.word_ends, piece.to_come)


@dataclass(slots=True)
class _Saying:
    """A clause on its way to the jitter buffer, piece by piece."""

    clause: Clause
    pieces: Iterator[Piece]
    chunks: Iterator[SpokenChunk] = field(default_factory=lambda: iter(()))
    """The pieces as chunks, while they are wanted."""
    seconds: float = 0.0
    """What the voice took for them so far, its wait for a turn included."""
    made_at: float | None = None
    """When the first piece was there."""
    fault: Fault | None = None

    def voiced(self) -> facts.ClauseVoiced:
        """The fact that reports what became of the clause."""
        clause = self.clause
        return facts.ClauseVoiced(clause.draft, clause.index, self.seconds, self.made_at, self.fault)
