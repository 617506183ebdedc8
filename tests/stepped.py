"""A talk without threads: the test passes the time, and each worker works off what waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.test_pipeline import RATE_HZ, Answers, Beeper, Judge, LoudIsSpeech, Scribe, tone
from voicecli.audio.streams import StreamFormat
from voicecli.channel import Channel, Closed
from voicecli.clock import FakeClock
from voicecli.config import AudioConfig, Config
from voicecli.engines import Engines
from voicecli.listen.capture import Capture
from voicecli.messages import (
    Clause,
    Draft,
    EndOfReply,
    ReplyOutcome,
    Speech,
    SpokenChunk,
    Transcript,
    Typed,
    WordsSoFar,
)
from voicecli.pipeline.answering import Replying
from voicecli.pipeline.controls import Controls
from voicecli.pipeline.faults import Faults
from voicecli.pipeline.judging import Judging
from voicecli.pipeline.listening import Listening
from voicecli.pipeline.speaking import Speaking
from voicecli.pipeline.times import TurnTimes
from voicecli.pipeline.transcribing import Transcribing
from voicecli.pipeline.turns import Turns
from voicecli.speak.playback import Playback

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from voicecli.audio.streams import Notice
    from voicecli.events import Event
    from voicecli.messages import Int16

BLOCK = RATE_HZ // 50
BLOCK_S = BLOCK / RATE_HZ
LATENCY_S = 0.02
PATIENCE = 2000
"""Waits after which a worker waits for ever: 20 s."""


class Waits(FakeClock):
    """What else happens while a worker waits is the test's."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None
        self._waits = 0

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self._waits += 1
        assert self._waits < PATIENCE, "it waits for ever"
        self.meanwhile()
        return super().wait(event, timeout_s)


class Devices:
    """Two that are always there."""

    microphone = StreamFormat("microphone", RATE_HZ, 1, LATENCY_S)
    loudspeaker = StreamFormat("loudspeaker", RATE_HZ, 1, LATENCY_S)

    def poll(self) -> list[Notice]:
        return []


class Said(Channel[Draft | WordsSoFar]):
    """What happens as soon as something is in it is the test's."""

    at_once: Callable[[], object] = staticmethod(lambda: None)

    def put(self, item: Draft | WordsSoFar) -> None:
        super().put(item)
        self.at_once()


class Outcomes(Channel[ReplyOutcome]):
    """Where a voice is given: a reply is heard as soon as it may be, and not once it is cancelled."""

    voice: Channel[Clause | EndOfReply] | None = None
    speaking: Speaking | None = None
    """Works off what there is to be said, in place of that."""

    def __init__(self, turns: Turns) -> None:
        super().__init__("outcomes", 8, "drop_oldest")
        self._turns = turns
        self._clauses: list[Clause] = []
        self._draft = 0

    def get(self, timeout_s: float | None = None) -> ReplyOutcome:
        if self.voice is None:
            return super().get(timeout_s)
        if self.speaking is not None:
            while self.voice.stats().fill:
                self.speaking.take(self.voice.get())
            return super().get(0)
        while self.voice.stats().fill:
            match self.voice.get():
                case Clause() as clause:
                    self._clauses.append(clause)
                case EndOfReply(draft=draft):
                    self._draft = draft
        record = self._turns.drafts.get(self._draft)
        if self._turns.cancelled(self._draft):
            return ReplyOutcome(self._draft, "", interrupted=True)
        if record is not None and self._turns.taken(record.draft):
            words = [clause.text for clause in self._clauses if clause.draft == self._draft]
            return ReplyOutcome(self._draft, " ".join(words), interrupted=False)
        self._turns.clock.wait(self._turns.stop, timeout_s or 0.0)
        raise TimeoutError


