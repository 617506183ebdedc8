"""The numbers in docs/scaling.md and docs/scaling/haproxy.cfg are those of the code."""

from __future__ import annotations

import inspect
import math
import re
from pathlib import Path

import pytest

from voicecli.bench.crowd import call_exchanges, callers, capacity
from voicecli.bench.crowd.caller import FRAME_S, Manner
from voicecli.cli.serve import serve as serve_command
from voicecli.serve import server
from voicecli.serve.client import remote
from voicecli.serve.processes import loads, peeking

FOLDER = Path(__file__).parent.parent / "docs"
TEXT = " ".join((FOLDER / "scaling.md").read_text("utf-8").split())
PROXY = (FOLDER / "scaling" / "haproxy.cfg").read_text("utf-8")
MANNER = Manner()


@pytest.mark.parametrize(
    "said",
    [
        f"frames of {FRAME_S * 1000:.0f} ms",
        f"begins within {MANNER.thinks_s[1]:.0f} s,",
        f"thinks for {MANNER.thinks_s[0]:.0f} to {MANNER.thinks_s[1]:.0f} s",
        f"interrupts {MANNER.interrupts:.0%} of".replace("%", " %"),
        f"{MANNER.interrupts_after_s[0]} to {MANNER.interrupts_after_s[1]} s after their first sound",
        f"silences of more than {call_exchanges.GAP_S * 1000:.0f} ms",
        f"sends {remote.LEAD_S * 1000:.0f} ms ahead",
        f"{callers.PROBES} more callers try to get in, one every {callers.PROBE_EVERY_S:.0f} s",
        f"95 of 100 answers come within {capacity.MOST_WAIT_MS / 1000:.0f} s",
        f"at least {capacity.LOOKS_KEPT:.0%} as often".replace("%", " %"),
        f"at most {loads.MOST_STARTS} times in {loads.STARTS_S / 60:.0f} minutes",
        f"for more than {server.ServerLimits().per_address} at once",
        f"for {server.DRAIN_S / 60:.0f} minutes at most",
        f"waits {peeking.PEEK_S} s for that line, at most {peeking.MOST_PEEKED} clients",
    ],
)
def test_number(said: str) -> None:
    assert said in TEXT


def test_the_balancer_knows_the_servers_limits() -> None:
    defaults = inspect.signature(serve_command).parameters
    assert f"maxconn {defaults['sessions'].default}" in PROXY
    assert f"127.0.0.1:{defaults['port'].default}" in PROXY
    hours = re.search(r"hard-stop-after (\d+)m", PROXY)
    assert hours is not None
    assert int(hours[1]) * 60 > server.SESSION_S
    for timeout in re.findall(r"timeout (?:client|server|tunnel) (\d+)s", PROXY):
        assert int(timeout) > 2 * server.PING_S


def test_the_arithmetic_is_right() -> None:
    found = re.search(r"two cores, K = (\d+)\): ([\d,]+) computers, or ([\d,]+) cores", TEXT)
    assert found is not None
    borne, computers, cores = (int(number.replace(",", "")) for number in found.groups())
    assert computers == math.ceil(1000 / borne)
    assert cores == 2 * computers
