"""Runs checks one after another: each passes, warns or fails, and says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from voicecli.errors import VoicecliError
from voicecli.threads.channel import Channel
from voicecli.threads.worker import Worker
from voicecli.waiting.buffers import Buffer

Status: TypeAlias = Literal["pass", "warn", "fail", "skip"]

LONGEST_S = 30.0
"""s after which a check counts as hanging: to open a device can wait for ever if a sound server is
stopped."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    status: Status
    """`skip`: not checked, because an earlier check failed or because a flag must ask for it."""
    found: str
    remedy: str = ""
    """What to do; empty where all is well."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    status: Status
    found: str
    remedy: str


Look: TypeAlias = Callable[[], Finding]


def examine(looks: Sequence[tuple[str, Look]], longest_s: float = LONGEST_S) -> Iterator[Check]:
    """Run the checks one after another, and give the result of each as soon as it is there.

    A check that raises has failed, and so has one that takes longer than `longest_s`; the others still run.
    All run on one thread, as sound on Windows requires. If one hangs, the others get a new thread.
    """
    rest = list(looks)
    while rest:
        room_for_all = "a check that is done waits for nobody: the next one begins"
        done = Channel[Check](Buffer("checks", "checks", len(rest), "block", room_for_all))
        Worker("doctor", partial(_look, tuple(rest), done), done.close).start()
        while rest:
            try:
                check = done.get(longest_s)
            except TimeoutError:
                done.close()  # then the old thread ends, if its check ever returns
                name, _ = rest.pop(0)
                yield Check(name, "fail", f"not finished after {longest_s:g} s", "restart the sound server")
                break
            rest.pop(0)
            yield check


def _look(looks: Sequence[tuple[str, Look]], done: Channel[Check]) -> None:
    for name, look in looks:
        finding = _found(look)
        done.put(Check(name, finding.status, finding.found, finding.remedy))


def _found(look: Look) -> Finding:
    try:
        return look()
    except VoicecliError as error:
        return Finding("fail", error.found, error.remedy)
    except Exception as error:  # noqa: BLE001  # a check that fails must not stop the others
        return Finding(
            "fail",
            f"the check itself failed ({type(error).__name__}: {error})",
            "this is a fault of voicecli: please report it",
        )
