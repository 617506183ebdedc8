"""The numbers in docs/serve.md are those of the code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicecli.serve import rest, server, visit
from voicecli.serve.client import incoming_sound, outbox, remote, way
from voicecli.serve.wire import extension, formats, incoming, recent, settings
from voicecli.serve.wyoming import wyoming_listener, wyoming_services
from voicecli.system import unsent

if TYPE_CHECKING:
    from voicecli.waiting.buffers import Buffer

TEXT = " ".join((Path(__file__).parent.parent / "docs" / "serve.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    "said",
    [
        f"at most {remote.LEAD_S * 1000:.0f} ms before the time",
        f"microphone at most {incoming_sound.INPUT_S:.0f} s wait, and {incoming_sound.START_S:.0f} s while",
        f"up to {incoming_sound.CATCH_UP} times real time",
        f"nothing for {incoming_sound.SILENT_AFTER_S} s",
        f"more than {outbox.FULL_BYTES // 1000} KB waits",
        f"{outbox.ALARM_BYTES >> 10} KB wait",
        f"{outbox.MOST_BYTES >> 20} MiB waits",
        f"takes nothing for {outbox.STUCK_S:.0f} s",
        f"A message is at most {incoming.MOST_BYTES >> 20} MiB",
        f"{settings.MOST_INSTRUCTIONS:,} characters",
        f"from {formats.LEAST_HZ} to {formats.MOST_HZ} Hz",
        f"between {extension.LEAST_CREDIT_MS} and {extension.MOST_CREDIT_MS} ms",
        f"at most {extension.MOST_HISTORY} texts",
        f"every {way.REPORT_S * 1000:.0f} ms, and at the end",
        f"nothing for {way.OVERDUE_S:.0f} s while it has sound to play",
        f"is kept for {server.ServerLimits().resume_s:.0f} s",
        f"{recent.MOST_EVENTS} events are kept",
        f"closed with {visit.TAKEN_UP}",
        f"aiohttp keep {outbox.NOT_SENT_BYTES >> 10} KiB each",
        f"nothing for {visit.IDLE_S:.0f} s is closed",
        f"stood still for {visit.SLOW_S:.0f} s in all",
        f"sent again after {unsent.RESEND_MS / 1000:.0f} s at the latest",
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


@pytest.mark.parametrize(
    "place",
    [incoming_sound.CLIENT_SOUND, outbox.TO_CLIENT, way.ON_ITS_WAY, recent.EVENTS_KEPT],
    ids=lambda place: place.name,
)
def test_every_place_where_something_waits_is_listed(place: Buffer) -> None:
    row = f"| {place.name} | {place.capacity:,.0f} {place.unit} | `{place.policy}` | {place.why} |"
    assert row in TEXT


def test_a_session_is_an_hour() -> None:
    assert server.SESSION_S == 3600
    assert "a session an hour" in TEXT
