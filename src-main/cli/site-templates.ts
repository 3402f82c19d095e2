// Owns `platen site template`: list, add, show, set, publish, restore, delete.
import type { SiteTemplate, TemplateContent } from '#shared/model/replication.ts';
import { windowsText } from '#shared/model/window-text.ts';
import type { Api } from './client.ts';
import type { Command } from './command.ts';
import { numberOf } from './inputs.ts';
import { consequencesText, limitWords, readRate, readWindow } from './servers-words.ts';
import { pairs, printable, table } from './table.ts';
import { usage } from './usage.ts';
import { formatTime } from './words.ts';

const TEMPLATE = { name: 'TEMPLATE', required: true } as const;

export const templateList: Command = {
  path: ['site', 'template', 'list'],
  summary: 'all site templates',
  description: 'Lists site templates: how many images they name, whether their draft differs from what is published, and how many sites follow them.',
  positionals: [], options: {},
  examples: ['platen site template list'],
  run: async ({ api }) => {
    const templates = await (await api()).sites.templates.query();
    const text = table(templates, [
      { title: 'TEMPLATE', text: (template) => printable(template.name) },
      { title: 'REVISION', right: true, text: (template) => (template.revision === 0 ? '' : String(template.revision)) },
      { title: 'IMAGES', right: true, text: (template) => String((template.published ?? template.draft).images.length) },
      { title: 'SITES', right: true, text: (template) => String(template.siteIds.length) },
      { title: 'STATE', text: stateOf },
    ]);
    return { json: templates, text: templates.length === 0 ? 'There are no site templates yet. To make one: platen site template add Schools' : text };
  },
};

export const templateAdd: Command = {
  path: ['site', 'template', 'add'],
  summary: 'make a site template',
  description: 'Makes a site template: the images, limit and windows that a set of sites gets. It starts as an empty draft; nothing moves before it is published, and an empty one may be published.',
  positionals: [{ name: 'NAME', required: true }], options: {},
  examples: ['platen site template add Schools'],
  run: async ({ api, input }) => {
    const [name = ''] = input.positionals;
    const made = await (await api()).sites.createTemplate.mutate({ name });
    return { json: made, text: `The site template ${printable(name)} is there, as an empty draft. To fill it: platen site template set '${printable(name)}' --add IMAGE` };
  },
};

export const templateShow: Command = {
  path: ['site', 'template', 'show'],
  summary: 'one site template: draft, what is published, revisions',
  description: 'Shows a site template: the images of its draft, what publishing it would do, and the revisions that were published, by whom.',
  positionals: [TEMPLATE], options: {},
  examples: ['platen site template show Schools'],
  run: async ({ api, input }) => {
    const calls = await api();
    const template = await calls.sites.template.query({ template: input.positionals[0] ?? '' });
    const [history, consequences, names] = [await calls.sites.templateHistory.query({ template: template.id }), await calls.sites.previewTemplate.query({ template: template.id }), await imageNames(calls)];
    const { draft } = template;
    const text = [
      pairs([
        ['Template', printable(template.name)], ['State', stateOf(template)], ['Images', draft.images.map((guid) => printable(names.get(guid) ?? guid)).join('\n') || 'none'], ['Limit', limitWords(draft.bytesPerSecond)], ['Copies', windowsText(draft.windows)],
        ['Revisions', history.map((each) => `${each.revision}  ${formatTime(each.at)}  ${printable(each.actor)}  ${each.content.images.length === 1 ? '1 image' : `${each.content.images.length} images`}`).join('\n')],
      ]),
      ...(stateOf(template) === 'published' ? [] : ['', 'Publishing the draft:', consequencesText(consequences)]),
    ];
    return { json: { ...template, history, consequences }, text: text.join('\n') };
  },
};

