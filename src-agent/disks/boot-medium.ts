// Owns recognising the USB disk or disc that this computer was started from: its number stands in the first sector and, put there by the
// medium's own loader, on the kernel's command line. The environment runs in memory, so nothing else tells that the disk is needed.
import { open, readFile } from 'node:fs/promises';

/** The disk's number in a partition table of DOS. */
const NUMBER_AT = 440;

/** Eight hex digits, or null where the system was started by something else. */
export function mediumIdIn(commandLine: string): string | null {
  return /(?:^|\s)platen\.medium=([0-9a-f]{8})(?:\s|$)/.exec(commandLine)?.[1] ?? null;
}

/** False for what cannot be read: whether a disk may be written to is asked elsewhere too. */
export async function isBootMedium(path: string, commandLine?: string): Promise<boolean> {
  const id = mediumIdIn(commandLine ?? (await readFile('/proc/cmdline', 'utf8').catch(() => '')));
  if (id === null) return false;
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return bytesRead === 512 && buffer.readUInt16LE(510) === 0xaa55 && buffer.readUInt32LE(NUMBER_AT) === Number.parseInt(id, 16);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
