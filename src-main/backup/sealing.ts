// Owns the outer form of a backup file: a header line, then segments, each with a tag that proves it and its place; with a passphrase each is
// encrypted as well. A file that was cut, changed or put together from two is refused at that segment. docs/formats/backup.md.
import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import { z } from 'zod';

const MAGIC = 'PLATEN BACKUP 1\n';
const MAX_HEADER = 1024;
export const SEGMENT_BYTES = 256 * 1024;
const TAG_BYTES = 16;
/** The last segment has it in its length. */
const LAST = 0x8000_0000;
/** scrypt's N is two to this: 128 MB and near half a second for each passphrase that somebody tries. */
const COST = 17;
/** Of a file that does not say it. */
const FIRST_COST = 15;

/** cost is bounded: who made the file does not decide how much memory opening it takes. */
const headerSchema = z.object({ sealed: z.enum(['no', 'aes-256-gcm']), salt: z.string().regex(/^[0-9a-f]{32}$/), cost: z.number().int().min(FIRST_COST).max(COST).default(FIRST_COST) });
type Seal = { head: Buffer; key: Buffer | null };

export function isSealed(header: Uint8Array): boolean {
  return readHeader(header).sealed !== 'no';
}

/** Everything that `content` yields, sealed. passphrase null: every byte is proved to be whole, and can be read by anybody who has the file. */
export async function* seal(content: AsyncIterable<Uint8Array>, passphrase: string | null): AsyncGenerator<Buffer> {
  const salt = randomBytes(16);
  const head = Buffer.from(`${MAGIC}${JSON.stringify({ sealed: passphrase === null ? 'no' : 'aes-256-gcm', salt: salt.toString('hex'), cost: COST })}\n`);
  const how: Seal = { head, key: passphrase === null ? null : await keyOf(passphrase, { salt, cost: COST }) };
  yield head;
  let number = 0;
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const piece of content) {
    for (let at = 0; at < piece.length; ) {
      // A full segment goes only when more follows: the last one is marked.
      if (length === SEGMENT_BYTES) {
        yield sealOne(how, number++, Buffer.concat(waiting), false);
        [waiting, length] = [[], 0];
      }
      const part = piece.subarray(at, at + SEGMENT_BYTES - length);
      waiting.push(Buffer.from(part));
      length += part.length;
      at += part.length;
    }
  }
  yield sealOne(how, number, Buffer.concat(waiting), true);
}

/**
 * @param passphrase asked for only where the file is encrypted
 * @param mustBeSealed somebody gave a passphrase, so a file that needs none is not the one he means: anybody could have written it
 */
export async function* unseal(file: AsyncIterable<Uint8Array>, passphrase: () => Promise<string>, { mustBeSealed = false } = {}): AsyncGenerator<Buffer> {
  const bytes = new Incoming(file);
  const head = await bytes.line(MAX_HEADER);
  const header = readHeader(head);
  if (mustBeSealed && header.sealed === 'no') throw new AppError('unauthorized', 'This backup is not encrypted, and a passphrase was given: it is not the file that was made with it, and anybody may have written it. Nothing was written. If it is the right one, give no passphrase (PLATEN_PASSPHRASE neither).');
  const how: Seal = { head, key: header.sealed === 'no' ? null : await keyOf(await passphrase(), { salt: Buffer.from(header.salt, 'hex'), cost: header.cost }) };
  for (let number = 0; ; number++) {
    const word = (await bytes.take(4)).readUInt32LE(0);
    const length = word & ~LAST;
    if (length > SEGMENT_BYTES) throw broken('one of its segments is too long');
    const sealed = await bytes.take(length + TAG_BYTES);
    const isLast = (word & LAST) !== 0;
    yield openOne(how, number, sealed, isLast);
    if (!isLast) continue;
    if (!(await bytes.isAtEnd())) throw broken('something follows its end');
    return;
  }
}

function readHeader(line: Uint8Array): z.infer<typeof headerSchema> {
  const text = Buffer.from(line).toString('utf8');
  if (!text.startsWith(MAGIC)) throw new AppError('invalid-input', 'This is no backup of Platen. One is made with: platen backup create FILE');
  try {
    return headerSchema.parse(JSON.parse(text.slice(MAGIC.length)));
  } catch {
    throw broken('its first lines are damaged');
  }
}

function sealOne({ head, key }: Seal, number: number, plain: Buffer, isLast: boolean): Buffer {
  const nonce = nonceOf(number, isLast);
  const word = Buffer.alloc(4);
  word.writeUInt32LE((plain.length | (isLast ? LAST : 0)) >>> 0);
  if (key === null) return Buffer.concat([word, plain, proofOf(head, nonce, plain)]);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(head);
  return Buffer.concat([word, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openOne({ head, key }: Seal, number: number, sealed: Buffer, isLast: boolean): Buffer {
  const nonce = nonceOf(number, isLast);
  const [content, tag] = [sealed.subarray(0, -TAG_BYTES), sealed.subarray(-TAG_BYTES)];
  if (key === null) {
    if (!proofOf(head, nonce, content).equals(tag)) throw broken(`segment ${number} is not what was written`);
    return content;
  }
  const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(head).setAuthTag(tag);
  try {
    return Buffer.concat([cipher.update(content), cipher.final()]);
  } catch {
    if (number === 0) throw new AppError('unauthorized', 'The passphrase does not open this backup (or its first bytes are damaged). Nothing was written. Try again with the one it was made with.');
    throw broken(`segment ${number} is not what was written`);
  }
}

/** The key serves one file, so a counter never comes twice under it. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number));
  nonce[8] = isLast ? 1 : 0;
  return nonce;
}

function proofOf(head: Buffer, nonce: Buffer, content: Buffer): Buffer {
  return createHash('sha256').update(head).update(nonce).update(content).digest().subarray(0, TAG_BYTES);
}

function keyOf(passphrase: string, { salt, cost }: { salt: Buffer; cost: number }): Promise<Buffer> {
  const N = 2 ** cost;
  return new Promise((resolve, reject) => scrypt(passphrase.normalize('NFC'), salt, 32, { N, r: 8, p: 1, maxmem: 2 * 128 * N * 8 }, (error, key) => (error === null ? resolve(key) : reject(error))));
}

export function broken(why: string): AppError {
  return new AppError('proof-failed', `This backup is damaged or not whole: ${why}. Take another copy of the file, or an older backup.`);
}

/** Exactly as many bytes as asked for, however they come. */
export class Incoming {
  readonly #source: AsyncIterator<Uint8Array>;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }
  async take(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) if (!(await this.#more())) throw broken('it ends too early');
    return this.#cut(length);
  }
  /** What is there, at most so much and at least one byte. */
  async some(most: number): Promise<Buffer> {
    if (this.#bytes.length === 0 && !(await this.#more())) throw broken('it ends too early');
    return this.#cut(Math.min(most, this.#bytes.length));
  }
  /** Through the second line's end: the header has two. */
  async line(most: number): Promise<Buffer> {
    for (;;) {
      const end = this.#bytes.indexOf(0x0a, this.#bytes.indexOf(0x0a) + 1);
      if (this.#bytes.includes(0x0a) && end > this.#bytes.indexOf(0x0a)) return this.#cut(end + 1);
      if (this.#bytes.length > most || !(await this.#more())) return this.#cut(Math.min(most, this.#bytes.length));
    }
  }
  async isAtEnd(): Promise<boolean> {
    return this.#bytes.length === 0 && !(await this.#more());
  }
  #cut(length: number): Buffer {
    const cut = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return cut;
  }
  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#bytes = this.#bytes.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#bytes, next.value]);
      return true;
    }
  }
}
