"""What a client asks of its session, and what it gets: OpenAI's `session` object, merged and checked.

A client is told the settings that are in effect, so it can see what this server does not do: it has one
voice, no tools, and answers every turn. A field that is `null` turns a thing off; one that is absent
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicecli.serve.wire.formats import AS_FORMATS, RATES_HZ, Encoding, WireRates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicecli.config import Style

Json: TypeAlias = dict[str, object]

MOST_INSTRUCTIONS = 32_768
"""Most characters of a session's instructions."""

Eagerness: TypeAlias = Literal["low", "medium", "high", "auto"]

STYLES: Mapping[Eagerness, Style] = {"low": "patient", "medium": "normal", "auto": "normal", "high": "quick"}
"""OpenAI's eagerness of semantic turn detection -> this program's `turn.style`."""


class Unfit(ValueError):  # noqa: N818  # an answer
    """A setting that cannot be taken; `param` names it as OpenAI's errors do."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The settings of a session, in this program's terms."""

    instructions: str = ""
    """Empty: this program's own."""
    hears: Encoding = "audio/pcm"
    speaks: Encoding = "audio/pcm"
    rates: WireRates = AS_FORMATS
    """What the client asks for beyond the protocol."""
    aloud: bool = True
    """False: the client wants text alone."""
    detection: Literal["server_vad", "semantic_vad", "none"] = "server_vad"
    """none: the client says when a turn begins and ends."""
    eagerness: Eagerness = "auto"
    transcribes: bool = True
    """Whether the client is told the user's words."""
    metadata: tuple[tuple[str, str], ...] = ()
    """Words of the client's own, which are only echoed: `model`."""

    @property
    def style(self) -> Style:
        """How long the agent waits in a pause."""
        return STYLES[self.eagerness]

    def merged(self, asked: object, rates: WireRates = AS_FORMATS) -> SessionSettings:
        """These settings with those of a `session.update`, and `rates` in place of those so far.

        Raises Unfit, and then nothing of it counts.
        """
        session = _table(asked, "session")
        wanted = replace(self, rates=rates)
        if session.get("type", "realtime") != "realtime":
            raise Unfit("session.type", "this server holds realtime sessions alone")
        if "instructions" in session:
            wanted = replace(wanted, instructions=_text(session["instructions"], "session.instructions"))
        if (modalities := session.get("output_modalities")) is not None:
            if modalities not in (["audio"], ["text"]):
                raise Unfit("session.output_modalities", 'output_modalities is ["audio"] or ["text"]')
            wanted = replace(wanted, aloud=modalities == ["audio"])
        if isinstance(session.get("model"), str):
            wanted = replace(wanted, metadata=(("model", str(session["model"])[:200]),))
        audio = _table(session.get("audio"), "session.audio")
        wanted = _with_input(wanted, _table(audio.get("input"), "session.audio.input"))
        output = _table(audio.get("output"), "session.audio.output")
        if output.get("format") is not None:
            wanted = replace(wanted, speaks=_encoding(output["format"], "session.audio.output.format"))
        return wanted

    def effective(self, session_id: str, voice: str, expires_at: int) -> Json:
        """The whole `session` object, as it is in effect. `expires_at` is a Unix time, s."""
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": dict(self.metadata).get("model", "voicecli"),
            "expires_at": expires_at,
            "instructions": self.instructions,
            "output_modalities": ["audio" if self.aloud else "text"],
            "tools": [],
            "tool_choice": "none",
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            "prompt": None,
            "include": None,
            "audio": {
                "input": {
                    "format": _format(self.hears),
                    "noise_reduction": None,
                    "transcription": {"model": "voicecli"} if self.transcribes else None,
                    "turn_detection": self._detection(),
                },
                "output": {"format": _format(self.speaks), "voice": voice, "speed": 1.0},
            },
        }

    def _detection(self) -> Json | None:
        always: Json = {"create_response": True, "interrupt_response": True}
        match self.detection:
            case "none":
                return None
            case "semantic_vad":
                return {"type": "semantic_vad", "eagerness": self.eagerness, **always}
            case "server_vad":
                return {"type": "server_vad", "idle_timeout_ms": None, **always}


def _with_input(wanted: SessionSettings, asked: Json) -> SessionSettings:
    if asked.get("format") is not None:
        wanted = replace(wanted, hears=_encoding(asked["format"], "session.audio.input.format"))
    if "transcription" in asked:
        wanted = replace(wanted, transcribes=asked["transcription"] is not None)
    if "turn_detection" not in asked:
        return wanted
    if asked["turn_detection"] is None:
        return replace(wanted, detection="none")
    detection = _table(asked["turn_detection"], "session.audio.input.turn_detection")
    where = "session.audio.input.turn_detection"
    match detection.get("type", wanted.detection if wanted.detection != "none" else "server_vad"):
        case "server_vad":
            return replace(wanted, detection="server_vad", eagerness="auto")
        case "semantic_vad":
            for eagerness in STYLES:
                if eagerness == (detection.get("eagerness") or "auto"):
                    return replace(wanted, detection="semantic_vad", eagerness=eagerness)
            raise Unfit(f"{where}.eagerness", "eagerness is low, medium, high or auto")
        case _:
            raise Unfit(f"{where}.type", "turn_detection is server_vad, semantic_vad or null")


def _format(encoding: Encoding) -> Json:
    return {"type": encoding, "rate": RATES_HZ[encoding]} if encoding == "audio/pcm" else {"type": encoding}


def _encoding(asked: object, param: str) -> Encoding:
    form = _table(asked, param)
    for encoding, rate_hz in RATES_HZ.items():
        if form.get("type") == encoding and form.get("rate", rate_hz) in (rate_hz, None):
            return encoding
    raise Unfit(param, "audio is audio/pcm at 24000 Hz, audio/pcmu or audio/pcma")


def _table(value: object, param: str) -> Json:
    """A JSON object; `null` and what is absent are an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unfit(param, f"{param} is an object")
    return value


def _text(value: object, param: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unfit(param, f"{param} is text")
    if len(value) > MOST_INSTRUCTIONS:
        raise Unfit(param, f"{param} is longer than {MOST_INSTRUCTIONS} characters")
    return value
