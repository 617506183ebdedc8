"""One talk from the command line: made while a view shows that, its events shown, ended orderly."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicecli.cli.options import note
from voicecli.cli.talk.with_recorder import WithRecorder
from voicecli.errors import VoicecliError
from voicecli.records.reading.tally import TalkTally
from voicecli.system.clock import MonotonicClock
from voicecli.threads.channel import ChannelClosed
from voicecli.threads.worker import Worker
from voicecli.view import ReaderGone
from voicecli.view.reading import show_next

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from voicecli.audio.streams import AudioStreams
    from voicecli.cli.talk.any_talk import AnyTalk
    from voicecli.cli.talk.watchers import Watcher
    from voicecli.config import Config
    from voicecli.engines import Session
    from voicecli.events import Event, Failed
    from voicecli.models.store import ModelStore
    from voicecli.status import Status
    from voicecli.system.clock import Clock
    from voicecli.talk import Talk
    from voicecli.threads.log import Reader
    from voicecli.view import View
    from voicecli.view.keys.keyboard import KeyReader

TICK_S = 0.1
"""s between two updates of a view's status."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the events of a talk go; each gets all of them."""

    view: View
    json_file: Path | None = None
    watchers: tuple[Callable[[Clock, float], Watcher], ...] = ()
    """What opens each of the others, given the clock and when the talk began on it. Raises ConfigError."""
    record: Path | None = None
    """A folder that keeps sound and words; a new one."""
    max_minutes: int = 0
    """The most sound that is kept there; 0: all."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a talk is made with."""

    config: Config
    view: View
    clock: Clock
    began: float
    """When it began on the clock: the `t` of its events counts from there."""
    over: Callable[[AudioStreams], AudioStreams]
    """Gives the streams that it is to use in place of its own."""


def hold_talk(
    config: Config,
    store: ModelStore,
    open_streams: Callable[[Session], AudioStreams],
    outputs: Outputs,
    finished: Callable[[AnyTalk], bool],
) -> None:
    """Hold a talk with the engines of this computer, loaded first. Raises as `hold` and `load` do."""

    def make(start: Start) -> Talk:
        from voicecli.talk import Talk

        session = _load(start.config, store, start.view)
        streams = start.over(open_streams(session))
        talk_key = start.config.audio.push_to_talk
        return Talk(streams, session, start.config, start.clock, start.began, push_to_talk=talk_key)

    hold(config, make, outputs, finished)


def hold(
    config: Config,
    make: Callable[[Start], AnyTalk],
    outputs: Outputs,
    finished: Callable[[AnyTalk], bool],
) -> None:
    """Listen and answer until `finished()`, Ctrl-C or SIGTERM, or until nobody reads the view's output.

    The first Ctrl-C lets the talk close its devices and files, a second one ends the process at once. Raises
    the error of a stage that failed, and ConfigError if a file or a port for the outputs cannot be opened.
    """
    from voicecli.view.eventfile import EventFile

    signal.signal(signal.SIGTERM, _interrupt)
    clock, view = MonotonicClock(), outputs.view
    began = clock.now()
    talk: AnyTalk | None = None
    last: list[Failed] = []
    watchers: list[Watcher] = []
    file = EventFile(outputs.json_file) if outputs.json_file is not None else None
    recorder = WithRecorder(outputs.record, outputs.max_minutes, config, clock, began)
    tally, gone = TalkTally(), False
    try:
        watchers.extend(watch(clock, began) for watch in outputs.watchers)
        with view, _failure_shown(view, lambda: clock.now() - began, last):
            talk = make(Start(spoken_errors(config, view), view, clock, began, recorder.over))
            reader = talk.events.reader("view")
            recorder.follow(talk)
            if file is not None:
                file.follow(talk.events.reader("file"), talk.warn)
            for watcher in watchers:
                watcher.follow(talk)
            talk.start()
            recorder.start()
            keys = _keys(config, talk, view, clock)
            _show(talk, reader, view, finished, keys, clock, recorder, tally)
    except (KeyboardInterrupt, ReaderGone) as end:
        gone = isinstance(end, ReaderGone)
        signal.signal(signal.SIGINT, _end_at_once)
        signal.signal(signal.SIGTERM, _end_at_once)
        if talk is None:
            recorder.close()
            _end_at_once(signal.SIGINT, None, code=0)  # the loading thread cannot be asked to stop
    finally:
        if talk is not None:
            talk.close()  # `voicecli.cli.main` does not wait for what does not end in time
            tally.losses = talk.status().losses
        _note(recorder.close())
        _note(file.close(*last) if file is not None else "")
        for watcher in watchers:
            _note(watcher.close(*last))
    if not gone:
        _sum_up(view, tally)


