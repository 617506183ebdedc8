"""Is the microphone a copy of the loudspeaker? Where none is plugged in, sound servers offer such a one.

A copy hears what the computer plays, without loss and delay, and nobody who speaks. Some systems name it so;
behind ALSA's "default" only the sound server knows, and `pactl` asks it, of PulseAudio and of PipeWire.
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
"""A server that hangs is not waited for: it answers in 0.01 s."""

_NAMED_SO = re.compile(r"^monitor of |\.monitor$|^(?:stereo mix|what u hear|wave out mix)\b", re.IGNORECASE)
"""PulseAudio's and PipeWire's names, and those of Windows drivers."""

_SERVED = re.compile(r"^(?:default|sysdefault|pulse|pipewire)\b", re.IGNORECASE)
"""ALSA's names for what a sound server chooses."""


def is_copy(microphone: Device, loudspeaker: Device) -> bool:
    """Whether what the loudspeaker is given is what the microphone hears, as far as somebody knows.

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
    """What to tell of a microphone that is one."""
    return Notice(
        f"the microphone {microphone!r} is a copy of the loudspeaker: it hears what is played, and not you",
        "plug a microphone in and choose it in the system's sound settings, or name one with --input-device",
    )


def _asked(question: str) -> str:
    """The server's answer, empty where there is no server, or nothing to ask it with."""
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
