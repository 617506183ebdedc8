"""The numbers that docs/serve.md gives of the page are those of its files."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from tests.test_serve_doc import TEXT
from tests.test_serve_page import LARGEST


def number(file: str, name: str) -> float:
    """The value of a constant, where that is a number and perhaps a unit."""
    text = files("voicecli.serve").joinpath("browser", file).read_text(encoding="utf-8")
    found = re.search(rf"\b{name} = ([\d.]+)(?: \* MS)?\b", text)
    assert found is not None, name
    return float(found[1])


LONGEST_WAIT_S = number("link.js", "LONGEST_WAIT_MS") / 1000


@pytest.mark.parametrize(
    "said",
    [
        f"{number('page.js', 'CREDIT_MS'):.0f} ms of credit",
        f"the last {number('page.js', 'MOST_HISTORY'):.0f} texts",
        f"when {number('play.js', 'LEAST'):.0f} ms of it are there",
        f"each gap {number('play.js', 'GROW'):.0f} ms later, up to {number('play.js', 'MOST'):.0f} ms",
        f"{number('link.js', 'KEPT_MS') / 1000:.0f} s of the microphone are kept",
        f"double from {number('link.js', 'FIRST_WAIT_MS') / 1000:g} to {LONGEST_WAIT_S:g} s",
    ],
)
def test_number(said: str) -> None:
    assert said in TEXT


def test_a_connection_that_dies_is_noticed_in_time() -> None:
    longest_ms = sum(number("link.js", name) for name in ("ASK_MS", "DEAD_MS"))
    longest_ms += 2 * number("link.js", "LOOK_MS")
    assert f"within {longest_ms / 1000:.0f} s where it dies without a word" in TEXT


def test_its_size() -> None:
    assert f"of less than {LARGEST / 1000:.0f} KB" in TEXT
