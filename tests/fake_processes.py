"""What server processes of tests are made from; as a program, an overseer of two that tells their ids."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable

from tests.test_serve import Hall
from voicecli.config import Config
from voicecli.engines import Engines
from voicecli.errors import ModelError
from voicecli.serve.access import Access
from voicecli.serve.listening import Address
from voicecli.serve.processes.overseer import OverseerPlan, oversee
from voicecli.serve.server import Server, ServerLimits


def one_talk_each(tell: Callable[[str], None]) -> Callable[[int], Server]:
    """A server of simple engines with room for one client."""
    tell("loading nothing")
    hall: Engines = Hall([], ["It is this."])  # type: ignore[assignment]  # duck-typed
    return lambda port: Server(hall, Config(), Access(port), ServerLimits(1), tell)


def without_models(tell: Callable[[str], None]) -> Callable[[int], Server]:
    """There is nothing to load."""
    raise ModelError("no model here", "get one")


def endless(tell: Callable[[str], None]) -> Callable[[int], Server]:
    """It loads for ever."""
    tell("loading")
    threading.Event().wait()
    raise AssertionError


def broken(tell: Callable[[str], None]) -> Callable[[int], Server]:
    """It crashes."""
    os._exit(3)


def _tell_pids(_: str) -> None:
    print(*(each.pid for each in multiprocessing.active_children()), flush=True)


if __name__ == "__main__":
    asyncio.run(oversee(OverseerPlan(one_talk_each, 2), Address("127.0.0.1", 0), _tell_pids, lambda _: None))
