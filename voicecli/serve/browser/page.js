// The page: microphone and loudspeaker of this browser, the server's Realtime protocol, captions and keys.

const $ = (id) => document.getElementById(id);
const log = $("log"), level = $("level");
const FIRST_RETRY_MS = 250, LAST_RETRY_MS = 4000, MOST_LINES = 100, MOST_UNSENT = 1 << 18;

let audio, capture, play, socket, retries = 0, wanted = false, muted = false, pressed = false, ready = false, token = "";
let lines = new Map(); // item id -> its line in the log
let history = []; // [role, words], for a server that has forgotten us
let typed = []; // lines that wait for a session
let spoken = performance.now(); // when the microphone last heard something

// ---- what a person sees

const say = (text) => { $("state").textContent = text; };
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
  audio = new AudioContext({ latencyHint: 0.04 });
  await Promise.all([audio.audioWorklet.addModule("capture.js"), audio.audioWorklet.addModule("play.js")]);
  play = new AudioWorkletNode(audio, "play", { numberOfInputs: 0, outputChannelCount: [1] });
  play.connect(audio.destination);
  play.port.onmessage = ({ data }) => {
    if (data.began !== undefined) say("The agent speaks.");
    else if (data.ended !== undefined) { say("Listening."); document.body.dataset.underruns = data.underruns; }
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
  let sum = 0;
  for (const sample of block) sum += sample * sample;
  const dbfs = 10 * Math.log10(sum / block.length / 32768 ** 2 + 1e-9);
  level.value = muted ? -60 : dbfs;
  if (dbfs > -45) spoken = performance.now();
  const open = !muted && (!$("held").checked || pressed);
  if (!open || !socket || socket.readyState !== 1 || socket.bufferedAmount > MOST_UNSENT) return;
  send({ type: "input_audio_buffer.append", audio: base64(new Uint8Array(block.buffer)) });
}

function base64(bytes) { return btoa(String.fromCharCode(...bytes)); }

function samples(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Int16Array(bytes.buffer);
}

// ---- the server

const send = (message) => { if (socket && socket.readyState === 1) socket.send(JSON.stringify(message)); };

function connect() {
  const protocols = ["realtime"];
  if (token) protocols.push(`openai-insecure-api-key.${token}`);
  const address = new URL("v1/realtime", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address, protocols);
  let opened = false;
  socket.onopen = () => { opened = true; };
  socket.onmessage = ({ data }) => on(JSON.parse(data));
  socket.onclose = ({ code, reason }) => closed(opened, code, reason);
}

function closed(opened, code, reason) {
  ready = false;
  if (play) play.port.postMessage("clear");
  if (!wanted) return say("The talk is over. Press Start for another one.");
  if (!opened) fetch("v1/models", token ? { headers: { Authorization: `Bearer ${token}` } } : {}).then((answer) => {
    $("login").hidden = answer.status !== 401;
    if (answer.status === 401) { wanted = false; say("This server wants a token."); $("token").focus(); }
  }).catch(() => {});
  const wait = Math.random() * Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** retries++);
  say(code === 1013 ? `${reason || "The server is busy"}. Trying again.` : "Not connected. Trying again.");
  setTimeout(() => { if (wanted) connect(); }, wait + 50);
}

function settings() {
  const detection = $("held").checked ? null : { type: "semantic_vad" };
  send({ type: "session.update", session: { type: "realtime", audio: { input: { turn_detection: detection } } } });
}

function greeted() {
  retries = 0;
  if (capture) trouble("");
  settings();
  for (const [role, text] of history) {
    const type = role === "assistant" ? "output_text" : "input_text";
    send({ type: "conversation.item.create", item: { type: "message", role, content: [{ type, text }] } });
  }
  ready = true;
  sendTyped();
  say("Listening.");
  $("stop").disabled = false;
}

function sendTyped() {
  if (!ready || !typed.length) return;
  for (const [id, text] of typed.splice(0)) {
    history.push(["user", text]);
    const content = [{ type: "input_text", text }];
    send({ type: "conversation.item.create", item: { id, type: "message", role: "user", content } });
  }
  send({ type: "response.create" });
}

function on(event) {
  switch (event.type) {
    case "session.created": return greeted();
    case "input_audio_buffer.speech_started":
      play.port.postMessage("clear");
      $("now").textContent = "";
      return say("You speak.");
    case "conversation.item.input_audio_transcription.delta":
      $("now").textContent += event.delta;
      return;
    case "conversation.item.input_audio_transcription.completed":
      $("now").textContent = "";
      say("Thinking.");
      history.push(["user", event.transcript]);
      return line(event.item_id, "user", event.transcript);
    case "response.output_audio_transcript.delta":
      return line(event.item_id, "agent", (lines.get(event.item_id)?.textContent || "") + event.delta);
    case "response.output_audio.delta":
      return play.port.postMessage(samples(event.delta));
    case "response.output_audio.done":
      return play.port.postMessage("end");
    case "output_audio_buffer.cleared":
      return play.port.postMessage("clear");
    case "response.done": return done(event.response);
    case "error":
      if (event.error.code !== "response_cancel_not_active") trouble(event.error.message);
  }
}

function done(response) {
  const [item] = response.output;
  const words = item?.content[0]?.transcript || "";
  if (words) history.push(["assistant", words]);
  history = history.slice(-40);
  if (response.status === "failed") trouble(response.status_details.error.message);
  const ms = response.voicecli?.latency_ms;
  if (ms) $("latency").textContent = `Answered ${Math.round(ms)} ms after your last word, and the way to you.`;
}

// ---- what a person does

async function start() {
  wanted = !wanted;
  $("start").textContent = wanted ? "End" : "Start";
  $("login").hidden = true;
  if (!wanted) { $("stop").disabled = true; socket?.close(); return; }
  say("Connecting.");
  if (!audio) await openSound();
  await audio.resume();
  connect();
}

function mute() {
  muted = !muted;
  $("mute").setAttribute("aria-pressed", muted);
  say(muted ? "Muted." : "Listening.");
}

function stop() {
  play?.port.postMessage("clear");
  send({ type: "output_audio_buffer.clear" });
}

function press(down) {
  if (!$("held").checked || pressed === down) return;
  pressed = down;
  if (down) { play?.port.postMessage("clear"); say("You speak."); } else send({ type: "input_audio_buffer.commit" });
}

$("start").onclick = start;
$("mute").onclick = mute;
$("stop").onclick = stop;
$("held").onchange = () => { $("talk").hidden = !$("held").checked; settings(); };
$("talk").onpointerdown = () => press(true);
for (const name of ["onpointerup", "onpointercancel", "onpointerleave"]) $("talk")[name] = () => press(false);
$("login").onsubmit = (event) => { event.preventDefault(); token = $("token").value.trim(); if (!wanted) start(); };
$("typed").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("line").value.trim();
  if (!text) return;
  if (!wanted) await start();
  $("line").value = "";
  const id = `item_${crypto.randomUUID?.() ?? Date.now()}`;
  line(id, "user", text);
  typed.push([id, text]);
  sendTyped();
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
