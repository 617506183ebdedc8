"""Devices that go and come back, on a scripted PortAudio and a clock that the test moves."""

from __future__ import annotations

import gc
import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.fake_portaudio import GRANTED_MORE_S, FakeStream, Machine
from tests.sentences import pattern, wording
from voicecli.audio.streams import DEAD_DEVICE_S, FIRST_CALL_S, Notice
from voicecli.config import AudioConfig
from voicecli.devices import closing, runaway
from voicecli.devices import portaudio as devices
from voicecli.devices.choose import Choice, choose
from voicecli.devices.portaudio import DeviceStream
from voicecli.devices.recovery.latency import CALM_S, SETTLE_S
from voicecli.devices.recovery.recover import (
    HUNG_S,
    PATIENT_AFTER_S,
    PATIENT_RETRY_S,
    QUIET_S,
    RETRY_S,
    RecoveringStreams,
)
from voicecli.devices.recovery.side import FOLLOW_S, LOOK_S
from voicecli.devices.simulated import ROOM_NOISE
from voicecli.errors import DeviceError
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from voicecli.messages import Int16

VOICE_HZ = 22_050
POLL_S = 0.1


class ByHand:
    """What converts a device's sound; the desk calls it when the device has called."""

    def __init__(self, move: Callable[[], None], open_now: list[ByHand]) -> None:
        self.move = move
        self.failure: BaseException | None = None
        self._open_now = open_now
        open_now.append(self)

    def close(self) -> None:
        self._open_now.remove(self)


class FakeScout:
    """Answers what the test says."""

    def __init__(self) -> None:
        self.answer = ["", ""]
        self.asked = 0
        self.closed = 0

    def ask(self, choices: Sequence[Choice], rate_hz: int) -> list[str]:
        self.asked += 1
        return self.answer

    def close(self) -> None:
        self.closed += 1


class Computer(Machine):
    """One with the clock everything runs by."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()


@dataclass
class Desk:
    """A computer, a talk's two callbacks, and a hand that moves the clock."""

    machine: Computer
    audio: AudioConfig
    scout: FakeScout = field(default_factory=FakeScout)
    heard: list[tuple[Int16, float]] = field(default_factory=list)
    played: list[tuple[float, bool]] = field(default_factory=list)
    movers: list[ByHand] = field(default_factory=list)
    idle: bool = False
    dry: bool = True
    """Whether the loudspeaker says at each call that it ran dry."""
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.machine.clock
        self.streams = RecoveringStreams(
            choose("input", self.audio),
            choose("output", self.audio),
            VOICE_HZ,
            self.audio,
            self.clock,
            self.scout,  # type: ignore[arg-type]
            lambda move: ByHand(move, self.movers),
        )

    def on_input(self, samples: Int16, at: float, lost: bool) -> None:
        self.heard.append((samples.copy(), at))

    def on_output(self, block: Int16, at: float, dry: bool) -> None:
        block[:] = 1000
        self.played.append((at, dry))

    def start(self) -> Desk:
        self.streams.start(self.on_input, self.on_output)
        self.wait(POLL_S)
        return self

    def open(self, kind: str) -> FakeStream:
        """The stream that is open that way."""
        (stream,) = (one for one in self.machine.streams if one.kind == kind and one.log[-1] == "start")
        return stream

    def call(self, *kinds: str) -> dict[str, Int16]:
        """Let the devices call once, with ones from the microphone; what each block then holds."""
        blocks = {}
        for kind in kinds or ("input", "output"):
            stream = self.open(kind)
            frames, channels = stream.asked["blocksize"], stream.asked["channels"]
            assert isinstance(frames, int)
            assert isinstance(channels, int)
            blocks[kind] = np.ones((frames, channels), np.int16)
            stream.call(blocks[kind], (0.0, 0.0, 0.0), output_underflow=self.dry)
        for mover in self.movers:
            mover.move()
        return blocks

    def poll(self) -> None:
        """Look after the devices; what has to be done for them is done when it returns."""
        self.notices += self.streams.poll(idle=self.idle)
        if self.streams._task is not None and self.machine.answers.is_set():
            assert self.streams._task.join(60)

    def wait(self, seconds: float) -> None:
        """Let time go by, with both devices calling where they are open."""
        for _ in range(round(seconds / POLL_S)):
            self.clock.advance(POLL_S)
            if self.streams._up:
                self.call()
            self.poll()

    def lose(self, *kinds: str) -> None:
        """End streams as a device that is unplugged does."""
        for kind in kinds or ("input", "output"):
            self.open(kind).active_answer = False

    def stands_in(self) -> list[bool]:
        return [self.streams.microphone.stands_in, self.streams.loudspeaker.stands_in]

    def told(self) -> list[str]:
        messages, self.notices = [notice.message for notice in self.notices], []
        assert not any("\n" in message for message in messages)
        return messages


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Computer:
    """A computer with built-in devices, which are the default, and a headset."""
    machine = Computer()
    machine.add("Built-in", 2, 2)
    machine.add("Headset: USB Audio (hw:1,0)", 1, 2)
    machine.default.device = (0, 0)
    machine.frozen = list(machine.devices)
    monkeypatch.setitem(sys.modules, "sounddevice", machine)
    monkeypatch.setattr(devices, "time", SimpleNamespace(monotonic=machine.clock.now))
    return machine


