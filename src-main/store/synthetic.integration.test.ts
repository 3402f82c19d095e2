// A synthetic 2 TB disk passes through the store within the memory bound; the normal run takes a twenty-fifth of it, PLATEN_SOAK=1 the whole.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const soak = process.env['PLATEN_SOAK'] === '1';
const child = fileURLToPath(new URL('./test-synthetic-child.ts', import.meta.url));

type Report = { chunks: number; diskBytes: number; checked: number; bad: number; plan: { write: number; zero: number; skip: number }; swept: number; missing: number; maxRssMb: number };

it('captures, verifies, plans and sweeps a disk of millions of chunks, mostly repeated or zero, and takes in a manifest of as many, under 300 MB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'platen-synthetic-'));
  try {
    const [entries, distinct] = soak ? [5_000_000, 20_000] : [200_000, 800];
    const args = [child, join(folder, 'store'), String(entries), String(distinct)];
    await promisify(execFile)(process.execPath, [...args, 'make']);
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ checked: distinct, bad: 0, swept: 0, missing: entries });
    expect(report.plan.write + report.plan.zero + report.plan.skip).toBe(report.chunks);
    expect(report.diskBytes).toBeGreaterThan(soak ? 1.9e12 : 7.5e10);
    expect(report.maxRssMb).toBeLessThan(300);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
