"""A talk whose engines are elsewhere: microphone, echo canceller, loudspeaker and views here, the rest there.

    thread     owns                                            sleeps on
    near ear   capture, converter, canceller                   nothing: it polls its ring
    link       the socket, the far end, the player             its loop

To whoever holds it, it is a talk like `voicecli.talk.Talk`: the same events, status, controls and end.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from voicecli.errors import VoicecliError
from voicecli.events import WEIGHTS, Warned, weight
from voicecli.floor.facts import Pressed, Typed
from voicecli.listen.capture import Capture
from voicecli.listen.echo import canceller as echo
from voicecli.listen.echo.reference import Reference
from voicecli.satellite.far_end import FarEnd
from voicecli.satellite.link import Link
from voicecli.satellite.near_ear import POLL_S, NearEar
from voicecli.satellite.outgoing import REQUESTS_OUT, SOUND_OUT, Outgoing
from voicecli.satellite.player import WAITING, Player
from voicecli.satellite.protocol import requests as to
from voicecli.speak.playback import jitter_sound
from voicecli.status import Status
from voicecli.talk.attempts import broken
from voicecli.talk.controls import Controls
from voicecli.talk.inboxes import EVENTS, FACTS
from voicecli.threads.log import Log
from voicecli.threads.worker import Worker
from voicecli.waiting.buffers import EVENTS_LOST, LOST, REMEDIES, SOUND_UNSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.probe import Probe
    from voicecli.audio.streams import AudioStreams, OnOutput
    from voicecli.config import Config
    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.messages import Int16
    from voicecli.satellite.server_url import ServerAt
    from voicecli.status import State
    from voicecli.system.clock import Clock
    from voicecli.waiting.buffers import Buffer, BufferFill

DECLARED: tuple[Buffer, ...] = (SOUND_OUT, REQUESTS_OUT, WAITING)
"""Where something waits that a local talk does not have."""


_GAPS = "gaps in the reply"

_REMEDIES = {**REMEDIES, _GAPS: "use a faster or a steadier network: a cable is steadier than radio"}
"""As in a local talk, but that gaps come from the network."""

SENT_S = 0.2
"""With less sound that waits to be sent, s, the server has heard all that matters."""


class RemoteTalk:
    """A running talk, from `start` until `close`."""

    def __init__(
        self,
        at: ServerAt,
        wishes: to.Wishes,
        streams: AudioStreams,
        config: Config,
        clock: Clock,
        began: float,
        chance: Callable[[], float],
    ) -> None:
        """`began` is the time on `clock` from which the `t` of events is counted, s.

        `chance` gives numbers from 0 up to 1, for the waits before a lost connection is tried again.
        """
        self._streams = streams
        self._clock = clock
        self._began = began
        self._stop = threading.Event()
        self._told: set[str] = set()
        self.events: Log[Event] = Log(EVENTS, WEIGHTS, weight)
        """What views are told, for any number of readers; one made before `start` misses nothing."""
        self.facts: Log[tuple[float, Fact, list[Order]]] = Log(FACTS)
        """Empty: facts are reported where the engines are."""
        self._outgoing = Outgoing()
        self._player = Player(streams.loudspeaker, config.playback)
        self._far_end = FarEnd(at, wishes, self._player, self._outgoing, self.events, clock, began)
        self._link = Link(at, self._far_end, self._outgoing, chance=chance)
        self.controls = Controls(clock, self._ask, push_to_talk=wishes.push_to_talk)
        """What keys may ask for."""
        self._capture = Capture(streams.microphone, config.audio.ring_s)
        self._on_output: OnOutput = self.controls.over(self._player.pull)
        self._reference: Reference | None = None
        canceller = None
        if echo.wanted(config.audio):
            self._reference = Reference(streams.loudspeaker.rate_hz, config.audio.ring_s)
            canceller = echo.EchoCanceller(self._reference, config.audio)
            self._on_output = _heard_by(self._reference, self._on_output)
        self._near_ear = NearEar(
            streams,
            self._capture,
            self._player,
            self.controls,
            canceller,
            config,
            clock,
            tell=self.warn,
            send=self._outgoing.sound,
            closed=lambda: self._outgoing.ask(to.LetGo()),
        )
        self._near_ear.idle = lambda: self.idle
        self._far_end.on_ready = self._listen
        self._workers = [
            Worker("near ear", lambda: self._near_ear.run(self._stop), lambda: None),
            self._link.worker,
        ]

    def start(self) -> None:
        """Open the devices and begin to connect; the first `Listening` is told when the server is ready.

        Raises DeviceError.
        """
        self._streams.start(self._capture.on_block, self._on_output)
        self._near_ear.hearing.check(listens=False)  # with which devices it begins is told first
        for worker in self._workers:
            worker.start()

    def close(self, timeout_s: float = 0.8) -> bool:
        """Say good-bye to the server, and give back the devices; say whether all ended in time."""
        self._stop.set()
        self._link.stop()
        deadline = self._clock.now() + timeout_s
        ended = [worker.join(max(0.0, deadline - self._clock.now())) for worker in self._workers]
        released = self._streams.close()
        self.events.close()
        self.facts.close()
        return released and all(ended)

    def tell_losses(self) -> None:
        """Warn of each counter that should be zero and is not, once; for views that do not show them."""
        for name, count in self._losses().items():
            if count and name not in self._told and name != EVENTS_LOST:  # each reader tells its own
                self._told.add(name)
                self.warn(f"{LOST[name]} ({name}: {count} so far)", _REMEDIES[name])

    def warn(self, found: str, remedy: str) -> None:
        """Tell all readers what is wrong, and what to do. Raises ChannelClosed after the end."""
        self.events.put(Warned(self._clock.now() - self._began, found, remedy))

    def check(self) -> None:
        """Raise what ends the talk. Raises DeviceError, ServerError; StageError for any other exception."""
        for worker in self._workers:
            match worker.failure:
                case None:
                    pass
                case Exception() as failure if not isinstance(failure, VoicecliError):
                    raise broken(worker.name, failure) from failure
                case failure:
                    raise failure

    @property
    def failed(self) -> bool:
        """Whether `check` raises what ends the talk."""
        return any(worker.failure is not None for worker in self._workers)

    @property
    def idle(self) -> bool:
        """Whether the talk listens, the user is silent, and nothing is on its way."""
        far = self._far_end
        quiet = far.ready and not far.link and far.doing == "listening"
        return quiet and self._player.over and self._outgoing.waiting_s < SENT_S

    def status(self) -> Status:
        """How the talk is at this moment, for a live view."""
        ear, far, controls = self._near_ear, self._far_end, self.controls
        return Status(
            state=self._state(),
            level_dbfs=ear.level_dbfs,
            floor_dbfs=ear.floor_dbfs,
            microphone=self._streams.microphone.name,
            loudspeaker=self._streams.loudspeaker.name,
            model=far.model,
            hint=far.hint,
            losses=self._losses(),
            barge_in=ear.hearing.barge_in,
            loading=far.link,
            again_in_s=None if far.again_at is None else max(0.0, far.again_at - self._clock.now()),
            threshold_dbfs=ear.threshold_dbfs,
            microphone_muted=controls.microphone_muted,
            voice_muted=controls.voice_muted,
            push_to_talk=controls.push_to_talk,
            talk_key_down=controls.open and controls.push_to_talk,
            devices_reopened=ear.hearing.reopened,
        )

    def buffers(self) -> list[BufferFill]:
        """Every place on this side where sound, requests or events wait."""
        jitter = self._player.jitter
        ms = 1000 / jitter.rate_hz
        ahead = jitter_sound(jitter.capacity * ms / 1000)
        canceller = self._near_ear.canceller
        return [
            self._capture.stats(POLL_S * 1000 / 2),
            *self._near_ear.converter.stats(),
            *([self._reference.stats()] if self._reference else ()),
            *(canceller.stats() if canceller else ()),
            *self._outgoing.filled(),
            *self._player.filled(),
            ahead.filled(round(jitter.waiting * ms), round(jitter.peak * ms), self._player.gaps),
            *self.events.filled(),
        ]

    def look_at(self, probe: Probe) -> None:
        """Show whoever looks at the boundaries what the microphone gives, and what is handed on of it."""
        self._near_ear.probe = probe

    def _state(self) -> State:
        if self._far_end.link:
            return "loading" if self._far_end.connected else "offline"
        return "speaking" if self._player.jitter.sounding else self._far_end.doing

    def _losses(self) -> dict[str, int]:
        return {
            "microphone overflows": self._capture.overflows,
            "microphone samples lost": self._capture.lost,
            "loudspeaker underflows": self._player.jitter.device_underruns,
            _GAPS: self._player.gaps,
            "pieces of speech lost": 0,
            SOUND_UNSENT: self._outgoing.lost,
            EVENTS_LOST: self.events.lost,
        }

    def _listen(self) -> None:
        self._near_ear.listens = True

    def _ask(self, fact: Fact) -> None:
        """A key was pressed, or a line typed: the server is to know."""
        match fact:
            case Pressed("talk"):
                self._outgoing.ask(to.Opened())
            case Pressed(key):
                self._outgoing.ask(to.KeyPress(key))
            case Typed(text):
                self._outgoing.ask(to.TypedLine(text))
            case _:
                pass


def _heard_by(reference: Reference, pull: OnOutput) -> OnOutput:
    """Audio thread: what fills the loudspeaker's blocks is also the echo canceller's reference."""

    def on_output(block: Int16, at: float, device_ran_dry: bool) -> None:  # noqa: FBT001
        pull(block, at, device_ran_dry)
        reference.on_block(block, at)

    return on_output