def named(**settings: object) -> AudioConfig:
    return AudioConfig.model_validate({"input_device": "head", "output_device": "head", **settings})


def unplug_headset(machine: Computer) -> dict[str, object]:
    """Take it off the list PortAudio makes when it is initialised again."""
    return machine.devices.pop(1)


LOST = "the {} stopped"
LOST_BOTH = LOST.format("loudspeaker 'Built-in' and the microphone 'Built-in'")
BUILT_IN = wording("talk.gone_on", microphone="Built-in", loudspeaker="Built-in")
AWAY = wording(
    "talk.gone_on_elsewhere",
    microphone="Built-in",
    missing="Headset: USB Audio (hw:1,0)",
    loudspeaker="Built-in",
)
BACK = wording(
    "talk.gone_on", microphone="Headset: USB Audio (hw:1,0)", loudspeaker="Headset: USB Audio (hw:1,0)"
)


def test_nothing_is_told_while_nothing_happens_and_nobody_looks_for_anything(machine: Computer) -> None:
    desk = Desk(machine, AudioConfig()).start()
    desk.wait(60)
    assert desk.told() == []
    assert desk.scout.asked == 0
    assert len(machine.streams) == 2
    assert desk.streams.close()
    assert [stream.log for stream in machine.streams] == [["start", "abort", "close"]] * 2


@pytest.mark.parametrize("kind", ["input", "output"])
def test_a_device_that_ends_is_told_and_both_are_opened_anew(machine: Computer, kind: str) -> None:
    desk = Desk(machine, AudioConfig()).start()
    desk.lose(kind)
    desk.wait(5 * POLL_S)
    noun = "microphone" if kind == "input" else "loudspeaker"
    assert desk.told() == [f"the {noun} 'Built-in' stopped", BUILT_IN]
    assert [stream.log[-1] for stream in machine.streams] == ["close", "close", "start", "start"]
    before = len(desk.heard), len(desk.played)
    desk.call()
    assert (len(desk.heard), len(desk.played)) == (before[0] + 1, before[1] + 1)
    assert desk.streams.close()


@pytest.mark.parametrize("kind", ["input", "output"])
def test_a_device_that_stands_still_without_an_error_is_lost(machine: Computer, kind: str) -> None:
    desk = Desk(machine, AudioConfig()).start()
    other = "output" if kind == "input" else "input"
    for _ in range(round((DEAD_DEVICE_S + 2 * POLL_S) / POLL_S)):
        desk.clock.advance(POLL_S)
        desk.call(other)
        desk.poll()
    assert "stopped" in desk.told()[0]


