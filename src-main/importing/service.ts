// Owns taking in another store's folder: which of the versions there are wanted, what became of each, one folder at a time, while the server
// goes on. The store reads the folder and believes none of it (store/foreign.ts); a version counts only once it was re-hashed here.
import { randomUUID } from 'node:crypto';
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { ManifestHead } from '#shared/agent/manifest.ts';
import type { Import, ImportedVersion, ImportRequest } from '#shared/model/import.ts';
import type { Plan, WantedVersion } from '#shared/replication/messages.ts';
import type { Events } from '../events/service.ts';
import type { Images } from '../images/service.ts';
import type { Log } from '../log/service.ts';
import type { Foreign, Store } from '../store/types.ts';

export type Importing = ReturnType<typeof openImporting>;
export type ImportingParts = {
  store: Pick<Store, 'openForeign' | 'openAdoption' | 'measure'>; images: Images; events: Events; log: Log; clock: () => number;
  /** Of a package server: what it is to hold; null at the console, and before its first plan. */
  plan: () => Plan | null; isConsole: boolean;
};

/** What came of a version of which some is missing is kept so long: a transfer, or another folder, brings the rest. */
const KEEP_MS = 7 * 24 * 3_600_000;
const DONE_MS = 3_600_000;
const SHOWN_MEANWHILE = 2000;

type Outcome = Pick<ImportedVersion, 'outcome' | 'message'> & Partial<Pick<ImportedVersion, 'chunks' | 'lacking' | 'damaged'>>;

