// Owns the slot for officially signed iPXE: a folder into which an administrator drops the files, what is recognised there, and what of it
// Secure Boot clients get instead of Debian's chain. Reads the folder; changes nothing in it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentView, SignedSlotView } from '#shared/model/boot.ts';
import type { BootFiles, Environment } from '../environment/service.ts';
import { readUefiProgram } from './pe.ts';

export const SLOT_FOLDER = 'signed-loaders';
/** What shim asks for on the network, however it is called itself. */
const SECOND = 'ipxe.efi';
const FIRMWARE_DRIVER = 'snponly.efi';
/** A shim of iPXE's is about 1 MB, iPXE with all its drivers a little more. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_FILES = 20;

type SlotFile = SignedSlotView['files'][number];

/** Asked anew at every start of serving and whenever somebody looks. */
export function readSlot(folder: string): SignedSlotView {
  const files = names(folder).slice(0, MOST_FILES).map((name) => fileOf(folder, name));
  const shim = files.find(({ role, problem }) => role === 'shim' && problem === null);
  const second = files.find(({ role, problem }) => role === 'ipxe' && problem === null);
  const state = shim !== undefined && second !== undefined ? 'ready' : files.length === 0 ? 'empty' : 'incomplete';
  return { folder, state, files, text: textOf(state, { folder, shim, second, files }) };
}

/** The environment as it is served: with what lies in the slot. */
export function withSignedSlot(environment: Environment, folder: string): Environment {
  return {
    ...environment,
    view: (): EnvironmentView => {
      const view = environment.view();
      const signed = readSlot(folder);
      if (signed.state !== 'ready') return { ...view, signed };
      const dropped = servedOf(signed).map(({ name, from }) => ({ name, origin: `signed, from the folder of signed loaders${name === from.name ? '' : ` (${from.name})`}`, sizeBytes: from.sizeBytes }));
      return { ...view, signed, loaders: [...view.loaders.filter(({ name }) => !dropped.some((each) => each.name === name)), ...dropped] };
    },
    files: (): BootFiles => {
      const files = environment.files();
      const signed = readSlot(folder);
      const shim = signed.files.find(({ role, problem }) => role === 'shim' && problem === null);
      if (signed.state !== 'ready' || shim === undefined) return files;
      return { ...files, loaders: { ...files.loaders, ...Object.fromEntries(servedOf(signed).map(({ name, from }) => [name, join(folder, from.name)])) }, loaderNames: { ...files.loaderNames, secureBoot: shim.name } };
    },
  };
}

/** By the names they are asked for: the second part also by the name that shim has in it. */
function servedOf({ files }: SignedSlotView): { name: string; from: SlotFile }[] {
  const fit = files.filter(({ role, problem }) => role !== 'other' && problem === null);
  const seconds = fit.filter(({ role }) => role === 'ipxe');
  const second = seconds.find(({ name }) => name === SECOND) ?? seconds[0];
  return [...fit.map((from) => ({ name: from.name, from })), ...(second === undefined || second.name === SECOND ? [] : [{ name: SECOND, from: second }])];
}

function fileOf(folder: string, name: string): SlotFile {
  const made = (role: SlotFile['role'], problem: string | null, sizeBytes: number, signers: string[] = []): SlotFile => ({ name, sizeBytes, role, signers, problem });
  const role = /^(ipxe|snponly)-shim(x64)?\.efi$|^shimx64\.efi$/i.test(name) ? 'shim' : name === SECOND || name === FIRMWARE_DRIVER ? 'ipxe' : 'other';
  let sizeBytes = 0;
  try {
    const { size } = statSync(join(folder, name));
    sizeBytes = size;
    if (role === 'other') return made(role, 'Not used: it is called neither like a shim of iPXE\'s (ipxe-shimx64.efi) nor ipxe.efi or snponly.efi.', size);
    // Debian's own chain has this name.
    if (/^shimx64\.efi$/i.test(name)) return made(role, 'Not used: call it ipxe-shimx64.efi, as Debian\'s shim has the name shimx64.efi already.', size);
    if (size > MOST_BYTES) return made(role, `Not used: ${Math.round(size / 1e6)} MB are too many for a boot loader. Is it a whole disk image?`, size);
    const program = readUefiProgram(readFileSync(join(folder, name)));
    if (program === null) return made(role, 'Not used: it is no UEFI program. Was it broken while it was copied, or is it still packed?', size);
    if (program.cpu !== 'x64') return made(role, `Not used: it is for other processors (${program.cpu}). Take the files for x86_64.`, size, program.signers);
    if (program.signers.length === 0) return made(role, 'Not used: it carries no signature, so Secure Boot would refuse it. Take the file from the folder of signed ones (x86_64-sb).', size);
    return made(role, null, size, program.signers);
  } catch (error) {
    return made(role, `Not used: it can't be read (${error instanceof Error ? error.message : String(error)}).`, sizeBytes);
  }
}

function textOf(state: SignedSlotView['state'], { folder, shim, second, files }: { folder: string; shim: SlotFile | undefined; second: SlotFile | undefined; files: readonly SlotFile[] }): string {
  if (state === 'ready') return `Computers with Secure Boot get ${shim?.name} and ${second?.name} instead of Debian's chain. To go back, remove both from ${folder}; network boot takes it in when it is switched on next.`;
  if (state === 'empty') return `Computers with Secure Boot get Debian's signed chain. To give them iPXE's own signed one, put ipxe-shimx64.efi and ipxe.efi (or snponly.efi) of an official release into ${folder}.`;
  const missing = shim === undefined ? 'a signed shim (ipxe-shimx64.efi)' : second === undefined ? 'the signed ipxe.efi or snponly.efi' : '';
  return `${files.length === 1 ? 'A file is' : 'Files are'} there, and ${missing} is missing: computers with Secure Boot get Debian's signed chain until then.`;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && !entry.name.startsWith('.')).map(({ name }) => name).toSorted();
  } catch {
    return [];
  }
}
