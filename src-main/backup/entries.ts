// Owns what is inside a backup: files with their place below the data folder, one after the other, and an end that says how many there were.
// A place that is not on the list is refused, whoever wrote the file: nothing is ever written outside of the folder.
import { z } from 'zod';
import { broken, Incoming } from './sealing.ts';

/** Places below a data folder that a backup may fill. */
const places = [
  /^backup\.json$/, /^platen\.db$/, /^tls\/(key|certificate)\.pem$/, /^store\/key\.pem$/, /^store\/keys\/[0-9a-f]{16}\.pem$/, /^signed-loaders\/[A-Za-z0-9_][A-Za-z0-9._-]{0,100}$/,
  /^store\/packs\/[0-9a-f]{16}\.(pack|open)$/, /^store\/manifests\/([0-9a-f]{2})\/\1[0-9a-f]{62}\.(plm|[0-9a-f]{16}\.sig)$/,
];
const MAX_HEAD = 4096;
const entrySchema = z.union([z.object({ path: z.string().max(300), size: z.number().int().nonnegative() }), z.object({ end: z.number().int().nonnegative() })]);

export type Entry = { path: string; size: number; content: AsyncIterable<Uint8Array> };

export function isPlace(path: string): boolean {
  return places.some((place) => place.test(path));
}

export async function* writeEntries(entries: AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const { path, size, content } of entries) {
    if (!isPlace(path)) throw new Error(`${path} has no place in a backup`);
    yield headOf({ path, size });
    let done = 0;
    for await (const piece of content) {
      done += piece.length;
      if (done > size) throw new Error(`${path} became longer while it was read`);
      yield piece;
    }
    if (done !== size) throw new Error(`${path} became shorter while it was read`);
    count++;
  }
  yield headOf({ end: count });
}

/** Each entry's content must be read, or left, before the next one is asked for; what was left is skipped. */
export async function* readEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<Entry> {
  const bytes = new Incoming(source);
  for (let count = 0; ; count++) {
    const length = (await bytes.take(4)).readUInt32LE(0);
    if (length > MAX_HEAD) throw broken('the name of a file in it is too long');
    const head = parse(await bytes.take(length));
    if ('end' in head) {
      if (head.end !== count || !(await bytes.isAtEnd())) throw broken('files are missing in it');
      return;
    }
    if (!isPlace(head.path)) throw broken(`it has a file for a place that no backup fills (${JSON.stringify(head.path).slice(0, 100)})`);
    let left = head.size;
    const content = (async function* rest(): AsyncGenerator<Uint8Array> {
      while (left > 0) {
        const piece = await bytes.some(left);
        left -= piece.length;
        yield piece;
      }
    })();
    yield { ...head, content };
    while (left > 0) left -= (await bytes.some(left)).length;
  }
}

function headOf(head: z.infer<typeof entrySchema>): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
}

function parse(text: Buffer): z.infer<typeof entrySchema> {
  try {
    return entrySchema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    throw broken('the name of a file in it can\'t be read');
  }
}
