"""Finds the device that the settings mean, and remembers its name: numbers change when devices come or go."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicecli.devices.portaudio import NOUN, Device, Kind, NoDeviceError, host_apis, list_devices
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from voicecli.config import AudioConfig

MOVES_STREAMS = frozenset({"ALSA", "PulseAudio", "PipeWire", "JACK Audio Connection Kit"})
"""Host APIs with a sound server behind them. If this program has opened the default device, and the user
makes another device the default, the server moves the stream to it without help."""

WITHOUT: dict[Kind, str] = {
    "input": "use talk --from-file, or try it with: voicecli demo",
    "output": "write to a file: say -o, talk --from-file --to-file, or voicecli demo",
}
"""What the user can do without a microphone, or without a loudspeaker."""

_CARD = re.compile(r" \(hw:\d+,\d+\)$")


class UnknownNameError(DeviceError):
    """No device has such a name now; it may be plugged in later."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which device the settings ask for, and what it was called when it was first found."""

    kind: Kind
    wanted: str
    """As in the settings: `default`, a number, or part of a name."""
    host_api: str
    """As in the settings: part of its name, or empty."""
    name: str
    """The device's name when it was first found, in full; empty until then."""
    api: str
    """The name of its host API then, in full; empty until then."""

    @property
    def follows(self) -> bool:
        """Whether the settings mean the system's default device, whichever that is now."""
        return self.wanted == "default"

    @property
    def called(self) -> str:
        """The name of the device, or what the settings say until the device has been found."""
        return self.name or self.wanted

    def is_met_by(self, device: Device) -> bool:
        """Whether `device` is the one that is wanted. Compares names without ALSA's card number."""
        if not self.name:
            return (
                self.wanted.casefold() in device.name.casefold()
                and self.host_api.casefold() in device.host_api.casefold()
            )
        return (_CARD.sub("", device.name), device.host_api) == (_CARD.sub("", self.name), self.api)

    def remembering(self, device: Device) -> Choice:
        """Give this choice, with the name of `device` if that is the wanted one and no name is known yet."""
        if self.name or not self.is_met_by(device):
            return self
        return replace(self, name=device.name, api=device.host_api)

    def find(self) -> Device:
        """Find it among the devices there are now. Raises DeviceError."""
        if self.follows or not self.name:
            return find_device(self.kind, self.wanted, self.host_api)
        found = [device for device in list_devices() if device.channels(self.kind) and self.is_met_by(device)]
        if not found:
            raise DeviceError(f"{self.name!r} is not there", "plug it in again")
        return next((device for device in found if device.name == self.name), found[0])

    def candidates(self, *, fallback: bool) -> list[Device]:
        """List the device, if it is there, then the default one, if `fallback` allows that. May be empty."""
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


def find_device(kind: Kind, wanted: str, host_api: str = "") -> Device:
    """Find the device meant by `wanted`: `default`, a number, or part of a name in any case.

    `host_api` is part of a host API's name, in any case; only devices there count, unless `wanted` is a
    number. If it is empty, all host APIs count. Where several list the same device, PortAudio's default
    host API is preferred.

    Raises NoDeviceError where there is no device of that kind, UnknownNameError for a name that none has,
    DeviceError for a number that none has and for a name that several have.
    """
    devices = devices_of(kind, host_api)
    if wanted == "default":
        return next((device for device in devices if device.is_default(kind)), devices[0])
    if wanted.isdecimal():
        found = [device for device in devices_of(kind) if device.number == int(wanted)]
    else:
        found = [device for device in devices if wanted.casefold() == device.name.casefold()]
        found = found or [device for device in devices if wanted.casefold() in device.name.casefold()]
    noun = NOUN[kind]
    match _of_first_api(found):
        case [device]:
            return device
        case []:
            unknown = DeviceError if wanted.isdecimal() else UnknownNameError
            raise unknown(f"no {noun} matches {wanted!r}", 'run "voicecli devices" and copy a name')
        case _:
            listed = ", ".join(f"{device.number} {device.name} ({device.host_api})" for device in found)
            alone = [api for api, n in Counter(device.host_api for device in found).items() if n == 1]
            remedy = "name one by its number" + (
                f", or set audio.host_api: {', '.join(alone)}" if alone else ""
            )
            raise DeviceError(f"{len(found)} devices match {wanted!r}: {listed}", remedy)


def devices_of(kind: Kind, host_api: str = "") -> list[Device]:
    """List the devices of one kind whose host API has `host_api` in its name, in any case.

    Raises NoDeviceError where there is none of that kind, DeviceError where none has such a host API.
    """
    everywhere = [device for device in list_devices() if device.channels(kind)]
    if not everywhere:
        raise NoDeviceError(f"this computer shows no {NOUN[kind]}", f"plug one in, or {WITHOUT[kind]}")
    devices = [device for device in everywhere if host_api.casefold() in device.host_api.casefold()]
    if not devices:
        apis = ", ".join(dict.fromkeys(device.host_api for device in everywhere))
        raise DeviceError(f"no {NOUN[kind]} has a host API that matches {host_api!r}", f"name one of: {apis}")
    return devices


def _of_first_api(found: list[Device]) -> list[Device]:
    """Keep the devices of PortAudio's default host API, or else of the first in its order that has any.

    Windows lists each device in four host APIs. One of them, MME, cuts long names; the others do not.
    """
    apis = host_apis() if len({device.host_api for device in found}) > 1 else []
    first = next((api for api in apis if any(device.host_api == api for device in found)), None)
    return [device for device in found if first in (None, device.host_api)]


def device_of(kind: Kind, audio: AudioConfig) -> Device:
    """Find what the settings ask for. Raises NoDeviceError and DeviceError as `find_device` does."""
    wanted = audio.input_device if kind == "input" else audio.output_device
    return find_device(kind, wanted, audio.host_api)


def choose(kind: Kind, audio: AudioConfig, *, typed: bool = False) -> tuple[Choice, Device]:
    """Find what the settings ask for; while no device has such a name, the default device instead.

    A name that the user `typed` with the command is more likely a typing mistake than the name of an absent
    device. So it is an error if no device has that name. Without `audio.fallback` it is always an error.

    Raises NoDeviceError and DeviceError as `find_device` does.
    """
    wanted = audio.input_device if kind == "input" else audio.output_device
    try:
        device = device_of(kind, audio)
    except UnknownNameError:
        if typed or not audio.fallback:
            raise
        return Choice(kind, wanted, audio.host_api, "", ""), find_device(kind, "default", audio.host_api)
    return Choice(kind, wanted, audio.host_api, device.name, device.host_api), device
