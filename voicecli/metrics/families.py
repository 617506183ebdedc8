"""The metrics there are: name, kind, labels and meaning. docs/metrics/README.md has the same table.

Units are those of Prometheus: seconds and bytes, and dBFS for levels. No label has text from outside (words,
names of devices, files or servers): each has a few values that the program knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram", "info"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


INFO = Family("voicecli_info", "info", "Always 1; the label has the version of voicecli.", ("version",))
STATE = Family("voicecli_state", "gauge", "1 for what the talk does now, 0 for the rest.", ("state",))
FAILED = Family("voicecli_failed", "gauge", "1 when an error ends the talk.")
UPTIME = Family("voicecli_uptime_seconds", "gauge", "Time since the start of the talk.")

LATENCY = Family(
    "voicecli_latency_seconds",
    "histogram",
    "What each stage added to the wait for an answer, and their total (docs/latency.md).",
    ("stage",),
)
DECIDED = Family(
    "voicecli_decided_seconds",
    "histogram",
    "From the last sample of speech to the decision that the turn is over.",
)
TURNS = Family(
    "voicecli_turns_total", "counter", "Turns that are over: the reply sounded, or none did.", ("outcome",)
)
INTERRUPTIONS = Family("voicecli_interruptions_total", "counter", "Replies that the user cut short.")
OVERHEARD = Family(
    "voicecli_overheard_total", "counter", "Sounds over the agent that began no turn, such as a cough."
)
CUT_OFFS = Family(
    "voicecli_cut_offs_total", "counter", "Turns that were answered too early: the user went on."
)
CUES = Family("voicecli_cues_total", "counter", "Cues for a user who waits (turn.thinking).")
DRAFTS = Family("voicecli_drafts_dropped_total", "counter", "Drafts of replies that were thrown away.")
DRAFTS_WORK = Family(
    "voicecli_drafts_dropped_seconds_total", "counter", "Time engines worked on drafts that were thrown away."
)
PROMPT = Family("voicecli_prompt_tokens_total", "counter", "Tokens of the prompts that were answered.")
PROMPT_NEW = Family(
    "voicecli_prompt_tokens_evaluated_total",
    "counter",
    "Tokens of answered prompts that were not in the prefix cache.",
)
WARNINGS = Family("voicecli_warnings_total", "counter", "Warnings that the user was given.")
ERRORS = Family("voicecli_errors_total", "counter", "Turns that failed, of which the user was told.")
ENGINE_FAILURES = Family(
    "voicecli_engine_failures_total", "counter", "Calls of an engine that failed.", ("engine",)
)
ENGINE_LATE = Family(
    "voicecli_engine_late_total", "counter", "Times an engine gave nothing for 30 s.", ("engine",)
)

LOSSES = Family(
    "voicecli_losses_total",
    "counter",
    "What should be zero: xruns, underruns, lost sound, speech and events.",
    ("reason",),
)
DROPPED = Family(
    "voicecli_dropped_total", "counter", "What the user did that had no effect, by its reason.", ("reason",)
)
QUEUE_FILL = Family(
    "voicecli_queue_fill", "gauge", "How much waits in a queue now, in its unit.", ("queue", "unit")
)
QUEUE_PEAK = Family(
    "voicecli_queue_peak", "gauge", "The most that ever waited in a queue.", ("queue", "unit")
)
QUEUE_CAPACITY = Family(
    "voicecli_queue_capacity", "gauge", "The most that can wait in a queue.", ("queue", "unit")
)
QUEUE_LOST = Family(
    "voicecli_queue_lost_total", "counter", "What was lost because a queue was full.", ("queue",)
)
LAG = Family("voicecli_lag_seconds", "gauge", "How far a reader of sound or events is behind.", ("reader",))
REOPENED = Family("voicecli_devices_reopened_total", "counter", "Times the devices were lost and open again.")
LEVEL = Family("voicecli_microphone_dbfs", "gauge", "Level of the newest frame.")
NOISE = Family("voicecli_noise_floor_dbfs", "gauge", "Level of the room without speech.")
PRESSURE = Family(
    "voicecli_pressure", "gauge", "0 calm, 1 warning, 2 critical; absent where it is not known."
)
QUALITY = Family(
    "voicecli_quality_steps_total",
    "counter",
    "Times the talk gave something up to keep pace; absent where that is not known.",
)
BREAKER = Family(
    "voicecli_breaker_open",
    "gauge",
    "1 while the circuit breaker of the model server is open, 0.5 half open, 0 closed; absent without one.",
)

CPU = Family("process_cpu_seconds_total", "counter", "Processor time of this process, user and system.")
MEMORY = Family("process_resident_memory_bytes", "gauge", "RAM of this process; only on Linux.")
MEMORY_PEAK = Family(
    "voicecli_resident_memory_peak_bytes", "gauge", "The most RAM this process ever took; not on Windows."
)
THREADS = Family("voicecli_threads", "gauge", "Threads of Python in this process.")

SESSIONS = Family("voicecli_sessions", "gauge", "Clients of `voicecli serve` that talk now; only there.")
SESSIONS_MOST = Family("voicecli_sessions_limit", "gauge", "How many clients may talk at once.")
SESSIONS_LET_IN = Family("voicecli_sessions_let_in_total", "counter", "Clients that were let in.")
SESSIONS_REFUSED = Family("voicecli_sessions_refused_total", "counter", "Clients that found no room.")
SESSIONS_TAKEN_UP = Family(
    "voicecli_sessions_taken_up_total", "counter", "Lost connections whose talk was taken up on another one."
)
LOOP_LAG = Family(
    "voicecli_loop_lag_seconds",
    "histogram",
    "How late the loop of `voicecli serve` is, ten times a second; only there.",
)

FAMILIES: tuple[Family, ...] = (
    *(INFO, STATE, FAILED, UPTIME),
    *(LATENCY, DECIDED, TURNS, INTERRUPTIONS, OVERHEARD, CUT_OFFS, CUES),
    *(DRAFTS, DRAFTS_WORK, PROMPT, PROMPT_NEW, WARNINGS, ERRORS, ENGINE_FAILURES, ENGINE_LATE),
    *(LOSSES, DROPPED, QUEUE_FILL, QUEUE_PEAK, QUEUE_CAPACITY, QUEUE_LOST, LAG, REOPENED),
    *(LEVEL, NOISE, PRESSURE, QUALITY, BREAKER, CPU, MEMORY, MEMORY_PEAK, THREADS),
    *(SESSIONS, SESSIONS_MOST, SESSIONS_LET_IN, SESSIONS_REFUSED, SESSIONS_TAKEN_UP, LOOP_LAG),
)
"""All metrics, in the order of the page."""

BUCKETS_S = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Upper bounds of the histograms, s: fine around the budgets of docs/latency.md, with 1 s, of which the alert
tells, as one of them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A metric's value at one moment."""

    family: Family
    values: tuple[str, ...]
    """Values of the family's labels, in their order."""
    value: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram at one moment."""

    family: Family
    values: tuple[str, ...]
    counts: tuple[int, ...]
    """For each of `BUCKETS_S`, and beyond the last: how many fell into it and no lower one."""
    total_s: float
    """Sum of what was observed."""
