"""Talks over bad links: what is heard in pieces, waited for or lost, and when it works again.

    python -m scripts.links.bad_links [--real] [--seconds 100] [--only NAME ...]

Needs root. For each condition a server is at one end of a link between two network namespaces; its engines
do simple things at once, or are the real ones with `--real`. At the other end are the callers of
`voicecli bench --serve`, or a `talk --server` on simulated devices. Each condition begins after one answer
over a good link. Prints a line of JSON for each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rig.links.bad_link import CONTROL, HERE, BadLink, why_not
from rig.links.one_way import Conditions
from scripts.links import simple_server
from scripts.links.far_calls import Calls, measured
from scripts.links.far_talk import FarTalk, TalkFound
from scripts.links.served import ServedThere
from voicecli.bench.crowd.capacity import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.links.far_wires import Format
    from voicecli.bench.crowd.asked_lines import AskedLine

GOOD = Conditions(delay_s=0.005)
LOSSY = Conditions(delay_s=0.05, loss=0.05)
FAR = Conditions(delay_s=0.1, loss=0.05)
SHAKY = Conditions(delay_s=0.01, jitter_s=0.08)
PCM_BASE64_BYTES_S = 75_000
"""What PCM in base64 needs in one direction: 64 kB of sound, with what stands around each block."""
NARROW = Conditions(delay_s=0.02, bytes_per_s=PCM_BASE64_BYTES_S / 2, queue_bytes=32_000)
DEAD_S = (20.0, 14.0, 17.0, 23.0)
"""The link is back when the client is at another point of its attempts each time."""

BLIP_S = 6.0
"""Too short for a connection to be given up."""

CALLERS = 3
ANSWER_S = 40.0


@dataclass(frozen=True)
class LinkCase:
    """One condition, and who talks through it."""

    name: str
    link: Conditions
    client: Format | Literal["talk"]
    callers: int = CALLERS
    dead: Literal["", "reply", "question"] = ""
    """In the middle of what the link dies."""
    dead_s: tuple[float, ...] = DEAD_S
    """For how long, one time after the other."""


CASES = (
    LinkCase("clean", GOOD, "base64"),
    LinkCase("clean, binary", GOOD, "binary"),
    LinkCase("clean, talk", GOOD, "talk"),
    LinkCase("100 ms, 5 %, base64", LOSSY, "base64"),
    LinkCase("100 ms, 5 %, binary", LOSSY, "binary"),
    LinkCase("100 ms, 5 %, G.711", LOSSY, "pcmu"),
    LinkCase("100 ms, 5 %, talk", LOSSY, "talk"),
    LinkCase("200 ms, 5 %, base64", FAR, "base64"),
    LinkCase("200 ms, 5 %, talk", FAR, "talk"),
    LinkCase("jitter, base64", SHAKY, "base64"),
    LinkCase("jitter, talk", SHAKY, "talk"),
    LinkCase("half, base64", NARROW, "base64", callers=1),
    LinkCase("half, G.711", NARROW, "pcmu", callers=1),
    LinkCase("half, talk", NARROW, "talk"),
    LinkCase("dead in a reply, talk", GOOD, "talk", dead="reply"),
    LinkCase("dead in a question, talk", GOOD, "talk", dead="question", dead_s=DEAD_S[:2]),
    LinkCase("blips in a reply, talk", GOOD, "talk", dead="reply", dead_s=(BLIP_S, 3.0, 4.5)),
    LinkCase("dead in a reply, base64", GOOD, "base64", callers=1, dead="reply", dead_s=DEAD_S[:1]),
    LinkCase("blip in a reply, base64", GOOD, "base64", callers=1, dead="reply", dead_s=(BLIP_S,)),
)


def of_calls(
    case: LinkCase, link: BadLink, server: ServedThere, lines: Sequence[AskedLine], seconds: float
) -> dict[str, object]:
    """Callers, under one condition all the time."""

    def begins() -> None:
        link.change(case.link)

    calls = asyncio.run(measured(server, case.client, lines, case.callers, begins, seconds))  # type: ignore[arg-type]
    return told_of(calls)


def told_of(calls: Calls) -> dict[str, object]:
    """Calls as figures."""
    answered = [each for each in calls.found if each.wait_ms is not None or each.cut_in]
    waits = [each.wait_ms for each in calls.found if each.wait_ms is not None]
    rest = {key: value for key, value in asdict(calls).items() if key not in ("found", "came", "ended_at")}
    return {
        "replies": len(answered),
        "without_a_gap": sum(not each.gaps for each in answered),
        "gaps": sum(each.gaps for each in answered),
        "unanswered": len(calls.found) - len(answered),
        "cut_ins": sum(each.cut_in for each in calls.found),
        "wait_p50_ms": percentile(waits, 0.5),
        "wait_p95_ms": percentile(waits, 0.95),
        **rest,
    }


def of_talk(
    case: LinkCase, link: BadLink, server: ServedThere, lines: Sequence[AskedLine], seconds: float
) -> dict[str, object]:
    """A `talk --server`."""
    found, number = TalkFound(), 0
    with FarTalk(server) as far:
        if not far.until(lambda: far.talk.idle, ANSWER_S):
            return {"failed": "the talk did not begin"}
        far.ask(lines[0], TalkFound(), ANSWER_S)
        server.begin()
        since = time.monotonic()
        if case.dead:
            return dead(case, link, server, far, lines)
        link.change(case.link)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            number += 1
            far.ask(lines[number % len(lines)], found, ANSWER_S)
        return {**talk_told(far, found, since), "said": number, **heard_of(far, since, number, lines)}


def heard_of(far: FarTalk, since: float, said: int, lines: Sequence[AskedLine]) -> dict[str, object]:
    """Final transcripts, and how many too many or too few."""
    heard = [str(getattr(event, "text", "")) for event in far.names(since, "transcript")]
    known = {line.words for line in lines}
    return {
        "finals": len(heard),
        "finals_too_many": len(heard) - said,
        "strange": sum(words not in known for words in heard),
    }


def talk_told(far: FarTalk, found: TalkFound, since: float) -> dict[str, object]:
    """A talk as figures."""
    return {
        "replies": found.replies,
        "without_a_gap": found.whole,
        "gaps_ms": found.gaps_ms[:40],
        "unanswered": found.silent,
        "wait_p50_ms": percentile(found.waits_ms, 0.5),
        "wait_p95_ms": percentile(found.waits_ms, 0.95),
        "told": [str(getattr(event, "message", "")) for event in far.names(since, "warning")],
        "errors": [str(getattr(event, "message", "")) for event in far.names(since, "error")],
        "losses": {name: count for name, count in far.talk.status().losses.items() if count},
        "waiting": [
            (fill.name, round(fill.peak or 0), fill.losses)
            for fill in far.talk.buffers()
            if "server" in fill.name
        ],
    }


def dead(
    case: LinkCase, link: BadLink, server: ServedThere, far: FarTalk, lines: Sequence[AskedLine]
) -> dict[str, object]:
    """The link dies in the middle of something; what comes after it is back."""
    runs = []
    for number, dead_s in enumerate(case.dead_s):
        since = time.monotonic()
        line = lines[number] if case.dead == "reply" else simple_server.asked(number, 4.0)
        far.say(line)
        if case.dead == "reply":
            far.until(lambda since=since: far.audible(since), ANSWER_S)  # type: ignore[misc]
            far.pass_time(0.7)
        else:
            far.pass_time(1.5)
        died = link.change(replace(case.link, dead=True))
        far.pass_time(dead_s)
        back = link.change(case.link)
        connected = far.until(lambda: far.talk.status().state != "offline", 30.0)
        connected_s = time.monotonic() - back
        far.until(lambda back=back: far.audible(back), 10.0)  # type: ignore[misc]
        sound = min((at for at, _, agent in far.sound if agent and at >= back), default=None)
        far.until(lambda since=since: far.names(since, "turn_done"), 20.0)  # type: ignore[misc]
        far.until(lambda: far.silent_for_s() > 1.0 and far.talk.idle, 10.0)
        sounded_s = round(sum(agent for at, _, agent in far.sound if at >= since) * far.block_s, 2)
        after = TalkFound()
        far.ask(lines[3], after, ANSWER_S)
        runs.append(
            {
                "dead_s": dead_s,
                "connected_s": round(connected_s, 2) if connected else None,
                "sounded_s": sounded_s,
                "sounds_s": None if sound is None else round(sound - back, 2),
                "noticed_s": noticed(far, died, back),
                "finals": [str(getattr(event, "text", "")) for event in far.names(since, "transcript")],
                "heard": [str(getattr(event, "heard", "")) for event in far.names(since, "turn_done")],
                "next_answered": after.replies,
                "next_wait_ms": after.waits_ms,
                "told": [str(getattr(event, "message", "")) for event in far.names(since, "warning")],
                "losses": {name: count for name, count in far.talk.status().losses.items() if count},
            }
        )
    return {"runs": runs}


def noticed(far: FarTalk, died: float, back: float) -> float | None:
    """How long after its death the user was told of it, s."""
    at = [at for at, event in far.told if died <= at < back and event.name == "warning"]
    return round(min(at) - died, 1) if at else None


def of_dead_call(
    case: LinkCase, link: BadLink, server: ServedThere, lines: Sequence[AskedLine]
) -> dict[str, object]:
    """A caller that knows nothing of resumption, and a link that dies while it goes on."""
    times: dict[str, float] = {}

    async def die() -> None:
        await asyncio.sleep(3.0)
        times["died"] = link.change(replace(case.link, dead=True))
        await asyncio.sleep(case.dead_s[0])
        times["back"] = link.change(case.link)

    async def run() -> Calls:
        task: list[asyncio.Task[None]] = []
        calls = await measured(
            server,
            case.client,
            lines,
            1,
            lambda: task.append(asyncio.create_task(die())),
            case.dead_s[0] + 40.0,  # type: ignore[arg-type]
        )
        await task[0]
        return calls

    calls = asyncio.run(run())
    after = [each for each in calls.found if each.began >= times["back"]]
    return {
        **told_of(calls),
        "answered_after": sum(each.wait_ms is not None for each in after),
        "came_after_s": [round(at - times["back"], 2) for at in calls.came if at >= times["back"]][:1],
        "ended_after_s": [round(at - times["back"], 2) for at in calls.ended_at],
    }


def run(
    case: LinkCase, link: BadLink, options: argparse.Namespace, lines: Sequence[AskedLine]
) -> dict[str, object]:
    """One condition, from the start of its server to its end."""
    link.change(GOOD)
    with (
        tempfile.TemporaryDirectory() as folder,
        ServedThere(link, Path(folder) / "token", real=options.real) as server,
    ):
        before = link.counts()
        if case.client == "talk":
            found = of_talk(case, link, server, lines, options.seconds)
        elif case.dead:
            found = of_dead_call(case, link, server, lines)
        else:
            found = of_calls(case, link, server, lines, options.seconds)
        after = link.counts()
        lost = [b.lost - a.lost for a, b in zip(before, after, strict=True)]
        came = [b.came - a.came for a, b in zip(before, after, strict=True)]
        full = [b.overflowed - a.overflowed for a, b in zip(before, after, strict=True)]
        return {
            "case": case.name,
            **found,
            "server_grew_mb": server.grew_mb,
            "server_said": server.said,
            "packets": came,
            "lost_packets": lost,
            "overflowed": full,
            "load": os.getloadavg()[0],
        }


def main() -> int:
    """Run them one after the other; exit code 1 where there can be no such link."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", action="store_true", help="real engines, with the small language model")
    parser.add_argument("--seconds", type=float, default=100.0, help="of each condition; at most 120")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="NAME", help="conditions whose name has this in it"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.seconds = min(options.seconds, 120.0)
    if why := why_not():
        print(f"no bad links here: {why}", file=sys.stderr)
        return 1
    lines = [simple_server.asked(number) for number in range(len(simple_server.WORDS))]
    with BadLink(options.seed) as link:
        link.enter(HERE)
        print(json.dumps({"congestion_control": CONTROL}), flush=True)
        for case in CASES:
            if options.only and not any(each in case.name for each in options.only):
                continue
            print(json.dumps(run(case, link, options, lines)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
