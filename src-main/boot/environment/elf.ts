// Owns what a program of the ELF format needs to run: its loader and shared libraries. Pure; reads only as much as that takes
// (System V ABI, "Object Files"; 64-bit, little-endian).
import { ProtocolError } from '#shared/errors.ts';

export type ElfNeeds = { interpreter: string | null; libraries: string[]; /** Folders beside the usual ones (DT_RPATH, DT_RUNPATH), as written. */ runPaths: string[] };

const DYNAMIC = 2;
const INTERPRETER = 3;
const LOAD = 1;
const Tag = { end: 0, needed: 1, stringTable: 5, rpath: 15, runPath: 29 } as const;
const MAX_TABLE_ENTRIES = 4096;

/** null for a file that is no 64-bit little-endian ELF (a script). Throws ProtocolError for one that is cut off. */
export function elfNeeds(bytes: Uint8Array): ElfNeeds | null {
  if (bytes.length < 64 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46 || bytes[4] !== 2 || bytes[5] !== 1) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (at: number): number => {
    if (at < 0 || at + 8 > bytes.length) throw new ProtocolError(at, 'the ELF file is cut off');
    return Number(view.getBigUint64(at, true));
  };
  const [tableAt, entryBytes, entries] = [number(32), view.getUint16(54, true), view.getUint16(56, true)];
  const segments = Array.from({ length: entries }, (_, index) => {
    const at = tableAt + index * entryBytes;
    return { type: Number(BigInt.asUintN(32, BigInt(number(at)))), offset: number(at + 8), address: number(at + 16), length: number(at + 32) };
  });
  const text = (at: number): string => {
    const end = bytes.indexOf(0, at);
    if (at < 0 || end === -1) throw new ProtocolError(at, 'a text of the ELF file does not end');
    return Buffer.from(bytes.subarray(at, end)).toString('latin1');
  };
  const interpreter = segments.find((segment) => segment.type === INTERPRETER);
  const dynamic = segments.find((segment) => segment.type === DYNAMIC);
  const tags: [number, number][] = [];
  for (let at = dynamic?.offset ?? 0; dynamic !== undefined && at < dynamic.offset + dynamic.length && tags.length < MAX_TABLE_ENTRIES; at += 16) {
    const tag = number(at);
    if (tag === Tag.end) break;
    tags.push([tag, number(at + 8)]);
  }
  const tableAddress = tags.find(([tag]) => tag === Tag.stringTable)?.[1];
  const home = tableAddress === undefined ? undefined : segments.find((segment) => segment.type === LOAD && tableAddress >= segment.address && tableAddress < segment.address + segment.length);
  const strings = home === undefined || tableAddress === undefined ? null : home.offset + tableAddress - home.address;
  const named = (wanted: readonly number[]): string[] => (strings === null ? [] : tags.filter(([tag]) => wanted.includes(tag)).map(([, at]) => text(strings + at)));
  return {
    interpreter: interpreter === undefined ? null : text(interpreter.offset), libraries: named([Tag.needed]),
    runPaths: named([Tag.rpath, Tag.runPath]).flatMap((paths) => paths.split(':')).filter((path) => path !== ''),
  };
}
