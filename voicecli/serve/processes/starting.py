"""The settings of a server -> its models, loaded and warm, and what makes a server with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.loading import load
from voicecli.models.store import ModelStore, models_root
from voicecli.reply.conversation.prompt import begin
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits
from voicecli.system.freed_memory import keep_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicecli.config import Config
    from voicecli.engines import Engines


@dataclass(frozen=True, slots=True)
class ServePlan:
    """What a server is made from. Another process can be given it."""

    config: Config
    models_dir: Path | None
    limits: ServerLimits
    token: str
    names: frozenset[str]
    any_address: bool

    def prepare(self, tell: Callable[[str], None]) -> Callable[[int], Server]:
        """Load the models; give what makes a server for a port. `tell`: as in `Server`, also while it loads.

        Raises what `loaded` raises.
        """
        return self.made_with(self.loaded(tell), tell)

    def loaded(self, tell: Callable[[str], None]) -> Engines:
        """Load the models. Raises what `load` raises; EngineError where the language model fails."""
        store = ModelStore(models_root(self.models_dir))
        engines = load(self.config, store, lambda what: tell(f"loading {what}"), self.limits.sessions)
        session = engines.session()
        generator = session.generator.it
        generator.warm(
            begin(self.config.conversation, generator).messages_for("")
        )  # now, not in the first talk
        session.close()
        keep_all()
        return engines

    def made_with(self, engines: Engines, tell: Callable[[str], None]) -> Callable[[int], Server]:
        """What makes a server for a port, with engines that are loaded."""

        def make(port: int) -> Server:
            access = Access(port, self.token, self.names, any_address=self.any_address)
            return Server(engines, self.config, access, self.limits, tell)

        return make
