"""Settings: files, environment and flags in; one `Config`, or one line that names the fault, out."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.sentences import pattern, wording
from voicecli.config import EAGERNESS, Config, Mistake, PlaybackConfig, SegmentConfig, check
from voicecli.config.catalogue import KEYS, Key, value_of
from voicecli.config.find import find, is_ours, user_file
from voicecli.config.load import Flags, load, load_with_origins
from voicecli.config.text import effective_toml, example_toml, starter_toml
from voicecli.config.toml import Value, printable, shown, to_toml
from voicecli.errors import ConfigError
from voicecli.system import folders


@pytest.fixture(autouse=True)
def _newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home, an empty working folder, no variable set."""
    for name in os.environ:
        if name.startswith("VOICECLI_"):
            monkeypatch.delenv(name)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))


def wrong(text: str | bytes, flags: Flags | None = None) -> str:
    """Give the line that ./voicecli.toml with `text` is refused with."""
    Path("voicecli.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load(flags=flags)
    line = str(caught.value)
    assert caught.value.exit_code == 2
    assert line.isprintable()
    assert len(line) < 300
    return line


# --- where settings come from


def test_without_anything_the_defaults() -> None:
    assert load() == Config()


def test_a_file_in_the_working_folder_comes_before_the_users() -> None:
    user_file().parent.mkdir(parents=True)
    user_file().write_text("[turn]\nmax_pause_ms = 700\n")
    assert find().file == user_file()
    assert load().turn.max_pause_ms == 700
    Path("voicecli.toml").write_text("[turn]\nmax_pause_ms = 600\n")
    assert find().file == Path("voicecli.toml")
    assert load().turn.max_pause_ms == 600
    Path("mine.toml").write_text("[turn]\nmax_pause_ms = 800\n")
    assert load(Path("mine.toml")).turn.max_pause_ms == 800


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have their own folders")
def test_the_users_folder_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_file() == tmp_path / "xdg/voicecli/config.toml"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert user_file() == tmp_path / "home/.config/voicecli/config.toml"


def test_environment_over_file_and_flag_over_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("voicecli.toml").write_text("[turn]\nmax_pause_ms = 600\n[segment]\nsnr_db = 8\npreroll_ms = 200\n")
    monkeypatch.setenv("VOICECLI_TURN__MAX_PAUSE_MS", "700")
    monkeypatch.setenv("VOICECLI_SEGMENT__SNR_DB", "9")
    loaded = load_with_origins(
        flags={"--snr": ("segment.snr_db", 10.0), "--voice": ("synthesize.voice", None)}
    )
    segment, turn = loaded.config.segment, loaded.config.turn
    assert (segment.preroll_ms, turn.max_pause_ms, segment.snr_db) == (200, 700, 10.0)
    assert loaded.file == Path("voicecli.toml")
    assert loaded.origins == {
        "segment.preroll_ms": "voicecli.toml",
        "turn.max_pause_ms": "VOICECLI_TURN__MAX_PAUSE_MS",
        "segment.snr_db": "--snr",
    }


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("VOICECLI_AUDIO__HEADPHONES", "true", True),
        ("VOICECLI_AUDIO__HEADPHONES", "TRUE", True),
        ("VOICECLI_AUDIO__HEADPHONES", "0", False),
        ("VOICECLI_AUDIO__BLOCK_MS", "10", 10),
        ("VOICECLI_AUDIO__RING_S", "5", 5.0),
        ("VOICECLI_AUDIO__RING_S", "5.5", 5.5),
        ("VOICECLI_AUDIO__INPUT_DEVICE", "3", "3"),
        ("VOICECLI_GENERATE__ENGINE", "echo", "echo"),
        ("VOICECLI_CONVERSATION__SYSTEM_PROMPT", "", ""),
        ("VOICECLI_SYNTHESIZE__VOICES", '{ de = "a", fr = "b" }', {"de": "a", "fr": "b"}),
        ("VOICECLI_SYNTHESIZE__VOICES", "{}", {}),
    ],
)
def test_variables_are_read_as_their_keys_type(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: Value
) -> None:
    monkeypatch.setenv(variable, text)
    (key,) = (key for key in KEYS.values() if key.variable == variable)
    found = value_of(load(), key)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("variable", "text", "line"),
    [
        (
            "VOICECLI_TURN__MAX_PAUSE_MS",
            "20",
            wording(
                "config.not_within",
                key="VOICECLI_TURN__MAX_PAUSE_MS: turn.max_pause_ms",
                value=20,
                low=100,
                high=5000,
                unit="ms",
            ),
        ),
        (
            "VOICECLI_TURN__MAX_PAUSE_MS",
            "500.0",
            wording(
                "config.not_whole",
                key="VOICECLI_TURN__MAX_PAUSE_MS: turn.max_pause_ms",
                value='"500.0"',
                low=100,
                high=5000,
                unit="ms",
            ),
        ),
        (
            "VOICECLI_AUDIO__HEADPHONES",
            "maybe",
            wording(
                "config.not_true_or_false",
                key="VOICECLI_AUDIO__HEADPHONES: audio.headphones",
                value='"maybe"',
            ),
        ),
        (
            "VOICECLI_AUDIO__RING_S",
            "nan",
            wording(
                "config.not_within",
                key="VOICECLI_AUDIO__RING_S: audio.ring_s",
                value="nan",
                low=4,
                high=60,
                unit="s",
            ),
        ),
        (
            "VOICECLI_TURN__MAX_PAUS_MS",
            "500",
            wording(
                "config.unknown_variable_near",
                name="VOICECLI_TURN__MAX_PAUS_MS",
                other="VOICECLI_TURN__MAX_PAUSE_MS",
            ),
        ),
        (
            "VOICECLI_Q__Z",
            "1",
            wording("config.unknown_variable", name="VOICECLI_Q__Z"),
        ),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, line: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == line


def test_variables_without_a_double_underscore_are_not_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECLI_MODELS", "/models")
    assert load() == Config()


def test_a_wrong_flag_is_named() -> None:
    line = wrong("", {"--speed": ("synthesize.speed", 9.0)})
    assert line == "--speed: " + wording(
        "config.not_within_bare", key="synthesize.speed", value="9.0", low="0.5", high=2
    )


def test_what_is_overridden_need_not_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("voicecli.toml").write_text("[turn]\nmax_pause_ms = 20\n")
    monkeypatch.setenv("VOICECLI_TURN__MAX_PAUSE_MS", "400")
    assert load().turn.max_pause_ms == 400


@pytest.mark.parametrize(
    ("text", "eager"),
    [
        ("", EAGERNESS["normal"]),
        ("style = 'quick'", EAGERNESS["quick"]),
        ("style = 'patient'\neagerness = -1", EAGERNESS["patient"]),
        ("style = 'patient'\neagerness = 0.9", 0.9),
        ("eagerness = 0", 0.0),
    ],
)
def test_the_style_says_how_eager_it_is_unless_eagerness_does(text: str, eager: float) -> None:
    Path("voicecli.toml").write_text(f"[turn]\n{text}\n")
    assert load().turn.eager == eager


# --- what is refused, and in what words


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[turn]\nmax_pause_ms = 20",
            wording("config.not_within", key="turn.max_pause_ms", value=20, low=100, high=5000, unit="ms"),
        ),
        (
            "[turn]\nmax_pause_ms = 500.0",
            wording(
                "config.not_whole", key="turn.max_pause_ms", value="500.0", low=100, high=5000, unit="ms"
            ),
        ),
        (
            "[audio]\nblock_ms = true",
            wording("config.not_whole", key="audio.block_ms", value="true", low=10, high=20, unit="ms"),
        ),
        (
            "[audio]\nblock_ms = '20'",
            wording("config.not_whole", key="audio.block_ms", value='"20"', low=10, high=20, unit="ms"),
        ),
        (
            "[audio]\nring_s = true",
            wording("config.not_number", key="audio.ring_s", value="true", low=4, high=60, unit="s"),
        ),
        (
            "[generate]\ntimeout_s = nan",
            wording(
                "config.not_above_most", key="generate.timeout_s", value="nan", low=0, high=600, unit="s"
            ),
        ),
        (
            "[segment]\nonset_probability = nan",
            wording("config.not_above", key="segment.onset_probability", value="nan", low=0, high=1),
        ),
        (
            "[audio]\nring_s = nan",
            wording("config.not_within", key="audio.ring_s", value="nan", low=4, high=60, unit="s"),
        ),
        (
            "[audio]\nring_s = inf",
            wording("config.not_within", key="audio.ring_s", value="inf", low=4, high=60, unit="s"),
        ),
        (
            "[audio]\nring_s = 1979-05-27",
            wording(
                "config.not_number",
                key="audio.ring_s",
                value=wording("config.date"),
                low=4,
                high=60,
                unit="s",
            ),
        ),
        ("[audio]\nheadphones = 1", wording("config.not_true_or_false", key="audio.headphones", value=1)),
        ("[audio]\ninput_device = [1]", wording("config.not_text", key="audio.input_device", value="a list")),
        ("[audio]\noutput_device = ''", wording("config.not_empty", key="audio.output_device", value='""')),
        (
            "[generate]\nengine = 'gpt'",
            wording(
                "config.not_one_of",
                key="generate.engine",
                value='"gpt"',
                first='"embedded"',
                second='"openai"',
                third='"echo"',
            ),
        ),
        (
            "[turn]\nstyle = 'slow'",
            wording(
                "config.not_one_of",
                key="turn.style",
                value='"slow"',
                first='"quick"',
                second='"normal"',
                third='"patient"',
            ),
        ),
        ("[turn]\neagerness = -0.5", wording("config.not_share", key="turn.eagerness", value="-0.5")),
        ("[generate]\nmodel = ''", wording("config.not_empty", key="generate.model", value='""')),
        (
            "[generate]\ntimeout_s = 0",
            wording("config.not_above_most", key="generate.timeout_s", value=0, low=0, high=600, unit="s"),
        ),
        (
            "[generate]\nbase_url = 'localhost'",
            wording("config.begins_with", key="generate.base_url", value='"localhost"'),
        ),
        (
            "[transcribe]\nlanguage = 'English'",
            wording("config.not_language", key="transcribe.language", value='"English"'),
        ),
        (
            f"[conversation]\nsystem_prompt = '{'x' * 9000}'",
            wording(
                "config.not_short",
                key="conversation.system_prompt",
                value='"xxxxxxxxxxxxxxxxxxxx..." (9000 characters)',
                most=8000,
            ),
        ),
        (
            f"[audio]\nblock_ms = 0x{'f' * 9000}",
            wording(
                "config.not_within",
                key="audio.block_ms",
                value=wording("config.many_digits", most=20),
                low=10,
                high=20,
                unit="ms",
            ),
        ),
        (
            "[keys]\nrepeat = 'f1'",
            wording("config.may_be_key", key="keys.repeat", value='"f1"'),
        ),
        (
            "[keys]\nmute_voice = 'R'",
            wording("config.may_be_key", key="keys.mute_voice", value='"R"'),
        ),
        ("audio = 5", wording("config.not_table", key="audio", value=5)),
        ("[[audio]]", wording("config.not_table", key="audio", value="a list")),
        (
            "[turn]\nmax_paus_ms = 5",
            wording("config.unknown_key_near", key="turn.max_paus_ms", other="turn.max_pause_ms"),
        ),
        (
            "max_pause_ms = 5",
            wording("config.unknown_key_near", key="max_pause_ms", other="turn.max_pause_ms"),
        ),
        (
            "[playback]\nvolume = 1",
            wording("config.unknown_key_near", key="playback.volume", other="synthesize.volume"),
        ),
        ("[segmnt]\nx = 1", wording("config.unknown_table_near", table="segmnt", other="segment")),
        (
            "[playback]\nzzz = 1",
            wording(
                "config.unknown_key",
                key="playback.zzz",
                keys="playback.jitter_min_ms, playback.jitter_max_ms, playback.ahead_ms",
            ),
        ),
        (
            "[server]\nport = 1",
            wording(
                "config.unknown_table",
                table="server",
                tables=", ".join(f"[{name}]" for name in Config.model_fields),
            ),
        ),
        (
            "[segment]\nsnr_db = 99\n[turn]\nmax_pause_ms = 20\n[server]",
            wording(
                "config.not_within_more", key="segment.snr_db", value=99, low=0, high=40, unit="dB", more=2
            ),
        ),
    ],
)
def test_wrong_values_and_keys(text: str, line: str) -> None:
    assert wrong(text) == f"voicecli.toml: {line}"


