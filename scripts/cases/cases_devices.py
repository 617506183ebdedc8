"""Microphones that people had trouble with -> what `devices`, `doctor`, `say` and `talk` make of them.

Each command runs with a private PulseAudio server, in which a null sink's monitor stands for a microphone. A
case is judged by what the command prints, by what sounds on the loudspeaker's wire, and by the exit code.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from importlib import import_module, util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cases import Outcome, wanted

from rig.made_speech import speak
from rig.noise_sounds import at_level, music, white
from rig.room import RATE_HZ, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from numpy.random import Generator

    from voicecli.messages import Float32

COPY = "is a copy of the loudspeaker"
FAINT = "nothing as loud as speech"
QUESTION = "How many legs does a spider have?"
TOLD_S = 13.0
"""How long a talk has to warn. A case waits for all of it: the talk must warn just once, or not at all."""

PLAYS_S = 20.0
"""Longest wait for a player to begin."""

TAKEN_S = 5.0
"""Seconds after which a sound has become a turn, if the talk takes it for one."""


class DeviceTalk:
    """A running talk, and all events that it told so far."""

    def __init__(self, env: dict[str, str], *flags: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "voicecli", "talk", "--json", "--engine", "echo", *flags],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, object]] = []
        self._grown = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._grown:
                self.events.append(json.loads(line))
                self._grown.notify_all()

    def until(self, name: str, count: int = 1, timeout_s: float = 60.0) -> bool:
        """Wait until `count` events of this name have come; say whether they came in time."""
        with self._grown:
            return self._grown.wait_for(lambda: len(self.named(name)) >= count, timeout_s)

    def named(self, name: str) -> list[dict[str, object]]:
        """The events of that name."""
        return [event for event in self.events if event["event"] == name]

    def until_warned(self, words: str, timeout_s: float = 30.0) -> None:
        """Wait until a warning with these words has come, or until the time is up."""
        with self._grown:
            self._grown.wait_for(lambda: self.warned(words), timeout_s)

    def warned(self, words: str) -> int:
        """How many warnings had these words."""
        return sum(words in str(event["message"]) for event in self.named("warning"))

    def end(self) -> str:
        """End the talk as Ctrl-C does; give what it wrote to stderr."""
        self._process.send_signal(signal.SIGINT)
        _, errors = self._process.communicate(timeout=30)
        return errors


@contextmanager
def talking(env: dict[str, str], *flags: str) -> Iterator[DeviceTalk]:
    """Start a talk and wait until it listens; end it with the block."""
    talk = DeviceTalk(env, *flags)
    try:
        talk.until("listening")
        yield talk
    finally:
        talk.end()


def run(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "voicecli", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def outcomes(folder: Path, only: Collection[str]) -> Iterator[Outcome]:
    """Run all cases of this section; `cases_devices_channels.py` has those with many channels."""
    groups: tuple[tuple[str, Callable[[], Iterator[Outcome]]], ...] = (
        ("41", names),
        ("43", copies),
        ("44", mutes),
    )
    if util.find_spec("cases_devices_channels"):
        yield from import_module("cases_devices_channels").outcomes(folder, only)
    for group, judged in groups:
        if not only or any(name.startswith(group) for name in only):
            yield from (outcome for outcome in judged() if wanted(outcome.case, only))


NAMES = {
    "41": (b"B\xfcro",),
    "41b two": (b"B\xfcro", b"caf\xe9"),
    "41c Shift-JIS": (b"\x83}\x83C\x83N",),
    "41d half a letter": (b"ab\xc3",),
}


def names() -> Iterator[Outcome]:
    """PCM names that are not UTF-8, in ALSA's settings."""
    with Room() as room, tempfile.TemporaryDirectory() as folder:
        for case, found in NAMES.items():
            text = b"".join(
                b'pcm."%b" { type null\n hint { show on\n description "%b" } }\n' % (name, name)
                for name in found
            )
            Path(room.env["HOME"], ".asoundrc").write_bytes(text)
            listed = run(room.env, "devices")
            doctor = run(room.env, "doctor")
            said = run(room.env, "say", "hello")
            wav = run(room.env, "say", "hello", "-o", str(Path(folder) / "a.wav"))
            with talking(room.env) as talk:
                room.say(speak(QUESTION))
                answered = talk.until("turn_done", timeout_s=30)
            everything = "".join(d.stdout + d.stderr for d in (listed, doctor, said, wav))
            right = (
                listed.returncode == said.returncode == wav.returncode == 0
                and "default" in listed.stdout
                and "not UTF-8" in listed.stderr
                and "not UTF-8" in doctor.stdout
                and "pass loudspeaker" in doctor.stdout
                and answered
                and "Traceback" not in everything
            )
            codes = f"devices {listed.returncode}, say {said.returncode}, talk answered: {answered}"
            yield Outcome(
                case, "device name not UTF-8", right, f"{codes}; {' '.join(listed.stderr.split())[:80]}"
            )


