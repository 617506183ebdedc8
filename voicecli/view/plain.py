"""Events for people without a moving display: one line each. For pipes, logs and screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TextIO, assert_never

from voicecli.events import (
    Cued,
    Dropped,
    Failed,
    Heard,
    Interrupted,
    Listening,
    MicrophoneLevel,
    Overheard,
    Partial,
    QualityStepped,
    ReplyClause,
    Speaking,
    SpeechBegan,
    TurnDone,
    Warned,
)
from voicecli.view.output import LineOutput
from voicecli.view.safe import safe
from voicecli.view.wording import dropped, how_to_interrupt, is_late, notice, stages, without

if TYPE_CHECKING:
    from types import TracebackType

    from voicecli.events import Event
    from voicecli.status import Status


class PlainView:
    """`talk --plain`: `  3.214  you: what time is it`, with the seconds since start."""

    def __init__(self, stdout: TextIO, *, verbose: bool = False) -> None:
        """`verbose`: what was dropped, and levels, are written as well."""
        self._output = LineOutput(stdout)
        self._verbose = verbose
        self._waits_for = ""
        self._with = ""
        self._model: tuple[str, str | None] = ("", None)
        self._greeted = False
        self._interrupting = ""
        self._recorded_in = ""
        self._record_late = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to undo."""

    def show(self, event: Event) -> None:
        """Write the event."""
        if isinstance(event, Dropped | MicrophoneLevel) and not self._verbose:
            return
        self._output.write(f"{event.t:7.3f}  {self._words(event)}")

    def tick(self, status: Status) -> None:
        """Say what is being loaded and how to interrupt, when that changes; check for the reader."""
        self._with = f"microphone: {safe(status.microphone)}; loudspeaker: {safe(status.loudspeaker)}"
        self._model = status.model, status.hint
        waits_for = ""
        if status.state == "loading":
            waits_for = f"loading {safe(status.loading) or 'models'}"
        elif status.state == "offline":
            waits_for = safe(status.loading)
        if waits_for != self._waits_for:
            self._waits_for = waits_for
            if waits_for:
                self._output.write(f"{'':7}  {waits_for}")
        self._tell_of_recording(status)
        interrupting = how_to_interrupt(status) if status.state == "speaking" else self._interrupting
        if interrupting != self._interrupting:
            self._interrupting = interrupting
            self._output.write(f"{'':7}  {interrupting}")
        self._output.check()

    def _tell_of_recording(self, status: Status) -> None:
        """Say that the talk is recorded, that it is not any more, and when the recording falls behind."""
        if status.recorded_in != self._recorded_in:
            self._recorded_in = status.recorded_in
            told = (
                f"recorded in {safe(status.recorded_in)}" if status.recorded_in else "not recorded any more"
            )
            self._output.write(f"{'':7}  {told}")
        late = is_late(status, already=self._record_late)
        if late != self._record_late:
            self._record_late = late
            told = f"{status.record_lag_s:.1f} s behind" if late else "up to date again"
            self._output.write(f"{'':7}  the recording is {told}")

    def _words(self, event: Event) -> str:  # noqa: C901, PLR0911, PLR0912  # one case an event
        match event:
            case Listening():
                return self._listening(event)
            case SpeechBegan():
                return "hearing you"
            case Partial(text=text):
                return f"you, so far: {safe(text)}"
            case Heard(text=text):
                return f"you: {safe(text)}"
            case ReplyClause(text=text):
                return f"next: {safe(text)}"
            case Speaking(text=text):
                return f"voicecli: {safe(text)}"
            case Cued(text=text):
                return f"thinking: {safe(text)}" if text else "thinking"
            case Interrupted(heard=heard):
                return f"interrupted after: {safe(heard)}" if heard else "interrupted before it was heard"
            case Overheard(text=text):
                return f"you, meanwhile: {safe(text or '') or 'a sound without words'}"
            case Dropped():
                return dropped(event)
            case MicrophoneLevel(median_dbfs=middle, loudest_dbfs=loudest):
                return f"microphone: {middle:.0f} dBFS, at its loudest {loudest:.0f} dBFS"
            case TurnDone():
                return _turn(event)
            case Warned():
                return f"warning: {notice(event)}"
            case QualityStepped():
                return without(event)
            case Failed():
                return f"error: {notice(event)}"
            case _ as never:
                assert_never(never)

    def _listening(self, event: Listening) -> str:
        if self._greeted:
            return "listening"
        self._greeted = True
        name, hint = (event.model, event.hint) if event.model else self._model
        model = f"model: {safe(name)}" + (f" ({safe(hint)})" if hint else "") if name else ""
        parts = ("listening: speak now", "Ctrl-C ends", self._with, model)
        return "; ".join(part for part in parts if part)


def _turn(event: TurnDone) -> str:
    total = event.latency_ms.get("total")
    waited = "no reply was played" if total is None else f"{total:.0f} ms"
    parts = stages(event.latency_ms)
    return f"turn {event.turn}: {waited}" + (f" ({parts})" if parts else "")
