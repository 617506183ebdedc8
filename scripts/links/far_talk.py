"""`talk --server` over a bad link, with simulated devices: its loudspeaker by blocks, and what it tells."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

from voicecli.config import AudioConfig, Config
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.satellite import RemoteTalk
from voicecli.satellite.protocol.requests import Wishes
from voicecli.satellite.server_url import server_at
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.links.served import ServedThere
    from voicecli.bench.crowd.asked_lines import AskedLine
    from voicecli.events import Event
    from voicecli.messages import Int16

RATE_HZ = 24_000
LOUD = 500
GAP_S = 0.06
LOOK_S = 0.02
PAUSE_S = 1.0


@dataclass
class TalkFound:
    """What came of the lines of one talk."""

    waits_ms: list[float] = field(default_factory=list)
    replies: int = 0
    whole: int = 0
    """Replies without a gap."""
    gaps_ms: list[float] = field(default_factory=list)
    silent: int = 0
    """Lines without an answer in time."""


class FarTalk:
    """One talk, until the end of the block. The calling thread must use the near end's network."""

    def __init__(self, server: ServedThere, seed: int = 1) -> None:
        clock = MonotonicClock()
        self.user = RecordedUser()
        self.told: list[tuple[float, Event]] = []
        """Each event, and when it was told, of time.monotonic()."""
        self.sound: list[tuple[float, bool, bool]] = []
        """Each block of the devices: when, and whether the user and the agent are audible in it."""
        self.block_s = AudioConfig().block_ms / 1000

        def keep(said: Int16, heard: Int16) -> None:
            loud = [bool(np.abs(each.astype(int)).max(initial=0) > LOUD) for each in (said, heard)]
            self.sound.append((time.monotonic(), loud[0], loud[1]))

        audio = AudioConfig(headphones=True)
        streams = SimulatedStreams(self.user, RATE_HZ, audio.block_ms, clock, keep)
        chance = random.Random(seed).random  # noqa: S311
        at = server_at(server.url, server.token)
        config = Config(audio=audio)
        self.talk = RemoteTalk(at, Wishes(), streams, config, clock, clock.now(), chance)
        self._reader = self.talk.events.reader("bad links")

    def __enter__(self) -> Self:
        self.talk.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.talk.close(5.0)

    def until(self, there: Callable[[], object], seconds: float) -> bool:
        """Read events until something is so, or for so long; say whether it is."""
        ends = time.monotonic() + seconds
        while not there():
            self.talk.check()
            self.talk.tell_losses()  # as `voicecli talk` does
            if time.monotonic() > ends:
                return False
            try:
                event = self._reader.get(LOOK_S)
            except TimeoutError:
                continue
            self.told.append((time.monotonic(), event))
        return True

    def pass_time(self, seconds: float) -> None:
        """Read events for so long."""
        self.until(lambda: False, seconds)

    def say(self, line: AskedLine) -> None:
        """Begin to say a line."""
        self.user.say(iter([line.samples]))

    def audible(self, since: float) -> bool:
        """Whether the agent was audible since then."""
        return any(agent for at, _, agent in self._since(since))

    def silent_for_s(self) -> float:
        """How long ago the agent was audible."""
        at = max((at for at, _, agent in self.sound[-1500:] if agent), default=0.0)
        return time.monotonic() - at

    def names(self, since: float, name: str) -> list[Event]:
        """Events of a name that were told since then."""
        return [event for at, event in self.told if at >= since and event.name == name]

    def ask(self, line: AskedLine, found: TalkFound, seconds: float) -> None:
        """Say a line, hear its answer to the end, and note both; at most so long."""
        since = time.monotonic()
        self.say(line)
        answered = self.until(lambda: self.names(since, "turn_done"), seconds)
        self.until(lambda: self.silent_for_s() > PAUSE_S, 10.0)
        if not answered or not self.audible(since):
            found.silent += 1
            return
        self.note(since, found)

    def note(self, since: float, found: TalkFound) -> None:
        """Note the wait and the gaps of the one answer since then."""
        blocks = self._since(since)
        said = [number for number, (_, user, _) in enumerate(blocks) if user]
        heard = [number for number, (_, _, agent) in enumerate(blocks) if agent]
        if said and heard:  # by the clock of the devices, which counts blocks
            found.waits_ms.append((heard[0] - said[-1]) * self.block_s * 1000)
        pauses = [(later - before - 1) * self.block_s for before, later in pairwise(heard)]
        gaps = [round(pause * 1000) for pause in pauses if pause > GAP_S]
        found.replies += 1
        found.whole += not gaps
        found.gaps_ms += gaps

    def _since(self, since: float) -> list[tuple[float, bool, bool]]:
        return [each for each in self.sound if each[0] >= since]
