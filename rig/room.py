"""A private PulseAudio server with a wire into the microphone and a wire out of the loudspeaker.

    say -> [mic_wire] -> default source -> program -> default sink -> [speaker] -> tape

Needs no sound card and touches no server of the user's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from typing import IO

    from voicecli.messages import Float32

RATE_HZ = 16_000
BLOCK = 1600
WIRES = (
    ("module-null-sink", "sink_name=mic_wire", "rate=48000", "channels=1"),
    ("module-null-sink", "sink_name=speaker", "rate=48000", "channels=1"),
    ("module-remap-source", "master=mic_wire.monitor", "source_name=virtual_mic"),
)
TAPE_LAG = RATE_HZ // 2
"""Samples. The tape lags behind the loudspeaker by less, unless the computer is busy."""
LOUD = 0.01
"""Of full scale. A sample above this is sound."""
SILENT_S = 1.5
"""Silence after which a reply is over: no pause in a sentence is so long."""


HEADSET = """
pcm.headset {{
  type asym
  playback.pcm {{ type pulse server "unix:{folder}/pulse/native" }}
  capture.pcm {{ type pulse server "unix:{folder}/pulse/native" }}
  hint {{ show on description "headset" }}
}}
"""
"""ALSA settings of a device that is another sound server. To kill that server is to unplug the device, and no
server moves its streams."""


def can_run() -> bool:
    """Whether PulseAudio's programs are installed."""
    return all(shutil.which(program) for program in ("pulseaudio", "pactl", "pacat", "parec"))


