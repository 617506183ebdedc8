"""Settings: every key, its default, unit and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from voicecli.config.keymap import KeysConfig
from voicecli.config.section import Section, in_order
from voicecli.config.sections.load_limits import PressureConfig as PressureConfig
from voicecli.config.sections.playback_buffer import PlaybackConfig as PlaybackConfig
from voicecli.config.speech_engines import GenerateConfig as GenerateConfig
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
    max_latency_ms: int = Field(
        default=200,
        ge=5,
        le=500,
        description="when a device loses sound, talk asks it for more latency, step by step, up to this",
    )
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
        description="without headphones: how long the microphone may still hear the agent after its last "
        "sound",
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
        default=900, ge=900, le=5000, description="from the end of your turn to that sound or those words"
    )

    max_s: int = Field(
        default=120,
        ge=20,
        le=3600,
        description="a turn that lasts longer is ended, and its words so far are answered",
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
    pressure: PressureConfig = PressureConfig()
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
