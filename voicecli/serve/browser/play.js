// The loudspeaker, on the audio thread: frames of the agent's voice -> a steady stream at the context's rate.
//
// A reply begins once `target` of it is there, or nothing more has come for STILL. It is over when it has run dry;
// if more of it comes then, that was a gap: it is counted, and the target grows. A frame that ends a fade has it fall
// silent and keep what it has; the next one has it go on. What came before, or of a reply that was dropped, is left out.
// While it plays the page is told how far, and once more when all of it has sounded.

import { Resampler } from "./resample.js";

const RATE = 24000, MS = RATE / 1000, HELD = 8 * RATE, FADE = 8 * MS, OVERLAP = 2 * MS;
const LEAST = 100 * MS, MOST = 400 * MS, GROW = 50 * MS, STILL_S = 0.15, REPORT_S = 0.1, FADES = 1;

class Play extends AudioWorkletProcessor {
  constructor() {
    super();
    this.target = LEAST;
    this.gaps = this.latency = 0;
    this.forget();
    this.out = new Float32Array(4096);
    this.ready = this.taken = 0;
    this.resampler = new Resampler(RATE, sampleRate);
    this.give = (sample) => { this.out[this.ready++ % 4096] = sample; };
    this.port.onmessage = ({ data }) => this.take(data);
  }

  forget() { // another talk begins: its replies are numbered anew
    this.parts = []; // of replies, in the order in which they sound
    this.waiting = 0; // samples in them
    this.newest = this.next = 0; // the reply that came last, and where in it the next sample lies
    this.void = 0; // replies up to this one are not wanted any more
    this.reply = this.at = 0; // the reply that sounds, or did last, and how much of it was taken
    this.playing = this.hold = false;
    this.gain = 0;
    this.dry = this.late = 0; // the reply that ran dry; the same, and a frame of it came since
    this.tail = []; // what still fades of a reply that was dropped
    this.cameAt = this.endedAt = this.toldAt = 0;
    this.told = true;
  }

  take(data) {
    if (data instanceof ArrayBuffer) return this.frame(data);
    if (data.latency !== undefined) this.latency = data.latency * RATE;
    if (data.forget) { this.drop(this.newest); const { tail } = this; this.forget(); this.tail = tail; }
    if (data.stop) this.drop(this.newest);
    if (data.clear) this.drop(data.clear);
    if (data.again) { this.dry = this.late = 0; this.tell(); } // another connection: no gap of ours
  }

  frame(data) {
    const [from] = new Uint32Array(data, 0, 1), [reply] = new Uint32Array(data, 4, 1), [flags] = new Uint16Array(data, 8, 1);
    const samples = new Int16Array(data, 12);
    if (reply <= this.void) return;
    this.hold = (flags & FADES) !== 0;
    if (this.hold) return;
    if (reply !== this.newest) { this.newest = reply; this.next = from * MS; }
    if (reply === this.dry) { this.late = reply; this.dry = 0; } // one that comes alone is no gap, but the last
    else if (reply === this.late) { this.late = 0; this.gaps++; this.target = Math.min(MOST, this.target + GROW); }
    let start = from * MS, skip = 0;
    if (this.next - start >= OVERLAP) skip = Math.min(samples.length, this.next - start); // less is rounding to ms
    this.next = Math.max(this.next, start + samples.length);
    this.cameAt = currentTime;
    if (skip === samples.length || this.waiting + samples.length > HELD) return;
    this.parts.push({ reply, start, samples, at: skip });
    this.waiting += samples.length - skip;
  }

  drop(reply) {
    this.void = Math.max(this.void, reply);
    if (this.playing && this.reply <= reply && this.parts.length) {
      const { samples, at } = this.parts[0];
      this.tail = Array.from(samples.subarray(at, at + FADE), (sample, n) => sample * this.gain * (1 - n / FADE)).reverse();
      this.end();
    }
    this.parts = this.parts.filter((part) => part.reply > reply);
    this.waiting = this.parts.reduce((sum, part) => sum + part.samples.length - part.at, 0);
    this.hold = false;
  }

  end() {
    this.playing = false;
    this.gain = 0;
    this.endedAt = currentTime;
  }

  sample() { // one sample at 24 kHz
    if (this.tail.length) return this.tail.pop() / 32768;
    if (!this.playing) {
      const whole = this.waiting >= this.target || currentTime - this.cameAt >= STILL_S;
      if (this.hold || !this.waiting || !whole) return 0;
      this.playing = true;
    }
    if (!this.waiting) { this.dry = this.reply; this.end(); return 0; }
    this.gain = this.hold ? this.gain - 1 / FADE : Math.min(1, this.gain + 1 / FADE);
    if (this.gain <= 0) { this.end(); return 0; }
    const [part] = this.parts;
    if (part.reply !== this.reply) {
      this.reply = part.reply;
      this.port.postMessage({ began: part.reply });
    }
    const sample = part.samples[part.at++];
    this.at = part.start + part.at;
    this.told = false;
    if (part.at === part.samples.length) this.parts.shift();
    return sample / 32768 * this.gain * Math.min(1, this.waiting-- / FADE);
  }

  tell() { // ms; what was taken sounds later by the device's latency
    this.toldAt = currentTime;
    const silent = this.playing ? 0 : (currentTime - this.endedAt) * RATE;
    const inside = Math.max(0, Math.min(this.at, this.latency - silent));
    this.told = !this.playing && inside === 0;
    const [played, buffered] = [this.at - inside, this.waiting + inside].map((count) => Math.round(count / MS));
    this.port.postMessage({ reply: this.reply, played, buffered, gaps: this.gaps, over: this.told && !this.waiting });
  }

  process(_, [output]) {
    const [samples] = output;
    while (this.ready - this.taken < samples.length) this.resampler.push(this.sample(), this.give);
    for (let at = 0; at < samples.length; at++) samples[at] = this.out[this.taken++ % 4096];
    if (!this.told && currentTime - this.toldAt >= REPORT_S) this.tell();
    return true;
  }
}

registerProcessor("play", Play);
