"""What stops the agent, and how soon, on wires: words, noises and recorded people over a talk.

Two virtual wires, an echo between them, `voicecli talk --json` as it is set but for an empty memory. The
agent is asked for something long; 0.7 s into its answer something sounds over it. Told for each kind: how
often the agent went on with its answer, and the time from the sound's first 10 ms above -42 dBFS to the first
10 ms of 300 ms in which the loudspeaker's wire is below -50 dBFS. Only tries count in which the agent sounded
in the 100 ms before. The folder RIG has a `room.py` with a tape of each wire.

    .venv/bin/python -m scripts.hearing.over_the_agent RIG WHAT [--echo -15] [--tries 24] [--people FILE...]

WHAT: openings, one-word, repeats, not-words, people.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.noises import AGREEMENT, LAUGH, NOISES, ONE_WORD, OPENINGS, REPEATS, noises, peaked, spoken, voices
from rig.speech_clips import speak_with
from voicecli.audio.recordings.recording import decode
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32

QUESTIONS = (
    "Please tell me a long story about a ship on the sea.",
    "Please explain to me at length how a bicycle works.",
    "Please tell me a lot about the history of the city of Rome.",
    "Please describe in many sentences how bread is made.",
)
AFTER_S = 0.7
"""From the agent's first sound to what sounds over it."""
LOUD_DBFS = -50.0
ONSET_DBFS = -42.0
SILENT_STEPS = 30
"""10 ms each: the agent is silent when so many in a row are."""
SETTLED_S = 3.5
"""After so long the agent has decided what a sound was."""


