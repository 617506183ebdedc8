"""How long a talk takes to go on when its devices come back, and what 50 losses in one talk leave behind.

    python scripts/device_faults.py [--repeats 5] [--losses 50]

Needs PulseAudio's programs and the models; private servers (rig/room.py), 1 s between a loss and the
return, and an engine that says what it heard. Times are from the moment the server has its devices again to
the event that says so, and, where a reply was under way, to its next sound on the loudspeaker's wire (in
steps of 0.1 s).
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import signal
import statistics
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

sys.path.insert(0, str(Path(__file__).parent.parent))

from rig.made_speech import QUESTION, speak
from rig.program import Agent, talking, told
from rig.room import HEADSET, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AWAY_S = 1.0
"""How long the devices stay away after the talk has told of the loss."""
FAULTS: dict[str, tuple[Callable[[Room], None], Callable[[Room], None]]] = {
    "unloaded": (Room.unplug, Room.plug_in),
    "server killed": (Room.kill, Room.start),
}
"""How the devices go away, and how they come back."""


def back_after(agent: Agent, room: Room, fault: str) -> float:
    """Take the devices away and bring them back; give the seconds from then until the talk goes on."""
    goes, returns = FAULTS[fault]
    goes(room)
    told(agent, "stopped")
    time.sleep(AWAY_S)  # the interval that is asked for
    returns(room)
    began = time.monotonic()
    told(agent, "goes on")
    return time.monotonic() - began


def sound_after(room: Room, begin: int, began: float) -> float:
    """Seconds from `began` until the tape has a sound after sample `begin`."""
    sounded = room.sounded(begin, began + 10 - time.monotonic())
    return time.monotonic() - began if sounded else float("inf")


def whole_turn(agent: Agent, room: Room) -> bool:
    """Ask a question; say whether the answer sounds whole."""
    room.say(speak(QUESTION))
    question = agent.until("transcript")["text"]
    return intact(agent, question)


def intact(agent: Agent, question: object) -> bool:
    """Wait for the end of the turn; say whether the answer to `question` sounded whole."""
    return agent.until("turn_done")["heard"] == f"You said: {question}"


def listening(agent: Agent, room: Room, fault: str) -> tuple[float, float | None, bool]:
    """The devices go while nobody speaks. Gives what all three moments give.

    That is: seconds until the talk goes on, seconds until it sounds again (None where no reply was under
    way), and whether the turn was whole.
    """
    return back_after(agent, room, fault), None, whole_turn(agent, room)


def speaking(agent: Agent, room: Room, fault: str) -> tuple[float, float | None, bool]:
    """The devices go in the middle of a reply, which goes on when they are back."""
    room.say(speak(QUESTION))
    question = agent.until("transcript")["text"]
    agent.until("speaking")
    goes, returns = FAULTS[fault]
    goes(room)
    told(agent, "stopped")
    time.sleep(AWAY_S)  # the interval that is asked for
    begin = room.position()
    returns(room)
    began = time.monotonic()
    told(agent, "goes on")
    went_on_s = time.monotonic() - began
    sounded_s = sound_after(room, begin, began)
    return went_on_s, sounded_s, intact(agent, question)


def between(agent: Agent, room: Room, fault: str) -> tuple[float, float | None, bool]:
    """The devices go after the question and before the answer."""
    room.say(speak(QUESTION))
    went_on_s = back_after(agent, room, fault)
    agent.until("turn_done")
    questions = [event["text"] for event in agent.seen if event["event"] == "transcript"]
    return went_on_s, None, agent.seen[-1]["heard"] == f"You said: {questions[-1]}"


def row(name: str, seconds: list[float], sounds: list[float], intact: int) -> None:
    """Print a row: the median and the worst of both times, and how many turns were whole."""
    line = f"{name:28} {statistics.median(seconds):6.2f} {max(seconds):6.2f}"
    line += f" {statistics.median(sounds):6.2f} {max(sounds):6.2f}" if sounds else " " * 14
    print(f"{line}  {intact} of {len(seconds)}", flush=True)


def faults(repeats: int) -> None:
    """Try each fault at each moment, in a talk of its own."""
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


class Repeating(BaseHTTPRequestHandler):
    """A model server that repeats what it is told, and keeps the messages of the last request."""

    sent: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        """Answer with a chat completion, in one piece."""
        Repeating.sent = json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"]
        words = {"content": f"You said: {self.sent[-1]['content']}"}
        chunk = {"choices": [{"delta": words, "finish_reason": "stop"}]}
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        with suppress(ConnectionError):  # the talk has dropped the draft, and with it the request
            self.wfile.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def repeating() -> Iterator[tuple[str, ...]]:
    """Run the server; give the flags that make a talk use it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Repeating) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield (
            "--engine",
            "openai",
            "--model",
            "any",
            "--base-url",
            f"http://127.0.0.1:{server.server_port}/v1",
        )
        server.shutdown()


