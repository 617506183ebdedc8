"""Rates of the wire, at the client: sound crosses it sample by sample, or without a seam to an old server."""

from __future__ import annotations

import numpy as np
import pytest

from tests.far_server import FarServer
from tests.test_satellite_ear import Room as Ear
from tests.test_satellite_talk import Held
from voicecli import events
from voicecli.config import AudioConfig, Config
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.messages import RATE_HZ
from voicecli.satellite import RemoteTalk
from voicecli.satellite.protocol.requests import Wishes
from voicecli.satellite.protocol.sound_blocks import WIRE_HZ, HeardBlock
from voicecli.satellite.server_url import server_at
from voicecli.satellite.to_wire import ToWire
from voicecli.serve.wire.incoming import Append, fresh_sound
from voicecli.system.clock import MonotonicClock

FRAME = 512
FADE_S = 0.01
"""The loudspeaker's first sound fades in for less than that, s."""


def noise(seconds: float, rate_hz: int) -> np.ndarray:
    """(n,) int16, loud, and no two parts of it the same."""
    count = round(seconds * rate_hz)
    return np.random.default_rng(3).integers(-20_000, 20_000, count, np.int16, endpoint=True)


def place_of(part: np.ndarray, whole: np.ndarray) -> int:
    """Where in `whole` all of `part` is, sample by sample; -1: nowhere."""
    starts = np.flatnonzero(whole[: len(whole) - len(part) + 1] == part[0])
    return next((int(at) for at in starts if np.array_equal(whole[at : at + len(part)], part)), -1)


def crossed(rates: dict[str, int] | None, devices_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """What the server heard of 1 s of noise, and what the loudspeaker played of 1 s of it.

    Both devices have one rate; the server's sound has that which it told, or the protocol's.
    """
    clock, user, played = MonotonicClock(), RecordedUser(), list[np.ndarray]()
    with FarServer(rates=rates).running() as server:
        with_sound = SimulatedStreams(user, devices_hz, 20, clock, lambda _, each: played.append(each.copy()))
        at = server_at(f"ws://127.0.0.1:{server.port}")
        config = Config(audio=AudioConfig(headphones=True))
        talk = RemoteTalk(at, Wishes(), with_sound, config, clock, clock.now(), lambda: 0.0)
        held = Held(talk, user, played)
        talk.start()
        try:
            held.until(events.Listening)
            user.say(iter([noise(1.0, devices_hz)]))
            server.until(lambda: bool(np.sum(np.abs(server.visit.sound()) > 100) > 0.8 * RATE_HZ))
            server.until(lambda: bool(np.abs(server.visit.sound()[-400:]).max() <= 4))
            sound = noise(1.0, rates["output"] if rates else WIRE_HZ)
            for start_ms in range(0, 1000, 50):
                step = len(sound) // 20
                server.sound(1, start_ms, sound[start_ms // 50 * step :][:step])
            server.until(lambda: bool(server.played) and server.played[-1]["played_ms"] == 1000)
            return server.visit.sound(), held.sound()
        finally:
            assert talk.close(5.0)


def test_at_the_engines_own_rates_every_sample_of_both_directions_arrives_as_it_was() -> None:
    heard, played = crossed({"input": RATE_HZ, "output": RATE_HZ}, RATE_HZ)
    said = noise(1.0, RATE_HZ)
    # The room's own noise lies over what is said: the last bits.
    loud = np.flatnonzero(np.abs(heard) > 100)
    middle = heard[loud[0] : loud[-1] + 1].astype(int)
    begin = int(np.argmax(np.abs(said) > 100))
    assert np.abs(middle[:8000] - said[begin : begin + 8000]).max() <= 4
    faded = round(FADE_S * RATE_HZ)
    assert place_of(said[faded:-faded], played) >= 0


def test_a_voice_s_rate_is_that_of_its_sound() -> None:
    _, played = crossed({"input": RATE_HZ, "output": 22_050}, 22_050)
    faded = round(FADE_S * 22_050)
    assert place_of(noise(1.0, 22_050)[faded:-faded], played) >= 0


def test_an_old_server_is_sent_and_sends_24_khz() -> None:
    heard, played = crossed(None, WIRE_HZ)
    faded = round(FADE_S * WIRE_HZ)
    assert place_of(noise(1.0, WIRE_HZ)[faded:-faded], played) >= 0
    assert np.count_nonzero(np.abs(heard) > 100) / WIRE_HZ == pytest.approx(1.0, abs=0.05)


def said_in_frames(samples: np.ndarray) -> list[HeardBlock]:
    return [
        HeardBlock(samples[at : at + FRAME], 5000 + at * 1000 // RATE_HZ, after_gap=at == 0)
        for at in range(0, len(samples), FRAME)
    ]


def test_at_16_khz_blocks_are_sent_as_they_are() -> None:
    wire = ToWire(RATE_HZ)
    blocks = said_in_frames(noise(0.32, RATE_HZ))
    assert [each for block in blocks for each in wire.push(block)] == blocks
    assert list(wire.push(HeardBlock(np.zeros(0, np.int16), 0))) == []
    assert list(wire.finish()) == []


def test_at_24_khz_there_is_no_seam_and_each_block_tells_its_time() -> None:
    at = np.arange(FRAME * 40) / RATE_HZ
    blocks = said_in_frames((np.sin(2 * np.pi * 440 * at) * 9000).astype(np.int16))
    wire = ToWire(WIRE_HZ)
    out = [each for block in blocks for each in wire.push(block)]
    out += wire.push(HeardBlock(np.zeros(0, np.int16), 0))
    sound = np.concatenate([each.samples for each in out])
    assert len(sound) == pytest.approx(len(at) * 1.5, abs=1)
    wanted = np.sin(2 * np.pi * 440 * np.arange(len(sound)) / WIRE_HZ) * 9000
    assert np.abs(sound - wanted)[240:-240].max() < 20
    place = 0
    for each in out:
        assert abs(each.ms - 5000 - place * 1000 / WIRE_HZ) <= 1
        place += len(each.samples)
    assert [each.after_gap for each in out] == [True] + [False] * (len(out) - 1)


def test_at_24_khz_what_is_held_comes_before_the_gap() -> None:
    wire = ToWire(WIRE_HZ)
    first = said_in_frames(np.full(FRAME * 10, 9000, np.int16))
    later = HeardBlock(np.full(FRAME, -9000, np.int16), 60_000, after_gap=True)
    out = [each for block in [*first, later] for each in wire.push(block)] + list(wire.finish())
    before = [each for each in out if each.ms < 60_000]
    after = [each for each in out if each.ms >= 60_000]
    assert sum(len(each.samples) for each in before) == pytest.approx(FRAME * 15, abs=1)
    assert sum(len(each.samples) for each in after) == pytest.approx(FRAME * 1.5, abs=1)
    assert [each.after_gap for each in after] == [True] + [False] * (len(after) - 1)


def test_a_device_whose_times_jump_loses_no_sample_at_the_server() -> None:
    ear = Ear()
    chance = np.random.default_rng(1)
    count = round(0.02 * RATE_HZ)
    for number in range(100):
        at = 200.0 + number * 0.02 + chance.uniform(-0.006, 0.006)
        ear.capture.on_block(np.full((count, 1), 9000, np.int16), at, False)
        while ear.ear.step():
            pass
    heard_ms, got = None, 0
    for block in ear.sent:
        samples, heard_ms = fresh_sound(Append(block.samples, block.ms, block.after_gap), RATE_HZ, heard_ms)
        got += len(samples)
    assert got == sum(len(block.samples) for block in ear.sent) > 1.9 * RATE_HZ
