"""`voicecli config`, and the look for servers of this computer."""

from __future__ import annotations

import errno
import http.server
import json
import os
import shlex
import socket
import stat
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.sentences import pattern, wording
from voicecli.cli import config as command
from voicecli.config import Config
from voicecli.config.catalogue import KEYS
from voicecli.config.find import user_file
from voicecli.config.load import load
from voicecli.errors import ConfigError
from voicecli.network.servers import USUAL_PORTS, LocalServer, find_servers


def models(*names: object) -> bytes:
    return json.dumps(
        {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}
    ).encode()


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with what its server was given; notes what it was asked."""

    server: FakeServer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Host", "")))
        self.server.behave(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class FakeServer(http.server.ThreadingHTTPServer):
    """A server of this computer; `enough` is set when the test is over."""

    daemon_threads = False
    asked: list[tuple[str, str]]

    def __init__(self, body: bytes, status: int = 200, trickle: bytes = b"") -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked = []
        self.enough = threading.Event()
        self._body, self._status, self._trickle = body, status, trickle

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def behave(self, handler: Answers) -> None:
        try:
            if self._trickle:  # one byte now and then, never silent for as long as the limit
                while not self.enough.wait(0.1):
                    handler.wfile.write(self._trickle)
                return
            handler.send_response(self._status)
            if self._status == 302:
                handler.send_header("Location", "/v1/elsewhere")
            handler.send_header("Content-Length", str(len(self._body)))
            handler.end_headers()
            handler.wfile.write(self._body)
        except OSError:  # the client had enough
            handler.close_connection = True


@contextmanager
def serving(body: bytes, status: int = 200, trickle: bytes = b"") -> Iterator[FakeServer]:
    with FakeServer(body, status, trickle) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.enough.set()
            server.shutdown()
            thread.join()


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# --- the look for servers


def test_a_server_and_its_models_are_found() -> None:
    with serving(models("qwen3:4b", "llama")) as server:
        found = find_servers([("None", refused_port()), ("Ollama", server.port)])
        assert found == [LocalServer("Ollama", f"http://127.0.0.1:{server.port}/v1", ("qwen3:4b", "llama"))]
        assert server.asked == [("/v1/models", f"127.0.0.1:{server.port}")]


def test_servers_keep_the_order_of_the_ports() -> None:
    with serving(models("a")) as one, serving(models("b")) as two:
        found = find_servers([("B", two.port), ("A", one.port)])
    assert [server.program for server in found] == ["B", "A"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>A router", 200),
        (b"", 200),
        (b"\xff\xfe\x00", 200),
        (b"[" * 100_000, 200),
        (b"[]", 200),
        (b'{"data": {"id": "x"}}', 200),
        (b'{"data": null}', 200),
        (b"null", 200),
        (models("x") + b" " * (1 << 20), 200),
        (models("x"), 404),
        (models("x"), 500),
        (models("x"), 302),
    ],
)
def test_other_programs_are_left_alone(body: bytes, status: int) -> None:
    with serving(body, status) as server:
        assert find_servers([("x", server.port)]) == []
        assert len(server.asked) == 1


def test_what_is_no_http_at_all_is_left_alone() -> None:
    with serving(b"", trickle=b"\x00\x01 SSH-2.0\r\n\r\n") as server:
        assert find_servers([("x", server.port)]) == []


@pytest.mark.parametrize("trickle", [b"H", b"HTTP/1.0 200 OK\r\nX-A: b\r\n\r\n{"])
def test_a_slow_server_is_not_waited_for(trickle: bytes) -> None:
    """It sends a byte every 0.1 s for ever: without a limit on the whole the look would not end."""
    with serving(b"", trickle=trickle) as slow, serving(models("quick")) as quick:
        found = find_servers([("slow", slow.port), ("quick", quick.port)])
    assert [server.program for server in found] == ["quick"]


def test_a_silent_server_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert find_servers([("x", silent.getsockname()[1])]) == []


def test_names_cannot_steer_a_terminal() -> None:
    names = ("\x1b[31mred\x07\n", "[bold]b", "\u202eevil", "\ud800", "x" * 500, 5, None, "", "b", "b", "\x7f")
    body = models(*names)[:-2] + b', "no object", {"name": "no id"}]}'
    with serving(body) as server:
        (found,) = find_servers([("x", server.port)])
    assert found.models == ("[31mred", "[bold]b", "evil", "b")


def test_endless_lists_are_cut() -> None:
    with serving(models(*map(str, range(1000)))) as server:
        (found,) = find_servers([("x", server.port)])
    assert len(found.models) == 100


@pytest.mark.parametrize("body", [b'{"object": "list", "data": []}', b'{"object":"list","data":null}'])
def test_a_server_without_a_model_is_found(body: bytes) -> None:
    with serving(body) as server:
        (found,) = find_servers([("x", server.port)])
    assert found.models == ()


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(models("from the proxy")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert find_servers([("x", refused_port())]) == []
        assert proxy.asked == []


def test_the_usual_ports() -> None:
    assert dict(USUAL_PORTS) == {"Ollama": 11434, "llama-server": 8080, "LM Studio": 1234, "vLLM": 8000}


# --- the commands


class Desk:
    """An empty home and working folder, and the servers that run on this computer."""

    def __init__(self, patch: pytest.MonkeyPatch, servers: ExitStack) -> None:
        self._patch = patch
        self._servers = servers
        self._ports: list[tuple[str, int]] = []
        self.has_servers()

    def has_servers(self, *bodies: bytes) -> list[str]:
        """Start servers; give their addresses."""
        started = [self._servers.enter_context(serving(body)) for body in bodies]
        ports = [("Fake", server.port) for server in started] or [("Nobody", refused_port())]
        self._patch.setattr("voicecli.network.servers.USUAL_PORTS", tuple(ports))
        return [f"http://127.0.0.1:{server.port}/v1" for server in started]

    def is_terminal(self) -> None:
        self._patch.setattr(command, "_on_terminal", lambda: True)

    def run(self, *words: str, typed: str = "") -> Result:
        result = CliRunner().invoke(command.config_app, list(words), input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def says(self, *words: str, typed: str = "") -> str:
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0
        return result.output


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in os.environ:
        if name.startswith("VOICECLI_"):
            monkeypatch.delenv(name)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    with ExitStack() as servers:
        yield Desk(monkeypatch, servers)


def test_path_names_the_file_that_is_used_or_would_be(desk: Desk) -> None:
    result = desk.run("path")
    assert result.stdout == f"{user_file()}\n"
    assert "voicecli config init" in result.stderr
    desk.says("init")
    result = desk.run("path")
    assert (result.stdout, result.stderr) == (f"{user_file()}\n", "")
    desk.says("init", "--here")
    assert desk.run("path").stdout == f"{Path.cwd() / 'voicecli.toml'}\n"


def test_init_writes_the_users_file_once(desk: Desk) -> None:
    said = desk.says("init")
    assert f"wrote {user_file()}" in said
    assert wording("config.no_server") in said
    assert load() == Config()
    assert [path.name for path in user_file().parent.iterdir()] == ["config.toml"]
    user_file().write_text("[turn]\nmax_pause_ms = 400\n")
    with pytest.raises(ConfigError, match=pattern("config.exists")):
        desk.run("init")
    assert load().turn.max_pause_ms == 400
    desk.says("init", "--force")
    assert load() == Config()
    assert [path.name for path in user_file().parent.iterdir()] == ["config.toml"]


def test_init_that_will_be_refused_asks_no_server(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.says("init")
    asked: list[object] = []
    monkeypatch.setattr("voicecli.network.servers.find_servers", asked.append)
    with pytest.raises(ConfigError, match=pattern("config.exists")):
        desk.run("init")
    assert asked == []


def test_init_here_and_the_note_about_it(desk: Desk) -> None:
    desk.says("init", "--here")
    assert not user_file().exists()
    assert wording("config.used_here", name="voicecli.toml") in desk.run("init").stderr
    with pytest.raises(ConfigError, match="voicecli.toml " + pattern("config.exists")):
        desk.run("init", "--here")


def test_without_a_terminal_init_only_tells_what_it_found(desk: Desk) -> None:
    first, second = desk.has_servers(models("it's; a model", "b"), models("c"))
    said = desk.says("init")
    flags = [line.split("voicecli talk ")[1] for line in said.splitlines() if "voicecli talk" in line]
    assert shlex.split(flags[0]) == [*f"--engine openai --base-url {first} --model".split(), "it's; a model"]
    assert shlex.split(flags[1]) == f"--engine openai --base-url {second} --model c".split()
    assert "2 models" in said
    assert "1 model (" in said
    assert load() == Config()
    again = next(line.partition("voicecli config ")[2] for line in said.splitlines() if "config init" in line)
    desk.says(*again.split())
    assert load().generate.base_url == first


def test_yes_takes_the_first_server_that_has_a_model(desk: Desk) -> None:
    empty, full = desk.has_servers(models(), models('quo"te\\d [red]x[/red]', "b"))
    said = desk.says("init", "--yes")
    assert wording("config.server_empty", url=empty) in said
    assert tomllib.loads(user_file().read_text())["generate"] == {
        "engine": "openai",
        "base_url": full,
        "model": 'quo"te\\d [red]x[/red]',
    }
    assert '"quo"te\\d [red]x[/red]"' in said  # not read as markup


def test_yes_without_a_server_writes_the_defaults(desk: Desk) -> None:
    desk.says("init", "--yes")
    assert load() == Config()


def test_on_a_terminal_init_asks(desk: Desk) -> None:
    desk.is_terminal()
    first, second = desk.has_servers(models("only"), models("a", "b", "c"))
    said = desk.says("init", typed="n\ny\n7\nx\n2\n")
    assert wording("config.one_model", model="only", url=first) in said
    assert wording("config.one_of_models", url=second) in said
    assert "  3  c" in said
    assert load().generate.model == "b"
    assert load().generate.base_url == second
    desk.says("init", "--force", typed="\n")
    assert load().generate.model == "only"
    desk.says("init", "--force", typed="n\n\n\n")
    assert load().generate.model == "a"
    desk.says("init", "--force", typed="n\nn\n")
    assert load() == Config()


def test_an_answer_that_never_comes_leaves_nothing_written(desk: Desk) -> None:
    desk.is_terminal()
    desk.has_servers(models("a", "b"))
    assert desk.run("init", typed="y\n").exit_code == 1
    assert not user_file().parent.exists()


def test_a_file_made_while_init_was_asking_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(server: LocalServer) -> bool:
        Path("voicecli.toml").write_text("# theirs")
        return True

    desk.is_terminal()
    desk.has_servers(models("a"))
    monkeypatch.setattr(command, "wanted", meanwhile)
    with pytest.raises(ConfigError, match=pattern("config.exists")):
        desk.run("init", "--here")
    assert Path("voicecli.toml").read_text() == "# theirs"
    assert [path.name for path in Path.cwd().iterdir()] == ["voicecli.toml"]


def test_a_full_disk_leaves_the_old_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Path("voicecli.toml").write_text("# old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigError, match=r"cannot write .*voicecli.toml: No space left"):
        desk.run("init", "--here", "--force")
    assert Path("voicecli.toml").read_text() == "# old"
    assert [path.name for path in Path.cwd().iterdir()] == ["voicecli.toml"]


def test_places_that_cannot_be_written(desk: Desk) -> None:
    Path("voicecli.toml").mkdir()
    with pytest.raises(ConfigError, match=r"cannot write .*voicecli.toml: Is a directory"):
        desk.run("init", "--here", "--force")
    assert [path.name for path in Path.cwd().iterdir()] == ["voicecli.toml"]
    user_file().parent.parent.mkdir(parents=True)
    user_file().parent.write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="cannot write "):
        desk.run("init")


def test_a_linked_file_stays_a_link(desk: Desk, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("# old")
    Path("voicecli.toml").symlink_to(kept)
    with pytest.raises(ConfigError, match=pattern("config.exists")):
        desk.run("init", "--here")
    desk.says("init", "--here", "--force")
    assert Path("voicecli.toml").is_symlink()
    assert "[audio]" in kept.read_text()


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
def test_the_file_is_the_users_own(desk: Desk) -> None:
    desk.says("init")
    assert stat.S_IMODE(user_file().stat().st_mode) == 0o600


def test_show_prints_what_is_in_force_and_why(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.says("show").startswith("# no settings file\n")
    Path("voicecli.toml").write_text("[turn]\nmax_pause_ms = 400\n[segment]\nsnr_db = 6\n")
    monkeypatch.setenv("VOICECLI_AUDIO__HEADPHONES", "true")
    said = desk.says("show")
    lines = said.splitlines()
    assert lines[0] == f"# {Path.cwd() / 'voicecli.toml'}"
    assert "max_pause_ms = 400  # voicecli.toml" in lines
    assert "headphones = true  # VOICECLI_AUDIO__HEADPHONES" in lines
    assert "snr_db = 6.0" in lines
    Path("copy.toml").write_text(said)
    monkeypatch.delenv("VOICECLI_AUDIO__HEADPHONES")
    assert "headphones = true  # copy.toml" in desk.says("show", "--config", "copy.toml")


def test_show_of_a_file_with_a_hostile_name_is_still_toml(desk: Desk) -> None:
    name = "a\nheadphones = 5\x1b.toml"
    Path(name).write_text("[turn]\nmax_pause_ms = 400\n")
    said = desk.says("show", "--config", name)
    assert tomllib.loads(said)["audio"]["headphones"] is False
    assert "\x1b" not in said


def test_check(desk: Desk) -> None:
    assert (
        desk.says("check")
        == wording("config.checked", source="no settings file", changed=0, keys=len(KEYS)) + "\n"
    )
    Path("a.toml").write_text("[turn]\nmax_pause_ms = 400\n")
    assert (
        desk.says("check", "a.toml")
        == wording("config.checked", source=Path.cwd() / "a.toml", changed=1, keys=len(KEYS)) + "\n"
    )
    Path("voicecli.toml").write_text("[turn]\nmax_pause_ms = 4\n")
    with pytest.raises(ConfigError, match=r"voicecli.toml: turn.max_pause_ms is 4; ") as caught:
        desk.run("check")
    assert caught.value.exit_code == 2
    with pytest.raises(ConfigError, match=r"cannot read b.toml: No such file"):
        desk.run("check", "b.toml")
