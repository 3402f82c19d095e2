// Owns `platen server hand-overs` and `hand-over`: what is under way and what was, letting a server go, cancelling; and the words and the waiting
// that the commands which begin one share.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handover } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import type { Api } from './client.ts';
import type { Command, CommandContext, Outcome } from './command.ts';
import { pairs, printable, table } from './table.ts';
import { usage } from './usage.ts';
import { formatTime } from './words.ts';

const pollMs = 500;
/** Waiting ends where a person is needed; a moment's outage is none of that. */
const STUCK_MS = 30_000;
const SHORTEST_ID = 4;

export const serverHandovers: Command = {
  path: ['server', 'hand-overs'],
  summary: 'hand-overs under way, and those that were',
  description: 'Lists hand-overs: ownership that is taken, servers that are retired, replaced or recovered. With an ID (its first letters are enough) one of them, image by image.',
  positionals: [{ name: 'ID', required: false }],
  options: { open: { help: 'only those under way' } },
  examples: ['platen server hand-overs', 'platen server hand-overs 3f2a'],
  run: async ({ api, input }) => {
    const calls = await api();
    const [ref] = input.positionals;
    if (ref !== undefined) return await handoverOutcome(calls, await findHandover(calls, ref));
    const handovers = await calls.handovers.list.query({ open: input.switches.has('open') });
    const nameOf = await serverNames(calls);
    const text = table(handovers, [
      { title: 'ID', text: (handover) => handover.id.slice(0, 8) },
      { title: 'WHAT', text: (handover) => kindWords(handover, nameOf) },
      { title: 'STATE', text: (handover) => handover.state },
      { title: 'IMAGES', right: true, text: (handover) => `${handover.images.filter((image) => image.state === 'switched').length}/${handover.images.length}` },
      { title: 'BEGAN', text: (handover) => formatTime(handover.startedAt) },
      { title: 'BY', text: (handover) => printable(handover.actor) },
    ]);
    return { json: handovers, text: handovers.length === 0 ? 'There are no hand-overs.' : text };
  },
};

export const serverHandover: Command = {
  path: ['server', 'hand-over'],
  summary: 'one hand-over: how far it is; let the server go, cancel, or undo',
  description: 'Shows one hand-over (the first letters of its id are enough). --let-go retires the old server: refused unless every version of every image deploys without it at that moment. --cancel gives back what changed hands, before the server was let go. --undo takes back a hand-over that is through, or letting go, for a week. --wait waits until it is through, or needs a person (exit code 1).',
  positionals: [{ name: 'ID', required: true }],
  options: { 'let-go': { help: 'retire the old server now' }, cancel: { help: 'give everything back' }, undo: { help: 'take back what is through' }, wait: { help: 'wait until it is through, or needs a person' } },
  examples: ['platen server hand-over 3f2a --wait', 'platen server hand-over 3f2a --let-go', 'platen server hand-over 3f2a --cancel'],
  run: async (context) => {
    const { api, input } = context;
    const calls = await api();
    const wanted = ['let-go', 'cancel', 'undo', 'wait'].filter((name) => input.switches.has(name));
    if (wanted.length > 1) throw usage('--let-go, --cancel, --undo and --wait are one at a time.', 'platen server hand-over');
    const handover = await findHandover(calls, input.positionals[0] ?? '');
    switch (wanted[0]) {
      case 'let-go': return await handoverOutcome(calls, await calls.handovers.letGo.mutate({ id: handover.id }));
      case 'cancel': return await handoverOutcome(calls, await calls.handovers.cancel.mutate({ id: handover.id }));
      case 'undo': return await undoHandover(calls, handover);
      case 'wait': return await handoverOutcome(calls, await waitForHandover(context, calls, handover), { waited: true });
      default: return await handoverOutcome(calls, handover);
    }
  },
};

async function undoHandover(calls: Api, handover: Handover): Promise<Outcome> {
  if (handover.undo === null) throw usage(`There is nothing to undo in this hand-over (${handover.state}).${isOver(handover) ? '' : ' --cancel ends it and gives back what changed hands.'}`, 'platen server hand-over');
  const { label } = await calls.undo.run.mutate({ id: handover.undo });
  const now = await calls.handovers.get.query({ id: handover.id });
  return { json: { handover: now, undone: label }, text: `Undone: ${printable(label)}.` };
}

async function findHandover(calls: Api, ref: string): Promise<Handover> {
  const all = await calls.handovers.list.query();
  const found = all.filter((handover) => handover.id === ref || (ref.length >= SHORTEST_ID && handover.id.startsWith(ref.toLowerCase())));
  const [one] = found;
  if (one === undefined) throw usage(`There is no hand-over "${ref}". "platen server hand-overs" shows those there are; at least ${SHORTEST_ID} letters of the id are needed.`, 'platen server hand-overs');
  if (found.length > 1) throw usage(`${found.length} hand-overs begin with "${ref}". Give more of the id.`, 'platen server hand-overs');
  return one;
}

