// A room of computers that ask for their boot server, in a process of its own: PXE requests to the boot server's port (PXE 2.1 §2.2.4: what is
// answered goes to where it came from, so that no port below 1024 is needed). Arguments: port, seconds, requests a second; 0 of them: as
// many as are answered. Prints one line of JSON: requests, answers, seconds, p50, p99 and the longest in ms.
import { createSocket } from 'node:dgram';

const [port = 0, seconds = 0, rate = 0] = process.argv.slice(2).map(Number);
const COMPUTERS = 200;
const IN_FLIGHT = 16;
const SETTLE_MS = 1000;
const sentAt = new Map();
/** @type {number[]} */
const taken = [];
let next = 1;
const socket = createSocket('udp4');

function request() {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 0]);
  packet.writeUInt32BE(next, 4);
  packet.set([127, 0, 0, 1], 12); // ciaddr
  packet.set([0x52, 0x54, 0, 0x78, 0, next % COMPUTERS], 28);
  const vendor = Buffer.from('PXEClient:Arch:00007:UNDI:003000');
  packet.set([0x63, 0x82, 0x53, 0x63, 53, 1, 3, 60, vendor.length, ...vendor, 93, 2, 0, 7, 94, 3, 1, 3, 0, 255], 236);
  sentAt.set(next++, performance.now());
  socket.send(packet, port, '127.0.0.1');
}

socket.on('message', (packet) => {
  const xid = packet.readUInt32BE(4);
  const at = sentAt.get(xid);
  if (at === undefined) return;
  sentAt.delete(xid);
  taken.push(performance.now() - at);
  if (rate === 0 && performance.now() < until) request();
});

const until = performance.now() + seconds * 1000;
const began = performance.now();
if (rate === 0) for (let count = 0; count < IN_FLIGHT; count++) request();
const timer = rate === 0 ? undefined : setInterval(() => {
  // What a late timer left out is made up for: computers do not wait for each other.
  const due = Math.min(((performance.now() - began) / 1000) * rate, seconds * rate);
  while (next - 1 < due) request();
}, 1);

setTimeout(() => {
  clearInterval(timer);
  taken.sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => taken[Math.min(taken.length - 1, Math.floor(taken.length * part))] ?? Number.NaN;
  process.stdout.write(`${JSON.stringify({ requests: next - 1, answers: taken.length, seconds, p50: at(0.5), p99: at(0.99), longest: at(1) })}\n`);
  socket.close();
}, seconds * 1000 + SETTLE_MS);
