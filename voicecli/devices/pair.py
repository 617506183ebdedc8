"""A microphone and a loudspeaker of this computer, without recovery: when one goes away, both end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.devices.closing import close_in_time
from voicecli.devices.portaudio import DeviceStream
from voicecli.errors import DeviceError
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from voicecli.audio.streams import Notice, OnInput, OnOutput
    from voicecli.devices.portaudio import Device
    from voicecli.system.clock import Clock


class DeviceStreams:
    """Both devices, as `AudioStreams`. For measuring, where no other device may take over half-way."""

    def __init__(
        self,
        microphone: Device,
        loudspeaker: Device,
        output_rate_hz: int,
        block_ms: int,
        latency_ms: int,
        clock: Clock,
    ) -> None:
        """Agree on rates with both devices; `start` opens them. Raises DeviceError."""
        self._input = DeviceStream("input", microphone, RATE_HZ, block_ms, latency_ms)
        self._output = DeviceStream("output", loudspeaker, output_rate_hz, block_ms, latency_ms)
        self._clock = clock
        self.microphone = self._input.form
        self.loudspeaker = self._output.form

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Open both and begin. Raises DeviceError; then neither stays open."""
        self._output.start(on_output)
        try:
            self._input.start(on_input)
        except DeviceError:
            close_in_time([self._output])
            raise
        self.microphone, self.loudspeaker = self._input.form, self._output.form

    def poll(self, *, idle: bool = False) -> list[Notice]:
        """Tell nothing. Raises DeviceError when a device has stopped."""
        for stream in (self._input, self._output):
            if stream.dead(self._clock.now()):
                raise DeviceError(
                    f"the device {stream.form.name!r} stopped",
                    "plug it in again and start anew, or choose another: voicecli devices",
                )
        return []

    def close(self) -> bool:
        """Abort both; say whether the system took them back in time. Idempotent."""
        return close_in_time([self._input, self._output])
