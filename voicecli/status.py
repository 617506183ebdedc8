"""How a talk is at one moment, for views that look at it. Polled, never queued."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

State: TypeAlias = Literal["loading", "offline", "listening", "hearing", "thinking", "speaking"]


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a talk, for a live view. Polled, never queued."""

    state: State
    level_dbfs: float
    """Level of the newest microphone frame."""
    floor_dbfs: float
    """Tracked noise floor."""
    microphone: str
    loudspeaker: str
    model: str
    """The language model in use, for people."""
    hint: str
    """How to get a better model, or empty."""
    losses: dict[str, int]
    """Counters that should be zero, by name: xruns, samples lost, underruns, events dropped."""
    loading: str = ""
    """What is being loaded while `state` is loading, or waited for while it is offline; for people."""
    threshold_dbfs: float = -60.0
    """Nothing below it counts as speech."""
    heard_so_far: str = ""
    """The words that have sounded, of the reply that sounds or of the last one."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Unit -> amount that waits in the queues."""
    microphone_muted: bool = False
    voice_muted: bool = False
    push_to_talk: bool = False
    """The microphone is closed unless the talk key opens it."""
    talk_key_down: bool = False
    keys: dict[str, str] = field(default_factory=dict)
    """Action of the settings' [keys] -> its key; empty where no keys are read."""
    typed: str | None = None
    """The line that is being typed; None when none is."""
    recorded_in: str = ""
    """The folder in which the talk is recorded; empty where it is not, or not any more."""
    record_lag_s: float = 0.0
    """How much of the newest sound is not in the recording yet, s."""
    barge_in: Literal["on", "strict", "off"] = "off"
    """Whether speech stops the agent: off is half duplex, strict until the echo is learnt."""
    cut_offs: int = 0
    """Turns that were answered too early: the user went on."""
    devices_reopened: int = 0
    """How often the devices were lost and are open again, or others in their place."""
    pressure: str = "calm"
    """How well the talk keeps up: calm, warning or critical."""
    without: tuple[str, ...] = ()
    """What it does without therefore, for people."""
    stepped: int = 0
    """How often it gave up something, since it began."""
    again_in_s: float | None = None
    """While offline: s until the next attempt to connect; None while one is under way."""
    breaker: Literal["closed", "open", "half open"] | None = None
    """Whether the server of the language model is asked; None where there is no server."""