def test_a_device_may_take_its_time_for_its_first_call(machine: Computer) -> None:
    desk = Desk(machine, AudioConfig())
    desk.streams.start(desk.on_input, desk.on_output)
    for _ in range(round((FIRST_CALL_S - POLL_S) / POLL_S)):
        desk.clock.advance(POLL_S)
        desk.poll()
    assert desk.told() == []


def test_without_any_device_it_tries_until_there_is_one_and_ever_more_patiently(machine: Computer) -> None:
    desk = Desk(machine, AudioConfig()).start()
    gone, machine.devices = machine.devices, []
    begun: list[float] = []
    initialize = machine._initialize

    def counted() -> None:
        begun.append(desk.clock.now())
        initialize()

    machine._initialize = counted  # type: ignore[method-assign]
    desk.lose()
    desk.wait(PATIENT_AFTER_S + 20)
    gaps = np.diff(begun)
    assert gaps[:50] == pytest.approx(RETRY_S, abs=2 * POLL_S)
    assert gaps[-5:] == pytest.approx(PATIENT_RETRY_S, abs=2 * POLL_S)
    assert desk.told() == [LOST_BOTH]
    machine.devices = gone
    desk.wait(PATIENT_RETRY_S + 2 * POLL_S)
    assert desk.told() == [BUILT_IN]


def test_portaudio_that_does_not_start_is_tried_again(machine: Computer) -> None:
    desk = Desk(machine, AudioConfig()).start()
    machine.refusals["initialize"] = "Internal PortAudio error"
    desk.lose()
    desk.wait(2.0)
    machine.refusals.clear()
    desk.wait(1.0)
    assert desk.told()[-1] == BUILT_IN


def test_a_named_device_is_replaced_by_the_default_and_taken_again(machine: Computer) -> None:
    desk = Desk(machine, named()).start()
    headset = unplug_headset(machine)
    desk.lose()
    desk.wait(1.0)
    assert desk.told()[1:] == [AWAY]
    assert desk.streams.microphone.name == desk.streams.loudspeaker.name == "Built-in"
    assert desk.stands_in() == [True, True]
    machine.devices.append(headset)
    asked = desk.scout.asked
    desk.wait(10 * LOOK_S)
    assert desk.scout.asked - asked == pytest.approx(10, abs=1)
    assert desk.told() == []  # the scout has not seen it
    desk.scout.answer = [str(headset["name"])] * 2
    desk.wait(LOOK_S + 5 * POLL_S)
    assert desk.told() == [BACK]
    assert desk.streams.microphone.name == desk.streams.loudspeaker.name == headset["name"]
    assert desk.stands_in() == [False, False]
    asked = desk.scout.asked
    desk.wait(10.0)
    assert desk.scout.asked == asked
    desk.streams.close()
    assert desk.scout.closed


BEGUN = AWAY.replace("goes on", "begins").replace("Headset: USB Audio (hw:1,0)", "head")


def test_a_named_device_that_is_not_there_yet_is_replaced_and_taken_when_it_comes(machine: Computer) -> None:
    headset = unplug_headset(machine)
    machine.frozen = list(machine.devices)
    desk = Desk(machine, named()).start()
    assert desk.told() == [BEGUN]
    assert desk.stands_in() == [True, True]
    machine.devices.append(headset)
    desk.scout.answer = [str(headset["name"])] * 2
    desk.wait(LOOK_S + 5 * POLL_S)
    assert desk.told() == [BACK]
    machine.add("Second head", 1, 2)  # now it is known by its name, and this is not it
    desk.lose()
    desk.wait(1.0)
    assert desk.told()[1:] == [BACK]


