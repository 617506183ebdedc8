"""The numbers in docs/satellite.md and 0041 are those of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicecli.satellite import far_end, link, near_ear, outgoing, player, refusals, server_url
from voicecli.satellite.protocol import requests

DOCS = Path(__file__).parent.parent / "docs"
TEXT = " ".join((DOCS / "satellite.md").read_text(encoding="utf-8").split())
RECORD = " ".join((DOCS / "decisions" / "0041-a-talk-elsewhere.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    "said",
    [
        f"or without (then {server_url.PORT})",
        f"is in {server_url.TOKEN_VARIABLE}",
        f"double from {refusals.FIRST_WAIT_S} to {refusals.LONGEST_WAIT_S:.0f} s",
        f"told the last {far_end.KEPT_TURNS} turns",
        f"At most {outgoing.KEPT_S:.0f} s of the microphone",
        f"loudspeaker ({requests.CREDIT_MS / 1000} s)",
        f"noticed within {link.PING_S * 1.5:.0f} s",
        f"is over after {link.REACH_S:.0f} s",
    ],
)
def test_number(said: str) -> None:
    assert said in TEXT


@pytest.mark.parametrize(
    "said",
    [
        f"{near_ear.OPEN_S} s behind it",
        f"when {player.STILL_S} s brought no more",
        f"{link.MOST_UNSENT >> 10} KiB at most",
    ],
)
def test_number_of_the_record(said: str) -> None:
    assert said in RECORD
