"""Words that all views for people share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicecli.events import DROPPED
from voicecli.view.safe import safe
from voicecli.waiting.quality import STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicecli.events import Dropped, Failed, QualityStepped, Warned
    from voicecli.status import Status

SILENT: Final = ("loading", "offline")
"""States in which nothing is heard; `loading` of the status says why."""

_STAGES: Final = {
    "device_in": "microphone",
    "pause": "pause",
    "transcribe": "transcribe",
    "first_token": "first word",
    "first_clause": "first clause",
    "first_audio": "voice",
    "decision": "turn decision",
    "playback": "playback",
}


def stages(latency_ms: Mapping[str, float]) -> str:
    """`microphone 58, pause 100, ...`, ms, without the total."""
    return ", ".join(f"{_STAGES.get(key, key)} {ms:.0f}" for key, ms in latency_ms.items() if key != "total")


_ONE = {
    "pieces of speech": "piece of speech",
    "drafts": "draft",
    "clauses": "clause",
    "replies": "reply",
    "events": "event",
    "microphone overflows": "microphone overflow",
    "microphone samples lost": "microphone sample lost",
    "loudspeaker underflows": "loudspeaker underflow",
    "gaps in the reply": "gap in the reply",
    "pieces of speech lost": "piece of speech lost",
    "samples for the server lost": "sample for the server lost",
    "events lost": "event lost",
}
"""Name of a counter -> the same in the singular, for a count of 1."""


def notice(event: Warned | Failed) -> str:
    """Say what was found and what to do, on one line."""
    message, remedy = safe(event.message), safe(event.remedy)
    return f"{message}; {remedy}" if remedy else message


_STEP_WORDS: Final = {step.name: step.words for step in STEPS}


def without(event: QualityStepped) -> str:
    """`load warning: no drafts`, or `load calm: no drafts (no longer)`."""
    what = "" if event.step is None else f": {_STEP_WORDS.get(event.step, safe(event.step))}"
    return f"load {safe(event.level)}{what}" + (" (no longer)" if event.change == "taken back" else "")


def dropped(event: Dropped) -> str:
    """Say what had no effect, and how often so far; never in the user's words."""
    return f"dropped: {safe(DROPPED.get(event.reason, event.reason))} ({event.reason}: {event.count} so far)"


def counted(counters: Mapping[str, int]) -> str:
    """`3 drafts, 1 clause`; empty when all counts are 0."""
    return ", ".join(
        f"{count} {_ONE.get(name, safe(name)) if count == 1 else safe(name)}"
        for name, count in counters.items()
        if count
    )


LATE_RECORDING_S, TIMELY_RECORDING_S = 2.0, 1.0
"""s. A recording that is this far behind is worth telling; from the second on it keeps up again."""


def is_late(status: Status, *, already: bool) -> bool:
    """Whether the recording is so far behind that a person should know; `already`: it was."""
    return status.record_lag_s > (TIMELY_RECORDING_S if already else LATE_RECORDING_S)


def waited_for(status: Status) -> str:
    """Say what is loaded, or waited for, and when it is tried again."""
    again = "" if status.again_in_s is None else f" ({status.again_in_s:.0f} s)"
    return f"{safe(status.loading)}{again}"


def how_to_speak(status: Status) -> str:
    """Tell the user that they may speak, and how."""
    if not status.push_to_talk:
        return "Speak now."
    key = status.keys.get("push_to_talk", "the talk key")
    return f"Speak, then press {key} again." if status.talk_key_down else f"Press {key} and speak."


def how_to_interrupt(status: Status) -> str:
    """Tell the user whether, and how, they can interrupt the agent."""
    if status.barge_in == "off":
        return "The microphone is off while it speaks."
    if status.push_to_talk and not status.talk_key_down:
        return f"Press {status.keys.get('push_to_talk', 'the talk key')} to talk over it."
    if status.barge_in == "strict":
        return "Speak loudly to stop it."
    return "Talk over it to stop it."


def key_words(status: Status) -> list[tuple[str, str]]:
    """List each key and what it does now."""
    if status.typed is not None:
        return [("enter", "sends"), ("esc", "cancels")]
    does = {
        "push_to_talk": "done" if status.talk_key_down else "talk",
        "mute_microphone": "unmute mic" if status.microphone_muted else "mute mic",
        "mute_voice": "unmute voice" if status.voice_muted else "mute voice",
        "interrupt": "stop",
        "repeat": "say again",
        "type": "type",
    }
    return [("esc" if key == "escape" else key, does[action]) for action, key in status.keys.items()]