def test_a_named_device_that_is_not_there_yet_is_found_again_after_the_default_was_lost(
    machine: Computer,
) -> None:
    headset = unplug_headset(machine)
    machine.frozen = list(machine.devices)
    desk = Desk(machine, named()).start()
    desk.lose()
    desk.wait(1.0)
    assert desk.told() == [BEGUN, LOST_BOTH, BEGUN.replace("begins", "goes on")]
    machine.devices.append(headset)
    desk.lose()
    desk.wait(1.0)
    assert desk.told()[1:] == [BACK]


@pytest.mark.parametrize(
    ("wanted", "fallback", "devices", "found"),
    [
        ("yeti", False, 2, pattern("devices.unknown", noun="microphone", name="yeti")),
        ("17", True, 2, pattern("devices.unknown", noun="microphone", name=17)),
        ("i", True, 2, "2 devices match 'i'"),
        ("yeti", True, 0, pattern("devices.none", noun="microphone")),
    ],
    ids=["not allowed", "a number", "several", "no device at all"],
)
def test_what_nothing_stands_in_for_is_refused(
    machine: Computer, wanted: str, fallback: bool, devices: int, found: str
) -> None:
    del machine.frozen[devices:]  # type: ignore[union-attr]
    with pytest.raises(DeviceError, match=found):
        choose("input", AudioConfig(input_device=wanted, fallback=fallback))


def test_a_name_typed_with_the_command_is_there_or_wrong(machine: Computer) -> None:
    with pytest.raises(DeviceError, match=pattern("devices.unknown", noun="microphone", name="yeti")):
        choose("input", AudioConfig(input_device="yeti"), typed=True)
    assert choose("input", AudioConfig(input_device="yeti"))[1].name == "Built-in"


def test_a_host_api_that_is_not_there_is_not_replaced(machine: Computer) -> None:
    with pytest.raises(DeviceError, match=pattern("devices.no_api", noun="microphone", api="ASIO")):
        choose("input", named(host_api="ASIO"))


def test_one_of_two_may_be_named(machine: Computer) -> None:
    desk = Desk(machine, AudioConfig(input_device="1")).start()  # a number, which will be another's
    machine.devices.insert(0, machine.devices.pop())
    machine.default.device = (1, 1)
    desk.lose("output")
    desk.wait(1.0)
    assert desk.told()[-1] == wording(
        "talk.gone_on", microphone="Headset: USB Audio (hw:1,0)", loudspeaker="Built-in"
    )


def test_without_leave_to_fall_back_the_named_device_is_waited_for(machine: Computer) -> None:
    desk = Desk(machine, named(fallback=False)).start()
    headset = unplug_headset(machine)
    desk.lose()
    desk.wait(10.0)
    assert len(desk.told()) == 1
    assert machine.streams[-1].log[-1] == "close"
    machine.devices.append(headset)
    desk.wait(1.0)
    assert desk.told() == [BACK]


def test_a_device_in_another_socket_is_the_same_device(machine: Computer) -> None:
    desk = Desk(machine, named()).start()
    headset = unplug_headset(machine)
    machine.add("Headset: USB Audio (hw:3,0)", 1, 2, api=1)  # of another host API, it is not
    machine.devices.append(headset | {"name": "Headset: USB Audio (hw:2,0)"})
    desk.lose()
    desk.wait(1.0)
    assert desk.streams.microphone.name == "Headset: USB Audio (hw:2,0)"


def test_a_device_that_is_seen_but_does_not_open_is_let_alone_for_a_while(machine: Computer) -> None:
    desk = Desk(machine, named()).start()
    unplug_headset(machine)
    desk.lose()
    desk.wait(1.0)
    desk.scout.answer = ["Headset: USB Audio (hw:1,0)"] * 2  # and yet it is not there
    opened = len(machine.streams)
    desk.wait(120.0)
    attempts = (len(machine.streams) - opened) // 2
    assert 5 <= attempts <= 7  # after 1, 2, 4, 8, 16, 32 s, and then once a minute


