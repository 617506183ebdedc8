"""Checks of sound: PortAudio, microphone, loudspeaker, and the delay and the echo between these two."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import listened_to, need_channel
from voicecli.audio.level import frame_levels_dbfs, only_noise, to_float
from voicecli.config import SegmentConfig
from voicecli.devices.choose import device_of
from voicecli.devices.monitor import copy_notice, is_copy
from voicecli.devices.pair import DeviceStreams
from voicecli.devices.portaudio import DeviceStream, NoDeviceError, list_devices, nameless_devices
from voicecli.devices.single.meter import level_of
from voicecli.devices.single.trial import VOICE_HZ, play, record
from voicecli.doctor import Finding
from voicecli.measure.roundtrip import NotHeardError, measure
from voicecli.messages import FRAME_S, RATE_HZ

if TYPE_CHECKING:
    from voicecli.audio.streams import StreamFormat
    from voicecli.config import AudioConfig
    from voicecli.devices.portaudio import Device, Kind
    from voicecli.devices.single.trial import Take
    from voicecli.measure.roundtrip import RoundTrip
    from voicecli.messages import Float32, Int16
    from voicecli.system.clock import Clock

HEARD_S, PLAYED_S = 2.0, 0.5
"""Seconds: how long the check records from the microphone, and how long it plays silence. When ALSA goes
through PulseAudio, recording may begin late: it had caught up after 1.3 s."""

SLOW_MS = 250.0
"""ms of round trip from which on the devices take too much of the wait for an answer (docs/latency.md)."""

LOUD_ECHO_DB = -6.0
"""dB of echo from which on the microphone hears the agent as loud as a person."""

SPEECH_DBFS = SegmentConfig().min_level_dbfs

CARDS = Path("/dev/snd")
"""Linux: one `controlC*` for each sound card."""


class SoundChecks:
    """The checks of the devices in the settings, in order: each may use the results of earlier ones."""

    def __init__(
        self,
        audio: AudioConfig,
        clock: Clock,
        *,
        listen: bool,
        cards: Path = CARDS,
        speech_dbfs: float = SPEECH_DBFS,
    ) -> None:
        """`listen`: play chirps; otherwise nothing sounds. Sound below `speech_dbfs` is no speech."""
        self._speech_dbfs = speech_dbfs
        self._audio = audio
        self._clock = clock
        self._listen = listen
        self._cards = cards
        self._heard: tuple[StreamFormat, Take] | None = None
        self._spoken: tuple[StreamFormat, float] | None = None
        self._trip: RoundTrip | NotHeardError | None = None

    def portaudio(self) -> Finding:
        """Whether PortAudio can be loaded and lists devices."""
        found = list_devices()
        if not found:
            raise NoDeviceError("PortAudio works, but shows no device", self._why_none())
        apis = ", ".join(dict.fromkeys(device.host_api for device in found))
        devices = "1 device" if len(found) == 1 else f"{len(found)} devices"
        if nameless := nameless_devices():
            names = ", ".join(map(repr, nameless))
            return Finding(
                "warn",
                f"{devices} through {apis}; left out, as the name is not UTF-8: {names}",
                "rename it where it is set up, such as ~/.asoundrc",
            )
        return Finding("pass", f"{devices} through {apis}")

    def microphone(self) -> Finding:
        """Whether the microphone is there, opens, and delivers sound."""
        device = device_of("input", self._audio)
        stream = self._stream("input", device, RATE_HZ)
        need_channel(self._audio.channel, stream.form)
        self._heard = stream.form, record(stream, HEARD_S, self._clock)
        if is_copy(device, device_of("output", self._audio)):
            notice = copy_notice(device.name)
            return Finding("warn", notice.message, notice.remedy)
        return Finding("pass", f"{_called(device, 'input')} opens and delivers")

    def permission(self) -> Finding:
        """Whether the microphone gives more than zeros. A program that may not listen gets zeros."""
        if closed := self._closed_cards():
            return Finding("fail", f"this user may not open {closed}", "add the user to the group audio")
        if self._heard is None:
            return Finding("skip", "no microphone delivers")
        samples = listened_to(self._heard[1].samples, self._audio.channel)
        if not samples.any():
            return Finding(
                "warn",
                "the microphone delivers digital silence",
                "unmute it, and allow the terminal to use it (macOS, Windows: privacy settings)",
            )
        levels = _levels_dbfs(samples, self._heard[0].rate_hz)
        if only_noise(levels, self._speech_dbfs):
            return Finding(
                "warn",
                f"the microphone hears nothing as loud as speech, {levels.max():z.0f} dBFS at most just now",
                "if somebody spoke or it is muted: unmute it, turn it up; voicecli devices --test tries it",
            )
        return Finding("pass", f"sound arrives, {level_of(samples).rms_dbfs:z.0f} dBFS just now")

    def loudspeaker(self) -> Finding:
        """Whether the loudspeaker is there, opens, and accepts sound; what it plays is silence."""
        device = device_of("output", self._audio)
        stream = self._stream("output", device, VOICE_HZ)
        silence = np.zeros(round(PLAYED_S * stream.form.rate_hz), np.int16)
        self._spoken = stream.form, play(stream, silence, self._clock)
        return Finding("pass", f"{_called(device, 'output')} opens and takes sound")

    def rates(self) -> Finding:
        """Whether the devices take the rates that are needed."""
        if self._heard is None or self._spoken is None:
            return Finding("skip", "needs a microphone and a loudspeaker that open")
        heard, spoken = self._heard[0], self._spoken[0]
        found = f"microphone {_form(heard)}, loudspeaker {_form(spoken)}"
        if heard.rate_hz < RATE_HZ:
            return Finding(
                "warn",
                f"{found}: the microphone sounds like a telephone",
                "choose another: a Bluetooth headset is understood less well than the built-in microphone",
            )
        resampled = heard.rate_hz != RATE_HZ or spoken.rate_hz != VOICE_HZ
        return Finding("pass", f"{found}; the rest is resampled" if resampled else found)

    def latency(self) -> Finding:
        """How long sound takes: as the devices say, and with `listen` as measured."""
        if self._heard is None or self._spoken is None:
            return Finding("skip", "needs a microphone and a loudspeaker that open")
        told_ms = (self._heard[1].told_s + self._spoken[1]) * 1000
        if not self._listen:
            return _slow(
                told_ms, f"{told_ms:.0f} ms there and back, as the devices report; --listen measures it"
            )
        pair = device_of("input", self._audio), device_of("output", self._audio)
        streams = DeviceStreams(*pair, VOICE_HZ, self._audio.block_ms, self._audio.latency_ms, self._clock)
        try:
            trip = self._trip = measure(streams, self._clock)
        except NotHeardError as error:
            self._trip = error
            return _slow(told_ms, f"{told_ms:.0f} ms there and back, as the devices report")
        return _slow(
            trip.median_ms,
            f"{trip.median_ms:.0f} ms there and back, measured; the devices report {trip.reported_ms:.0f} ms",
        )

    def echo(self) -> Finding:
        """How loud the loudspeaker is in the microphone."""
        match self._trip:
            case None if not self._listen:
                return Finding(
                    "skip", "not measured: this needs to play sounds", "run: voicecli doctor --listen"
                )
            case None:
                return Finding("skip", "needs a latency that can be measured")
            case NotHeardError() if self._audio.headphones:
                return Finding("pass", "the microphone does not hear the headphones")
            case NotHeardError() as unheard:
                return Finding(
                    "warn",
                    unheard.found,
                    "with headphones that is right: voicecli talk --headphones; "
                    "else turn the loudspeaker up, try again",
                )
            case trip:
                return _echo(trip.echo_db, headphones=self._audio.headphones)

    def _stream(self, kind: Kind, device: Device, rate_hz: int) -> DeviceStream:
        return DeviceStream(kind, device, rate_hz, self._audio.block_ms, self._audio.latency_ms)

    def _closed_cards(self) -> str:
        """Find a sound card that this user may not open, unless a sound server opens it for them."""
        if self._heard is not None:
            return ""
        closed = [card for card in sorted(self._cards.glob("controlC*")) if not os.access(card, os.R_OK)]
        return str(closed[0]) if closed else ""

    def _why_none(self) -> str:
        if self._closed_cards():
            return "add the user to the group audio, or start the sound server"
        return "plug one in, or start the sound server; voicecli demo needs none"


def _levels_dbfs(samples: Int16, rate_hz: int) -> Float32:
    """Level of each 32 ms in the loudest channel: (n, channels) -> (m,)."""
    frame = round(FRAME_S * rate_hz)
    loudest: Float32 = np.max([frame_levels_dbfs(one, frame) for one in to_float(samples).T], axis=0)
    return loudest


def _called(device: Device, kind: Kind) -> str:
    return f"{device.name!r} ({device.host_api}{', the default' if device.is_default(kind) else ''})"


def _form(form: StreamFormat) -> str:
    return f"{form.rate_hz} Hz, {form.channels} ch"


def _slow(ms: float, found: str) -> Finding:
    if ms <= SLOW_MS:
        return Finding("pass", found)
    return Finding("warn", found, "prefer wired devices to Bluetooth; lower audio.latency_ms")


def _echo(echo_db: float, *, headphones: bool) -> Finding:
    found = f"the microphone hears the loudspeaker at {echo_db:z.0f} dB"
    if headphones:
        return Finding(
            "warn", f"{found}, though audio.headphones is set", "put them on, or use talk --speakers"
        )
    if echo_db > LOUD_ECHO_DB:
        return Finding("warn", found, "turn the loudspeaker or the microphone down, or use headphones")
    return Finding("pass", found)