ROUND = (
    *(("listening", "unloaded"), ("just back", "server killed"), ("speaking", "unloaded")),
    *(("just back", "server killed"), ("before the answer", "unloaded"), ("listening", "server killed")),
    *(("just back", "unloaded"), ("speaking", "server killed"), ("just back", "server killed")),
    ("before the answer", "server killed"),
)
"""When the devices go, and how, ten times. "Just back" is 0.05-0.5 s after the talk went on."""


class RepeatedLosses:
    """One talk that loses its devices again and again."""

    def __init__(self, room: Room, agent: Agent) -> None:
        self.room, self.agent = room, agent
        self.asked = 0
        self.seconds: list[tuple[str, float]] = []
        self._chance = random.Random(0)  # noqa: S311  # the same ones in each run

    def all_of(self, name: str, field: str) -> dict[object, str]:
        """One field of all events of that name until now: turn -> value."""
        return {event["turn"]: str(event[field]) for event in self.agent.seen if event["event"] == name}

    def turns(self) -> list[tuple[str, str]]:
        """For each turn until now: what the talk understood, and what of the answer was heard."""
        heard = self.all_of("turn_done", "heard")
        return [(text, heard.get(turn, "")) for turn, text in self.all_of("transcript", "text").items()]

    def ask(self) -> None:
        """Say a question."""
        self.asked += 1
        self.room.say(speak(QUESTION))

    def finish(self) -> None:
        """Wait until everything that was asked is answered."""
        while len(self.all_of("turn_done", "heard")) < self.asked:
            self.agent.until("turn_done")

    def lose(self, moment: str, fault: str) -> None:
        """Lose the devices once, at this moment, and bring them back."""
        if moment == "just back":
            time.sleep(self._chance.uniform(0.05, 0.5))  # see `ROUND`
        else:
            self.finish()
        if moment in ("speaking", "before the answer"):
            self.ask()
        if moment == "speaking":
            self.agent.until("speaking")
        self.seconds.append((f"{moment}, {fault}", back_after(self.agent, self.room, fault)))

    def kept(self) -> tuple[int, int]:
        """Ask once more; count the earlier turns that the talk sends word for word, and all earlier turns."""
        turns = self.turns()
        self.ask()
        self.finish()
        past = [message["content"] for message in Repeating.sent if message["role"] != "system"][:-1]
        sent = list(zip(past[::2], past[1::2], strict=True))
        return sum(a == b for a, b in zip(turns, sent, strict=False)), len(turns)


def losses(count: int) -> None:
    """Lose the devices `count` times in one talk; print the times, and what is left behind."""
    with Room() as room, repeating() as engine:
        env = room.env | {"VOICECLI_CONVERSATION__HISTORY_TOKENS": "100000"}
        with talking(*engine, env=env, network=True) as agent:
            agent.until("listening")
            talk = RepeatedLosses(room, agent)
            talk.ask()
            talk.finish()
            before = left_behind(agent.process.pid)
            for moment, fault in itertools.islice(itertools.cycle(ROUND), count):
                talk.lose(moment, fault)
            talk.finish()
            kept, turns = talk.kept()
            after = left_behind(agent.process.pid)
            agent.process.send_signal(signal.SIGINT)
            code = agent.wait()
    print(f"\n{count} losses in one talk, s until it goes on: median, worst, within 3 s of the return")
    for name in ("", *sorted(set(dict(talk.seconds)))):
        found = [seconds for what, seconds in talk.seconds if name in ("", what)]
        within = sum(seconds <= 3.0 for seconds in found)
        print(
            f"{name or 'all':32} {statistics.median(found):5.2f} {max(found):5.2f}  {within} of {len(found)}"
        )
    for what, (threads, fds, kilobytes) in (("before", before), ("after", after)):
        print(f"{what:7} {threads} threads, {fds} file descriptors, {kilobytes / 1024:.1f} MB")
    print(f"turns before that the model is sent: {kept} of {turns}; exit code after Ctrl-C: {code}")
    for question, answer in talk.turns():
        if answer != f"You said: {question}":
            print("not whole:", question, "->", answer)


def main() -> None:
    """Measure the faults, then the losses."""
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