def test_a_device_that_opens_but_never_calls_is_replaced(machine: Computer) -> None:
    desk = Desk(machine, named())
    desk.streams.start(desk.on_input, desk.on_output)
    for _ in range(round((FIRST_CALL_S + 1.0) / POLL_S)):
        desk.clock.advance(POLL_S)
        desk.poll()
    assert desk.told()[-1] == AWAY


@pytest.mark.parametrize(("api", "asks"), [("ALSA", False), ("Core Audio", True)])
def test_a_new_default_is_followed_where_no_server_moves_the_streams(
    machine: Computer, api: str, asks: bool
) -> None:
    machine.apis[0]["name"] = api
    desk = Desk(machine, AudioConfig()).start()
    desk.scout.answer = ["Built-in", "Built-in"]
    desk.wait(4 * FOLLOW_S)
    assert desk.scout.asked == pytest.approx(4 if asks else 0, abs=1)
    machine.default.device = (1, 1)
    desk.scout.answer = ["Headset: USB Audio (hw:1,0)"] * 2
    desk.wait(2 * FOLLOW_S)
    assert desk.told() == ([BACK] if asks else [])


def test_while_there_is_no_microphone_the_room_is_silent_and_time_goes_on(machine: Computer) -> None:
    desk = Desk(machine, AudioConfig()).start()
    gone, machine.devices = machine.devices, []
    desk.heard.clear()
    desk.lose()
    begin = desk.clock.now()
    desk.wait(5.0)
    machine.devices = gone
    desk.wait(1.0)
    silent = [(samples, at) for samples, at in desk.heard if not (samples == 1).all()]
    assert np.abs(np.concatenate([samples for samples, _ in silent])).max() <= ROOM_NOISE
    seconds = sum(len(samples) for samples, _ in silent) / 16_000
    assert 5.0 < seconds < desk.clock.now() - begin + desk.audio.latency_ms / 1000
    ends = [at + len(samples) / 16_000 for samples, at in silent]
    np.testing.assert_allclose([at for _, at in silent[1:]], ends[:-1], atol=1e-3)


def test_what_is_being_said_waits_and_goes_on_softly(machine: Computer) -> None:
    desk = Desk(machine, AudioConfig()).start()
    gone, machine.devices = machine.devices, []
    desk.lose()
    desk.wait(3.0)
    played = len(desk.played)
    machine.devices = gone
    while not (machine.streams and machine.streams[-1].log[-1] == "start"):
        desk.clock.advance(POLL_S)
        desk.poll()
    assert not desk.call("output")["output"].any()  # open, but not taken over yet
    assert len(desk.played) == played
    desk.poll()
    first, second = desk.call("output")["output"][:, 0], desk.call("output")["output"][:, 0]
    assert first[0] == 0
    assert (np.diff(first) >= 0).all()
    assert (first[200:] == 1000).all()
    assert (second == 1000).all()
    assert [dry for _, dry in desk.played[played:]] == [False, True]  # it began dry, which is no loss


def test_another_rate_and_more_channels_do_not_show(machine: Computer) -> None:
    desk = Desk(machine, named()).start()
    unplug_headset(machine)
    machine.takes = lambda rate, channels: (rate, channels) == (48_000, 2)
    desk.lose()
    desk.wait(0.5)
    desk.heard.clear()
    assert desk.open("input").asked["samplerate"] == desk.open("output").asked["samplerate"] == 48_000
    assert (desk.streams.microphone.rate_hz, desk.streams.microphone.channels) == (16_000, 1)
    assert desk.streams.loudspeaker.rate_hz == VOICE_HZ
    played = len(desk.played)
    for _ in range(100):  # 2 s
        assert desk.call()["output"].shape == (960, 2)
    assert {samples.shape[1] for samples, _ in desk.heard} == {1}
    assert sum(len(samples) for samples, _ in desk.heard) == pytest.approx(32_000, abs=1000)
    assert len(desk.played) - played == pytest.approx(100, abs=5)  # blocks of 20 ms
    assert len(desk.movers) == 2
    assert desk.streams.close()
    assert desk.movers == []