class Room:
    """The server, which runs for the length of a `with` block."""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="room-"))
        self.folder.chmod(0o700)
        (self.folder / "home").mkdir()
        self.env = {
            **{name: value for name, value in os.environ.items() if name != "PULSE_SERVER"},
            "XDG_RUNTIME_DIR": str(self.folder),
            "HOME": str(self.folder / "home"),
        }
        self._blocks: list[bytes] = []
        self._grown = threading.Condition()
        self.start()
        with self._grown:  # PulseAudio takes a second or two to begin; what is played before that is lost
            assert self._grown.wait_for(self.position, timeout=20)
        return self

    def start(self) -> None:
        """Start the server, for the first time or after `kill`."""
        self._server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit=1"),
                *("--realtime=no", "--high-priority=no", "--log-target=stderr"),
                "--load=module-native-protocol-unix",
                *(f"--load={' '.join(wire)}" for wire in WIRES),
            ],
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await_server()
        self._connect()

    def _connect(self) -> None:
        """Make the wires the default devices, and begin to record them."""
        self.pactl("set-default-source", "virtual_mic")
        self.pactl("set-default-sink", "speaker")
        self._tapes = [self._taped("speaker"), self._taped("mic_wire")]
        stdout = self._tapes[0].stdout
        assert stdout is not None
        self._recorder = threading.Thread(target=self._record, args=(stdout,))
        self._recorder.start()

    def _taped(self, wire: str) -> subprocess.Popen[bytes]:
        """Record a wire. This also keeps the wire's blocks short, which else may be 2 s long."""
        return subprocess.Popen(
            [
                *("parec", "-d", f"{wire}.monitor", "--raw", "--format=s16le"),
                *(f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=20"),
            ],
            env=self.env,
            stdout=subprocess.PIPE if wire == "speaker" else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _await_server(self) -> None:
        deadline = time.monotonic() + 20
        while subprocess.run(["pactl", "info"], env=self.env, capture_output=True, check=False).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("pulseaudio did not start")

    def _record(self, tape: IO[bytes]) -> None:
        while block := tape.read(BLOCK * 2):
            with self._grown:
                self._blocks.append(block)
                self._grown.notify_all()

    def pactl(self, *words: str) -> str:
        """Tell the server something; give its answer."""
        done = subprocess.run(["pactl", *words], env=self.env, capture_output=True, text=True, check=True)
        return done.stdout

    def say(self, samples: Float32, wire: str = "mic_wire") -> None:
        """Play (n,) float32 at 16 kHz into the microphone, or into another sink, until it has been heard."""
        data = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        play = ["pacat", "-d", wire, "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1"]
        subprocess.run([*play, "--latency-msec=20"], env=self.env, input=data, check=True, timeout=60)

    def echo(self, gain_db: float, delay_ms: int) -> None:
        """Let the microphone hear the loudspeaker, `gain_db` louder and about `delay_ms` later."""
        module = self.pactl(
            *("load-module", "module-loopback", "source=speaker.monitor", "sink=mic_wire"),
            *(f"latency_msec={delay_ms}", "remix=no", "sink_input_properties=media.name=echo"),
        ).strip()
        inputs = json.loads(self.pactl("--format=json", "list", "sink-inputs"))
        (self._echo,) = (str(one["index"]) for one in inputs if str(one["owner_module"]) == module)
        self.turn_echo(gain_db)

    def turn_echo(self, gain_db: float) -> None:
        """Make the echo louder or softer at once, as a knob of the loudspeaker does."""
        volume = round(65536 * 10 ** (gain_db / 60))  # PulseAudio's volume is the cube root of the factor
        self.pactl("set-sink-input-volume", self._echo, str(volume))

    def position(self) -> int:
        """Samples recorded so far."""
        return sum(map(len, self._blocks)) // 2

    def tape(self, begin: int = 0) -> Float32:
        """What the loudspeaker played from sample `begin` until now, (n,) float32 at 16 kHz."""
        enough = self.position() + TAPE_LAG
        with self._grown:
            assert self._grown.wait_for(lambda: self.position() >= enough, timeout=20)
        return self.recorded(begin)

    def pass_time(self, seconds: float) -> None:
        """Wait until the loudspeaker has played for so long."""
        end = self.position() + round(seconds * RATE_HZ)
        with self._grown:
            assert self._grown.wait_for(lambda: self.position() >= end, timeout=20 + seconds)

    def recorded(self, begin: int = 0) -> Float32:
        """What the tape has by now from sample `begin` on, (n,) float32 at 16 kHz."""
        data = np.frombuffer(b"".join(self._blocks), "<i2")[begin:]
        return data.astype(np.float32) / np.float32(32768)

    def sounded(self, begin: int, timeout_s: float) -> bool:
        """Wait until the tape has a sound after sample `begin`; say whether it came in time."""

        def loud() -> bool:
            return bool(np.abs(self.recorded(begin)).max(initial=0) > LOUD)

        with self._grown:
            return self._grown.wait_for(loud, timeout_s)

    def heard_out(self, begin: int = 0) -> Float32:
        """Wait for sound, and for `SILENT_S` of silence after it; give the tape from sample `begin` on.

        So the caller need not know how late the tape is, or when the program has played everything.
        """

        def over() -> bool:
            loud = np.flatnonzero(np.abs(self.recorded(begin)) > LOUD)
            return bool(loud.size) and self.position() - begin - loud[-1] > SILENT_S * RATE_HZ

        with self._grown:
            assert self._grown.wait_for(over, timeout=30)
        return self.recorded(begin)

    def kill(self) -> None:
        """End the server as a crash would: it tells nobody."""
        self._server.kill()
        self._server.wait()
        self._end_tapes()

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal: with SIGSTOP it hangs, with SIGCONT it goes on."""
        self._server.send_signal(number)

    def unplug(self) -> None:
        """Take all devices away; the server stays."""
        for line in self.pactl("list", "short", "modules").splitlines():
            number, name, *_ = line.split("\t")
            if name in ("module-remap-source", "module-null-sink"):
                # The source goes away with its sink, so that unloading it may fail.
                unload = ["pactl", "unload-module", number]
                subprocess.run(unload, env=self.env, check=False, capture_output=True)
        self._end_tapes()

    def plug_in(self) -> None:
        """Bring the devices back that `unplug` took away."""
        for wire in WIRES:
            self.pactl("load-module", *wire)
        self._connect()

    def _end_tapes(self) -> None:
        for tape in self._tapes:
            tape.terminate()
            tape.wait()
        self._recorder.join()
        assert self._tapes[0].stdout is not None
        self._tapes[0].stdout.close()

    def __exit__(self, *_: object) -> None:
        self._end_tapes()
        self._server.terminate()
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
