"""`devices --check` and `devices --test`: does each device open, and does the microphone pick up sound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from voicecli.devices.single.trial import VOICE_HZ, play, record
from voicecli.errors import DeviceError
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from voicecli.audio.streams import StreamFormat
    from voicecli.config import Config
    from voicecli.devices.portaudio import Device, Kind
    from voicecli.devices.single.meter import Level
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

RECORDED_S = 3.0


def check(device: Device, kind: Kind) -> str:
    """What the device agreed to, or `no: ` and why not."""
    from voicecli.config import AudioConfig
    from voicecli.devices.closing import close_in_time
    from voicecli.devices.portaudio import DeviceStream

    usual, rate_hz = AudioConfig(), RATE_HZ if kind == "input" else VOICE_HZ
    try:
        stream = DeviceStream(kind, device, rate_hz, usual.block_ms, usual.latency_ms)
        stream.start(_ignore)
        close_in_time([stream])
    except DeviceError as error:
        return f"no: {error.found}"
    return f"{stream.form.rate_hz} Hz, {stream.form.channels} ch"


def _ignore(block: Int16, at: float, lost: bool) -> None:
    """Do nothing: a loudspeaker's block is silent already, and nobody needs a microphone's."""


def test(config: Config, clock: Clock, *, as_json: bool) -> None:
    """Record 3 s, say how loud they are, play them back.

    Raises DeviceError: a device does not open or stops, or nothing is heard.
    """
    from voicecli.audio.channels import listened_to, need_channel
    from voicecli.audio.level import UNMUTED_DBFS
    from voicecli.devices.choose import device_of
    from voicecli.devices.monitor import copy_notice, is_copy
    from voicecli.devices.portaudio import DeviceStream
    from voicecli.devices.single.meter import level_of

    audio = config.audio
    pair = device_of("input", audio), device_of("output", audio)
    if is_copy(*pair):
        notice = copy_notice(pair[0].name)
        _tell(f"note: {notice.message}; {notice.remedy}")
    stream = DeviceStream("input", pair[0], RATE_HZ, audio.block_ms, audio.latency_ms)
    microphone = stream.form
    need_channel(audio.channel, microphone)
    back = DeviceStream("output", pair[1], microphone.rate_hz, audio.block_ms, audio.latency_ms)
    _tell(f"speak now: {RECORDED_S:.0f} s are recorded from {microphone.name!r}")
    samples = listened_to(record(stream, RECORDED_S, clock).samples, audio.channel)
    level = level_of(samples)
    silent = _loudest_dbfs(samples, microphone.rate_hz) < UNMUTED_DBFS
    if as_json:
        typer.echo(json.dumps(_report(level, microphone, back.form, silent=silent)))
    else:
        verdict = "silent" if silent else "clipped: turn the microphone down" if level.clipped else "good"
        typer.echo(f"level {level.rms_dbfs:z.1f} dBFS, peak {level.peak_dbfs:z.1f}: {verdict}")
    if silent:
        raise _silence(samples, microphone.name)
    _tell(f"playing it on {back.form.name!r}")
    play(back, _resampled(samples, microphone.rate_hz, back.form.rate_hz), clock)


def _tell(line: str) -> None:
    from voicecli.view.safe import safe

    typer.echo(safe(line), err=True)


def _loudest_dbfs(samples: Int16, rate_hz: int) -> float:
    """Level of the loudest 100 ms of any channel."""
    from voicecli.audio.level import frame_levels_dbfs, to_float

    return max(float(frame_levels_dbfs(channel, rate_hz // 10).max()) for channel in to_float(samples).T)


def _silence(samples: Int16, name: str) -> DeviceError:
    if samples.any():
        return DeviceError(
            f"the microphone {name!r} hears nothing as loud as speech",
            "speak, turn it up, or choose another: voicecli devices --meter shows them all",
        )
    return DeviceError(
        f"from the microphone {name!r} only digital silence arrives",
        "unmute it, and allow the terminal to use it (macOS, Windows: privacy settings)",
    )


def _resampled(samples: Int16, from_hz: int, to_hz: int) -> Int16:
    """(n, channels) at one rate -> (m,) at another, as a talk would hear it."""
    from voicecli.audio.channels import mono
    from voicecli.audio.convert import Resampler
    from voicecli.audio.level import to_int16

    return to_int16(Resampler(from_hz, to_hz).push(mono(samples, from_hz), last=True))


def _report(
    level: Level, microphone: StreamFormat, loudspeaker: StreamFormat, *, silent: bool
) -> dict[str, object]:
    return {
        "microphone": microphone.name,
        "loudspeaker": loudspeaker.name,
        "rms_dbfs": round(level.rms_dbfs, 1),
        "peak_dbfs": round(level.peak_dbfs, 1),
        "silent": silent,
        "clipped": level.clipped,
    }
