"""Who may connect to `voicecli serve`: a table of Host, Origin and token."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from voicecli.serve.access import LOCAL_NAMES, Access, is_loopback

LOCAL = "127.0.0.1:8765"
TOKEN = "correct-horse-battery-staple"

ROWS = [
    # on loopback, without a token: Host, Origin, status
    ("", LOCAL, None, None),
    ("", "localhost:8765", None, None),
    ("", "LOCALHOST:8765", None, None),
    ("", "[::1]:8765", None, None),
    ("", "127.0.0.1", None, None),
    ("", LOCAL, "http://127.0.0.1:8765", None),
    ("", "localhost:8765", "http://localhost:8765", None),
    ("", "[::1]:8765", "http://[::1]:8765", None),
    ("", LOCAL, "https://127.0.0.1:8765", 403),  # a page that came over TLS is not from here
    ("", LOCAL, "http://127.0.0.1:3000", 403),  # another program's page on this computer
    ("", LOCAL, "http://localhost:8765", 403),  # not the name that was asked
    ("", LOCAL, "http://127.0.0.1", 403),
    ("", LOCAL, "http://evil.example", 403),
    ("", LOCAL, "http://evil.example:8765", 403),
    ("", LOCAL, "http://127.0.0.1.evil.example:8765", 403),
    ("", LOCAL, "http://127.0.0.1:8765@evil.example", 403),
    ("", LOCAL, "null", 403),  # a sandboxed frame, or a file
    ("", LOCAL, "", 403),
    ("", LOCAL, "file://", 403),
    ("", LOCAL, "http://127.0.0.1:99999999", 403),
    ("", LOCAL, "chrome-extension://abcdef", 403),
    ("", "evil.example:8765", None, 403),  # DNS rebinding
    ("", "evil.example:8765", "http://evil.example:8765", 403),
    ("", "user@127.0.0.1:8765", None, 403),
    ("", "", None, 403),
    ("", "192.168.1.5:8765", None, 403),  # it listens on loopback alone
    # with a token: what the client gives for it
    (f"Bearer {TOKEN}", LOCAL, None, None),
    (f"bearer {TOKEN}", LOCAL, None, None),
    (f"Bearer {TOKEN}x", LOCAL, None, 401),
    (f"Basic {TOKEN}", LOCAL, None, 401),
    ("Bearer ", LOCAL, None, 401),
    ("Bearer \u00e4\u00f6\u00fc", LOCAL, None, 401),
    (f"Bearer {TOKEN}", LOCAL, "http://evil.example", 403),
    (f"Bearer {TOKEN}", "evil.example", None, 403),
]


@pytest.mark.parametrize(("authorization", "host", "origin", "status"), ROWS)
def test_row(authorization: str, host: str, origin: str | None, status: int | None) -> None:
    headers = CIMultiDict({"host": host})
    if origin is not None:
        headers["origin"] = origin
    if authorization:
        headers["authorization"] = authorization
    access = Access(8765, TOKEN if authorization else "")
    refusal = access.refusal(headers, secure=False)
    assert (refusal and refusal.status) == status


def test_a_token_is_demanded_where_there_is_one() -> None:
    refusal = Access(8765, TOKEN).refusal({"Host": LOCAL}, secure=False)
    assert refusal is not None
    assert refusal.code == "invalid_api_key"
    assert TOKEN not in refusal.message


def test_a_browser_gives_its_token_in_a_subprotocol() -> None:
    protocols = {"Host": LOCAL, "Sec-WebSocket-Protocol": f"realtime, openai-insecure-api-key.{TOKEN}"}
    assert Access(8765, TOKEN).refusal(protocols, secure=False) is None
    assert Access(8765, "another").refusal(protocols, secure=False) is not None


def test_over_tls_the_origin_is_https() -> None:
    access = Access(443, names=LOCAL_NAMES | {"talk.example"})
    own = {"Host": "talk.example", "Origin": "https://talk.example"}
    assert access.refusal(own, secure=True) is None
    assert access.refusal(own, secure=False) is not None


def test_beyond_loopback_any_address_will_do_but_no_unknown_name() -> None:
    access = Access(8765, any_address=True)
    assert access.refusal({"Host": "192.168.1.5:8765"}, secure=False) is None
    assert access.refusal({"Host": "evil.example:8765"}, secure=False) is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "talk.example"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)
