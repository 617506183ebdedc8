"""All errors a user may meet, on one page.

    VoicecliError
    ├── ConfigError      a setting, a flag or an environment variable
    ├── DeviceError      a microphone or loudspeaker
    ├── ModelError       a model file: missing, cut, wrong, unreadable
    ├── AudioFileError   a recording that cannot be read or written
    ├── EngineError      a model that failed while running
    │   └── ServerError  a language model server that refused, failed or fell silent
    └── StageError       a part of a talk that failed again and again, or crashed: it ends the talk

Each says what was found and what to do about it, in one line. The command line prints that line and
exits with `exit_code`; it never prints a traceback for one of these.
"""

import re

_USERINFO = re.compile(r"(?<=://)\S*@")


def without_userinfo(text: str) -> str:
    """Hide the user names and passwords in the addresses of a text."""
    return _USERINFO.sub("***@", text)


class VoicecliError(Exception):
    """What was found, and what to do.

    Both are fragments of one line: `no input device matches 'yeti'` and
    `run "voicecli devices" and copy a name`. An address in them loses its password.
    """

    exit_code = 1

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__()
        self.reword(found, remedy)

    def reword(self, found: str, remedy: str) -> None:
        """Say it in other words."""
        self.found = without_userinfo(" ".join(found.split()))
        self.remedy = without_userinfo(" ".join(remedy.split()))
        self.args = (f"{self.found}; {self.remedy}" if self.remedy else self.found,)


class ConfigError(VoicecliError):
    """A setting, a flag or an environment variable that cannot be used."""

    exit_code = 2


class DeviceError(VoicecliError):
    """A microphone or loudspeaker that is absent, ambiguous, busy or gone."""


class ModelError(VoicecliError):
    """A model file that is missing, cut, wrong or unreadable."""


class AudioFileError(VoicecliError):
    """A recording that cannot be read or written."""


class EngineError(VoicecliError):
    """A model that failed while running."""


class ServerError(EngineError):
    """A language model server that refused, failed or fell silent: it costs a turn, and never the talk."""

    def __init__(
        self, found: str, remedy: str = "", *, passes: bool = False, wait_s: float | None = None
    ) -> None:
        """`passes`: it may be over in a moment, so it is worth asking again.

        `wait_s`: for how long the server wants to be left alone, s.
        """
        super().__init__(found, remedy)
        self.passes = passes
        self.wait_s = wait_s
        self.apologise = False
        """The user is to hear an apology in place of an answer."""


class StageError(VoicecliError):
    """A part of a talk that failed again and again, or crashed: the talk cannot go on."""

    exit_code = 70
    """EX_SOFTWARE of BSD's sysexits.h."""
