"""A microphone that is a copy of the loudspeaker: by its name, by the sound server, by its sound."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.fake_portaudio import Machine
from voicecli.config import AudioConfig
from voicecli.devices.choose import choose
from voicecli.devices.monitor import copy_notice, is_copy
from voicecli.devices.portaudio import Device
from voicecli.devices.recovery.recover import RecoveringStreams
from voicecli.listen.echo.residual import Residual
from voicecli.messages import RATE_HZ
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.messages import Float32

DEFAULT = Device(0, "default", "ALSA", 32, 32, 48_000, 0.01, 0.01, default_input=True, default_output=True)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `pactl` answers with what is in its files `source` and `sink`."""
    program = tmp_path / "pactl"
    program.write_text(f'#!/bin/sh\nread answer <"{tmp_path}/${{1#get-default-}}"\necho "$answer"\n')
    program.chmod(0o755)
    (tmp_path / "sink").write_text("spk\n")
    (tmp_path / "source").write_text("spk.monitor\n")
    for name in ("PULSE_SOURCE", "PULSE_SINK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("Monitor of Built-in Audio Analog Stereo", True),
        ("alsa_output.pci-0000_00_1f.3.analog-stereo.monitor", True),
        ("Stereo Mix (Realtek Audio)", True),
        ("What U Hear (Sound Blaster)", True),
        ("Built-in Microphone", False),
        ("Monitoring Microphone", False),
        ("USB Stereo Mixer", False),
    ],
)
def test_some_systems_name_it_so(name: str, copy: bool) -> None:
    assert is_copy(replace(DEFAULT, name=name), replace(DEFAULT, name="Speakers")) is copy


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pactl")
def test_behind_default_the_sound_server_knows(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_copy(DEFAULT, DEFAULT)
    assert is_copy(replace(DEFAULT, name="pulse"), DEFAULT)
    assert not is_copy(replace(DEFAULT, name="USB Audio: - (hw:1,0)"), DEFAULT)
    monkeypatch.setenv("PULSE_SOURCE", "alsa_input.usb")
    assert not is_copy(DEFAULT, DEFAULT)
    monkeypatch.delenv("PULSE_SOURCE")
    (server / "source").write_text("another.monitor\n")  # of what is not played on
    assert not is_copy(DEFAULT, DEFAULT)
    monkeypatch.setenv("PULSE_SINK", "another")
    assert is_copy(DEFAULT, DEFAULT)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pactl")
def test_a_server_that_hangs_or_is_not_there_is_not_waited_for(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecli.devices.monitor.LONGEST_S", 0.05)
    (server / "pactl").write_text("#!/bin/sh\nread nothing <&1\nwhile :; do :; done\n")
    assert not is_copy(DEFAULT, DEFAULT)
    (server / "pactl").write_text("no program")
    assert not is_copy(DEFAULT, DEFAULT)
    (server / "pactl").unlink()
    assert not is_copy(DEFAULT, DEFAULT)


def test_talk_is_told_when_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    machine.add("Monitor of Speakers", 2, 0)
    machine.add("Speakers", 0, 2)
    machine.default.device = (0, 1)
    monkeypatch.setitem(sys.modules, "sounddevice", machine)
    audio = AudioConfig()
    streams = RecoveringStreams(choose("input", audio), choose("output", audio), 22_050, audio, FakeClock())
    streams.start(lambda *_: None, lambda *_: None)
    assert streams.poll() == [copy_notice("Monitor of Speakers")]
    assert streams.poll() == []
    streams.close()


def _talk(seconds: float) -> Float32:
    """Syllables of noise with pauses between them, digital silence there."""
    chance = np.random.default_rng(5)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    loud = np.maximum(0.0, np.sin(2 * np.pi * 3.1 * t)) * (np.sin(2 * np.pi * 0.4 * t) > -0.3)
    return (0.1 * loud * chance.standard_normal(t.size)).astype(np.float32)


@pytest.mark.parametrize(
    ("gain", "noise", "copied"), [(1.0, 0.0, True), (0.9, 0.0, True), (0.18, 0.0, False), (1.0, 1e-4, False)]
)
def test_its_sound_tells_where_nobody_could_be_asked(gain: float, noise: float, copied: bool) -> None:
    """A copy is exactly as loud, and gives zeros where nothing is played; a microphone hears a room."""
    residual = Residual()
    frame, late = RATE_HZ // 100, 6
    played = _talk(6.0).reshape(-1, frame)
    hiss = np.random.default_rng(6).standard_normal(played.shape) * noise
    for number in range(late, len(played)):
        heard = (gain * played[number - late] + hiss[number]).astype(np.float32)
        residual.push(played[number], heard, np.zeros(frame, np.float32))
    assert residual.copied is copied
