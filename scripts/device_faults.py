"""How long a talk takes to go on when its devices come back, and what 50 losses leave behind.

    python scripts/device_faults.py [--repeats 5] [--losses 50]

Needs PulseAudio's programs and the models; private servers (tests/room.py), echo engine, and 1 s between
a loss and the return. Times are from the moment the server has its devices again to the event that says so,
and, where a reply was under way, to its next sound on the loudspeaker's wire (in steps of 0.1 s).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.program import Agent, talking
from tests.room import Room
from tests.speech import speak
from tests.test_devices_room import HEADSET, QUESTION, told

if TYPE_CHECKING:
    from collections.abc import Callable

AWAY_S = 1.0
FAULTS: dict[str, tuple[Callable[[Room], None], Callable[[Room], None]]] = {
    "unloaded": (Room.unplug, Room.plug_in),
    "server killed": (Room.kill, Room.start),
}


def back_after(agent: Agent, room: Room, fault: str) -> float:
    """Lose the devices and bring them back; seconds until the talk goes on."""
    goes, returns = FAULTS[fault]
    goes(room)
    told(agent, "stopped")
    time.sleep(AWAY_S)
    returns(room)
    began = time.monotonic()
    told(agent, "goes on")
    return time.monotonic() - began


def sound_after(room: Room, begin: int, began: float) -> float:
    """Seconds from `began` until something sounds that was recorded after sample `begin`."""
    while time.monotonic() < began + 10:
        if np.abs(room.recorded(begin)).max(initial=0) > 0.01:
            return time.monotonic() - began
        time.sleep(0.02)
    return float("inf")


def whole_turn(agent: Agent, room: Room) -> bool:
    """Ask; whether the answer is all of what was heard."""
    room.say(speak(QUESTION))
    question = agent.until("transcript")["text"]
    return intact(agent, question)


def intact(agent: Agent, question: object) -> bool:
    """Whether all of the answer is heard."""
    heard = agent.until("turn_done")["heard"]
    if heard != f"You said: {question}":
        print("heard:", question, "answered:", heard, [event["event"] for event in agent.seen[-12:]])
        return False
    return True


def listening(agent: Agent, room: Room, fault: str) -> tuple[float, float | None, bool]:
    """The devices go while nobody speaks."""
    return back_after(agent, room, fault), None, whole_turn(agent, room)


def speaking(agent: Agent, room: Room, fault: str) -> tuple[float, float | None, bool]:
    """They go in the middle of a reply, which goes on."""
    room.say(speak(QUESTION))
    question = agent.until("transcript")["text"]
    agent.until("speaking")
    goes, returns = FAULTS[fault]
    goes(room)
    told(agent, "stopped")
    time.sleep(AWAY_S)
    begin = room.position()
    returns(room)
    began = time.monotonic()
    told(agent, "goes on")
    went_on_s = time.monotonic() - began
    sounded_s = sound_after(room, begin, began)
    return went_on_s, sounded_s, intact(agent, question)


def between(agent: Agent, room: Room, fault: str) -> tuple[float, float | None, bool]:
    """They go after the question and before the answer."""
    room.say(speak(QUESTION))
    went_on_s = back_after(agent, room, fault)
    agent.until("turn_done")
    questions = [event["text"] for event in agent.seen if event["event"] == "transcript"]
    return went_on_s, None, agent.seen[-1]["heard"] == f"You said: {questions[-1]}"


def row(name: str, seconds: list[float], sounds: list[float], intact: int) -> None:
    """Print the median and the worst."""
    line = f"{name:28} {statistics.median(seconds):6.2f} {max(seconds):6.2f}"
    line += f" {statistics.median(sounds):6.2f} {max(sounds):6.2f}" if sounds else " " * 14
    print(f"{line}  {intact} of {len(seconds)}", flush=True)


def faults(repeats: int) -> None:
    """Each fault at each moment, in one talk each."""
    print(f"{'s until':28} {'goes on':>13} {'it sounds':>13}  turn whole")
    print(f"{'':28} {'median':>6} {'worst':>6} {'median':>6} {'worst':>6}")
    for moment in (listening, speaking, between):
        for fault in FAULTS:
            with Room() as room, talking("--engine", "echo", env=room.env) as agent:
                agent.until("listening")
                found = [moment(agent, room, fault) for _ in range(repeats)]
            sounds = [sound for _, sound, _ in found if sound is not None]
            row(f"{moment.__name__}, {fault}", [s for s, _, _ in found], sounds, sum(ok for *_, ok in found))
    with Room() as room, Room() as headset:
        (room.folder / "home" / ".asoundrc").write_text(HEADSET.format(folder=headset.folder))
        wanted = ("--input-device", "headset", "--output-device", "headset")
        with talking("--engine", "echo", *wanted, env=room.env) as agent:
            agent.until("listening")
            away, back, whole = [], [], 0
            for _ in range(repeats):
                headset.kill()
                began = time.monotonic()
                told(agent, "in place of")
                away.append(time.monotonic() - began)
                whole += whole_turn(agent, room)
                headset.start()
                began = time.monotonic()
                told(agent, "goes on with microphone 'headset' and loudspeaker 'headset'")
                back.append(time.monotonic() - began)
            row("named gone, on default", away, [], whole)
            row("named back", back, [], sum(whole_turn(agent, headset) for _ in back))


def left_behind(pid: int) -> tuple[int, int, int]:
    """Threads, file descriptors and resident kB of a process."""
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return int(status["Threads"]), len(list((process / "fd").iterdir())), int(status["VmRSS"].split()[0])


def losses(count: int) -> None:
    """Lose the devices again and again in one talk."""
    with Room() as room, talking("--engine", "echo", env=room.env) as agent:
        agent.until("listening")
        whole_turn(agent, room)
        print(f"\n{'losses':>6} {'threads':>8} {'fds':>5} {'MB':>6}")
        seconds = []
        for done in range(count + 1):
            if done % 10 == 0 or done == 1:
                threads, fds, kilobytes = left_behind(agent.process.pid)
                print(f"{done:6} {threads:8} {fds:5} {kilobytes / 1024:6.1f}", flush=True)
            seconds.append(back_after(agent, room, list(FAULTS)[done % 2]))
        row("goes on", seconds, [], len(seconds))
        print("a turn after them:", "whole" if whole_turn(agent, room) else "not whole")


def main() -> None:
    """Both."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--losses", type=int, default=50)
    chosen = options.parse_args()
    if chosen.repeats:
        faults(chosen.repeats)
    if chosen.losses:
        losses(chosen.losses)


if __name__ == "__main__":
    main()
