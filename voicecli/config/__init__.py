"""Settings: every key, its default, unit and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from voicecli.config.keys import KeysConfig
from voicecli.config.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
"""ISO 639-1."""
VoiceName = Annotated[str, Field(min_length=1)]

SectionT = TypeVar("SectionT", bound="Section")


def _in_order(section: SectionT, low: str, high: str) -> SectionT:
    """Refuse a section whose key `low` is above its key `high`."""
    if getattr(section, low) > getattr(section, high):
        raise PydanticCustomError("order", "{low} is above {high}", {"low": low, "high": high})
    return section


class AudioConfig(Section):
    """Microphone and loudspeaker."""

    input_device: str = Field(
        default="default", min_length=1, description='microphone: "default", a number or part of a name'
    )
    output_device: str = Field(
        default="default", min_length=1, description='loudspeaker: "default", a number or part of a name'
    )
    host_api: str = Field(
        default="", description='host API of both, part of a name `voicecli devices` shows; "" for any'
    )
    fallback: bool = Field(
        default=True, description="while a named device is not there, talk uses the default one"
    )
    channel: int = Field(
        default=0,
        ge=0,
        le=64,
        description="channel of the microphone, from 1 on; 0: those somebody speaks in",
    )
    block_ms: int = Field(default=20, ge=10, le=20, description="audio handed over at a time")
    latency_ms: int = Field(default=40, ge=5, le=500, description="latency asked of the devices")
    ring_s: float = Field(default=8.0, ge=4, le=60, description="sound held while the listener is late")
    headphones: bool = Field(
        default=False, description="the microphone cannot hear the loudspeaker: speaking stops the agent"
    )
    push_to_talk: bool = Field(
        default=False, description="the microphone is open only while the key for it says so"
    )
    tail_ms: int = Field(
        default=250,
        ge=0,
        le=2000,
        description="without headphones: microphone held off after the agent's last sound",
    )
    echo: Literal["auto", "off"] = Field(
        default="auto",
        description="auto: without headphones the agent's own voice is taken out of the microphone",
    )
    noise_suppression: Literal["off", "full"] = Field(
        default="off", description="of the microphone; adds 6 ms"
    )
    gain_control: Literal["off", "full"] = Field(
        default="off", description="of the microphone, for a faint one"
    )


class SegmentConfig(Section):
    """What counts as speech."""

    onset_probability: float = Field(
        default=0.5, gt=0, lt=1, description="a frame at or above it may be speech"
    )
    release_probability: float = Field(
        default=0.35, gt=0, lt=1, description="speech goes on at or above it; at most onset_probability"
    )
    onset_frames: int = Field(default=3, ge=1, le=10, description="frames in a row that begin speech")
    snr_db: float = Field(default=6.0, ge=0, le=40, description="speech is this far above the noise floor")
    min_level_dbfs: float = Field(default=-70.0, ge=-90, le=-20, description="nothing below it is speech")
    preroll_ms: int = Field(default=300, ge=0, le=1000, description="sound kept from before the onset")
    min_speech_ms: int = Field(default=160, ge=0, le=2000, description="shorter sounds are not speech")
    max_utterance_s: float = Field(default=25.0, ge=5, le=28, description="longer speech is split")

    @model_validator(mode="after")
    def _speech_ends_below_where_it_began(self) -> Self:
        return _in_order(self, "release_probability", "onset_probability")


class TurnConfig(Section):
    """When the user has said what they had to say."""

    min_pause_ms: int = Field(
        default=160, ge=64, le=3000, description="no shorter silence ends a turn; at most max_pause_ms"
    )
    max_pause_ms: int = Field(
        default=1500, ge=100, le=5000, description="silence that ends a turn whatever was said"
    )
    eagerness: float = Field(
        default=0.6, ge=0, le=1, description="0 waits longer when in doubt, 1 answers sooner"
    )

    @model_validator(mode="after")
    def _shortest_is_not_longer_than_longest(self) -> Self:
        return _in_order(self, "min_pause_ms", "max_pause_ms")


class TranscribeConfig(Section):
    """Speech to text."""

    model: str = Field(
        default="whisper-base",
        min_length=1,
        description="a name of `voicecli models list`, a CTranslate2 folder, or a hub name",
    )
    language: str = Field(
        default="auto",
        pattern=r"^(auto|[a-z]{2,3})$",
        description="the language spoken",
        json_schema_extra={"allowed": '"auto" or a language code such as "en"'},
    )
    threads: int = Field(default=0, ge=0, le=64, description="CPU threads, 0 for a number that suits")


class ConversationConfig(Section):
    """What the language model is told."""

    system_prompt: str = Field(
        default="auto", max_length=8000, description='who the agent is; "auto": what suits the model'
    )
    history_tokens: int = Field(
        default=600,
        ge=0,
        le=100_000,
        description="past turns remembered (estimated); a small model answers later with more",
    )


class GenerateConfig(Section):
    """The language model."""

    engine: Literal["embedded", "openai", "echo"] = Field(
        default="embedded",
        description="embedded: a GGUF in this process; openai: an OpenAI-compatible server; echo: repeats",
    )
    model: str = Field(
        default="auto",
        min_length=1,
        description='embedded: "auto" (the best one here that suits this computer), "light" (the small one: '
        "quick, often wrong), a name of `voicecli models list`, a .gguf file or a hub name; openai: the "
        "server's name for it",
    )
    base_url: str = Field(
        default="http://127.0.0.1:11434/v1",
        pattern=r"^https?://[^\s/]\S*$",
        description="openai: where the server is, with its /v1",
        json_schema_extra={"allowed": "a URL that begins with http:// or https://"},
    )
    api_key_env: str = Field(
        default="OPENAI_API_KEY",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="openai: environment variable that holds the key",
        json_schema_extra={"allowed": "a name such as OPENAI_API_KEY, not the key itself"},
        repr=False,  # who puts the key itself here must not find it in an error
    )
    timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="openai: longest wait for the next words"
    )
    temperature: float = Field(default=0.1, ge=0, le=2, description="0 is always the same answer")
    max_tokens: int = Field(default=120, ge=8, le=4096, description="longest reply")
    context_tokens: int = Field(
        default=2048, ge=512, le=131_072, description="embedded: prompt and reply together"
    )
    threads: int = Field(
        default=0, ge=0, le=64, description="embedded: CPU threads, 0 for a number that suits"
    )


class SynthesizeConfig(Section):
    """Text to speech."""

    voice: str = Field(
        default="voice-en-us-joe",
        min_length=1,
        description="a name of `voicecli models list`, a Piper .onnx file, or a Piper voice name",
    )
    voices: dict[LanguageCode, VoiceName] = Field(
        default={},
        description="voices of other languages than that of `voice`, by the language spoken: a reply in "
        "it is said by that voice. In an environment variable as here, with the braces",
        json_schema_extra={
            "allowed": 'language codes of two letters, each with a voice: { de = "de_DE-thorsten-medium" }'
        },
    )
    speed: float = Field(default=1.0, ge=0.5, le=2, description="1 is the voice's own pace")
    volume: float = Field(default=0.7, gt=0, le=1, description="1 is full scale")
    threads: int = Field(default=0, ge=0, le=64, description="CPU threads, 0 for a number that suits")


class PlaybackConfig(Section):
    """The buffer before the loudspeaker."""

    jitter_min_ms: int = Field(
        default=150,
        ge=20,
        le=1000,
        description="buffered before a reply begins, at best; at most jitter_max_ms",
    )
    jitter_max_ms: int = Field(
        default=250, ge=20, le=2000, description="buffered before a reply begins, at worst"
    )
    ahead_ms: int = Field(default=800, ge=200, le=5000, description="synthesis runs this far ahead at most")

    @model_validator(mode="after")
    def _best_is_not_worse_than_worst(self) -> Self:
        return _in_order(self, "jitter_min_ms", "jitter_max_ms")


class Config(Section):
    """The whole file."""

    audio: AudioConfig = AudioConfig()
    segment: SegmentConfig = SegmentConfig()
    turn: TurnConfig = TurnConfig()
    transcribe: TranscribeConfig = TranscribeConfig()
    conversation: ConversationConfig = ConversationConfig()
    generate: GenerateConfig = GenerateConfig()
    synthesize: SynthesizeConfig = SynthesizeConfig()
    playback: PlaybackConfig = PlaybackConfig()
    keys: KeysConfig = KeysConfig()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first mistake in tables that are not settings."""

    path: tuple[str, ...]
    """The table, or the table and the key."""
    unknown: bool
    """There is no such table or key."""
    above: str
    """When not empty: the key at `path` must not be above this one of the same table, and is."""
    same: str
    """When not empty: the key at `path` must differ from this one of the same table, and does not."""
    count: int
    """How many mistakes there are."""


def check(tables: Mapping[str, object]) -> Config | Refusal:
    """Make settings of the tables of a file; what they leave out has its default."""
    try:
        return Config.model_validate(tables)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
    first = mistakes[0]
    path = tuple(str(part) for part in first["loc"])
    if first["type"] == "order":
        path = (*path, first["ctx"]["low"])
        return Refusal(path, unknown=False, above=first["ctx"]["high"], same="", count=len(mistakes))
    if first["type"] == "same":
        path = (*path, first["ctx"]["one"])
        return Refusal(path, unknown=False, above="", same=first["ctx"]["other"], count=len(mistakes))
    return Refusal(path, unknown=first["type"] == "extra_forbidden", above="", same="", count=len(mistakes))
