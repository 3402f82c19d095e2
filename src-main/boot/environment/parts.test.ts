import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#shared/errors.ts';
import { file, link, writeCpio } from './cpio.ts';
import { elfNeeds } from './elf.ts';
import { chooseModules, readModuleIndex } from './modules.ts';

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
