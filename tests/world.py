"""A floor and a world around it, in virtual time: the test says who speaks, who answers, and when.

    world.speaks("what time is it"); world.is_quiet(1.0); world.works(); world.plays()

The gate is the real one. All else is as simple as can be: words are found by where they were said, a reply is
one clause after the other, and each clause sounds when the test says so. At each step the world checks the
rules that hold in every conversation.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from voicecli import events
from voicecli.config import Config, TurnConfig
from voicecli.events import Event
from voicecli.floor import Floor, ToldModel, facts
from voicecli.floor import orders as to
from voicecli.floor.agent import excuse
from voicecli.floor.stages import LANGUAGE_MODEL, TRANSCRIBER, VOICE, Fault, Stage
from voicecli.floor.user.speech import GONE_S
from voicecli.listen.bargein.verdict import GIVE_UP_S, kind_of
from voicecli.listen.gate.segment import Segmenter, State
from voicecli.listen.recognise.passes import NO_WORDS
from voicecli.messages import (
    FRAME_S,
    FRAME_SAMPLES,
    RATE_HZ,
    Clause,
    Float32Frame,
    GenerationStats,
    ScoredFrame,
    SpeechStarted,
    Transcript,
    Utterance,
)
from voicecli.reply.conversation.conversation import Conversation
from voicecli.system.clock import SOME_DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from voicecli.listen.bargein.bargein import BargeIn
    from voicecli.messages import SegmentEvent

START_AT = 100.0
MOMENT_S = 0.001
"""What lies between two facts that are no frames."""
CUE_S = 0.25
LOUD = (np.sin(np.arange(FRAME_SAMPLES) / 4) * 0.3).astype(np.float32)
SOFT = (np.sin(np.arange(FRAME_SAMPLES) / 4) * 0.0003).astype(np.float32)


MODEL = ToldModel("script", is_local=True, hint="")


def remembered(local: Callable[[], datetime]) -> Conversation:
    """A short memory."""
    return Conversation("Be brief.", 600, local)


def fault(stage: Stage) -> Fault:
    return Fault(f"{stage.name} failed (RuntimeError)", stage.remedy, "RuntimeError")


@dataclass
class Reply:
    """What the author and the voice made of a draft."""

    written: int = 0
    placed: list[Clause] = field(default_factory=list)
    sounded: int = 0

    @property
    def heard(self) -> str:
        return " ".join(clause.text for clause in self.placed[: self.sounded])


class World:
    """Everything but the floor."""

    clauses = 2
    """Of each reply."""

    def __init__(
        self,
        floor_type: type[Floor] = Floor,
        others: Collection[str] = (),
        turn: TurnConfig = TurnConfig(),  # noqa: B008  # it does not change
        *,
        speaks_errors: bool = False,
    ) -> None:
        """The main voice speaks English; `others`: the languages that have a voice of their own.

        `speaks_errors`: failures are told by voice, too.
        """
        self.config = Config(turn=turn)
        self.others = others
        self.floor = floor_type(
            self.config.turn, MODEL, "en", START_AT, remembered, others, speaks_errors=speaks_errors
        )
        self.now = START_AT
        self.posted = 0
        self.broken = False
        """Something did not hold."""
        self.told: list[Event] = []
        self.ordered: list[to.Order] = []
        self.gate = Segmenter(self.config.segment, self.config.turn.max_pause_ms / 1000)
        self._position = 0
        self.said: list[tuple[int, int, str]] = []
        """From where to where somebody spoke, and what."""
        self.languages: dict[str, str] = {}
        """In which, where it is not English."""
        self.excused: set[str] = set()
        """Words that need not be heard: agreement, those of a fault, or of a muted microphone."""
        self.muted = self.closed = False
        self.called_off: set[int] = set()
        """Turns that the user wants no answer to."""
        self.transcribing: to.Transcribe | None = None
        self.judging: to.Judge | None = None
        self.authoring: to.Write | to.ReadAhead | None = None
        self.voicing: Clause | None = None
        self.ending: int | None = None
        self.replies: dict[int, Reply] = {}
        self.sounds_draft = 0
        self.dropped_before = 0
        self.mode: to.Mode = "play"
        self.making: to.MakeCue | None = None
        self.cues: list[tuple[float, to.Cue]] = []
        """When each was asked for."""
        self.cue_until = -math.inf
        self.spoke_at = self.heard_at = -math.inf
        self._lines = count(1)
        self._to_ear: deque[to.Order] = deque()
        self._obeying = False
        self._over = self._began = 0  # of the newest speech: the turn before it, and its position
        self.post(facts.DayTime(SOME_DAY))
        self._carry_out(self.floor.start(self.now))
        self.author()

    # ---- the floor

    def post(self, fact: facts.Fact) -> None:
        self.posted += 1
        self.now += MOMENT_S
        self.broken = True
        self._carry_out(self.floor.take(fact, self.now))
        if not self._obeying:
            self._obeying = True
            while self._to_ear:
                self._ear(self._to_ear.popleft())
            self._obeying = False
        self.check()
        self.broken = False

    def _carry_out(self, orders: list[to.Order]) -> None:
        for order in orders:
            self._take(order)

    def _take(self, order: to.Order) -> None:  # noqa: C901  # one line an order
        void_before = self.floor.void_before
        self.ordered.append(order)
        match order:
            case to.Tell(event):
                self._on_event(event)
            case to.Transcribe():
                assert self.transcribing is None, "one at a time"
                self.transcribing = order
            case to.Judge():
                assert self.judging is None, "one at a time"
                self.judging = order
            case to.Write() | to.ReadAhead():
                assert self.authoring is None, "one at a time"
                self.authoring = order
            case to.Say(clause):
                assert self.voicing is None, "one at a time"
                assert clause.draft >= void_before, "a void draft is voiced"
                self._is_voice_of_the_words(clause)
                self.voicing = clause
            case to.End(draft):
                assert self.ending in (None, draft), "two replies end"
                self.ending = draft
            case to.Unsay(draft):
                self.replies[draft] = Reply(self.replies[draft].written)
            case to.LetSound(draft):
                assert draft >= void_before, "a void draft is let sound"
                self.sounds_draft = draft
            case to.Drop(before):
                self.dropped_before, self.cue_until = before, -math.inf
            case to.Playout(mode):
                self.mode = mode
                self.cue_until = self.cue_until if mode == "play" else -math.inf
            case to.Cue():
                assert self.mode == "play", "a cue while somebody may be speaking"
                assert self.gate.state is State.QUIET or self.closed, "a cue over the user"
                assert not self.audible, "a cue over the agent"
                newest = self.floor.exchange.turns.get(self.floor.exchange.newest)
                excuses = any(order.text in texts for texts in excuse.PHRASES.values())
                assert excuses == (newest is None), "a cue for nothing, or an excuse before the turn is over"
                sounded = [
                    self.replies[each.number].sounded
                    for each in (newest.drafts if newest else ())
                    if each.number in self.replies
                ]
                assert not any(sounded), "a cue after the reply's first sound"
                self.cues.append((self.now, order))
                self.cue_until = self.now + CUE_S
            case to.MakeCue():
                assert self.making is None, "one at a time"
                assert self.floor.idle, "somebody waits"
                self.making = order
            case _:
                self._to_ear.append(order)

    def _is_voice_of_the_words(self, clause: Clause) -> None:
        draft = self.floor.exchange.find(clause.draft)
        assert draft is not None
        spoken = draft.transcript.language
        if not draft.repeats:
            assert clause.language == (spoken if spoken in self.others else ""), "another's voice"

    def _ear(self, order: to.Order) -> None:
        match order:
            case to.Snapshot():
                speaking = self.gate.state in (State.SPEAKING, State.STOPPING)
                self.post(facts.SoFar(self.gate.so_far() if speaking else None))
            case to.EndSegment(drop):
                ended = self.gate.end()
                self._found([] if drop else ended)
            case to.Trim(frames):
                self.gate.keep(frames)
            case to.Flush():
                self._found(self.gate.flush())
                self.called_off.add(self.floor.exchange.newest)
                self.post(facts.Flushed())
            case _:
                pass

    def _on_event(self, event: Event) -> None:
        self.told.append(event)
        match event:
            case events.Interrupted(turn=turn):
                called_off = turn <= max(self.called_off, default=0)
                assert called_off or turn < self.floor.exchange.newest, "cut off for nothing"
            case events.TurnDone(turn=turn, heard=""):
                words = [
                    each.text for each in self.told if isinstance(each, events.Heard) and each.turn == turn
                ]
                kept = self.floor.memory.messages_for("")[-1].content
                silence = all(kind_of(text, "en") == "stop" for text in words)
                # Words that go on in a turn that is called off are called off with it.
                wanted = turn > max(self.called_off, default=0)
                if words and wanted and not silence:
                    assert words[0] in kept, f"{words[0]!r} was not answered, and is forgotten"

    # ---- the user

    @property
    def audible(self) -> bool:
        """Whether the loudspeaker sounds."""
        if self.now < self.cue_until:
            return True
        reply = self.replies.get(self.sounds_draft)
        sounds = reply is not None and reply.sounded > 0 and self.ending_is_open(reply)
        return sounds and self.sounds_draft >= self.dropped_before and self.mode != "hold"

    def ending_is_open(self, reply: Reply) -> bool:
        return (
            self.ending == self.sounds_draft or reply.sounded < len(reply.placed) or self.voicing is not None
        )

    def speaks(self, words: str = "", seconds: float = 0.6) -> str:
        """Somebody says something; without words, a line that nobody said before."""
        words = words or f"line number {next(self._lines)} of the talk"
        begin = self._position
        self._sound(seconds, loud=True)
        self.said.append((begin, self._position, words))
        if (
            self.muted
            or kind_of(words, "en") != "words"
            or seconds < self.config.segment.min_speech_ms / 1000
        ):
            self.excused.add(words)
        return words

    def is_quiet(self, seconds: float) -> None:
        self._sound(seconds, loud=False)

    def hisses(self, seconds: float) -> None:
        """Something hisses that is no speech, and no echo."""
        for frame in range(max(1, round(seconds / FRAME_S))):
            self._frame(loud=False)
            if not (self.muted or self.closed):
                self.hiss(round((frame + 1) * FRAME_S / 0.01))

    def hiss(self, steps: int, barge_in: BargeIn = "on") -> None:
        """So many steps of it so far."""
        self.spoke_at = self.now
        self.post(facts.Hiss(self.now, steps, self.audible, barge_in))

    def loses(self, seconds: float) -> None:
        """So much sound never comes, as from a device with a gap."""
        self._position += round(seconds * RATE_HZ)
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.post(facts.Tick())

    def _sound(self, seconds: float, *, loud: bool) -> None:
        for _ in range(max(1, round(seconds / FRAME_S))):
            self._frame(loud=loud)

    def _frame(self, *, loud: bool) -> None:
        self.now += FRAME_S
        at = self.now - FRAME_S
        frame = Float32Frame(LOUD if loud else SOFT, self._position, at)
        self._position += FRAME_SAMPLES
        if self.muted:
            self.post(facts.Tick())
            return
        self.heard_at = self.now
        if loud:
            self.spoke_at = self.now
        scored = ScoredFrame(frame, 0.95 if loud else 0.02, -14.0 if loud else -74.0)
        self._found(self.gate.push(scored))
        gate = self.gate
        self.post(
            facts.Frame(
                at,
                scored.level_dbfs,
                scored.probability,
                gate.state,
                gate.pause_s,
                gate.spoken_s,
                audible=self.audible,
            )
        )

    def _found(self, found: list[SegmentEvent]) -> None:
        for event in found:
            over_agent = isinstance(event, SpeechStarted) and self.audible
            if isinstance(event, SpeechStarted):
                self._over, self._began = self.floor.exchange.newest, event.position
            self.post(facts.Gate(event, self.gate.spoken_s, over_agent))

    def mutes(self) -> None:
        """Or is heard again."""
        self.muted = not self.muted
        self._found(self.gate.flush())
        if self.muted:
            if self.floor.overlaps.current is not None:
                self.excused.update(words for _, until, words in self.said if until > self._began)
            self.closed = True
            self.post(facts.Closed())
        else:
            self.closed = False

    def types(self, line: str = "") -> str:
        line = line or f"typed number {next(self._lines)} of the talk"
        self.said.append((-1, -1, line))
        self._presses(facts.Typed(line))
        return line

    def repeats(self) -> None:
        self._presses(facts.Pressed("repeat"))

    def _presses(self, key: facts.Typed | facts.Pressed) -> None:
        """One more that may have to wait; where too many do, the oldest is dropped, and that is told."""
        waiting, told = [*self.floor.keys._waiting], len(self.told)
        self.post(key)
        dropped = [each for each in self.told[told:] if isinstance(each, events.Dropped)]
        if any(each.reason == "key_queue" for each in dropped) and isinstance(waiting[0], facts.Typed):
            assert any(
                "typed line" in each.message for each in self.told[told:] if isinstance(each, events.Warned)
            )
            self.excused.add(waiting[0].text)

    def interrupts(self) -> None:
        self.called_off.add(self.floor.exchange.newest)
        waiting = self.floor.keys._waiting  # the key takes back the lines that wait
        self.excused.update(key.text for key in waiting if isinstance(key, facts.Typed))
        self.post(facts.Pressed("interrupt"))

    # ---- the workers

    def words_in(self, utterance: Utterance) -> str:
        end = utterance.start + utterance.samples.size
        # It begins a frame or two late where the onset was trimmed.
        return " ".join(
            words for begin, until, words in self.said if until > utterance.start and 0 <= begin < end - 2000
        )

    def scribe(self, *, fails: bool = False) -> None:
        """The scribe is done with what it has."""
        order, self.transcribing = self.transcribing, None
        if order is None:
            return
        text = self.words_in(order.utterance)
        if kind_of(text, "en") == "stop":
            self.called_off.add(self._over if order.overlap else order.turn)
        if fails:
            self.excused.update(words for _, _, words in self.said if words in text)
            self.post(facts.Transcribed(order, NO_WORDS, fault=fault(TRANSCRIBER)))
        else:
            spoken = [code for words, code in self.languages.items() if text.endswith(words)]
            language = spoken[-1] if spoken else "en"
            self.post(facts.Transcribed(order, Transcript(text, language, 0.9 if text else 0.0)))

    def judge(self) -> None:
        """The judge is sure that the turn is over."""
        order, self.judging = self.judging, None
        if order is not None:
            self.post(facts.Judged(order.turn, order.segment, 0.98))

    def author(self, *, fails: bool = False, apologises: bool = False) -> None:
        """The author has read, or written a clause or the end of a reply; `apologises`: it said so itself."""
        order = self.authoring
        match order:
            case to.ReadAhead():
                self.authoring = None
                self.post(facts.HasRead())
            case to.Write(draft=draft):
                reply, cancelled = self.replies.setdefault(draft, Reply()), draft < self.floor.void_before
                if not cancelled and not fails and reply.written < self.clauses:
                    reply.written += 1
                    text = f"Clause {reply.written} to {draft}."
                    self.post(facts.ClauseWritten(draft, reply.written - 1, text, self.now))
                    return
                self.authoring = None
                found = replace(fault(LANGUAGE_MODEL), apologise=apologises) if fails else None
                stats = None if fails else GenerationStats()
                self.post(facts.ReplyWritten(draft, stats, 0.1, "Clause", self.now, cancelled, found))

    def voice(self, *, fails: bool = False) -> None:
        """The voice is done with the clause it has, or with a phrase for later."""
        making, self.making = self.making, None
        if making is not None:
            self.post(facts.CueMade(making.language, making.text, not fails))
        clause, self.voicing = self.voicing, None
        if clause is None:
            return
        if self.ending not in (None, clause.draft):
            self._ends(whole=False)
        if clause.draft < self.floor.void_before:
            self.post(facts.ClauseVoiced(clause.draft, clause.index))
        elif fails:
            self.post(facts.ClauseVoiced(clause.draft, clause.index, fault=fault(VOICE)))
        else:
            self.replies.setdefault(clause.draft, Reply()).placed.append(clause)
            self.post(facts.ClauseVoiced(clause.draft, clause.index, 0.05, self.now))

    def plays(self) -> None:
        """The loudspeaker goes on to the next clause, or to the end of the reply."""
        draft = self.sounds_draft
        reply = self.replies.get(draft)
        sounds = reply is not None and draft >= self.dropped_before and self.mode != "hold"
        if reply is not None and sounds and reply.sounded < len(reply.placed):
            clause = reply.placed[reply.sounded]
            reply.sounded += 1
            assert draft >= self.floor.void_before, "a void draft sounds"
            self.post(facts.ClauseSounds(draft, clause.index, clause.text, self.now))
            return
        if self.ending is None:
            return
        void = self.ending < self.floor.void_before
        whole = self.ending == draft and sounds and not void
        if void or whole:
            self._ends(whole=whole)

    def _ends(self, *, whole: bool) -> None:
        draft, self.ending = self.ending, None
        assert draft is not None
        reply = self.replies.setdefault(draft, Reply())
        self.post(facts.ReplyEnded(draft, reply.heard, whole, self.now if reply.sounded else None))

    def works(self, *, play: bool = False) -> None:
        """Everybody does what there is to do; with `play` replies are heard as well."""
        for _ in range(60):
            before = self.posted
            self.judge()
            self.scribe()
            self.author()
            self.voice()
            if play:
                self.plays()
            if self.posted == before:
                return

    @property
    def busy(self) -> list[str]:
        """Who has an order that is not answered."""
        orders = {
            "scribe": self.transcribing,
            "judge": self.judging,
            "author": self.authoring,
            "voice": self.voicing,
            "loudspeaker": self.ending,
        }
        return [name for name, order in orders.items() if order is not None]

    def settles(self) -> None:
        """The user falls silent, and all that is under way comes to its end."""
        if self.muted:
            self.mutes()
        for _ in range(12):
            self.works(play=True)
            self.is_quiet(0.8)

    def asked_of_author(self) -> to.Write | to.ReadAhead | None:
        """What it has."""
        return self.authoring

    def is_held(self) -> bool:
        """Whether the agent waits with its words."""
        return self.mode == "hold"

    # ---- what always holds

    def check(self) -> None:
        """At each step."""
        assert self.mode == self.floor.overlaps.mode
        if self.mode == "play":
            return
        assert not self.closed, "held, and nobody is listened to"
        assert self.heard_at - self.spoke_at < GIVE_UP_S + 0.3, "held, and nobody speaks"
        assert self.now - self.heard_at < GONE_S + 0.3, "held, and nobody is heard"

    def check_settled(self) -> None:
        """When all has come to its end."""
        exchange = self.floor.exchange
        assert exchange.settled == exchange.newest, f"{list(exchange.turns.values())} not final"
        assert self.floor.idle
        assert self.mode == "play"
        assert not self.busy
        heard = " ".join(event.text for event in self.told if isinstance(event, events.Heard))
        for _, _, words in self.said:
            assert words in self.excused or words in heard, f"{words!r} was lost"
        missing = [
            each.message
            for each in self.told
            if isinstance(each, events.Warned) and "no voice speaks " in each.message
        ]
        assert len(missing) == len(set(missing)), "a missing voice is told twice"
        done = [event.turn for event in self.told if isinstance(event, events.TurnDone)]
        assert done == sorted(set(done)), "a turn is done twice, or before its turn"

    def names(self) -> list[str]:
        """Of the events so far, partial words and levels left out."""
        return [
            event.name
            for event in self.told
            if not isinstance(event, events.Partial | events.MicrophoneLevel)
        ]

    def done(self) -> list[tuple[int, str]]:
        """Turns that are over, and what was heard in each."""
        return [(event.turn, event.heard) for event in self.told if isinstance(event, events.TurnDone)]


assert RATE_HZ * FRAME_S == FRAME_SAMPLES
