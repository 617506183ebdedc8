// Sound at one rate -> the same at another, by a windowed sinc; without allocation once it is made.

const TAPS = 32, PHASES = 256;

export class Resampler {
  // `from` and `to` in Hz. `push` takes one sample and calls `give` with each that is complete.
  constructor(from, to) {
    this.step = from / to;
    this.table = sinc(Math.min(1, to / from) * 0.92);
    this.past = new Float32Array(TAPS);
    this.head = 0;
    this.at = 0; // where the next sample lies, in samples of the input before the newest
  }

  push(sample, give) {
    this.past[this.head] = sample;
    this.head = (this.head + 1) % TAPS;
    this.at -= 1;
    while (this.at < 0) {
      const late = Math.min(PHASES - 1, Math.floor(-this.at * PHASES));
      let sum = 0;
      for (let tap = 0, row = late * TAPS; tap < TAPS; tap++) {
        sum += this.table[row + tap] * this.past[(this.head + tap) % TAPS];
      }
      give(sum);
      this.at += this.step;
    }
  }
}

function sinc(cutoff) {
  const table = new Float32Array(PHASES * TAPS);
  for (let phase = 0; phase < PHASES; phase++) {
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const x = tap - TAPS / 2 + phase / PHASES;
      const w = 0.42 + 0.5 * Math.cos(2 * Math.PI * x / TAPS) + 0.08 * Math.cos(4 * Math.PI * x / TAPS);
      const y = Math.PI * x * cutoff;
      sum += table[phase * TAPS + tap] = (y === 0 ? 1 : Math.sin(y) / y) * w;
    }
    for (let tap = 0; tap < TAPS; tap++) table[phase * TAPS + tap] /= sum;
  }
  return table;
}
