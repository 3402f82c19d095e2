// Owns `platen server`: list, add, show, rename, set, revoke, rules, and where images go (assign).
import { forecastWords } from '#shared/model/forecast.ts';
import { scopes, type PackageServer } from '#shared/model/replication.ts';
import { formatBytes, formatDuration, formatRate } from '#shared/units.ts';
import type { Command, CommandContext, Outcome } from './command.ts';
import { clockWords, consequencesText, copiesWords, limitWords, readRate, serverStateWords } from './servers-words.ts';
import { pairs, printable, table } from './table.ts';
import { usage } from './usage.ts';
import { formatTime } from './words.ts';

const SERVER = { name: 'SERVER', required: true } as const;

export const serverList: Command = {
  path: ['server', 'list'],
  summary: 'all servers: connected or not, room, copies, what is moving',
  description: 'Lists this console and its package servers: their sites, whether they are connected, the room there, their copies by state, and how many images they own.',
  positionals: [], options: {},
  examples: ['platen server list'],
  run: async ({ api, now }) => {
    const servers = await (await api()).servers.list.query();
    const text = table(servers, [
      { title: 'SERVER', text: (server) => printable(server.name) },
      { title: 'SITE', text: (server) => printable(server.siteName ?? '') },
      { title: 'STATE', text: (server) => serverStateWords(server, now()) },
      { title: 'FREE', right: true, text: (server) => (server.freeBytes === null ? '' : formatBytes(server.freeBytes)) },
      { title: 'COPIES', text: (server) => copiesWords(server) },
      { title: 'OWNS', right: true, text: (server) => String(server.ownedImages) },
      { title: 'VERSION', text: (server) => printable(server.version) },
    ]);
    const problems = servers.flatMap((server) => server.problems.map((problem) => `${printable(server.name)}: ${printable(problem)}`));
    return { json: servers, text: [text, ...problems].join('\n') };
  },
};

export const serverAdd: Command = {
  path: ['server', 'add'],
  summary: 'let another machine join as a package server',
  description: 'Makes a one-time token, good for a day, and prints the command to run on the other machine. That machine then holds verified copies of images and hands them to the computers near it. The token is shown once.',
  positionals: [{ name: 'NAME', required: true }],
  options: { site: { value: 'SITE', help: 'put it into this site' }, parent: { value: 'SERVER', help: 'make it an edge server that copies from this one' } },
  examples: ['platen server add PS008', 'platen server add PS008 --site Rome'],
  run: async ({ api, input }) => {
    const [name = ''] = input.positionals;
    const token = await (await api()).servers.add.mutate({ name, site: input.texts['site'] ?? null, parent: input.texts['parent'] ?? null });
    const text = [...(token.note === null ? [] : [token.note, '']), `On the machine that is to be ${printable(name)}, until ${formatTime(token.expiresAt)}:`, `  ${token.command}`, '--data DIR chooses where its copies lie. Afterwards platen serve --data DIR is enough there.'];
    return { json: token, text: text.join('\n') };
  },
};

export const serverShow: Command = {
  path: ['server', 'show'],
  summary: 'one server: addresses, room, copies, what is moving, problems',
  description: 'Shows all that is known of a server: addresses, site, room with what is still to come, copies by state, the last proof, its clock, what is moving now, and what came there before with the sources used (--history).',
  positionals: [SERVER],
  options: { history: { help: 'the last transfers, and what happened to the server' } },
  examples: ['platen server show PS008', 'platen server show PS008 --history'],
  run: async ({ api, input, now }) => {
    const calls = await api();
    const [ref = ''] = input.positionals;
    const server = await calls.servers.get.query({ server: ref });
    if (!input.switches.has('history')) return { json: server, text: serverText(server, now()) };
    const [transfers, history] = [await calls.servers.transfers.query({ server: server.id, limit: 20 }), await calls.servers.history.query({ server: server.id })];
    const moved = table(transfers, [
      { title: 'ENDED', text: (transfer) => formatTime(transfer.endedAt) },
      { title: 'VERSION', text: (transfer) => `${printable(transfer.imageName)} v${transfer.number}` },
      { title: 'OUTCOME', text: (transfer) => transfer.outcome },
      { title: 'CAME', right: true, text: (transfer) => formatBytes(transfer.wireBytes) },
      { title: 'TOOK', text: (transfer) => formatDuration((transfer.endedAt - transfer.startedAt) / 1000) },
      { title: 'FROM', text: (transfer) => transfer.sources.map((source) => `${printable(source.serverName)} ${formatBytes(source.bytes)}`).join(', ') },
    ]);
    const happened = history.slice(0, 20).map((event) => `${formatTime(event.at)}  ${printable(event.actor)}  ${printable(event.message)}`);
    return { json: { ...server, transfers, history }, text: [serverText(server, now()), '', moved, '', ...happened].join('\n') };
  },
};

