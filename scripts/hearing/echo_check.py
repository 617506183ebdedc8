"""How well the echo canceller does, offline: a room made of samples, real voices, two clocks -> a table.

What the agent says (Piper, flite) goes into the reference in blocks, as a loudspeaker would ask for them,
with times that jitter by 2 ms; the microphone hears it later and fainter, through a room, on a clock that
runs fast or slow; then a person (recordings, or flite) speaks over it. The same samples each time it runs.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from rig.echo_room import BEGAN_AT, EchoPath, EchoRoom, joined, power_db
from rig.made_speech import speak
from rig.speech_clips import RECORDINGS, SENTENCES
from voicecli.audio.frames import frames_of
from voicecli.audio.level import frame_levels_dbfs
from voicecli.audio.recordings.recording import decode
from voicecli.config import AudioConfig
from voicecli.listen.echo.canceller import EchoCanceller
from voicecli.listen.gate.detect import Silero
from voicecli.messages import FRAME_SAMPLES, RATE_HZ
from voicecli.models.store import models_root

if TYPE_CHECKING:
    from voicecli.listen.detector import Detector
    from voicecli.messages import Float32

ONSET_S = 1.0
"""When the agent begins to speak."""
AGENT_S = 28.0
"""How long the agent speaks."""
OVER_S = 16.0
"""When the person begins to speak over the agent; they do so to the end."""
PERSON_DBFS = -25.0
"""The person's level in the microphone, as at half a metre."""
PAUSE_S = 0.3
FRAME = RATE_HZ // 100
SPEECH_DB = 20.0
"""The person's frames within this of their loudest one are speech."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came out of one case."""

    path: EchoPath
    removed_db: tuple[float, float, float]
    """How much echo was removed in the second that begins 1, 3 and 10 s after the agent's onset."""
    kept_db: float
    """The person's level after the canceller against that before it, while they speak over the agent."""
    speech_before: float
    speech_after: float
    """Share of frames called speech while only the agent speaks, before and after the canceller."""
    cost_us: tuple[float, float]
    """Processing time for 10 ms of sound, median and worst, while the agent speaks."""
    converged_s: float
    """When the canceller had converged, after the agent's onset."""


def spoken(clips: list[Float32], seconds: float) -> Float32:
    """Clips one after another, with pauses, repeated to this length: (n,) float32."""
    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.float32)
    line: Float32 = np.concatenate([part for clip in clips for part in (clip, pause)])
    return np.resize(line, round(seconds * RATE_HZ))


def read(path: Path) -> Float32:
    """Read a recording: (n,) float32 at 16 kHz."""
    return np.concatenate(list(decode(path, RATE_HZ)))


def flite(voice: str, text: str) -> Float32:
    """Let flite, a Debian package, say it, as a second voice: (n,) float32 at 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = ["flite", "-voice", voice, "-t", text, "-o", str(path)]
        subprocess.run(command, check=True)
        return read(path)


def voices(recordings: Path) -> tuple[Float32, Float32]:
    """What the agent says, and what the person says, (n,) float32 at 16 kHz from time 0."""
    agent = [clip for text in SENTENCES[3:9] for clip in (speak(text), flite("slt", text))]
    people = [read(path) for path in sorted(recordings.glob("LJ*.wav"))]
    if not people:
        print(f"no recordings in {recordings}: flite speaks for the person", file=sys.stderr)
        people = [flite("rms", text) for text in SENTENCES[9:]]
    far = np.concatenate((np.zeros(round(ONSET_S * RATE_HZ), np.float32), spoken(agent, AGENT_S)))
    near = spoken(people, ONSET_S + AGENT_S - OVER_S)
    near *= 10 ** ((PERSON_DBFS - power_db(near)) / 20)
    return far, np.concatenate((np.zeros(round(OVER_S * RATE_HZ), np.float32), near)).astype(np.float32)


def share(detector: Detector, samples: Float32) -> float:
    """The share of frames, from the agent's onset on, that the detector calls speech."""
    probabilities = [detector.score(frame).probability for frame in frames_of(samples, BEGAN_AT)]
    return float(np.mean(np.array(probabilities[round(ONSET_S * RATE_HZ / FRAME_SAMPLES) :]) >= 0.5))


def measure(path: EchoPath, far: Float32, near: Float32, detector: Detector) -> Row:
    """Measure one case: the agent alone, then with the person speaking over it."""
    room = EchoRoom(far, path)
    canceller = EchoCanceller(room.reference, AudioConfig())
    heard, costs, converged_s = [], [], float("inf")
    for number, moment in enumerate(room.run(canceller)):
        heard.append(moment)
        at = (number + 1) * moment.microphone.size / RATE_HZ - ONSET_S
        if at > 0:
            costs.append(moment.cost_s * 1e6 * FRAME / moment.microphone.size)
        if canceller.state.converged:
            converged_s = min(converged_s, at)
    microphone, cleaned = joined(heard)
    first, second, third = (
        power_db(microphone, begin, begin + 1.0) - power_db(cleaned, begin, begin + 1.0)
        for begin in (ONSET_S + 1.0, ONSET_S + 3.0, ONSET_S + 10.0)
    )
    over = EchoRoom(far, path, near)
    _, both = joined(list(over.run(EchoCanceller(over.reference, AudioConfig()))))
    alone, both = (sound[round(OVER_S * RATE_HZ) : both.size] for sound in (over.near, both))
    levels = frame_levels_dbfs(alone, FRAME)
    speech = np.repeat(levels > levels.max() - SPEECH_DB, FRAME)
    return Row(
        path,
        (first, second, third),
        power_db(both[: speech.size][speech]) - power_db(alone[: speech.size][speech]),
        share(detector, microphone),
        share(detector, cleaned),
        (float(np.median(costs)), max(costs)),
        converged_s,
    )


def main() -> int:
    """Print a row for each case as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", type=float, nargs="+", default=[-20.0, -15.0, -6.0], metavar="DB")
    parser.add_argument("--delays", type=float, nargs="+", default=[40.0, 120.0, 250.0], metavar="MS")
    parser.add_argument("--drifts", type=float, nargs="+", default=[0.0, 200.0, -200.0], metavar="PPM")
    parser.add_argument("--recordings", type=Path, default=RECORDINGS, metavar="FOLDER")
    args = parser.parse_args()
    far, near = voices(args.recordings)
    detector = Silero(models_root() / "vad-silero" / "silero_vad_16k_op15.onnx").session()
    print("| echo dB | delay ms | drift ppm | removed dB after 1, 3, 10 s | person kept dB | called speech % "
          "| converged s | us per 10 ms: median, worst |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for level, delay, drift in itertools.product(args.levels, args.delays, args.drifts):
        row = measure(EchoPath(delay / 1000, level, drift), far, near, detector)
        removed = ", ".join(f"{db:.0f}" for db in row.removed_db)
        print(
            f"| {level:.0f} | {delay:.0f} | {drift:+.0f} | {removed} | {row.kept_db:+.1f} "
            f"| {row.speech_before:.0%} -> {row.speech_after:.1%} | {row.converged_s:.1f} "
            f"| {row.cost_us[0]:.0f}, {row.cost_us[1]:.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
