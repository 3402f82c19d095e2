import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { digest, FakeGateway } from '../testing/fakeGateway.ts';
import { bytesAt, Lab, mib } from '../testing/lab.ts';

const chunk = 256 * 1024;
let gateway: FakeGateway;
let lab: Lab;
beforeEach(async () => {
  lab = new Lab();
  gateway = new FakeGateway();
  await gateway.start();
});
afterEach(async () => {
  await gateway.stop();
  lab.remove();
});

function random(bytes: number): Buffer {
  return randomFillSync(Buffer.alloc(bytes));
}
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof AppError ? error.code : error instanceof Error ? error.name : 'unknown';
  }
}

/** Contents by the kinds of chunk a pipeline treats differently; the letter says which. */
function contentOf(kinds: string[]): Buffer {
  const content = Buffer.alloc(Math.ceil((kinds.length * chunk) / mib) * mib);
  const same = Buffer.alloc(chunk, 'the same again ');
  kinds.forEach((kind, i) => {
    const at = content.subarray(i * chunk, (i + 1) * chunk);
    if (kind === 'random') randomFillSync(at);
    else if (kind === 'same') same.copy(at);
    else if (kind === 'text') at.fill(`chunk ${i % 5} of text `);
    else if (kind === 'last byte') at[chunk - 1] = 1;
  });
  return content;
}

describe('capture and deploy', () => {
  it('give equal volumes for any layout and contents, on a target full of something else, and leave the source alone', async () => {
    const kinds = fc.constantFrom('random', 'same', 'text', 'zero', 'last byte');
    const layout = fc.array(fc.array(kinds, { minLength: 1, maxLength: 24 }), { minLength: 1, maxLength: 4 });
    let n = 0;
    await fc.assert(fc.asyncProperty(layout, fc.integer({ min: 0, max: 5 }), async (partitions, larger) => {
      const name = `image ${n++}`;
      const contents = partitions.map(contentOf);
      const source = lab.gptDisk('source.img', contents);
      const before = digest(readFileSync(source));
      const size = readFileSync(source).length;
      const target = lab.filled('target.img', size + larger * mib + larger * 512, 0xaa);
      await lab.capture(gateway, source, name);
      await lab.deploy(gateway, target, name);
      let at = mib;
      for (const content of contents) {
        expect(digest(bytesAt(target, at, content.length))).toBe(digest(content));
        at += content.length;
      }
      expect(digest(readFileSync(source))).toBe(before);
      // Boot code and the table's own place, up to the first partition: all but the headers, which name the other disk's end.
      expect(bytesAt(target, 1024, mib - 1024).equals(bytesAt(source, 1024, mib - 1024))).toBe(true);
    }), { numRuns: 6 });
  }, 180_000);

  it('send each distinct chunk once, and nothing but pages when nothing is new', async () => {
    const source = lab.gptDisk('source.img', [contentOf(['same', 'random', 'same', 'same', 'text', 'zero', 'random', 'same'])]);
    await lab.capture(gateway, source, 'a');
    const first = { ...gateway.counts };
    const again = await lab.capture(gateway, source, 'a');
    expect({ sentOnce: first.frames === gateway.chunks.size, framesAgain: gateway.counts.frames - first.frames, version: again.version }).toEqual({ sentOnce: true, framesAgain: 0, version: 2 });
  });

  it('fetch a repeated chunk once per batch and write it everywhere', async () => {
    const content = contentOf(Array.from({ length: 160 }, () => 'same'));
    await lab.capture(gateway, lab.gptDisk('source.img', [content]), 'a');
    const target = lab.filled('target.img', content.length + 2 * mib, 1);
    await lab.deploy(gateway, target, 'a');
    expect([digest(bytesAt(target, mib, content.length)), gateway.counts.served <= 4]).toEqual([digest(content), true]);
  });

  it('say that the source changed when it was written to under way, and make no version', async () => {
    const source = lab.gptDisk('source.img', [random(8 * mib)]);
    gateway.onBulk = () => {
      const fd = readFileSync(source);
      fd[mib] = (fd[mib] ?? 0) ^ 1;
      lab.gptDisk('source.img', [fd.subarray(mib, 9 * mib)]);
      return 'serve';
    };
    expect([await codeOf(lab.capture(gateway, source, 'a')), gateway.versions.length, gateway.failures[0]?.error.code]).toEqual(['source-changed', 0, 'source-changed']);
  });
});

