// Owns the doctor of the whole server: what the store finds, and then the records: versions that are nowhere, copies of servers that are out,
// manifests and copies that no record knows. It adopts and corrects; it deletes no image, and no copy anywhere.
import { AppError } from '#shared/errors.ts';
import type { FindingView } from '#shared/model/server.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Images } from '../images/service.ts';
import type { Store } from '../store/types.ts';
import { openDoctorRepo } from './repo.ts';

export type Doctor = ReturnType<typeof openDoctor>;
/** A proved copy at another server of a version that nobody here knows. */
export type UnknownCopy = { serverId: string; serverName: string; versionGuid: string; manifest: string };
export type DoctorParts = {
  db: Database; store: Pick<Store, 'doctor' | 'openAdoption' | 'openManifest' | 'measure'>; images: Images; events: Events; clock: () => number; selfId: string; isConsole: boolean;
  /** What package servers reported and the console does not know. */
  unknown: { list: () => UnknownCopy[]; /** Fetches the manifest from there, proves it and makes the rows. @returns what it is */ takeUp: (copy: UnknownCopy) => Promise<string> } | null;
};
type Options = { repair: boolean; deep: boolean };
type Noted = Omit<FindingView, 'repaired'>;

const ADOPTION_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A laptop is away for a month; a deletion that waits longer for a server is worth a look. */
const UNCARRIED_DAYS = 30;
const MOST_NAMED = 50;

