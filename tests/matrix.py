"""Marks cases that only `make test-all` runs. They are further cases of a kind: every run has the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def also(*values: object) -> list[ParameterSet]:
    """Further values of a parameter."""
    return [pytest.param(value, marks=pytest.mark.matrix) for value in values]
