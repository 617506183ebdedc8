"""A talk without threads: the test moves the clock, and each worker then does the work that waits for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.seats import seat, seated
from tests.test_talking import RATE_HZ, Answers, Beeper, Judge, LoudIsSpeech, Scribe
from voicecli.audio.convert import Converter
from voicecli.audio.streams import StreamFormat
from voicecli.config import (
    AudioConfig,
    Config,
    GenerateConfig,
    PressureConfig,
    SynthesizeConfig,
    TurnConfig,
)
from voicecli.events import Listening
from voicecli.system.clock import FakeClock
from voicecli.talk.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import AudioStreams, Notice
    from voicecli.engines import Seat
    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.messages import Int16

BLOCK = RATE_HZ // 50
BLOCK_S = BLOCK / RATE_HZ
LATENCY_S = 0.02


class Devices:
    """Two that are always there."""

    loudspeaker = StreamFormat("loudspeaker", RATE_HZ, 1, LATENCY_S)

    def __init__(self, channels: int) -> None:
        """`channels`: of the microphone."""
        self.microphone = StreamFormat("microphone", RATE_HZ, channels, LATENCY_S)

    def start(self, *_: object) -> None:
        """The test calls."""

    def poll(self, *, idle: bool = False) -> list[Notice]:
        return []

    def close(self) -> bool:
        return True


class Watched(Crew):
    """What else happens after each fact is the test's."""

    after: Callable[[Fact], object] = staticmethod(lambda _: None)

    def post(self, fact: Fact) -> None:
        super().post(fact)
        self.after(fact)


class Stepped:
    """Workers on simple engines, with headphones on; ear and voice see each block as it comes.

    Scribe, judge and author work when the test says so.
    """

    def __init__(
        self,
        *lines: str,
        replies: tuple[str | Exception, ...] = (),
        answers: type[Answers] = Answers,
        canceller: object = None,
        recogniser: Seat[Scribe] | None = None,
        smaller: Scribe | None = None,
        german: Beeper | None = None,
        voice: Beeper | None = None,
        audio: AudioConfig = AudioConfig(headphones=True),  # noqa: B008  # it does not change
        turn: TurnConfig = TurnConfig(),  # noqa: B008
        pressure: PressureConfig = PressureConfig(),  # noqa: B008
        generate: GenerateConfig = GenerateConfig(),  # noqa: B008
        synthesize: SynthesizeConfig = SynthesizeConfig(),  # noqa: B008
        channels: int = 1,
    ) -> None:
        """`lines` as `Scribe` knows them; `german`: a voice beside the main one, `voice`."""
        self.clock, self.detector = FakeClock(), LoudIsSpeech()
        self.scribe, self.answers = Scribe(list(lines)), answers(list(replies))
        self.judge, self.voice = Judge(), voice or Beeper()
        engines = seated(
            self.detector, self.judge, recogniser or self.scribe, self.answers, self.voice, self.clock
        )
        if smaller is not None:
            engines = replace(engines, smaller=seat(smaller))  # type: ignore[arg-type]  # duck-typed
        if german is not None:
            engines = replace(engines, voices={"de": seat(german)})
        self.config = config = Config(
            audio=audio, turn=turn, pressure=pressure, generate=generate, synthesize=synthesize
        )
        self.devices = Devices(channels)
        devices: AudioStreams = self.devices
        self.crew = Watched(devices, engines, config, self.clock, self.clock.now(), push_to_talk=False)
        if canceller is not None:
            self.crew.ear.converter = Converter(RATE_HZ, canceller)  # type: ignore[arg-type]  # duck-typed
            self.crew.ear.make_canceller = lambda: canceller  # type: ignore[assignment,return-value]
        self.floor, self.exchange = self.crew.floor, self.crew.floor.exchange
        self.controls, self.jitter = self.crew.controls, self.crew.playback.jitter
        self.events = self.crew.events.reader("test")
        self.played: list[Int16] = []
        self.crew.begin()
        self.writes()
        self.told_first = self.told()
        assert isinstance(self.told_first[-1], Listening)

    def hears(self, *pieces: Int16) -> None:
        """Into the microphone, block by block, while the loudspeaker plays and the voice goes on."""
        samples = np.concatenate(pieces)
        for block in np.array_split(samples, max(1, len(samples) // BLOCK)):
            self.clock.advance(len(block) / RATE_HZ)
            self.crew.capture.on_block(block[:, np.newaxis], self.clock.now() - len(block) / RATE_HZ, False)
            self.plays()
            self.crew.ear.step()
            self.speaks()

    def plays(self) -> None:
        """The loudspeaker takes a block."""
        block = np.zeros(BLOCK, np.int16)
        self.crew.playback.pull(block, self.clock.now() + LATENCY_S, False)
        self.played.append(block)

    def speaks(self) -> None:
        """The voice does what can be done now."""
        self.crew.mouth.look()
        while self.crew.to_mouth.stats().fill:
            self.crew.mouth.take(self.crew.to_mouth.get(0))

    def transcribes(self, most: int = 100) -> None:
        """The scribe writes down what waits for it."""
        while self.crew.to_scribe.stats().fill and most:
            self.crew.scribe.take(self.crew.to_scribe.get(0))
            most -= 1

    def judges(self) -> None:
        """The judge judges what waits for it."""
        while self.crew.to_judge.stats().fill:
            self.crew.judge.take(self.crew.to_judge.get(0))

    def writes(self) -> None:
        """The author writes what waits for it, and the voice voices what it can."""
        while self.crew.to_author.stats().fill:
            self.crew.author.take(self.crew.to_author.get(0))
            self.speaks()

    def works(self) -> None:
        """All of them do all they can, without that time passes."""
        for _ in range(10):
            self.judges()
            self.transcribes()
            self.writes()
            self.speaks()

    def answers_with(self, seconds: float) -> None:
        """The agent answers a line that is typed, with a word for each tenth of a second; it begins to."""
        self.answers.replies.insert(0, " ".join(["word"] * round(seconds * 10)) + ".")
        self.types("go on")
        self.works()

    def types(self, line: str) -> None:
        """The user types a line."""
        self.controls.say(line)
        self.crew.ear.step()

    def is_held(self) -> bool:
        """Whether the agent waits with its words."""
        return self.jitter.on_hold

    def told(self) -> list[Event]:
        """Since the last call."""
        return [self.events.get(0) for _ in range(self.events.stats().fill)]


def turns_of(told: list[Event], name: str) -> list[int | None]:
    """Of each event of this name: which turn it is about."""
    return [getattr(event, "turn", None) for event in told if event.name == name]