def test_what_goes_wrong_while_sound_is_converted_is_raised(machine: Computer) -> None:
    desk = Desk(machine, named()).start()
    unplug_headset(machine)
    machine.takes = lambda rate, channels: rate == 48_000
    desk.lose()
    desk.wait(0.5)
    desk.movers[0].failure = IndexError("a mistake of ours")
    with pytest.raises(IndexError, match="ours"):
        desk.wait(POLL_S)


def at_rest(machine: Computer, **settings: object) -> Desk:
    """Nobody speaks, and the loudspeaker keeps up."""
    desk = Desk(machine, AudioConfig.model_validate(settings))
    desk.idle, desk.dry = True, False
    desk.start()
    desk.wait(SETTLE_S + QUIET_S)
    return desk


def stumble(desk: Desk) -> None:
    """The loudspeaker runs dry twice, 2 s apart; then there is time to do something about it."""
    for _ in range(2):
        desk.dry = True
        desk.call("output")
        desk.dry = False
        desk.wait(2.0)
    desk.wait(SETTLE_S)


def asked_ms(desk: Desk) -> tuple[int, int]:
    """The latency asked of the microphone and of the loudspeaker that are open."""
    found = []
    for kind in ("input", "output"):
        seconds = desk.open(kind).asked["latency"]
        assert isinstance(seconds, float)
        found.append(round(seconds * 1000))
    return found[0], found[1]


def test_a_loudspeaker_that_runs_dry_is_asked_for_more_latency_which_is_told_once(machine: Computer) -> None:
    desk = at_rest(machine)
    assert asked_ms(desk) == (40, 40)
    before = len(machine.streams)
    stumble(desk)
    assert asked_ms(desk) == (40, 60)
    assert len(machine.streams) == before + 2
    (notice,) = desk.notices
    assert "Built-in" in notice.message
    assert re.findall(r"\d+", notice.message) == ["60", "40"]
    assert "audio.latency_ms" in notice.remedy
    for _ in range(4):
        stumble(desk)
    assert asked_ms(desk) == (40, 200)
    assert len(desk.notices) == 1
    for form, ms in ((desk.streams.microphone, 40), (desk.streams.loudspeaker, 200)):
        assert form.latency_s == pytest.approx(ms / 1000)
        assert form.reported_s == pytest.approx(ms / 1000 + GRANTED_MORE_S)


def test_after_a_calm_it_is_asked_for_less_and_nothing_is_told(machine: Computer) -> None:
    desk = at_rest(machine)
    stumble(desk)
    desk.notices.clear()
    desk.wait(CALM_S)
    assert asked_ms(desk) == (40, 40)
    opened = len(machine.streams)
    desk.wait(2 * CALM_S)
    assert len(machine.streams) == opened
    assert desk.notices == []


def test_nothing_is_opened_anew_while_somebody_speaks(machine: Computer) -> None:
    desk = at_rest(machine)
    opened = len(machine.streams)
    desk.idle = False
    stumble(desk)
    desk.wait(60)
    assert len(machine.streams) == opened
    desk.idle = True
    desk.wait(QUIET_S - 2 * POLL_S)
    assert len(machine.streams) == opened
    desk.wait(5 * POLL_S)
    assert asked_ms(desk) == (40, 60)


def test_a_microphone_that_loses_sound_is_asked_for_more_latency(machine: Computer) -> None:
    desk = at_rest(machine)
    for _ in range(2):
        desk.open("input").call(np.ones((320, 2), np.int16), (0.0, 0.0, 0.0), input_overflow=True)
        desk.wait(2.0)
    assert asked_ms(desk) == (60, 40)


def test_another_device_begins_with_the_latency_of_the_settings(machine: Computer) -> None:
    desk = at_rest(machine, input_device="head", output_device="head", latency_ms=50, max_latency_ms=60)
    stumble(desk)
    stumble(desk)
    assert asked_ms(desk) == (50, 60)
    unplug_headset(machine)
    desk.lose()
    desk.wait(1.0)
    assert asked_ms(desk) == (50, 50)