describe('block devices', () => {
  const isRoot = process.getuid?.() === 0;
  it.skipIf(!isRoot)('are captured and deployed to as image files are (needs root for loop devices)', async () => {
    const contents = [contentOf(['text', 'random', 'zero', 'zero', 'random', 'same']), contentOf(['zero', 'random'])];
    const loops: string[] = [];
    const attach = (path: string): string => {
      const loop = execFileSync('losetup', ['--find', '--show', path], { encoding: 'utf8' }).trim();
      loops.push(loop);
      return loop;
    };
    try {
      const source = attach(lab.gptDisk('source.img', contents));
      const file = lab.filled('target.img', 12 * mib, 0xaa);
      const target = attach(file);
      await lab.capture(gateway, source, 'a');
      const result = await lab.deploy(gateway, target, 'a', { expect: { sizeBytes: 12 * mib } });
      const written = contents.map((content, i) => digest(bytesAt(file, (i === 0 ? 1 : 3) * mib, content.length)));
      expect({ written, tables: result.proof.tables }).toEqual({ written: contents.map(digest), tables: 5 });
    } finally {
      for (const loop of loops) execFileSync('losetup', ['--detach', loop]);
    }
  });

  it.skipIf(!isRoot)('are captured as the disk is, not as the kernel remembers it from an earlier look (needs root for loop devices)', async () => {
    const content = contentOf(['random', 'random', 'random', 'random']);
    const file = lab.gptDisk('source.img', [content]);
    const loop = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
    // Somebody keeps the device open, as a mounted or held neighbour partition does: what was read of it stays in the kernel's memory.
    const held = openSync(loop, 'r');
    try {
      readSync(held, Buffer.alloc(2 * mib), 0, 2 * mib, 0);
      randomFillSync(content, 0, 4096);
      const direct = openSync(file, 'r+');
      writeSync(direct, content, 0, 4096, mib);
      fsyncSync(direct);
      closeSync(direct);
      await lab.capture(gateway, loop, 'a');
    } finally {
      closeSync(held);
      execFileSync('losetup', ['--detach', loop]);
    }
    const target = lab.filled('target.img', 3 * mib, 0xaa);
    await lab.deploy(gateway, target, 'a');
    expect(digest(bytesAt(target, mib, mib))).toBe(digest(content));
  });

  it.skipIf(!isRoot)('that are written to anywhere while they are read make no version (needs root for loop devices)', async () => {
    const file = lab.gptDisk('source.img', [random(8 * mib)]);
    const loop = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
    gateway.onBulk = () => {
      const writer = openSync(loop, 'r+');
      writeSync(writer, Buffer.alloc(4096, 7), 0, 4096, 5 * mib);
      fsyncSync(writer);
      closeSync(writer);
      return 'serve';
    };
    try {
      expect([await codeOf(lab.capture(gateway, loop, 'a')), gateway.versions.length]).toEqual(['source-changed', 0]);
    } finally {
      execFileSync('losetup', ['--detach', loop]);
    }
  });

  it.skipIf(!isRoot)('that get mounted for writing while they are read make no version (needs root for loop devices)', async () => {
    const volume = lab.path('volume.img');
    writeFileSync(volume, Buffer.alloc(16 * mib));
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', volume]);
    const file = lab.gptDisk('source.img', [readFileSync(volume)]);
    const loops = [execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim()];
    const folder = mkdtempSync(lab.path('mounted-'));
    let mounted = false;
    gateway.onBulk = () => {
      if (mounted) return 'serve';
      mounted = true;
      loops.push(execFileSync('losetup', ['--find', '--show', '--offset', String(mib), '--sizelimit', String(16 * mib), loops[0] ?? ''], { encoding: 'utf8' }).trim());
      execFileSync('mount', [loops[1] ?? '', folder]);
      return 'serve';
    };
    try {
      expect([await codeOf(lab.capture(gateway, loops[0] ?? '', 'a')), gateway.versions.length]).toEqual(['source-changed', 0]);
    } finally {
      if (mounted) execFileSync('umount', [folder]);
      for (const loop of loops.toReversed()) execFileSync('losetup', ['--detach', loop]);
    }
  });
});

describe('signatures of what was there before', () => {
  it('do not shine through the unused space of a volume, wherever libblkid looks for them', async () => {
    const volume = lab.path('swap.img');
    writeFileSync(volume, Buffer.alloc(16 * mib));
    execFileSync('mkswap', ['--quiet', volume]);
    await lab.capture(gateway, lab.gptDisk('source.img', [readFileSync(volume)]), 'a');
    const target = lab.filled('target.img', 18 * mib, 0);
    const fd = openSync(target, 'r+');
    writeSync(fd, Buffer.from([0x0d, 0xd0, 0x01, 0xc0]), 0, 4, 2 * mib);
    for (const at of [1, 2, 4]) writeSync(fd, Buffer.from('SKUL\xba\xbe\0\x02', 'latin1'), 0, 8, mib + at * mib + (at === 1 ? 4 : 0));
    closeSync(fd);
    await lab.deploy(gateway, target, 'a');
    expect(execFileSync('blkid', ['--probe', '--offset', String(mib), '--size', String(16 * mib), '--output', 'value', '--match-tag', 'TYPE', target], { encoding: 'utf8' }).trim()).toBe('swap');
    expect(bytesAt(target, mib, 5 * mib).subarray(4096).every((byte) => byte === 0)).toBe(true);
  });
});

