// Speaks the process protocol in Node.js: random archs for one epoch, the better half of four goes on to twelve.
const lines = require("readline").createInterface({ input: process.stdin });
const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");

let space, state;
const waiting = [];                  // archs to be trained on
let round = [];                      // [accuracy after one epoch, arch]
const finished = new Map();          // arch -> accuracy after twelve epochs

function random(n) {                 // a small generator, so that everything follows from the seed
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return (state >> 8) % n;
}

function sample() {
  const chosen = space.choices.map((names) => names[random(names.length)]);
  return space.template[0] + chosen.map((name, i) => name + space.template[i + 1]).join("");
}

function decide() {
  if (waiting.length) {
    return { type: "submit", requests: [{ arch: waiting.shift(), schedule: "12", start: 1, stop: 12 }] };
  }
  return { type: "submit", requests: [{ arch: sample(), schedule: "12", start: 0, stop: 1 }], reasons: [{ why: "new" }] };
}

function note({ ticket, outcome }) {
  if (outcome.status !== "ok") return;
  const accuracy = outcome.curve.valid_acc.at(-1);
  if (ticket.stop === 12) {
    finished.set(ticket.arch, accuracy);
  } else if (!round.some(([, arch]) => arch === ticket.arch) && outcome.cost.train_s > 0) {
    round.push([accuracy, ticket.arch]);
  }
  if (round.length === 4) {
    round.sort(([a], [b]) => b - a);
    waiting.push(...round.slice(0, 2).map(([, arch]) => arch).filter((arch) => !finished.has(arch)));
    round = [];
  }
}

lines.on("line", (line) => {
  const message = JSON.parse(line);
  if (message.type === "hello") {
    space = message.space;
    state = message.seed;
    say({ type: "ready", protocol: 1, name: "halving", version: process.version, settings: { rounds_of: 4 } });
  } else if (message.type === "ask") {
    say(decide());
  } else if (message.type === "tell") {
    note(message);
    say({ type: "recommend", archs: [...finished.keys()].sort((a, b) => finished.get(b) - finished.get(a)).slice(0, 10) });
  } else {
    process.exit(0);
  }
});
