"""A server for hearing or speaking, as the settings name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.errors import ServerError


@dataclass(frozen=True, slots=True)
class AskedServer:
    """What of one table of the settings says which server is asked, and how long it may take."""

    section: str
    """The table: `transcribe`."""
    url: str
    model: str
    api_key_env: str
    """Environment variable that holds the key; empty for none."""
    connect_s: float
    timeout_s: float
    instead: str
    """What does without the server: `set transcribe.engine to "whisper"`."""
    tries_again: bool = True
    """It is asked again after a failure that may be over in a moment. Where another engine stands in, that is
    quicker."""

    def worth(self, error: ServerError) -> bool:
        """Whether the server is asked again after this failure."""
        return self.tries_again and error.passes

    @property
    def setting(self) -> str:
        """The setting that names the server."""
        return f"{self.section}.url"

    @property
    def slower(self) -> str:
        """The setting that lets the server be slower."""
        return f"{self.section}.timeout_s"
