// What a start that is refused leaves behind: nothing new. And who ends a server whose starter was killed: it does so itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startServer } from './server.ts';
import { testFolder } from './test-server.ts';

const root = join(import.meta.dirname, '..');

it('makes no data folder for a server that can’t have its port', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const dataFolder = join(testFolder(), 'new', 'data');
  await expect(startServer({ dataFolder, httpPort: port })).rejects.toMatchObject({ code: 'port-in-use', message: expect.stringContaining(`process ${process.pid}`) });
  await expect(startServer({ dataFolder, httpPort: 0, host: '192.0.2.1' })).rejects.toMatchObject({ code: 'usage' });
  expect(existsSync(join(dataFolder, '..'))).toBe(false);
  other.close();
});

it('ends a server whose starter was killed without a word', async () => {
  const data = testFolder();
  const args = [join(root, 'out/main/headless.js'), 'serve', '--json', '--http-port', '0', '--data', data];
  // Stands in between as bin/platen does on an older Node.
  const between: ChildProcess = spawn(process.execPath, ['-e', `require('node:child_process').spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(between.stdout ?? between, 'data') as [Buffer];
  const { url } = JSON.parse(line.toString('utf8')) as { url: string };
  expect((await fetch(`${url}/health`)).status).toBe(200);
  between.kill('SIGKILL');
  // It has drained when its record is gone.
  await expect.poll(() => existsSync(join(data, 'server.json')), { timeout: 20_000 }).toBe(false);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
});
