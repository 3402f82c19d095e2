// Owns `platen computer` where it changes something: rename, move, merge, split, delete and take back.
import { AppError } from '#shared/errors.ts';
import type { Command } from './command.ts';
import { COMPUTER } from './computers.ts';
import { printable } from './table.ts';
import { usage } from './usage.ts';

const COMPUTERS = { name: 'COMPUTER', required: true, many: true } as const;

export const computerRename: Command = {
  path: ['computer', 'rename'],
  summary: 'give a computer another name',
  description: 'Gives a computer another name: at most 15 letters, digits and hyphens, which no other computer has. From then on it counts as named by a person.',
  positionals: [COMPUTER, { name: 'NAME', required: true }],
  options: {},
  examples: ['platen computer rename PF2K81QX ROOM12-01'],
  run: async ({ api, input }) => {
    const [ref = '', name = ''] = input.positionals;
    const calls = await api();
    const before = await calls.computers.get.query({ computer: ref });
    await calls.computers.rename.mutate({ computer: before.id, name });
    return { json: { computer: before.id, name: name.trim() }, text: `${printable(before.name)} is now called ${printable(name.trim())}.` };
  },
};

export const computerMove: Command = {
  path: ['computer', 'move'],
  summary: 'put computers into a group',
  description: 'Puts one or more computers into a group. GROUP is its name, path (Building A/Room 12) or id; "new" puts them back to New computers.',
  positionals: [COMPUTERS],
  options: { group: { value: 'GROUP', help: 'the group, or "new"' } },
  examples: ["platen computer move lab-01 lab-02 --group 'Room 12'", 'platen computer move lab-01 --group new'],
  run: async ({ api, input }) => {
    const { group } = input.texts;
    if (group === undefined) throw usage('Say into which group: --group GROUP ("new" for New computers).', 'platen computer move');
    const result = await (await api()).computers.move.mutate({ computers: [...input.positionals], group: group === 'new' ? null : group });
    const where = group === 'new' ? 'New computers' : printable(group);
    return { json: { moved: input.positionals, group, ...result }, text: result.undo === null ? `They are in ${where} already.` : `${listWords(input.positionals)} ${input.positionals.length === 1 ? 'is' : 'are'} in ${where} now.` };
  },
};

export const computerMerge: Command = {
  path: ['computer', 'merge'],
  summary: 'make two records of one machine one (split takes them apart again)',
  description: 'Makes COMPUTER part of INTO: what it is recognised by, its runs and its history go along, and its agent goes on as INTO, which keeps its name and group. '
    + 'Refused while a run is under way on COMPUTER. `platen computer split` takes it out again as it was.',
  positionals: [COMPUTER, { name: 'INTO', required: true }],
  options: {},
  examples: ["platen computer merge 'lab-12 (2)' lab-12"],
  run: async ({ api, input }) => {
    const [fromRef = '', intoRef = ''] = input.positionals;
    const calls = await api();
    const from = await calls.computers.get.query({ computer: fromRef });
    const into = await calls.computers.get.query({ computer: intoRef });
    const result = await calls.computers.merge.mutate({ into: into.id, from: from.id });
    return { json: { merged: from.id, into: into.id, ...result }, text: `${printable(from.name)} is part of ${printable(into.name)} now. To take it out again:\n  platen computer split '${printable(into.name)}' '${printable(from.name)}'` };
  },
};

export const computerSplit: Command = {
  path: ['computer', 'split'],
  summary: 'take a merged record out of a computer again',
  description: 'Takes a record that was merged into COMPUTER out again, with its name, group, runs and what it is recognised by. MERGED is the name it had, or its id; it can be left out where only one was merged.',
  positionals: [COMPUTER, { name: 'MERGED', required: false }],
  options: {},
  examples: ["platen computer split lab-12 'lab-12 (2)'", 'platen computer split lab-12'],
  run: async ({ api, input }) => {
    const [ref = '', wanted] = input.positionals;
    const calls = await api();
    const computer = await calls.computers.get.query({ computer: ref });
    const fitting = computer.merged.filter((each) => wanted === undefined || each.id === wanted.toLowerCase() || each.name.toLowerCase() === wanted.toLowerCase());
    const [merged] = fitting;
    const all = computer.merged.map((each) => `"${each.name}" (${each.id})`).join(', ');
    if (merged === undefined) throw new AppError('not-found', computer.merged.length === 0 ? `Nothing was merged into ${computer.name}.` : `No record "${wanted ?? ''}" was merged into ${computer.name}. These were: ${all}.`, { computerId: computer.id });
    if (fitting.length > 1) throw new AppError('ambiguous-name', `Several records were merged into ${computer.name}: ${all}. Say which one.`, { computerId: computer.id, ids: fitting.map((each) => each.id) });
    const result = await calls.computers.split.mutate({ merged: merged.id });
    return { json: { split: merged.id, from: computer.id, ...result }, text: `${printable(merged.name)} is a computer of its own again.` };
  },
};

export const computerDelete: Command = {
  path: ['computer', 'delete'],
  summary: 'put computers into the trash (undelete takes them back)',
  description: 'Puts computers into the trash. One that is there comes back by itself when its agent says hello. Refused while a run is under way on it.',
  positionals: [COMPUTERS],
  options: {},
  examples: ['platen computer delete lab-12'],
  run: async ({ api, input }) => {
    const result = await (await api()).computers.trash.mutate({ computers: [...input.positionals] });
    const words = listWords(input.positionals);
    return { json: { trashed: input.positionals, ...result }, text: result.undo === null ? `${words}: in the trash already.` : `${words}: in the trash. To take it back:\n  platen computer undelete ${input.positionals.map((name) => `'${printable(name)}'`).join(' ')}` };
  },
};

export const computerUndelete: Command = {
  path: ['computer', 'undelete'],
  summary: 'take computers out of the trash',
  description: 'Takes computers out of the trash, into the group they were in. `platen computer list --trash` shows what is there. Where another computer has the name by now, it gets a number.',
  positionals: [COMPUTERS],
  options: {},
  examples: ['platen computer undelete lab-12'],
  run: async ({ api, input }) => {
    const result = await (await api()).computers.untrash.mutate({ computers: [...input.positionals] });
    const words = listWords(input.positionals);
    return { json: { restored: input.positionals, ...result }, text: result.undo === null ? `${words}: not in the trash.` : `${words}: taken out of the trash.` };
  },
};

function listWords(names: readonly string[]): string {
  return names.length > 3 ? `${names.length} computers` : names.map(printable).join(', ');
}
