"""Ends a Python process at its first use of the network. Python imports this file if it is on the path."""

import os
import socket
import sys


def forbid(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: allow local (UNIX) sockets; end the process with code 99 at any other use of a socket."""
    if not event.startswith("socket."):
        return
    first = arguments[0] if arguments else None
    if isinstance(first, socket.socket) and first.family == getattr(socket, "AF_UNIX", None):
        return
    if event in ("socket.__new__", "socket.gethostname"):
        return  # making a socket, or asking for one's own name, reaches nobody
    sys.stderr.write(f"network used: {event} {arguments[1:]}\n")
    sys.stderr.flush()
    os._exit(99)


sys.addaudithook(forbid)
