"""What the server is given of the microphone: clean, in time, without gaps that nobody told of."""

from __future__ import annotations

import math

import numpy as np

from voicecli.audio.streams import Notice, StreamFormat
from voicecli.config import AudioConfig, Config
from voicecli.listen.capture import Capture
from voicecli.listen.echo.residual import EchoState
from voicecli.messages import RATE_HZ
from voicecli.satellite.near_ear import NearEar
from voicecli.satellite.outgoing import KEPT_S, Outgoing
from voicecli.satellite.player import Player
from voicecli.satellite.protocol import requests as to
from voicecli.satellite.protocol.sound_blocks import WIRE_HZ, HeardBlock, ReplyBlock
from voicecli.system.clock import FakeClock
from voicecli.talk.controls import Controls

BLOCK_S = 0.02


class Devices:
    def __init__(self, rate_hz: int) -> None:
        self.microphone = StreamFormat("m", rate_hz, 1, 0.02)
        self.loudspeaker = StreamFormat("l", WIRE_HZ, 1, 0.02)

    def poll(self, *, idle: bool = False) -> list[Notice]:
        return []


class Room:
    def __init__(self, *, push_to_talk: bool = False, rate_hz: int = RATE_HZ, **audio: object) -> None:
        self.clock = FakeClock()
        self.rate_hz = rate_hz
        config = Config(audio=AudioConfig(**{"headphones": True, **audio}))  # type: ignore[arg-type]
        devices = Devices(rate_hz)
        self.capture = Capture(devices.microphone, 8.0)
        self.player = Player(devices.loudspeaker, config.playback)
        self.controls = Controls(self.clock, lambda _: None, push_to_talk=push_to_talk)
        self.sent: list[HeardBlock] = []
        self.closed = 0
        self.told: list[str] = []
        self.ear = NearEar(
            devices,  # type: ignore[arg-type]  # duck-typed
            self.capture,
            self.player,
            self.controls,
            None,
            config,
            self.clock,
            tell=lambda found, _: self.told.append(found),
            send=self.sent.append,
            closed=self.close,
        )
        self.ear.listens = True
        self._phase = 0

    def close(self) -> None:
        self.closed += 1

    def hear(self, seconds: float, amplitude: float = 0.2) -> None:
        """A tone, block by block, as a device gives it: each block when it is over."""
        for _ in range(round(seconds / BLOCK_S)):
            count = round(BLOCK_S * self.rate_hz)
            at = np.arange(self._phase, self._phase + count) / self.rate_hz
            self._phase += count
            tone = (np.sin(2 * np.pi * 440 * at) * amplitude * 32767).astype(np.int16)
            self.capture.on_block(tone[:, np.newaxis], self.clock.now(), False)
            self.player.pull(np.zeros(round(BLOCK_S * WIRE_HZ), np.int16), self.clock.now(), False)
            self.clock.advance(BLOCK_S)
            while self.ear.step():
                pass

    def hear_for(self, seconds: float) -> list[HeardBlock]:
        """The same; give what was sent meanwhile."""
        before = len(self.sent)
        self.hear(seconds)
        return self.sent[before:]

    def sound(self) -> np.ndarray:
        return np.concatenate([block.samples for block in self.sent]) if self.sent else np.zeros(0, np.int16)


