// Owns the TFTP clients of other people that the server is tested with: how each is asked to fetch a file, and whether it is here.
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export type Download = { port: number; path: string; /** Where it is put. */ local: string; /** Null: as the client does by itself. */ blockBytes: number | null; windowBlocks: number };
export type Client = { name: string; /** Debian's package it needs and which is not here; null: nothing is missing. */ lacks: string | null; /** RFC 7440; others ignore windowBlocks. */ knowsWindows: boolean; /** Its windows stand lost packets. */ survivesGaps: boolean; /** It stands that the options are acknowledged twice, as a line that repeats packets does. */ survivesRepeatedOptions: boolean; fetch: (download: Download) => Promise<void> };

type NpmClient = { get: (remote: string, local: string, done: (error?: Error | null) => void) => void };
type NpmTftp = { createClient: (options: { host: string; port: number; blockSize: number; windowSize: number; timeout: number; retries: number }) => NpmClient };

const run = promisify(execFile);
const address = '127.0.0.1';
const LIMIT_MS = 50_000;
const npmTftp = createRequire(import.meta.url)('tftp') as NpmTftp;

function missing(command: string, debianPackage: string): string | null {
  const isHere = (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return isHere ? null : debianPackage;
}
async function start(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout, stderr } = await run(command, args, { timeout: LIMIT_MS, ...(cwd === undefined ? {} : { cwd }) });
  return stdout + stderr;
}

export const clients: readonly Client[] = [
  {
    name: 'tftp-hpa', lacks: missing('tftp', 'tftp-hpa'), knowsWindows: false, survivesGaps: false, survivesRepeatedOptions: true,
    // It knows no options at all; where it fails it says so and ends with 0.
    fetch: async ({ port, path, local }) => {
      const said = await start('tftp', ['-m', 'binary', address, String(port), '-c', 'get', path, local]);
      if (/error|timed out/i.test(said)) throw new Error(said.trim());
    },
  },
  {
    name: 'atftp', lacks: missing('atftp', 'atftp'), knowsWindows: true, survivesGaps: true, survivesRepeatedOptions: false,
    fetch: async ({ port, path, local, blockBytes, windowBlocks }) => {
      const options = ['--option', 'tsize 0', ...(blockBytes === null ? [] : ['--option', `blksize ${blockBytes}`]), ...(windowBlocks > 1 ? ['--option', `windowsize ${windowBlocks}`] : [])];
      await start('atftp', [...options, '--tftp-timeout', '1', '--get', '--remote-file', path, '--local-file', local, address, String(port)]);
    },
  },
  {
    name: 'busybox', lacks: missing('busybox', 'busybox'), knowsWindows: false, survivesGaps: false, survivesRepeatedOptions: true,
    fetch: async ({ port, path, local, blockBytes }) => void (await start('busybox', ['tftp', ...(blockBytes === null ? [] : ['-b', String(blockBytes)]), '-g', '-r', path, '-l', local, address, String(port)])),
  },
  {
    name: 'curl', lacks: missing('curl', 'curl'), knowsWindows: false, survivesGaps: false, survivesRepeatedOptions: true,
    fetch: async ({ port, path, local, blockBytes }) => void (await start('curl', ['--silent', '--show-error', '--fail', ...(blockBytes === null ? [] : ['--tftp-blksize', String(blockBytes)]), '--output', local, `tftp://${address}:${port}/${path}`])),
  },
  {
    // After a gap it goes on counting from the old window's end, and waits for blocks that it then throws away.
    name: 'the package tftp', lacks: null, knowsWindows: true, survivesGaps: false, survivesRepeatedOptions: false,
    fetch: ({ port, path, local, blockBytes, windowBlocks }) => new Promise((resolve, reject) => {
      const client = npmTftp.createClient({ host: address, port, blockSize: blockBytes ?? 1468, windowSize: windowBlocks, timeout: 1000, retries: 10 });
      client.get(path, local, (error) => (error === undefined || error === null ? resolve() : reject(error)));
    }),
  },
];
