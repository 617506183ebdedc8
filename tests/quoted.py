"""The numbers that documents quote, taken from the code that has them."""

from __future__ import annotations

from math import log10

import voicecli.audio.channels as channels
import voicecli.audio.level as level
import voicecli.audio.streams as streams
import voicecli.bench.compare as compare
import voicecli.listen.loss as loss
import voicecli.reply.embedded as embedded
import voicecli.reply.gguf as gguf
import voicecli.reply.replytext as replytext
import voicecli.speak.cues as cues
import voicecli.speak.jitter as jitter
import voicecli.speak.synthesize as synthesize
import voicecli.system.priority as priority
import voicecli.talk.ear as ear
import voicecli.waiting.pressure as pressure
import voicecli.waiting.quality as quality
import voicecli.waiting.urgency as urgency
from voicecli.bench.turns import counting, holds, sweep
from voicecli.cli.measure import bench
from voicecli.cli.say import AHEAD_MS, UNHURRIED_MS
from voicecli.config import EAGERNESS as STYLES
from voicecli.config import Config
from voicecli.devices import closing, runaway
from voicecli.devices.portaudio import NoDeviceError
from voicecli.devices.recovery import latency, mover, recover, side
from voicecli.devices.single import settling
from voicecli.errors import ConfigError, StageError
from voicecli.floor import orders
from voicecli.floor.agent import answering, cueing, excuse
from voicecli.floor.stages import CONVERSION, DETECTOR, LANGUAGE_MODEL
from voicecli.floor.turns import exchange, faults, turn
from voicecli.floor.user import endless, hush, levels, overlap
from voicecli.floor.user import speech as floor_speech
from voicecli.listen import microphone
from voicecli.listen.bargein import onset
from voicecli.listen.bargein import verdict as words_over
from voicecli.listen.echo import canceller as echo
from voicecli.listen.echo import residual
from voicecli.listen.gate import gain, segment
from voicecli.listen.whisper import guards, window
from voicecli.listen.whisper import transcriber as transcribe
from voicecli.messages import FRAME_S
from voicecli.network import errands
from voicecli.network.trouble import breaker, complaint, waits
from voicecli.reply.server import answer_stream
from voicecli.talk import inboxes
from voicecli.turn import decision as turn_end
from voicecli.turn import habits, witness
from voicecli.view.keys import held
from voicecli.view.live.bars import LONG_MS, LONGEST_BAR, SCALE_DBFS

CONFIG = Config()
EAGERNESS = CONFIG.turn.eager


def at_default(ends: tuple[float, float]) -> float:
    """Between the values at eagerness 0 and 1."""
    return round(ends[0] + EAGERNESS * (ends[1] - ends[0]), 2)


def db(gain_factor: float) -> int:
    """Of an amplitude."""
    return round(20 * log10(gain_factor))