def test_sound_goes_on_without_a_seam() -> None:
    for rate_hz in (RATE_HZ, 48_000):
        room = Room(rate_hz=rate_hz)
        room.hear(2.0)
        sound = room.sound()
        assert 1.85 < len(sound) / RATE_HZ <= 2.0
        middle = sound[RATE_HZ // 2 : RATE_HZ // 2 * 3].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
        near = spectrum[430:451].sum()
        assert near > 0.98 * spectrum.sum()
        assert [block.after_gap for block in room.sent] == [True] + [False] * (len(room.sent) - 1)


def test_each_block_bears_the_time_at_which_it_was_heard() -> None:
    room = Room()
    began_ms = room.clock.now() * 1000
    room.hear(1.0)
    at = 0
    for block in room.sent:
        assert abs(block.ms - began_ms - at / RATE_HZ * 1000) <= 1.0
        at += len(block.samples)


def test_nothing_is_sent_before_the_talk_listens() -> None:
    room = Room()
    room.ear.listens = False
    room.hear(0.5)
    assert room.sent == []
    room.ear.listens = True
    room.hear(0.5)
    assert room.sent[0].after_gap


def test_a_muted_microphone_sends_nothing_and_a_gap_is_told() -> None:
    room = Room()
    room.hear(0.5)
    room.controls.mute_microphone()
    before = len(room.sound())
    room.hear(0.5)
    assert (len(room.sound()) - before) / RATE_HZ < 0.1, "only what was on its way"
    room.controls.mute_microphone()
    room.hear(0.5)
    assert [block.after_gap for block in room.sent].count(True) == 2


def test_lost_samples_are_told_as_a_gap() -> None:
    room = Room()
    room.hear(0.5)
    room.capture.on_block(np.zeros((9 * RATE_HZ, 1), np.int16), room.clock.now(), False)
    room.hear(0.5)
    assert room.capture.lost
    assert [block.after_gap for block in room.sent].count(True) == 2


def test_the_talk_key_ends_a_turn_once_all_before_it_was_handed_on() -> None:
    room = Room(push_to_talk=True)
    room.hear(0.3)
    assert room.sent == []
    room.controls.talk(begins=True)
    room.hear(0.6)
    room.controls.talk(begins=False)
    assert room.closed == 0
    room.hear(0.2)
    assert room.closed == 1
    assert 0.5 < len(room.sound()) / RATE_HZ < 0.7
    room.hear(0.5)
    assert room.closed == 1


def test_without_a_canceller_the_server_hears_a_quiet_room_while_the_agent_speaks() -> None:
    room = Room(headphones=False, echo="off")
    room.hear(0.3)
    before = len(room.sent)
    for at in range(20):
        room.player.take(ReplyBlock(1, at * 20, np.full(480, 5000, np.int16)), room.clock.now())
    room.hear(0.3)
    during = np.concatenate([block.samples for block in room.sent[before + 4 :]])
    assert len(during)
    assert 0 < np.abs(during).max() <= 4, "not digital silence, and not the user"
    room.hear(1.5)
    assert np.abs(room.sent[-1].samples).max() > 5000


def test_what_waits_for_the_server_is_bounded_and_the_newest_stays() -> None:
    outgoing = Outgoing()
    woken: list[int] = []
    outgoing.wake = lambda: woken.append(1)
    for number in range(300):
        outgoing.sound(HeardBlock(np.full(512, number, np.int16), number * 32))
        if number % 100 == 0:
            outgoing.ask(to.KeyPress(str(number)))
    assert outgoing.waiting_s <= KEPT_S
    assert outgoing.lost == 512 * (300 - int(KEPT_S / 0.032))
    assert len(woken) == 303
    taken = []
    while (parcel := outgoing.first()) is not None:
        taken.append(parcel)
        outgoing.sent(parcel)
    keys = [parcel.key for parcel in taken if isinstance(parcel, to.KeyPress)]
    assert keys == ["0", "100", "200"]
    blocks = [parcel for parcel in taken if isinstance(parcel, HeardBlock)]
    assert blocks[-1].ms == 299 * 32
    assert blocks[0].ms == (300 - len(blocks)) * 32
    order = [index for index, parcel in enumerate(taken) if isinstance(parcel, to.KeyPress)]
    assert taken[order[2] + 1] == blocks[201 - (300 - len(blocks))], (
        "a key keeps its place between the sounds"
    )


def test_requests_that_wait_are_bounded() -> None:
    outgoing = Outgoing()
    for number in range(100):
        outgoing.ask(to.TypedLine(str(number)))
    assert outgoing.filled()[1].losses == 36
    assert outgoing.first() == to.TypedLine("36")


def test_what_was_lost_while_it_was_sent_is_not_taken_out_twice() -> None:
    outgoing = Outgoing()
    blocks = [HeardBlock(np.zeros(RATE_HZ, np.int16), number) for number in range(7)]
    outgoing.sound(blocks[0])
    first = outgoing.first()
    assert first is blocks[0]
    for block in blocks[1:]:
        outgoing.sound(block)
    outgoing.sent(blocks[0])
    assert outgoing.waiting_s == KEPT_S
    assert outgoing.first() is blocks[2]


def test_what_a_broken_connection_did_not_carry_is_sent_again() -> None:
    outgoing, base = Outgoing(), (1 << 32) - 100  # the clock wraps in between
    blocks = [HeardBlock(np.zeros(512, np.int16), base + number * 32) for number in range(100)]
    for block in blocks:
        outgoing.sound(block)
    for block in blocks[:95]:
        assert outgoing.first() is block
        outgoing.sent(block)
    outgoing.again((blocks[89].ms + 32) % (1 << 32))
    assert outgoing.first() is blocks[90]
    assert round(outgoing.waiting_s / 0.032) == 10
    for block in blocks[90:]:
        outgoing.sent(block)
    outgoing.again(0)
    assert outgoing.lost == 0


def test_only_the_newest_of_what_was_sent_is_kept() -> None:
    outgoing = Outgoing()
    for number in range(1000):
        block = HeardBlock(np.zeros(512, np.int16), number * 32)
        outgoing.sound(block)
        outgoing.sent(block)
    outgoing.again(0)
    assert 1.9 < outgoing.waiting_s < 2.1


class Cancels:
    """As a canceller that leaves of the agent what a test says, and knows how loud the echo can be."""

    cancels, copied = True, False
    state = EchoState(20.0, converged=True, coping=True, bounded=True)

    def __init__(self) -> None:
        self.over_db = math.inf

    def over_echo_db(self, at: float) -> float:
        return self.over_db


def test_what_is_left_of_the_echo_does_not_pass_and_who_is_louder_does() -> None:
    room = Room(headphones=False)
    canceller = Cancels()
    room.ear.hearing.cancels_with(canceller)  # type: ignore[arg-type]  # duck-typed
    loud = [len(block.samples) for block in room.hear_for(0.5)]
    assert loud, "nothing sounds that could be heard"
    canceller.over_db = 3.0
    room.hear(0.5)  # what was let through before goes on for a moment
    assert all(np.abs(block.samples).max() <= 4 for block in room.hear_for(0.5)[1:])
    canceller.over_db = 7.0
    room.hear(0.1)
    canceller.over_db = 3.0
    assert any(np.abs(block.samples).max() > 5000 for block in room.hear_for(0.3)), "the next syllable"
    room.hear(0.3)
    assert all(np.abs(block.samples).max() <= 4 for block in room.hear_for(0.3)[1:])
