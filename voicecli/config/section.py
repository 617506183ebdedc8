"""What every table of the settings is."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """One table of the file. Refuses unknown keys and values of another type; is read-only."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


SectionT = TypeVar("SectionT", bound="Section")


def in_order(section: SectionT, low: str, high: str) -> SectionT:
    """Refuse a section whose key `low` is above its key `high`."""
    if getattr(section, low) > getattr(section, high):
        raise PydanticCustomError("order", "{low} is above {high}", {"low": low, "high": high})
    return section
