"""Which device is meant, when devices come and go: by its name, for numbers then change."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicecli.audio.devices import Device, Kind, find_device, list_devices
from voicecli.errors import DeviceError

MOVES_STREAMS = frozenset({"ALSA", "PulseAudio", "PipeWire", "JACK Audio Connection Kit"})
"""Host APIs behind whose default device a sound server moves streams to a new default by itself."""

_CARD = re.compile(r" \(hw:\d+,\d+\)$")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for, and the name it had when it was found first."""

    kind: Kind
    wanted: str
    """As in the settings: `default`, a number, or part of a name."""
    host_api: str
    """As in the settings: part of its name, or empty."""
    name: str
    """What it was then."""
    api: str
    """The host API it had then, in full."""

    @property
    def follows(self) -> bool:
        """Whether the system's default is meant, whichever that is."""
        return self.wanted == "default"

    def is_met_by(self, device: Device) -> bool:
        """Whether this device is it, as far as its name tells: a card's number is not part of it."""
        return (_CARD.sub("", device.name), device.host_api) == (_CARD.sub("", self.name), self.api)

    def find(self) -> Device:
        """It, among the devices there are now. Raises DeviceError."""
        if self.follows:
            return find_device(self.kind, "default", self.host_api)
        found = [device for device in list_devices() if device.channels(self.kind) and self.is_met_by(device)]
        if not found:
            raise DeviceError(f"{self.name!r} is not there", "plug it in again")
        return next((device for device in found if device.name == self.name), found[0])

    def candidates(self, *, fallback: bool) -> list[Device]:
        """It, if it is there, and after it the default one, if that is allowed. May be empty."""
        found: list[Device] = []
        try:
            found.append(self.find())
        except DeviceError:
            if not fallback:
                return []
        if fallback:
            try:
                default = find_device(self.kind, "default", self.host_api)
            except DeviceError:
                return found
            found += [default] if default not in found else []
        return found


def choose(kind: Kind, wanted: str, host_api: str) -> tuple[Choice, Device]:
    """Find what the settings ask for. Raises DeviceError."""
    device = find_device(kind, wanted, host_api)
    return Choice(kind, wanted, host_api, device.name, device.host_api), device
