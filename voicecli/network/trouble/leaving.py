"""Which sound and words of a talk leave this computer, besides what the language model is told."""

from __future__ import annotations

from voicecli.network.trouble.guard import guard_of


def stays_here(engine: object) -> bool:
    """Whether what an engine is given stays on this computer."""
    guard = guard_of(engine)
    return guard is None or guard.is_local


def leaving(hears: object, speaks: object) -> list[tuple[str, str]]:
    """Of a recogniser and a voice: what goes to another computer, and how to keep it here."""
    told = []
    for engine, what, keeps in (
        (hears, "your voice", 'transcribe.engine = "whisper"'),
        (speaks, "what the agent says", 'synthesize.engine = "piper"'),
    ):
        guard = guard_of(engine)
        if guard is not None and not guard.is_local:
            told.append((f"{what} goes to another computer: {guard.name}", f"{keeps} keeps it here"))
    return told
