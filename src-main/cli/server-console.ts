// Owns `platen server console`: at a package server, where its console is, and telling it where it is now.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from './command.ts';
import { pairs, printable } from './table.ts';

const pollMs = 100;
const waitMs = 15_000;

export const serverConsole: Command = {
  path: ['server', 'console'],
  summary: 'at a package server: where its console is, or (URL) where it is from now on',
  description: 'Shows which console a package server belongs to, at which addresses it looks for it, and whether it is connected. With URL it is told another address, for a console that was moved to another machine: it connects there, and believes nobody but the machine with the console\'s certificate. Run it at the package server.',
  positionals: [{ name: 'URL', required: false }], options: {},
  examples: ['platen server console', 'platen server console https://192.168.1.9:8420', 'platen server console https://192.168.1.9:8420 --data /srv/platen'],
  run: async ({ api, input, now }) => {
    const calls = await api();
    const [url] = input.positionals;
    let about = url === undefined ? await calls.link.get.query() : await calls.link.moveTo.mutate({ url });
    // It is the right machine; that it lets us in follows in a moment.
    const until = now() + waitMs;
    while (url !== undefined && !about.connected && about.revoked === null && now() < until) {
      await sleep(pollMs);
      about = await calls.link.get.query();
    }
    const text = pairs([
      ['Console', printable(about.name)], ['Addresses', about.addresses.join(', ')], ['Certificate', about.fingerprint], ['Connected', about.connected ? 'yes' : 'no'], ['Problem', printable(about.revoked ?? (about.connected ? '' : about.problem ?? ''))],
    ]);
    return { json: about, text, exitCode: url !== undefined && !about.connected ? 1 : 0 };
  },
};