export const serverRename: Command = {
  path: ['server', 'rename'],
  summary: 'give a package server another name',
  description: 'Gives a package server another name. SERVER is its name or id. The console\'s own name is a setting (platen settings set serverName=NAME).',
  positionals: [SERVER, { name: 'NAME', required: true }], options: {},
  examples: ['platen server rename PS008 Library'],
  run: async ({ api, input }) => {
    const [ref = '', name = ''] = input.positionals;
    const result = await (await api()).servers.rename.mutate({ server: ref, name });
    return { json: { server: ref, name, ...result }, text: `${printable(ref)} is now called ${printable(name)}.` };
  },
};

export const serverSet: Command = {
  path: ['server', 'set'],
  summary: 'set a server\'s site, the server it copies from, or its limit',
  description: 'Puts a server into a site (or none), makes it an edge server that copies from another one (or from all again), or limits how fast it copies. What is not named stays.',
  positionals: [SERVER],
  options: { site: { value: 'SITE', help: 'its site; none for no site' }, parent: { value: 'SERVER', help: 'copy from this one alone; none for all' }, limit: { value: 'RATE', help: 'at most this fast: 10M is 10 MB/s; none for no limit' } },
  examples: ['platen server set PS008 --site Rome', 'platen server set PS010 --parent PS008', 'platen server set PS008 --limit 10M'],
  run: async ({ api, input }) => {
    const calls = await api();
    const { site, parent, limit } = input.texts;
    if (site === undefined && parent === undefined && limit === undefined) throw usage('Say what to set: --site, --parent or --limit.', 'platen server set');
    const bytesPerSecond = limit === undefined ? undefined : readRate(limit);
    const server = await calls.servers.get.query({ server: input.positionals[0] ?? '' });
    const said = (text: string | undefined, now: string | null): string | null => (text === undefined ? now : text === 'none' ? null : text);
    if (site !== undefined || parent !== undefined) await calls.servers.setSite.mutate({ server: server.id, site: said(site, server.siteId), parent: said(parent, server.parentId) });
    if (bytesPerSecond !== undefined) await calls.servers.setLimit.mutate({ server: server.id, bytesPerSecond });
    const now = await calls.servers.get.query({ server: server.id });
    return { json: now, text: `${printable(now.name)}: site ${printable(now.siteName ?? 'none')}, limit ${limitWords(now.bytesPerSecond)}.` };
  },
};

export const serverRevoke: Command = {
  path: ['server', 'revoke'],
  summary: 'put a server out: lost, stolen, or not wanted any more',
  description: 'The server is neither served nor asked any more, at once. What it holds stays there; it deletes nothing. One that owns images is refused: retire it instead, or add --force where it is lost. To take it in again, add it again: it keeps its copies.',
  positionals: [SERVER],
  options: { force: { help: 'also one that owns images' }, yes: { help: 'do not ask' } },
  examples: ['platen server revoke PS008', 'platen server revoke PS008 --force --yes'],
  run: async (context) => {
    const { api, input } = context;
    const calls = await api();
    const server = await calls.servers.get.query({ server: input.positionals[0] ?? '' });
    if (!input.switches.has('yes')) {
      if (!context.interactive) throw usage(`Revoking ${printable(server.name)} can only be taken back by joining it again, and nobody can be asked here: add --yes.`, 'platen server revoke');
      if (!(await context.confirm(`Revoke ${printable(server.name)}? It can only come back with a new token.`))) return { json: { revoked: null }, text: 'Nothing was changed.', exitCode: 1 };
    }
    await calls.servers.revoke.mutate({ server: server.id, force: input.switches.has('force') });
    return { json: { revoked: server.id }, text: `${printable(server.name)} is revoked. It keeps what it has and is asked for nothing.` };
  },
};