QUOTED = [
    ("0003", f"{transcribe.QUIET_BEFORE_S:g} s before (Whisper"),
    ("0003", f"{window.SILENCE_AFTER_S:g} s after, {window.MIN_WINDOW_S:g} s at least"),
    ("0003", f"a token budget of {guards.token_budget(10) // 10 - 1} a second and 10 more"),
    ("0003", f"compression ratio above {guards.HIGH_COMPRESSION:g}"),
    ("0003", f"mean log-probability below {guards.LOW_LOG_PROB}"),
    ("0003", f"from a no-speech probability of {guards.NO_SPEECH:g} on"),
    ("0003", f"in a pass over the full window no words count above {transcribe.WHOLE_NO_SPEECH:g}"),
    ("0003", f"need a probability of {transcribe.CHANGED_LANGUAGE:g} to change it"),
    ("0004", f"batches of {gguf.BATCH_TOKENS} tokens"),
    (
        "0004",
        f"temperature {CONFIG.generate.temperature:g} (0019), repeat penalty {embedded.REPEAT_PENALTY:g}",
    ),
    ("0004", f"at most {CONFIG.generate.max_tokens} tokens"),
    ("0005", f"every {ear.POLL_S * 1000:g} ms while somebody speaks, every {ear.IDLE_POLL_S * 1000:g} ms"),
    ("0005", f"cut to {synthesize.LEAD_S * 1000:g} ms"),
    ("0006", f"`sure` ({turn_end.SURE_S[0]:g} to {turn_end.SURE_S[1]:g} s)"),
    ("0006", f"`asked` ({turn_end.LOG_ODDS_ASKED[0]:g} to {turn_end.LOG_ODDS_ASKED[1]})"),
    ("0006", f"`sure + {turn_end.S_PER_LOG_ODDS:g} s * max(0, asked - z)`"),
    ("0006", f"default eagerness of {EAGERNESS:g} the pause after a whole sentence"),
    ("0006", f"a whole sentence is at most {at_default(turn_end.WHOLE_S):g} s, after a whole question"),
    ("0006", f"that no language model judges {at_default(turn_end.ASKED_S):g} s"),
    ("0006", f'"Yes" or "No" to a question of the agent waits {turn_end.ANSWER_S:g} s at most'),
    ("0006", f"no language model judges, the pause is {turn_end.UNFINISHED_S:g} s at least"),
    ("0006", f"one kind of evidence {turn_end.ONE_KNOWN_S:g} s at least"),
    ("0006", f"One or two words wait {turn_end.FEW_WORDS_S:g} s"),
    ("0006", f"below {turn_end.LEAST_ENDING:g} are taken as {turn_end.LEAST_ENDING:g}"),
    ("latency", f"inside a turn, of {holds.HOLD_S[0]:g} to {holds.HOLD_S[1]:g} s"),
    ("latency", f"first sounds {counting.FIRST_SOUND_S:g} s after the decision"),
    ("latency", f"within {turn.LATE_S:g} s of it"),
    ("latency", f"never decided counts as {counting.UNDECIDED_S:g} s"),
    ("latency", f"at most {1000 * sweep.DELAYS_S[0]:.0f} and {1000 * sweep.DELAYS_S[1]:.0f} ms"),
    ("latency", f"at most {100 * sweep.CUT_SHARES[0]:.0f} and {100 * sweep.CUT_SHARES[1]:.0f} % are cut"),
    ("0007", f"every {quality.BEST.looks_s:g} s of speech, and when the level falls {segment.WORDS_DB:g} dB"),
    ("0007", f"{CONFIG.conversation.history_tokens} tokens (`conversation.history_tokens`)"),
    ("0007", f"blocks of {CONFIG.audio.block_ms} ms and a latency of {CONFIG.audio.latency_ms} ms"),
    ("0008", f"silent for {echo.REVERBERANT_S:g} s"),
    ("0008", f"{echo.LEAD_S * 1000:g} ms early"),
    ("0008", f"adds {echo.DELAY / 16:g} ms"),
    ("0008", f"below {residual.FAINT_DBFS:g} dBFS counts for nothing"),
    ("0008", f"{residual.BEYOND_ECHO_DB + residual.CAREFUL_DB:g} dB louder than the echo"),
    ("0009", f"called for {streams.DEAD_DEVICE_S:g} s ({streams.FIRST_CALL_S:g} s for its first call)"),
    ("0009", f"every {recover.RETRY_S:g} s, after a minute in vain every {recover.PATIENT_RETRY_S:g} s"),
    ("0009", f"ten times a second, only looks at it. A task that takes {recover.HUNG_S:g} s"),
    ("0009", f"waits {closing.CLOSE_S:g} s"),
    ("0009", f"If stopping a stream takes more than {runaway.STUCK_S:g} s"),
    ("0009", f"the thread that writes, for {runaway.TRAP_S * 1000:g} ms"),
    ("0009", f"for a new default every {side.FOLLOW_S:g} s"),
    ("0009", f"for {side.SHUN_S:g} s, then 2, 4, ... {side.LONGEST_SHUN_S:g} s"),
    ("0009", f"a fade of {recover.FADE_S * 1000:g} ms. Up to {CONFIG.audio.latency_ms} ms"),
    ("0009", f"A loss of at most {loss.BRIDGED_S:g} s"),
    ("0010", f"softer ({db(jitter.DUCK_GAIN)} dB) after one frame"),
    ("0010", f"a probability of {overlap.SURE:g} counts for two"),
    ("0010", f"{residual.BEYOND_ECHO_DB:g} dB louder than the echo can be"),
    ("0010", f"fades out {jitter.FADE_S * 1000:g} ms"),
    ("0010", f"after {overlap.LOOKS_S[0]:g} and {overlap.LOOKS_S[1]:g} s of speech"),
    ("0010", f"then {words_over.STOP_PAUSE_S:g} s of quiet"),
    ("0010", f"| {words_over.LONG_S:g} s and still going on, known to be words"),
    ("0010", f"| still going on, with {words_over.UNHEARD_S:g} s of speech whose words are not known"),
    ("0010", f"after {words_over.GIVE_UP_S:g} s of quiet (a slow computer)"),
    ("0010", f"within {turn.LATE_S:g} s of its first sound"),
    ("0010", f"at most {exchange.JUST_ENDED_S:g} s after an answer"),
    ("0011", f"more than {guards.LETTERS_A_SECOND:g} letters a second"),
    ("0011", f"at most {transcribe.WHOLE_NO_SPEECH:g}); how likely"),
    ("0011", f"by at most {guards.NEARLY:g} get the same second pass"),
    ("0011", f"at least {guards.CLEAR_S:g} s of speech (frames at {segment.CLEAR:g} or above)"),
    ("0011", f"agree ({guards.ALIKE:g} of their letters"),
    ("0011", f"more than {transcribe.LONG_S:g} s"),
    (
        "0012",
        f"by {gain.STANDS_OUT_DB:g} dB is turned up to {gain.HEARD_DBFS:g} dBFS, by {gain.MOST_DB:g} dB",
    ),
    ("0012", f"the gain stays for {gain.HELD_S:g} s"),
    ("0012", f"`segment.min_level_dbfs`, {CONFIG.segment.min_level_dbfs:g} dBFS"),
    ("0012", f"below {level.FAINT_DBFS:g} dBFS in the loudest 20 ms, up to {level.RAISED_DBFS:g}"),
    ("0012", f"last {segment.SPLIT_SEARCH_S:g} s"),
    ("0013", f"at most {channels.MOST_CHANNELS}"),
    ("0013", f"(correlation above {channels.SAME_SOUND:g})"),
    ("0013", f"and {ear.AGENTS_S:g} s longer"),
    ("0016", f"{answer_stream.SILENCE_S:g} s of silence"),
    ("0016", f"up to {waits.LOAD_S:g} s; `Retry-After` is obeyed up to {waits.SHORT_WAIT_S:g} s"),
    ("0016", f"A connection has {CONFIG.generate.connect_s:g} s"),
    ("0016", f"takes {errands.POLL_S * 1000:g} ms at most"),
    ("0017", f"correlation of {residual.COPY_FOLLOWS:g}, within {residual.COPY_DB:g} dB"),
    ("0017", f"{residual.FEW} loud frames are enough where the correlation is {residual.CLOSELY_FEW:g}"),
    ("0019", f"anything for {answering.DATE_CHECK_S:g} s"),
    ("0019", f"the temperature is {CONFIG.generate.temperature:g}"),
    ("0019", f"files under {embedded.SMALL_BYTES / 1e6:g} MB"),
    ("0021", f"after {faults.LATE_S:g} s without a sign of life"),
    ("0021", f"exit code {StageError.exit_code}, EX_SOFTWARE"),
    ("0022", f"room for {inboxes.ORDERS} orders, the language model may be {turn.CLAUSES_AHEAD} clauses"),
    ("0024", f"gives nothing for {faults.HUNG_S:g} s"),
    ("0024", f"waits longer than {urgency.PATIENCE_S:g} s"),
    ("0030", f"{onset.BRIGHT_DB:.0f} dB more than below 1 kHz"),
    ("0030", f"is at least {onset.BEYOND_DB:.0f} dB louder than the agent"),
    ("0030", f"goes on {hush.WAITS_S} s after the last of the hiss"),
    ("0030", f"and {hush.LONGEST_S} s after its first"),
    ("0030", f"within {hush.REMEMBERED_S:.0f} s a hiss does not hold"),
    ("0024", f"a nice value of {priority.STEP_BACK}"),
    ("0022", f"nothing comes for {floor_speech.GONE_S:g} s"),
    ("0023", f"the first of {synthesize.FIRST_COLUMNS} columns"),
    ("0023", f"then 40, 80 and {synthesize.MOST_COLUMNS}"),
    ("0023", f"with {synthesize.MARGIN_COLUMNS} columns to either side"),
    ("0023", f"target of {CONFIG.playback.jitter_min_ms} ms"),
    ("0023", f"above {synthesize.KNEE:g} of full scale"),
    ("0028", f"within {turn.LATE_S:g} s of the agent's first sound"),
    ("0028", f"within {turn.LATE_S:g} s of the decision"),
    ("0028", f"the {turn_end.NO_WORDS_S:g} s after a sound without words"),
    ("0028", f"adds {habits.CUT_S:g} s to the rest of its question"),
    ("0028", f"together add {habits.MOST_S:g} s at most"),
    ("0028", f"counts as long beyond {habits.LONG_PAUSE_S:g} s"),
    ("0028", f"half of the time beyond that, {habits.MOST_PAUSE_S:g} s at most"),
    ("0028", f"by {habits.LEARNT:g} of the way"),
    ("0028", f"{STYLES['quick']:g}, {STYLES['normal']:g} and {STYLES['patient']:g})"),
    ("0033", f"above its threshold (`[pressure]`) for {pressure.RISE_S:g} s, and falls when"),
    ("0033", f"below {pressure.EASE:g} of that threshold for {pressure.FALL_S:g} s"),
    ("0033", f"one every {quality.STEP_S:g} s ({quality.HURRY_S:g} s while critical)"),
    ("0033", f"after every {CONFIG.pressure.calm_s:g} s of calm"),
    ("0033", f"every {quality.SELDOM_S:g} s of speech instead of {quality.BEST.looks_s:g}"),
    ("0031", f"is worth {turn_end.S_PER_LOG_ODDS:g} s instead of 1 s"),
    ("0031", f"between {witness.IN_DOUBT[0]:g} and {witness.IN_DOUBT[1]:g})"),
    ("0029", f"a soft tone of {2 * cues.NOTE_S:g} s at {cues.TONE_DBFS:g} dBFS"),
    ("0029", f"after a phrase {orders.LONGEST_CUE_S:g} s"),
    ("0029", f"less than {cueing.SOON_S:g} s old"),
    ("0029", f"again every {cueing.AGAIN_S:g} s, at most {cueing.MOST} times in a turn"),
    ("0029", f"with a fade of {jitter.FADE_S * 1000:g} ms"),
    ("0034", f"{waits.TRIES} tries, with {waits.BACKOFF_S:g} s before the second"),
    ("0034", f"{breaker.FAILURES} failures in a row"),
    ("0034", f"for {breaker.FIRST_S:g} s, then twice as long each time, {breaker.LONGEST_S:g} s at most"),
    (
        "0034",
        f"{CONFIG.generate.connect_s:g} s to connect, {CONFIG.generate.first_token_s:g} s to the first word",
    ),
    ("0034", f"{CONFIG.generate.timeout_s:g} s from word to word, {CONFIG.generate.total_s:g} s in all"),
    ("0034", f"{replytext.RUNS_OVER} times `generate.max_tokens`"),
    ("0034", f"{replytext.CHARS_PER_TOKEN} characters a token"),
    ("0039", f"asks for {UNHURRIED_MS} ms of latency"),
    ("0039", f"opens the loudspeaker and up to {AHEAD_MS / 1000:g} s"),
    ("0039", f"run dry for {settling.CALM_S:g} s"),
    ("0039", f"has thrown nothing away for {jitter.RUSH_S:g} s"),
    ("0039", f"within {latency.WITHIN_S:g} s make it {latency.FACTOR:g} times as much"),
    ("0039", f"{latency.CALM_S:g} s without one take a step back"),
    ("0039", f"only after {recover.QUIET_S:g} s in which nobody spoke"),
    ("0039", f"every {mover.POLL_S * 1000:g} ms"),
    ("0038", f"at most {excuse.WAITS_S:g} s later"),
    ("0038", f"A phrase of more than {excuse.LONGEST_S:g} s is not kept"),
    ("0038", f"the voice, the end-of-turn model | {faults.LATE_S:g} s | {faults.HUNG_S:g} s |"),
    ("0038", "has been read | {0.late_s:g} s | {0.hung_s:g} s |".format(faults.limits(LANGUAGE_MODEL))),
    ("0038", "echo cancelling | {0.late_s:g} s | {0.hung_s:g} s |".format(faults.limits(CONVERSION))),
    ("0038", "echo cancelling | {0.late_s:g} s | {0.hung_s:g} s |".format(faults.limits(DETECTOR))),
    ("0038", f"{microphone.CLIPPED_S:g} s of clipped pieces within {microphone.CLIPPED_WITHIN_S:g} s"),
    ("0038", f"{microphone.SOFT_S:g} s of speech whose loudest tenth is below {microphone.SOFT_DBFS:g} dBFS"),
    ("0038", f"{microphone.HUM_S:g} s of a steady noise of {microphone.HUM_DBFS:g} dBFS"),
    ("0038", f"at most {microphone.HUM_DB:g} dB between"),
    ("0038", f"it has paused for {endless.QUIET_S:g} s"),
    ("0038", f"every {levels.EVERY_S:g} s how loud"),
    ("events", f"what works on all sound: for {faults.limits(DETECTOR).late_s:g} s"),
    ("view", f"was, every {levels.EVERY_S:g} s"),
    ("architecture", f"a frame every {1000 * FRAME_S:g} ms, a tick every {ear.CHECK_S:g} s"),
    ("events", f"within {turn.LATE_S:g} s of the agent's first sound"),
    ("events", f"more than {inboxes.EVENTS.capacity:.0f} events wait for it"),
    ("events", f"gives nothing for {faults.LATE_S:g} s"),
    ("view", f"{-SCALE_DBFS[0] / LONGEST_BAR:g} dB a column from {SCALE_DBFS[0]:g} to 0 dBFS"),
    ("view", f"200 ms, the highest from {(LONG_MS - 200) / 1000:g} s"),
    ("view", f"same key again within {held.ONE_PRESS_S:g} s counts as its repeat"),
    ("view", f"more than {held.FIRST_REPEAT_S:g} s later, closes it at once"),
    ("view", f"at least {held.RELEASE_S:g} s; during the first {held.LEARNING_S:g} s"),
    ("view", f"s of repeats always {held.REPEAT_S:g} s"),
    ("servers", f"at most {complaint.LONGEST} characters"),
    ("servers", f"every second for up to {waits.LOAD_S / 60:g} min"),
    ("servers", f"up to {waits.SHORT_WAIT_S:g} s: warns and asks again"),
    ("latency", f"{compare.DRAWS} draws of turns"),
    ("latency", f"Answers end after {bench.ANSWER_TOKENS} tokens"),
    (
        "README",
        f"{ConfigError.exit_code} for a setting or a flag, {NoDeviceError.exit_code} where there is no",
    ),
    ("README", f"{StageError.exit_code} when one stage"),
]
"""The document, and a piece of it with its number as the code has it."""

SETTINGS = [
    ("audio.noise_suppression", f"adds {echo.DELAY_SUPPRESSION / 16:g} ms"),
    ("generate.first_token_s", f"{waits.LOAD_S:g} s while the server loads its model"),
    ("playback.jitter_max_ms", f"each gap in a reply adds {jitter.GROW_S * 1000:g} ms"),
    ("playback.jitter_max_ms", f"{jitter.CALM_S:g} s without a gap take {jitter.SHRINK_S * 1000:g} ms off"),
]
"""The setting, and a piece of its description with its number as the code has it."""
