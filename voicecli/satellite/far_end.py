"""The talk as the server tells it: messages -> events, sound and states; and what is sent back.

    link          opened, text, binary, lost, due      calls, on its one thread
    views         status, events                       any thread

A talk outlives its connections. Where the server has kept it, it is taken up again; else a new one begins
there, which is told what was said. The times of events are shifted to this side's, and turns are counted on.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicecli import events
from voicecli.satellite.protocol import meanings as it
from voicecli.satellite.protocol import requests as to
from voicecli.satellite.protocol.dialogue import Dialogue
from voicecli.satellite.to_wire import ToWire
from voicecli.threads.channel import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from voicecli.events import Event
    from voicecli.satellite.outgoing import Outgoing, Parcel
    from voicecli.satellite.player import Player
    from voicecli.satellite.protocol.meanings import Meaning
    from voicecli.satellite.server_url import ServerAt
    from voicecli.system.clock import Clock
    from voicecli.threads.log import Log

Doing: TypeAlias = Literal["listening", "hearing", "thinking"]

REPORT_S = 0.1
"""How often the server is told how far a reply was played."""

KEPT_TURNS = 20
"""Turns that a new talk is told of."""

KEPT_CHARS = 2_000
"""Characters of each side of such a turn."""

SETTLES_S = 10.0
"""A server that has not answered the settings for so long is spoken to as it is; a voicecli answers them, and
until then nobody knows the rate of the sound that it takes."""


class FarEnd:
    """One talk, over any number of connections."""

    def __init__(
        self,
        at: ServerAt,
        wishes: to.Wishes,
        player: Player,
        outgoing: Outgoing,
        log: Log[Event],
        clock: Clock,
        began: float,
    ) -> None:
        """`began` is the time on `clock` from which the `t` of events is counted, s."""
        self.at = at
        self.link = f"connecting to {at.shown}"
        """What is being waited for, for people; empty while the talk goes on."""
        self.connected = False
        """Whether there is a session with the server."""
        self.again_at: float | None = None
        """When the next attempt to connect begins, on the clock; None while one is under way."""
        self.ready = False
        """Whether the talk has begun: it listens, or has listened."""
        self.model = ""
        self.hint = ""
        self.doing: Doing = "listening"
        self.known = False
        """Whether this server has held a talk with us."""
        self.token = ""
        """With which the talk can be taken up again."""
        self.on_ready: Callable[[], None] = lambda: None
        """Called once, when the talk has begun."""
        self._wishes = wishes
        self._player = player
        self._outgoing = outgoing
        self._log = log
        self._clock = clock
        self._began = began
        self._dialogue = Dialogue()
        self._to_wire = ToWire()
        self._settled = False
        self._opened_at = 0.0
        self._report_at = 0.0
        self._unread_told = False
        self._lost_told = False
        self._shift_s: float | None = None  # from the server's times to ours
        self._turns_before = self._newest_turn = 0
        self._open: dict[int, str] = {}  # turns under way, and what the user said in them
        self._history: deque[tuple[str, str]] = deque(maxlen=KEPT_TURNS)

    # ---- link: what comes

    @property
    def may_send(self) -> bool:
        """Whether sound and requests may be sent: the settings are in effect."""
        late = self._opened_at and self._clock.now() - self._opened_at > SETTLES_S
        return self._settled or bool(late and not self._dialogue.offers.extended)

    @property
    def last_id(self) -> str:
        """Id of the newest event that came."""
        return self._dialogue.last_id

    def opened(self) -> None:
        """There is a socket; the server speaks first."""
        self.again_at = None
        self._settled = False
        self._to_wire = ToWire()
        self._opened_at = self._clock.now()

    def text(self, text: str) -> list[str]:
        """A message came; give what is to be answered at once."""
        return self._take(self._dialogue.text(text, self._t()))

    def binary(self, data: bytes) -> list[str]:
        """A message of sound came."""
        return self._take(self._dialogue.binary(data))

    def lost(self, why: str, wait_s: float, *, forgotten: bool) -> None:
        """The connection is gone, or was not made: `why` completes "the connection to NAME ..."."""
        self._settled = self.connected = False
        self.again_at = self._clock.now() + wait_s
        if forgotten:
            self.token = ""
        self.link = f"the connection to {self.at.shown} {why}; trying again"
        if not self._lost_told:
            self._lost_told = True
            self._warn(
                f"the connection to {self.at.shown} {why}",
                "it is tried again until you end the talk with Ctrl-C",
            )

    def due(self) -> list[str]:
        """Look after the reply that plays; give the reports that are due."""
        now = self._clock.now()
        self._player.look(now)
        answers: list[str] = []
        if self._player.over:
            answers += self._take(self._dialogue.played(self._t()))
        if self._dialogue.unread and not self._unread_told:
            self._unread_told = True
            self._warn(f"{self.at.shown} sends what cannot be read", "use the same version on both sides")
        if now >= self._report_at and self._settled and self._dialogue.offers.extended:
            self._report_at = now + REPORT_S
            if (played := self._player.report(now)) is not None:
                answers.append(to.playout(played))
        return answers

    def messages(self, parcel: Parcel) -> Iterable[str | bytes]:
        """What to send for a parcel, as this server understands it."""
        match parcel:
            case to.KeyPress() | to.TypedLine() | to.Opened() | to.LetGo():
                return self._asked(parcel)
            case _:
                return [to.sound(block, self._dialogue.offers) for block in self._to_wire.push(parcel)]

    def _asked(self, request: to.Asked) -> list[str]:
        if not self._dialogue.offers.extended:
            match request:
                case to.TypedLine(text):
                    self._take(self._dialogue.typed(text, self._t()))
                case to.KeyPress("interrupt") | to.Opened():
                    self._player.silence(self._clock.now())
                case _:
                    pass
        return to.asked(request, self._dialogue.offers)

    # ---- what it means

    def _take(self, meanings: Iterator[Meaning]) -> list[str]:
        answers: list[str] = []
        now = self._clock.now()
        for meaning in meanings:
            match meaning:
                case it.Began():
                    answers += self._begin(meaning)
                case it.Settled(offers):
                    self._settled = True
                    if offers.input_hz != self._to_wire.rate_hz:
                        self._to_wire = ToWire(offers.input_hz)
                case it.EventTold(event):
                    self._tell(event)
                case it.Sounds(block):
                    self._player.take(block, now)
                case it.Cleared(reply):
                    self._player.clear(reply, now)
                case it.AllSent():
                    self._player.whole(now)
                case it.Cut(item_id):
                    answers.append(to.truncated(item_id, self._player.played_ms(now)))
        return answers

    def _begin(self, began: it.Began) -> list[str]:
        self.token = began.token
        again, self.known, self.connected = self.known, True, True
        if self._lost_told and again:
            self._warn(f"the connection to {self.at.shown} is there again", "")
        self._lost_told = False
        self.link = "" if self.ready else f"the models of {self.at.shown}"
        if began.resumed:
            if began.heard_ms is not None:
                self._outgoing.again(began.heard_ms)
            return []
        if again:
            self._begin_anew()
        if not began.offers.extended:  # it tells nothing of its models
            self._tell(events.Listening(self._t(), model=began.model or None))
        return list(to.opening(self._wishes, list(self._history), extended=began.offers.extended))

    def _begin_anew(self) -> None:
        """The talk before is over; a new one takes its place."""
        self._player.begin_session(self._clock.now())
        for turn in list(self._open):
            self._finish(events.TurnDone(self._t(), turn, ""))
        self._turns_before = self._newest_turn
        self._shift_s = None
        self.doing = "listening"

    def _tell(self, event: Event) -> None:
        """An event of the server's: in this side's time and turns."""
        now_t = self._t()
        if self._shift_s is None:
            self._shift_s = now_t - event.t
        event = dataclasses.replace(event, t=min(now_t, event.t + self._shift_s))
        match event:
            case events.Listening() | events.MicrophoneLevel() | events.QualityStepped():
                pass
            case _ if event.turn is not None:
                event = dataclasses.replace(event, turn=event.turn + self._turns_before)
                self._newest_turn = max(self._newest_turn, event.turn or 0)
            case _:
                pass
        self._finish(event)

    def _finish(self, event: Event) -> None:
        """Take note of an event, and tell it."""
        match event:
            case events.Listening():
                self.doing = "listening"
                self.hint = event.hint or self.hint
                if event.model:
                    self.model = f"{event.model}, at {self.at.shown}"
                    event = dataclasses.replace(event, model=self.model)
                self._listens()
            case events.SpeechBegan():
                self.doing = "hearing"
            case events.Heard(turn=turn, text=text):
                self.doing = "thinking"
                self._open[turn] = text
            case events.ReplyClause(turn=turn):
                self._open.setdefault(turn, "")
            case events.TurnDone(turn=turn, heard=heard):
                said = self._open.pop(turn, "")
                if heard:
                    self._history.append((said[:KEPT_CHARS], heard[:KEPT_CHARS]))
            case _:
                pass
        self._put(event)

    def _listens(self) -> None:
        self.link = ""
        if not self.ready:
            self.ready = True
            self.on_ready()

    def _t(self) -> float:
        return self._clock.now() - self._began

    def _warn(self, found: str, remedy: str) -> None:
        self._put(events.Warned(self._t(), found, remedy))

    def _put(self, event: Event) -> None:
        try:
            self._log.put(event)
        except ChannelClosed:  # nobody is left to be told
            return
