"""How soon the agent is held when somebody speaks over it, offline: openings, voices, echoes -> a table.

The agent speaks without end in a room made of samples (`rig/echo_room.py`); now and then a person begins to
speak over it, or something rattles. Counted is the sound's time from the first 10 ms above -42 dBFS to the
end of the block of 20 ms with which the floor orders the hold. What devices and their threads add is measured
on wires (docs/decisions/0030-quick-silence.md).

    .venv/bin/python scripts/hearing/quick_silence.py [--tries 4] [--noises 15]
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from rig.echo_room import BEGAN_AT, BLOCK_S, EchoPath, EchoRoom
from rig.made_speech import speak
from rig.noises import NOISES, OPENINGS, noises, spoken, voices
from voicecli.audio.frames import Reframer
from voicecli.config import AudioConfig, SegmentConfig, TurnConfig
from voicecli.floor import Floor, ToldModel, facts
from voicecli.floor.orders import EndSegment, Playout, Trim
from voicecli.listen.bargein.bargein import barge_in
from voicecli.listen.bargein.onset import Onset
from voicecli.listen.echo.canceller import EchoCanceller
from voicecli.listen.echo.residual import BEYOND_ECHO_DB
from voicecli.listen.gate.detect import Silero
from voicecli.listen.gate.segment import Segmenter
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame, SpeechStarted
from voicecli.models.store import models_root

if TYPE_CHECKING:
    from voicecli.floor.agent.memory import Begin
    from voicecli.floor.orders import Order
    from voicecli.listen.echo.bands import Bands
    from voicecli.messages import Float32

LEVELS_DB = (-100.0, -15.0, -6.0)
"""Of the echo; the first is none."""
LEARNING_S = 6.0
"""The agent speaks alone for so long, so that its echo is known."""
EVERY_S = 3.1
"""From one sound over the agent to the next."""
ONSET_DBFS = -42.0
TEXT = (
    "The harbour was quiet in the morning, and the ships lay side by side along the old stone wall.",
    "First they have to be loaded with salt, sugar, fish and spices, which takes most of the day.",
    "Some of the sailors still sleep, others wash the decks and sing.",
    "It is a simple life, he thought, but a hard one, since storms in this season are frequent and severe.",
    "A week has seven days, and each of them begins with the same bell.",
    "There are thirty-one days in January and twenty-eight in February.",
    "Physics explains why the sky is blue: short waves are scattered more strongly than long ones.",
)


def onset_s(samples: Float32) -> float:
    """When the first 10 ms above -42 dBFS begin."""
    steps = samples[: samples.size // 160 * 160].reshape(-1, 160)
    loud = np.mean(np.square(steps), axis=1) > 10 ** (ONSET_DBFS / 10)
    return float(np.flatnonzero(loud)[0]) / 100


@dataclass
class Listener:
    """Everything from the microphone to the order that holds the agent."""

    detector: Silero
    canceller: EchoCanceller
    hisses: bool
    """False: what it was before, by speech alone."""
    holds: list[tuple[float, float]] = field(default_factory=list)
    """When the agent was held, and when it went on."""

    def __post_init__(self) -> None:
        self._frames = Reframer(np.float32)
        self._silero = self.detector.session()
        self.begin()

    def begin(self) -> None:
        """Forget what was said."""
        self.holds.clear()
        model = ToldModel("none", is_local=True, hint="")
        self._floor = Floor(TurnConfig(), model, "en", 0.0, cast("Begin", lambda _: None))
        self._floor.ready = True
        self._gate = Segmenter(SegmentConfig(), TurnConfig().max_pause_ms / 1000)
        self._onset = Onset()
        self._mode = "play"

    def push(self, cleaned: Float32, bands: list[Bands], ended_at: float) -> None:
        """Take a block that ended at `ended_at`, s since the microphone began, and its steps."""
        self._frames.push(cleaned)
        for position, samples in self._frames.frames(FRAME_SAMPLES):
            at = BEGAN_AT + position / RATE_HZ
            self._on_frame(Float32Frame(samples, position, at), ended_at)
        steps = max((self._onset.push(step) for step in bands), default=0)
        if steps and self.hisses:
            mode = barge_in(self.canceller.state, headphones=False)
            self._take(facts.Hiss(BEGAN_AT + ended_at, steps, audible=True, barge_in=mode), ended_at)

    def _on_frame(self, frame: Float32Frame, now: float) -> None:
        scored, gate, at = self._silero.score(frame, self._gate.quiet_dbfs), self._gate, frame.captured_at
        for event in gate.push(scored):
            over = isinstance(event, SpeechStarted)
            self._take(facts.Gate(event, gate.spoken_s, over_agent=over), now)
        over_db = self.canceller.over_echo_db(at)
        mode = barge_in(self.canceller.state, headphones=False)
        self._take(
            facts.Frame(
                at,
                scored.level_dbfs,
                scored.probability,
                gate.state,
                gate.pause_s,
                gate.spoken_s,
                over_db if self._mode == "play" or over_db < BEYOND_ECHO_DB else np.inf,
                audible=True,
                barge_in=mode,
            ),
            now,
        )

    def _take(self, fact: facts.Fact, now: float) -> None:
        for order in self._floor.take(fact, now):
            self._obey(order, now)

    def _obey(self, order: Order, now: float) -> None:
        match order:
            case Playout(mode):
                if mode == "hold":
                    self.holds.append((now, np.inf))
                elif self._mode == "hold":
                    self.holds[-1] = (self.holds[-1][0], now)
                self._mode = mode
            case Trim(frames):
                self._gate.keep(frames)
            case EndSegment():
                self._gate.end()
            case _:
                pass


def tries(
    sounds: dict[str, Float32], level_db: float, count: int, detector: Silero
) -> list[dict[str, list[float]]]:
    """For each sound, s from its onset to the hold, `count` times; infinite where there was none.

    Twice: by speech alone, and with the onset detector.
    """
    chance = np.random.default_rng(1)
    order = [name for name in sounds for _ in range(count)]
    chance.shuffle(order)
    seconds = LEARNING_S + len(order) * EVERY_S
    pause = np.zeros(RATE_HZ // 6, np.float32)
    agent = np.resize(
        np.concatenate([part for text in TEXT for part in (speak(text), pause)]), round(seconds * RATE_HZ)
    )
    near, begins = np.zeros(agent.size, np.float32), []
    for number, name in enumerate(order):
        begin_s = LEARNING_S + number * EVERY_S + float(chance.uniform(0.0, 0.5))
        begin = round(begin_s * RATE_HZ)
        room = near[begin : begin + sounds[name].size]
        room += sounds[name][: room.size]
        begins.append(begin_s)
    echo = EchoRoom(agent, EchoPath(delay_s=0.06, level_db=level_db), near)
    canceller = EchoCanceller(echo.reference, AudioConfig())
    listeners = [Listener(detector, canceller, hisses) for hisses in (False, True)]
    found: list[dict[str, list[float]]] = [defaultdict(list), defaultdict(list)]
    number = 0
    for block, heard in enumerate(echo.run(canceller)):
        now = (block + 1) * BLOCK_S
        if number < len(order) and now > begins[number] - 0.05:
            number += 1
            for listener in listeners:
                listener.begin()
        bands = canceller.steps()
        for listener in listeners:
            listener.push(heard.cleaned, bands, now)
        if number and now > min([*begins[number:], seconds]) - 0.1:
            name = order[number - 1]
            for listener, times in zip(listeners, found, strict=True):
                if len(times[name]) < order[:number].count(name):
                    onset = begins[number - 1] + onset_s(sounds[name])
                    times[name].append(next((at - onset for at, _ in listener.holds if at > onset), np.inf))
    return found


def listed(values: list[float]) -> str:
    """Number, median and worst, ms."""
    ms = [1000 * value for value in values]
    missed = sum(value == np.inf for value in ms)
    return f"{len(ms):3} {np.median(ms):6.0f} {max(ms):6.0f}" + (f"  missed {missed}" if missed else "")


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=4)
    parser.add_argument("--noises", type=int, default=15)
    args = parser.parse_args()
    detector = Silero(models_root() / "vad-silero" / "silero_vad_16k_op15.onnx")
    sounds = {f"{text} {voice}": spoken(text, voice) for text in OPENINGS for voice in voices()}
    for level_db in LEVELS_DB:
        words = tries(sounds, level_db, args.tries, detector)
        rattles = tries(dict(noises(args.noises)), level_db, 1, detector)
        for times, others, how in zip(words, rattles, ("speech alone", "hisses, too"), strict=True):
            print(f"\necho {level_db:g} dB, {how}")
            for text in OPENINGS:
                print(f"  {text:28}", *(f"{voice} {listed(times[f'{text} {voice}'])}" for voice in voices()))
            print(f"  {'all':28}", listed([value for values in times.values() for value in values]))
            for kind in NOISES:
                held = sum(min(values) < np.inf for name, values in others.items() if name.startswith(kind))
                print(f"  {kind:28} held {held} of {args.noises}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