def _note(problem: str) -> None:
    if problem:
        note(problem)


def _sum_up(view: View, tally: TalkTally) -> None:
    """Tell a person the figures of the talk; programs have them from the events."""
    from voicecli.view.output import LineOutput
    from voicecli.view.stream import StreamView

    line = "" if isinstance(view, StreamView) else tally.short()
    if line:
        with suppress(ReaderGone):
            LineOutput(sys.stdout).write(line)


def spoken_errors(config: Config, view: View) -> Config:
    """Settle `synthesize.speak_errors`: "auto" is on where nobody looks at the live view."""
    from voicecli.view.live.live import LiveView

    synthesize = config.synthesize
    if synthesize.speak_errors != "auto":
        return config
    told = "off" if isinstance(view, LiveView) else "on"
    return config.model_copy(update={"synthesize": synthesize.model_copy(update={"speak_errors": told})})


@contextmanager
def _failure_shown(view: View, elapsed_s: Callable[[], float], last: list[Failed]) -> Iterator[None]:
    """Show the error that ends the talk as an event, and keep it in `last`. A person sees it on stderr."""
    from voicecli.events import Failed
    from voicecli.view.stream import StreamView

    try:
        yield
    except VoicecliError as error:
        last.append(Failed(elapsed_s(), error.found, error.remedy))
        if isinstance(view, StreamView):
            view.show(last[0])
        raise


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_at_once(number: int, frame: FrameType | None, code: int = 130) -> None:
    sys.stdout.flush()
    os._exit(code)


def _loading(what: str) -> Status:
    from voicecli.audio.level import SILENCE_DBFS
    from voicecli.status import Status

    return Status("loading", SILENCE_DBFS, SILENCE_DBFS, "", "", "", "", {}, loading=what)


def _load(config: Config, store: ModelStore, view: View) -> Session:
    """Load the engines on a thread of their own, so that Ctrl-C and the view go on working meanwhile."""
    from voicecli.loading import load

    loaded: list[Session] = []
    stage = "models"

    def tell(what: str) -> None:
        nonlocal stage
        stage = what

    worker = Worker("load", lambda: loaded.append(load(config, store, tell).session()), lambda: None)
    worker.start()
    while not worker.join(TICK_S):
        view.tick(_loading(stage))
    if worker.failure is not None:
        raise worker.failure
    return loaded[0]


def reads_keys(view: View) -> bool:
    """Whether the talk reads keys: only with the live view, and if stdin is a terminal, too."""
    from voicecli.system.posix import is_one_terminal
    from voicecli.view.live.live import LiveView

    return isinstance(view, LiveView) and is_one_terminal(sys.stdin, sys.stdout)


def _keys(config: Config, talk: AnyTalk, view: View, clock: Clock) -> KeyReader | None:
    from voicecli.system.posix import KeyInput
    from voicecli.view.keys.keyboard import KeyReader

    if not reads_keys(view):
        return None
    return KeyReader(config.keys, talk.controls, KeyInput(sys.stdin.fileno()), clock)


def _show(
    talk: AnyTalk,
    events: Reader[Event],
    view: View,
    finished: Callable[[AnyTalk], bool],
    keys: KeyReader | None,
    clock: Clock,
    recorder: WithRecorder,
    tally: TalkTally,
) -> None:
    def shown(event: Event) -> None:
        tally.add(event)
        view.show(event)

    with ExitStack() as stack:
        reader = stack.enter_context(keys.reading()) if keys is not None else None
        while not finished(talk):
            talk.check()
            if reader is not None and reader.failure is not None:
                raise reader.failure
            talk.tell_losses()
            status = recorder.shown(talk.status())
            view.tick(status if keys is None else replace(status, keys=keys.shown, typed=keys.typed))
            due = clock.now() + TICK_S
            try:
                while (left_s := due - clock.now()) > 0:
                    show_next(events, shown, left_s)
            except TimeoutError:
                continue
            except ChannelClosed:
                return
