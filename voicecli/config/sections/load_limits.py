"""Settings: when a talk counts as not keeping up, and therefore gives something up."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from voicecli.config.section import Section, in_order


class PressureConfig(Section):
    """When the computer counts as not keeping up, and a talk gives something up."""

    adapt: bool = Field(
        default=True,
        description="when the computer does not keep up, give up in this order, and take back in reverse: "
        "looks at your words while you speak, drafts, a wide beam, a long memory, the larger of two Whisper "
        "models, short clauses. The smaller model is then in memory, too: whisper-base beside whisper-small; "
        "whisper-tiny-en beside whisper-base if transcribe.language is en",
    )
    warning_fill: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="warning from here on: how full a queue is, if it loses something when it is full",
    )
    critical_fill: float = Field(
        default=0.8, gt=0, le=1, description="critical from here on: how full such a queue is"
    )
    warning_lag_s: float = Field(
        default=1.0, gt=0, le=60, description="warning from here on: how long sound or speech has waited"
    )
    critical_lag_s: float = Field(
        default=3.0, gt=0, le=60, description="critical from here on: how long sound or speech has waited"
    )
    warning_late_s: float = Field(
        default=0.4, gt=0, le=60, description="warning from here on: how much later than usual an engine is"
    )
    critical_late_s: float = Field(
        default=1.2, gt=0, le=60, description="critical from here on: how much later than usual an engine is"
    )
    calm_s: float = Field(
        default=8.0,
        ge=1,
        le=600,
        description="after this long without pressure a talk resumes the last thing that it gave up, and the "
        "one before it after as long again",
    )
    growth_s: float = Field(
        default=180.0,
        ge=30,
        le=3600,
        description="a queue that has grown steadily for so long causes a warning, however far from full",
    )

    @model_validator(mode="after")
    def _critical_is_not_below_warning(self) -> Self:
        in_order(self, "warning_fill", "critical_fill")
        in_order(self, "warning_lag_s", "critical_lag_s")
        return in_order(self, "warning_late_s", "critical_late_s")
