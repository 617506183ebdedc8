"""Is the microphone a copy ("monitor") of the loudspeaker? Sound servers offer one if no microphone is there.

A copy hears what the computer plays, without loss or delay, and does not hear the user. On some systems the
name of the device shows that it is a copy. ALSA's "default" does not show it: there this file asks the sound
server, PulseAudio or PipeWire, by the program `pactl`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from voicecli.audio.streams import Notice

if TYPE_CHECKING:
    from voicecli.devices.portaudio import Device

LONGEST_S = 1.0
"""Longest wait for the sound server's answer. One that works answers in 0.01 s."""

_NAMED_SO = re.compile(r"^monitor of |\.monitor$|^(?:stereo mix|what u hear|wave out mix)\b", re.IGNORECASE)
"""Names that PulseAudio, PipeWire and Windows drivers give to copies."""

_SERVED = re.compile(r"^(?:default|sysdefault|pulse|pipewire)\b", re.IGNORECASE)
"""ALSA's names behind which the sound server decides which device is used."""


def is_copy(microphone: Device, loudspeaker: Device) -> bool:
    """Whether the microphone hears what the loudspeaker is given, as far as the names or the server tell.

    May take `LONGEST_S` where a sound server hangs.
    """
    if _NAMED_SO.search(microphone.name):
        return True
    if not all(_SERVED.match(device.name) for device in (microphone, loudspeaker)):
        return False
    source = os.environ.get("PULSE_SOURCE") or _asked("get-default-source")
    sink = os.environ.get("PULSE_SINK") or _asked("get-default-sink")
    return bool(sink) and source == f"{sink}.monitor"


def copy_notice(microphone: str) -> Notice:
    """Make the notice about a microphone that is a copy."""
    return Notice(
        f"the microphone {microphone!r} is a copy of the loudspeaker: it hears what is played, and not you",
        "plug a microphone in and choose it in the system's sound settings, or name one with --input-device",
    )


def _asked(question: str) -> str:
    """Ask the sound server; give its answer, or nothing where there is no server or no `pactl`."""
    if (pactl := shutil.which("pactl")) is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603  # two fixed words
            [pactl, question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip()
