// The microphone, on the audio thread: float samples at the context's rate -> blocks of 20 ms, int16 at 24 kHz.

import { Resampler } from "./resample.js";

const RATE = 24000, BLOCK = RATE / 50;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.free = Array.from({ length: 8 }, () => new Int16Array(BLOCK)); // the page gives each one back
    this.block = this.free.pop();
    this.count = 0;
    this.port.onmessage = ({ data }) => this.free.push(data);
    this.give = (sample) => {
      this.block[this.count++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.count === BLOCK) {
        const next = this.free.pop();
        this.count = 0;
        if (next === undefined) return; // the page is late: this block is lost
        this.port.postMessage(this.block, [this.block.buffer]);
        this.block = next;
      }
    };
  }

  process([input]) {
    const [samples] = input;
    if (samples) for (let at = 0; at < samples.length; at++) this.resampler.push(samples[at], this.give);
    return true;
  }
}

registerProcessor("capture", Capture);
