"""The keys of a talk: which key does what, and the names keys have."""

from __future__ import annotations

from typing import Annotated, Final, Self, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from voicecli.config.section import Section

NO_KEY: Final = "none"
"""The name that stands for no key; any number of actions may have it."""

NAMED: Final = ("space", "enter", "tab", "backspace", "escape")
"""Names of keys that are neither a letter nor a digit."""

KeyName: TypeAlias = Annotated[
    str,
    Field(
        pattern=rf"^({'|'.join(NAMED)}|{NO_KEY}|[a-z0-9])$",
        json_schema_extra={"allowed": f"a letter, a digit, {', '.join(NAMED)} or {NO_KEY}"},
    ),
]


class KeysConfig(Section):
    """Keys of the live view, in a terminal. No two actions share one."""

    push_to_talk: KeyName = Field(
        default="space", description="with push to talk: opens and closes the microphone"
    )
    mute_microphone: KeyName = Field(default="m", description="mutes the microphone until pressed again")
    mute_voice: KeyName = Field(default="v", description="mutes the voice: the agent answers without a sound")
    interrupt: KeyName = Field(default="escape", description="stops the agent")
    repeat: KeyName = Field(default="r", description="says the last reply again")
    type: KeyName = Field(default="t", description="takes a typed line instead of speech")

    @model_validator(mode="after")
    def _no_two_on_one_key(self) -> Self:
        taken: dict[str, str] = {}
        for action in type(self).model_fields:
            key = getattr(self, action)
            if key != NO_KEY and key in taken:
                raise PydanticCustomError("same", "{one} is {other}", {"one": taken[key], "other": action})
            taken[key] = action
        return self
