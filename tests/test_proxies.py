"""Proxy variables that cannot be used are named in one line, before anything is sent."""

import pytest

from tests.sentences import pattern, wording
from voicecli.config import GenerateConfig
from voicecli.errors import ConfigError, EngineError
from voicecli.messages import ChatMessage
from voicecli.models.hub import HubSource
from voicecli.network.proxies import check_proxies, proxy_for
from voicecli.reply.server.openai import OpenAiGenerator

NAMES = (
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
)
ELSEWHERE = "http://192.0.2.10:11434/v1"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)  # no package for SOCKS


def openai(url: str) -> OpenAiGenerator:
    return OpenAiGenerator(GenerateConfig(engine="openai", model="m", base_url=url))


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "http_proxy"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("socks://127.0.0.1:9/", "of the kind socks://"),
        ("socks5://127.0.0.1:9", wording("server.proxy_socks")),
        ("socks5h://user:secret@127.0.0.1:9", wording("server.proxy_socks")),
        ("http://[::1", "is no address"),
        ("http://127.0.0.1:99999", "is no address"),
        ("http://127.0.0.1:port", "is no address"),
        ("http://", "names no proxy"),
        ("ftp://127.0.0.1:9", "of the kind ftp://"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    name: str, value: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=pattern("server.proxy_wrong", name=name)) as failed:
        openai(ELSEWHERE)
    assert found in str(failed.value)
    assert "secret" not in str(failed.value)
    problem = HubSource("http://127.0.0.1:9").problem()
    assert problem is not None
    assert name in problem
    assert openai("http://127.0.0.1:11434/v1").is_local  # asked past any proxy


@pytest.mark.parametrize(
    "value", ["127.0.0.1:9", "http://127.0.0.1:9", "https://ann:secret@proxy.example:3128/", " "]
)
def test_what_can_be_used_is(value: str) -> None:
    check_proxies({"ALL_PROXY": value, "NO_PROXY": "::1, 10.0.0.0/8 ,*.lan"})


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "::1, 10.0.0.0/8 ,*.lan")
    engine = openai(ELSEWHERE)
    with pytest.raises(EngineError, match=pattern("server.proxy_failed", name="ALL_PROXY")):
        engine.generate([ChatMessage("user", "x")], pytest.fail, lambda: False)
    engine.close()
    problem = HubSource("http://192.0.2.10").problem()
    assert problem == wording("models.hub_unreached_proxy", name="ALL_PROXY")


def test_which_proxy_is_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for(ELSEWHERE) == ""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert proxy_for(ELSEWHERE) == ""
    assert proxy_for("https://llm.example/v1") == "https_proxy"
    monkeypatch.setenv("no_proxy", "llm.example")
    assert proxy_for("https://llm.example/v1") == ""
