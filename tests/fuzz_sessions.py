"""Parsers of what both ends of a talk elsewhere send each other: settings, messages, sound; `fuzz_table`."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from tests.fuzzing import Parser
from voicecli.satellite.protocol.dialogue import Dialogue
from voicecli.satellite.protocol.requests import ASKED
from voicecli.serve.wire.extension import Extension
from voicecli.serve.wire.formats import LEAST_HZ, MOST_HZ
from voicecli.serve.wire.incoming import BadRequest, Update, read
from voicecli.serve.wire.settings import SessionSettings, Unfit

if TYPE_CHECKING:
    from pathlib import Path

_TOLD = {
    "events": True,
    "audio": "binary",
    "rates": {"input": 16_000, "output": 22_050},
    "playout": {"credit_ms": 800},
    "resume": {"token": "t", "ttl_s": 30},
    "resumed": True,
    "heard_ms": 640,
}


def _asked() -> list[bytes]:
    pcm = {"type": "audio/pcm", "rate": 24_000}
    session = {"type": "realtime", "audio": {"input": {"format": pcm}, "output": {"format": pcm}}}
    return [
        json.dumps({"type": "session.update", "session": {**session, "voicecli": ours}}).encode()
        for ours in (ASKED, {"rates": {"input": 8_000, "output": 48_000.0}}, {"rates": None, "playout": None})
    ]


def _session(data: bytes, _folder: Path) -> None:
    """As a server reads it: whatever is asked, the rates in effect are some that it can have."""
    request = read(data.decode("utf-8", errors="replace"), "audio/pcm")
    if not isinstance(request, Update) or not isinstance(request.session, dict):
        return
    extension = Extension().merged(request.session.get("voicecli"))
    wanted = SessionSettings().merged(request.session, extension.rates)
    for voice_hz in (4_000, 22_050, 192_000):
        for rate_hz in extension.rates.in_effect(wanted.hears, wanted.speaks, voice_hz):
            assert type(rate_hz) is int
            assert LEAST_HZ <= rate_hz <= MOST_HZ


def _told() -> list[bytes]:
    return [
        json.dumps({"type": kind, "event_id": "e", "session": {"model": "m", "voicecli": _TOLD}}).encode()
        for kind in ("session.created", "session.updated")
    ]


def _dialogue(data: bytes, _folder: Path) -> None:
    """As a client reads it: whatever is told, it goes on with rates that it can have."""
    dialogue = Dialogue()
    list(dialogue.text(data.decode("utf-8", errors="replace"), 1.0))
    list(dialogue.binary(data))
    for rate_hz in (dialogue.offers.input_hz, dialogue.offers.output_hz):
        assert type(rate_hz) is int
        assert math.isfinite(rate_hz)
        assert LEAST_HZ <= rate_hz <= MOST_HZ


_WORDS = (
    *(b'"rates"', b'"input"', b'"output"', b'"voice"', b'"voicecli"', b'"format"', b'"audio/pcmu"'),
    *(b"null", b"true", b"NaN", b"Infinity", b"1e400", b"-0.0", b"16000.5", b"7999", b"48001", b"9" * 400),
)

SESSIONS = {
    "session asked": Parser(_asked, _session, (BadRequest, Unfit), _WORDS),
    "session told": Parser(_told, _dialogue, (), _WORDS),
}
