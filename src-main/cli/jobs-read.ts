// Owns `platen job` as far as it only looks: tree, list, show, history.
import type { JobDetail, JobFolder, JobFolderDetail, JobSummary } from '#shared/model/job.ts';
import { taskSummary } from '#shared/model/job.ts';
import { isNameOverride, itemsOf, treeOf, type MenuItem, type Tree } from '#shared/model/menu.ts';
import type { Api } from './client.ts';
import type { Command } from './command.ts';
import { ITEM, jobSubject } from './jobs-subject.ts';
import { pairs, printable, table } from './table.ts';
import { formatTime } from './words.ts';

const noJobs = "There are no jobs yet. Make one:\n  platen job create 'Lab Win11 (MI)' --deploy 'Lab Win11' --power restart";

export const jobTree: Command = {
  path: ['job', 'tree'],
  summary: 'all folders and jobs as a tree, with what the portal offers',
  description: 'Shows all folders and jobs in the order in which a folder runs them, with their tags, and what each is called in the portal. '
    + 'A folder that is in the portal is one item that runs every job below it.',
  positionals: [],
  options: {},
  examples: ['platen job tree', 'platen job tree --json'],
  run: async ({ api }) => {
    const calls = await api();
    const [jobs, folders, { menu }] = await Promise.all([calls.jobs.list.query(), calls.jobs.folders.query(), calls.portal.preview.query()]);
    const items = new Map(itemsOf(menu).map((item) => [item.id, item]));
    const rows = treeRows(treeOf(folders, jobs), items);
    const text = table(rows, [
      { title: 'NAME', text: (row) => `${'  '.repeat(row.depth)}${printable(row.name)}${row.kind === 'folder' ? ' /' : ''}` },
      { title: 'IN THE PORTAL', text: (row) => row.portal },
      { title: 'TASKS', right: true, text: (row) => (row.tasks === null ? '' : String(row.tasks)) },
      { title: 'PROBLEM', text: (row) => printable(row.problem) },
    ]);
    return { json: rows.map(({ id, kind, name, depth, portal, tasks, problem }) => ({ id, kind, name, depth, inPortal: portal === '' ? null : portal, tasks, problem: problem === '' ? null : problem })), text: rows.length === 0 ? noJobs : text };
  },
};

type Row = { id: string; kind: 'job' | 'folder'; name: string; depth: number; portal: string; tasks: number | null; problem: string };
function treeRows(tree: Tree<JobFolder, JobSummary>, items: ReadonlyMap<string, MenuItem>, at: string | null = null, depth = 0): Row[] {
  const { folders, jobs } = tree.at(at);
  return [
    ...jobs.map((job): Row => ({ id: `job/${job.id}`, kind: 'job', name: job.name, depth, portal: isNameOverride(job.name) ? 'names its folder' : portalWords(items.get(`job/${job.id}`), job.published), tasks: job.taskCount, problem: job.problem ?? '' })),
    ...folders.flatMap((folder): Row[] => [
      { id: `folder/${folder.id}`, kind: 'folder', name: folder.name, depth, portal: portalWords(items.get(`folder/${folder.id}`), folder.published), tasks: null, problem: '' },
      ...treeRows(tree, items, folder.id, depth + 1),
    ]),
  ];
}
function portalWords(item: MenuItem | undefined, published: boolean): string {
  if (item === undefined) return published ? 'published, not offered' : '';
  return `“${printable(item.label)}”${item.id.startsWith('folder/') ? `, runs ${item.jobs} ${item.jobs === 1 ? 'job' : 'jobs'}` : ''}`;
}

export const jobList: Command = {
  path: ['job', 'list'],
  summary: 'all jobs, with their folder, tasks and problems',
  description: 'Lists all jobs by name: the folder each is in, whether it is published, how many tasks it has, who changed it last, and why it can\'t run where that is so.',
  positionals: [],
  options: { trash: { help: 'what is in the trash instead, folders too' } },
  examples: ['platen job list', 'platen job list --trash', "platen job list --json | jq -r '.[].name'"],
  run: async ({ api, input }) => {
    const calls = await api();
    if (input.switches.has('trash')) {
      const trash = await calls.jobs.inTrash.query();
      const rows = [...trash.folders.map((each) => ({ ...each, kind: 'folder' })), ...trash.jobs.map((each) => ({ ...each, kind: 'job' }))];
      const text = table(rows, [
        { title: 'NAME', text: (row) => printable(row.name) }, { title: 'KIND', text: (row) => row.kind },
        { title: 'DELETED', text: (row) => (row.trashedAt === null ? '' : formatTime(row.trashedAt)) }, { title: 'ID', text: (row) => `${row.kind}/${row.id}` },
      ]);
      return { json: trash, text: rows.length === 0 ? 'The trash is empty.' : text };
    }
    const [jobs, paths] = await Promise.all([calls.jobs.list.query(), folderPaths(calls)]);
    const text = table(jobs, [
      { title: 'NAME', text: (job) => printable(job.name) },
      { title: 'FOLDER', text: (job) => printable(paths.get(job.folderId) ?? '') },
      { title: 'PUBLISHED', text: (job) => (job.published ? 'yes' : '') },
      { title: 'TASKS', right: true, text: (job) => String(job.taskCount) },
      { title: 'CHANGED', text: (job) => formatTime(job.updatedAt) },
      { title: 'BY', text: (job) => printable(job.updatedBy) },
      { title: 'PROBLEM', text: (job) => printable(job.problem ?? '') },
    ]);
    return { json: jobs, text: jobs.length === 0 ? noJobs : text };
  },
};

