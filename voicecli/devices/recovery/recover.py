"""A microphone and a loudspeaker that may go away and come back, as `AudioStreams` that never end.

    up --- a stream ended or stands still --> down --- close both, PortAudio anew, open both --> up
     '--- the scout saw the wanted device, or a new default --> down, and so on
     '--- nobody speaks, and another latency suits a device (`latency`) --> down, and so on, but not told

While the devices are away, `on_input` gets the sound of a silent room. So the user's words end as before any
pause, and each sample position still belongs to its time. Nobody asks for the agent's sound, so it later goes
on where it stopped.

Promises: `poll` never waits. Whatever may wait (closing, opening, PortAudio, the scout) is a task. It runs on
a thread that lives as long as the task; there is one task at a time. Relies on: the thread that calls `poll`
also reads what `on_input` writes. So `on_input` has one caller at any time: while `_up` is true the device's
thread, or the one that converts its sound (`mover`), else the thread that calls `poll`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import need_channel
from voicecli.audio.streams import Notice
from voicecli.devices import closing, portaudio
from voicecli.devices.monitor import copy_notice, is_copy
from voicecli.devices.recovery.mover import Mover
from voicecli.devices.recovery.scout import Scout
from voicecli.devices.recovery.side import Side
from voicecli.devices.simulated import RecordedUser
from voicecli.errors import DeviceError
from voicecli.messages import RATE_HZ
from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from voicecli.audio.streams import OnInput, OnOutput
    from voicecli.config import AudioConfig
    from voicecli.devices.choose import Choice
    from voicecli.devices.portaudio import Device
    from voicecli.devices.recovery.mover import Moves
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

RETRY_S, PATIENT_RETRY_S, PATIENT_AFTER_S = 0.5, 2.0, 60.0
"""Seconds: between two attempts to open the devices; between two after a minute without success; that minute.
An attempt takes 30-50 ms."""

HUNG_S = 5.0
"""Seconds after which the user is told that a task does not end: the sound server hangs."""

QUIET_S = 2.0
"""Seconds without speech before the devices are opened anew for another latency: that costs a gap of about
0.3 s, and whoever has just spoken may go on."""

FADE_S = 0.008
"""Seconds of fade-in where the agent's sound goes on, so that it does not begin with a click."""