def test_a_device_that_does_not_open_with_another_latency_is_told_as_lost(machine: Computer) -> None:
    desk = at_rest(machine)
    machine.refusals["open output"] = "Device unavailable"
    stumble(desk)
    assert desk.told()[1:] == [LOST_BOTH]
    machine.refusals.clear()
    desk.wait(2 * RETRY_S)
    assert desk.told() == [BUILT_IN]
    assert asked_ms(desk) == (40, 60)


def test_a_driver_that_hangs_is_told_and_never_waited_for(
    machine: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "CLOSE_S", 0.05)
    desk = Desk(machine, AudioConfig()).start()
    desk.lose()
    machine.answers.clear()
    for _ in range(round(2 * HUNG_S / POLL_S)):
        desk.clock.advance(POLL_S)
        desk.poll()
    assert len(desk.told()) == 2  # that it is lost, and once that nobody answers
    machine.answers.set()
    desk.wait(1.0)
    assert desk.told() == [BUILT_IN]
    machine.answers.clear()
    assert not desk.streams.close()
    machine.answers.set()


def test_a_thread_that_never_ends_is_ended_and_the_talk_goes_on(
    machine: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def trap() -> Iterator[None]:
        machine.loop_ended.set()
        yield

    monkeypatch.setattr(runaway, "STUCK_S", 0.0)
    monkeypatch.setattr(runaway, "stderr_ends_its_writer", trap)
    desk = Desk(machine, AudioConfig()).start()
    for _ in range(5):
        machine.loop_ended.clear()
        desk.lose("output")  # the microphone's thread loops, which does not look like an end
        desk.wait(5 * POLL_S)
        assert desk.told() == [LOST.format("loudspeaker 'Built-in'"), BUILT_IN]
    assert [stream.log[-1] for stream in machine.streams] == ["close", "close"] * 5 + ["start", "start"]
    machine.loop_ended.clear()
    assert desk.streams.close()


def test_closing_while_a_task_hangs_says_so(machine: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "CLOSE_S", 0.05)
    desk = Desk(machine, AudioConfig()).start()
    desk.lose()
    machine.answers.clear()
    desk.poll()
    desk.poll()
    task = desk.streams._task
    assert task is not None
    assert not desk.streams.close()
    machine.answers.set()
    assert task.join(60)
    assert desk.streams.close()
    assert all(stream.log[-1] == "close" for stream in machine.streams)


def test_a_microphone_that_is_refused_at_the_start_leaves_nothing_open(machine: Computer) -> None:
    machine.refusals["open input"] = "Device unavailable"
    desk = Desk(machine, named())
    with pytest.raises(DeviceError, match="microphone"):
        desk.start()
    assert [stream.log[-1] for stream in machine.streams] == ["close"]


def test_what_nobody_expected_is_raised(machine: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(machine, AudioConfig()).start()
    desk.lose()

    def breaks() -> None:
        raise IndexError("a mistake of ours")

    monkeypatch.setattr("voicecli.devices.portaudio.refresh", breaks)
    with pytest.raises(IndexError, match="ours"):
        desk.wait(1.0)


def test_fifty_losses_leave_nothing_behind(machine: Computer) -> None:
    def streams_alive() -> int:
        gc.collect()
        return sum(isinstance(one, DeviceStream) for one in gc.get_objects())

    desk = Desk(machine, named()).start()
    threads, alive = threading.active_count(), streams_alive()
    for _ in range(25):
        headset = unplug_headset(machine)
        desk.lose()
        desk.wait(1.0)
        machine.devices.append(headset)
        desk.lose()
        desk.wait(1.0)
        machine.streams[:] = machine.streams[-2:]
    assert len(desk.told()) == 100
    assert threading.active_count() == threads
    assert streams_alive() == alive
    assert desk.streams.close()
