// Owns the add-on archives of the boot environment: which of them something needs, fetched from the server that the agent talks to, checked
// against the hash that this connection told, and unpacked into the running system. Each once.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import type { AddOn } from '#shared/agent/messages.ts';
import { AppError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import type { Control } from '../connection.ts';
import type { ServerLocation } from '../net/endpoint.ts';
import { FrameClient, readAll } from '../net/frameClient.ts';

export type AddOnParts = {
  server: ServerLocation; signal: AbortSignal; patienceMs: number;
  /** Where it is unpacked: / but in tests. */
  root: string;
  /** Where programs are found. */
  path: string;
};
export type Told = { addOns: readonly AddOn[]; /** The computer's own. */ token: string };

const MOST_UNPACKED_BYTES = 512 * 1024 * 1024;
const decompress = promisify(zstdDecompress);
const execute = promisify(execFile);

export class AddOns {
  private readonly parts: AddOnParts;
  private readonly loaded = new Map<string, Promise<void>>();

  constructor(parts: AddOnParts) {
    this.parts = parts;
  }

  /** What a script calls by name and is not here is loaded first. @returns a line for each that was */
  async forScript(text: string, control: Pick<Control, 'hello'>): Promise<string[]> {
    const told = toldBy(control);
    const said: string[] = [];
    for (const addOn of told.addOns) {
      const called = commandsIn(text, addOn.commands);
      if (called.length === 0 || (await this.areHere(called))) continue;
      await this.load(addOn, told);
      said.push(`${called.join(', ')}: loaded with the add-on ${addOn.name} (${formatBytes(addOn.sizeBytes)}).`);
    }
    return said;
  }

  /** Rejects with what went wrong; a later call tries again. */
  load(addOn: AddOn, told: Told): Promise<void> {
    let loading = this.loaded.get(addOn.name);
    if (loading === undefined) {
      loading = this.fetch(addOn, told).then((archive) => this.unpack(addOn, archive));
      this.loaded.set(addOn.name, loading);
      loading.catch(() => this.loaded.delete(addOn.name));
    }
    return loading;
  }

  private async fetch(addOn: AddOn, { token }: Told): Promise<Buffer> {
    const { server, signal, patienceMs } = this.parts;
    const refused = (): Promise<never> => Promise.reject(new AppError('forbidden', `The server does not give this computer the add-on ${addOn.name}. Restart the computer, so that it gets a new token.`));
    const client = new FrameClient(server, { current: () => token, after: refused }, { patienceMs, signal });
    try {
      const archive = await client.send(() => ({ method: 'GET', path: `/agent/add-on/${addOn.name}` }), (response) => readAll(response, addOn.sizeBytes));
      const hash = createHash('sha256').update(archive).digest('hex');
      if (hash !== addOn.sha256) throw new AppError('chunk-damaged', `The add-on ${addOn.name} is not what the server said it is (SHA-256 ${hash}, not ${addOn.sha256}), so it was not used. Build the boot environment again.`);
      return archive;
    } finally {
      client.close();
    }
  }

  private async unpack(addOn: AddOn, archive: Buffer): Promise<void> {
    const { root } = this.parts;
    const bytes = await decompress(archive, { maxOutputLength: MOST_UNPACKED_BYTES });
    const child = spawn('cpio', ['-idmu'], { cwd: root, stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString('utf8')));
    child.stdin.on('error', () => undefined); // its exit code says why
    child.stdin.end(bytes);
    const code = await new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
    if (code !== 0) throw new AppError('io', `The add-on ${addOn.name} could not be unpacked (${said.trim().slice(-200)}). It needs ${formatBytes(bytes.length)} of memory.`);
    // The kernel finds drivers by an index of them all.
    if (addOn.drivers) await execute('depmod', ['-a']);
  }

  private async areHere(commands: readonly string[]): Promise<boolean> {
    const folders = this.parts.path.split(delimiter);
    const isHere = async (command: string): Promise<boolean> => (await Promise.all(folders.map((folder) => access(join(folder, command), constants.X_OK).then(() => true, () => false)))).includes(true);
    return (await Promise.all(commands.map(isHere))).every(Boolean);
  }
}

export function toldBy({ hello }: Pick<Control, 'hello'>): Told {
  return { addOns: hello.addOns, token: hello.computerToken };
}

/** Which of these a script names, as words of their own. Pure. */
export function commandsIn(text: string, commands: readonly string[]): string[] {
  const words = new Set(text.split(/[^\w.-]+/));
  return commands.filter((command) => words.has(command));
}