def test_keys_that_depend_on_one_another_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong("[playback]\njitter_min_ms = 300") == wording(
        "config.not_in_order",
        source="voicecli.toml",
        low="playback.jitter_min_ms",
        value=300,
        high="playback.jitter_max_ms",
        limit="250 (the default)",
    )
    monkeypatch.setenv("VOICECLI_SEGMENT__ONSET_PROBABILITY", "0.3")
    assert wrong("[segment]\nrelease_probability = 0.4") == wording(
        "config.not_in_order",
        source="voicecli.toml and VOICECLI_SEGMENT__ONSET_PROBABILITY",
        low="segment.release_probability",
        value="0.4",
        high="segment.onset_probability",
        limit="0.3",
    )


def test_two_actions_on_one_key_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong("[keys]\nrepeat = 't'") == wording(
        "config.keys_collide", source="voicecli.toml", first="keys.repeat", second="keys.type", value='"t"'
    )
    monkeypatch.setenv("VOICECLI_KEYS__TYPE", "x")
    assert wrong("[keys]\nrepeat = 'x'") == wording(
        "config.keys_collide",
        source="voicecli.toml and VOICECLI_KEYS__TYPE",
        first="keys.repeat",
        second="keys.type",
        value='"x"',
    )
    Path("voicecli.toml").write_text("[keys]\nrepeat = 'none'\nmute_voice = 'none'\n")
    assert load().keys.repeat == "none"


