"""Where orders, events and facts wait between the workers of a talk, and for its readers."""

from __future__ import annotations

from voicecli.waiting.buffers import Buffer

ORDERS = 32
"""Most orders that wait for a worker. An order that needs an answer comes only after the answer to the one
before, so at most one of these waits; orders that need none are few."""

_NO_WAIT = "the floor, which gives orders under its lock, may not wait for a worker"
TO_EAR = Buffer(
    "to the ear", "orders", ORDERS, "drop_oldest", f"{_NO_WAIT}; the ear looks at every frame, so a few wait"
)
TO_SCRIBE = Buffer(
    "to the scribe",
    "orders",
    ORDERS,
    "drop_oldest",
    f"{_NO_WAIT}; it gives the next utterance when it has the "
    "words of the last, so at most one waits here; others wait as `speech`",
)
TO_JUDGE = Buffer(
    "to the judge", "orders", ORDERS, "drop_oldest", f"{_NO_WAIT}; only the newest pause is still open"
)
TO_AUTHOR = Buffer(
    "to the author",
    "orders",
    ORDERS,
    "drop_oldest",
    f"{_NO_WAIT}; the author has one reply to write, or one text to read "
    "ahead, at a time, and beside it only orders to go on, at most one for each clause that it may be ahead",
)
TO_MOUTH = Buffer(
    "to the mouth",
    "orders",
    ORDERS,
    "drop_oldest",
    f"{_NO_WAIT}; the mouth has one clause at a time, beside it "
    "only orders that a reply ends, that it may sound, and that drafts are void",
)
EVENTS = Buffer(
    "events",
    "events",
    1024,
    "drop_lightest",
    "for each reader: a slow terminal, file or pipe must not hold up the talk; 1024 are minutes of talk, and "
    "less than 1 MB",
)
FACTS = Buffer(
    "facts",
    "facts",
    1024,
    "drop_oldest",
    "for each reader of what the workers report: half a minute of frames; a reader that lags sees the gap",
)
