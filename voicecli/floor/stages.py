"""The engines by what they are for, and what one of them failed with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """What an engine is for."""

    name: str
    remedy: str
    """What the user can do, for an exception that does not say."""
    in_turns: bool = True
    """False: it works on all sound, whether there is a turn or not."""


TRANSCRIBER = Stage("speech to text", "say it again")
LANGUAGE_MODEL = Stage("the language model", "ask again: your words are remembered")
VOICE = Stage("the voice", 'ask again, or run "voicecli models verify"')
TURN_MODEL = Stage("the end-of-turn model", 'your pauses may be longer; run "voicecli models verify"')
DETECTOR = Stage("voice activity detection", 'run "voicecli models verify"', in_turns=False)
CONVERSION = Stage(
    "conversion and echo cancelling",
    'say it again; audio.echo = "off" in the settings does without the latter',
    in_turns=False,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What an engine failed with."""

    found: str
    remedy: str
    why: str
    """`found` without the stage."""
    broken: bool = False
    """The engine itself failed, and may do so again: it is to be made anew."""
    counts: bool = True
    """Three such faults in a row end the talk; not those of a server, which comes back by itself."""
    apologise: bool = False
    """The user is to hear an apology in place of an answer."""