def test_the_rules_hold_for_settings_made_in_code() -> None:
    PlaybackConfig(jitter_min_ms=200, jitter_max_ms=200)
    with pytest.raises(
        ValidationError, match=pattern("config.pair_above", low="jitter_min_ms", high="jitter_max_ms")
    ):
        PlaybackConfig(jitter_min_ms=201, jitter_max_ms=200)
    with pytest.raises(
        ValidationError,
        match=pattern("config.pair_above", low="release_probability", high="onset_probability"),
    ):
        SegmentConfig(release_probability=0.51)


def test_a_key_put_where_its_variable_belongs_is_not_repeated() -> None:
    line = wrong("[generate]\napi_key_env = 'sk-secret'")
    assert "generate.api_key_env" in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[generate]\nengine = openai", "voicecli.toml, line 2, column 10: invalid value", '"quotes"'),
        ("[generate]\nengine", "voicecli.toml, line 2: expected '='", "key = value"),
        ("[generate\n", "voicecli.toml, line 1, column 10: expected ']'", "[table]"),
        ("[generate]\nmodel = 'x", 'voicecli.toml, line 2: expected "\'"', "key = value"),
        (
            "[generate]\nmodel = 'a'\nmodel = 'b'\n",
            "voicecli.toml, line 3, column",
            "cannot overwrite a value",
        ),
        ('[generate]\nmodel = "C:\\Users"', "voicecli.toml, line 2, column", "'single quotes'"),
        ('[generate]\nmodel = "C:\\models"', "voicecli.toml, line 2, column", "'single quotes'"),
        ("[generate]\nmodel = 'caf\xe9'".encode("latin-1"), "voicecli.toml, line 2: not UTF-8", "as UTF-8"),
        ("x = " + "[" * 9999, wording("config.unreadable", name="voicecli.toml"), "config init"),
        ("x = " + "9" * 9999, wording("config.unreadable", name="voicecli.toml"), "config init"),
        (b" " * (1 << 20) + b" ", wording("config.too_large", name="voicecli.toml"), ""),
        (
            '"\\u001b[31m\\n" = 1',
            "voicecli.toml: " + wording("config.unknown_key", key="\\u001b[31m\\u000a", keys="[audio]"),
            "",
        ),
        (
            "k" * 500 + " = 1",
            "voicecli.toml: " + wording("config.unknown_key", key=f"{'k' * 60}...", keys="[audio]"),
            "",
        ),
    ],
)
def test_what_is_not_a_settings_file(text: str | bytes, where: str, what: str) -> None:
    line = wrong(text)
    assert line.startswith(where)
    assert what in line


