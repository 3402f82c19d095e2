// Owns `platen site`: list, add, set, show, delete. Templates are in site-templates.ts.
import type { Site } from '#shared/model/replication.ts';
import { windowsText } from '#shared/model/window-text.ts';
import type { Command, Input } from './command.ts';
import { limitWords, readRate, readWindow } from './servers-words.ts';
import { pairs, printable, table } from './table.ts';
import { usage } from './usage.ts';

const SITE = { name: 'SITE', required: true } as const;
const options = {
  description: { value: 'TEXT', help: 'what it is' },
  subnet: { value: 'SUBNET', help: 'a subnet whose computers are at the site (10.1.0.0/16); give it once for each', many: true },
  template: { value: 'TEMPLATE', help: 'the site template it follows; none for none' },
  limit: { value: 'RATE', help: 'copying there at most this fast: 10M is 10 MB/s; none for no limit' },
  window: { value: 'WHEN', help: 'copying there only then: "mon-fri 22:00-06:00"; give it once for each; always for no windows', many: true },
  'locally-managed': { help: 'it works as if it stood alone, and keeps what it has' },
} as const;

export const siteList: Command = {
  path: ['site', 'list'],
  summary: 'all sites with their subnets, servers and templates',
  description: 'Lists sites: which subnets belong to them, which package servers are there, and which template says what they get.',
  positionals: [], options: {},
  examples: ['platen site list'],
  run: async ({ api }) => {
    const calls = await api();
    const [sites, servers] = [await calls.sites.list.query(), await calls.servers.list.query()];
    const names = new Map(servers.map((server) => [server.id, server.name]));
    const text = table(sites, [
      { title: 'SITE', text: (site) => printable(site.name) },
      { title: 'SUBNETS', text: (site) => site.subnets.join(', ') },
      { title: 'SERVERS', text: (site) => site.serverIds.map((id) => printable(names.get(id) ?? id)).join(', ') },
      { title: 'TEMPLATE', text: (site) => printable(site.templateName ?? '') },
      { title: 'LOCALLY MANAGED', text: (site) => (site.locallyManaged ? 'yes' : '') },
    ]);
    return { json: sites, text: sites.length === 0 ? 'There are no sites yet. To make one: platen site add Rome --subnet 10.1.0.0/16' : text };
  },
};

export const siteAdd: Command = {
  path: ['site', 'add'],
  summary: 'make a site',
  description: 'Makes a site: the subnets whose computers are there, and what copies to its package servers: which template, how fast, when. Servers are put into it with platen server set SERVER --site SITE.',
  positionals: [{ name: 'NAME', required: true }], options,
  examples: ['platen site add Rome --subnet 10.1.0.0/16', "platen site add Rome --subnet 10.1.0.0/16 --template Schools --limit 10M --window 'mon-fri 22:00-06:00'"],
  run: async ({ api, input }) => {
    const calls = await api();
    const [name = ''] = input.positionals;
    const change = await changeOf(input, async (ref) => (await calls.sites.template.query({ template: ref })).id);
    const made = await calls.sites.create.mutate({ name, description: '', subnets: [], locallyManaged: false, templateId: null, bytesPerSecond: null, windows: [], ...change });
    return { json: made, text: `The site ${printable(name)} is there.` };
  },
};

export const siteSet: Command = {
  path: ['site', 'set'],
  summary: 'change a site',
  description: 'Changes a site; what is not named stays. Subnets and windows that are given replace those there are.',
  positionals: [SITE],
  options: { name: { value: 'NAME', help: 'another name' }, ...options, 'centrally-managed': { help: 'it gets what its template and the settings say' } },
  examples: ['platen site set Rome --template Schools', 'platen site set Rome --locally-managed', 'platen site set Rome --window always --limit none'],
  run: async ({ api, input }) => {
    const calls = await api();
    const [ref = ''] = input.positionals;
    const change = await changeOf(input, async (template) => (await calls.sites.template.query({ template })).id);
    if (Object.keys(change).length === 0) throw usage('Say what to change: for instance --subnet, --template, --limit or --window.', 'platen site set');
    const result = await calls.sites.save.mutate({ site: ref, change });
    return { json: { site: ref, ...result }, text: result.undo === null ? `${printable(ref)} is so already.` : `${printable(ref)} is changed.` };
  },
};

export const siteShow: Command = {
  path: ['site', 'show'],
  summary: 'one site, with its servers and its history',
  description: 'Shows a site: subnets, package servers, template, limit, windows, and what was changed by whom.',
  positionals: [SITE], options: {},
  examples: ['platen site show Rome'],
  run: async ({ api, input }) => {
    const calls = await api();
    const site = await calls.sites.get.query({ site: input.positionals[0] ?? '' });
    const servers = (await calls.servers.list.query()).filter((server) => server.siteId === site.id);
    return { json: { ...site, servers }, text: siteText(site, servers.map((server) => server.name)) };
  },
};

export const siteDelete: Command = {
  path: ['site', 'delete'],
  summary: 'delete a site; its servers stay, in no site',
  description: 'Deletes a site. Its package servers stay joined and keep what they have; they are in no site. In the console this can be undone for a week.',
  positionals: [SITE], options: {},
  examples: ['platen site delete Rome'],
  run: async ({ api, input }) => {
    const [ref = ''] = input.positionals;
    const result = await (await api()).sites.trash.mutate({ site: ref });
    return { json: { deleted: ref, ...result }, text: `The site ${printable(ref)} is deleted. Its servers keep what they have.` };
  },
};

type Change = Partial<Pick<Site, 'name' | 'description' | 'subnets' | 'locallyManaged' | 'templateId' | 'bytesPerSecond' | 'windows'>>;

async function changeOf(input: Input, templateId: (ref: string) => Promise<string>): Promise<Change> {
  const { name, description, template, limit } = input.texts;
  const given = (option: string): string[] => input.given.filter((each) => each.name === option).map((each) => each.value);
  const [local, central] = [input.switches.has('locally-managed'), input.switches.has('centrally-managed')];
  if (local && central) throw usage('A site is either locally or centrally managed.', 'platen site set');
  const windows = given('window');
  return {
    ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }), ...(given('subnet').length === 0 ? {} : { subnets: given('subnet') }),
    ...(template === undefined ? {} : { templateId: template === 'none' ? null : await templateId(template) }), ...(limit === undefined ? {} : { bytesPerSecond: readRate(limit) }),
    ...(windows.length === 0 ? {} : { windows: windows.includes('always') ? [] : windows.map(readWindow) }), ...(local || central ? { locallyManaged: local } : {}),
  };
}

function siteText(site: Site, servers: readonly string[]): string {
  return pairs([
    ['Site', printable(site.name)], ['Id', site.id], ['Description', printable(site.description)], ['Subnets', site.subnets.join('\n') || 'none'], ['Servers', servers.map(printable).join(', ') || 'none'],
    ['Template', printable(site.templateName ?? 'none')], ['Managed', site.locallyManaged ? 'locally' : 'centrally'], ['Limit', limitWords(site.bytesPerSecond)], ['Copies', windowsText(site.windows)],
  ]);
}
