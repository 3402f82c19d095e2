// Owns the doctor: everything that does not add up, named, and with `repair` mended where that loses nothing.
// Packs and index first, then manifests and what they name, then captures and leftovers.
import { join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import type { StoreContext } from './context.ts';
import { examinePacks } from './doctor-packs.ts';
import { Findings } from './findings.ts';
import { HashSet } from './hash-set.ts';
import { toHex } from './hash.ts';
import type { Leases } from './leases.ts';
import { eachNamedChunk } from './named-chunks.ts';
import type { Finding, HashHex } from './types.ts';

export type Examination = { repair: boolean; deep: boolean; live: ReadonlySet<HashHex> };

export async function examine(context: StoreContext, leases: Leases, examination: Examination): Promise<Finding[]> {
  const findings = new Findings(examination.repair);
  await examinePacks(context, findings, examination.deep);
  await examineManifests(context, findings, examination.live);
  await examineDeletions(context, findings);
  await examineLeases(context, leases, findings);
  await examineStrays(context, findings);
  return findings.list;
}

async function examineManifests(context: StoreContext, findings: Findings, live: ReadonlySet<HashHex>): Promise<void> {
  const onDisk = await context.manifests.list();
  const present = new Set(onDisk);
  const held = new Set(context.index.leases().map((lease) => lease.manifest));
  const reported = new Set<string>();
  for (const hash of live) {
    if (!present.has(hash)) {
      await findings.add({ kind: 'missing-manifest', subject: hash, repair: null, message: 'A version\'s manifest is gone. The version can\'t be deployed; fetch it from another server, or delete the version.' });
    }
  }
  for (const hash of onDisk) {
    if (!live.has(hash)) {
      if (!held.has(hash) && !context.recent.has(hash)) {
        await findings.add({ kind: 'orphan-manifest', subject: hash, repair: null, message: 'A manifest belongs to no version: its capture or copying ended before the version was recorded. The next sweep removes it.' });
      }
      continue;
    }
    if (await examineManifest(context, findings, hash)) await examineNamed(context, findings, hash, reported);
  }
}

/** @returns whether the manifest can be read */
async function examineManifest(context: StoreContext, findings: Findings, hash: HashHex): Promise<boolean> {
  const now = await context.manifests.hashOf(hash).catch(() => null);
  if (now !== hash) {
    await findings.add({ kind: 'damaged-manifest', subject: hash, repair: null, message: 'A manifest\'s bytes are not what its name says. The version can\'t be deployed; fetch the manifest from another server, or capture the image again.' });
    return false;
  }
  if (!(await context.manifests.isSigned(hash))) {
    await findings.add({ kind: 'bad-signature', subject: hash, repair: 'Sign it again: its content is what its name says.', message: 'A manifest has no valid signature of this server.' }, () => context.manifests.sign(hash));
  }
  return true;
}

async function examineNamed(context: StoreContext, findings: Findings, hash: HashHex, reported: Set<string>): Promise<void> {
  try {
    const manifest = await context.manifests.open(hash);
    try {
      await eachNamedChunk(manifest, new HashSet(), async (chunk) => {
        const row = context.index.get(chunk);
        const hex = toHex(chunk);
        if ((row !== undefined && row.pack !== 0) || reported.has(hex)) return;
        reported.add(hex);
        await findings.add({ kind: 'missing-chunk', subject: hex, repair: null, message: `A chunk that manifest ${hash.slice(0, 16)}… names is gone. A capture that has it brings it back.` });
      });
    } finally {
      await manifest.close();
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    await findings.add({ kind: 'damaged-manifest', subject: hash, repair: null, message: error.message });
  }
}

async function examineDeletions(context: StoreContext, findings: Findings): Promise<void> {
  for (const hash of await context.manifests.unfinishedDeletions()) {
    await findings.add({ kind: 'unfinished-deletion', subject: hash, repair: 'Finish it.', message: 'A manifest was to be deleted, and the deletion was interrupted.' }, () => context.manifests.finishDeletion(hash));
  }
}

async function examineLeases(context: StoreContext, leases: Leases, findings: Findings): Promise<void> {
  const now = context.clock();
  const open = [...leases.captures().map((lease) => ({ ...lease, what: 'capture' })), ...leases.adoptions().map((lease) => ({ ...lease, what: 'copy' }))];
  for (const { id, expiresAt, what } of open) {
    if (expiresAt > now) continue;
    await findings.add({ kind: 'stale-lease', subject: id, repair: 'End it; its chunks go at the next sweep.', message: `An unfinished ${what} was not heard of for so long that its lease ran out.` }, async () => {
      await leases.expire();
    });
  }
}

async function examineStrays(context: StoreContext, findings: Findings): Promise<void> {
  const { files, folder } = context;
  const manifestStrays = await context.manifests.strays();
  for (const path of manifestStrays) {
    await findings.add({ kind: 'stray-file', subject: path, repair: 'Remove it.', message: 'A half-written file, or a signature without its manifest, was left behind.' }, () => files.unlink(path));
  }
  const known = new Set(context.index.leases().map((lease) => lease.id));
  for (const id of await files.list(join(folder, 'captures'))) {
    if (known.has(id)) continue;
    await findings.add({ kind: 'stray-file', subject: join(folder, 'captures', id), repair: null, message: 'A folder of a finished capture or copy was left behind. The next start removes it.' });
  }
}