def test_a_byte_order_mark_does_no_harm() -> None:
    Path("voicecli.toml").write_bytes(b"\xef\xbb\xbf[audio]\r\nblock_ms = 10\r\n")
    assert load().audio.block_ms == 10


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    Path("voicecli.toml").mkdir()
    for path in (None, Path("voicecli.toml"), tmp_path / "absent.toml", Path("a\n\x1bb.toml")):
        with pytest.raises(ConfigError, match="cannot read ") as caught:
            load(path)
        assert str(caught.value).isprintable()


def test_a_file_that_cannot_be_reached_is_not_passed_over() -> None:
    Path("voicecli.toml").symlink_to("voicecli.toml")
    with pytest.raises(ConfigError, match=r"cannot read voicecli\.toml: "):
        load()


# --- whose file it is

SITE = 'baseURL = "https://example.org/"\ntitle = "My site"\n[params]\nauthor = "Ann"\n'


@pytest.mark.parametrize(
    "text",
    [
        SITE,
        "",
        "not TOML at all: {{ really }}",
        "\x00\x01\x02",
        "[audio]\nvolume = 3\n[video]\nvsync = true\n",
        "[audio]\n",
        'audio = "on"\n',
        "[params.audio]\nblock_ms = 10\n",
        "[build]\ntarget = 'x'\n[target.x]\nlinker = 'clang'\n",
        "x = " + "[" * 9999,
        "[generate]\nwat = 1\n[[broken",
    ],
)
def test_a_config_toml_of_another_program_is_passed_over(text: str) -> None:
    Path("config.toml").write_text(text)
    loaded = load_with_origins()
    assert (loaded.config, loaded.file) == (Config(), None)
    (other,) = loaded.passed_over
    assert str(other) == wording("config.passed_over", name="config.toml")
    assert not other.maybe_ours


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[turn]\nmax_pause_ms = 20\n", "turn.max_pause_ms is 20"),
        ("[turn]\nmax_pauze_ms = 500\n", "unknown key turn.max_pauze_ms"),
        ("[generate]\nengine = openai\n", "line 2, column 10"),
        ("[generate\nengine = 'echo'\n", "line 1"),
        ("turn.max_pause_ms = [\n", "line 1"),
        ("[audio]\nblock_ms = 10\n[params]\nauthor = 'Ann'\n", "unknown table [params]"),
    ],
)
def test_a_config_toml_that_holds_our_settings_is_used_and_its_mistake_told(text: str, mistake: str) -> None:
    Path("config.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"^config\.toml") as caught:
        load()
    assert mistake in str(caught.value)


def test_our_own_name_comes_before_the_one_that_is_shared() -> None:
    Path("config.toml").write_text("[turn]\nmax_pause_ms = 600\n")
    assert load().turn.max_pause_ms == 600
    Path("voicecli.toml").write_text("[turn]\nmax_pause_ms = 700\n")
    assert load().turn.max_pause_ms == 700


def test_any_file_of_ours_is_known_for_it() -> None:
    assert is_ours(example_toml().encode())
    assert all(is_ours(f"[{key.section}]\n{key.name} = 1".encode()) for key in KEYS.values())


def test_what_is_no_file_is_passed_over() -> None:
    path = Path("config.toml")
    path.mkdir()
    assert not load_with_origins().passed_over[0].maybe_ours
    path.rmdir()
    os.mkfifo(path)  # nobody writes into it: opening it would take for ever
    assert not load_with_origins().passed_over[0].maybe_ours
    path.unlink()
    path.symlink_to(path)
    assert load_with_origins().passed_over[0].maybe_ours
    path.unlink()
    path.symlink_to("nowhere")
    assert load_with_origins().passed_over == ()


def test_where_no_home_is_known_the_folders_of_the_computer_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(*_: object, **__: object) -> Path:
        raise RuntimeError

    monkeypatch.setattr("platformdirs.user_config_path", no_home)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: Path("~/.local/share/voicecli"))
    monkeypatch.setattr("platformdirs.user_log_path", no_home)
    for folder in (folders.settings_folder(), folders.data_folder(), folders.log_folder().parent):
        assert folder.is_absolute()
        assert folder.name == "voicecli"
    assert load() == Config()


