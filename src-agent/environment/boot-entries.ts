// Owns the firmware's boot entries as the boot environment changes them: what a deployed disk has to start from is read from the disk, the
// decision is boot-plan.ts's, and efibootmgr carries it out. Nothing here fails a deploy: what could not be done is said.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { planBootEntries, planRestart, type DeployedDisk } from './boot-plan.ts';
import { readBootState, type BootState } from './efibootmgr.ts';

export type Run = (command: string, args: readonly string[]) => Promise<string>;
export type BootEntries = {
  /** After a deploy, with the disk closed. Lines for the person and the log; never rejects. */
  afterDeploy(diskPath: string): Promise<string[]>;
  /** Before a restart that is to end at the deployed disk; lines likewise. */
  beforeRestart(): Promise<string[]>;
};

const SYSTEM_PARTITION = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
const RUN_LIMIT_MS = 20_000;
const DEEPEST = 4;
const partitionSchema = z.object({ node: z.string(), type: z.string(), uuid: z.string().optional() });
const tableSchema = z.object({ partitiontable: z.object({ label: z.string(), partitions: z.array(partitionSchema).default([]) }) });

/** @param disks paths of all disks of this computer */
export function openBootEntries(disks: () => Promise<string[]>, run: Run = runProgram): BootEntries {
  /** Of the disk deployed last. */
  let entry: string | null = null;
  const state = async (): Promise<BootState> => readBootState(await run('efibootmgr', ['-v']));
  return {
    async afterDeploy(diskPath) {
      entry = null;
      try {
        const before = await state();
        const deployed = await deployedDisk(diskPath, run);
        const plan = planBootEntries(before, deployed, await partitionsOf(await disks(), run));
        const made = plan.create === null ? plan.entry : await create({ ...plan.create, diskPath, part: deployed.system?.number ?? 1 }, { before, run });
        if (plan.activate !== null) await run('efibootmgr', ['-q', '-b', plan.activate, '-a']);
        if (plan.order !== null) await run('efibootmgr', ['-q', '-o', plan.order.map((each) => (each === 'new' ? made ?? '' : each)).join(',')]);
        for (const number of plan.remove) await run('efibootmgr', ['-q', '-b', number, '-B']);
        entry = made;
        return [plan.why];
      } catch (error) {
        return [`The firmware's boot entries could not be set (${reasonOf(error)}). The disk is complete; if the computer does not start from it, make a boot entry in the firmware's setup.`];
      }
    },
    async beforeRestart() {
      if (entry === null) return [];
      try {
        const { next, why } = planRestart(await state(), entry);
        if (next !== null) await run('efibootmgr', ['-q', '-n', next]);
        return [why];
      } catch (error) {
        return [`The firmware could not be told to start the disk next (${reasonOf(error)}); the restart goes as its order says.`];
      }
    },
  };
}

/** efibootmgr would put it first in the order by itself, and Platen would not be reached any more: only the entry is made. */
async function create({ diskPath, part, label, loader }: { diskPath: string; part: number; label: string; loader: string }, { before, run }: { before: BootState; run: Run }): Promise<string> {
  await run('efibootmgr', ['-q', '--create-only', '--disk', diskPath, '--part', String(part), '--label', label, '--loader', loader]);
  const known = new Set(before.entries.map(({ number }) => number));
  const made = readBootState(await run('efibootmgr', ['-v'])).entries.find((each) => each.label === label && !known.has(each.number));
  if (made === undefined) throw new Error('the firmware did not keep the new entry');
  return made.number;
}

async function deployedDisk(path: string, run: Run): Promise<DeployedDisk> {
  const table = tableSchema.parse(JSON.parse(await run('sfdisk', ['--json', path]))).partitiontable;
  const index = table.label === 'gpt' ? table.partitions.findIndex(({ type }) => type.toUpperCase() === SYSTEM_PARTITION) : -1;
  const system = table.partitions[index];
  if (system?.uuid === undefined) return { system: null, files: [] };
  const number = Number(/(\d+)$/.exec(system.node)?.[1] ?? index + 1);
  return { system: { number, guid: system.uuid.toLowerCase() }, files: await loadersOn(system.node, run) };
}

/** Read and let go at once: whoever looks at the disk next finds it free. */
async function loadersOn(partition: string, run: Run): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'platen-esp-'));
  try {
    await run('mount', ['-t', 'vfat', '-o', 'ro', partition, folder]);
    try {
      return await loadersIn(folder, '', DEEPEST);
    } finally {
      await run('umount', [folder]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function loadersIn(root: string, path: string, deep: number): Promise<string[]> {
  const found: string[] = [];
  for (const each of await readdir(join(root, path), { withFileTypes: true })) {
    const inside = `${path}/${each.name}`;
    if (each.isDirectory() && deep > 0) found.push(...(await loadersIn(root, inside, deep - 1)));
    else if (each.isFile() && each.name.toLowerCase().endsWith('.efi')) found.push(inside.replaceAll('/', '\\'));
  }
  return found;
}

async function partitionsOf(disks: readonly string[], run: Run): Promise<Set<string>> {
  const found = new Set<string>();
  for (const path of disks) {
    // One without a table has no partitions.
    const text = await run('sfdisk', ['--json', path]).catch(() => null);
    const table = text === null ? null : tableSchema.safeParse(JSON.parse(text));
    for (const { uuid } of table?.data?.partitiontable.partitions ?? []) if (uuid !== undefined) found.add(uuid.toLowerCase());
  }
  return found;
}

/** What a full or locked memory of the firmware looks like, in words. */
export function reasonOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error && String(error.stderr).trim() !== '' ? String(error.stderr).trim().split('\n').slice(-2).join(' ') : error instanceof Error ? error.message : String(error);
  if (/no space left/i.test(said)) return 'its memory for settings is full';
  if (/read-only|not permitted|permission denied|EROFS/i.test(said)) return 'its settings are locked';
  return said.slice(0, 200);
}

const execute = promisify(execFile);
async function runProgram(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, [...args], { timeout: RUN_LIMIT_MS, env: { ...process.env, LC_ALL: 'C' } });
  return stdout;
}