function isOver(handover: Handover): boolean {
  return handover.state === 'done' || handover.state === 'cancelled' || handover.state === 'failed';
}

/** Until it is through or ready; or nothing has moved for a while and it says what a person is to do. */
export async function waitForHandover({ progress, now }: CommandContext, calls: Api, begun: Handover): Promise<Handover> {
  let [seen, movedAt] = ['', now()];
  for (;;) {
    const handover = await calls.handovers.get.query({ id: begun.id });
    if (isOver(handover) || handover.state === 'ready') return handover;
    const figures = handover.images.map((image) => [image.state, image.doneBytes]);
    if (JSON.stringify(figures) !== seen || handover.problem === null) [seen, movedAt] = [JSON.stringify(figures), now()];
    if (now() - movedAt > STUCK_MS) return handover;
    const switched = handover.images.filter((image) => image.state === 'switched').length;
    progress.update({
      label: handover.state, doneBytes: sum(handover, 'doneBytes'), totalBytes: sum(handover, 'bytes'), rateBytesPerSecond: 0, etaSeconds: null, detail: `${switched} of ${handover.images.length} images${handover.problem === null ? '' : `; ${printable(handover.problem)}`}`,
    });
    await sleep(pollMs);
  }
}
function sum(handover: Handover, what: 'bytes' | 'doneBytes'): number {
  return handover.images.reduce((total, image) => total + image[what], 0);
}

/** waited: what still needs a person ends the command with 1. */
export async function handoverOutcome(calls: Api, handover: Handover, { waited = false }: { waited?: boolean } = {}): Promise<Outcome> {
  const nameOf = await serverNames(calls);
  return { json: { handover }, text: handoverText(handover, nameOf), exitCode: waited && handover.problem !== null ? 1 : 0 };
}

function handoverText(handover: Handover, nameOf: (id: string) => string): string {
  const images = table(handover.images, [
    { title: 'IMAGE', text: (image) => printable(image.imageName) },
    { title: 'TO', text: (image) => printable(nameOf(image.toServerId)) },
    { title: 'STATE', text: (image) => image.state },
    { title: 'VERSIONS', right: true, text: (image) => String(image.versions) },
    { title: 'THERE', right: true, text: (image) => `${formatBytes(image.doneBytes)} of ${formatBytes(image.bytes)}` },
  ]);
  const head = pairs([
    ['Hand-over', handover.id], ['What', kindWords(handover, nameOf)], ['State', handover.state], ['Began', `${formatTime(handover.startedAt)} by ${printable(handover.actor)}`], ['Ended', handover.endedAt === null ? '' : formatTime(handover.endedAt)],
    ['Needs or waits', handover.problem === null ? '' : printable(handover.problem)],
  ]);
  const problems = handover.images.filter((image) => image.problem !== null && image.problem !== handover.problem).map((image) => `${printable(image.imageName)}: ${printable(image.problem ?? '')}`);
  return [head, ...(handover.images.length === 0 ? [] : ['', images]), ...problems, ...nextWords(handover, nameOf)].join('\n');
}

function nextWords({ id, state, kind, fromServerId, undo }: Handover, nameOf: (id: string) => string): string[] {
  const short = id.slice(0, 8);
  if (state === 'ready') return ['', `Every version of every image deploys without ${printable(nameOf(fromServerId ?? ''))}. To let it go: platen server hand-over ${short} --let-go`];
  if (state === 'done' && undo !== null) return ['', `To take it back: platen server hand-over ${short} --undo`];
  if (state === 'done' || state === 'cancelled' || state === 'failed') return [];
  return ['', `It goes on by itself${kind === 'retire' || kind === 'replace' ? ', until it is ready to let the server go' : ''}. To end it: platen server hand-over ${short} --cancel`];
}

function kindWords(handover: Handover, nameOf: (id: string) => string): string {
  const [from, to] = [printable(nameOf(handover.fromServerId ?? '')), handover.toServerId === null ? '' : ` to ${printable(nameOf(handover.toServerId))}`];
  switch (handover.kind) {
    case 'take-ownership': return `ownership${to}`;
    case 'retire': return `retire ${from}${to}`;
    case 'replace': return `replace ${from} by ${printable(nameOf(handover.toServerId ?? ''))}`;
    case 'recover': return `recover ${from}${to}`;
  }
}

async function serverNames(calls: Api): Promise<(id: string) => string> {
  const names = new Map((await calls.servers.list.query()).map((server) => [server.id, server.name]));
  return (id) => names.get(id) ?? 'a server that is gone';
}