export function openDoctor({ db, store, images, events, clock, selfId, isConsole, unknown }: DoctorParts) {
  const repo = openDoctorRepo(db);

  async function run({ repair, deep }: Options): Promise<FindingView[]> {
    const findings: FindingView[] = [];
    const add = async (finding: Noted, mend?: () => void | Promise<unknown>): Promise<void> => {
      const noted: FindingView = { ...finding, repair: mend === undefined ? null : finding.repair, repaired: false };
      findings.push(noted);
      if (!repair || mend === undefined) return;
      try {
        await mend();
        noted.repaired = true;
      } catch (error) {
        noted.message += ` The repair failed: ${error instanceof Error ? error.message : String(error)}`;
      }
    };
    for (const finding of await store.doctor({ repair, deep, live: images.liveManifests() })) {
      if (finding.kind === 'orphan-manifest') await orphanManifest(finding, add);
      else if (finding.kind === 'missing-manifest') await missingManifest(finding, add);
      else findings.push(finding);
    }
    images.lookForDamage();
    await unknownCopies(add);
    if (isConsole) {
      await owners(add);
      await assignments(add);
      await records(add);
      await copies(add);
    }
    // What stood for more than one image is told once more to those who show it.
    if (findings.some((finding) => finding.repaired)) events.changed('image', 'doctor');
    return findings;
  }
  type Add = (finding: Noted, mend?: () => void | Promise<unknown>) => Promise<void>;

  /** Whole and signed, it is a version whose rows were lost: a database older than its store. */
  async function orphanManifest(finding: Noted, add: Add): Promise<void> {
    const hash = finding.subject;
    const reader = await store.openManifest(hash).catch(() => null);
    if (reader === null) return add(finding);
    const { head, sizeBytes } = reader;
    await reader.close();
    const what = `version ${head.version.number} of "${head.image.name}", captured ${head.capturedAt.slice(0, 10)} from ${head.computer}`;
    const known = images.findVersion(head.version.guid);
    if (known !== undefined && known.manifest !== hash) return add({ ...finding, message: `A manifest calls itself ${what}, and that version is known with other content. The next sweep removes it.` });
    if (images.wasDeleted({ guid: head.version.guid, manifest: hash }) || repo.versionOf(hash)?.removing === 1) return add({ ...finding, message: `A manifest is that of ${what}, which was deleted for good. The next sweep removes it.` });
    await add({ kind: 'orphan-manifest', subject: hash, message: `The manifest of ${what} is here, and no record of it: its commit was cut off, or the database is older than the store. It is kept, and not shown.`, repair: 'Make its records again from the manifest, and re-hash it.' }, async () => {
      const adoption = await store.openAdoption(`doctor-${hash.slice(0, 48)}`, hash, ADOPTION_MS);
      try {
        await (await adoption.finishManifest()).close();
        await adoption.commit([]);
        const { storedBytes } = await store.measure([hash]);
        images.foundHere({ head, manifest: hash, manifestBytes: sizeBytes, storedBytes }, { how: 'found in the store by the doctor', actor: 'doctor' });
      } finally {
        await adoption.close();
      }
    });
  }

  /** The row says that it is here, and it is not: it must not stop the sweep, nor be called ready. */
  async function missingManifest(finding: Noted, add: Add): Promise<void> {
    const version = repo.versionOf(finding.subject);
    if (version === undefined) return add(finding);
    const others = repo.readyElsewhere(version.versionGuid, selfId);
    const next = others.length > 0 ? `It is proved at ${others.join(', ')}, and copied here again from there.` : 'No server has a proved copy. Where the old store\'s files are found: platen store import FOLDER';
    await add({ ...finding, message: `The manifest of version ${version.number} of "${version.imageName}" is gone from this store, so it can't be deployed from here. ${next}`, repair: 'Take this server\'s copy as gone.' },
      () => void images.copies.move(version.versionGuid, selfId, 'lost', { problem: 'Its manifest was gone from the store.' }));
  }

  async function unknownCopies(add: Add): Promise<void> {
    for (const copy of unknown?.list() ?? []) {
      await add({ kind: 'unknown-copy', subject: copy.versionGuid, message: `${copy.serverName} has a proved copy of a version that is not known here. Nothing was deleted: the records here are older, or were lost.`, repair: 'Fetch its manifest from there, prove it, and make its records again.' },
        async () => {
          await unknown?.takeUp(copy);
        });
    }
  }

  async function owners(add: Add): Promise<void> {
    const rows = repo.withoutOwner();
    for (const [server, images_] of Map.groupBy(rows.filter((row) => row.serverName !== null), (row) => row.serverName ?? '')) {
      await add({ kind: 'owner-out', subject: server, repair: null, message: `"${server}" is ${images_[0]?.serverState ?? 'out'} and still owns ${names(images_.map((row) => row.imageName))}. Nobody keeps ${images_.length === 1 ? 'it' : 'them'} up to date. Let another server own ${images_.length === 1 ? 'it' : 'them'}: platen server recover "${server}"` });
    }
    for (const image of rows.filter((row) => row.serverName === null)) {
      const heir = repo.heirOf(image.imageGuid);
      await add({ kind: 'owner-missing', subject: image.imageGuid, message: `The image "${image.imageName}" belongs to no server.`, repair: 'Let a server that has a proved copy own it, this one first.' }, () => {
        if (heir === undefined) throw new AppError('internal', 'no server could own it');
        repo.transaction(() => {
          repo.setOwner(image.imageGuid, heir);
          events.record({ actor: 'doctor', entity: 'image', id: image.imageGuid, kind: 'owner', message: 'It belonged to no server; the doctor gave it to one that has it', data: { server: heir } });
        });
        events.changed('image', image.imageGuid);
      });
    }
  }

  async function assignments(add: Add): Promise<void> {
    for (const [serverId, rows] of Map.groupBy(repo.assignedOut(), (row) => row.serverId)) {
      const server = rows[0]?.serverName ?? '';
      await add({ kind: 'assignment-out', subject: serverId, message: `"${server}" is ${rows[0]?.serverState ?? 'out'}, and ${names(rows.map((row) => row.imageName))} ${rows.length === 1 ? 'is' : 'are'} assigned to it.`, repair: 'Take the assignments off. No copy changes by that.' }, () => {
        repo.transaction(() => {
          for (const row of rows) {
            repo.unassign(row.imageGuid, serverId);
            events.record({ actor: 'doctor', entity: 'image', id: row.imageGuid, kind: 'assigned', message: `Not assigned to "${server}" any more, which is ${row.serverState}` });
          }
        });
        for (const row of rows) events.changed('image', row.imageGuid);
      });
    }
  }

  async function records(add: Add): Promise<void> {
    for (const row of repo.unacknowledged(clock() - UNCARRIED_DAYS * DAY_MS)) {
      const since = Math.floor((clock() - row.oldestAt) / DAY_MS);
      await add({ kind: 'record-waiting', subject: row.serverId, repair: null, message: `"${row.serverName}" has not carried out ${row.count === 1 ? '1 deletion' : `${row.count} deletions`} for ${since} days${row.lastSeenAt === null ? '' : ` (it was last here ${Math.floor((clock() - row.lastSeenAt) / DAY_MS)} days ago)`}. It does when it is back. If it is gone for good: platen server revoke "${row.serverName}"` });
    }
  }

  async function copies(add: Add): Promise<void> {
    for (const [versionGuid, rows] of Map.groupBy(repo.readyNowhere(), (row) => row.versionGuid)) {
      const [version] = rows;
      if (version === undefined) continue;
      await add({ kind: 'copy-of-server-out', subject: versionGuid, message: `Version ${version.number} of "${version.imageName}" is called ready, and only ${rows.map((row) => `"${row.serverName}" (${row.serverState})`).join(', ')} had a proved copy: it can't be deployed.`, repair: 'Count those copies as gone. A server that comes back says again what it has.' }, () => {
        for (const row of rows) {
          images.copies.move(versionGuid, row.serverId, 'lost', { problem: null });
          repo.forgetReport(row.serverId);
        }
      });
    }
    for (const version of repo.nowhere()) {
      await add({ kind: 'version-nowhere', subject: version.versionGuid, repair: null, message: `No server has version ${version.number} of "${version.imageName}". Where a disk or folder with it is found: platen store import FOLDER. Else delete it: platen image delete ${version.imageGuid} --version ${version.number}` });
    }
  }

  return { run };
}

function names(images: readonly string[]): string {
  const shown = images.slice(0, MOST_NAMED).map((name) => `"${name}"`).join(', ');
  return images.length > MOST_NAMED ? `${shown} and ${images.length - MOST_NAMED} more` : shown;
}
