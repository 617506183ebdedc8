"""Inputs that people reported as mishandled -> a table: id, kind, right or wrong, what was seen.

    .venv/bin/python scripts/cases/cases.py [FOLDER] [--section NAME ...] [--only ID ...] [--wrong]

FOLDER holds the inputs (`audio/`, `say.tsv`, `sse/`, `sse.tsv`). Each section is a file of its own beside
this one. It judges what the program does, not what the program says of itself. The exit code is 1 where a
case is wrong.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "cases"
SECTIONS = ("audio", "say", "servers", "devices", "surroundings")
"""Each is `cases_NAME.py` with `outcomes(folder: Path, only: Collection[str]) -> Iterator[Outcome]`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case."""

    case: str
    """Its id, as in the folder's tables."""
    kind: str
    """What kind of input it is, in a few words."""
    right: bool
    """Whether the program did what it should."""
    seen: str
    """What the program made of it, in one line."""


def wanted(case: str, only: Collection[str]) -> bool:
    """Whether the user asked for a case: by its id or the beginning of it, or for all by naming none."""
    return not only or any(case.startswith(name) for name in only)


def main() -> int:
    """Print the table and how many are right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="ids, or beginnings of ids")
    parser.add_argument("--section", nargs="+", default=list(SECTIONS), choices=SECTIONS)
    parser.add_argument("--wrong", action="store_true", help="leave out what is right")
    args = parser.parse_args()
    counted = {True: 0, False: 0}
    for section in args.section:
        for outcome in import_module(f"cases_{section}").outcomes(args.folder, args.only):
            counted[outcome.right] += 1
            if not (args.wrong and outcome.right):
                verdict = "right" if outcome.right else "WRONG"
                print(f"{outcome.case:<34} {outcome.kind:<30} {verdict}  {outcome.seen}", flush=True)
    print(f"{counted[True]} right, {counted[False]} wrong")
    return 1 if counted[False] else 0


if __name__ == "__main__":
    sys.exit(main())