export const serverRules: Command = {
  path: ['server', 'rules'],
  summary: 'which server computers of a subnet read from',
  description: 'Shows the rules that say which server the computers of a subnet read from, in their order. --set SUBNET=SERVER (again and again) sets all of them, --clear takes them off. Without a rule a computer reads from a server of its site, then from the console.',
  positionals: [],
  options: { set: { value: 'SUBNET=SERVER', help: 'a rule; give it once for each', many: true }, clear: { help: 'no rules' } },
  examples: ['platen server rules', 'platen server rules --set 10.1.7.0/24=PS008 --set 10.1.0.0/16=PS009', 'platen server rules --clear'],
  run: async ({ api, input }) => {
    const calls = await api();
    const given = input.given.filter((each) => each.name === 'set').map(({ value }) => {
      const at = value.indexOf('=');
      if (at < 1) throw usage(`"${value}" is no rule. One reads like 10.1.7.0/24=PS008.`, 'platen server rules');
      return { subnet: value.slice(0, at), server: value.slice(at + 1) };
    });
    if (given.length > 0 || input.switches.has('clear')) await calls.servers.setRules.mutate({ rules: given });
    const [rules, servers] = [await calls.servers.rules.query(), await calls.servers.list.query()];
    const names = new Map(servers.map((server) => [server.id, server.name]));
    const text = table(rules, [{ title: 'SUBNET', text: (rule) => rule.subnet }, { title: 'READS FROM', text: (rule) => printable(names.get(rule.serverId) ?? rule.serverId) }]);
    return { json: rules, text: rules.length === 0 ? 'There are no rules: computers read from a server of their site, then from the console.' : text };
  },
};

export const serverAssign: Command = {
  path: ['server', 'assign'],
  summary: 'say which servers are to hold images',
  description: 'Says where images go: to the servers named, or with --scope to all, to none but the owner, or as the setting and the site say (default). It tells what each server gets or does not get any more; with --preview it tells and changes nothing. Nothing is ever deleted by it, and owners stay who they are.',
  positionals: [{ name: 'IMAGE', required: true, many: true }],
  options: { to: { value: 'SERVER', help: 'this server; give it once for each', many: true }, scope: { value: 'SCOPE', help: 'all, none or default instead of servers' }, preview: { help: 'only tell what it would do' } },
  examples: ["platen server assign 'Lab Win11' --to PS008 --to PS009", "platen server assign 'Lab Win11' --scope all --preview"],
  run: assign,
};

async function assign({ api, input }: CommandContext): Promise<Outcome> {
  const servers = input.given.filter((each) => each.name === 'to').map((each) => each.value);
  const { scope: text } = input.texts;
  if ((text === undefined) === (servers.length === 0)) throw usage('Say where to: either --to SERVER, or --scope all, none or default.', 'platen server assign');
  const scope = text === undefined ? 'selected' : scopes.find((each) => each === text && each !== 'selected');
  if (scope === undefined) throw usage(`"${text}" is no scope. There are all, none and default; servers are named with --to.`, 'platen server assign');
  const calls = await api();
  const change = { images: [...input.positionals], scope, servers };
  const consequences = await calls.replication.previewScope.query(change);
  if (input.switches.has('preview')) return { json: { consequences }, text: `${consequencesText(consequences)}\nNothing was changed.` };
  const result = await calls.replication.setScope.mutate(change);
  return { json: { consequences, ...result }, text: consequencesText(consequences) };
}

function serverText(server: PackageServer, now: number): string {
  const room = server.freeBytes === null ? '' : `${formatBytes(server.freeBytes)}${server.totalBytes === null ? '' : ` of ${formatBytes(server.totalBytes)}`}${server.neededBytes === 0 ? '' : `, ${formatBytes(server.neededBytes)} still to come${server.fits ? '' : ': too little'}`}${forecastWords(server.fullInDays) === null ? '' : `; ${forecastWords(server.fullInDays) ?? ''}`}`;
  const moving = server.moving.map((each) => `${printable(each.imageName)} v${each.number}: ${each.waitingFor === null ? `${each.state} ${formatBytes(each.doneBytes)} of ${formatBytes(each.totalBytes)}, ${formatRate(each.rateBytesPerSecond)}` : printable(each.waitingFor)}`);
  return pairs([
    ['Server', printable(server.name)], ['Id', server.id], ['Role', server.role === 'console' ? 'console' : 'package server'], ['State', serverStateWords(server, now)], ['Site', printable(server.siteName ?? '')], ['Addresses', server.addresses.map(printable).join('\n')],
    ['Fingerprint', server.fingerprint], ['Version', printable(server.version)], ['Free there', room], ['Copies', copiesWords(server)], ['Owns', server.ownedImages === 1 ? '1 image' : `${server.ownedImages} images`],
    ['Last proof', server.lastProofAt === null ? '' : formatTime(server.lastProofAt)], ['Clock', server.clockSkewMs === null || server.isSelf ? '' : clockWords(server.clockSkewMs)], ['Limit', limitWords(server.bytesPerSecond)],
    ['Moving', moving.join('\n')], ['Needs a person', server.problems.map(printable).join('\n') || 'nothing'],
  ]);
}
