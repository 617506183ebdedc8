"""One talk from the command line: engines loaded behind a view, events shown, an orderly end."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voicecli.channel import Closed
from voicecli.clock import MonotonicClock
from voicecli.errors import VoicecliError
from voicecli.view import ReaderGone
from voicecli.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.events import Status
    from voicecli.models.store import ModelStore
    from voicecli.pipeline import Pipeline
    from voicecli.view import View

TICK_S = 0.1
"""A view is shown how things are this often."""


def hold_talk(
    config: Config,
    store: ModelStore,
    open_streams: Callable[[Engines], AudioStreams],
    view: View,
    finished: Callable[[Pipeline], bool],
) -> None:
    """Load, listen and answer until `finished`, Ctrl-C, SIGTERM or the view's reader is gone.

    The first Ctrl-C ends it in order, a second one at once. Raises what a stage failed with.
    """
    from voicecli.pipeline import Pipeline

    signal.signal(signal.SIGTERM, _interrupt)
    clock = MonotonicClock()
    began, pipeline = clock.now(), None
    try:
        with view, _failure_shown(view, lambda: clock.now() - began):
            engines = _load(config, store, view)
            pipeline = Pipeline(open_streams(engines), engines, config, clock, began)
            pipeline.start()
            _show(pipeline, view, finished)
    except (KeyboardInterrupt, ReaderGone):
        signal.signal(signal.SIGINT, _end_at_once)
        signal.signal(signal.SIGTERM, _end_at_once)
        if pipeline is None:
            _end_at_once(signal.SIGINT, None, code=0)  # a thread is busy loading, and cannot be asked to stop
    finally:
        ended = pipeline is None or pipeline.close()
    if not ended:
        # A model that does not return must not hold up the user; what is recorded is still written down.
        atexit.register(_end_at_once, signal.SIGINT, None, code=0)


@contextmanager
def _failure_shown(view: View, elapsed_s: Callable[[], float]) -> Iterator[None]:
    """Show what ends the talk, for readers of events; a person reads it on stderr, once."""
    from voicecli.events import Failed
    from voicecli.view.stream import StreamView

    try:
        yield
    except VoicecliError as error:
        if isinstance(view, StreamView):
            view.show(Failed(elapsed_s(), error.found, error.remedy))
        raise


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_at_once(number: int, frame: FrameType | None, code: int = 130) -> None:
    sys.stdout.flush()
    os._exit(code)


def _loading(what: str) -> Status:
    from voicecli.audio.level import SILENCE_DBFS
    from voicecli.events import Status

    return Status("loading", SILENCE_DBFS, SILENCE_DBFS, "", "", "", "", {}, loading=what)


def _load(config: Config, store: ModelStore, view: View) -> Engines:
    """Load the engines on a thread of their own, so that Ctrl-C and the view stay alive meanwhile."""
    from voicecli.engines import load

    loaded: list[Engines] = []
    stage = "models"

    def tell(what: str) -> None:
        nonlocal stage
        stage = what

    worker = Worker("load", lambda: loaded.append(load(config, store, tell)), lambda: None)
    worker.start()
    while not worker.join(TICK_S):
        view.tick(_loading(stage))
    if worker.failure is not None:
        raise worker.failure
    return loaded[0]


def _show(pipeline: Pipeline, view: View, finished: Callable[[Pipeline], bool]) -> None:
    while not finished(pipeline):
        pipeline.check()
        pipeline.tell_losses()
        view.tick(pipeline.status())
        try:
            view.show(pipeline.events.get(TICK_S))
            while pipeline.events.stats().fill:
                view.show(pipeline.events.get(0))
        except TimeoutError:
            continue
        except Closed:
            return
