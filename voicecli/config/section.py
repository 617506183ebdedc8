"""What every table of the settings is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the file: unknown keys are refused, nothing is converted, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)
