"""What only some operating systems can do: the one file with POSIX- or Linux-only calls."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys


def quiet_alsa() -> None:
    """Stop ALSA from writing its own messages to stderr, where they would tear the live view.

    What goes wrong still arrives: PortAudio reports it as an error or a callback flag. Does nothing where
    there is no ALSA.
    """
    name = ctypes.util.find_library("asound") if sys.platform.startswith("linux") else None
    if name is None:
        return
    # ALSA calls the handler from the audio thread too, so it is a C function that takes no arguments and
    # does nothing (callers clean up their own arguments), not a Python one that would wait for the interpreter.
    does_nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    ctypes.CDLL(name).snd_lib_error_set_handler(does_nothing)
