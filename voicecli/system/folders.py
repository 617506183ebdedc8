"""The folders of this user's settings and models. Always absolute, whether they exist or not.

A user without a home (a service, a container, `HOME` unset for an unknown user number) shares the folders of
the whole computer: files that an administrator put there are found, and a user who may not write there is
told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NAME = "voicecli"


def settings_folder() -> Path:
    """`~/.config/voicecli` on Linux (XDG), `/etc/xdg/voicecli` for a user without a home."""
    from platformdirs import site_config_path, user_config_path

    return _usable(user_config_path, site_config_path)


def data_folder() -> Path:
    """`~/.local/share/voicecli` on Linux (XDG), `/usr/local/share/voicecli` for a user without a home."""
    from platformdirs import site_data_path, user_data_path

    return _usable(user_data_path, site_data_path)


def log_folder() -> Path:
    """`~/.local/state/voicecli/log` on Linux (XDG); below `data_folder` for a user without a home."""
    from platformdirs import site_data_path, user_log_path

    return _usable(user_log_path, lambda *args, **named: site_data_path(*args, **named) / "log")


def _usable(own: Callable[..., Path], shared: Callable[..., Path]) -> Path:
    try:
        folder = own(_NAME, appauthor=False)
    except RuntimeError:  # platformdirs finds no home
        return shared(_NAME, appauthor=False)
    # Older versions of platformdirs give "~/..." unexpanded, or a relative path from an XDG variable. Such a
    # path would depend on the current folder; the XDG specification says to ignore it.
    return folder if folder.is_absolute() else shared(_NAME, appauthor=False)