def test_voices_by_language_stand_in_one_line_or_in_a_table_of_their_own() -> None:
    for text in ('[synthesize]\nvoices = { de = "a" }', '[synthesize.voices]\nde = "a"'):
        Path("voicecli.toml").write_text(text)
        assert load().synthesize.voices == {"de": "a"}


@pytest.mark.parametrize(
    ("voices", "entry"),
    [
        ('{ deu = "a" }', '"deu" = "a"'),
        ('{ de_DE = "a" }', '"de_DE" = "a"'),
        ('{ DE = "a" }', '"DE" = "a"'),
        ('{ de = "" }', '"de" = ""'),
        ("{ de = 5 }", '"de" = 5'),
        ('{ fr = "b", de = { a = "c" } }', '"de" = a table'),
    ],
)
def test_a_voice_by_language_that_is_none_is_named(voices: str, entry: str) -> None:
    key = "voicecli.toml: synthesize.voices"
    assert wrong(f"[synthesize]\nvoices = {voices}") == wording("config.not_voices", key=key, entry=entry)


@pytest.mark.parametrize("text", ["de", "de=a", "[]", '{ de = "a" }\nx = 1', "{", "[" * 5000])
def test_a_variable_that_is_no_table_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("VOICECLI_SYNTHESIZE__VOICES", text)
    with pytest.raises(ConfigError, match="VOICECLI_SYNTHESIZE__VOICES: "):
        load()


