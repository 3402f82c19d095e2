// Owns how `platen job` finds what it acts on, once, by what a person typed: a job or a folder.
import type { Api } from './client.ts';
import type { CommandContext } from './command.ts';
import { quote } from './locate.ts';
import { printable } from './table.ts';

export const JOB = { name: 'JOB', required: true } as const;
export const ITEM = { name: 'JOB-OR-FOLDER', required: true } as const;

export type JobSubject = {
  calls: Api;
  found: Awaited<ReturnType<Api['jobs']['find']['query']>>;
  /** For sentences: "Win11 lab", "the folder Imaging". */
  words: string;
  /** For a command that a person may copy. */
  typed: string;
};

export async function jobSubject({ api, input }: CommandContext, index = 0): Promise<JobSubject> {
  const calls = await api();
  const asked = input.positionals[index] ?? '';
  const found = await calls.jobs.find.query({ what: asked });
  return { calls, found, words: itemWords(found), typed: quote(asked) };
}

export function itemWords({ kind, name }: { kind: 'job' | 'folder'; name: string }): string {
  return kind === 'job' ? printable(name) : `the folder ${printable(name)}`;
}
/** At the start of a sentence. */
export function capital(text: string): string {
  return text.startsWith('the ') ? `T${text.slice(1)}` : text;
}

/** A folder to put something into, "/" being the top; where: "at the top", "in Imaging". */
export async function folderFrom(calls: Api, typed: string | undefined): Promise<{ id: string | null; where: string }> {
  if (typed === undefined || typed === '/') return { id: null, where: 'at the top' };
  const folder = await calls.jobs.folder.query({ folder: typed });
  return { id: folder.id, where: `in ${[...folder.path.map((each) => each.name), folder.name].map(printable).join(' / ')}` };
}
