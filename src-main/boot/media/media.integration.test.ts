import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { testApi, testFolder, testServer } from '../../test-server.ts';
import type { EnvironmentPlaces } from '../environment/service.ts';
import { mediumLoaders } from './medium.ts';

/** A built environment with made-up bytes. */
function environment(): EnvironmentPlaces {
  const folder = testFolder();
  const write = (name: string, bytes: Buffer): { name: string; sha256: string } => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), bytes);
    return { name: name.slice(name.lastIndexOf('/') + 1), sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const [kernel, base] = [write('boot/vmlinuz', Buffer.alloc(100_000, 1)), write('boot/base.cpio.zst', Buffer.alloc(2_000_000, 2))];
  const media = mediumLoaders.map((name) => write(`boot/media/${name}`, Buffer.alloc(name === 'isohdpfx.bin' ? 432 : 3000, 3)));
  for (const name of ['resources/init', 'agent/agent.cjs', 'agent/blake3.node']) write(name, Buffer.from(name));
  write('boot/boot.json', Buffer.from(JSON.stringify({ key: '', kernelVersion: '6.1', baseBytes: 2_000_000, kernelSha256: kernel.sha256, baseSha256: base.sha256, loaders: [], media })));
  return { bootFolder: join(folder, 'boot'), cacheFolder: join(folder, 'cache'), resourcesFolder: join(folder, 'resources'), agentFolder: join(folder, 'agent'), nodePath: process.execPath };
}

describe('boot media', () => {
  it('are written by the command line through a ticket, carry server and secret, and are ended together', async () => {
    const server = await testServer({ host: '127.0.0.1', bootPlaces: environment() });
    const api = testApi(server);
    const file = join(testFolder(), 'medium.iso');
    const platen = (...args: string[]) => promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../headless.ts'), '--server', server.url, '--token', server.token, '--json', ...args]);
    const said = JSON.parse((await platen('boot', 'image', file, '--reached-at', '10.0.0.5:8420')).stdout) as { sizeBytes: number; sha256: string; server: string };
    const bytes = readFileSync(file);
    expect([said.server, bytes.length, createHash('sha256').update(bytes).digest('hex'), statSync(file).mode & 0o777]).toEqual(['https://10.0.0.5:8420', said.sizeBytes, said.sha256, 0o600]);
    const token = /PLATEN_TOKEN='(boot1\.[\w-]+\.[0-9a-f]{64})'/.exec(bytes.toString('latin1'))?.[1] ?? '';
    expect([bytes.includes("PLATEN_SERVER='https://10.0.0.5:8420'"), token.endsWith(server.fingerprint)]).toEqual([true, true]);
    // What is there is not replaced.
    await expect(platen('boot', 'image', file, '--reached-at', '10.0.0.5')).rejects.toMatchObject({ stdout: expect.stringContaining('is there already') as unknown });
    expect(await api.media.view.query()).toMatchObject({ problem: null, made: 1, lastUsedAt: null });
    // The secret opens no API, and after its end nothing at all.
    await expect(testApi(server, token).status.get.query()).rejects.toThrow('does not allow');
    expect(JSON.parse((await platen('boot', 'media', '--revoke', '--yes')).stdout)).toEqual({ revoked: 1 });
    await expect(testApi(server, token).status.get.query()).rejects.toThrow('not valid here');
    expect((await api.media.view.query()).made).toBe(0);
  });
  it('are handed out to nobody without a ticket, and not after ten minutes', async () => {
    let now = Date.now();
    const server = await testServer({ bootPlaces: environment(), clock: () => now });
    const medium = await testApi(server).media.prepare.mutate({ server: 'platen.example' });
    expect((await fetch(`${server.url}${medium.path}`, { method: 'HEAD' })).headers.get('content-length')).toBe(String(medium.sizeBytes));
    const body = await (await fetch(`${server.url}${medium.path}`)).arrayBuffer();
    expect(body.byteLength).toBe(medium.sizeBytes);
    expect((await fetch(`${server.url}/download/boot-medium?ticket=guess`)).status).toBe(401);
    now += 11 * 60_000;
    expect((await fetch(`${server.url}${medium.path}`)).status).toBe(401);
  });
  it('are refused with what to do where the server is reached by nobody, by several addresses, or has no environment', async () => {
    const server = await testServer({ bootPlaces: environment() });
    const { media } = testApi(server);
    await expect(media.prepare.mutate({})).rejects.toThrow('Switch network boot on, or start it with --host 0.0.0.0');
    await expect(media.prepare.mutate({ server: 'localhost' })).rejects.toThrow('means the computer itself');
    await expect(media.prepare.mutate({ server: 'http://10.0.0.5' })).rejects.toThrow('TLS only');
    await expect(testApi(await testServer()).media.prepare.mutate({ server: '10.0.0.5' })).rejects.toThrow('Build it first');
  });
});
