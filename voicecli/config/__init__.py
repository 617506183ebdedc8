"""Settings: every key, its default, unit and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from voicecli.config.keymap import KeysConfig
from voicecli.config.section import Section, in_order
from voicecli.config.speech_engines import SynthesizeConfig as SynthesizeConfig
from voicecli.config.speech_engines import TranscribeConfig as TranscribeConfig

if TYPE_CHECKING:
    from collections.abc import Mapping


class AudioConfig(Section):
    """Microphone and loudspeaker."""

    input_device: str = Field(
        default="default", min_length=1, description='microphone: "default", a number or part of a name'
    )
    output_device: str = Field(
        default="default", min_length=1, description='loudspeaker: "default", a number or part of a name'
    )
    host_api: str = Field(
        default="", description='host API of both devices: part of a name in `voicecli devices`; "" for any'
    )
    fallback: bool = Field(
        default=True, description="talk uses the default device while the one you named is not there"
    )
    channel: int = Field(
        default=0,
        ge=0,
        le=64,
        description="channel of the microphone, from 1 on; 0: the channels in which somebody speaks",
    )
    block_ms: int = Field(default=20, ge=10, le=20, description="audio handed over at a time")
    latency_ms: int = Field(default=40, ge=5, le=500, description="latency asked of the devices")
    ring_s: float = Field(
        default=8.0,
        ge=4,
        le=60,
        description="most sound that waits when the computer is too slow; then the oldest is lost",
    )
    headphones: bool = Field(
        default=False,
        description="you wear headphones, so the microphone cannot hear the agent: its echo is not cancelled",
    )
    push_to_talk: bool = Field(
        default=False, description="open the microphone only with the key of keys.push_to_talk"
    )
    tail_ms: int = Field(
        default=250,
        ge=0,
        le=2000,
        description="without headphones: how long the microphone may still hear the agent after its end",
    )
    echo: Literal["auto", "off"] = Field(
        default="auto",
        description="auto: without headphones the agent's own voice is taken out of the microphone",
    )
    noise_suppression: Literal["off", "full"] = Field(
        default="off", description="filter steady noise out of the microphone; adds 6 ms"
    )
    gain_control: Literal["off", "full"] = Field(
        default="off", description="raise the level of a faint microphone"
    )


class SegmentConfig(Section):
    """What counts as speech."""

    onset_probability: float = Field(
        default=0.5, gt=0, lt=1, description="a frame at or above this probability may be speech"
    )
    release_probability: float = Field(
        default=0.35, gt=0, lt=1, description="speech goes on at or above this; at most onset_probability"
    )
    onset_frames: int = Field(default=3, ge=1, le=10, description="frames in a row that begin speech")
    snr_db: float = Field(
        default=6.0, ge=0, le=40, description="speech is at least this much louder than the noise floor"
    )
    min_level_dbfs: float = Field(default=-70.0, ge=-90, le=-20, description="softer sound is never speech")
    preroll_ms: int = Field(default=300, ge=0, le=1000, description="sound kept from before the onset")
    min_speech_ms: int = Field(default=160, ge=0, le=2000, description="shorter sounds are not speech")
    max_utterance_s: float = Field(default=25.0, ge=5, le=28, description="longer speech is split")

    @model_validator(mode="after")
    def _speech_ends_below_where_it_began(self) -> Self:
        return in_order(self, "release_probability", "onset_probability")


Style: TypeAlias = Literal["quick", "normal", "patient"]

EAGERNESS: Mapping[Style, float] = {"quick": 0.8, "normal": 0.6, "patient": 0.35}
"""How eager the turn decision is by `turn.style`, 0..1: docs/decisions/0028-turns-of-people.md."""

BY_STYLE = -1.0
"""`turn.eagerness` where the style decides."""


class TurnConfig(Section):
    """When the user has said what they had to say."""

    min_pause_ms: int = Field(
        default=160, ge=64, le=3000, description="a shorter silence never ends a turn; at most max_pause_ms"
    )
    max_pause_ms: int = Field(
        default=1500, ge=100, le=5000, description="silence that ends a turn whatever was said"
    )
    style: Style = Field(
        default="normal",
        description="quick: answers sooner, and cuts you off more often when you pause; normal: in between; "
        "patient: lets you think in mid-sentence, and answers later",
    )
    eagerness: float = Field(
        default=BY_STYLE,
        ge=BY_STYLE,
        le=1,
        description="finer than style, and in its place: 0 waits longer when in doubt, 1 answers sooner; "
        "-1 leaves it to style",
        json_schema_extra={"allowed": "0 to 1, or -1"},
    )
    thinking: Literal["off", "sound", "words"] = Field(
        default="off",
        description="what you hear while an answer is long in coming; sound: a soft tone; words: such as "
        '"Let me think."',
    )
    thinking_after_ms: int = Field(
        default=1000, ge=900, le=5000, description="from the end of your turn to that sound or those words"
    )

    @property
    def eager(self) -> float:
        """How eager the turn decision is, 0..1: `eagerness` where it is set, else what the style says."""
        return EAGERNESS[self.style] if self.eagerness == BY_STYLE else self.eagerness

    @field_validator("eagerness")
    @classmethod
    def _is_a_share(cls, eagerness: float) -> float:
        if BY_STYLE < eagerness < 0:
            raise PydanticCustomError("share", "neither a share nor left to the style")
        return eagerness

    @model_validator(mode="after")
    def _shortest_is_not_longer_than_longest(self) -> Self:
        return in_order(self, "min_pause_ms", "max_pause_ms")


class ConversationConfig(Section):
    """What the language model is told."""

    system_prompt: str = Field(
        default="auto",
        max_length=8000,
        description='what the model is told of itself; "auto": a prompt that suits the model',
    )
    history_tokens: int = Field(
        default=600,
        ge=0,
        le=100_000,
        description="size of the remembered turns, estimated; with more, a small model answers later",
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
        pattern=r"^([A-Z_][A-Z0-9_]*)?$",  # many keys would pass for a name with small letters
        description="openai: environment variable that holds the key",
        json_schema_extra={"allowed": "a name in capitals such as OPENAI_API_KEY, not the key itself"},
        repr=False,  # if somebody puts the key itself here, no error may show it
    )
    timeout_s: float = Field(
        default=20.0,
        gt=0,
        le=600,
        description="openai: longest silence of the server, before its answer or within it; it has 3 s to "
        "accept the connection, and 180 s while it loads its model",
    )
    temperature: float = Field(default=0.1, ge=0, le=2, description="0 is always the same answer")
    max_tokens: int = Field(
        default=120,
        ge=8,
        le=4096,
        description="most tokens of a reply, thinking included; past half of them it ends at a sentence end",
    )
    context_tokens: int = Field(
        default=2048, ge=512, le=131_072, description="embedded: room for prompt and reply together"
    )
    threads: int = Field(
        default=0, ge=0, le=64, description="embedded: CPU threads, 0 for a number that suits"
    )


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
class Mistake:
    """The first mistake in the tables of a file, which makes them unusable as settings."""

    path: tuple[str, ...]
    """The table, or the table and the key."""
    unknown: bool
    """There is no such table or key."""
    above: str
    """If not empty: a key of the same table. The value at `path` is above its value, and must not be."""
    same: str
    """If not empty: a key of the same table. The value at `path` equals its value, and must not."""
    lacks: str
    """If not empty: a key of the same table. The value at `path` needs that key to be set, and it is
    empty."""
    count: int
    """How many mistakes there are."""


def check(tables: Mapping[str, object]) -> Config | Mistake:
    """Make settings from the tables of a file; a key that is not in them has its default."""
    try:
        return Config.model_validate(tables)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
    first = mistakes[0]
    path = tuple(str(part) for part in first["loc"])
    told = dict.fromkeys(("above", "same", "lacks"), "")
    match first["type"]:
        case "order":
            path, told["above"] = (*path, first["ctx"]["low"]), first["ctx"]["high"]
        case "same":
            path, told["same"] = (*path, first["ctx"]["one"]), first["ctx"]["other"]
        case "lacks":
            path, told["lacks"] = (*path, first["ctx"]["key"]), first["ctx"]["other"]
    return Mistake(path, unknown=first["type"] == "extra_forbidden", count=len(mistakes), **told)
