// The microphone, on the audio thread: float samples at the context's rate -> frames of 20 ms, int16 at 24 kHz.
//
// A frame is what the server takes: a header of 12 bytes (the time of its first sample in ms, modulo 2^32; number 0,
// for the microphone; flags; 0), then the samples. Little endian, as every browser's computer is.

import { Resampler } from "./resample.js";

const RATE = 24000, BLOCK_MS = 20, BLOCK = RATE * BLOCK_MS / 1000, HEADER = 6, AFTER_GAP = 2;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.free = Array.from({ length: 50 }, () => new Int16Array(HEADER + BLOCK)); // the page gives each one back
    this.block = this.free.pop();
    this.count = this.ms = this.flags = 0;
    this.port.onmessage = ({ data }) => this.free.push(data);
    this.give = (sample) => {
      this.block[HEADER + this.count++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.count === BLOCK) this.full();
    };
  }

  full() {
    const block = this.block, next = this.free.pop();
    this.count = 0;
    if (next === undefined) this.flags = AFTER_GAP; // the page is late: this block is lost
    else {
      block[0] = this.ms; // the lower half; the array cuts it off
      block[1] = this.ms >>> 16;
      block[4] = this.flags;
      this.port.postMessage(block, [block.buffer]);
      this.block = next;
      this.flags = 0;
    }
    this.ms = (this.ms + BLOCK_MS) >>> 0;
  }

  process([input]) {
    const [samples] = input;
    if (samples) for (let at = 0; at < samples.length; at++) this.resampler.push(samples[at], this.give);
    return true;
  }
}

registerProcessor("capture", Capture);
