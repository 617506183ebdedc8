"""Writes docs/backpressure.md: every place where sound, text or events wait, as the code declares it.

    python -m scripts.backpressure

`tests/test_flow.py` compares the page with what this makes.
"""

from __future__ import annotations

from pathlib import Path

from voicecli.config import Config
from voicecli.satellite import DECLARED
from voicecli.serve.wyoming.wyoming_services import WYOMING_SOUND
from voicecli.talk.report import declared
from voicecli.waiting.buffers import POLICIES, Buffer

PAGE = Path(__file__).parent.parent / "docs" / "backpressure.md"

HEAD = """\
# Backpressure: where sound, text and events wait

Where one part is faster than the next, something has to wait, and must not wait without bound. This page
lists every place where it does, in the order in which sound passes: from the microphone to the loudspeaker,
then what views are told, then what other programs send. It is made of the declarations in the code
(`python -m scripts.backpressure`);
`voicecli bench` shows how full each place is ([how to read that](latency.md#how-to-read-the-buffer-audit)).
Capacities are those of the default settings. Reasons: [decisions/0032](decisions/0032-where-things-wait.md).

| policy | what happens when the place is full |
|---|---|
"""

BETWEEN = """
Nothing is lost silently: where a policy loses, a counter says how much, and the audit shows it. Windows over
what has passed (levels, errors of the echo's alignment, the last frames before speech) are not listed:
nobody waits for what is in them, and each has a fixed size.

| place | holds | when full | why |
|---|---|---|---|
"""

ELSEWHERE = """\

## With `talk --server`

A talk whose engines are elsewhere ([satellite.md](satellite.md)) has, of these, those between the microphone
and the canceller, the jitter buffer, the loudspeaker and the events. On the way to and from the server:

| place | holds | when full | why |
|---|---|---|---|
"""


def page() -> str:
    """The whole document."""
    policies = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in POLICIES.items())
    here, there = (*declared(Config()), WYOMING_SOUND), DECLARED
    return HEAD + policies + BETWEEN + "".join(map(_row, here)) + ELSEWHERE + "".join(map(_row, there))


def _row(place: Buffer) -> str:
    setting = f" (`{place.setting}`)" if place.setting else ""
    return (
        f"| {place.name} | {place.capacity:,.0f} {place.unit}{setting} | `{place.policy}` | {place.why} |\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
