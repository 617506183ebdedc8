"""What the live view of `voicecli talk` costs: a talk that is made up -> share of a core.

    python scripts/view_cost.py [seconds]

The script shows 20 s, or as many as you ask for, of a talk in which the level and the words that sound change
all the time. It uses the view of `talk`, ten times a second, on a terminal that another process reads. What
counts is the CPU time of this process, less what it needs for the same without a view.
"""

from __future__ import annotations

import contextlib
import math
import os
import pty
import sys
import time
from itertools import accumulate
from typing import TYPE_CHECKING

from voicecli.events import Event, Heard, Listening, Partial, ReplyClause, Speaking, TurnDone
from voicecli.status import Status
from voicecli.view.live.live import LiveView, terminal_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.view import View

TICK_S = 0.1
WIDTHS = (40, 80, 120, 200)
QUESTION = "What can you tell me about the town that I was born in?"
CLAUSES = (
    "It lies on a river that floods in spring,",
    "so the oldest houses stand on the hill,",
    "and the market is still held there every Saturday.",
)
LATENCY_MS = {"device_in": 45.0, "pause": 70.0, "transcribe": 110.0, "playback": 60.0, "total": 285.0}
TURN_TICKS = 100
"""Ticks of a turn, 10 s: for three the user speaks, for seven the agent."""


def ticks(count: int) -> Iterator[tuple[Status, list[Event]]]:
    """The status and the events of each tick."""
    words = " ".join(CLAUSES).split()
    begins = [0, *accumulate(len(clause.split()) for clause in CLAUSES)]
    for tick in range(count):
        number, at = tick // TURN_TICKS + 1, tick % TURN_TICKS
        t = tick * TICK_S
        events: list[Event] = []
        sounded = max(0, at - 30) * len(words) // 65
        if at < 30 and at % 3 == 0:
            events.append(Partial(t, number, QUESTION[: 2 * at]))
        elif at == 30:
            events.append(Heard(t, number, QUESTION, "en", 0.9))
            events += [ReplyClause(t, number, index, text) for index, text in enumerate(CLAUSES)]
        elif at == TURN_TICKS - 1:
            events += [TurnDone(t, number, " ".join(CLAUSES), LATENCY_MS), Listening(t)]
        elif at > 30:
            before = max(0, at - 31) * len(words) // 65
            events += [
                Speaking(t, number, index, CLAUSES[index])
                for index, begin in enumerate(begins[:-1])
                if begin == sounded and (begin > before or at == 31)
            ]
        level = -45 + 20 * math.sin(tick * 1.7)
        yield (
            Status(
                state="hearing" if at < 30 else "speaking",
                level_dbfs=level,
                floor_dbfs=-62,
                microphone="Yeti Nano",
                loudspeaker="Built-in Audio",
                model="SmolLM2-135M-Instruct.Q4_1.gguf, in this process",
                hint="it answers like a toy; a better one: voicecli models pull llm-qwen3-0-6b",
                losses={},
                threshold_dbfs=-56,
                heard_so_far=" ".join(words[:sounded]) if at >= 30 else "",
                waiting={"clauses": 2 if at % 7 else 0},
                keys={"interrupt": "escape", "mute_microphone": "m", "repeat": "r", "type": "t"},
            ),
            events,
        )


def cost(seconds: float, view: View | None) -> float:
    """CPU seconds of this process for a talk of so many seconds."""
    began, cpu = time.monotonic(), time.process_time()
    for tick, (status, events) in enumerate(ticks(round(seconds / TICK_S))):
        # Keep the pace of a talk: what is measured is CPU time at so many ticks a second.
        time.sleep(max(0.0, began + tick * TICK_S - time.monotonic()))
        if view is not None:
            view.tick(status)
            for event in events:
                view.show(event)
    return time.process_time() - cpu


def main() -> None:
    """Measure each width."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    idle = cost(seconds, None)
    far, near = pty.openpty()
    if os.fork() == 0:
        os.close(near)
        with contextlib.suppress(OSError):  # the terminal is closed
            while os.read(far, 65_536):
                pass
        return
    os.environ["TERM"] = "xterm-256color"
    with os.fdopen(near, "w") as terminal:
        for width in WIDTHS:
            console = terminal_console(terminal)
            console.width, console.height = width, 40
            with LiveView(console) as view:
                spent = cost(seconds, view) - idle
            share = spent / seconds
            print(
                f"{width:4} columns: {share:.2%} of a core, {share * TICK_S * 1000:.1f} ms a frame",
                flush=True,
            )


if __name__ == "__main__":
    main()
