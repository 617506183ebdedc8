"""Producers and consumers between a talk and its server, in virtual time: for `test_flow`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.flow_drivers import BLOCK_S, Driver
from voicecli.audio.streams import StreamFormat
from voicecli.config import PlaybackConfig
from voicecli.messages import RATE_HZ
from voicecli.satellite.outgoing import Outgoing
from voicecli.satellite.player import Player
from voicecli.satellite.protocol.requests import TypedLine
from voicecli.satellite.protocol.sound_blocks import WIRE_HZ, HeardBlock, ReplyBlock

if TYPE_CHECKING:
    from voicecli.waiting.buffers import Buffer, BufferFill


class OfSoundOut(Driver):
    """Blocks of 40 ms, to a network that takes fewer."""

    rate = 100
    rests_at = 80.0

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._outgoing = Outgoing()

    def offer(self) -> None:
        self._outgoing.sound(HeardBlock(np.zeros(RATE_HZ // 25, np.int16), self.offered))
        super().offer()

    def take(self) -> None:
        if isinstance(block := self._outgoing.first(), HeardBlock):
            self.takes(block.ms)
            self._outgoing.sent(block)

    @property
    def lost(self) -> int:
        return self.stats().losses // (RATE_HZ // 25)

    @property
    def inside(self) -> float:
        return super().inside / 40

    def stats(self) -> BufferFill:
        return self._outgoing.filled()[0]


class OfRequestsOut(OfSoundOut):
    """Lines, typed faster than they can be sent."""

    rests_at = 2.0

    def offer(self) -> None:
        self._outgoing.ask(TypedLine(str(self.offered)))
        self.offered += 1

    def take(self) -> None:
        if isinstance(line := self._outgoing.first(), TypedLine):
            self.takes(int(line.text))
            self._outgoing.sent(line)

    @property
    def lost(self) -> int:
        return self.stats().losses

    @property
    def inside(self) -> float:
        fill = self.stats().fill
        assert fill is not None
        return fill

    def stats(self) -> BufferFill:
        return self._outgoing.filled()[1]


class OfServerSound(Driver):
    """A server that sends a second of a reply for each 20 ms that are played, and should send as much."""

    rate = 50
    rests_at = 120_000.0  # two minutes are played in two minutes, and not sooner
    exact = False
    growth = 600_000  # what is inside is kept in pieces

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._player = Player(StreamFormat("l", WIRE_HZ, 1, 0.04), PlaybackConfig())
        self._at = 0.0

    def offer(self) -> None:
        if self.pressed:
            sound = np.full(WIRE_HZ, 1000, np.int16)
            self._player.take(ReplyBlock(1, self.offered * 1000, sound), self._at)
            self.offered += 1

    def take(self) -> None:
        self._at += BLOCK_S
        self._player.pull(np.zeros(WIRE_HZ // 50, np.int16), self._at, False)
        self._player.look(self._at)
        self.taken += 1

    def stats(self) -> BufferFill:
        return self._player.filled()[0]