class RecoveringStreams:
    """Both devices, from `start` until `close`; `poll` notices when a device is lost, and opens it again."""

    def __init__(
        self,
        microphone: tuple[Choice, Device],
        loudspeaker: tuple[Choice, Device],
        output_rate_hz: int,
        audio: AudioConfig,
        clock: Clock,
        scout: Scout | None = None,
        moves: Callable[[Callable[[], None]], Moves] | None = None,
    ) -> None:
        """Agree on rates, which then stay the same; `start` opens the devices. Raises DeviceError."""
        moves = moves or (lambda move: Mover(move, clock))
        self._output = Side(loudspeaker, output_rate_hz, audio, moves)
        self._input = Side(microphone, RATE_HZ, audio, moves)
        self._fade_in = np.linspace(0.0, 1.0, round(FADE_S * self._output.form.rate_hz), dtype=np.float32)
        need_channel(audio.channel, self._input.form)
        self._sides = (self._output, self._input)
        self._clock = clock
        self._scout = scout or Scout()
        self._nobody = RecordedUser()
        self.microphone = self._input.opened
        self.loudspeaker = self._output.opened
        self._up = False
        self._heard_until = 0.0  # end of the sound given to on_input, s; the caller of on_input writes it
        self._fresh = False  # whether the next block is the first one since the loudspeaker came back
        self._task: Worker | None = None
        self._then: Callable[[float, BaseException | None], None]
        self._task_began = self._lost_at = self._due = self._busy_at = 0.0
        self._told_hung = False
        self._quietly = False  # whether the devices are opened anew only for another latency
        self._told_latency = False
        self._copies = False  # whether the microphone is known to be a copy of the loudspeaker
        self._seen: list[str] = []  # device names that the scout saw, one for each side
        self._notices: list[Notice] = []

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Open both and begin. Raises DeviceError; then neither stays open."""
        self._on_input, self._on_output = on_input, on_output
        self._up = True
        try:
            self._output.begin(self._play, self._clock.now())
            self._input.begin(self._hear, self._clock.now())
        except DeviceError:
            self._close_both()
            raise
        self.microphone, self.loudspeaker = self._input.opened, self._output.opened
        if any(side.replaced for side in self._sides):
            self._tell(
                f"talk begins with {self._input} and {self._output}",
                "talk changes to it by itself once it is there; voicecli devices lists those that are",
            )
        self._copies = is_copy(self._input.device, self._output.device)
        self._tell_of_copy()

    def _tell_of_copy(self) -> None:
        if self._copies:
            notice = copy_notice(self._input.opened.name)
            self._tell(notice.message, notice.remedy)

    def _hear(self, samples: Int16, at: float, lost: bool) -> None:  # noqa: FBT001  # as devices call it
        if self._up:
            self._input.xruns += lost
            self._on_input(samples, at, lost)
            self._heard_until = at + len(samples) / self._input.form.rate_hz

    def _play(self, block: Int16, at: float, dry: bool) -> None:  # noqa: FBT001  # as devices call it
        if not self._up:
            block[:] = 0
            return
        fresh, self._fresh = self._fresh, False
        self._output.xruns += dry
        self._on_output(block, at, dry and not fresh)
        if fresh:
            head = block[: len(self._fade_in)]
            head[:] = head * self._fade_in[: len(head)]

    def poll(self, *, idle: bool = False) -> list[Notice]:
        """See whether a device is lost or is back, and begin the task for that; give the new notices.

        While `idle` nobody speaks, so the devices may be opened anew only for another latency.
        """
        now = self._clock.now()
        if self._task is not None and not self._task.alive:
            failure, self._task = self._task.failure, None
            self._then(now, failure)
        if self._up:
            self._look_after(now, idle=idle)
        else:
            self._keep_silent(now)
            if self._task is None and now >= self._due:
                self._begin(now, self._reopen, self._reopened)
        if self._task is not None and now - self._task_began > HUNG_S and not self._told_hung:
            self._told_hung = True
            self._tell("the sound system does not answer", "restart its server; talk goes on then")
        told, self._notices = self._notices, []
        return told

    def close(self) -> bool:
        """Give the devices back; say whether that was done in time. Idempotent."""
        self._up = False
        self._scout.close()
        task, self._task = self._task, None
        if task is not None and not task.join(closing.CLOSE_S):
            return False
        self._scout.close()
        return closing.close_in_time(self._sides)

    def _tell(self, message: str, remedy: str) -> None:
        self._notices.append(Notice(message, remedy))

    def _begin(
        self, now: float, task: Callable[[], None], then: Callable[[float, BaseException | None], None]
    ) -> None:
        """Run `task`, which may wait, on a thread of its own; `poll` calls `then` when it has ended."""
        self._task_began, self._told_hung, self._then = now, False, then
        self._task = Worker("devices", task, lambda: None)
        self._task.start()

    # ---- while both are open

    def _look_after(self, now: float, *, idle: bool) -> None:
        lost = [side for side in self._sides if side.stream.dead(now)]
        if lost:
            self._lose(lost, now)
            return
        for side in self._sides:
            side.look(now)
        if not idle:
            self._busy_at = now
        quiet = now - self._busy_at >= QUIET_S and self._task is None
        if quiet and any(side.following.due(now) for side in self._sides):
            self._follow(now)
            return
        every = [s for side in self._sides if (s := side.look_every_s(now)) is not None]
        if every and self._task is None and now >= self._due:
            self._due = now + min(every)
            self._begin(now, self._look, self._looked)

    def _follow(self, now: float) -> None:
        """Open both anew with the latencies that suit them now; tell of the first one that grows."""
        grown = [notice for side in self._sides if (notice := side.follow(now)) is not None]
        if grown and not self._told_latency:
            self._told_latency = True
            self._notices.append(grown[0])
        self._quietly = True
        self._down(now)

    def _lose(self, lost: list[Side], now: float) -> None:
        for side in lost:
            if side.stream.calls == 0 and not side.away:
                side.shun(now)
            elif not side.away:
                side.trust()
        self._scout.close()  # else a task that asks the scout would go on waiting for its answer
        self._down(now)
        self._tell_lost(lost)

    def _tell_lost(self, lost: Iterable[Side]) -> None:
        self._tell(
            " and ".join(f"the {side.noun} {side.device.name!r}" for side in lost) + " stopped",
            "plug it in again, or start its sound server: talk goes on then; Ctrl-C ends it",
        )

    def _down(self, now: float) -> None:
        self._up = False
        self._lost_at = self._due = now

    def _look(self) -> None:
        self._seen = self._scout.ask([side.choice for side in self._sides], RATE_HZ)

    def _looked(self, now: float, failure: BaseException | None) -> None:
        """Reopen the devices if the scout found, for either side, another device than the one now open."""
        if failure is not None:
            raise failure
        if self._up and any(
            name and name != side.device.name and now >= side.shunned_until for side, name in self._pairs()
        ):
            self._down(now)
        else:
            self._seen = []

    def _pairs(self) -> Iterator[tuple[Side, str]]:
        return zip(self._sides, self._seen, strict=False)

    # ---- while they are not open

    def _keep_silent(self, now: float) -> None:
        """Give `on_input` the noise of a quiet room: as many samples as a device would have given by now."""
        rate_hz = self._input.form.rate_hz
        begin = max(self._heard_until, now - 1.0)  # if `poll` was not called for long: only the last second
        count = int((now - self.microphone.latency_s - begin) * rate_hz)
        if count > 0:
            block = np.repeat(self._nobody.speak(count)[:, np.newaxis], self._input.form.channels, axis=1)
            self._on_input(block, begin, False)
            self._heard_until = begin + count / rate_hz

    def _reopen(self) -> None:
        self._close_both()
        portaudio.refresh()
        try:
            self._output.open(self._play, self._clock.now())
            self._input.open(self._hear, self._clock.now())
        except DeviceError:
            self._close_both()
            raise
        self._copies = is_copy(self._input.device, self._output.device)

    def _reopened(self, now: float, failure: BaseException | None) -> None:
        if isinstance(failure, DeviceError):
            in_vain_s = now - self._lost_at
            if self._quietly:
                self._quietly = False
                self._tell_lost(self._sides)
            self._due = now + (PATIENT_RETRY_S if in_vain_s > PATIENT_AFTER_S else RETRY_S)
            return
        if failure is not None:
            raise failure
        for side, name in self._pairs():
            if name and name != side.device.name:  # the scout found this device, but it did not open
                side.shun(now)
        self._seen = []
        self._keep_silent(now)
        names = self.microphone.name, self.loudspeaker.name
        self.microphone, self.loudspeaker = self._input.opened, self._output.opened
        self._due = now
        self._fresh = True
        self._up = True
        quietly, self._quietly = self._quietly, False
        if quietly and names == (self.microphone.name, self.loudspeaker.name):
            return
        back = "talk returns to it by itself" if any(side.replaced for side in self._sides) else ""
        self._tell(f"talk goes on with {self._input} and {self._output}", back)
        self._tell_of_copy()

    def _close_both(self) -> None:
        for side in self._sides:
            side.close()
