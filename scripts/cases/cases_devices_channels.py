"""A voice on input 2 of an interface with 2 to 32 inputs -> is it heard, answered, and not called silent.

The interface is a null sink with as many channels; its monitor is the default microphone. Its other inputs
are empty, or hiss at -60 dBFS, or one of them carries what the computer plays, and so the agent's voice.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from cases import Outcome, wanted

from rig.made_speech import speak
from rig.noise_sounds import at_level
from rig.program import talking, voicecli
from rig.room import RATE_HZ, Room

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from voicecli.messages import Float32

COUNTS = (2, 4, 16, 32)
KINDS = ("empty", "hiss", "agent", "shown")
OWN = tuple((count, beside) for beside in ("opposite", "softer", "hum") for count in (2, 16))
"""Further cases, which nobody reported."""
QUESTION = "What is the capital of France?"
VOICE_DBFS, HISS_DBFS = -30.0, -60.0
VOICE = 1
"""The voice's input, counted from 0."""
QUIET_S = 6.0
"""How long a case waits after the reply. An agent that hears itself has answered well before that."""


class Interface:
    """A microphone with many inputs, in a room."""

    def __init__(self, room: Room, count: int) -> None:
        self._room, self._count = room, count
        self._map = ",".join(f"aux{number}" for number in range(count))
        self._modules: list[str] = []
        form = f"channels={count}", f"channel_map={self._map}"
        self._load("module-null-sink", "sink_name=iface", "rate=48000", *form)
        room.pactl("set-default-source", "iface.monitor")

    def play(self, sound: Float32) -> subprocess.Popen[bytes]:
        """Begin to play (n, channels) into the inputs."""
        command = ["pacat", "-d", "iface", "--raw", "--format=s16le", f"--rate={RATE_HZ}"]
        command += [f"--channels={self._count}", f"--channel-map={self._map}", "--latency-msec=50"]
        process = subprocess.Popen(command, env=self._room.env, stdin=subprocess.PIPE)
        data = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()

        def feed() -> None:
            assert process.stdin is not None
            try:
                process.stdin.write(data)
                process.stdin.close()
            except OSError:  # it was ended before
                return

        threading.Thread(target=feed, daemon=True).start()
        return process

    def bring_back(self) -> None:
        """Let one input carry what the loudspeaker plays."""
        last = 0 if self._count - 1 == VOICE else self._count - 1
        sink = ["module-remap-sink", "sink_name=back", "master=iface", "channels=1", "channel_map=mono"]
        self._load(*sink, f"master_channel_map=aux{last}", "remix=no")
        self._load("module-loopback", "source=speaker.monitor", "sink=back", "latency_msec=30")

    def _load(self, *module: str) -> None:
        self._modules.append(self._room.pactl("load-module", *module).strip())

    def close(self) -> None:
        """Take the interface away."""
        for module in reversed(self._modules):
            self._room.pactl("unload-module", module)


@contextmanager
def plugged_in(room: Room, count: int) -> Iterator[Interface]:
    """An interface, until the block ends."""
    interface = Interface(room, count)
    try:
        yield interface
    finally:
        interface.close()


def pink(count: int, seed: int) -> Float32:
    """Noise whose power falls by 3 dB an octave."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    noise: Float32 = np.fft.irfft(spectrum / np.sqrt(np.arange(1, spectrum.size + 1)), count).astype(
        np.float32
    )
    return noise


def inputs(count: int, beside: str, said: Float32) -> Float32:
    """(n, channels): the voice on its input, and what is beside it."""
    sound = np.zeros((said.size, count), np.float32)
    if beside == "hiss":
        for number in range(count):
            sound[:, number] = at_level(pink(said.size, number), HISS_DBFS)
    match beside:
        case "opposite":
            sound[:, 0] = -said
        case "softer":
            sound[:, 0] = 10 ** (-24 / 20) * said
        case "hum":
            sound[:, 0] = 0.3 * np.sin(2 * np.pi * 50 / RATE_HZ * np.arange(said.size))
    sound[:, VOICE] += said
    return sound


def answered(room: Room, count: int, beside: str, said: Float32) -> tuple[bool, str]:
    """Ask a question; say whether the talk understands it and answers once, and has no other turn."""
    with plugged_in(room, count) as interface:
        if beside == "agent":
            interface.bring_back()
        with talking("--engine", "echo", env=room.env) as agent:
            agent.until("listening")
            pause = np.zeros(round(QUIET_S * RATE_HZ), np.float32)
            player = interface.play(inputs(count, beside, np.concatenate((pause[:RATE_HZ], said, pause))))
            heard = str(agent.until("transcript")["text"])
            spoken = str(agent.until("turn_done")["heard"])
            player.wait()
            threading.Event().wait(QUIET_S)
            agent.process.send_signal(signal.SIGINT)
            agent.wait()
            rest = [json.loads(line) for line in iter(lambda: agent._next(""), "")]  # noqa: SLF001
    turns = sum(event["event"] == "transcript" for event in rest)
    right = "capital of fr" in heard.lower() and bool(spoken) and not turns
    return right, f"{heard!r}, answered {spoken!r}, {turns} turns more"


def shown(room: Room, count: int, said: Float32) -> tuple[bool, str]:
    """Speak while `devices --meter`, `--test` and `doctor` run; say whether each tells of sound."""
    with plugged_in(room, count) as interface:
        player = interface.play(inputs(count, "empty", np.tile(said, 40)))
        try:
            metered = voicecli("devices", "--meter", "--seconds", "3", "--json", env=room.env)
            tried = voicecli("devices", "--test", env=room.env)
            doctor = voicecli("doctor", env=room.env)
        finally:
            player.kill()
            player.wait()
    levels = [json.loads(line)["rms_dbfs"] for line in metered.stdout.splitlines()]
    loudest = max((level for level in levels if level is not None), default=-100.0)
    told = re.search(r"sound arrives, (-?\d+) dBFS", doctor.stdout)
    verdict = tried.stdout.strip() or tried.stderr.strip()
    right = loudest > VOICE_DBFS - 10 and tried.returncode == 0 and "good" in verdict
    right = right and told is not None and int(told[1]) > VOICE_DBFS - 10
    return right, f"meter {loudest:.0f}, test {verdict!r}, doctor {told and told[0]!r}"


def outcomes(folder: Path, only: Collection[str]) -> Iterator[Outcome]:
    """Run each number of inputs with each kind of other inputs."""
    del folder
    said = at_level(speak(QUESTION), VOICE_DBFS)
    every = [(count, beside) for count in COUNTS for beside in KINDS]
    cases = [(f"40-{count}-{beside}", count, beside) for count, beside in [*every, *OWN]]
    if not any(wanted(case, only) for case, _, _ in cases):
        return
    with Room() as room:
        for case, count, beside in cases:
            if wanted(case, only):
                judged = (
                    shown(room, count, said) if beside == "shown" else answered(room, count, beside, said)
                )
                yield Outcome(case, "voice on one channel", *judged)
