// `@openai/agents-realtime` in Node: asks, asks for something long and interrupts it, types a line.

import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket } from "@openai/agents-realtime";
import fs from "node:fs";
import path from "node:path";

const [url, folder] = process.argv.slice(2);
const { version } = JSON.parse(fs.readFileSync("node_modules/@openai/agents-realtime/package.json"));
const seen = { client: "@openai/agents-realtime", version, answered: 0, interrupted: false, errors: [], events: 0 };
const transport = new OpenAIRealtimeWebSocket({ useInsecureApiKey: true });
const session = new RealtimeSession(new RealtimeAgent({ name: "Agent", instructions: "Answer in one sentence." }), { transport });
const told = new Map();
const tell = (name) => { for (const done of told.get(name) ?? []) done(); told.delete(name); };
const until = (name) => new Promise((done, fail) => {
  told.set(name, [...(told.get(name) ?? []), done]);
  setTimeout(() => fail(new Error(`${name}: nothing came in time`)), 60000).unref();
});
session.on("error", (error) => seen.errors.push(JSON.stringify(error).slice(0, 200)));
session.on("audio", () => tell("sounds"));
session.on("audio_interrupted", () => { seen.interrupted = true; tell("stopped"); });
transport.on("*", (event) => { seen.events++; if (event.type === "response.done") tell("over"); });

await session.connect({ apiKey: "x", url: `${url.replace("http", "ws")}/v1/realtime` });
let toSay = Buffer.alloc(0);
const microphone = setInterval(() => {
  const block = Buffer.alloc(960);
  toSay.copy(block, 0, 0, 960);
  toSay = toSay.subarray(960);
  session.sendAudio(block.buffer.slice(block.byteOffset, block.byteOffset + 960));
}, 20);
const say = (name) => {
  const wav = fs.readFileSync(path.join(folder, `${name}.wav`));
  toSay = wav.subarray(wav.indexOf("data") + 8);
};
try {
  say("question");
  await until("sounds"); await until("over"); seen.answered++;
  say("long");
  await until("sounds"); seen.answered++;
  say("stop");
  await until("stopped");
  await new Promise((done) => setTimeout(done, 4000));
  session.sendMessage("How many legs does a spider have?");
  await until("sounds"); seen.answered++;
} catch (error) {
  seen.errors.push(error.message);
}
clearInterval(microphone);
console.log(JSON.stringify(seen));
session.close();
process.exit(0);
