"""What the listener can rely on, and what it tells when it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from tests.sentences import wording
from voicecli.audio.streams import Notice, StreamFormat
from voicecli.config import AudioConfig, SegmentConfig
from voicecli.devices.monitor import copy_notice
from voicecli.listen.capture import Capture
from voicecli.listen.echo.canceller import EchoCanceller
from voicecli.listen.echo.reference import Reference
from voicecli.listen.echo.residual import NOTHING_KNOWN, EchoState
from voicecli.listen.hearing import Hearing
from voicecli.messages import FRAME_S, RATE_HZ

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams

KNOWN = EchoState(30.0, converged=True, coping=True, bounded=True)
LOST = EchoState(0.0, converged=False, coping=False, bounded=False)


class Desk:
    """Devices that can be exchanged."""

    def __init__(self) -> None:
        self.microphone = StreamFormat("Desk", RATE_HZ, 1, 0.02)
        self.loudspeaker = StreamFormat("Headset", RATE_HZ, 1, 0.02)
        self.notices: list[Notice] = []

    def reopened(self, name: str, *, stands_in: bool = False) -> None:
        self.loudspeaker = replace(self.loudspeaker, name=name, stands_in=stands_in)

    def poll(self, *, idle: bool = False) -> list[Notice]:
        told, self.notices = self.notices, []
        return told


class Seat:
    """Somebody at the desk."""

    def __init__(self, *, absent: bool = False, **audio: object) -> None:
        config = AudioConfig.model_validate(audio)
        self.desk = Desk()
        if absent:
            self.desk.reopened("Built-in", stands_in=True)
        self.told: list[str] = []
        cancels = config.echo == "auto" and not config.headphones
        self.canceller = EchoCanceller(Reference(RATE_HZ, 1.0), config) if cancels else None
        capture = Capture(self.desk.microphone, config.ring_s)
        streams = cast("AudioStreams", self.desk)
        self.hearing = Hearing(streams, capture, self.tell, self.canceller, config)

    def tell(self, found: str, _remedy: str) -> None:
        self.told.append(found)

    def barge_in(self) -> str:
        return self.hearing.barge_in

    def checks(self) -> list[str]:
        """What is warned of now."""
        self.hearing.check(listens=True)
        told, self.told = self.told, []
        return told


def test_another_loudspeaker_has_another_echo() -> None:
    seat = Seat()
    assert seat.canceller is not None
    seat.canceller.state = KNOWN
    seat.desk.notices.append(Notice("the sound system does not answer", "restart it"))
    assert seat.checks() == ["the sound system does not answer"]
    assert seat.barge_in() == "on"
    assert seat.hearing.reopened == 0
    seat.desk.reopened("Headset")  # what it sounds like may have changed all the same
    assert seat.checks() == []
    assert seat.hearing.reopened == 1
    assert seat.hearing.echo == NOTHING_KNOWN
    assert seat.barge_in() == "strict"


def test_what_sounds_in_the_place_of_headphones_is_a_loudspeaker() -> None:
    """Nothing takes its echo out, so the agent would answer itself."""
    seat = Seat(headphones=True)
    seat.desk.reopened("Headset")
    assert seat.checks() == []
    assert (seat.barge_in(), seat.hearing.tail_s) == ("on", 0.0)
    seat.desk.reopened("Built-in")
    assert [wording("talk.half_duplex") in told for told in seat.checks()] == [True]
    assert seat.barge_in() == "off"
    assert seat.hearing.tail_s > 0.0
    seat.desk.reopened("Headset")
    assert seat.checks() == []
    assert seat.barge_in() == "on"


def test_headphones_that_are_away_at_first_are_worn_when_they_come() -> None:
    seat = Seat(headphones=True, absent=True)
    assert seat.barge_in() == "off"
    seat.desk.reopened("Headset")
    seat.checks()
    assert seat.barge_in() == "on"
    seat.desk.reopened("Built-in", stands_in=True)
    seat.checks()
    assert seat.barge_in() == "off"


def test_that_it_is_deaf_while_the_agent_speaks_is_told_once() -> None:
    seat = Seat()
    assert seat.canceller is not None
    for state, told in ((KNOWN, 0), (LOST, 1), (KNOWN, 0), (LOST, 0)):
        seat.canceller.state = state
        assert len(seat.checks()) == told


def test_who_asked_for_half_duplex_is_not_told_of_it() -> None:
    seat = Seat(echo="off")
    assert seat.barge_in() == "off"
    assert seat.checks() == []


@pytest.mark.parametrize("setting", ["noise_suppression", "gain_control"])
def test_what_only_suppresses_noise_takes_no_echo_out(setting: str) -> None:
    config = AudioConfig.model_validate({"echo": "off", setting: "full"})
    seat = Seat(echo="off")
    canceller = EchoCanceller(Reference(RATE_HZ, 1.0), config)
    capture = Capture(seat.desk.microphone, config.ring_s)
    hearing = Hearing(cast("AudioStreams", seat.desk), capture, seat.tell, canceller, config)
    assert hearing.echo is None
    assert hearing.barge_in == "off"


def _hears(seat: Seat, levels: list[float]) -> list[str]:
    for level in levels:
        seat.hearing.check_loudness(level, SegmentConfig().min_level_dbfs)
    return seat.checks()


def test_a_headset_s_mute_that_leaves_noise_is_told_once() -> None:
    seat = Seat()
    seconds = round(1.0 / FRAME_S)
    noise = [-68.0, -67.5, -68.3] * 100
    assert _hears(seat, noise[: 7 * seconds]) == []
    (told,) = _hears(seat, noise[: 3 * seconds])
    assert wording("devices.faint") in told
    assert _hears(seat, noise * 3) == []


def test_who_was_heard_however_softly_is_not_told_that_they_are_not() -> None:
    seat = Seat()
    seat.hearing.heard_somebody()
    assert _hears(seat, [-68.0] * 900) == []


@pytest.mark.parametrize(
    "levels",
    [
        [-68.0] * 100 + [-40.0] * 5 + [-68.0] * 900,  # somebody spoke, and waits
        ([-75.0] * 50 + [-62.0] * 3) * 20,  # a quiet room, in which something happens now and then
        [-100.0] * 900,  # zeros: told in other words
        [-55.0] * 900,  # what is so loud may be speech
    ],
)
def test_who_may_be_heard_is_not_told_that_they_are_not(levels: list[float]) -> None:
    assert _hears(Seat(), levels) == []


def test_a_copy_of_the_loudspeaker_is_told_once_whoever_found_it() -> None:
    seat = Seat()
    notice = copy_notice("Desk")
    seat.desk.notices.append(notice)
    assert seat.checks() == [notice.message]
    assert seat.canceller is not None
    seat.canceller._residual.copied = True
    assert seat.checks() == []
    alone = Seat()
    assert alone.canceller is not None
    alone.canceller._residual.copied = True
    assert alone.checks() == [notice.message]
    assert alone.checks() == []
