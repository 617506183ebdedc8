// The loudspeaker, on the audio thread: int16 at 24 kHz, as it comes -> a steady stream at the context's rate.
// A reply begins once TARGET of it is there, or all of it. Running dry in a reply is an underrun: it is counted
// and the target grows. Running dry after the reply's end is not.

import { Resampler } from "./resample.js";

const RATE = 24000, HELD = 8 * RATE, FADE = RATE * 0.008;
const LEAST = RATE * 0.1, MOST = RATE * 0.4, GROW = RATE * 0.05;

class Play extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new Int16Array(HELD);
    this.written = this.read = 0;
    this.target = LEAST;
    this.playing = this.complete = false;
    this.gain = 0;
    this.underruns = this.lost = 0;
    this.out = new Float32Array(4096);
    this.ready = this.taken = 0;
    this.resampler = new Resampler(RATE, sampleRate);
    this.give = (sample) => { this.out[this.ready++ % 4096] = sample; };
    this.port.onmessage = ({ data }) => this.take(data);
    this.told = 0;
  }

  take(data) {
    if (data === "end") this.complete = true;
    else if (data === "clear") { this.read = Math.max(this.read, this.written - FADE); this.complete = true; this.cut = true; }
    else {
      if (this.cut) { this.read = this.written; this.cut = false; }
      this.complete = false;
      for (let at = 0; at < data.length; at++) {
        if (this.written - this.read >= HELD) { this.lost++; continue; }
        this.ring[this.written++ % HELD] = data[at];
      }
    }
  }

  next() { // one sample at 24 kHz
    const waiting = this.written - this.read;
    if (!this.playing) {
      if (waiting === 0 || (waiting < this.target && !this.complete)) return 0;
      this.playing = true;
      this.gain = 0;
      this.port.postMessage({ began: currentTime });
    }
    if (waiting === 0) {
      this.playing = false;
      if (!this.complete) { this.underruns++; this.target = Math.min(MOST, this.target + GROW); }
      this.port.postMessage({ ended: currentTime, underruns: this.underruns });
      return 0;
    }
    const ends = this.cut || this.complete ? Math.min(1, waiting / FADE) : 1;
    this.gain = Math.min(1, this.gain + 1 / FADE);
    return this.ring[this.read++ % HELD] / 32768 * this.gain * ends;
  }

  process(_, [output]) {
    const [samples] = output;
    while (this.ready - this.taken < samples.length) this.resampler.push(this.next(), this.give);
    for (let at = 0; at < samples.length; at++) samples[at] = this.out[this.taken++ % 4096];
    return true;
  }
}

registerProcessor("play", Play);
