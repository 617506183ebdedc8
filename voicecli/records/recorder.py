"""A talk -> a folder that holds its sound and its words, on a thread of its own.

    devices --tap--> track --+--> FLAC --+
                             |           +--> in each round one write to each file, then fsync
    events, facts ----> lines of JSON ---+

A round takes whatever has come since the last one and hands it to the system in one piece, so a slow disk
makes rounds longer, and nothing else. Words go first.

Promises: the talk never waits for the disk. What waits is bounded: sound by the taps, events by their
readers. When the recording is `SHED_PARTIALS_S` behind, provisional words are left out; when it is
`SHED_SOUND_S` behind, the sound that waits becomes silence; both are counted. A full disk ends the recording,
not the talk.
Relies on: `step` is called by one thread at a time; `over`, then `follow`, then `close`, each once.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from voicecli.audio.tap import Tapped
from voicecli.errors import ConfigError
from voicecli.events import Partial, as_json
from voicecli.records import notes
from voicecli.records.about import about_text, settings_text
from voicecli.records.appended import Appended
from voicecli.records.sides import Sides
from voicecli.records.soundfiles import SoundFiles
from voicecli.threads.channel import ChannelClosed
from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.records.appended import Growing
    from voicecli.system.clock import Clock
    from voicecli.threads.log import Reader

_T = TypeVar("_T")

RATE_HZ = 48_000
"""Rate of the recording: no device that people talk with has more, and interpolation is exact enough."""

ROUND_S = 0.3
"""s from round to round, while the disk keeps up. Sound is on the disk at most this, `sides.LATE_S` and a
FLAC frame (0.1 s) after it met the air."""

SHED_PARTIALS_S = 5.0
SHED_SOUND_S = 7.0
KEPT_S = 1.0
"""s of sound that are not made silent when the rest is."""

TAP_S = 12.0
"""s of sound that wait in memory at most: 1.7 MB with a microphone of one channel."""

CLOSE_S = 1.0
"""s that the end of a talk waits for the disk at most."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a recorder needs of a talk. Readers are made before the talk starts, so that they miss nothing."""

    events: Reader[Event]
    facts: Reader[tuple[float, Fact, list[Order]]]
    deaf: Callable[[float], bool]
    """Whether what met the microphone at a time is thrown away; then the recording has silence."""
    losses: Callable[[], Mapping[str, int]]
    warn: Callable[[str, str], None]
    """Tells the user what was found and what to do; may raise ChannelClosed."""


