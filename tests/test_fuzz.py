"""Damaged inputs: each ends well or in one line, soon, in little memory; `test-all` tries 10,000 each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz_table import PARSERS
from tests.fuzzing import MOST_BYTES, Parser, tried
from tests.mutations import LONGEST, mutated

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits its memory as Linux does")

FEW, MANY = 100, 10_000
ROOT = Path(__file__).parent.parent


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("first", "count"), [(0, FEW), pytest.param(FEW, MANY - FEW, marks=pytest.mark.matrix)]
)
@pytest.mark.parametrize("name", PARSERS)
def test_no_input_ends_in_a_traceback_a_hang_or_much_memory(name: str, first: int, count: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing", name, str(first), str(count)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert found["faults"] == []
    assert found["took_bytes"] < MOST_BYTES


def test_the_same_seed_damages_in_the_same_way() -> None:
    good = [b"RIFF" + bytes(100), b'{"a": [1, 2]}', b"[table]\nkey = 1\n"]
    inputs = [mutated(seed, good) for seed in range(500)]
    assert inputs == [mutated(seed, good) for seed in range(500)]
    assert len(set(inputs)) > 300
    assert max(map(len, inputs)) <= LONGEST


def test_faults_are_found() -> None:
    """A parser that fails in three ways, each of which has to be told."""

    def read(data: bytes, _folder: Path) -> None:
        if data[:1] == b"a":
            raise LookupError(data)
        if data[:1] == b"b":
            raise ValueError

    outcome = tried(Parser(lambda: [b"xyz"], read, (ValueError,), (b"a", b"b")), 0, 2000)
    assert outcome.refused
    assert outcome.faults
    assert all(told.startswith("LookupError") for _, told in outcome.faults)
