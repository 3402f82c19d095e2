// Owns `platen server` where servers hand over to each other: take-ownership, retire, replace, recover. Each tells what it would do, begins it,
// and with --wait shows how far it is. The rules are the server's.
import type { HandoverRequest } from '#shared/model/replication.ts';
import type { Command, CommandContext, Outcome } from './command.ts';
import { handoverOutcome, waitForHandover } from './server-handovers.ts';
import { consequencesText } from './servers-words.ts';
import { usage } from './usage.ts';

const SERVER = { name: 'SERVER', required: true } as const;
const options = {
  preview: { help: 'only tell what it would do' },
  wait: { help: 'wait until it is through, or needs a person (exit code 1)' },
  yes: { help: 'do not ask' },
} as const;

export const serverTakeOwnership: Command = {
  path: ['server', 'take-ownership'],
  summary: 'let another server own images: copied and proved there first',
  description: 'Lets the server that --to names own these images, or with --from all that another server owns. Every version is copied there and re-hashed from its disk first; then the owner changes, image by image. Nothing is deleted anywhere, and no scope changes. To the console, that is re-homing. '
    + 'It tells what it does before it does; with --preview it only tells.',
  positionals: [{ name: 'IMAGE', required: false, many: true }],
  options: { to: { value: 'SERVER', help: 'the new owner' }, from: { value: 'SERVER', help: 'all images that this server owns' }, ...options },
  examples: ["platen server take-ownership 'Lab Win11' --to PS010", 'platen server take-ownership --from PS008 --to PS010 --preview'],
  run: async (context) => {
    const { api, input } = context;
    const { to, from } = input.texts;
    if (to === undefined) throw usage('Say who is to own them: --to SERVER.', 'platen server take-ownership');
    if ((from === undefined) === (input.positionals.length === 0)) throw usage('Name the images, or with --from SERVER all that a server owns; not both.', 'platen server take-ownership');
    const images = from === undefined ? [...input.positionals] : await ownedBy(await api(), from);
    if (images.length === 0) return { json: { handover: null }, text: `${from ?? ''} owns no images: there is nothing to do.` };
    return await handOver(context, { kind: 'take-ownership', images, to });
  },
};

export const serverRetire: Command = {
  path: ['server', 'retire'],
  summary: 'take a server out of service: others own and prove what it had',
  description: 'Everything the server owns goes to the one that --to names, or to the server that holds most of it already: copied, re-hashed there, then owned there. When every version of every image deploys with this server ignored, the hand-over is ready and you let it go '
    + '(platen server hand-over ID --let-go). Until then --cancel gives everything back. Nothing is deleted anywhere.',
  positionals: [SERVER],
  options: { to: { value: 'SERVER', help: 'the new owner of what it owns' }, ...options },
  examples: ['platen server retire PS008 --preview', 'platen server retire PS008 --to PS010 --wait'],
  run: async (context) => await handOver(context, { kind: 'retire', from: context.input.positionals[0] ?? '', to: context.input.texts['to'] ?? null }),
};

export const serverReplace: Command = {
  path: ['server', 'replace'],
  summary: 'put a new server in the place of an old one',
  description: 'Retires the first server to the second, which also takes its place: site, limit, what is assigned to it, and, when the old one is let go, its rules and edge servers.',
  positionals: [SERVER, { name: 'BY', required: true }],
  options,
  examples: ['platen server replace PS008 PS010 --preview', 'platen server replace PS008 PS010 --wait'],
  run: async (context) => await handOver(context, { kind: 'replace', from: context.input.positionals[0] ?? '', to: context.input.positionals[1] ?? '' }),
};

export const serverRecover: Command = {
  path: ['server', 'recover'],
  summary: 'a server is lost: let others own its images, from their proved copies',
  description: 'For a server that is gone for good. Its images, with the same identity, belong to the server that --to names, or each to the one that has most of it proved. Nothing is asked of the lost server. Versions that are proved nowhere else stop it, unless --accept-loss: then they stay listed as lost, and the rest is recovered.',
  positionals: [SERVER],
  options: { to: { value: 'SERVER', help: 'the new owner of what it owned' }, 'accept-loss': { help: 'also where versions are proved nowhere else' }, ...options },
  examples: ['platen server recover PS008 --preview', 'platen server recover PS008 --to PS010 --wait'],
  run: async (context) => await handOver(context, { kind: 'recover', from: context.input.positionals[0] ?? '', to: context.input.texts['to'] ?? null, acceptLoss: context.input.switches.has('accept-loss') }),
};

async function ownedBy(calls: Awaited<ReturnType<CommandContext['api']>>, ref: string): Promise<string[]> {
  const server = await calls.servers.get.query({ server: ref });
  return (await calls.images.list.query()).filter((image) => image.owner.serverId === server.id).map((image) => image.guid);
}

async function handOver(context: CommandContext, request: HandoverRequest): Promise<Outcome> {
  const { api, input } = context;
  const calls = await api();
  const preview = await calls.handovers.preview.query(request);
  const told = consequencesText(preview.consequences);
  if (input.switches.has('preview')) return { json: { preview }, text: `${told}\n${preview.blocked ? 'It can\'t begin as asked; the lines with ! say why. ' : ''}Nothing was changed.`, exitCode: preview.blocked ? 3 : 0 };
  if (!preview.blocked && context.interactive && !input.switches.has('yes')) {
    context.say(told);
    if (!(await context.confirm('Begin?'))) return { json: { handover: null }, text: 'Nothing was changed.', exitCode: 1 };
  }
  // What is blocked is refused by the server, with the reasons.
  const handover = await calls.handovers.begin.mutate({ request, digest: preview.digest });
  if (!input.switches.has('wait')) return await handoverOutcome(calls, handover);
  return await handoverOutcome(calls, await waitForHandover(context, calls, handover), { waited: true });
}
