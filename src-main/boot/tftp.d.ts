// The part of the package `tftp` that the preflight uses; it has no types of its own.
declare module 'tftp' {
  import type { Readable } from 'node:stream';

  export type ClientOptions = { host: string; port: number; /** Beside the first try. */ retries?: number; /** Milliseconds. */ timeout?: number; blockSize?: number; windowSize?: number };
  export type Client = { createGetStream(remoteFile: string): Readable };
  export function createClient(options: ClientOptions): Client;
}
