"""Certificates for tests, made by `openssl` when they are needed: an authority, and a server's from it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OPENSSL = shutil.which("openssl")

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@dataclass(frozen=True)
class Certificates:
    """PEM files."""

    authority: Path
    certificate: Path
    """Of localhost and 127.0.0.1, by the authority."""
    key: Path
    locked_key: Path
    """The same, encrypted."""
    other_key: Path
    """It belongs to the authority's certificate."""


def made(folder: Path) -> Certificates:
    """Make all."""
    found = Certificates(*(folder / f"{name}.pem" for name in ("ca", "cert", "key", "locked", "ca-key")))
    _openssl(
        *("req", "-x509", "-nodes", "-days", "2", *CURVE, "-subj", "/CN=an authority"),
        *("-addext", "keyUsage=critical,keyCertSign", "-addext", "subjectKeyIdentifier=hash"),
        *("-keyout", found.other_key, "-out", found.authority),
    )
    request = folder / "request.pem"
    _openssl(
        *("req", "-nodes", *CURVE, "-subj", "/CN=localhost", "-keyout", found.key, "-out", request),
    )
    (folder / "more").write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nauthorityKeyIdentifier=keyid\n",
        encoding="ascii",
    )
    _openssl(
        *("x509", "-req", "-days", "2", "-in", request, "-CA", found.authority, "-CAkey", found.other_key),
        *("-CAcreateserial", "-extfile", folder / "more", "-out", found.certificate),
    )
    _openssl("ec", "-aes128", "-passout", "pass:secret", "-in", found.key, "-out", found.locked_key)
    return found


def _openssl(*words: str | Path) -> None:
    assert OPENSSL is not None
    subprocess.run([OPENSSL, *map(str, words)], check=True, capture_output=True, timeout=60)