describe('a line that breaks', () => {
  it('is waited out in a capture: cut requests, a refused ticket and a restarted server cost nothing but time', async () => {
    const content = random(24 * mib);
    let done = false;
    gateway.onBulk = (_, count) => {
      if (count === 5 && !done) {
        done = true;
        void gateway.restart();
        return 'cut';
      }
      return count === 2 ? 'cut' : count === 3 ? 'unauthorized' : 'serve';
    };
    await lab.capture(gateway, lab.gptDisk('source.img', [content]), 'a');
    expect({ hellos: gateway.counts.hellos, back: lab.notes.includes('The server is back; going on.'), once: gateway.counts.frames === gateway.chunks.size }).toEqual({ hellos: 2, back: true, once: true });
  });
  it('is waited out in a deploy', async () => {
    const content = random(24 * mib);
    await lab.capture(gateway, lab.gptDisk('source.img', [content]), 'a');
    let cut = 0;
    gateway.onBulk = () => {
      cut++;
      if (cut === 3) void gateway.restart();
      return cut === 3 || cut === 5 ? 'cut' : cut === 6 ? 'unauthorized' : 'serve';
    };
    const target = lab.filled('target.img', content.length + 2 * mib, 3);
    await lab.deploy(gateway, target, 'a');
    expect(digest(bytesAt(target, mib, content.length))).toBe(digest(content));
  });
  it('that stays away ends in an error that says how to continue', async () => {
    lab.patienceMs = 600;
    gateway.onBulk = () => {
      void gateway.stop();
      return 'cut';
    };
    await expect(lab.capture(gateway, lab.gptDisk('source.img', [random(4 * mib)]), 'a')).rejects.toThrow(/Run the same command again/);
    await gateway.start();
  });
});

describe('a hostile server', () => {
  const content = contentOf(['text', 'random', 'random', 'text', 'same', 'random', 'zero', 'random']);
  const tampers: [string, (frames: Buffer[]) => Buffer[], string][] = [
    ['chunks in another order', (frames) => frames.toReversed(), 'protocol'],
    ['one chunk for all', (frames) => frames.map(() => frames.at(-1) ?? Buffer.alloc(0)), 'protocol'],
    ['too few chunks', (frames) => frames.slice(0, -1), 'protocol'],
    ['a flipped bit', (frames) => frames.map((frame) => flip(frame, 200)), 'chunk-damaged'],
    ['garbage', () => [random(5000)], 'chunk-damaged'],
  ];
  it.each(tampers)('that sends %s reaches no byte of the target', async (_, tamper, code) => {
    const source = lab.gptDisk('source.img', [content]);
    await lab.capture(gateway, source, 'a');
    gateway.tamper = tamper;
    const target = lab.filled('target.img', content.length + 2 * mib, 0xaa);
    expect(await codeOf(lab.deploy(gateway, target, 'a'))).toBe(code);
    const [is, should] = [readFileSync(target), readFileSync(source)];
    let strange = 0;
    for (let i = 0; i < is.length; i++) if (is[i] !== 0xaa && is[i] !== 0 && is[i] !== should[i]) strange++;
    expect({ strange, tableThere: is.toString('latin1', 512, 520) === 'EFI PART' }).toEqual({ strange: 0, tableThere: false });
  });
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['a changed manifest', (bytes) => flip(bytes, bytes.length - 200)],
    ['a shorter manifest', (bytes) => bytes.subarray(0, bytes.length - 40)],
    ['a longer manifest', (bytes) => Buffer.concat([bytes, bytes])],
    ['random bytes as manifest', (bytes) => random(bytes.length)],
  ])('that sends %s is refused with the target untouched', async (_, tamper) => {
    await lab.capture(gateway, lab.gptDisk('source.img', [content]), 'a');
    gateway.tamperManifest = tamper;
    const target = lab.filled('target.img', content.length + 2 * mib, 0xaa);
    expect([await codeOf(lab.deploy(gateway, target, 'a')), readFileSync(target).every((byte) => byte === 0xaa)]).toEqual(['image-damaged', true]);
  });
});

describe('a refusal', () => {
  it.each([
    ['too small a target', 5 * mib, {}, 'target-too-small'],
    ['another disk than expected', 20 * mib, { expect: { sizeBytes: 5 } }, 'target-mismatch'],
    ['a serial the target does not have', 20 * mib, { expect: { serial: 'S3Z9' } }, 'target-mismatch'],
  ])('for %s leaves the target untouched', async (_, size, more, code) => {
    await lab.capture(gateway, lab.gptDisk('source.img', [random(8 * mib)]), 'a');
    const target = lab.filled('target.img', size, 0xaa);
    expect([await codeOf(lab.deploy(gateway, target, 'a', more)), readFileSync(target).every((byte) => byte === 0xaa), gateway.failures.length]).toEqual([code, true, 1]);
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = Math.min(at, copy.length - 1);
  copy[index] = (copy[index] ?? 0) ^ 4;
  return copy;
}
