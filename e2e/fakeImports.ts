// The fake server's imports: one that begins, is cancelled, and is moved on by the test. It never reads a folder.
import { AppError } from '#shared/errors.ts';
import { importRequestSchema } from '#shared/model/import.ts';
import type { Import, ImportedVersion } from '#shared/model/import.ts';
import { guidOf } from './fakeIds.ts';
import { fail, t } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';

export type FakeImports = { now: Import | null };

export function fakeImportsRouter({ guarded }: Procedures, made: FakeImports) {
  return t.router({
    start: guarded.input(importRequestSchema).mutation(({ input }): Import => {
      if (made.now?.state === 'running') fail(new AppError('conflict', `The folder ${made.now.folder} is being imported. Wait for its end, or cancel it: platen store import --cancel`));
      if (input.folder === '/nowhere') fail(new AppError('not-found', 'There is no folder /nowhere on this machine.'));
      made.now = { id: guidOf('import'), folder: input.folder, actor: 'anna', state: 'running', startedAt: Date.now(), endedAt: null, packs: 214, packsRead: 40, chunks: 0, unreadable: [], versionsFound: 0, current: null, bytes: 0, versions: [], problem: null };
      return made.now;
    }),
    get: guarded.query(() => made.now),
    cancel: guarded.mutation(() => {
      if (made.now !== null) Object.assign(made.now, { state: 'cancelled', endedAt: Date.now(), current: null });
      return made.now;
    }),
  });
}

export function imported(name: string, number: number, change: Partial<ImportedVersion>): ImportedVersion {
  return { manifest: guidOf(`manifest ${name} ${number}`).repeat(2), imageGuid: guidOf(name), imageName: name, versionGuid: guidOf(`${name} ${number}`), number, outcome: 'taken', chunks: 301_877, lacking: 0, damaged: 0, message: 'All of it is here now, and is re-hashed.', ...change };
}
