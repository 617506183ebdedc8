"""Decides, once a frame, whether the turn is over and whether a look at the words so far is due. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.audio.level import SILENCE_DBFS
from voicecli.floor.orders import EndSegment, Judge, Snapshot
from voicecli.floor.stages import TURN_MODEL
from voicecli.listen.gate.segment import WORDS_DB, State
from voicecli.messages import FRAME_S
from voicecli.turn.decision import Evidence, pause_wanted_s
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from voicecli.config import TurnConfig
    from voicecli.floor.agent.memory import Memory
    from voicecli.floor.facts import Frame, Judged
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.floor.turns.faults import Strikes
    from voicecli.floor.user.scribing import Scribing
    from voicecli.messages import Utterance

DIP_S = 0.1
"""s of new speech that the end of a word needs to be worth another look."""

LOUD_FALL_DB_S = 10.0
"""How fast the loudest of the last moments is forgotten."""


class Pauses:
    """Collects the evidence of a pause, for `turn.decision` to weigh."""

    def __init__(
        self,
        out: Out,
        exchange: Exchange,
        scribing: Scribing,
        strikes: Strikes,
        memory: Memory,
        config: TurnConfig,
    ) -> None:
        self._out = out
        self._exchange = exchange
        self._scribing = scribing
        self._strikes = strikes
        self._memory = memory
        self._config = config
        self._loud_dbfs = SILENCE_DBFS
        self._seen_s = 0.0  # s of speech of this turn whose words were asked for
        self._judged: tuple[int, float] | None = None  # the newest segment, and how likely the turn is over
        self._with_judge = False
        self._to_judge: Judge | None = None

    def begin(self) -> None:
        """A turn begins."""
        self._seen_s = 0.0

    def offer(self, utterance: Utterance, spoken_s: float) -> None:
        """The user falls silent: ask for the words, a draft and the judge's opinion."""
        self._exchange.pause()
        self.give(utterance, spoken_s, paused=True)
        self._to_judge = Judge(self._exchange.newest, self._exchange.segment, utterance)
        self._have_judged()

    def give(self, utterance: Utterance, spoken_s: float, *, paused: bool = False) -> None:
        """Have what was said so far written down."""
        self._scribing.offer(self._exchange.newest, self._exchange.segment, utterance, paused=paused)
        self._seen_s = spoken_s

    def judged(self, fact: Judged) -> None:
        """Take the judge's opinion of the sound; where it failed, words and pause decide."""
        self._with_judge = False
        if fact.fault is not None:
            self._strikes.failed(TURN_MODEL, fact.turn, fact.fault)
            self._strikes.warn(TURN_MODEL, fact.fault)
        elif fact.probability is not None:
            self._strikes.worked(TURN_MODEL)
            self._judged = fact.segment, fact.probability
        self._have_judged()

    def decide(self, frame: Frame) -> None:
        """End the turn when it is over; else ask for a look at the words so far, if that is worth it."""
        exchange = self._exchange
        if exchange.paused == exchange.segment and frame.pause_s >= self._pause_wanted_s(frame):
            self._out.add(EndSegment())
        elif frame.gate is State.SPEAKING:
            self._loud_dbfs = max(frame.level_dbfs, self._loud_dbfs - LOUD_FALL_DB_S * FRAME_S)
            fresh_s = frame.spoken_s - self._seen_s
            dipped = fresh_s > DIP_S and frame.level_dbfs < self._loud_dbfs - WORDS_DB
            work = Work.LOOK if dipped else Work.PARTIAL
            looks_s = exchange.means.quality.looks_s
            if (fresh_s >= looks_s or dipped) and self._scribing.has_time(work, frame.room_for):
                self._out.add(Snapshot())

    def _have_judged(self) -> None:
        """Ask the judge for one segment at a time: the newest, if the user has not gone on."""
        asked = self._to_judge
        if asked is not None and not self._with_judge:
            self._to_judge = None
            if asked.segment == self._exchange.segment:
                self._with_judge = True
                self._out.add(asked)

    def _pause_wanted_s(self, frame: Frame) -> float:
        turn, segment = self._exchange.turns.get(self._exchange.newest), self._exchange.segment
        known = turn is not None and turn.confirmed is not None and turn.confirmed.segment == segment
        confirmed = turn.confirmed if turn is not None and known else None
        transcript = None if confirmed is None else confirmed.transcript
        habits = self._memory.habits
        if turn is not None and transcript is not None and turn.rejoins_with(transcript):
            habits = habits.cut()  # known, but not kept before the turn is over
        evidence = Evidence(
            spoken_s=frame.spoken_s,
            sound=self._judged[1] if self._judged is not None and self._judged[0] == segment else None,
            words=None if transcript is None else transcript.text,
            ending=None if confirmed is None else confirmed.ending,
            language="" if transcript is None else transcript.language,
            asked=self._memory.asked,
            extra_s=habits.extra_s,
        )
        return pause_wanted_s(evidence, self._config)
