import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#shared/errors.ts';
import { file, link, writeCpio } from './cpio.ts';
import { addOnEntries } from './add-ons.ts';
import { compressed } from './compressed.ts';
import { elfNeeds } from './elf.ts';
import { firmwareNames } from './firmware.ts';
import { chooseModules, readModuleIndex } from './modules.ts';
import { readRecipe } from './recipe.ts';
import { writeSmallArchive } from './small.ts';

describe('a cpio archive', () => {
  it('is unpacked by cpio as it was meant', () => {
    const folder = mkdtempSync(join(tmpdir(), 'platen-cpio-'));
    try {
      const bytes = writeCpio([file('bin/tool', Buffer.from('#!/bin/sh\n'), 0o755), link('/bin/other', 'tool'), file('etc/deep/er/name', Buffer.alloc(5, 120))]);
      execFileSync('cpio', ['-idm', '--quiet'], { cwd: folder, input: bytes });
      expect([readFileSync(join(folder, 'bin/tool'), 'utf8'), statSync(join(folder, 'bin/tool')).mode & 0o777, readlinkSync(join(folder, 'bin/other')), readFileSync(join(folder, 'etc/deep/er/name'), 'utf8'), bytes.length % 512])
        .toEqual(['#!/bin/sh\n', 0o755, 'tool', 'xxxxx', 0]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it('has the same bytes whatever order it is given', () => {
    const entries = [file('a/b', Buffer.of(1)), file('a/c', Buffer.of(2)), link('z', 'a/b'), file('m', Buffer.alloc(700))];
    fc.assert(fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (order) => writeCpio(order).equals(writeCpio(entries))));
  });
  it('refuses a path given twice and one that leads outside', () => {
    expect(() => writeCpio([file('a', Buffer.of(1)), file('/a', Buffer.of(2))])).toThrow('twice');
    expect(() => writeCpio([file('a/../../b', Buffer.of(1))])).toThrow('no path');
  });
});

describe('what a program needs', () => {
  it('is read from the program itself', () => {
    const needs = elfNeeds(readFileSync(process.execPath));
    expect([needs?.interpreter, needs?.libraries.includes('libc.so.6')]).toEqual(['/lib64/ld-linux-x86-64.so.2', true]);
  });
  it('is nothing for a script, and never a crash for a damaged program', () => {
    expect(elfNeeds(Buffer.from('#!/bin/sh\nexit 0\n'))).toBeNull();
    const head = readFileSync('/bin/true').subarray(0, 40_000);
    fc.assert(fc.property(fc.nat(head.length), fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 10 }), (length, changes) => {
      const bytes = Uint8Array.from(head.subarray(0, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      try {
        elfNeeds(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }));
  });
});

describe('kernel modules', () => {
  const index = readModuleIndex('kernel/drivers/nvme/host/nvme.ko: kernel/drivers/nvme/host/nvme-core.ko\nkernel/drivers/nvme/host/nvme-core.ko:\nkernel/drivers/net/a.ko: kernel/lib/crc.ko\nkernel/drivers/net/b.ko:\nkernel/lib/crc.ko:\n', 'kernel/fs/ext4/ext4.ko\n');
  it('come with what they need, by name and by folder', () => {
    expect([chooseModules(index, ['nvme']), chooseModules(index, ['drivers/net/'], new Set(['b'])), chooseModules(index, ['nvme_core', 'ext4', 'gone'])]).toEqual([
      { paths: ['kernel/drivers/nvme/host/nvme-core.ko', 'kernel/drivers/nvme/host/nvme.ko'], missing: [] },
      { paths: ['kernel/drivers/net/a.ko', 'kernel/lib/crc.ko'], missing: [] },
      { paths: ['kernel/drivers/nvme/host/nvme-core.ko'], missing: ['gone'] },
    ]);
  });
});

describe('an archive', () => {
  it('is compressed to the same bytes each time, and ends where the next one may begin', () => {
    const archive = writeCpio([file('a', Buffer.alloc(100_000, 'platen'))]);
    const bytes = compressed(archive, 6);
    expect([compressed(Buffer.from(archive), 6).equals(bytes), bytes.length % 4, zstdDecompressSync(bytes).equals(archive)]).toEqual([true, 0, true]);
  });
  it('of a server changes with agent, first program, address and key, and with nothing else', () => {
    const parts = { init: Buffer.from('init'), agent: Buffer.from('agent'), hashModule: Buffer.from('module'), serverUrl: 'https://10.0.0.1:8420', token: 'boot1.x.y' };
    const first = writeSmallArchive(parts);
    expect(writeSmallArchive({ ...parts }).equals(first)).toBe(true);
    const changed = [{ init: Buffer.from('other') }, { agent: Buffer.from('other') }, { hashModule: Buffer.from('other') }, { serverUrl: 'https://10.0.0.2:8420' }, { token: 'boot1.x.z' }].map((change) => writeSmallArchive({ ...parts, ...change }));
    expect(new Set([first, ...changed].map((bytes) => bytes.toString('base64'))).size).toBe(6);
  });
});

describe('firmware', () => {
  it('is what a module says it asks for', () => {
    const module = Buffer.from('\u007fELF\0code firmware=no such\0license=GPL\0firmware=rtl_nic/rtl8168g-2.fw\0firmware=rtl_nic/rtl8168h-2.fw\0firmware=../../etc/passwd\0firmware=rtl_nic/rtl8168g-2.fw\0', 'latin1');
    expect(firmwareNames(module)).toEqual(['rtl_nic/rtl8168g-2.fw', 'rtl_nic/rtl8168h-2.fw']);
  });
  it('is found in whatever bytes, without a crash', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => firmwareNames(Buffer.concat([Buffer.from('x\0firmware='), bytes])).every((name) => name !== '')));
  });
});

describe('an add-on', () => {
  it('holds its programs without what the base has already, and names its commands', () => {
    const tree = mkdtempSync(join(tmpdir(), 'platen-tree-'));
    try {
      mkdirSync(join(tree, 'usr/bin'), { recursive: true });
      for (const name of ['tool', 'shared']) writeFileSync(join(tree, 'usr/bin', name), '#!/bin/sh\n', { mode: 0o755 });
      symlinkSync('shared', join(tree, 'usr/bin/other'));
      const { record, entries } = addOnEntries({ name: 'tools', tree, addOn: { purpose: 'tools', tools: { some: ['/usr/bin/tool', '/bin/other'] }, modules: [], firmwareOf: [] }, modules: [], firmware: { names: [], entries: [] }, base: [file('usr/bin/shared', Buffer.of(1))] });
      expect([record, entries.map(({ path }) => path)]).toEqual([{ name: 'tools', file: 'tools.cpio.zst', purpose: 'tools', commands: ['tool', 'other'], firmware: [], drivers: false }, ['usr/bin/tool', 'usr/bin/other']]);
    } finally {
      rmSync(tree, { recursive: true });
    }
  });
});

it('the recipe can be read, and every layout of the settings has a name that they take', () => {
  const recipe = readRecipe(join(import.meta.dirname, '../../../resources/boot/recipe.json'));
  expect([Object.keys(recipe.keyboards.maps).length > 30, Object.keys(recipe.addOns)]).toEqual([true, ['wimlib', 'adapters']]);
});
