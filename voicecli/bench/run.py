"""Questions -> a report: a real talk asked in real time, on simulated devices or real ones."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.bench.figures import counted, critical_path, figures, stage_figures
from voicecli.bench.findings import LOSSES, VERSION, Cpu, Definitions, MeasuredTurn, Models, Report
from voicecli.bench.taped import TapedStreams
from voicecli.errors import EngineError
from voicecli.measure import computer as machine
from voicecli.measure.alone import run_alone
from voicecli.measure.timed_engines import Meter, engine_figures, watched
from voicecli.measure.wires import heard
from voicecli.models.choice import recogniser_name, voice_name
from voicecli.talk import Talk
from voicecli.threads.channel import ChannelClosed

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.engines import Session
    from voicecli.measure.questions import Question
    from voicecli.measure.timed_engines import Call
    from voicecli.system.clock import Clock
    from voicecli.waiting.buffers import BufferFill

QUIET_S = 1.0
"""s of silence between an answer and the next question."""

IDLE_S = 5.0
"""s of silence in which the cost of listening is measured; CPU time is counted in steps of 10 ms."""

LONGEST_TURN_S = 90.0
"""s after which a turn counts as hanging."""

LONGEST_STEP_S = 1.0
"""s. If more time lies between two checks, the computer was asleep or the program stopped; only this much
counts as waiting."""

TICK_S = 0.05

SIMULATED = "simulated"

SUMMED = {
    "xruns": ("microphone overflows", "loudspeaker underflows"),
    "samples_lost": ("microphone samples lost",),
    "gaps_in_the_reply": ("gaps in the reply",),
    "speech_lost": ("pieces of speech lost",),
    "events_lost": ("events lost",),
}
"""Name of a loss in the report -> counters of the talk's status; the loss is their sum."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of a run."""

    streams: AudioStreams
    name: str
    """Names of the devices, for people; `simulated` if they are simulated."""
    round_trip_ms: float | None = None
    """Time from loudspeaker to microphone, measured with chirps."""
    correction_ms: float = 0.0
    """Latency that these devices do not report; the bench adds it to every total, as a part of `playback`."""


