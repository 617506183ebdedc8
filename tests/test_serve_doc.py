"""The numbers in docs/serve.md are those of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicecli.serve import rest, server
from voicecli.serve.client import outbox, remote
from voicecli.serve.wire import incoming, settings
from voicecli.serve.wyoming import wyoming_listener, wyoming_services

TEXT = " ".join((Path(__file__).parent.parent / "docs" / "serve.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    "said",
    [
        f"at most {remote.LEAD_S * 1000:.0f} ms before the time",
        f"microphone at most {remote.INPUT_S:.0f} s wait, and {remote.START_S:.0f} s while",
        f"up to {remote.CATCH_UP} times real time",
        f"nothing for {remote.SILENT_AFTER_S} s",
        f"more than {outbox.FULL_BYTES // 1000} KB waits",
        f"{outbox.ALARM_BYTES >> 10} KB wait",
        f"{outbox.MOST_BYTES >> 20} MiB waits",
        f"takes nothing for {outbox.STUCK_S:.0f} s",
        f"A message is at most {incoming.MOST_BYTES >> 20} MiB",
        f"{settings.MOST_INSTRUCTIONS:,} characters",
        f"nothing for {server.IDLE_S:.0f} s is closed",
        f"at most {rest.MOST_FILE_BYTES >> 20} MB",
        f"at most {rest.MOST_TEXT} characters",
        f"up to {wyoming_services.MOST_RATE_HZ} Hz, at most {wyoming_services.MOST_SOUND_S:.0f} s",
        f"At most {wyoming_listener.MOST_CONNECTIONS} connections",
        f"sends nothing for {wyoming_listener.IDLE_S:.0f} s is closed",
        f"reads nothing for {wyoming_listener.WRITE_S:.0f} s",
    ],
)
def test_number(said: str) -> None:
    assert said in TEXT


def test_a_session_is_an_hour() -> None:
    assert server.SESSION_S == 3600
    assert "a session an hour" in TEXT