class Recorder:
    """One recording, from the beginning of a talk until `close`."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        clock: Clock,
        began: float,
        *,
        max_minutes: int = 0,
        opened: Callable[[Path], Growing] = Appended,
    ) -> None:
        """Make the folder, for its owner alone. `began`: time from which events count, s.

        `max_minutes`: the most sound that is kept, the newest; 0: all. Raises ConfigError.
        """
        self.folder = folder
        self.partials_shed = 0
        self.silenced_s = 0.0
        """Sound that was replaced by silence because the disk was too slow, s."""
        self._clock, self._began = clock, began
        self._channel = config.audio.channel
        self._stop = threading.Event()
        self._failure = ""
        self._told_full = self._told_slow = False
        self._worker: Worker | None = None
        self._losses: dict[str, int] = {}
        self._ended = False
        self._lines: list[str] = []
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ConfigError(f"{folder} is not empty", "give --record a new folder for each talk")
            folder.chmod(0o700)
            for name, text in (
                (notes.SETTINGS, settings_text(config)),
                (notes.ABOUT, about_text(clock.local())),
            ):
                file = opened(folder / name)
                file.add(text.encode())
                file.sync()
                file.close()
            self._words = opened(folder / notes.TRANSCRIPT)
        except OSError as error:
            found = f"{folder} cannot be written ({error.strerror})"
            raise ConfigError(found, "give --record another place") from error
        self._sound = SoundFiles(folder, RATE_HZ, max_minutes, opened)

    def over(self, streams: AudioStreams) -> AudioStreams:
        """Give the streams that the talk is to use in place of these."""
        self._tapped = Tapped(streams, TAP_S)
        self._sides = Sides(self._tapped, RATE_HZ, self._channel)
        return self._tapped

    def follow(self, talk: Followed) -> None:
        """Take what the talk reports from now on."""
        self._talk = talk
        self._tapped.deaf = talk.deaf

    def start(self) -> None:
        """Write, on a thread of its own."""
        self._worker = Worker("recorder", self._run, self._leave)
        self._worker.start()

    @property
    def lag_s(self) -> float:
        """How much of the newest sound is not written yet, s; 0 when the recording has ended."""
        if self._ended or (began_at := self._sides.began_at) is None:
            return 0.0
        return max(0.0, self._clock.now() - began_at - self._sound.count / RATE_HZ)

    @property
    def failed(self) -> bool:
        """Whether the disk took no more, so that nothing is recorded any more."""
        return bool(self._failure)

    # ---- the thread

    def _run(self) -> None:
        while not self._failure and not self._stop.is_set():
            began = self._clock.now()
            self.step()
            self._clock.wait(self._stop, max(0.0, began + ROUND_S - self._clock.now()))
        self.finish()

    def step(self) -> None:
        """Write what has come since the last time."""
        if self._failure:
            return
        try:
            self._write_words()
            self._write_sound()
        except OSError as error:
            self._fail(error)

    def finish(self) -> None:
        """Write the rest, and close the files."""
        try:
            if not self._failure:
                self._write_sound(last=True)
                shed = {"partials_shed": self.partials_shed, "silenced_s": round(self.silenced_s, 3)}
                self._lines.append(notes.line("end", self._clock.now() - self._began, **shed))
                self._write_words()
                self._sound.finish()
        except OSError as error:
            self._fail(error)
        finally:
            self._ended = True
            for file in (self._words, self._sound):
                with suppress(OSError):
                    file.close()

    def _leave(self) -> None:
        self._talk.events.leave()
        self._talk.facts.leave()

    def _fail(self, error: OSError) -> None:
        self._failure = f"{self.folder} takes no more of the recording ({error.strerror})"
        self._ended = True
        with suppress(ChannelClosed):
            self._talk.warn(
                self._failure, "the talk goes on without it; make room, and give the next talk a new --record"
            )
            self._told_full = True

    # ---- words

    def _write_words(self) -> None:
        lines = [*self._lines, *self._of_events(), *self._of_facts(), *self._of_losses()]
        self._lines = []
        if lines:
            self._words.add("".join(f"{line}\n" for line in lines).encode("ascii"))
            self._words.sync()

    def _of_events(self) -> Iterator[str]:
        shed = self.lag_s > SHED_PARTIALS_S
        if shed and not self._told_slow:
            self._told_slow = True
            with suppress(ChannelClosed):
                self._talk.warn(
                    f"the recording in {self.folder} is {self.lag_s:.0f} s behind: "
                    "it leaves out provisional words, then sound",
                    "record to a faster disk",
                )
        for event in _drained(self._talk.events):
            if shed and isinstance(event, Partial):
                self.partials_shed += 1
            else:
                yield as_json(event)

    def _of_facts(self) -> Iterator[str]:
        for entry in _drained(self._talk.facts):
            if note := notes.note_of(entry, self._began):
                yield note

    def _of_losses(self) -> Iterator[str]:
        losses = {name: count for name, count in self._talk.losses().items() if count}
        if losses != self._losses:
            self._losses = losses
            yield notes.lost(self._clock.now() - self._began, losses)

    # ---- sound

    def _write_sound(self, *, last: bool = False) -> None:
        behind, now = self.lag_s > SHED_SOUND_S, self._clock.now()
        self._sides.pull()
        if (began_at := self._sides.began_at) is None:
            return
        self._sound.begins(began_at - self._began)
        if behind:
            self._silence(self._sides.sample_at(now - KEPT_S))
        self._sound.push(*self._sides.take(self._sides.end() if last else self._sides.due(now)))
        self._lines += self._sound.write()

    def _silence(self, until: int) -> None:
        """Put silence in place of the sound up to sample `until`."""
        count = until - self._sound.count
        if count > 0:
            self._sides.skip(until)
            self.silenced_s += count / RATE_HZ
            nothing = np.zeros(count, np.float32)
            self._sound.push(nothing, nothing)

    # ---- the end, from the thread that holds the talk

    def close(self) -> str:
        """After the talk has closed, write what is left; give a problem that was not told yet.

        A recording that was never started leaves nothing behind.
        """
        self._stop.set()
        if self._worker is None:
            self._words.close()
            with suppress(OSError):
                for name in (notes.SETTINGS, notes.ABOUT, notes.TRANSCRIPT):
                    (self.folder / name).unlink()
                self.folder.rmdir()
        else:
            if not self._worker.join(CLOSE_S):
                return f"{self.folder} may lack the last seconds: the disk is too slow"
            if self._worker.failure is not None:
                raise self._worker.failure
        return "" if self._told_full else self._failure


def _drained(reader: Reader[_T]) -> Iterator[_T]:
    """What waits in a reader now."""
    try:
        for _ in range(reader.stats().fill):
            yield reader.get(0)
    except (ChannelClosed, TimeoutError):
        return
