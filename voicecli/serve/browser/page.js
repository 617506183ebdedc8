// The page: microphone and loudspeaker of this browser, the server's Realtime protocol, captions and keys.

import { Link } from "./link.js";

const $ = (id) => document.getElementById(id);
const log = $("log"), level = $("level");
const MOST_LINES = 100, MOST_HISTORY = 40, CREDIT_MS = 800, LATEST_MS = 500, SPEAKS = "The agent speaks.";

let audio, capture, play, muted = false, pressed = false, doing = "";
let lines = new Map(); // item id -> its line in the log
let history = []; // {role, text}, for a server that has forgotten us
let typed = new Map(); // item id -> a line that the server does not have yet
let stopped = false; // the agent was told to stop, and the server does not know yet
let owed = false; // the connection is there again, and the server is yet to be told what it missed

// ---- what a person sees

const say = (text) => { $("state").textContent = muted && text === "Listening." ? "Muted. Press m to be heard." : text; };
function does(text) { doing = text; if (link.settled) say(text); }
function trouble(text) { $("problem").hidden = !text; $("problem").textContent = text; }

function line(id, role, text) {
  let entry = lines.get(id);
  if (!entry) {
    entry = document.createElement("li");
    entry.className = role;
    lines.set(id, entry);
    log.append(entry);
    if (lines.size > MOST_LINES) { const [oldest] = lines.keys(); lines.get(oldest).remove(); lines.delete(oldest); }
  }
  entry.textContent = text;
  entry.scrollIntoView({ block: "nearest" });
  return entry;
}

function whyNoMicrophone(error) {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    return "This browser gives no microphone to a page that came over plain http from another computer. "
      + "Three ways out: start the server with --tls-cert and --tls-key; or run ssh -L 8765:127.0.0.1:8765 to it "
      + "and open http://127.0.0.1:8765; or put a reverse proxy with TLS before it.";
  }
  if (error.name === "NotAllowedError") return "The browser was not allowed to use the microphone: allow it for this page, then press Start.";
  if (error.name === "NotFoundError") return "This computer has no microphone: plug one in, then press Start; or type below.";
  return `The microphone cannot be opened (${error.name}): close what uses it, then press Start.`;
}

// ---- sound

async function openSound() {
  if (!window.isSecureContext) return trouble(whyNoMicrophone()); // nor does it let a page play what it makes
  audio = new AudioContext({ latencyHint: 0.04 });
  await Promise.all([audio.audioWorklet.addModule("capture.js"), audio.audioWorklet.addModule("play.js")]);
  play = new AudioWorkletNode(audio, "play", { numberOfInputs: 0, outputChannelCount: [1] });
  play.connect(audio.destination);
  play.port.onmessage = ({ data }) => {
    play.port.postMessage({ latency: audio.outputLatency || audio.baseLatency || 0 });
    if (data.began) return does(SPEAKS);
    const { reply, played, buffered, gaps, over } = data;
    if (reply) link.send({
      type: "voicecli.playout", reply, played_ms: played, limit_ms: played + CREDIT_MS, buffered_ms: buffered, underruns: gaps,
    });
    if (over) document.body.dataset.underruns = gaps;
    if (owed && link.settled) catchUp();
  };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: true, channelCount: 1 },
    });
    capture = new AudioWorkletNode(audio, "capture", { numberOfOutputs: 0 });
    capture.port.onmessage = ({ data }) => { heard(data); capture.port.postMessage(data, [data.buffer]); };
    audio.createMediaStreamSource(stream).connect(capture);
    stream.getAudioTracks()[0].onended = () => trouble("The microphone is gone: plug it in, then reload this page.");
    $("mute").disabled = false;
  } catch (error) {
    trouble(whyNoMicrophone(error));
  }
}

function heard(block) {
  const count = block.length - 6; // behind the header
  let sum = 0;
  for (let at = 6; at < block.length; at++) sum += block[at] * block[at];
  const dbfs = 10 * Math.log10(sum / count / 32768 ** 2 + 1e-9);
  level.value = muted ? -60 : dbfs;
  if (!muted && (!$("held").checked || pressed)) link.sound(block);
}

const silence = (how) => play?.port.postMessage(how);

// ---- the server

const link = new Link({
  event: on,
  sound: (buffer) => play?.port.postMessage(buffer, [buffer]),
  history: () => history,
  settings: () => ({
    type: "realtime",
    output_modalities: [play ? "audio" : "text"],
    audio: { input: { turn_detection: $("held").checked ? null : { type: "semantic_vad" } } },
    voicecli: { audio: "binary", playout: { credit_ms: CREDIT_MS } },
  }),

  begun({ resumed, lostMs }) {
    if (capture) trouble("");
    if (lostMs) trouble(`${(lostMs / 1000).toFixed(1)} s of what you said were lost with the connection.`);
    owed = false;
    document.body.dataset.link = resumed ? "resumed" : "begun";
    if (resumed) return silence({ again: true });
    silence({ forget: true });
    stopped = false;
    doing = "Listening.";
    $("now").textContent = "";
  },

  settled() { // the settings are in effect, and what was missed has come
    say(doing);
    $("stop").disabled = false;
    owed = true;
    silence({ again: true }); // how far it got comes first
    setTimeout(() => { if (owed && link.settled) catchUp(); }, play ? LATEST_MS : 0);
  },

  lost(reason) {
    document.body.dataset.link = "lost";
    if (!reason && link.resume) say("The connection is lost. Trying again; what you say meanwhile is kept for 5 s.");
    else say(`${reason || "Not connected"}. Trying again.`);
  },

  ended(why) {
    document.body.dataset.link = "over";
    silence({ stop: true });
    $("start").textContent = "Start";
    $("stop").disabled = true;
    if (why === "elsewhere") return say("The talk goes on elsewhere. Press Start for another one.");
    $("login").hidden = false;
    say("This server wants a token.");
    $("token").focus();
  },
});

