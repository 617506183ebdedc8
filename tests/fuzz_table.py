"""Every parser of what others wrote, by name, for `fuzzing`. To add one: a row in one of these tables."""

from __future__ import annotations

from tests.fuzz_files import FILES
from tests.fuzz_models import MODELS
from tests.fuzz_servers import SERVERS
from tests.fuzz_sessions import SESSIONS
from tests.fuzz_sounds import SOUNDS
from tests.fuzz_texts import TEXTS

PARSERS = {**SOUNDS, **SERVERS, **FILES, **MODELS, **TEXTS, **SESSIONS}
