"""A stand-in for a model server of known speed: the same two sentences, a token at a time.

    python scripts/slow_server.py --first-ms 200 --tokens-per-s 30
    voicecli talk --engine openai --base-url http://127.0.0.1:8090/v1

Whatever a talk takes longer than this server is voicecli's own share. The server has OpenAI's streamed chat
completions and the list of models. It ends a reply when its client leaves.
"""

from __future__ import annotations

import argparse
import json
import re
import select
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "fixed-speed"
REPLY = (
    "That is a good question, and the short answer is yes. "
    "There is more to say about it, but it can wait until you ask again."
)
TOKENS = re.findall(r" ?[\w']+|[^\w ]", REPLY)
"""Words with the space before them, and marks, much like a model's tokens."""


class Handler(BaseHTTPRequestHandler):
    """Answers one client, at the speed of its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """With Nagle's algorithm, the first token would wait for the client's acknowledgement: 40 ms on Linux."""
    server: SlowServer

    def handle(self) -> None:
        """Serve one client. It may leave at any time, also in the middle of an answer."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer with the list of models."""
        if self.path == "/v1/models":
            self._answer(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        else:
            self._answer(404, {"error": {"message": f"there is no {self.path}"}})

    def do_POST(self) -> None:
        """Answer with a chat completion. Its time counts from the arrival of the request's head."""
        asked_at = time.monotonic()
        request = self._request()
        if self.path != "/v1/chat/completions":
            self._answer(404, {"error": {"message": f"there is no {self.path}"}})
        elif request is None or request.get("stream") is not True:
            self._answer(400, {"error": {"message": "wants a JSON object with stream: true"}})
        else:
            self.stream(request, asked_at)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: a line for each request would only be in the way."""

    def _request(self) -> dict[str, object] | None:
        try:
            request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        except ValueError:
            return None
        return request if isinstance(request, dict) else None

    def stream(self, request: dict[str, object], asked_at: float) -> None:
        """Send the tokens, each when it is due."""
        limit = request.get("max_tokens")
        tokens = TOKENS[:limit] if isinstance(limit, int) else TOKENS
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, token in enumerate(tokens):
            due = asked_at + self.server.first_s + number * self.server.token_s
            if self.left_before(due):
                self.close_connection = True
                return
            self._event({"choices": [{"index": 0, "delta": {"content": token}}]})
        reason = "stop" if len(tokens) == len(TOKENS) else "length"
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        words = len(json.dumps(request.get("messages", "")).split())
        self._event({"choices": [], "usage": {"prompt_tokens": words, "completion_tokens": len(tokens)}})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def left_before(self, due: float) -> bool:
        """Wait until `due`; say whether the client left: else there is nothing to read from it."""
        patience_s = max(0.0, due - time.monotonic())
        return bool(select.select([self.connection], [], [], patience_s)[0])

    def _event(self, event: dict[str, object]) -> None:
        whole = {"id": "chat-1", "object": "chat.completion.chunk", "model": MODEL, **event}
        self._chunk(b"data: " + json.dumps(whole).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _answer(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class SlowServer(ThreadingHTTPServer):
    """Listens on this computer alone."""

    daemon_threads = True

    def __init__(self, port: int, first_s: float, token_s: float) -> None:
        """`port` 0 takes a free one; `first_s` from the request to its first token, `token_s` between two."""
        super().__init__(("127.0.0.1", port), Handler)
        self.first_s, self.token_s = first_s, token_s


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--first-ms", type=float, default=200.0, help="from a request to its first token")
    parser.add_argument("--tokens-per-s", type=float, default=30.0)
    options = parser.parse_args()
    if options.first_ms < 0 or options.tokens_per_s <= 0:
        parser.error("wants --first-ms of 0 or more and --tokens-per-s above 0")
    server = SlowServer(options.port, options.first_ms / 1000, 1 / options.tokens_per_s)
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