def copies() -> Iterator[Outcome]:
    """The default microphone is the monitor of the loudspeaker, or of something else."""
    with Room() as room:
        room.pactl("set-default-source", "speaker.monitor")
        with talking(room.env) as talk:
            room.say(speak(QUESTION), "speaker")
            talk.until("turn_done", timeout_s=30)
            for seed in range(3):
                room.say(0.5 * music(6.0, np.random.default_rng(seed)), "speaker")
                time.sleep(TAKEN_S)  # no event tells that a sound was not taken for a turn
        told, turns = talk.warned(COPY), len(talk.named("transcript"))
        yield Outcome("43", "microphone is a monitor", (told, turns) == (1, 1), f"{told} told, {turns} turns")
        for words in (("devices",), ("doctor",), ("devices", "--test")):
            done = run(room.env, *words)
            right = COPY in done.stdout + done.stderr
            yield Outcome(f"43 {' '.join(words)}", "microphone is a monitor", right, f"told: {right}")
        with tempfile.TemporaryDirectory() as empty, talking({**room.env, "PATH": empty}) as talk:
            room.say(speak("Tell me about the moon, the sun and all the stars."), "speaker")
            talk.until("turn_done", timeout_s=30)
            talk.until_warned(COPY)
        told = talk.warned(COPY)
        yield Outcome("43b by its sound", "microphone is a monitor", told == 1, f"{told} told without pactl")
        room.pactl("load-module", "module-null-sink", "sink_name=other")
        room.pactl("set-default-source", "other.monitor")
        done = run(room.env, "devices")
        right = COPY not in done.stdout + done.stderr
        yield Outcome("43c another's monitor", "microphone is a monitor", right, f"told: {not right}")
        done = run({**room.env, "PULSE_SOURCE": "speaker.monitor"}, "devices")
        right = COPY in done.stdout + done.stderr
        yield Outcome("43d PULSE_SOURCE", "microphone is a monitor", right, f"told: {right}")
        room.pactl("set-default-source", "virtual_mic")
        room.echo(-6.0, 60)
        with talking(room.env) as talk:
            room.say(speak(QUESTION))
            talk.until("turn_done", timeout_s=30)
        told = talk.warned(COPY)
        yield Outcome("43e loud echo", "microphone is a monitor", told == 0, f"{told} told")


def pink(count: int, chance: Generator) -> Float32:
    """Noise that falls by 3 dB an octave: (count,) float32."""
    spectrum = np.fft.rfft(chance.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(1.0, np.arange(spectrum.size)))
    return np.fft.irfft(spectrum, count).astype(np.float32)


def _hum() -> Float32:
    t = np.arange(40 * RATE_HZ) / RATE_HZ
    return at_level(np.sin(2 * np.pi * 50 * t).astype(np.float32) + 0.01, -70.0)


def mutes() -> Iterator[Outcome]:
    """A headset's own mute leaves noise: commands must notice it, but not where a room is quiet."""
    chance = np.random.default_rng(44)
    flat = chance.uniform(-1.0, 1.0, 40 * RATE_HZ).astype(np.float32)
    sounds: dict[str, tuple[Float32, bool]] = {
        "44 0.0002": (flat * np.float32(0.0002), True),
        "44 0.0007": (flat * np.float32(0.0007), True),
        "44b white -63": (white(40, -63.0, chance), True),
        "44c pink -66": (at_level(pink(40 * RATE_HZ, chance), -66.0), True),
        "44d hum -70": (_hum(), True),
        "44e room -50": (at_level(pink(40 * RATE_HZ, chance), -50.0), False),
    }
    with Room() as room:
        for case, (sound, muted) in sounds.items():
            with _playing(room, sound):
                tested = run(room.env, "devices", "--test")
                doctor = run(room.env, "doctor")
            with _playing(room, sound), talking(room.env) as talk:
                time.sleep(TOLD_S)  # in some cases nothing is told, and no event says so
            told, turns = talk.warned(FAINT), len(talk.named("transcript"))
            by_test, by_doctor = FAINT in tested.stderr, FAINT in doctor.stdout
            right = (told, turns, by_test, by_doctor) == (int(muted), 0, muted, muted)
            seen = f"talk {told} times, --test {by_test}, doctor {by_doctor}, {turns} turns"
            yield Outcome(case, "mute that leaves noise", right, seen)
        quiet = at_level(pink(40 * RATE_HZ, chance), -66.0)
        with _playing(room, quiet), talking(room.env) as talk:
            room.say(speak(QUESTION))
            time.sleep(TOLD_S)  # nothing is to be told, and no event says so
        told = talk.warned(FAINT)
        yield Outcome("44f who speaks", "mute that leaves noise", told == 0, f"talk {told} times")


def _await_player(room: Room) -> None:
    """Wait until the server has the player, its only one. Only pactl tells."""
    deadline = time.monotonic() + PLAYS_S
    while not json.loads(room.pactl("--format=json", "list", "sink-inputs")):
        if time.monotonic() > deadline:
            raise RuntimeError("nothing plays into the microphone")


@contextmanager
def _playing(room: Room, sound: Float32) -> Iterator[None]:
    """Let the microphone hear a sound, repeated, until the block ends."""
    end = threading.Event()

    def play() -> None:
        while not end.is_set():
            data = (np.clip(sound, -1, 1) * 8388607).astype("<i4").tobytes()
            pacat = ["pacat", "-d", "mic_wire", "--raw", "--format=s24-32le", f"--rate={RATE_HZ}"]
            with subprocess.Popen([*pacat, "--channels=1"], env=room.env, stdin=subprocess.PIPE) as player:
                assert player.stdin is not None
                try:
                    for begin in range(0, len(data), 6400):
                        if end.is_set():
                            break
                        player.stdin.write(data[begin : begin + 6400])
                except BrokenPipeError:
                    break
                player.kill()

    thread = threading.Thread(target=play)
    thread.start()
    try:
        _await_player(room)
        yield
    finally:
        end.set()
        thread.join()
