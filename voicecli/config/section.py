"""What every table of the settings is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the file. Refuses unknown keys and values of another type; is read-only."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)
