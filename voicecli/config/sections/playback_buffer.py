"""Settings of the buffer before the loudspeaker."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from voicecli.config.section import Section, in_order


class PlaybackConfig(Section):
    """The buffer before the loudspeaker."""

    jitter_min_ms: int = Field(
        default=150,
        ge=20,
        le=1000,
        description="a reply begins once this much of it, or all of it, is buffered; at most jitter_max_ms",
    )
    jitter_max_ms: int = Field(
        default=250,
        ge=20,
        le=2000,
        description="each gap in a reply adds 50 ms to what later replies wait for, up to this; "
        "10 s without a gap take 10 ms off",
    )
    ahead_ms: int = Field(
        default=800,
        ge=200,
        le=5000,
        description="most sound buffered for the loudspeaker, or jitter_max_ms where that is more; "
        "one more part of a clause may wait",
    )

    @model_validator(mode="after")
    def _best_is_not_worse_than_worst(self) -> Self:
        return in_order(self, "jitter_min_ms", "jitter_max_ms")