class Bench:
    """One run: `run` asks until `stop` is set, `report` tells what has been measured so far."""

    def __init__(
        self,
        session: Session,
        devices: Devices,
        config: Config,
        clock: Clock,
        stop: threading.Event,
        tell: Callable[[str], None],
        tapped: Callable[[AudioStreams], AudioStreams] = lambda streams: streams,
    ) -> None:
        """`session` is warm; `tell` takes a line of progress; `tapped` may wrap the devices."""
        config = _without_cues(config)
        self._config, self._clock, self._stop, self._tell = config, clock, stop, tell
        self._devices = devices
        self._meter = Meter(clock)
        self._session = watched(session, self._meter)
        self._streams = TapedStreams(devices.streams, clock, config.audio.latency_ms / 1000)
        self.talk = Talk(tapped(self._streams), self._session, config, clock, clock.now())
        self._reader = self.talk.events.reader("bench", wants=_measured)
        self._events: list[events.Event] = []
        self._turns: list[MeasuredTurn] = []
        self._alone: list[Call] = []
        self._busy: list[Call] = []
        self._idle_percent: float | None = None
        self._talk_began = self._talk_ended = machine.spent(clock.now())
        self._losses: dict[str, int] = {}
        self._buffers: list[BufferFill] = []

    def run(self, questions: Sequence[Question], turns: int) -> None:
        """Ask one question to warm up, which does not count; then `turns` ones, in order and again in order.

        Raises EngineError if the talk cannot answer or an answer does not end, and the error of a stage that
        failed.
        """
        self._tell("each engine alone")
        clips = [question.samples for question in questions[:3]]
        run_alone(self._session, self._config, clips, self._streams.microphone.rate_hz, self._stop)
        self._alone = self._meter.take()
        asked = itertools.islice(itertools.cycle(questions), 1, turns + 1)
        try:
            self.talk.start()
            self._until_quiet(0.0)
            self._listen_to_nobody()
            self._warm_up(questions[0])
            for number, question in enumerate(asked, 1):
                if self._stop.is_set():
                    break
                self._measure(number, turns, question)
        finally:
            self.talk.close()

    def _until_quiet(self, quiet_s: float) -> None:
        """Wait until the user has ended, the agent has answered and both were silent for `quiet_s`."""
        before, waited_s, quiet_since = self._clock.now(), 0.0, None
        while not self._stop.is_set():
            self._drain()
            now = self._clock.now()
            waited_s += min(now - before, LONGEST_STEP_S)
            before = now
            if waited_s > LONGEST_TURN_S:
                raise EngineError(
                    f"the talk is not done after {LONGEST_TURN_S:.0f} s",
                    "see that the language model answers: voicecli demo",
                )
            if not (self._streams.user.finished and self.talk.idle):
                quiet_since = None
                continue
            quiet_since = now if quiet_since is None else quiet_since
            if now - quiet_since >= quiet_s:
                return

    def _drain(self) -> None:
        self.talk.check()
        try:
            self._events.append(self._reader.get(TICK_S))
            while self._reader.stats().fill:
                self._events.append(self._reader.get(0))
        except (TimeoutError, ChannelClosed):
            pass

    def _listen_to_nobody(self) -> None:
        self._tell(f"listening to nobody for {IDLE_S:.0f} s")
        before = machine.spent(self._clock.now())
        if not self._clock.wait(self._stop, IDLE_S):
            self._idle_percent = machine.percent_of_core(before, machine.spent(self._clock.now()))

    def _ask(self, question: Question) -> None:
        self._streams.spoken.take()
        self._streams.played.take()
        self._events.clear()
        self._streams.user.say(iter([question.samples]))
        self._until_quiet(QUIET_S)

    def _warm_up(self, question: Question) -> None:
        self._tell("a turn to warm up")
        self._ask(question)
        for event in self._events:
            if isinstance(event, events.Failed):
                raise EngineError(event.message, event.remedy)
        self._meter.take()
        self._talk_began = machine.spent(self._clock.now())

    def _measure(self, number: int, turns: int, question: Question) -> None:
        self._ask(question)
        if self._stop.is_set():
            return  # the turn was not finished
        wires = heard(self._streams.spoken.take(), self._streams.played.take())
        hidden_ms = self._devices.correction_ms
        done = [event for event in self._events if isinstance(event, events.TurnDone)]
        # The last reply answers the whole question; earlier ones were dropped.
        last = next((event for event in reversed(done) if event.latency_ms), None)
        turn = MeasuredTurn(
            turn=number,
            question=question.text,
            latency_ms=_corrected(last.latency_ms, hidden_ms) if last else {},
            wire_total_ms=None if wires.gap_ms is None else round(wires.gap_ms + hidden_ms, 1),
            decided_ms=last.decided_ms if last else None,
            drafts_dropped=sum(event.drafts_dropped for event in done),
            drafts_dropped_ms=round(sum(event.drafts_dropped_ms for event in done), 1),
            prompt_tokens=last.prompt_tokens if last else None,
            prompt_tokens_evaluated=last.prompt_tokens_evaluated if last else None,
            cut_in=wires.cut_in,
        )
        self._turns.append(turn)
        self._busy += self._meter.take()
        self._talk_ended = machine.spent(self._clock.now())
        self._losses = self._counted_losses()
        self._buffers = self.talk.buffers()
        failure = next((event.message for event in self._events if isinstance(event, events.Failed)), "")
        self._tell(f"{number} of {turns}: {failure or _outcome(turn)}")

    def _counted_losses(self) -> dict[str, int]:
        counts = dict(self.talk.status().losses)
        losses = {name: sum(counts.pop(each, 0) for each in SUMMED.get(name, ())) for name in LOSSES}
        if self._devices.name == SIMULATED:  # real devices report their losses themselves
            losses["xruns"] += self._streams.late
        losses["turns_without_answer"] = sum(not turn.latency_ms for turn in self._turns)
        losses["cut_ins"] = sum(turn.cut_in for turn in self._turns)
        return losses | {name.replace(" ", "_"): count for name, count in counts.items()}

    def report(self) -> Report:
        """What has been measured so far; if the run was stopped, only turns that were finished."""
        config = self._config
        counted_turns = counted(self._turns)
        return Report(
            version=VERSION,
            made=datetime.now().astimezone().isoformat(timespec="seconds"),
            voicecli=version("voicecli"),
            machine=machine.describe(),
            models=Models(
                recogniser_name(config.transcribe),
                self._session.generator.it.name,
                voice_name(config.synthesize),
            ),
            definitions=Definitions(),
            turns=list(self._turns),
            stages=stage_figures(self._turns),
            wire_total=figures(
                [turn.wire_total_ms for turn in counted_turns if turn.wire_total_ms is not None]
            ),
            decided=figures([turn.decided_ms for turn in counted_turns if turn.decided_ms is not None]),
            critical_path=critical_path(self._turns),
            engines=engine_figures(self._alone, self._busy),
            cpu=Cpu(
                machine.percent_of_core(self._talk_began, self._talk_ended),
                self._idle_percent,
                machine.resident_mb(),
                machine.peak_mb(),
            ),
            losses=self._losses,
            buffers=self._buffers,
            devices=self._devices.name,
            round_trip_ms=self._devices.round_trip_ms,
        )


def _measured(event: events.Event) -> bool:
    return isinstance(event, events.TurnDone | events.Failed)


def _without_cues(config: Config) -> Config:
    """Switch cues off: the bench finds the first sound of a reply by its level, so nothing else may sound."""
    return config.model_copy(update={"turn": config.turn.model_copy(update={"thinking": "off"})})


def _corrected(latency_ms: Mapping[str, float], hidden_ms: float) -> dict[str, float]:
    """Add the latency that the devices do not report, as a part of `playback`."""
    late = {stage: round(latency_ms[stage] + hidden_ms, 1) for stage in ("playback", "total")}
    return {**latency_ms, **late}


def _outcome(turn: MeasuredTurn) -> str:
    if turn.cut_in:
        return "cut in before the question had ended"
    return f"{turn.latency_ms['total']:.0f} ms" if turn.latency_ms else "no answer"
