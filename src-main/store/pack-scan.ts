// Owns reading a pack's frames without its index: for unsealed packs after a crash, for packs whose index is damaged, for deep checks.
// A frame counts only when its checksum holds; after a damaged place the scan looks for the next intact frame.
import { decodeFrameHeader, FRAME_HEADER_BYTES, FRAME_MAGIC, isFrameIntact, type FrameHeader } from '#shared/agent/frame.ts';
import { ProtocolError } from '#shared/errors.ts';
import { readFully, type StoreFile } from './files.ts';
import { blake3 } from './hash.ts';
import { decodePackHeader, decodePackIndex, decodePackTrailer, PACK_HEADER_BYTES, PACK_TRAILER_BYTES, type PackEntry } from './pack-format.ts';
import { breathe } from './serial.ts';

const WINDOW = 1024 * 1024;

export type FoundFrame = { offset: number; header: FrameHeader };
export type ScanResult = {
  /** Where the last intact frame ends. */
  end: number;
  /** Damaged stretches between intact frames. */
  gaps: { from: number; to: number }[];
};

/** All of a sealed pack's entries. Throws ProtocolError when the pack is not sealed or its header or index is damaged. */
export async function readPackIndex(file: StoreFile): Promise<{ id: number; entries: PackEntry[] }> {
  const size = await file.size();
  if (size < PACK_HEADER_BYTES + PACK_TRAILER_BYTES) throw new ProtocolError(size, 'pack is cut short');
  const header = await readPiece(file, 0, PACK_HEADER_BYTES);
  const trailer = await readPiece(file, size - PACK_TRAILER_BYTES, PACK_TRAILER_BYTES);
  const { indexOffset } = decodePackTrailer(trailer, size);
  const index = await readPiece(file, indexOffset, size - indexOffset);
  return { id: decodePackHeader(header).id, entries: decodePackIndex(header, index, indexOffset) };
}

/** Walks headers only, for a stretch that is known to be synced; null where a header makes no sense. */
export async function walkHeaders(file: StoreFile, from: number, to: number): Promise<PackEntry[] | null> {
  const entries: PackEntry[] = [];
  let at = from;
  while (at < to) {
    const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
    if ((await readFully(file, bytes, at)) < FRAME_HEADER_BYTES) return null;
    const header = tryHeader(bytes, 0);
    if (header === null) return null;
    entries.push({ hash: header.hash, offset: at, storedLength: header.storedLength, rawLength: header.rawLength, compression: header.compression });
    at += FRAME_HEADER_BYTES + header.storedLength;
  }
  return at === to ? entries : null;
}

/** Reads from `from` to the end of the file and reports each intact frame. The header given is valid during the call only. */
export async function scanFrames(file: StoreFile, from: number, to: number, found: (frame: FoundFrame) => void): Promise<ScanResult> {
  const window = new Window(file, to);
  const gaps: { from: number; to: number }[] = [];
  let at = from;
  let end = from;
  while (at + FRAME_HEADER_BYTES <= to) {
    const frame = await window.frameAt(at);
    if (frame === null) {
      const next = await window.nextMagic(at + 1);
      if (next === null) break;
      at = next;
      continue;
    }
    if (at !== end) gaps.push({ from: end, to: at });
    found({ offset: at, header: frame });
    at += FRAME_HEADER_BYTES + frame.storedLength;
    end = at;
  }
  return { end, gaps };
}

/** A sliding view of the file, large enough for one frame. */
class Window {
  readonly #file: StoreFile;
  readonly #end: number;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(file: StoreFile, end: number) {
    this.#file = file;
    this.#end = end;
  }

  async frameAt(at: number): Promise<FrameHeader | null> {
    const head = await this.#view(at, FRAME_HEADER_BYTES);
    if (head.length < FRAME_HEADER_BYTES) return null;
    const header = tryHeader(head, 0);
    if (header === null || at + FRAME_HEADER_BYTES + header.storedLength > this.#end) return null;
    const frame = await this.#view(at, FRAME_HEADER_BYTES + header.storedLength);
    if (frame.length < FRAME_HEADER_BYTES + header.storedLength || !isFrameIntact(frame, blake3)) return null;
    return decodeFrameHeader(frame);
  }

  async nextMagic(from: number): Promise<number | null> {
    const magic = Buffer.alloc(4);
    magic.writeUInt32LE(FRAME_MAGIC);
    for (let at = from; at < this.#end; ) {
      const view = await this.#view(at, WINDOW);
      const found = view.indexOf(magic);
      if (found >= 0) return at + found;
      if (view.length < 4) return null;
      at += view.length - 3;
    }
    return null;
  }

  async #view(at: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.#end - at);
    if (at < this.#start || at + wanted > this.#start + this.#bytes.length) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(Math.max(WINDOW, wanted), this.#end - at));
      const read = await readFully(this.#file, bytes, at);
      this.#start = at;
      this.#bytes = bytes.subarray(0, read);
      await breathe();
    }
    return this.#bytes.subarray(at - this.#start, at - this.#start + wanted);
  }
}

function tryHeader(bytes: Uint8Array, offset: number): FrameHeader | null {
  try {
    return decodeFrameHeader(bytes, offset);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

async function readPiece(file: StoreFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  if ((await readFully(file, bytes, position)) < length) throw new ProtocolError(position, 'pack is cut short');
  return bytes;
}