# --- settings as text


def test_the_example_is_generated_and_is_the_defaults() -> None:
    example = Path(__file__).parent.parent / "config.example.toml"
    assert example.read_bytes().decode() == example_toml()
    assert load(example) == Config()
    tables = tomllib.loads(example_toml())
    assert [f"{table}.{name}" for table in tables for name in tables[table]] == list(KEYS)


def test_the_variable_that_the_example_names_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    name, value = re.findall(r"(VOICECLI_\w+)=(\S+)", example_toml())[0]
    monkeypatch.setenv(name, value)
    assert list(load_with_origins().origins.values()) == [name]


def test_each_key_is_explained_with_its_unit_and_bounds() -> None:
    lines = example_toml().splitlines()
    assert lines[lines.index("max_pause_ms = 1500") - 1] == wording(
        "config.explained", low=100, high=5000, unit="ms"
    )
    for number, line in enumerate(lines):
        assert not line.rstrip("\\").endswith("\t")
        assert len(line) <= 110
        if "=" in line and not line.startswith("#"):
            assert lines[number - 1].startswith("# ")
    assert all(key.meaning for key in KEYS.values())
    units = ("(ms)", "(s)", "(dB)", "(dBFS)", "(tokens)", "(frames of 32 ms)")
    for key in KEYS.values():
        endings = ("_ms", "_s", "_db", "_dbfs", "_tokens", "_frames")
        assert key.name.endswith(endings) == key.allowed.endswith(units), key


def test_the_first_file_has_the_defaults_as_comments() -> None:
    starter = starter_toml(Config())
    assert not any(tomllib.loads(starter).values())
    lines = starter.splitlines()
    awake = "\n".join(x[1:] if x.startswith("#") and not x.startswith("# ") else x for x in lines)
    assert check(tomllib.loads(awake)) == Config()
    assert len(tomllib.loads(awake)["segment"]) == len(SegmentConfig.model_fields)


def test_the_first_file_keeps_what_was_chosen_even_if_it_is_the_default() -> None:
    starter = starter_toml(Config(segment=SegmentConfig(preroll_ms=300, snr_db=9.0)))
    assert {k: v for k, v in tomllib.loads(starter).items() if v} == {
        "segment": {"preroll_ms": 300, "snr_db": 9.0}
    }


