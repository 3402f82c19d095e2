// Runs on a machine of the replication lab: what comes to a socket file goes to the server there. A browser outside reaches it through the
// file, so the lab's network needs no way out. Arguments: the file, the port.
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [file = '', port = '8420'] = process.argv.slice(2);
rmSync(file, { force: true });
createServer((near) => {
  const far = connect(Number(port), '127.0.0.1');
  near.pipe(far).pipe(near);
  for (const [socket, other] of [[near, far], [far, near]]) socket.on('error', () => other.destroy()).on('close', () => other.destroy());
}).listen(file, () => process.stdout.write('ready\n'));
