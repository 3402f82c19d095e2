import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBootMedium } from './boot-medium.ts';

let folder = '';
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'platen-boot-medium-')); });
afterAll(() => rm(folder, { recursive: true }));

describe('the disk this computer was started from', () => {
  it('is known by the number that its own loader put on the command line, and no other is', async () => {
    const path = join(folder, 'stick.img');
    const sector = Buffer.alloc(1024);
    sector.writeUInt32LE(0xa18d_f41e, 440);
    sector.writeUInt16LE(0xaa55, 510);
    await writeFile(path, sector);
    const empty = join(folder, 'empty.img');
    await writeFile(empty, '');
    const ask = (line: string, which = path): Promise<boolean> => isBootMedium(which, line);
    expect(await Promise.all([
      ask('quiet platen.medium=a18df41e panic=30'), ask('platen.medium=a18df41e\n'), ask('platen.medium=a18df41f'), ask('quiet'), ask('xplaten.medium=a18df41e'), ask('platen.medium=a18df41e', empty), ask('platen.medium=a18df41e', join(folder, 'none')),
    ])).toEqual([true, true, false, false, false, false, false]);
  });
});