def test_settings_in_force_tell_where_they_come_from() -> None:
    config = Config(segment=SegmentConfig(preroll_ms=400, snr_db=6.0))
    lines = effective_toml(config, {"segment.preroll_ms": "--preroll", "segment.snr_db": "x"}).splitlines()
    assert "preroll_ms = 400  # --preroll" in lines
    assert "snr_db = 6.0" in lines  # set to the default: nothing to tell


ANY_TEXT = st.text(max_size=300) | st.text(alphabet=' \t\n\r"\\x\x00\x1b\x7f\x85\u2028\xa0é😀', max_size=300)


@given(ANY_TEXT)
def test_any_text_survives(text: str) -> None:
    written = to_toml(text)
    assert tomllib.loads(f"x = {written}") == {"x": text}
    assert written.replace("\n", "").isprintable()


@given(st.text(alphabet="a  \\", min_size=200, max_size=900))
def test_long_text_survives_being_broken_into_lines(text: str) -> None:
    assert tomllib.loads(f"x = {to_toml(text)}") == {"x": text}


def test_long_text_is_broken_between_words() -> None:
    written = to_toml("word " * 100)
    assert all(len(line) < 100 for line in written.splitlines())
    assert len(written.splitlines()) > 5


def _values(key: Key) -> st.SearchStrategy[Value]:
    """Values of a key, right or nearly so: what is refused is filtered."""
    match key.default:
        case bool():
            return st.booleans()
        case int():
            return st.integers(0, 5000)
        case float():
            return st.floats(-90, 60)
        case dict():
            return st.dictionaries(st.from_regex(r"[a-z]{2}", fullmatch=True), ANY_TEXT, max_size=3)
        case _ if key.name == "engine":
            return st.sampled_from((key.default, "moonshine", "command", "openai", "echo"))
        case _ if key.section == "keys":
            return st.sampled_from((key.default, "none", "tab", "7"))
        case _ if key.name == "language":
            return st.sampled_from(("auto", "en", "haw") if key.section == "transcribe" else ("en", "haw"))
        case _ if key.name in ("base_url", "url"):
            return st.from_regex(r"https?://[a-z\"\\']{1,9}(:[0-9]{1,5})?/v1", fullmatch=True)
        case _ if key.name == "api_key_env":
            return st.sampled_from(("", "A_KEY"))
        case _:
            return ANY_TEXT


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Any settings: some keys drawn, what the rules refuse left at its default."""
    config = Config()
    for key in draw(st.lists(st.sampled_from(list(KEYS.values())), unique=True)):
        tables = config.model_dump()
        tables[key.section][key.name] = draw(_values(key))
        answer = check(tables)
        config = config if isinstance(answer, Mistake) else answer
    return config


@given(configs())
def test_any_settings_survive_being_written_and_read(config: Config) -> None:
    Path("voicecli.toml").write_bytes(effective_toml(config, dict.fromkeys(KEYS, "voicecli.toml")).encode())
    assert load() == config
    Path("voicecli.toml").write_bytes(starter_toml(config).encode())
    assert load() == config


@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_one_line_of_blame(data: bytes) -> None:
    Path("voicecli.toml").write_bytes(data)
    try:
        load()
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - most bytes are refused, some are not


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(list(KEYS.values())), JUNK)
@example(KEYS["segment.onset_probability"], 0.25)  # right by itself, but below another one's default
def test_any_value_is_right_or_told_in_one_line(key: Key, value: object) -> None:
    if not isinstance(check({key.section: {key.name: value}}), Mistake):
        return
    assert shown(value).isprintable()
    flags = {"--flag": (key.path, value)}
    if isinstance(value, bool | int | float | str):
        with pytest.raises(ConfigError, match=rf"--flag: .*{key.path} is .*; allowed: "):
            load(flags=flags)  # type: ignore[arg-type]


def test_printable_hides_nothing() -> None:
    assert printable("a\x1b[0m\u202e\U000e0001ü") == "a\\u001b[0m\\u202e\\U000e0001ü"