function catchUp() { // what the server was not told
  owed = false;
  if (stopped) link.send({ type: "output_audio_buffer.clear" });
  sendTyped([...typed]);
}

function sendTyped(entries) {
  if (!link.settled || !entries.length) return;
  for (const [id, text] of entries) {
    link.send({ type: "conversation.item.create", item: { id, type: "message", role: "user", content: [{ type: "input_text", text }] } });
  }
  link.send({ type: "response.create" });
}

function said(role, text) {
  if (text) history = [...history, { role, text }].slice(-MOST_HISTORY);
}

function on(event) {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      silence({ stop: true });
      $("now").textContent = "";
      return does("You speak.");
    case "conversation.item.input_audio_transcription.delta":
      $("now").textContent += event.delta;
      return;
    case "conversation.item.input_audio_transcription.completed":
      $("now").textContent = "";
      does("Thinking.");
      said("user", event.transcript);
      return line(event.item_id, "user", event.transcript);
    case "conversation.item.added": // a typed line is there
      said("user", typed.get(event.item.id));
      return typed.delete(event.item.id);
    case "response.output_audio_transcript.delta":
    case "response.output_text.delta":
      return line(event.item_id, "agent", (lines.get(event.item_id)?.textContent || "") + event.delta);
    case "voicecli.clear":
      stopped = false;
      return silence({ clear: event.reply });
    case "response.done": return done(event.response);
    case "error":
      if (!["response_cancel_not_active", "item_create_duplicate_item_id"].includes(event.error.code)) trouble(event.error.message);
  }
}

function done(response) {
  const [item] = response.output;
  said("assistant", item?.content[0]?.transcript || item?.content[0]?.text);
  stopped = false;
  if (doing !== "You speak.") does("Listening.");
  if (response.status === "failed") trouble(response.status_details.error.message);
  const ms = response.voicecli?.latency_ms;
  if (ms) $("latency").textContent = `Answered ${Math.round(ms)} ms after your last word, and the way to you.`;
}

// ---- what a person does

async function start() {
  $("login").hidden = true;
  if (link.wanted) {
    link.stop();
    silence({ stop: true });
    $("start").textContent = "Start";
    $("stop").disabled = true;
    return say("The talk is over. Press Start for another one.");
  }
  $("start").textContent = "End";
  say("Connecting.");
  link.wanted = true; // the second click ends it
  if (!audio) await openSound();
  await audio?.resume();
  if (link.wanted) link.start();
}

function mute() {
  muted = !muted;
  $("mute").setAttribute("aria-pressed", muted);
  say(link.settled ? doing : $("state").textContent);
}

function stop() {
  silence({ stop: true });
  if (!link.wanted) return;
  stopped = doing === SPEAKS;
  link.send({ type: "output_audio_buffer.clear" });
}

function press(down) {
  if (!$("held").checked || pressed === down) return;
  pressed = down;
  if (down) { silence({ stop: true }); does("You speak."); } else link.inPlace({ type: "input_audio_buffer.commit" });
}

$("start").onclick = start;
$("mute").onclick = mute;
$("stop").onclick = stop;
$("held").onchange = () => { $("talk").hidden = !$("held").checked; link.send({ type: "session.update", session: link.on.settings() }); };
$("talk").onpointerdown = () => press(true);
for (const name of ["onpointerup", "onpointercancel", "onpointerleave"]) $("talk")[name] = () => press(false);
$("login").onsubmit = (event) => { event.preventDefault(); link.token = $("token").value.trim(); if (!link.wanted) start(); };
$("typed").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("line").value.trim();
  if (!text) return;
  $("line").value = "";
  const id = `item_${crypto.randomUUID?.() ?? Date.now()}`;
  line(id, "user", text);
  typed.set(id, text);
  if (!link.wanted) await start(); else if (!owed) sendTyped([[id, text]]);
};
const typing = (event) => ["INPUT", "TEXTAREA"].includes(event.target.tagName) && event.target.type !== "checkbox";
document.onkeydown = (event) => {
  if (event.key === "Escape") return stop();
  if (typing(event) || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "m" && !$("mute").disabled) mute();
  if (event.key === " " && $("held").checked) { event.preventDefault(); press(true); }
};
document.onkeyup = (event) => { if (event.key === " " && !typing(event)) press(false); };
window.onblur = () => press(false);