export function openImporting({ store, images, events, log, clock, plan, isConsole }: ImportingParts) {
  let last: Import | null = null;
  let running: { stop: AbortController; ended: Promise<void> } | null = null;

  async function run(view: Import, request: ImportRequest, signal: AbortSignal): Promise<void> {
    const foreign = await store.openForeign(request.folder, { signal, onProgress: ({ packs, ofPacks }) => Object.assign(view, { packsRead: packs, packs: ofPacks }) });
    try {
      Object.assign(view, { packs: foreign.packs, packsRead: foreign.packs, chunks: foreign.chunks, unreadable: foreign.unreadable.slice(0, 100), versionsFound: foreign.manifests.length });
      const wanted = new Map((plan()?.wanted ?? []).map((version) => [version.manifest, version]));
      for (const manifest of foreign.manifests) {
        if (signal.aborted) throw new CancelledError('the import was cancelled');
        const head = await foreign.head(manifest);
        view.versions.push(await one({ foreign, manifest, head, wanted: wanted.get(manifest) ?? null }, { view, request, signal }));
        view.current = null;
      }
    } finally {
      await foreign.close();
    }
  }

  type Found = { foreign: Foreign; manifest: string; head: ManifestHead | null; wanted: WantedVersion | null };
  type How = { view: Import; request: ImportRequest; signal: AbortSignal };

  async function one(found: Found, how: How): Promise<ImportedVersion> {
    const { head, manifest } = found;
    const about = { manifest, imageGuid: head?.image.guid ?? '', imageName: head?.image.name ?? '', versionGuid: head?.version.guid ?? '', number: found.wanted?.number ?? head?.version.number ?? 0, chunks: 0, lacking: 0, damaged: 0 };
    if (head === null) return { ...about, outcome: 'damaged', message: 'Its manifest is damaged: the bytes are not what its name says.' };
    const refused = refuse(found, head, how.request);
    if (refused !== null) return { ...about, ...refused };
    try {
      return { ...about, ...(await take(found, head, how)) };
    } catch (error) {
      if (how.signal.aborted || error instanceof CancelledError) throw error;
      const { code, message } = toAppError(error);
      // Without room nothing that follows would fit better.
      if (code === 'space-foreseen' || code === 'disk-full') throw error;
      if (code === 'internal') log.error('a version could not be imported', { manifest, error: toAppError(error) });
      return { ...about, outcome: code === 'conflict' ? 'conflict' : 'failed', message };
    }
  }

  /** What is clear before anything is read; null: it is to be taken. */
  function refuse({ manifest, wanted }: Found, head: ManifestHead, { all }: ImportRequest): Outcome | null {
    const guid = head.version.guid;
    const known = images.findVersion(guid);
    if (known !== undefined && known.manifest !== manifest) return { outcome: 'conflict', message: `Version ${known.number} is known here with other content under the same identity. Nothing was changed.` };
    const state = images.copies.stateOf(guid);
    if (known !== undefined && (state === 'ready' || state === 'verifying')) return { outcome: 'here', message: state === 'ready' ? 'It is here, and proved.' : 'It is here, and being re-hashed.' };
    if (known !== undefined && state === 'removing') return { outcome: 'deleted', message: 'It is being removed here.' };
    if (known === undefined && images.wasDeleted({ guid, manifest })) return { outcome: 'deleted', message: 'It was deleted here for good. Nothing was taken in.' };
    if (!isConsole && !all && wanted === null && known === undefined) return { outcome: 'not-wanted', message: 'This package server is not to hold it. Assign the image to it at the console, or import with --all.' };
    return null;
  }

  async function take({ foreign, manifest, wanted }: Found, head: ManifestHead, { view, request, signal }: How): Promise<Outcome> {
    const signatures = await foreign.signatures(manifest);
    const adoption = await store.openAdoption(`import-${manifest.slice(0, 48)}`, manifest, KEEP_MS);
    view.current = { imageName: head.image.name, number: head.version.number, doneBytes: 0, totalBytes: 0 };
    const brought = await foreign.bring(adoption, {
      signal, onProgress: (done) => {
        if (view.current !== null) Object.assign(view.current, done);
      },
    });
    view.bytes += brought.bytes;
    const figures = { chunks: brought.chunks, lacking: brought.lacking, damaged: brought.damaged };
    const missing = brought.lacking + brought.damaged;
    // Its lease stays: what came waits for the rest.
    if (missing > 0) return { ...figures, outcome: 'incomplete', message: `${missing === 1 ? '1 chunk is' : `${missing} chunks are`} in no pack of the folder${brought.damaged > 0 ? ` (${brought.damaged} damaged)` : ''}. What was found is kept for a week: a transfer or another folder brings the rest.` };
    try {
      await adoption.commit(signatures, { vouch: request.trust });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'proof-failed') throw error;
      if (wanted !== null && !isConsole) return { ...figures, outcome: 'incomplete', message: 'All its chunks are here. Its signature comes with the next transfer from the console or another server.' };
      return { ...figures, outcome: 'not-signed', message: 'No server that this one knows signed it. Where you know where the folder comes from, import it with --trust: this server vouches for it then. Its chunks are kept for a week.' };
    }
    if (!isConsole && wanted !== null) await images.adopt(wanted);
    else {
      const { storedBytes } = await store.measure([manifest], signal);
      images.foundHere({ head, manifest, manifestBytes: adoption.manifestBytes, storedBytes }, { how: 'found in a folder that was imported', actor: view.actor });
    }
    await adoption.close();
    return { ...figures, outcome: 'taken', message: 'All of it is here now, and is re-hashed.' };
  }

  return {
    start(request: ImportRequest, actor: string): Import {
      if (running !== null) throw new AppError('conflict', `The folder ${last?.folder ?? ''} is being imported. Wait for its end, or cancel it: platen store import --cancel`);
      const stop = new AbortController();
      const view: Import = { id: randomUUID(), folder: request.folder, actor, state: 'running', startedAt: clock(), endedAt: null, packs: 0, packsRead: 0, chunks: 0, unreadable: [], versionsFound: 0, current: null, bytes: 0, versions: [], problem: null };
      last = view;
      const ended = run(view, request, stop.signal).then(() => {
        view.state = 'done';
      }, (error: unknown) => {
        view.state = stop.signal.aborted ? 'cancelled' : 'failed';
        view.problem = stop.signal.aborted ? null : toAppError(error).message;
        if (!stop.signal.aborted) log.error('an import failed', { folder: request.folder, error: toAppError(error) });
      }).finally(() => {
        Object.assign(view, { endedAt: clock(), current: null });
        running = null;
        const taken = view.versions.filter((version) => version.outcome === 'taken').length;
        log.info('a folder was imported', { folder: request.folder, state: view.state, versions: view.versions.length, taken, bytes: view.bytes });
        events.changed('image', 'import');
      });
      running = { stop, ended };
      return view;
    },
    /** The one under way, with what became of the last versions; or the last one for an hour after its end, with all of them. */
    get(): Import | null {
      if (last === null) return null;
      // It is asked for several times a second.
      if (last.endedAt === null) return { ...last, versions: last.versions.slice(-SHOWN_MEANWHILE) };
      return clock() - last.endedAt > DONE_MS ? null : last;
    },
    cancel(): Import | null {
      running?.stop.abort();
      return last;
    },
    async close(): Promise<void> {
      running?.stop.abort();
      await running?.ended;
    },
  };
}
