"""The microphone and loudspeaker of a client at the other end of a socket, as `AudioStreams`.

    heard(samples)  ->  ring  ->  on_input    at once; a client that was late is caught up with
    send(block)     <-  on_output             at most LEAD_S before the time at which it is due, or as far as
                                              the client's credit goes

The loudspeaker's clock is this side's, unless the client reports how far it has played (`way`): sound leaves
as it would be played, so that an interruption has little to take back, and what was heard is known to within
the lead. While the socket takes no more, the clock stands still, as with a paused loudspeaker.

While the connection is lost the loudspeaker is held, and the microphone is silent after a while.

Relies on: `heard`, `lose` and `take_up` on one thread, the callbacks on a thread of this object's own.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.streams import StreamFormat
from voicecli.errors import DeviceError
from voicecli.serve.client.incoming_sound import IncomingSound
from voicecli.serve.client.way import OnItsWay

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import Notice, OnInput, OnOutput
    from voicecli.messages import Int16
    from voicecli.serve.client.sounding import PlayedSound
    from voicecli.serve.client.way import Voiced
    from voicecli.system.clock import Clock
    from voicecli.waiting.buffers import BufferFill

BLOCK_S = 0.02
LEAD_S = 0.3
"""s of sound that may be sent before they are due: enough for a network's jitter, and little to take back."""

WORTH_S = 0.01
"""So much sound of a client is worth a look at once, s; a client that sends it in crumbs costs no more."""

SOON_S = 0.005
"""So often it looks while a reply waits to be let sound; else every BLOCK_S."""


