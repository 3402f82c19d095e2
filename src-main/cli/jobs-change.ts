// Owns `platen job` where it changes jobs and folders: create, edit, publish, rename, move, duplicate, restore, the trash.
import { withoutTag } from '#shared/model/menu.ts';
import { asAppError, type Api } from './client.ts';
import type { Command } from './command.ts';
import { numberOf } from './inputs.ts';
import { capital, folderFrom, ITEM, itemWords, JOB, jobSubject } from './jobs-subject.ts';
import { readText, taskOptions, tasksFrom, type TaskSources } from './jobs-tasks.ts';
import { quote } from './locate.ts';
import { printable } from './table.ts';
import { usage } from './usage.ts';

const inFolder = { folder: { value: 'FOLDER', help: 'in this folder (else at the top)' } } as const;
const portalText = { text: { value: 'TEXT', help: 'what the portal shows instead of the name' } } as const;

function sources(calls: Api): TaskSources {
  return {
    readText,
    findImage: async (name) => {
      const image = await calls.images.get.query({ image: name }).catch((error: unknown) => {
        if (asAppError(error).code === 'not-found') return null;
        throw error;
      });
      return image === null ? null : { guid: image.guid, name: image.name, versions: image.versions.map((version) => version.number) };
    },
  };
}

export const jobCreate: Command = {
  path: ['job', 'create'],
  summary: 'make a job of tasks, typed in their order or from a file',
  description: 'Makes a job. Its tasks are typed in the order in which they are to run, or come from a file (--tasks). What --to-disk and --seconds say is for the task before them. '
    + 'With (MI) anywhere in its name the job is in the portal at once; `platen job publish` does that later.',
  positionals: [{ name: 'NAME', required: true }],
  options: { ...inFolder, ...portalText, ...taskOptions },
  examples: [
    "platen job create 'Win11 lab (MI)' --folder Imaging --deploy 'Lab Win11' --to-disk smallest --power restart",
    "platen job create 'Nightly capture' --capture 'Lab Win11' --message 'Captured' --seconds 30",
    "platen job create 'Join domain' --script ./join.sh --seconds 600",
    "platen job create 'Copy' --tasks tasks.json",
  ],
  run: async ({ api, input }) => {
    const calls = await api();
    const tasks = await tasksFrom(input, sources(calls), 'platen job create');
    const folder = await folderFrom(calls, input.texts['folder']);
    const name = input.positionals[0] ?? '';
    const description = input.texts['text'];
    const made = await calls.jobs.create.mutate({ name, folder: folder.id, tasks: tasks ?? [], ...(description === undefined ? {} : { description }) });
    const job = await calls.jobs.get.query({ job: `job/${made.id}` });
    const state = job.published ? 'It is in the portal.' : `To put it into the portal:\n  platen job publish ${quote(job.name)}`;
    return { json: job, text: `${printable(job.name)} was made ${folder.where}, with ${job.taskCount} ${job.taskCount === 1 ? 'task' : 'tasks'}. ${job.problem === null ? state : `It can't run yet: ${printable(job.problem)}.`}` };
  },
};

export const jobEdit: Command = {
  path: ['job', 'edit'],
  summary: "change a job's tasks or portal text (each save is a revision)",
  description: 'Replaces the tasks of a job with those that are typed, or adds them at the end with --append; --text changes what the portal shows. Options of tasks are as for create. '
    + '--revision N saves only if the job is still at that revision: a change of somebody else in between is refused, not overwritten.',
  positionals: [JOB],
  options: { ...portalText, 'no-text': { help: 'no text for the portal: it shows the name' }, append: { help: 'add the tasks at the end instead of replacing all' }, revision: { value: 'N', help: 'the revision this change was made from' }, ...taskOptions },
  examples: ["platen job edit 'Win11 lab' --deploy 'Lab Win11@3' --power restart", "platen job edit 'Win11 lab' --append --message 'Ready' --seconds 10", "platen job edit 'Win11 lab' --text 'Windows 11, room 12'"],
  run: async ({ api, input }) => {
    const calls = await api();
    const job = await calls.jobs.get.query({ job: input.positionals[0] ?? '' });
    const typed = await tasksFrom(input, sources(calls), 'platen job edit');
    const text = input.switches.has('no-text') ? '' : input.texts['text'];
    if (typed === null && text === undefined) throw usage('There is nothing to change: give tasks or --text.', 'platen job edit');
    const tasks = typed === null ? undefined : input.switches.has('append') ? [...job.tasks, ...typed.map((task, index) => ({ ...task, id: freeId(job.tasks, index) }))] : typed;
    const rev = numberOf(input, 'revision', { least: 1 }) ?? job.rev;
    const saved = await calls.jobs.save.mutate({ id: job.id, rev, ...(text === undefined ? {} : { description: text }), ...(tasks === undefined ? {} : { tasks }) });
    const now = await calls.jobs.get.query({ job: `job/${job.id}` });
    return { json: now, text: saved.rev === job.rev ? `${printable(now.name)} is as it was: nothing of it is different.` : `${printable(now.name)} is saved as revision ${saved.rev}. To take that back:\n  platen job restore ${quote(now.name)} --revision ${job.rev}` };
  },
};
function freeId(taken: readonly { id: string }[], index: number): string {
  for (let number = taken.length + index + 1; ; number++) if (!taken.some(({ id }) => id === `task-${number}`)) return `task-${number}`;
}

export const jobRestore: Command = {
  path: ['job', 'restore'],
  summary: 'make an earlier revision of a job the newest again',
  description: 'Saves an earlier revision of a job (name, portal text, switch and tasks) as its newest. `platen job history` shows the revisions; nothing of them is lost.',
  positionals: [JOB],
  options: { revision: { value: 'N', help: 'the revision that is wanted back' } },
  examples: ["platen job restore 'Win11 lab' --revision 3"],
  run: async ({ api, input }) => {
    const wanted = numberOf(input, 'revision', { least: 1 });
    if (wanted === undefined) throw usage('--revision says which revision is wanted back; platen job history shows them.', 'platen job restore');
    const calls = await api();
    const job = await calls.jobs.get.query({ job: input.positionals[0] ?? '' });
    const { rev } = await calls.jobs.restore.mutate({ id: job.id, rev: wanted });
    return { json: await calls.jobs.get.query({ job: `job/${job.id}` }), text: rev === job.rev ? `${printable(job.name)} is as it was in revision ${wanted} already.` : `${printable(job.name)} is as it was in revision ${wanted}; that is revision ${rev} now.` };
  },
};

function publishing(word: 'publish' | 'unpublish', shown: boolean): Command {
  return {
    path: ['job', word],
    summary: shown ? 'put a job or folder into the portal' : 'take a job or folder out of the portal',
    description: shown ? 'Puts a job or folder into the portal by its switch, whatever its name is. A folder is one item that runs every job below it.'
      : 'Takes a job or folder out of the portal: turns its switch off, and takes (MI) out of its name.',
    positionals: [ITEM],
    options: {},
    examples: [`platen job ${word} 'Win11 lab'`],
    run: async (context) => {
      const { calls, found, words } = await jobSubject(context);
      const name = shown ? {} : { name: withoutTag(found.name) || (found.kind === 'job' ? 'Job' : 'Folder') };
      if (found.kind === 'job') await calls.jobs.save.mutate({ id: found.id, rev: found.rev, showInPortal: shown, ...name });
      else await calls.jobs.saveFolder.mutate({ id: found.id, rev: found.rev, showInPortal: shown, ...name });
      return { json: { item: found.item, published: shown }, text: `${capital(words)} is ${shown ? 'in the portal' : 'not in the portal any more'}.` };
    },
  };
}
export const jobPublish = publishing('publish', true);
export const jobUnpublish = publishing('unpublish', false);

export const jobRename: Command = {
  path: ['job', 'rename'],
  summary: 'give a job or folder another name',
  description: 'Gives a job or folder another name; with (MI) in it, it is in the portal. Names need not be unique: what is meant is then said by its path or id.',
  positionals: [ITEM, { name: 'NEW-NAME', required: true }],
  options: {},
  examples: ["platen job rename 'Win11 lab' 'Win11 lab (MI)'"],
  run: async (context) => {
    const { calls, found, words } = await jobSubject(context);
    const name = (context.input.positionals[1] ?? '').trim();
    if (found.kind === 'job') await calls.jobs.save.mutate({ id: found.id, name });
    else await calls.jobs.saveFolder.mutate({ id: found.id, name });
    return { json: { item: found.item, name, formerName: found.name }, text: `${capital(words)} is now called ${printable(name)}.` };
  },
};

export const jobMove: Command = {
  path: ['job', 'move'],
  summary: 'move a job or folder into another folder',
  description: 'Moves a job, or a folder with all that is in it, into another folder; / is the top.',
  positionals: [ITEM, { name: 'FOLDER', required: true }],
  options: {},
  examples: ["platen job move 'Win11 lab' Imaging", "platen job move 'Imaging/Win11 lab' /"],
  run: async (context) => {
    const { calls, found, words } = await jobSubject(context);
    const folder = await folderFrom(calls, context.input.positionals[1]);
    const { undo } = await calls.jobs.move.mutate({ items: [found.item], folder: folder.id });
    return { json: { item: found.item, folder: folder.id, moved: undo !== null }, text: `${capital(words)} ${undo === null ? 'was' : 'is now'} ${folder.where}${undo === null ? ' already' : ''}.` };
  },
};

export const jobDuplicate: Command = {
  path: ['job', 'duplicate'],
  summary: 'copy a job, or a folder with all that is in it (never published)',
  description: 'Copies a job, or a folder with all that is in it, beside itself. Copies are never in the portal: (MI) leaves their names, and their switch is off.',
  positionals: [ITEM],
  options: {},
  examples: ["platen job duplicate 'Win11 lab'"],
  run: async (context) => {
    const { calls, found, words } = await jobSubject(context);
    const { items: [item = ''] } = await calls.jobs.duplicate.mutate({ items: [found.item] });
    const copy = await calls.jobs.find.query({ what: item });
    return { json: copy, text: `The copy of ${words} is called ${printable(copy.name)}. It is not in the portal.` };
  },
};

export const jobDelete: Command = {
  path: ['job', 'delete'],
  summary: 'put a job or folder into the trash (undelete takes it back)',
  description: 'Puts a job, or a folder with all that is in it, into the trash. Runs of it that were started already go on: they have their own copy of the tasks.',
  positionals: [ITEM],
  options: {},
  examples: ["platen job delete 'Win11 lab'"],
  run: async (context) => {
    const { calls, found, words } = await jobSubject(context);
    const { undo } = await calls.jobs.trash.mutate({ items: [found.item] });
    return { json: { trashed: found.item }, text: undo === null ? `${capital(words)} is in the trash already.` : `${capital(words)} is in the trash. To take it back:\n  platen job undelete ${found.item}` };
  },
};

export const jobUndelete: Command = {
  path: ['job', 'undelete'],
  summary: 'take a job or folder out of the trash',
  description: 'Takes a job, or a folder with all that was in it, out of the trash, to where it was. `platen job list --trash` shows what is there.',
  positionals: [ITEM],
  options: {},
  examples: ["platen job undelete 'Win11 lab'"],
  run: async (context) => {
    const { calls, found, words } = await jobSubject(context);
    const { undo } = await calls.jobs.untrash.mutate({ items: [found.item] });
    return { json: { undeleted: found.item }, text: undo === null ? `${capital(words)} is not in the trash.` : `${capital(words)} is back.` };
  },
};

export const jobFolderCreate: Command = {
  path: ['job', 'folder'],
  summary: 'make a folder for jobs',
  description: 'Makes a folder. With (MI) in its name it is one item of the portal that runs every job below it. Rename, move, publish, duplicate and delete folders as jobs.',
  positionals: [{ name: 'create', required: true }, { name: 'NAME', required: true }],
  options: inFolder,
  examples: ['platen job folder create Imaging', "platen job folder create 'Room 12 (MI)' --folder Imaging"],
  run: async ({ api, input }) => {
    const [word, name = ''] = input.positionals;
    if (word !== 'create') throw usage(`platen job folder has one command: create. (${itemWords({ kind: 'folder', name: word ?? '' })} is changed with platen job rename, move, publish, delete.)`, 'platen job folder');
    const calls = await api();
    const parent = await folderFrom(calls, input.texts['folder']);
    const { id } = await calls.jobs.createFolder.mutate({ parent: parent.id, name });
    return { json: await calls.jobs.folder.query({ folder: `folder/${id}` }), text: `The folder ${printable(name)} was made ${parent.where}.` };
  },
};
