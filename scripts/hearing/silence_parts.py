"""Where the time goes between a sound and the agent's silence: a talk that notes its times -> a table.

    .venv/bin/python scripts/hearing/silence_parts.py OUT.json talk --json ...   as voicecli itself
    .venv/bin/python scripts/hearing/silence_parts.py --table OUT.json

It wraps what the audio threads and the ear call, and writes what it noted when the talk ends. The talk itself
knows nothing of it.
"""

from __future__ import annotations

import atexit
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from voicecli.floor.orders import Playout
from voicecli.listen.capture import Capture
from voicecli.speak.jitter import JitterBuffer
from voicecli.talk.crew import Crew
from voicecli.talk.ear import Ear

if TYPE_CHECKING:
    from voicecli.floor.orders import Order
    from voicecli.messages import Int16, Pcm16Chunk

NOTED: dict[str, list[list[float]]] = {"in": [], "read": [], "step": [], "hold": [], "out": []}


def note() -> None:
    """Wrap what is called on the way."""
    on_block, read, step = Capture.on_block, Capture.read, Ear.step
    pull, hand_out = JitterBuffer.pull, Crew._hand_out  # noqa: SLF001  # an order is carried out there

    def noting_block(self: Capture, samples: Int16, captured_at: float, overflowed: bool) -> None:  # noqa: FBT001
        now = time.monotonic()
        NOTED["in"].append([now, now - captured_at - len(samples) / 48000])
        on_block(self, samples, captured_at, overflowed)

    def noting_read(self: Capture) -> Pcm16Chunk | None:
        chunk = read(self)
        if chunk is not None:
            NOTED["read"].append([time.monotonic(), len(chunk.samples) / chunk.rate_hz])
        return chunk

    def noting_step(self: Ear) -> bool:
        began = time.monotonic()
        heard = step(self)
        if heard:
            NOTED["step"].append([began, time.monotonic() - began])
        return heard

    def noting_pull(self: JitterBuffer, block: Int16, at: float, device_ran_dry: bool) -> None:  # noqa: FBT001
        now = time.monotonic()
        pull(self, block, at, device_ran_dry)
        NOTED["out"].append([now, at - now, float(self.on_hold), len(block) / self.rate_hz])

    def noting_order(self: Crew, order: Order) -> None:
        if isinstance(order, Playout) and order.mode == "hold":
            NOTED["hold"].append([time.monotonic()])
        hand_out(self, order)

    Capture.on_block, Capture.read, Ear.step = noting_block, noting_read, noting_step  # type: ignore[method-assign]
    JitterBuffer.pull, Crew._hand_out = noting_pull, noting_order  # type: ignore[method-assign]  # noqa: SLF001


def table(path: Path) -> None:
    """Print number, median, 95th percentile and worst of each part, ms."""
    noted = {name: np.array(rows) for name, rows in json.loads(path.read_text()).items()}
    blocks, reads, steps, out = noted["in"], noted["read"], noted["step"], noted["out"]
    after = np.searchsorted(reads[:, 0], blocks[:, 0])
    known = after < len(reads)
    holds = noted["hold"][:, 0] if noted["hold"].size else np.zeros(0)
    pulled = np.searchsorted(out[:, 0], holds)
    holds, pulled = holds[pulled < len(out)], pulled[pulled < len(out)]
    parts = {
        "end of a block in the air -> callback": blocks[:, 1],
        "callback -> read by the ear": reads[after[known], 0] - blocks[known, 0],
        "read -> all decided (one step of the ear)": steps[:, 1],
        "hold ordered -> block asked for": out[pulled, 0] - holds,
        "block asked for -> in the air": out[:, 1],
    }
    for name, seconds in parts.items():
        if seconds.size:
            low, high, worst = (1000 * np.percentile(seconds, [50, 95, 100])).round(1)
            print(f"{name:45} {seconds.size:6} {low:7.1f} {high:7.1f} {worst:7.1f}")


def main() -> int:
    """Run the talk, or print the table."""
    if sys.argv[1] == "--table":
        table(Path(sys.argv[2]))
        return 0
    out = Path(sys.argv[1])
    note()
    atexit.register(lambda: out.write_text(json.dumps(NOTED)))
    sys.argv = ["voicecli", *sys.argv[2:]]
    from voicecli.__main__ import main as voicecli

    voicecli()
    return 0


if __name__ == "__main__":
    sys.exit(main())
