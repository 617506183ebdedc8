"""Folders, homes, proxies and terminals that people had trouble with -> what the commands make of them.

Each command runs as a process of its own, in a folder of its own. Some run as a user without a name: only
root can start those, else they are left out. This file judges the exit code and the output: no traceback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cases import Outcome, wanted

from rig.made_speech import speak
from voicecli.audio.level import to_int16
from voicecli.audio.recordings.files import WavWriter
from voicecli.models.store import models_root

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

AS_NOBODY = ("setpriv", "--reuid", "12345", "--clear-groups")
"""Runs a command as a user number that has no entry among the system's users."""

CAN_BE_NOBODY = os.geteuid() == 0 and shutil.which("setpriv") is not None

VOICECLI = (sys.executable, "-m", "voicecli")
LONGEST_S = 120


@dataclass(frozen=True, slots=True)
class Desk:
    """The folder, the variables and the user with which a command runs."""

    folder: Path
    wav: Path
    """A recording of "one two three"."""
    env: dict[str, str] = field(default_factory=dict)
    nobody: bool = False
    """Whether commands run as a user number without an entry."""

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with the variables of `env`, `PATH` and the models' folder alone."""
        path = {"PATH": os.environ["PATH"], "VOICECLI_MODELS": str(models_root())}
        command = [*(AS_NOBODY if self.nobody else ()), *VOICECLI, *words]
        try:
            return subprocess.run(
                command,
                env={**path, **self.env},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, -1, "", f"no end after {LONGEST_S} s")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of some commands, for one line of the table."""

    wrong: list[str] = field(default_factory=list)
    """What went wrong, a text each."""

    def expect(
        self,
        done: subprocess.CompletedProcess[str],
        codes: Sequence[int],
        *,
        names: str = "",
        one: bool = True,
    ) -> None:
        """Note what is wrong, unless the exit code is one of `codes`, and a failure is one line with `names`.

        With `one` false, a failure may print more lines. A traceback is always wrong.
        """
        command = " ".join(done.args[done.args.index("voicecli") + 1 :])
        lines = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
        if done.returncode not in codes:
            self.wrong.append(f"{command}: exit code {done.returncode}: {' '.join(lines)[-120:]}")
        elif "Traceback" in done.stderr:
            self.wrong.append(f"{command}: traceback: {lines[-1]}")
        elif one and done.returncode and sum(line.startswith("voicecli: ") for line in lines) != 1:
            self.wrong.append(f"{command}: not one line: {lines[-3:]}")
        elif done.returncode and names not in done.stderr:
            self.wrong.append(f"{command}: does not name {names}: {lines[-1]}")

    def outcome(self, case: str, kind: str) -> Outcome:
        """Make the line of the table."""
        return Outcome(case, kind, not self.wrong, "; ".join(self.wrong)[:300] or "as it should be")


def outcomes(folder: Path, only: Collection[str]) -> Iterator[Outcome]:
    """Run all cases of this section."""
    del folder  # this file makes its inputs itself
    with tempfile.TemporaryDirectory() as found:
        at = Path(found)
        at.chmod(0o755)
        wav = at / "x.wav"
        with WavWriter(wav, 16_000, channels=1) as writer:
            writer.write(to_int16(np.concatenate((speak("One, two, three."), np.zeros(8000, np.float32)))))
        wav.chmod(0o644)
        groups: tuple[Callable[[Path, Path], Iterator[tuple[str, str, Callable[[], Verdict]]]], ...] = (
            proxies,
            settings,
            homes,
            heads,
            terminals,
        )
        for group in groups:
            for number, (case, kind, judge) in enumerate(group(at, wav)):
                if wanted(case, only):
                    place = at / f"{group.__name__}-{number}"
                    yield judge().outcome(case, kind)
                    shutil.rmtree(place, ignore_errors=True)


def _place(at: Path, name: str) -> Path:
    """An empty folder that anybody may write into."""
    place = at / name
    place.mkdir()
    place.chmod(0o777)
    return place


Case = tuple[str, str, "Callable[[], Verdict]"]

PROXIES = {
    "46 ALL_PROXY socks": {"ALL_PROXY": "socks://127.0.0.1:9"},
    "46 all_proxy socks5": {"all_proxy": "socks5://127.0.0.1:9"},
    "46 HTTPS_PROXY no scheme": {"HTTPS_PROXY": "127.0.0.1:9"},
    "46 ALL_PROXY half a URL": {"ALL_PROXY": "http://[::1"},
    "46 NO_PROXY": {"NO_PROXY": "::1, 10.0.0.0/8 ,*.lan"},
    "46b HTTP_PROXY no URL": {"HTTP_PROXY": "not a url at all"},
    "46c ALL_PROXY port": {"ALL_PROXY": "http://127.0.0.1:99999999"},
    "46d all at once": dict.fromkeys(("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"), "socks4://x:y@[::1]:9"),
}


def proxies(at: Path, wav: Path) -> Iterator[Case]:
    """Proxy variables that the HTTP library refuses: commands that need no network must work all the same."""
    for number, (case, variables) in enumerate(PROXIES.items()):

        def judge(number: int = number, variables: dict[str, str] = variables) -> Verdict:
            desk = Desk(_place(at, f"proxies-{number}"), wav, {**variables, "HOME": str(at / "home")})
            verdict = Verdict()
            for words in (
                ("--version",),
                ("models", "list"),
                ("config", "path"),
                ("config", "init", "--here"),
            ):
                verdict.expect(desk.run(*words), [0])
            verdict.expect(desk.run("say", "hi", "-o", "a.wav"), [0])
            verdict.expect(desk.run("transcribe", str(wav)), [0])
            verdict.expect(desk.run("talk", "--engine", "echo", "--from-file", str(wav), "--json"), [0])
            verdict.expect(desk.run("models", "pull", "vad-silero"), [0])
            verdict.expect(desk.run("doctor"), [0, 1], one=False)
            return verdict

        yield case, "proxy variables", judge


SITE = 'baseURL = "https://example.org/"\ntitle = "My site"\n[params]\nauthor = "Ann"\n'
THEIRS: dict[str, Callable[[Path], object]] = {
    "47 web site": lambda path: path.write_text(SITE),
    "47 folder": lambda path: path.mkdir(),
    "47 link to itself": lambda path: path.symlink_to(path),
    "47 mode 000": lambda path: (path.write_text(SITE), path.chmod(0)),
    "47 not TOML": lambda path: path.write_text("<settings>\n <a/>\n</settings>\n"),
    "47b another's [audio]": lambda path: path.write_text("[audio]\nvolume = 3\n[video]\nvsync = true\n"),
    "47c pipe nobody writes to": os.mkfifo,
    "47d not text": lambda path: path.write_bytes(bytes(range(256)) * 10),
    "47e 3 MB": lambda path: path.write_text("[audio]\nblock_ms = 10\n" + "# x\n" * 800_000),
    "47f leads nowhere": lambda path: path.symlink_to("nowhere"),
}


def settings(at: Path, wav: Path) -> Iterator[Case]:
    """A config.toml of another program in the working folder."""
    for number, (case, make) in enumerate(THEIRS.items()):

        def judge(number: int = number, make: Callable[[Path], object] = make) -> Verdict:
            place = _place(at, f"settings-{number}")
            desk = Desk(place, wav, {"HOME": str(place)}, nobody=CAN_BE_NOBODY)
            make(desk.folder / "config.toml")
            verdict = Verdict()
            for words in (("--version",), ("--help",), ("models", "list"), ("config", "path")):
                verdict.expect(desk.run(*words), [0])
            for words in (("config", "check"), ("config", "show"), ("config", "init", "--here")):
                verdict.expect(desk.run(*words), [0])
            verdict.expect(desk.run("say", "hi", "-o", "a.wav"), [0])
            verdict.expect(desk.run("transcribe", str(wav)), [0])
            doctor = desk.run("doctor")
            verdict.expect(doctor, [0, 1], one=False)
            if "fail settings" in doctor.stdout:
                verdict.wrong.append("doctor fails the settings")
            if not (desk.folder / "config.toml").is_fifo():  # the command would wait for it
                verdict.expect(
                    desk.run("config", "check", "config.toml"), [2], names="config.toml", one=False
                )
            return verdict

        yield case, "config.toml of others", judge

    def ours() -> Verdict:
        desk = Desk(_place(at, "settings-ours"), wav, {"HOME": str(at / "home")})
        (desk.folder / "config.toml").write_text("[turn]\nmax_pause_ms = 600\n")
        verdict = Verdict()
        if "max_pause_ms = 600" not in desk.run("config", "show").stdout:
            verdict.wrong.append("config.toml that holds our tables does not count")
        (desk.folder / "config.toml").write_text("[turn]\nmax_pause_ms = 1\n")
        verdict.expect(desk.run("say", "hi", "-o", "a.wav"), [2], names="turn.max_pause_ms is 1")
        (desk.folder / "voicecli.toml").write_text("[turn]\nmax_pause_ms = 700\n")
        if "max_pause_ms = 700" not in desk.run("config", "show").stdout:
            verdict.wrong.append("voicecli.toml does not come first")
        return verdict

    yield "47g ours", "config.toml of others", ours


HOMES: dict[str, dict[str, str]] = {
    "50 HOME unset": {},
    "50 HOME not there": {"HOME": "/nonexistent"},
    "50 home not writable": {"HOME": "/usr"},
    "50 XDG_DATA_HOME relative": {"HOME": "HERE", "XDG_DATA_HOME": "data/here"},
    "50 XDG_CONFIG_HOME a file": {"HOME": "HERE", "XDG_CONFIG_HOME": "WAV"},
    "50 TMPDIR not there": {"HOME": "HERE", "TMPDIR": "/not/there"},
    "50b another's home": {"HOME": "/root"},
    "50c HOME empty": {"HOME": ""},
    "50d HOME relative": {"HOME": "here"},
    "50e XDG_DATA_HOME a file": {"HOME": "HERE", "XDG_DATA_HOME": "WAV"},
    "50f XDG_CACHE_HOME closed": {"HOME": "HERE", "XDG_CACHE_HOME": "/root/cache"},
}


def homes(at: Path, wav: Path) -> Iterator[Case]:
    """A user number without an entry, and no home to write in."""
    if not CAN_BE_NOBODY:
        return
    for number, (case, variables) in enumerate(HOMES.items()):

        def judge(number: int = number, variables: dict[str, str] = variables) -> Verdict:
            place = _place(at, f"homes-{number}")
            env = {
                name: value.replace("HERE", str(place)).replace("WAV", str(wav))
                for name, value in variables.items()
            }
            desk = Desk(place, wav, env, nobody=True)
            verdict = Verdict()
            for words in (("--version",), ("models", "list"), ("config", "path"), ("config", "show")):
                verdict.expect(desk.run(*words), [0])
            verdict.expect(desk.run("config", "init"), [0, 2], names="XDG_CONFIG_HOME")
            verdict.expect(desk.run("say", "hi", "-o", "a.wav"), [0])
            verdict.expect(desk.run("transcribe", str(wav)), [0])
            verdict.expect(
                desk.run("talk", "--engine", "echo", "--from-file", str(wav), "--to-file", "o.wav"), [0]
            )
            verdict.expect(desk.run("models", "pull", "vad-silero"), [0])
            left = {path.name for path in place.iterdir()} - {"a.wav", "o.wav", ".config", ".cache", ".local"}
            if left:
                verdict.wrong.append(f"left behind: {left}")
            env = {**env, "VOICECLI_MODELS": "/root/models"}
            closed = Desk(place, wav, env, nobody=True)
            verdict.expect(closed.run("models", "list"), [0])
            verdict.expect(closed.run("say", "hi", "-o", "b.wav"), [1], names="/root/models")
            verdict.expect(closed.run("models", "pull", "vad-silero"), [1], names="VOICECLI_MODELS")
            return verdict

        yield case, "no usable home", judge


PRINTS = (
    ("--help",),
    ("talk", "--help"),
    ("devices",),
    ("devices", "--json"),
    ("models", "list"),
    ("models", "list", "--json"),
    ("models", "verify"),
    ("config", "show"),
    ("doctor",),
    ("transcribe", "WAV", "WAV", "WAV"),
    ("transcribe", "--json", "WAV", "WAV"),
    ("talk", "--json", "--engine", "echo", "--from-file", "WAV"),
    ("talk", "--plain", "--engine", "echo", "--from-file", "WAV"),
    ("bench", "--help"),
)


def heads(at: Path, wav: Path) -> Iterator[Case]:
    """The reader of standard output leaves at once, or after the first byte."""
    for words in PRINTS:

        def judge(words: tuple[str, ...] = words) -> Verdict:
            verdict = Verdict()
            command = [*VOICECLI, *(word.replace("WAV", str(wav)) for word in words)]
            env = {**os.environ, "HOME": str(at / "home"), "VOICECLI_MODELS": str(models_root())}
            for taken in (0, 1):
                with subprocess.Popen(
                    command, env=env, cwd=at, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                ) as process:
                    assert process.stdout is not None
                    assert process.stderr is not None
                    process.stdout.read(taken)
                    process.stdout.close()
                    said = process.stderr.read().decode(errors="replace")
                    code = process.wait(timeout=LONGEST_S)
                if code not in (0, 1) or "Traceback" in said or "Error" in said or "voicecli: " in said:
                    verdict.wrong.append(f"{' '.join(words)}, {taken} read: {code} {said[-120:]}")
            return verdict

        yield f"head {' '.join(words)}".replace("WAV", "x.wav"), "reader leaves", judge


TERMINALS: dict[str, dict[str, str]] = {
    "locale LANG=C": {"LANG": "C"},
    "locale ASCII for good": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "locale unknown": {"LC_ALL": "xx_YY.nonsense"},
    "locale PYTHONIOENCODING ascii": {"PYTHONIOENCODING": "ascii"},
    "locale PYTHONIOENCODING strict": {"PYTHONIOENCODING": "cp437:strict"},
    "locale Latin-1": {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
    "terminal dumb": {"TERM": "dumb"},
    "terminal NO_COLOR": {"NO_COLOR": "1"},
    "terminal 20 columns": {"COLUMNS": "20"},
    "terminal 1 column": {"COLUMNS": "1"},
    "terminal no number": {"COLUMNS": "wide"},
}


def terminals(at: Path, wav: Path) -> Iterator[Case]:
    """Locales without an é, and terminals without room."""
    for number, (case, variables) in enumerate(TERMINALS.items()):

        def judge(number: int = number, variables: dict[str, str] = variables) -> Verdict:
            place = _place(at, f"terminals-{number}")
            shutil.copy(wav, place / "né ü 日本.wav")
            shutil.copy(wav, os.fsencode(place) + b"/b\xfcro.wav")
            desk = Desk(place, wav, {**variables, "HOME": str(place)})
            named = os.fsdecode(b"b\xfcro.wav")
            verdict = Verdict()
            verdict.expect(desk.run("transcribe", "né ü 日本.wav", named), [0])
            verdict.expect(desk.run("transcribe", "--json", "né ü 日本.wav", named), [0])
            verdict.expect(desk.run("transcribe", "nö.wav"), [1])
            verdict.expect(desk.run("say", "déjà vu, naïve", "-o", "é.wav"), [0])
            verdict.expect(desk.run("say", "hi", "--voice", "é"), [1, 2])
            verdict.expect(
                desk.run("talk", "--plain", "--engine", "echo", "--from-file", "né ü 日本.wav"), [0]
            )
            verdict.expect(desk.run("talk", "--engine", "echo", "--from-file", named), [0])
            for words in (("models", "list"), ("config", "show"), ("devices",), ("--help",)):
                verdict.expect(desk.run(*words), [0])
            return verdict

        yield case, "locale and terminal", judge
