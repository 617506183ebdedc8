"""The agent's voice in a room made of samples: taken out; what the person says over it kept, in place."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig import echo_room
from rig.echo_room import BEGAN_AT, EchoPath, EchoRoom, joined, power_db
from rig.made_speech import speak
from tests.sentences import pattern
from tests.test_talking import talking, tone
from voicecli import events
from voicecli.audio.convert import Converter
from voicecli.audio.level import to_int16
from voicecli.config import AudioConfig
from voicecli.errors import EngineError
from voicecli.listen.bargein.bargein import HOLD_FRAMES
from voicecli.listen.echo.canceller import DELAY, FRAME, REVERBERANT_S, EchoCanceller, wanted
from voicecli.listen.echo.reference import Reference
from voicecli.listen.echo.residual import BEYOND_ECHO_DB, NOTHING_KNOWN, EchoState
from voicecli.messages import FRAME_S, FRAME_SAMPLES, RATE_HZ, Pcm16Chunk

if TYPE_CHECKING:
    from voicecli.messages import Float32, Float32Frame

SNR_DB = 6.0
"""What is not so far above the noise is no speech."""

QUIET_S = 1.0
"""The agent begins to speak so late."""


def silence(seconds: float) -> Float32:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def agent() -> Float32:
    """Ten seconds of the agent, after a moment of silence."""
    words = speak(
        "The weather tomorrow will be mostly sunny with a light wind from the west. In the evening clouds "
        "may gather over the hills, and some rain is possible after midnight. If you plan to go for a walk, "
        "the afternoon would be the best time for it, before the air turns cold again."
    )
    return np.concatenate((silence(QUIET_S), words))


def person(begin_s: float, length_s: float) -> Float32:
    """Somebody who speaks, at another pitch, from then on."""
    words = speak("Wait, I wanted to ask you something else about the mountains.")
    words = np.interp(np.arange(0, words.size, 1.3), np.arange(words.size), words).astype(np.float32)
    times = int(length_s * RATE_HZ / words.size) + 1
    spoken = np.tile(words, times)[: round(length_s * RATE_HZ)]
    return np.concatenate((silence(begin_s), 0.5 * spoken)).astype(np.float32)


def through(
    room: EchoRoom, config: AudioConfig | None = None
) -> tuple[Float32, Float32, list[EchoState], EchoCanceller]:
    """What the microphone took, what came out, and what was known of it, every 20 ms."""
    canceller = EchoCanceller(room.reference, config or AudioConfig())
    heard, states = [], []
    for moment in room.run(canceller):
        heard.append(moment)
        states.append(canceller.state)
    return *joined(heard), states, canceller


def removed_db(microphone: Float32, cleaned: Float32, begin_s: float, end_s: float) -> float:
    return power_db(microphone, begin_s, end_s) - power_db(cleaned, begin_s, end_s)


def lag(said: Float32, kept: Float32) -> int:
    """By how many samples `kept` is behind `said`, of the same length."""
    size = 2 * said.size
    cross = np.fft.rfft(kept, size) * np.conj(np.fft.rfft(said, size))
    alike = np.fft.irfft(
        cross / (np.abs(cross) + 1e-9), size
    )  # whitened: a voice is like itself a period later
    return (int(np.argmax(alike)) + said.size) % size - said.size


CASES = {
    "40 ms": EchoPath(0.04, -15.0),
    "120 ms, faint": EchoPath(0.12, -20.0),
    "250 ms, loud": EchoPath(0.25, -6.0),
    "earlier than reported": EchoPath(-0.03, -15.0),
    "clock fast": EchoPath(0.12, -15.0, drift_ppm=200.0),
    "clock slow": EchoPath(0.12, -15.0, drift_ppm=-200.0),
    "times jitter": EchoPath(0.04, -15.0, jitter_s=0.005),
    "loudspeaker late": EchoPath(0.04, -15.0, starts_s=1.2),
    "block lost": EchoPath(0.04, -15.0, lost_at_s=5.0),
    "48 kHz": EchoPath(0.04, -15.0, loudspeaker_hz=48_000),
}


@pytest.mark.parametrize("name", CASES)
def test_the_echo_is_removed(name: str) -> None:
    path = CASES[name]
    room = EchoRoom(agent(), path)
    microphone, cleaned, states, _ = through(room)
    begin_s = QUIET_S + path.starts_s
    assert removed_db(microphone, cleaned, begin_s + 1.0, begin_s + 3.0) > 18
    assert removed_db(microphone, cleaned, begin_s + 6.0, begin_s + 9.0) > 18
    assert states[0] == NOTHING_KNOWN
    assert states[-1].converged
    assert states[-1].coping
    assert states[-1].removed_db > 18


def test_who_speaks_over_it_is_kept_and_the_canceller_has_not_failed() -> None:
    near = person(4.0, 5.0)
    room = EchoRoom(agent(), EchoPath(0.12, -15.0), near)
    _, cleaned, states, _ = through(room)
    kept_db = power_db(cleaned, 4.0, 9.0) - power_db(room.near, 4.0, 9.0)
    assert -4 < kept_db < 1
    assert all(state.converged and state.coping for state in states[150:])


def test_the_first_sounds_of_a_word_over_it_are_kept() -> None:
    """AEC3 takes 12 dB of them."""
    room = EchoRoom(agent(), EchoPath(0.12, -6.0), 2.0 * person(4.0, 2.0))
    _, cleaned, _, _ = through(room)
    onset_s = next(at / 50 for at in range(200, 300) if power_db(room.near, at / 50, (at + 1) / 50) > -35)
    word = onset_s + 0.4, onset_s + 0.5
    assert power_db(cleaned, *word) == pytest.approx(power_db(room.near, *word), abs=1.0)


def test_who_speaks_all_along_is_not_taken_for_an_echo() -> None:
    room = EchoRoom(agent(), EchoPath(0.12, -15.0), person(0.0, 12.0))
    *_, states, _ = through(room)
    assert all(state.coping for state in states)


def beyond_echo(room: EchoRoom) -> list[bool]:
    """Of each 20 ms: whether it is loud enough for speech, and louder than the echo can be."""
    canceller = EchoCanceller(room.reference, AudioConfig())
    found, before_db = [], -math.inf
    for number, moment in enumerate(room.run(canceller)):
        at = BEGAN_AT + number * moment.microphone.size / RATE_HZ
        loud = before_db > room.path.noise_dbfs + SNR_DB
        found.append(loud and canceller.over_echo_db(at - FRAME_S) >= BEYOND_ECHO_DB)
        before_db = power_db(moment.microphone)
    return found


@pytest.mark.parametrize("name", [*CASES, "reverberant"])
def test_no_echo_is_taken_for_somebody(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "reverberant":
        monkeypatch.setattr(echo_room, "FADES_S", 0.08)  # gone by 60 dB after 0.55 s
        monkeypatch.setattr(echo_room, "REVERBERATION_S", 0.6)
    found = beyond_echo(EchoRoom(agent(), CASES.get(name, EchoPath())))
    assert np.mean(found) < 0.01


@pytest.mark.parametrize("level_db", [-20.0, -15.0, -6.0])
@pytest.mark.parametrize("delay_s", [0.04, 0.12, 0.25])
def test_who_speaks_over_it_is_known_at_once(delay_s: float, level_db: float) -> None:
    room = EchoRoom(agent(), EchoPath(delay_s, level_db), person(4.0, 2.0))
    onset = next(at for at in range(200, 300) if power_db(room.near, at * 0.02, (at + 1) * 0.02) > -40)
    assert sum(beyond_echo(room)[onset : onset + 15]) >= HOLD_FRAMES


def test_an_echo_it_cannot_find_is_said() -> None:
    """It comes later than AEC3 looks."""
    room = EchoRoom(agent(), EchoPath(0.8, -15.0))
    microphone, cleaned, states, _ = through(room)
    assert removed_db(microphone, cleaned, 6.0, 9.0) < 6
    assert not states[-1].coping
    assert not states[-1].converged
    assert states[-1].removed_db < 6


def test_who_speaks_then_does_not_make_it_well() -> None:
    room = EchoRoom(agent(), EchoPath(0.8, -15.0), person(7.0, 4.0))
    *_, states, _ = through(room)
    assert not states[330].coping
    assert not states[-1].coping


def test_where_no_echo_comes_there_is_nothing_to_remove() -> None:
    *_, states, _ = through(EchoRoom(agent(), EchoPath(0.04, -120.0)))
    assert states[-1].converged
    assert states[-1].coping


def test_who_speaks_over_it_where_no_echo_comes_is_not_muted() -> None:
    """As AEC3 does for its first seconds."""
    room = EchoRoom(agent(), EchoPath(0.04, -120.0), person(QUIET_S + 1.2, 3.0))
    _, cleaned, _, _ = through(room)
    begin_s, end_s = QUIET_S + 1.2, QUIET_S + 4.2
    assert power_db(cleaned, begin_s, end_s) == pytest.approx(power_db(room.near, begin_s, end_s), abs=1.0)


@pytest.mark.parametrize("suppression", ["off", "full"])
def test_every_sample_keeps_its_place(suppression: str) -> None:
    """No echo: what came out at any place is what the person said there, before, while and after it runs."""
    agent_s = 2.0
    far = np.concatenate(
        (silence(1.5), agent()[RATE_HZ : round((QUIET_S + agent_s) * RATE_HZ)], silence(4.0))
    )
    room = EchoRoom(far, EchoPath(0.04, -120.0, noise_dbfs=-90), person(0.0, 8.0))
    config = AudioConfig.model_validate({"noise_suppression": suppression})
    microphone, cleaned, _, _ = through(room, config)
    looked_at = 0
    for begin in range(0, microphone.size - 8000, 8000):
        said, kept = microphone[begin : begin + 8000], cleaned[begin : begin + 8000]
        if power_db(kept) > power_db(said) - 3:
            looked_at += 1
            assert abs(lag(said, kept)) <= 1
    assert looked_at > 8


def test_where_nothing_sounds_samples_pass_untouched_and_at_once() -> None:
    canceller = EchoCanceller(Reference(22_050, 2.0), AudioConfig())
    for count in (1, 100, 320, 1000):
        samples = np.linspace(-0.5, 0.5, count, dtype=np.float32)
        assert canceller.push(samples, BEGAN_AT) is samples


def test_it_holds_back_little_while_it_runs_and_nothing_once_it_rests() -> None:
    far = np.concatenate((silence(0.5), agent()[RATE_HZ : 2 * RATE_HZ], silence(REVERBERANT_S + 1.0)))
    canceller = EchoCanceller((room := EchoRoom(far, EchoPath())).reference, AudioConfig())
    taken = given = 0
    held = []
    for moment in room.run(canceller):
        taken += moment.microphone.size
        given += moment.cleaned.size
        held.append(taken - given)
    assert held[0] == held[-1] == 0
    assert max(held) == DELAY  # blocks of 20 ms are whole frames
    resting = held.index(DELAY, 30), len(held) - held[::-1].index(DELAY)
    assert (resting[1] - resting[0]) * 0.02 == pytest.approx(1.0 + REVERBERANT_S, abs=0.3)


@pytest.mark.parametrize("block", [100, 441, 1000])
def test_frames_of_a_converter_stay_true_across_a_gap(block: int) -> None:
    """The loudspeaker is not silent, so that the canceller runs all along, but gives no echo."""
    reference = Reference(RATE_HZ, 4.0)
    reference.on_block(np.full(4 * RATE_HZ, 1, np.int16), BEGAN_AT)
    noise = (0.1 * np.random.default_rng(0).standard_normal(3 * RATE_HZ)).astype(np.float32)
    samples = to_int16(noise)[:, np.newaxis]
    converter = Converter(RATE_HZ, EchoCanceller(reference, AudioConfig()))
    frames: list[Float32Frame] = []
    for begin in range(0, len(samples) - block, block):
        if not 16_000 <= begin < 19_000:
            chunk = Pcm16Chunk(samples[begin : begin + block], RATE_HZ, begin, BEGAN_AT + begin / RATE_HZ)
            frames += converter.push(chunk)
    gaps = [after.position - before.position - FRAME_SAMPLES for before, after in pairwise(frames)]
    assert all(gap >= 0 for gap in gaps)
    assert sum(gap > 0 for gap in gaps) == 1
    assert frames[-1].position > 45_000
    for frame in frames:
        assert frame.captured_at == pytest.approx(BEGAN_AT + frame.position / RATE_HZ, abs=1e-6)
        assert lag(noise[frame.position : frame.position + FRAME_SAMPLES], frame.samples) == 0


def test_a_reference_that_comes_too_late_is_read_less_early() -> None:
    """A loudspeaker that gives its blocks the moment they sound leaves nothing to read ahead."""
    reference = Reference(RATE_HZ, 2.0)
    canceller = EchoCanceller(reference, AudioConfig())
    noise = to_int16(0.2 * np.random.default_rng(0).standard_normal(2 * RATE_HZ).astype(np.float32))
    short = []
    for begin in range(0, noise.size, FRAME):
        reference.on_block(noise[begin : begin + FRAME], BEGAN_AT + begin / RATE_HZ)
        canceller.push(np.zeros(FRAME, np.float32), BEGAN_AT + begin / RATE_HZ)
        short.append(reference.short_s)
    assert short[0] > 0.0
    assert max(short[10:]) < 0.001  # half of the interpolating filter


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, True),
        ({"headphones": True}, False),
        ({"echo": "off"}, False),
        ({"headphones": True, "noise_suppression": "full"}, True),
        ({"echo": "off", "gain_control": "full"}, True),
    ],
)
def test_headphones_need_none(settings: dict[str, object], expected: bool) -> None:
    assert wanted(AudioConfig.model_validate(settings)) is expected


def test_gain_control_makes_a_faint_voice_louder() -> None:
    room = EchoRoom(silence(6.0), EchoPath(0.04, -120.0), 0.05 * person(0.0, 6.0))
    config = AudioConfig.model_validate({"headphones": True, "gain_control": "full"})
    microphone, cleaned, _, _ = through(room, config)
    assert removed_db(microphone, cleaned, 3.0, 6.0) < -3


def test_a_library_that_is_not_there_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit.rtc.apm", None)
    with pytest.raises(EngineError, match=pattern("engines.canceller")):
        EchoCanceller(Reference(RATE_HZ, 1.0), AudioConfig())


def test_the_library_does_not_call_python_while_it_ends() -> None:
    """Its last words, logged from a thread of its own, end the process with SIGABRT now and then."""
    program = (
        "import logging, sys; from voicecli.listen.echo.canceller import Module\n"
        "logger = logging.getLogger('livekit'); logger.setLevel(1)\n"
        "logger.addHandler(logging.StreamHandler(sys.stdout))\n"
        "Module(echo=True, suppression=False, gain=False)"
    )
    for _ in range(4):  # without the cure three of four told of it
        ended = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "LIVEKIT_RTC_DEBUG": "1"},
            capture_output=True,
            text=True,
            check=True,  # a thread of its own may still complain on stderr, but must not end the process
            timeout=60,
        )
        assert "disposing" not in ended.stdout


def test_in_a_talk_the_loudspeaker_is_the_reference() -> None:
    """The simulated microphone never hears the loudspeaker: that is known once it has sounded for a while."""
    with talking(["a question"], ["word " * 25]) as talk:
        talk.until(events.Listening)
        assert talk.pipeline.crew.ear.hearing.echo == NOTHING_KNOWN
        talk.says(tone(0.5))
        talk.until(events.TurnDone)
        assert talk.pipeline.crew.ear.hearing.echo == EchoState(
            0.0, converged=True, coping=True, bounded=True
        )


def test_in_a_talk_with_headphones_there_is_none() -> None:
    with talking(["a question"], ["One two."], headphones=True) as talk:
        talk.until(events.Listening)
        assert talk.pipeline.crew.ear.hearing.echo is None