class RemoteStreams:
    """Both devices of one client, at one rate each."""

    def __init__(
        self,
        clock: Clock,
        rates_hz: tuple[int, int],
        send: Callable[[Voiced], None],
        may_send: Callable[[], bool],
        clear: Callable[[int], None] = lambda _: None,
        way: OnItsWay | None = None,
    ) -> None:
        """`rates_hz`: of the microphone and the loudspeaker. `send` and `clear` must not wait.

        `may_send` tells whether the socket takes more. `clear` tells the client to drop what it has of the
        replies up to this number. `way`: what the client is owed, and in which reply; None: nothing so far.
        """
        self.microphone = StreamFormat("the client's microphone", rates_hz[0], 1, BLOCK_S)
        self.loudspeaker = StreamFormat("the client's loudspeaker", rates_hz[1], 1, BLOCK_S)
        self._clock = clock
        self._send = send
        self._may_send = may_send
        self._clear = clear
        self.way = way or OnItsWay(rates_hz[1])
        self._incoming = IncomingSound(clock, rates_hz[0])
        self._playout: PlayedSound | None = None
        self._overdue: Callable[[], None] = lambda: None
        self._due = clock.now()
        self._drops, self._cut = 0, False  # a reply was dropped, and nothing has sounded since
        self._faded: Int16 | None = None  # the fade before a hold, which the client was not sent
        self._block = round(BLOCK_S * rates_hz[1])
        self._block_s = self._block / rates_hz[1]  # of some rates 20 ms are no whole number of samples
        self.losses = 0
        """How often the connection was lost."""
        self._lost, self._still, self._losses_seen = False, False, 0
        self._stop, self._wake = False, threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def follow(self, playout: PlayedSound, overdue: Callable[[], None] = lambda: None) -> None:
        """Before `start`: ask this what is about to sound; call `overdue` when the client reports no more."""
        self._playout, self._overdue = playout, overdue

    def heard(self, samples: Int16, *, after_gap: bool = False) -> None:
        """Take (n,) int16 that the client's microphone heard; `after_gap`: the client lost some before it."""
        self._incoming.heard(samples, after_gap=after_gap)
        if self._incoming.waiting_s >= WORTH_S:
            self._wake.set()

    def listen(self) -> None:
        """The talk listens: give it what has come, and what comes. Until then it waits here."""
        self._incoming.listen()

    def lose(self) -> None:
        """The connection is lost: hold the loudspeaker; what has not sounded will be sent again."""
        self.losses += 1
        self._lost, self._incoming.connected = True, False

    def take_up(self) -> None:
        """There is a connection again."""
        self._lost = False
        self._incoming.take_up()

    def once_heard(self, call: Callable[[], None]) -> None:
        """Call this, from the thread of the devices, once all that has come by now was heard."""
        self._incoming.once_heard(call)

    @property
    def lost(self) -> int:
        """Samples lost because the client sent more than it could have heard."""
        return self._incoming.lost

    def stats(self) -> BufferFill:
        """Sound of the client's that waits."""
        return self._incoming.stats()

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both callbacks, from a thread of their own."""
        self._due = self._clock.now()
        self._incoming.begin()
        self._thread = threading.Thread(
            target=self._run, args=(on_input, on_output), name="remote devices", daemon=True
        )
        self._thread.start()

    def _run(self, on_input: OnInput, on_output: OnOutput) -> None:
        try:
            at = self._clock.now()
            while not self._stop:
                self._clock.wait(self._wake, max(0.0, at - self._clock.now()))
                self._wake.clear()
                self.hear(on_input)
                if self._clock.now() >= at:
                    self.sound(on_output)
                    at = max(at + (SOON_S if self._soon else BLOCK_S), self._clock.now())
        except Exception as failure:  # noqa: BLE001  # told by `poll`
            self._failure = failure

    @property
    def _soon(self) -> bool:
        """Whether a reply is there that may be let sound at any moment."""
        playout = self._playout
        return playout is not None and playout.waiting_s > 0 and not (playout.sounding or playout.on_hold)

    def hear(self, on_input: OnInput) -> None:
        """Give what has come of the client's microphone; silence where long nothing has."""
        self._incoming.hear(on_input)

    def sound(self, on_output: OnOutput) -> None:
        """Send what is due, and as much of what comes after it as there is, up to the lead or the credit."""
        playout, now = self._playout, self._clock.now()
        self._due = max(self._due, now)
        if playout is None or self._stands_still(playout, now):
            return
        self._look(playout, now)
        while self._may_send():
            again = None if playout.on_hold else self._again(now)
            if again is None and not self._pull(playout, on_output, now):
                return
            self._due += self._block_s

    def _stands_still(self, playout: PlayedSound, now: float) -> bool:
        """Whether the connection is lost; then what has not sounded waits for the next one."""
        if self.losses != self._losses_seen:
            self._losses_seen, self._still = self.losses, True
            self.way.look(now)
            self.way.rewind(now)
            self._believe(playout)
        if not self._lost and self._still:
            self._still, self._due = False, now
            if not self.way.credit_s:
                playout.sounds_at(playout.pulled, now + self.way.again_s)
        return self._still

    def _believe(self, playout: PlayedSound) -> None:
        """Have the talk believe the client's reports, where there are some, or that all stands still."""
        way = self.way
        playout.follow(way.sounded if way.waits and (way.reports or self._still) else None)

    def _look(self, playout: PlayedSound, now: float) -> None:
        """Take note of reports; have the client drop what was dropped here, or is on hold."""
        way = self.way
        if way.look(now):
            self._overdue()
        if not playout.sounding and playout.complete and not playout.on_hold:
            way.ended()
        if playout.drops != self._drops:
            self._drops, self._cut, self._faded = playout.drops, True, None
            dropped = way.drop()
            if way.credit_s:
                way.ended()
            if way.credit_s and dropped is not None:
                self._clear(dropped)
        elif way.reports and playout.on_hold != way.held:
            losses = self._losses_seen
            about = way.pause(now, losses) if playout.on_hold else way.go_on(losses)
            if about is not None:
                self._send(about)
        self._believe(playout)

    def _again(self, now: float) -> Voiced | None:
        """Send the next block again, if there is one and it may be sent."""
        if not self.way.reports and self._due - now > LEAD_S - BLOCK_S:
            return None
        voiced = self.way.send_again(self._due, self._losses_seen)
        if voiced is not None:
            self._send(voiced)
        return voiced

    def _pull(self, playout: PlayedSound, on_output: OnOutput, now: float) -> bool:
        """Have the talk fill a block, and send it; False where nothing is to be sent now."""
        way, credit = self.way, self.way.reports
        if not (credit and playout.on_hold) and not self._may_pull(playout, now):
            return False
        block, before = np.zeros(self._block, np.int16), playout.pulled
        at = now + way.ahead_s(now) if credit else self._due
        on_output(block, at, False)
        if not (playout.sounding or block.any()):
            return False
        self._cut = self._cut and not playout.sounding
        held = not playout.sounding and playout.on_hold
        if credit and not playout.sounding and (self._cut or held):
            self._faded = None if self._cut else block  # the client fades by itself
            return False
        if self._faded is not None:  # as if it had not faded here: both halves make the whole
            block[:] = np.clip(block.astype(np.int32) + self._faded, -32768, 32767)
            self._faded = None
        advance = 0 if self._cut else playout.pulled - before
        fades, last = self._cut or held, not playout.sounding
        self._due, losses = at, self._losses_seen
        self._send(way.add(block, before, advance, at, fades=fades, last=last, losses=losses))
        return True

    def _may_pull(self, playout: PlayedSound, now: float) -> bool:
        """Whether another block is due, or may be sent ahead and is there."""
        way = self.way
        if way.again_s:
            return False
        if not way.reports:
            ahead_s = self._due - now
            return ahead_s <= BLOCK_S or (ahead_s <= LEAD_S - BLOCK_S and playout.waiting_s >= BLOCK_S)
        there_is = playout.waiting_s >= BLOCK_S or (playout.complete and playout.waiting_s > 0)
        return way.may_send(self._block) and (there_is or way.ahead_s(now) <= BLOCK_S)

    def poll(self, *, idle: bool = False) -> list[Notice]:  # a client's devices are its own
        """Tell nothing. Raises DeviceError when the thread ended by itself."""
        if self._failure is not None:
            raise DeviceError("the way to the client broke", "connect again") from self._failure
        return []

    def close(self) -> bool:
        """End the thread; say whether it ended in time."""
        self._stop = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        return self._thread is None or not self._thread.is_alive()
