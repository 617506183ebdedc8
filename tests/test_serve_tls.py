"""`voicecli serve` over TLS: pages, a talk by `talk --server`, and files and clients that do not fit."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rig.program import complaint, environment, voicecli
from tests.certificates import OPENSSL, Certificates, made
from tests.sentences import wording
from tests.test_serve import WAIT_S, Hall
from voicecli.audio.recordings.files import WavWriter
from voicecli.config import Config
from voicecli.serve.access import Access
from voicecli.serve.listening import Address, TlsFiles, bound, running
from voicecli.serve.server import Server, ServerLimits

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl")

LINE = "What is it?"
REPLY = "It is this and that."


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return made(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def question(tmp_path: Path) -> str:
    at = np.arange(16_000) / 16_000
    with WavWriter(tmp_path / "q.wav", 16_000, 1) as wav:
        wav.write((9000 * np.sin(2 * np.pi * 400 * at)).astype(np.int16))
        wav.write(np.zeros(16_000, np.int16))
    return str(tmp_path / "q.wav")


class Secured:
    """A server of the program's own with these files, on a thread of its own."""

    def __init__(self, files: Certificates) -> None:
        self._tls = TlsFiles(files.certificate, files.key).context()
        self.told: list[str] = []
        self.complaints: list[str] = []
        """What its loop would write into a log."""
        self.port = 0
        self._ready, self._over = threading.Event(), threading.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.complaints.append(str(context)))
        engines = Hall([LINE], [REPLY] * 8)
        address = Address("127.0.0.1", 0, self._tls)
        with bound(address) as listening:
            self.port = listening.getsockname()[1]
            server = Server(engines, Config(), Access(self.port), ServerLimits(), self.told.append)  # type: ignore[arg-type]  # duck-typed
            async with running(server, address, listening):
                self._ready.set()
                await asyncio.to_thread(self._over.wait)

    def begin(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(WAIT_S)

    def end(self) -> None:
        self._over.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        assert self.complaints == []


@pytest.fixture
def server(files: Certificates) -> Iterator[Secured]:
    secured = Secured(files)
    secured.begin()
    yield secured
    secured.end()


def trusting(files: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=files.authority)


def test_pages_are_served_to_who_trusts_the_authority_and_to_nobody_else(
    server: Secured, files: Certificates
) -> None:
    url = f"https://localhost:{server.port}/health"
    with urllib.request.urlopen(url, timeout=WAIT_S, context=trusting(files)) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.URLError) as refused:
        urllib.request.urlopen(url, timeout=WAIT_S, context=ssl.create_default_context())
    assert isinstance(refused.value.reason, ssl.SSLCertVerificationError)


def test_old_tls_is_refused(server: Secured, files: Certificates) -> None:
    old = trusting(files)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", server.port), WAIT_S) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain, server_hostname="localhost")


def test_a_client_without_tls_gets_nothing_and_the_next_one_is_served(
    server: Secured, files: Certificates
) -> None:
    for sent in (
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\xff" * 5000,
    ):
        with socket.create_connection(("127.0.0.1", server.port), WAIT_S) as plain:
            plain.sendall(sent)
            plain.shutdown(socket.SHUT_WR)
            got = b""
            try:
                while piece := plain.recv(4096):
                    got += piece
            except ConnectionResetError:
                pass
        assert b"HTTP" not in got
        assert b"sessions" not in got
    url = f"https://localhost:{server.port}/health"
    with urllib.request.urlopen(url, timeout=WAIT_S, context=trusting(files)) as answer:
        assert answer.status == 200


def talk(*words: str, authority: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = environment({**os.environ, "PYTHONWARNINGS": "error"}, network=True)
    if authority is not None:
        env["SSL_CERT_FILE"] = str(authority)
    return subprocess.run(
        [sys.executable, "-m", "voicecli", "talk", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_talk_over_tls(server: Secured, files: Certificates, question: str) -> None:
    at = f"wss://localhost:{server.port}"
    done = talk("--server", at, "--from-file", question, "--plain", authority=files.authority)
    assert done.returncode == 0, done.stderr
    assert LINE in done.stdout
    assert REPLY in done.stdout
    assert server.told == []


def test_an_authority_that_nobody_knows_is_told_in_one_line(server: Secured, question: str) -> None:
    done = talk("--server", f"wss://localhost:{server.port}", "--from-file", question, "--plain")
    assert done.returncode == 1
    note, line = done.stderr.splitlines()
    assert note.startswith("note: ")
    shown = f"localhost:{server.port}"
    assert line == f"voicecli: {wording('satellite.not_trusted', server=shown)}"


def test_another_name_than_the_certificate_s_is_not_trusted(
    server: Secured, files: Certificates, question: str
) -> None:
    at = f"127.0.0.2:{server.port}"
    with socket.create_server(("127.0.0.2", 0)) as other:  # what passes on is somebody in between
        at = f"127.0.0.2:{other.getsockname()[1]}"
        passing = threading.Thread(target=passed_on, args=(other, server.port), daemon=True)
        passing.start()
        done = talk("--server", f"wss://{at}", "--from-file", question, "--plain", authority=files.authority)
        passing.join(WAIT_S)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"voicecli: {wording('satellite.not_trusted', server=at)}"


def passed_on(other: socket.socket, port: int) -> None:
    """Carry one connection to the server until the client leaves."""
    client, _ = other.accept()
    with client, socket.create_connection(("127.0.0.1", port), WAIT_S) as there:
        client.settimeout(WAIT_S)

        def back() -> None:
            while piece := there.recv(65536):
                client.sendall(piece)

        returning = threading.Thread(target=back, daemon=True)
        returning.start()
        while piece := client.recv(65536):
            there.sendall(piece)
        there.shutdown(socket.SHUT_WR)
        returning.join(WAIT_S)


def test_tls_asked_of_a_server_without_it_is_told(question: str) -> None:
    from tests.far_server import FarServer

    with FarServer().running() as plain:
        done = talk("--server", f"wss://127.0.0.1:{plain.port}", "--from-file", question, "--plain")
    assert done.returncode == 1
    shown = f"127.0.0.1:{plain.port}"
    assert done.stderr.splitlines()[-1] == f"voicecli: {wording('satellite.no_tls', server=shown)}"


@pytest.mark.parametrize(
    ("certificate", "key", "sentence"),
    [
        ("nowhere.pem", "key", "serve.tls_unread"),
        ("certificate", "nowhere.pem", "serve.tls_unread"),
        ("certificate", "other_key", "serve.tls_unlike"),
        ("certificate", "locked_key", "serve.tls_locked"),
        ("key", "key", "serve.tls_none"),
        ("certificate", "certificate", "serve.tls_none"),
        ("certificate", "", "serve.tls_pair"),
    ],
)
def test_files_that_do_not_fit_are_told_in_one_line(
    files: Certificates, certificate: str, key: str, sentence: str
) -> None:
    cert_file, key_file = (str(getattr(files, name, name)) for name in (certificate, key))
    words = ["--tls-cert", cert_file, *(["--tls-key", key_file] if key else [])]
    line = complaint(voicecli("serve", "--port", "0", *words), 2)
    values = {
        "serve.tls_unread": {"file": "nowhere.pem", "reason": "No such file or directory"},
        "serve.tls_unlike": {"certificate": cert_file, "key": key_file},
        "serve.tls_locked": {"key": key_file},
        "serve.tls_none": {"certificate": cert_file, "key": key_file},
    }
    assert line == f"voicecli: {wording(sentence, **values.get(sentence, {}))}"
