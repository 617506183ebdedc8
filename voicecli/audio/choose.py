"""Which device is meant, when devices come and go: by its name, for numbers then change."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicecli.audio.devices import Device, Kind, UnknownNameError, find_device, list_devices
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from voicecli.config import AudioConfig

MOVES_STREAMS = frozenset({"ALSA", "PulseAudio", "PipeWire", "JACK Audio Connection Kit"})
"""Host APIs behind whose default device a sound server moves streams to a new default by itself."""

_CARD = re.compile(r" \(hw:\d+,\d+\)$")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for, and the name it had when it was found first; until then both are empty."""

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

    @property
    def called(self) -> str:
        """Its name, or what was asked for while nobody has seen it."""
        return self.name or self.wanted

    def is_met_by(self, device: Device) -> bool:
        """Whether this device is it, as far as its name tells: a card's number is not part of it."""
        if not self.name:
            return (
                self.wanted.casefold() in device.name.casefold()
                and self.host_api.casefold() in device.host_api.casefold()
            )
        return (_CARD.sub("", device.name), device.host_api) == (_CARD.sub("", self.name), self.api)

    def remembering(self, device: Device) -> Choice:
        """The same, with the name of this device if it is it and was not seen before."""
        if self.name or not self.is_met_by(device):
            return self
        return replace(self, name=device.name, api=device.host_api)

    def find(self) -> Device:
        """It, among the devices there are now. Raises DeviceError."""
        if self.follows or not self.name:
            return find_device(self.kind, self.wanted, self.host_api)
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


def device_of(kind: Kind, audio: AudioConfig) -> Device:
    """Find what the settings ask for. Raises NoDeviceError and DeviceError as `find_device` does."""
    wanted = audio.input_device if kind == "input" else audio.output_device
    return find_device(kind, wanted, audio.host_api)


def choose(kind: Kind, audio: AudioConfig) -> tuple[Choice, Device]:
    """Find what the settings ask for, or what stands in for it while no device has such a name.

    Raises NoDeviceError and DeviceError as `find_device` does, but for a name only without `audio.fallback`.
    """
    wanted = audio.input_device if kind == "input" else audio.output_device
    try:
        device = device_of(kind, audio)
    except UnknownNameError:
        if not audio.fallback:
            raise
        return Choice(kind, wanted, audio.host_api, "", ""), find_device(kind, "default", audio.host_api)
    return Choice(kind, wanted, audio.host_api, device.name, device.host_api), device
