"""Settings of when a talk counts as not keeping up, and gives up something therefore."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from voicecli.config.section import Section, in_order


class PressureConfig(Section):
    """When the computer does not keep up, and a talk does without something."""

    adapt: bool = Field(
        default=True,
        description="do without something when the computer does not keep up: looks at your words while you "
        "speak, drafts, a wide beam, a long memory, the larger of two Whisper models, short clauses; in this "
        "order, and back. The smaller model is then in memory, too: whisper-base beside whisper-small; "
        "whisper-tiny-en beside whisper-base if transcribe.language is en",
    )
    warning_fill: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="warning: so full is a queue that loses something when it is full",
    )
    critical_fill: float = Field(default=0.8, gt=0, le=1, description="critical: the same")
    warning_lag_s: float = Field(
        default=1.0, gt=0, le=60, description="warning: so long has sound or speech waited"
    )
    critical_lag_s: float = Field(default=3.0, gt=0, le=60, description="critical: the same")
    warning_late_s: float = Field(
        default=0.4, gt=0, le=60, description="warning: so much later than usual an engine is"
    )
    critical_late_s: float = Field(default=1.2, gt=0, le=60, description="critical: the same")
    calm_s: float = Field(
        default=8.0,
        ge=1,
        le=600,
        description="calm that takes one step back, and the next after as long again",
    )
    growth_s: float = Field(
        default=180.0,
        ge=30,
        le=3600,
        description="a queue that has grown steadily for so long is told, however far from full it is",
    )

    @model_validator(mode="after")
    def _critical_is_not_below_warning(self) -> Self:
        in_order(self, "warning_fill", "critical_fill")
        in_order(self, "warning_lag_s", "critical_lag_s")
        return in_order(self, "warning_late_s", "critical_late_s")
