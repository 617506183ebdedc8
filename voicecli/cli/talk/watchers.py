"""What else follows a talk, by its flags: a page of metrics, a file of boundaries, a log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from voicecli.cli.options import note
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.cli.talk.any_talk import AnyTalk
    from voicecli.events import Failed
    from voicecli.metrics.pages import MetricsPage
    from voicecli.system.clock import Clock
    from voicecli.tracing.debugfile import DebugFile
    from voicecli.tracing.talklog import TalkLog

MetricsPort = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Answer Prometheus at this port (docs/metrics); 0: any that is free."
    ),
]
MetricsHost = Annotated[
    str, typer.Option(help="Address of --metrics-port; 0.0.0.0 lets other computers read it, too.")
]
DebugPath = Annotated[
    Path | None,
    typer.Option(help="Write what crosses each boundary to this file, without words (docs/debug.md)."),
]
DebugWords = Annotated[bool, typer.Option("--debug-words", help="With --debug: write the words as well.")]
WithLog = Annotated[
    bool, typer.Option("--log", help="Keep a log without words, of 3 MB at most, in the usual place.")
]
LogPath = Annotated[Path | None, typer.Option(help="Keep that log in this file.")]

LOG_NAME = "voicecli.log"


def is_local(host: str) -> bool:
    """Whether only this computer reaches an address."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


class Watcher(Protocol):
    """Follows one talk, on threads of its own."""

    def follow(self, talk: AnyTalk) -> None:
        """Begin; called before the talk starts."""
        ...

    def close(self, last: Failed | None = None) -> str:
        """After the talk has closed; `last`: the error that ended it. Gives a problem not told yet."""
        ...


@dataclass(frozen=True, slots=True)
class Watching:
    """The flags of `voicecli talk` that ask for such followers."""

    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    debug: Path | None = None
    debug_words: bool = False
    log: bool = False
    log_file: Path | None = None

    def watchers(self) -> tuple[Callable[[Clock, float], Watcher], ...]:
        """What opens each that is wanted. Raises ConfigError."""
        if self.debug_words and self.debug is None:
            raise ConfigError("--debug-words needs --debug", "name the file")
        opened: list[Callable[[Clock, float], Watcher]] = []
        if self.metrics_port is not None:
            opened.append(self._metrics)
        if self.debug is not None:
            opened.append(self._debug)
        if self.log or self.log_file is not None:
            opened.append(self._log)
        return tuple(opened)

    def _metrics(self, clock: Clock, began: float) -> Watcher:
        from voicecli.metrics.pages import MetricsPage

        page = MetricsPage(self.metrics_host, self.metrics_port or 0, clock)
        reach = "" if is_local(self.metrics_host) else ", for other computers, too"
        note(f"metrics: {page.url}/metrics{reach}")
        return _Metrics(page)

    def _debug(self, clock: Clock, began: float) -> Watcher:
        from voicecli.tracing.debugfile import DebugFile

        assert self.debug is not None
        return _Debug(DebugFile(self.debug, began, words=self.debug_words))

    def _log(self, clock: Clock, began: float) -> Watcher:
        from voicecli.system.folders import log_folder
        from voicecli.tracing.talklog import TalkLog

        return _Logged(TalkLog(self.log_file or log_folder() / LOG_NAME, clock))


@dataclass(frozen=True, slots=True)
class _Metrics:
    page: MetricsPage

    def follow(self, talk: AnyTalk) -> None:
        self.page.follow(talk, talk.events, talk.facts)

    def close(self, last: Failed | None = None) -> str:
        self.page.close()
        return ""


@dataclass(frozen=True, slots=True)
class _Debug:
    file: DebugFile

    def follow(self, talk: AnyTalk) -> None:
        self.file.follow(talk.facts, talk.warn)
        talk.look_at(self.file.probe)

    def close(self, last: Failed | None = None) -> str:
        return self.file.close()


@dataclass(frozen=True, slots=True)
class _Logged:
    log: TalkLog

    def follow(self, talk: AnyTalk) -> None:
        self.log.follow(talk.events, talk.status, talk.warn)

    def close(self, last: Failed | None = None) -> str:
        return self.log.close(last)