export const templateSet: Command = {
  path: ['site', 'template', 'set'],
  summary: 'change the draft of a site template',
  description: 'Changes the draft: images come in and go out, limit and windows are set. Nothing moves before it is published. IMAGE is a name or GUID.',
  positionals: [TEMPLATE],
  options: {
    name: { value: 'NAME', help: 'another name' }, add: { value: 'IMAGE', help: 'with this image; give it once for each', many: true }, remove: { value: 'IMAGE', help: 'without this image; give it once for each', many: true },
    limit: { value: 'RATE', help: 'copying at most this fast: 10M is 10 MB/s; none for no limit' }, window: { value: 'WHEN', help: 'copying only then: "mon-fri 22:00-06:00"; give it once for each; always for no windows', many: true },
  },
  examples: ["platen site template set Schools --add 'Lab Win11'", "platen site template set Schools --remove 'Lab Win10' --window 'daily 22:00-06:00'"],
  run: async ({ api, input }) => {
    const calls = await api();
    const { name, limit } = input.texts;
    const given = (option: string): string[] => input.given.filter((each) => each.name === option).map((each) => each.value);
    const [added, removed, windows] = [given('add'), given('remove'), given('window')];
    if (name === undefined && limit === undefined && added.length + removed.length + windows.length === 0) throw usage('Say what to change: --add, --remove, --limit, --window or --name.', 'platen site template set');
    const template = await calls.sites.template.query({ template: input.positionals[0] ?? '' });
    const guids = async (refs: string[]): Promise<string[]> => Promise.all(refs.map(async (ref) => (await calls.images.get.query({ image: ref })).guid));
    const [more, less] = [await guids(added), new Set(await guids(removed))];
    const draft: TemplateContent = {
      images: [...new Set([...template.draft.images, ...more])].filter((guid) => !less.has(guid)), bytesPerSecond: limit === undefined ? template.draft.bytesPerSecond : readRate(limit),
      windows: windows.length === 0 ? template.draft.windows : windows.includes('always') ? [] : windows.map(readWindow),
    };
    const result = await calls.sites.saveDraft.mutate({ template: template.id, draft, ...(name === undefined ? {} : { name }) });
    const consequences = await calls.sites.previewTemplate.query({ template: template.id });
    const shown = printable(name ?? template.name);
    return { json: { template: template.id, draft, consequences, ...result }, text: `The draft of ${shown} is changed. Publishing it (platen site template publish '${shown}'):\n${consequencesText(consequences)}` };
  },
};

export const templatePublish: Command = {
  path: ['site', 'template', 'publish'],
  summary: 'publish the draft of a site template to the sites that follow it',
  description: 'Publishes the draft: the sites that follow the template get what it names from now on. It tells what each server gets or does not get any more; with --preview it tells and changes nothing. Nothing is deleted by it.',
  positionals: [TEMPLATE], options: { preview: { help: 'only tell what it would do' } },
  examples: ['platen site template publish Schools --preview', 'platen site template publish Schools'],
  run: async ({ api, input }) => {
    const calls = await api();
    const template = await calls.sites.template.query({ template: input.positionals[0] ?? '' });
    const consequences = await calls.sites.previewTemplate.query({ template: template.id });
    if (input.switches.has('preview')) return { json: { consequences }, text: `${consequencesText(consequences)}\nNothing was changed.` };
    const result = await calls.sites.publishTemplate.mutate({ template: template.id });
    return { json: { consequences, ...result }, text: `${printable(template.name)} is published as revision ${result.revision}.\n${consequencesText(consequences)}` };
  },
};

export const templateRestore: Command = {
  path: ['site', 'template', 'restore'],
  summary: 'publish an earlier revision of a site template again',
  description: 'Publishes an earlier revision again, as a new one. platen site template show lists them.',
  positionals: [TEMPLATE], options: { revision: { value: 'N', help: 'the revision' } },
  examples: ['platen site template restore Schools --revision 2'],
  run: async ({ api, input }) => {
    const revision = numberOf(input, 'revision', { least: 1 });
    if (revision === undefined) throw usage('Say which: --revision N. platen site template show lists them.', 'platen site template restore');
    const [template = ''] = input.positionals;
    const result = await (await api()).sites.restoreTemplate.mutate({ template, revision });
    return { json: result, text: `${printable(template)} is as revision ${revision} again; it is revision ${result.revision} now.` };
  },
};

export const templateDelete: Command = {
  path: ['site', 'template', 'delete'],
  summary: 'delete a site template that no site follows',
  description: 'Deletes a site template. One that sites follow is refused. In the console this can be undone for a week.',
  positionals: [TEMPLATE], options: {},
  examples: ['platen site template delete Schools'],
  run: async ({ api, input }) => {
    const [template = ''] = input.positionals;
    const result = await (await api()).sites.trashTemplate.mutate({ template });
    return { json: { deleted: template, ...result }, text: `The site template ${printable(template)} is deleted.` };
  },
};

function stateOf(template: SiteTemplate): string {
  if (template.published === null) return 'draft';
  return JSON.stringify(template.draft) === JSON.stringify(template.published) ? 'published' : 'published, with a draft';
}
async function imageNames(calls: Api): Promise<Map<string, string>> {
  return new Map((await calls.images.list.query({})).map((image) => [image.guid, image.name]));
}
