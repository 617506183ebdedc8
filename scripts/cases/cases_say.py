"""What a listener should hear -> whether the clauses of the text sound like it, whole and streamed.

The phonemes that Piper is given are compared: see rig/said.py. The texts are those of `rig/say_cases.toml`.
Each text of the folder's `say.tsv` must be among them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cases import Outcome, wanted

from rig.said import cases, clauses, right, streamed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_KINDS = {
    "17": "Roman numerals, years, names",
    "19": "dates, times, ranges",
    "20": "addresses, code, versions",
    "22": "mathematics",
    "23": "powers and fractions",
    "25": "decorated letters",
    "26": "abbreviations, capitals",
    "28": "Markdown",
    "00": "nothing to change",
}
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}


def outcomes(folder: Path, only: Collection[str]) -> Iterator[Outcome]:
    """Judge each text of our table; then give those of the folder that the table does not have, as wrong."""
    table = {case.id: case for case in cases()}
    for case in table.values():
        if not wanted(case.id, only):
            continue
        said, in_tokens = clauses(case.text), streamed(case.text)
        seen = " / ".join(said) if said == in_tokens else f"{said} but in tokens {in_tokens}"
        yield Outcome(case.id, _KINDS[case.id[:2]], said == in_tokens and right(case, said), seen)
    for line in (folder / "say.tsv").read_text("utf-8").splitlines() if (folder / "say.tsv").exists() else []:
        name, text, _ = line.split("\t")
        text = re.sub(r"\\([nt\\])", lambda match: _ESCAPES[match[1]], text)
        if wanted(name, only) and (name not in table or table[name].text != text):
            yield Outcome(
                name, _KINDS.get(name[:2], ""), right=False, seen=f"not in the table: {clauses(text)}"
            )
