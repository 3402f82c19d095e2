// The rival's far end: a process of its own that keeps what arrives on a loopback connection (and syncs it), or sends a stored
// file. As cheap as Node can do it, with synchronous file calls, so that the rival does not pay for it.
// usage: wire.mjs keep FILE | send FILE; prints {port}, then {cpuSeconds, peakMB} when done.
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';

const [mode = '', file = ''] = process.argv.slice(2);
const idle = process.cpuUsage();

function report() {
  const used = process.cpuUsage(idle);
  process.stdout.write(`${JSON.stringify({ cpuSeconds: (used.user + used.system) / 1e6, peakMB: (process.resourceUsage().maxRSS * 1024) / 1e6 })}\n`);
}

/** @param {import('node:net').Socket} socket */
function send(socket) {
  const fd = openSync(file, 'r');
  const more = () => {
    for (;;) {
      const piece = Buffer.allocUnsafe(1 << 20);
      const length = readSync(fd, piece);
      if (length === 0) {
        closeSync(fd);
        socket.end(report);
        return;
      }
      if (!socket.write(piece.subarray(0, length))) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

const server = createServer({ allowHalfOpen: mode === 'keep' });
server.once('connection', (socket) => {
  server.close();
  if (mode === 'send') send(socket);
});
if (mode === 'keep') {
  // net.Socket's onread (one buffer for all reads) exists for outgoing connections only, hence plain 'data' events.
  const fd = openSync(file, 'w');
  server.once('connection', (socket) => {
    socket.on('data', (data) => void writeSync(fd, data));
    socket.once('end', () => {
      fsyncSync(fd);
      closeSync(fd);
      socket.end();
      report();
    });
  });
}
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
