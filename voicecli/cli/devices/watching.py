"""`devices --watch`: which devices come and go."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from voicecli.errors import DeviceError
from voicecli.view import ReaderGone
from voicecli.view.output import LineOutput
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from voicecli.devices.portaudio import Device, Kind
    from voicecli.system.clock import Clock

LOOK_S = 1.0
"""s from one listing of the devices to the next; a listing took 0.03 s with PulseAudio alone."""


class Seen(NamedTuple):
    """What identifies a device from one listing to the next; its number does not."""

    name: str
    host_api: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """One difference between two listings."""

    what: str
    """`here` in the first listing, `came`, `went`, or `default`: this is the new default of its kind."""
    seen: Seen


@dataclass(frozen=True, slots=True)
class Look:
    """The devices at one moment."""

    devices: Counter[Seen]
    """Counted, because two devices may have one name."""
    defaults: dict[Kind, Seen]


def look_at(devices: Sequence[Device]) -> Look:
    """List the devices and the defaults."""
    seen = {device: Seen(device.name, device.host_api, device.kinds) for device in devices}
    defaults = {kind: seen[device] for device in devices for kind in device.kinds if device.is_default(kind)}
    return Look(Counter(seen.values()), defaults)


def changes(before: Look | None, after: Look) -> Iterator[DeviceChange]:
    """What went, then what came, then which defaults are new."""
    old = Look(Counter(), {}) if before is None else before
    for seen in (old.devices - after.devices).elements():
        yield DeviceChange("went", seen)
    for seen in (after.devices - old.devices).elements():
        yield DeviceChange("here" if before is None else "came", seen)
    for kind, seen in after.defaults.items():
        if old.defaults.get(kind) != seen:
            yield DeviceChange("default", seen._replace(kinds=(kind,)))


def watch(clock: Clock, seconds: float | None, *, as_json: bool) -> None:
    """Print devices as they come and go, until `seconds` have passed or Ctrl-C."""
    from voicecli.devices.portaudio import list_devices, refresh

    output, never, began = LineOutput(sys.stdout), threading.Event(), clock.now()
    before: Look | None = None
    fault = ""
    with suppress(KeyboardInterrupt, ReaderGone):
        while seconds is None or clock.now() - began < seconds:
            try:
                if before is not None:
                    refresh()
                after = look_at(list_devices())
            except DeviceError as error:
                if before is None:
                    raise
                if fault != str(error):
                    sys.stderr.write(f"voicecli: {safe(str(error))}\n")
                fault, after = str(error), Look(Counter(), {})
            else:
                fault = ""
            found = list(changes(before, after))
            if before is None and not as_json:
                _begin(output, after)
            before = after
            for change in found:
                t = clock.now() - began
                output.write(json.dumps(_told(change, t)) if as_json else f"{t:7.1f} s  {_sentence(change)}")
            output.check()
            clock.wait(never, LOOK_S)


def _begin(output: LineOutput, look: Look) -> None:
    if any(seen.name.startswith(("pulse", "pipewire")) for seen in look.devices):
        output.write("With PulseAudio or PipeWire devices come and go unseen;")
        output.write("'default' is the device chosen there.")
    output.write("Ctrl-C ends.")


def _sentence(change: DeviceChange) -> str:
    from voicecli.devices.portaudio import NOUN

    kinds = " and ".join(NOUN[kind] for kind in change.seen.kinds)
    name = f"{safe(change.seen.name)} ({safe(change.seen.host_api)})"
    if change.what == "default":
        return f"default {kinds}: {name}"
    return f"{change.what:5}{name}, {kinds}"


def _told(change: DeviceChange, t: float) -> dict[str, object]:
    return {"t": round(t, 1), "what": change.what, **change.seen._asdict()}
