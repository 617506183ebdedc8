// The way to the server: one talk, over one connection after another, until `stop`.
//
// The newest KEPT_MS of the microphone are kept. When a connection is lost, another one takes the talk up: the server
// says how far it heard, and is sent the rest; it sends the events that were missed. A server that has forgotten the
// talk begins another, which is told what was said. Waits double, and each is drawn at random from zero up to that.

const FIRST_WAIT_MS = 250, LONGEST_WAIT_MS = 4000, OPEN_MS = 10000;
const BLOCK_MS = 20, KEPT_MS = 5000, TOLD_GONE = 1500, MOST_UNSENT = 1 << 16, FLAGS_AT = 4, AFTER_GAP = 2;
const ASK_MS = 3000, DEAD_MS = 6000, LOOK_MS = 500; // a radio link dies silently
const OVER = 1000, BUSY = 1013, ELSEWHERE = 4000, GIVEN_UP = 4001;

const later = (one, other) => ((one - other) | 0) >= 0; // ms modulo 2^32

export class Link {
  // `on` has: event(event), sound(buffer), begun({resumed, lostMs}), settled(), lost(reason),
  // ended(why), settings(), history().
  constructor(on) {
    this.on = on;
    this.wanted = this.settled = false;
    this.token = ""; // of the server
    this.kept = []; // {ms, data}: frames of the microphone, and requests that must stay in their place among them
    this.forget();
    setInterval(() => this.look(), LOOK_MS);
    addEventListener("online", () => { if (this.waits) this.connect(); });
    addEventListener("offline", () => { if (this.socket) this.lose(); });
  }

  forget() {
    this.resume = this.last = ""; // token of the talk, id of its last event that came
    this.gone = []; // ms of the newest frames that are kept no more
    this.unsent = 0; // how many of `kept` were not sent
    this.lostMs = 0; // of sound that was never sent
    this.gap = false;
  }

  start() {
    this.wanted = true;
    this.retries = 0;
    this.kept = [];
    this.forget();
    this.connect();
  }

  stop() {
    this.wanted = this.settled = false;
    this.let(OVER);
    this.forget();
  }

  get open() { return this.socket?.readyState === 1 && this.greeted; }

  send(message) { if (this.open) this.socket.send(JSON.stringify(message)); }

  // ---- the microphone

  sound(block) { // a frame; it may be used again afterwards
    if (!this.wanted) return;
    this.ms = ((block[0] & 0xffff) | (block[1] << 16)) >>> 0;
    this.keep(block.slice());
  }

  inPlace(message) { this.keep(JSON.stringify(message)); } // a request that comes after the sound before it

  keep(data) {
    this.kept.push({ ms: (this.ms + (typeof data === "string" ? BLOCK_MS : 0)) >>> 0, data });
    this.unsent++;
    while (this.kept.length > KEPT_MS / BLOCK_MS) {
      const { ms, data: oldest } = this.kept.shift();
      if (typeof oldest !== "string") this.gone.push(ms);
      if (this.gone.length > TOLD_GONE) this.gone.shift();
      if (this.unsent > this.kept.length) {
        this.unsent--;
        this.lostMs += BLOCK_MS;
        this.gap = true;
      }
    }
    this.flush();
  }

  flush() {
    while (this.open && this.unsent && this.socket.bufferedAmount < MOST_UNSENT) {
      const { data } = this.kept[this.kept.length - this.unsent--];
      if (this.gap && typeof data !== "string") { data[FLAGS_AT] |= AFTER_GAP; this.gap = false; }
      this.socket.send(data);
    }
  }

  // ---- connections

  connect() {
    clearTimeout(this.waits);
    this.waits = 0;
    this.greeted = this.settled = false;
    this.beganAt = performance.now();
    this.askedAt = 0;
    const url = this.address();
    url.protocol = url.protocol.replace("http", "ws");
    const socket = this.socket = new WebSocket(url, ["realtime", ...(this.token ? [`openai-insecure-api-key.${this.token}`] : [])]);
    let opened = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { opened = true; };
    socket.onmessage = ({ data }) => {
      this.askedAt = 0;
      this.heardAt = performance.now();
      if (typeof data === "string") this.take(JSON.parse(data)); else this.on.sound(data);
    };
    socket.onclose = ({ code, reason }) => this.lose(opened, code, reason);
  }

  address() {
    const url = new URL("v1/realtime", location.href);
    if (this.resume) { url.searchParams.set("resume", this.resume); url.searchParams.set("after", this.last); }
    return url;
  }

  let(code) { // go of the connection there is
    const socket = this.socket;
    this.socket = null;
    clearTimeout(this.waits);
    this.waits = 0;
    if (!socket) return;
    socket.onclose = socket.onmessage = null;
    socket.close(code);
  }

  async lose(opened = true, code = 0, reason = "") {
    this.let(GIVEN_UP);
    this.settled = false;
    if (!this.wanted) return;
    if (code === ELSEWHERE) { this.wanted = false; return this.on.ended("elsewhere"); }
    this.on.lost(code === BUSY ? reason || "The server is busy" : "");
    const wait = Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.retries++);
    this.waits = setTimeout(() => this.connect(), wait);
    if (opened) return;
    // A browser does not tell a page why no socket was opened; a plain request does.
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {}, asked = this.resume;
    const answer = await fetch(this.address(), { headers, signal: AbortSignal.timeout(OPEN_MS) }).catch(() => null);
    if (!this.wanted || !answer) return;
    if (answer.status === 401) { this.stop(); this.on.ended("token"); }
    if (answer.status === 404 && asked && asked === this.resume && !this.open) this.begin();
  }

  begin() { // the server does not know the talk any more: another one
    const { unsent, lostMs } = this;
    this.forget();
    Object.assign(this, { unsent, lostMs });
    this.let(GIVEN_UP);
    this.connect();
  }

  look() { // does the server still answer?
    const now = performance.now();
    if (!this.socket || this.waits) return;
    if (!this.greeted) { if (now - this.beganAt > OPEN_MS) this.lose(); return; }
    if (!this.askedAt && this.settled) {
      if (now - this.heardAt < ASK_MS) return;
      this.send({ type: "input_audio_buffer.clear" }); // it is answered, and does nothing
      this.askedAt = now;
    } else if (this.askedAt && now - this.askedAt > DEAD_MS) this.lose();
  }

  // ---- what the server says

  take(event) {
    if (event.type === "session.created") return this.greet(event.session.voicecli);
    this.last = event.event_id;
    if (event.type !== "session.updated") return this.on.event(event);
    const first = !this.settled;
    this.settled = true;
    if (first) this.on.settled();
  }

  greet({ resume, resumed, heard_ms: heard }) {
    let lostMs = this.lostMs;
    this.greeted = true;
    this.retries = 0;
    this.resume = resume.token;
    const session = this.on.settings();
    if (resumed) { // from where it heard; what it says it missed comes behind this
      if (heard !== null) {
        lostMs = this.gone.filter((ms) => later(ms, heard)).length * BLOCK_MS;
        this.kept = this.kept.filter(({ ms }) => later(ms, heard));
      }
      this.unsent = this.kept.length;
      this.gap = lostMs > 0;
    } else {
      session.voicecli.history = this.on.history();
      this.kept = this.unsent ? this.kept.slice(-this.unsent) : [];
    }
    this.lostMs = 0;
    this.on.begun({ resumed, lostMs });
    this.send({ type: "session.update", session });
    this.flush();
  }
}
