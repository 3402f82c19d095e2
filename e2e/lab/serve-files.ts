// Runs the TFTP server with a few files of a test's: a process of its own, started in the lab's network. Arguments: the address, then NAME=FILE
// for each file. Tells each event as a line of JSON.
import { readFileSync } from 'node:fs';
import { serveTftp } from '../../src-main/net/tftp/server.ts';

const [address = '', ...given] = process.argv.slice(2);
const files = new Map(given.map((text) => [text.slice(0, text.indexOf('=')), readFileSync(text.slice(text.indexOf('=') + 1))]));
await serveTftp({
  address, port: 69, find: (path) => files.get(path.replace(/^\/+/, '')) ?? null,
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  onError: (error) => {
    throw error;
  },
});