async function folderPaths(calls: Api): Promise<Map<string | null, string>> {
  const folders = new Map((await calls.jobs.folders.query()).map((folder) => [folder.id, folder]));
  const pathOf = (id: string | null): string => {
    const folder = id === null ? undefined : folders.get(id);
    return folder === undefined ? '' : [pathOf(folder.parentId), folder.name].filter((part) => part !== '').join(' / ');
  };
  return new Map([...folders.keys()].map((id) => [id, pathOf(id)]));
}

export const jobShow: Command = {
  path: ['job', 'show'],
  summary: 'one job with its tasks, or what running a folder runs',
  description: 'Shows a job with its tasks in order; of a folder, the jobs that running it would run, in that order. It may be named by its name, its path (Imaging/Win11 lab) or its id.',
  positionals: [ITEM],
  options: {},
  examples: ["platen job show 'Win11 lab'", "platen job show 'Imaging/Win11 lab' --json"],
  run: async (context) => {
    const { calls, found } = await jobSubject(context);
    if (found.kind === 'folder') {
      const folder = await calls.jobs.folder.query({ folder: found.item });
      return { json: folder, text: folderText(folder) };
    }
    const job = await calls.jobs.get.query({ job: found.item });
    return { json: job, text: jobText(job) };
  },
};

function jobText(job: JobDetail): string {
  const head = pairs([
    ['Name', printable(job.name)], ['Id', `job/${job.id}`], ['Folder', job.path.map((folder) => printable(folder.name)).join(' / ')], ['Portal text', printable(job.description)],
    ['Published', publishedWords(job)], ['Revision', `${job.rev}, ${formatTime(job.updatedAt)} by ${printable(job.updatedBy)}`],
    ['Problem', printable(job.problem ?? '')], ['Trash', job.trashedAt === null ? '' : `in the trash since ${formatTime(job.trashedAt)}`],
  ]);
  return job.tasks.length === 0 ? head : `${head}\n\n${job.tasks.map((task, index) => `${String(index + 1).padStart(2)}  ${printable(taskSummary(task))}`).join('\n')}`;
}
function folderText(folder: JobFolderDetail): string {
  const head = pairs([
    ['Name', printable(folder.name)], ['Id', `folder/${folder.id}`], ['In', folder.path.map((each) => printable(each.name)).join(' / ')], ['Portal text', printable(folder.description)],
    ['Published', publishedWords(folder)], ['Holds', `${folder.jobCount} jobs, ${folder.folderCount} folders`],
  ]);
  return folder.runs.length === 0 ? head : `${head}\n\nRunning it runs\n${folder.runs.map((job, index) => `${String(index + 1).padStart(2)}  ${printable(job.path)} / ${printable(job.name)}`).join('\n')}`;
}
function publishedWords({ published, showInPortal }: { published: boolean; showInPortal: boolean }): string {
  return !published ? 'no' : showInPortal ? 'yes, by the switch' : 'yes, by (MI) in its name';
}

export const jobHistory: Command = {
  path: ['job', 'history'],
  summary: 'what changed in a job or folder, by whom and when',
  description: 'Lists what happened to a job or folder: every save with what it changed, moves, the trash. A number is the revision of a job: `platen job restore` makes it the newest again.',
  positionals: [ITEM],
  options: {},
  examples: ["platen job history 'Win11 lab'"],
  run: async (context) => {
    const { calls, found } = await jobSubject(context);
    const events = await calls.jobs.events.query({ what: found.item });
    const text = table(events, [
      { title: 'REVISION', right: true, text: (event) => (typeof event.data['rev'] === 'number' ? String(event.data['rev']) : event.kind === 'created' && found.kind === 'job' ? '1' : '') },
      { title: 'WHEN', text: (event) => formatTime(event.at) },
      { title: 'WHO', text: (event) => printable(event.actor) },
      { title: 'WHAT', text: (event) => printable(event.message) },
    ]);
    return { json: events, text };
  },
};
