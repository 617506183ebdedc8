"""How much later the server's ear hears than one beside the microphone would, in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.test_satellite_ear import Devices
from voicecli.audio.convert import Converter
from voicecli.audio.streams import StreamFormat
from voicecli.config import AudioConfig, Config
from voicecli.listen.capture import Capture
from voicecli.messages import RATE_HZ
from voicecli.satellite.near_ear import NearEar
from voicecli.satellite.player import Player
from voicecli.satellite.to_wire import ToWire
from voicecli.serve.client.incoming_sound import IncomingSound
from voicecli.system.clock import FakeClock
from voicecli.talk.controls import Controls

if TYPE_CHECKING:
    from voicecli.satellite.protocol.sound_blocks import HeardBlock

STEP_S = 0.001
BLOCK_MS = 20
POLL_MS = 10
"""Both ears look so often into their rings, each at a moment of its own."""

LOUD = 300 / 32768


def heard_to_its_end(capture: Capture, converter: Converter) -> bool:
    """Whether one of the frames that became whole is loud."""
    loud = False
    while (chunk := capture.read()) is not None:
        for frame in converter.push(chunk):
            loud = loud or bool(np.abs(frame.samples).max() > LOUD)
    return loud


def later_ms(wire_hz: int, phase: int, spoken_ms: int) -> float:
    """Between the last loud frame here and there; the network takes no time."""
    clock, config = FakeClock(), Config(audio=AudioConfig(headphones=True))
    devices = Devices(RATE_HZ)
    near, local = (Capture(devices.microphone, 8.0) for _ in range(2))
    far = Capture(StreamFormat("far", wire_hz, 1, 0.02), 8.0)
    sent: list[HeardBlock] = []
    ear = NearEar(
        devices,  # type: ignore[arg-type]  # duck-typed
        near,
        Player(devices.loudspeaker, config.playback),
        Controls(clock, lambda _: None, push_to_talk=False),
        None,
        config,
        clock,
        tell=lambda *_: None,
        send=sent.append,
        closed=lambda: None,
    )
    ear.listens = True
    wire, incoming = ToWire(wire_hz), IncomingSound(clock, wire_hz)
    incoming.listen()
    of_local, of_far = Converter(RATE_HZ), Converter(wire_hz)
    here = there = 0.0
    for ms in range(1, 1200):
        clock.advance(STEP_S)
        if ms % BLOCK_MS == 0:
            at = np.arange((ms - BLOCK_MS) * 16, ms * 16)
            tone = np.where(at < spoken_ms * 16, 9000 * np.sin(2 * np.pi * 400 * at / RATE_HZ), 1)
            for capture in (near, local):
                capture.on_block(tone.astype(np.int16)[:, np.newaxis], clock.now() - 0.02, False)
        if ms % POLL_MS == phase % POLL_MS:
            while ear.step():
                pass
            here = clock.now() if heard_to_its_end(local, of_local) else here
        for block in sent:
            for each in wire.push(block):
                incoming.heard(each.samples, after_gap=each.after_gap)
        if sent or ms % BLOCK_MS == 0:
            incoming.hear(far.on_block)
        sent.clear()
        if ms % POLL_MS == phase * 3 % POLL_MS:
            there = clock.now() if heard_to_its_end(far, of_far) else there
    assert min(here, there) > 100.5
    return (there - here) * 1000


@pytest.mark.parametrize("phase", range(POLL_MS))
def test_at_16_khz_the_server_hears_no_later_than_its_ear_looks(phase: int) -> None:
    assert max(later_ms(RATE_HZ, phase, spoken_ms) for spoken_ms in (600, 611, 623)) < POLL_MS + 0.5
