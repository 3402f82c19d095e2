// Owns what imaging tests share: disks in image files made with the field's own tools, a context on a gateway, an agent as a child process.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CancelledError } from '#shared/errors.ts';
import type { RunProgress } from '#shared/model/run.ts';
import { Control } from '../connection.ts';
import { diskFacts } from '../disks/disk.ts';
import { capture, type CaptureResult } from '../imaging/capture.ts';
import { deploy, type DeployRequest, type DeployResult } from '../imaging/deploy.ts';
import { serverLocation } from '../net/endpoint.ts';

export const mib = 1024 * 1024;
export const entry = resolve(import.meta.dirname, '../main.ts');
export type Server = { url: string; token: string };

export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'platen-imaging-'));
  readonly progress: RunProgress[] = [];
  readonly notes: string[] = [];
  readonly abort = new AbortController();
  patienceMs = 20_000;

  path(name: string): string {
    return join(this.folder, name);
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A GPT disk whose partitions hold the contents given (raw bytes, in whole MiB). */
  gptDisk(name: string, partitions: Buffer[], tailMiB = 1): string {
    const path = this.path(name);
    const total = partitions.reduce((sum, content) => sum + content.length, 0) + (1 + tailMiB) * mib;
    writeFileSync(path, '');
    truncateSync(path, total);
    let at = mib;
    const lines = partitions.map((content, i) => {
      const line = `start=${at / 512}, size=${content.length / 512}, type=L, name="part ${i + 1}"`;
      at += content.length;
      return line;
    });
    execFileSync('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', path], { input: `label: gpt\nfirst-lba: 34\n${lines.join('\n')}\n`, stdio: ['pipe', 'ignore', 'pipe'] });
    const fd = openSync(path, 'r+');
    at = mib;
    for (const content of partitions) {
      writeSync(fd, content, 0, content.length, at);
      at += content.length;
    }
    closeSync(fd);
    return path;
  }

  filled(name: string, bytes: number, value: number): string {
    const path = this.path(name);
    writeFileSync(path, Buffer.alloc(bytes, value));
    return path;
  }

  async capture(server: Server, path: string, image: string): Promise<CaptureResult> {
    return this.with(server, (context) => capture(context, { path, image, note: '' }));
  }
  async deploy(server: Server, path: string, image: string, more: Partial<DeployRequest> = {}): Promise<DeployResult> {
    const facts = await diskFacts(path);
    return this.with(server, (context) => deploy(context, { facts, image, expect: {}, ...more }));
  }

  private async with<T>(server: Server, work: (context: Parameters<typeof capture>[0]) => Promise<T>): Promise<T> {
    const location = serverLocation(server.url, server.token);
    const identity = { systemUuid: '', systemSerial: 'LAB-1', boardSerial: '', assetTag: '', vendor: '', product: '', macs: [], hostname: 'lab' };
    const control = await Control.connect({ server: location, inventory: { identity, disks: [] }, agentVersion: 'test', signal: this.abort.signal, patienceMs: this.patienceMs });
    try {
      return await work({
        control, server: location, entry, signal: this.abort.signal, patienceMs: this.patienceMs,
        reporter: { progress: (view) => this.progress.push(view), note: (text) => this.notes.push(text) },
      });
    } finally {
      await control.close();
    }
  }

  stop(): void {
    this.abort.abort(new CancelledError('Stopped.'));
  }
}

/** The bytes of a partition of an image file. */
export function bytesAt(path: string, offset: number, length: number): Buffer {
  return readFileSync(path).subarray(offset, offset + length);
}

export type Agent = { child: ChildProcess; ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> };

/** The agent as a user starts it. */
export function startAgent(args: string[], file = entry): Agent {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PLATEN_SERVER: undefined, PLATEN_TOKEN: undefined, PLATEN_DATA: undefined } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, stdout, stderr }));
  return { child, ended };
}

export function runAgentCommand(args: string[], file = entry): Agent['ended'] {
  return startAgent(args, file).ended;
}
