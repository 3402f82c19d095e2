// Finds the server that already runs on a data folder, through the record it keeps there while it runs (server.json).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({ url: z.url(), token: z.string().min(1) });
const answerLimitMs = 2000;

export type Attachment = { url: string; token: string };

/** The running server, or null: no record, or one left behind by a server that does not answer any more. */
export async function findRunning(dataFolder: string): Promise<Attachment | null> {
  let text: string;
  try {
    text = await readFile(join(dataFolder, 'server.json'), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const record = recordSchema.safeParse(parseJson(text));
  if (!record.success) return null;
  const alive = await fetch(`${record.data.url}/health`, { signal: AbortSignal.timeout(answerLimitMs) }).then((answer) => answer.ok, () => false);
  return alive ? record.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // half written by a crash: the same as no record
  }
}
