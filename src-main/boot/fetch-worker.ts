// The thread of the preflight's TFTP client: fetches files as a computer would, says how large each was, and ends. A thread of its own because
// one stray packet makes the package throw where nobody can catch it: that ends the thread, not the server.
import { parentPort, workerData } from 'node:worker_threads';
import type { FetchOrder, Fetched } from './fetch-loaders.ts';

const MAX_BYTES = 64 * 1024 * 1024;
// It makes its buffers in a way that Node warns about on the server's own output.
process.noDeprecation = true;

async function fetchAll({ names, address, port, timeoutMs }: FetchOrder): Promise<Fetched[]> {
  const { createClient } = await import('tftp');
  const client = createClient({ host: address, port, retries: 2, timeout: timeoutMs, windowSize: 1 });
  const fetched: Fetched[] = [];
  for (const name of names) {
    fetched.push(await new Promise<Fetched>((resolve) => {
      let sizeBytes = 0;
      const stream = client.createGetStream(name);
      stream.on('data', (part: Buffer) => {
        sizeBytes += part.length;
        if (sizeBytes > MAX_BYTES) resolve({ name, problem: 'the file does not end' });
      });
      stream.on('error', (error) => resolve({ name, problem: error.message }));
      stream.on('end', () => resolve({ name, sizeBytes }));
    }));
  }
  return fetched;
}

const port = parentPort;
if (port === null) throw new Error('This file is a thread of the server.');
port.postMessage(await fetchAll(workerData as FetchOrder));
port.close();