def levels_dbfs(samples: Float32) -> Float32:
    """Of each 10 ms: (n,) float32."""
    steps = samples[: samples.size // 160 * 160].reshape(-1, 160)
    dbfs: Float32 = (10 * np.log10(np.mean(np.square(steps), axis=1) + 1e-12)).astype(np.float32)
    return dbfs


class Wires:
    """The room, the agent in it, and the agent's events."""

    def __init__(self, room: Any, log: Path) -> None:
        self.room = room
        self.events: list[tuple[float, dict[str, Any]]] = []
        self._log = log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "voicecli", "talk", "--json"],
            env={**room.env, "VOICECLI_CONVERSATION__HISTORY_TOKENS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append((time.monotonic(), json.loads(line)))
            self._log.write(f"{time.monotonic():.3f} {line}")
            self._log.flush()

    def told(self, name: str, since: float) -> list[dict[str, Any]]:
        """The events of this name that came after `since`."""
        return [event for at, event in self.events if at > since and event["event"] == name]

    def said_whole(self, since: float) -> bool:
        """Whether a turn that ended after `since` was heard to the end of what was written for it."""
        for done in self.told("turn_done", since):
            replies = (event for event in self.told("reply", 0.0) if event["turn"] == done["turn"])
            written = "".join(event["text"] for event in replies)
            if "".join(written.split()) == "".join(done["heard"].split()):
                return True
        return False

    def sound(self, tape: Any, begin_s: float, end_s: float = np.inf) -> Float32:
        """What a tape has between two times of the monotonic clock, (n,) float32 at 16 kHz."""
        begin = max(0, tape.at(begin_s))
        with tape.lock:
            count, parts = tape.count, []
            at = count
            for block in reversed(tape.blocks):
                if at <= begin:
                    break
                parts.append(block)
                at -= len(block) // 2
        samples = np.frombuffer(b"".join(reversed(parts)), "<i2").astype(np.float32) / 32768
        samples = samples[max(0, begin - at) :]
        return samples if end_s == np.inf else samples[: round((end_s - begin_s) * RATE_HZ)]

    def first_sound(self, since: float, timeout_s: float) -> float | None:
        """When the agent first sounds after `since`; None: not in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            loud = np.flatnonzero(levels_dbfs(self.sound(self.room.spk, since)) > LOUD_DBFS)
            if loud.size:
                return since + float(loud[0]) / 100
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.03)  # the wire's tape wakes nobody

    def sounds_now(self, over_s: float = 0.6) -> bool:
        """Whether the agent has sounded lately."""
        now = time.monotonic()
        return bool((levels_dbfs(self.sound(self.room.spk, now - over_s)) > LOUD_DBFS).any())

    def close(self) -> None:
        """End the talk."""
        self.process.terminate()
        self.process.wait(timeout=20)
        self._log.close()


def onset_s(samples: Float32) -> float:
    """When the first 10 ms above -42 dBFS begin."""
    return float(np.flatnonzero(levels_dbfs(samples) > ONSET_DBFS)[0]) / 100


def until_silent_ms(wires: Wires, onset: float) -> int | None:
    """From `onset` to the agent's silence; None: it did not fall silent in 3 s."""
    silent = 0
    for step, dbfs in enumerate(levels_dbfs(wires.sound(wires.room.spk, onset, onset + 3.0))):
        silent = 0 if dbfs > LOUD_DBFS else silent + 1
        if silent == SILENT_STEPS:
            return (step - SILENT_STEPS + 1) * 10
    return None


def people(paths: list[str]) -> Iterator[tuple[str, Float32]]:
    """Two pieces of 2.5 s of each recording, each from where speech begins after a pause."""
    for path in paths:
        samples = np.concatenate(list(decode(Path(path), RATE_HZ)))
        loud = levels_dbfs(samples) > -38.0
        begins = [
            step for step in range(loud.size) if loud[step] and not loud[max(0, step - 25) : step].any()
        ]
        for step in begins[:3:2]:
            yield f"{Path(path).stem} {step / 100:.1f}", peaked(samples[step * 160 : step * 160 + 40_000])


def sounds(what: str, tries: int, paths: list[str]) -> list[tuple[str, Float32]]:
    """What sounds over the agent, `tries` of it, in an order by chance."""
    texts = {"openings": OPENINGS, "one-word": ONE_WORD, "repeats": REPEATS}
    match what:
        case "people":
            every = list(people(paths))
        case "not-words":
            every = [
                (f"{text} {voice}", spoken(text, voice)) for text in (*AGREEMENT, LAUGH) for voice in voices()
            ]
            every += list(noises(-(-(tries - len(every)) // len(NOISES))))
        case _:
            every = [(f"{text} {voice}", spoken(text, voice)) for text in texts[what] for voice in voices()]
    chance = np.random.default_rng(7)
    chosen = (every * -(-tries // len(every)))[:tries]
    return [chosen[number] for number in chance.permutation(len(chosen))]


def attempts(wires: Wires, over: list[tuple[str, Float32]]) -> Iterator[dict[str, Any]]:
    """Let each sound over the agent, and say what came of it."""
    for number, (name, samples) in enumerate(over):
        while wires.sounds_now(1.5):
            time.sleep(0.1)  # silence tells nobody that it has come
        question = speak_with("flite", "awb", QUESTIONS[number % len(QUESTIONS)])
        said = wires.room.say(peaked(question)) + question.size / RATE_HZ
        answered_at = wires.first_sound(said - 0.1, 8.0)
        if answered_at is None:
            yield {"sound": name, "failed": "no answer to talk over"}
            continue
        time.sleep(max(0.0, answered_at + AFTER_S - time.monotonic()))  # the interval that is asked for
        began = wires.room.say(samples)
        onset = began + onset_s(samples)
        time.sleep(max(0.0, onset + SETTLED_S - time.monotonic()))  # in which nothing may be told
        before = levels_dbfs(wires.sound(wires.room.spk, onset - 0.1, onset))
        silent_ms = until_silent_ms(wires, onset)
        interrupted = bool(wires.told("interrupted", began))
        row = {"sound": name, "sounded": bool((before > LOUD_DBFS).any()), "interrupted": interrupted}
        heard = [event["text"] for event in wires.told("transcript", began)]
        again = silent_ms is None or wires.first_sound(onset + silent_ms / 1000 + 0.3, 0.0) is not None
        goes_on = not interrupted and not heard and (again or wires.said_whole(began))
        yield {
            **row,
            "silent_ms": silent_ms,
            "goes_on": goes_on,
            "overheard": [event.get("text") for event in wires.told("overheard", began)],
            "heard": heard,
        }


def main() -> int:
    """Print a row for each try, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rig", type=Path)
    parser.add_argument("what", choices=("openings", "one-word", "repeats", "not-words", "people"))
    parser.add_argument("--echo", type=float, default=None, help="dB; without it there is none")
    parser.add_argument("--tries", type=int, default=24)
    parser.add_argument("--people", nargs="*", default=[])
    parser.add_argument("--log", type=Path, default=Path("over_the_agent.log"))
    args = parser.parse_args()
    sys.path.insert(0, str(args.rig))
    from room import Room  # type: ignore[import-not-found]  # it lies outside the project, in RIG

    over = sounds(args.what, args.tries, args.people)
    room = Room()
    if args.echo is not None:
        room.echo(10 ** (args.echo / 20))
    wires = Wires(room, args.log)
    rows = []
    try:
        deadline = time.monotonic() + 90
        while not wires.told("listening", 0.0) and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1.0)
        for row in attempts(wires, over):
            rows.append(row)
            print(json.dumps(row), flush=True)
    finally:
        wires.close()
        room.close()
    # A turn without an interruption: the answer ended by itself, just as the sound began.
    counted = [row for row in rows if row.get("sounded") and (row["interrupted"] or not row["heard"])]
    times = [row["silent_ms"] for row in counted if row["silent_ms"] is not None]
    kept = sum(row["goes_on"] for row in counted)
    line = (
        f"{args.what}, echo {args.echo}: {len(counted)} of {len(rows)} count, the agent went on after {kept}"
    )
    if times:
        line += f"; silent n {len(times)}, median {np.median(times):.0f} ms, worst {max(times)} ms"
    print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
