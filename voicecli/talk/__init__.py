"""A talk: facts in, orders out, one floor between. The words: docs/words.md; the map: docs/architecture.md.

    thread   owns                                            sleeps on
    ear      capture, converter, canceller, detector, gate   nothing: it polls its ring
    scribe   speech to text                                  its inbox
    judge    the end-of-turn model                           its inbox
    author   the language model, clauses                     its inbox
    mouth    the voice, what was pushed to be played         its inbox, until something of that is due

They decide nothing. The floor (`voicecli.floor`) does, on the thread of the worker that reports a fact
(`crew.post`). What an engine raises is such a fact: it ends a turn, and three in a row end the talk. What a
worker raises by itself is kept, and `check` raises it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import VoicecliError
from voicecli.events import Warned
from voicecli.listen.gate.segment import State
from voicecli.reply.guarded import GuardedGenerator
from voicecli.status import Status
from voicecli.talk.attempts import broken
from voicecli.talk.crew import Crew
from voicecli.talk.report import SHOWN, Losses, places
from voicecli.threads.worker import Worker
from voicecli.waiting.buffers import EVENTS_LOST, LOST, REMEDIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.audio.probe import Probe
    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.engines import Session
    from voicecli.events import Event
    from voicecli.floor import Floor
    from voicecli.floor.stages import Stage
    from voicecli.status import State as TalkState
    from voicecli.system.clock import Clock
    from voicecli.threads.log import Log
    from voicecli.waiting.buffers import BufferFill


class Talk:
    """A running talk, from `start` until `close`: a thread for each worker, and what views may ask."""

    def __init__(
        self,
        streams: AudioStreams,
        session: Session,
        config: Config,
        clock: Clock,
        began: float,
        *,
        push_to_talk: bool = False,
        history: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`began` is the time on `clock` from which the `t` of events is counted, s.

        `history`: what the user said before and what the agent answered, turn after turn.
        """
        self._streams = streams
        self._config = config
        self._session = session
        self._clock = clock
        self._told: set[str] = set()
        self._losses = Losses()
        self.crew = crew = Crew(
            streams, session, config, clock, began, push_to_talk=push_to_talk, history=history
        )
        self.controls = crew.controls
        """What keys may ask for."""
        self.events: Log[Event] = crew.events
        """What views are told, for any number of readers; one made before `start` misses nothing."""
        self.facts = crew.facts
        """What the workers report, for any number of readers."""
        bodies = {
            "ear": crew.listen,
            "scribe": crew.scribe.run,
            "judge": crew.judge.run,
            "author": crew.author.run,
            "mouth": crew.mouth.run,
        }
        self._workers = [Worker(name, body, lambda: None) for name, body in bodies.items()]

    def start(self) -> None:
        """Open the devices and begin; the first `Listening` is told when all is warm. Raises DeviceError."""
        self._streams.start(self.crew.capture.on_block, self.crew.on_output)
        self.crew.ear.hearing.check(listens=False)  # which devices it begins with is told before `Listening`
        self.crew.begin()
        for worker in self._workers:
            worker.start()

    def close(self, timeout_s: float = 0.8) -> bool:
        """Stop the reply, then the workers, then the devices; say whether all ended in time.

        It closes the session as well: a request to a language model could last as long as the server likes.
        """
        self.crew.close()
        self._session.close()
        deadline = self._clock.now() + timeout_s
        ended = [worker.join(max(0.0, deadline - self._clock.now())) for worker in self._workers]
        released = self._streams.close()
        self.events.close()
        self.facts.close()
        return released and all(ended)

    def tell_losses(self) -> None:
        """Warn of each counter that should be zero and is not, once; for views that do not show them."""
        for name, count in self.status().losses.items():
            if count and name not in self._told and name != EVENTS_LOST:  # each reader tells its own
                self._told.add(name)
                self.warn(f"{LOST[name]} ({name}: {count} so far)", REMEDIES[name])

    def warn(self, found: str, remedy: str) -> None:
        """Tell all readers what is wrong, and what to do. Raises ChannelClosed after the end."""
        self.events.put(Warned(self.crew.floor.elapsed_s(self._clock.now()), found, remedy))

    def look_at(self, probe: Probe) -> None:
        """Show whoever looks at the boundaries what crosses them; before `start`."""
        self.crew.ear.probe = self.crew.mouth.probe = probe

    def check(self) -> None:
        """Raise what a worker failed with, if one has; warn of an engine that hangs.

        Raises DeviceError; StageError, where an engine fails again and again, and for any other exception.
        """
        if (end := self.crew.looked_at(lambda floor: floor.end)) is not None:
            raise end
        for stage, report, run in self.crew.given_up():
            self._begin_anew(stage, report, run)
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
        """Whether `check` raises, or would have raised, what ends the talk."""
        ends = self.crew.looked_at(lambda floor: floor.end) is not None
        return ends or any(worker.failure is not None for worker in self._workers)

    def _begin_anew(self, stage: Stage, report: Callable[[], None], run: Callable[[], None]) -> None:
        """Put a new thread in the place of one that hangs in an engine."""

        def body() -> None:
            report()
            run()

        worker = Worker(f"{stage.name}, anew", body, lambda: None)
        self._workers.append(worker)
        worker.start()

    @property
    def idle(self) -> bool:
        """Whether the talk listens, the user is silent and every turn is final."""
        return self.crew.looked_at(lambda floor: floor.idle)

    def status(self) -> Status:
        """How the talk is at this moment, for a live view."""
        ear, controls, generator = self.crew.ear, self.crew.controls, self._session.generator.it
        state, ready, pieces, cut_offs, means = self.crew.looked_at(
            lambda floor: (
                self._state(floor),
                floor.ready,
                floor.scribing.stats().losses,
                floor.memory.cut_offs,
                (floor.exchange.means.level, floor.exchange.means.without, floor.exchange.means.stepped),
            )
        )
        jitter, events_lost = self.crew.playback.jitter, self.events.lost
        waits: dict[str, int] = {}
        for place in (place for place in self.crew.waits() if place.name in SHOWN):
            waits[place.unit] = waits.get(place.unit, 0) + round(place.fill or 0)
        return Status(
            state=state,
            level_dbfs=ear.level_dbfs,
            floor_dbfs=ear.segmenter.floor.dbfs,
            microphone=self._streams.microphone.name,
            loudspeaker=self._streams.loudspeaker.name,
            model=generator.name,
            hint=self._session.hint,
            losses=self._losses.counted(self.crew.capture, jitter, pieces, events_lost, ready=ready),
            barge_in=ear.hearing.barge_in,
            loading=f"the language model: {generator.name}",
            threshold_dbfs=ear.segmenter.threshold_dbfs,
            heard_so_far=self.crew.playback.heard(self._clock.now()),
            waiting=waits,
            microphone_muted=controls.microphone_muted,
            voice_muted=controls.voice_muted,
            push_to_talk=controls.push_to_talk,
            talk_key_down=controls.open and controls.push_to_talk,
            cut_offs=cut_offs,
            devices_reopened=ear.hearing.reopened,
            pressure=means[0],
            without=means[1],
            stepped=means[2],
            breaker=generator.breaker if isinstance(generator, GuardedGenerator) else None,
        )

    def buffers(self) -> list[BufferFill]:
        """Every place where sound, text or events wait, in the order in which sound passes them."""
        return places(self._streams, self.crew, self._config)

    def _state(self, floor: Floor) -> TalkState:
        if not floor.ready:
            return "loading"  # a server may take minutes for it
        if floor.speech.gate in (State.SPEAKING, State.STOPPING):
            return "hearing"
        if floor.exchange.settled == floor.exchange.newest:
            return "listening"
        return "speaking" if self.crew.playback.jitter.sounding else "thinking"
