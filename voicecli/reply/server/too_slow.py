"""The settings -> how long a server may take for a reply; and what is told where it takes longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import ServerError
from voicecli.network.trouble.patience import Patience

if TYPE_CHECKING:
    from voicecli.config import GenerateConfig


def patience_of(config: GenerateConfig) -> Patience:
    """The patience that the settings ask for."""
    return Patience(config.first_token_s, config.timeout_s, config.total_s)


def too_slow(patience: Patience, where: str, *, thought: bool) -> ServerError:
    """What to tell when it is over; `thought`: the model was seen to think."""
    silence_s = patience.silence_s
    if not patience.silent:
        found = f"{where} did not come to an end within {patience.total_s:g} s"
        return ServerError(found, "use a smaller model, or raise generate.total_s")
    if patience.began:
        found = f"{where} fell silent for {silence_s:g} s in the middle of the reply"
        return ServerError(found, "ask again, or raise generate.timeout_s")
    if thought:
        found = f"the model at {where} thought for {silence_s:g} s and said nothing"
        return ServerError(found, "use a model that does not think, or raise generate.first_token_s")
    found = f"{where} sent no word for {silence_s:g} s"
    return ServerError(found, "use a smaller model, or raise generate.first_token_s")
