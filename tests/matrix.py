"""Cases that only `make test-all` runs: more of a kind whose first one every run has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def also(*values: object) -> list[ParameterSet]:
    """Further values of a parameter."""
    return [pytest.param(value, marks=pytest.mark.matrix) for value in values]