class Stepped:
    """Workers on simple engines, with headphones on; `Listening` sees each block as it comes."""

    def __init__(self, *lines: str, replies: tuple[str, ...] = ()) -> None:
        """`lines` as `Scribe` knows them."""
        config = Config(audio=AudioConfig(headphones=True))
        clock, devices, self.detector = Waits(), Devices(), LoudIsSpeech()
        self.clock = clock
        self.scribe, self.answers = Scribe(list(lines)), Answers(list(replies))
        self.controls = Controls(clock, push_to_talk=False)
        self.capture = Capture(devices.microphone, config.audio.ring_s)
        self.playback = Playback(devices.loudspeaker, Beeper.rate_hz, config.playback)
        self.turns = Turns(clock, clock.now(), self.playback.open)
        self.events = self.turns.events.reader("test")
        self.turns.ready = True
        self.faults = Faults(self.turns)
        self.heard: Channel[Speech | Typed] = Channel("heard", 8, "drop_oldest")
        self.judged: Channel[Speech] = Channel("judged", 1, "drop_oldest")
        self.said = Said("said", 8, "wait")
        self.clauses: Channel[Clause | EndOfReply] = Channel("clauses", 64, "wait")
        self.outcomes = Outcomes(self.turns)
        self.judge, self.voice = Judge(), Beeper()
        engines = Engines(self.detector, self.judge, self.scribe, self.answers, self.voice, "")  # type: ignore[arg-type]  # duck-typed fakes
        self.transcribing = Transcribing(engines.transcriber, self.heard, self.turns, self.said, self.faults)
        self.judging = Judging(engines.completion, self.judged, self.turns, self.faults)
        self.listening = Listening(
            devices,  # type: ignore[arg-type]  # as much of them as is asked for
            self.capture,
            engines.detector,
            self.playback,
            self.turns,
            config,
            self.transcribing,
            self.judging,
            controls=self.controls,
            canceller=None,
            faults=self.faults,
        )
        self.replying = Replying(
            engines, config.conversation, self.turns, self.said, self.clauses, self.outcomes, self.faults
        )
        self.speaking = Speaking(
            engines.synthesizer, self.playback, self.turns, self.clauses, self.outcomes, self.faults
        )
        self.played: list[Int16] = []
        self._pumps = False  # the test stands in for the speaking worker

    def hears(self, *pieces: Int16) -> None:
        """Into the microphone, block by block, while the loudspeaker plays; the listener looks after each."""
        samples = np.concatenate(pieces)
        for block in np.array_split(samples, max(1, len(samples) // BLOCK)):
            self.clock.advance(len(block) / RATE_HZ)
            self.capture.on_block(block[:, np.newaxis], self.clock.now() - len(block) / RATE_HZ, False)
            self.plays()
            self.listening.step()

    def answers_with(self, seconds: float) -> None:
        """The agent begins to answer the newest turn, with a word for each tenth of a second."""
        draft = Draft(
            self.turns.newest, self.turns.stretch, self.turns.draft + 1, Transcript("go on", "en", 0.9)
        )
        self.turns.propose(draft, TurnTimes())
        self.turns.confirm(draft)
        self.turns.take(self.clock.now(), self.clock.now())
        self.playback.begin(draft.number)
        words = " ".join(["word"] * round(seconds * 10))
        self.playback.load(SpokenChunk(Clause(draft.turn, draft.number, 0, words), tone(seconds), RATE_HZ))
        self._pumps = True

    def plays(self) -> None:
        """The loudspeaker takes a block."""
        block = np.zeros(BLOCK, np.int16)
        if self._pumps and self.playback.pump():
            self.playback.finish()
        self.playback.pull(block, self.clock.now() + LATENCY_S, False)
        self.played.append(block)

    def transcribes(self) -> None:
        """The transcribing worker writes down what waits for it."""
        while self.heard.stats().fill:
            self.transcribing.take(self.heard.get(0))

    def drafts(self) -> list[Draft]:
        """What waits for the replying worker, but for words that it could read ahead."""
        said = [self.said.get(0) for _ in range(self.said.stats().fill)]
        return [each for each in said if isinstance(each, Draft)]

    def judges(self) -> None:
        """The judging worker judges what waits for it."""
        while self.judged.stats().fill:
            self.judging.take(self.judged.get(0))

    def replies(self, *, aloud: bool = False) -> None:
        """The replying worker sees to what waits for it; for the voice see `Outcomes`, or it speaks aloud."""
        self.outcomes.voice = self.clauses
        if aloud:
            self.outcomes.speaking, self.clock.meanwhile = self.speaking, self.plays
        while self.said.stats().fill:
            self.replying.take(self.said.get(0))

    def speaks(self, draft: Draft, text: str) -> str:
        """A reply of one clause, while the loudspeaker plays; what was heard of it. No reply comes after."""
        self.clock.meanwhile = self.plays
        self.clauses.put(Clause(draft.turn, draft.number, 0, text))
        self.clauses.put(EndOfReply(draft.turn, draft.number))
        self.clauses.close()
        try:
            self.speaking.run()
        except Closed:
            return self.outcomes.get(0).heard
        raise AssertionError

    def told(self) -> list[Event]:
        """Since the last call."""
        return [self.events.get(0) for _ in range(self.events.stats().fill)]
