// Owns `platen group`: the groups computers are in: list, create, rename, move, delete.
import type { Group } from '#shared/model/computer.ts';
import type { Command } from './command.ts';
import { printable, table } from './table.ts';
import { usage } from './usage.ts';

const GROUP = { name: 'GROUP', required: true } as const;

export const groupList: Command = {
  path: ['group', 'list'],
  summary: 'all groups, with how many computers are in them',
  description: 'Lists all groups as a tree, with the computers in each and below, and how many of them are connected. Computers in no group are in New computers (`platen computer list --group new`).',
  positionals: [],
  options: {},
  examples: ['platen group list'],
  run: async ({ api }) => {
    const groups = await (await api()).computers.groups.query();
    const text = table(asTree(groups), [
      { title: 'GROUP', text: ({ group, depth }) => `${'  '.repeat(depth)}${printable(group.name)}` },
      { title: 'COMPUTERS', right: true, text: ({ group }) => String(group.computerCount) },
      { title: 'CONNECTED', right: true, text: ({ group }) => String(group.onlineCount) },
      { title: 'DESCRIPTION', text: ({ group }) => printable(group.description) },
    ]);
    return { json: groups, text: groups.length === 0 ? "There are no groups yet. To make one: platen group create 'Room 12'" : text };
  },
};

/** Each group followed by those in it; they come sorted. */
function asTree(groups: readonly Group[]): { group: Group; depth: number }[] {
  const byParent = Map.groupBy(groups, (group) => group.parentId);
  const below = (parent: string | null, depth: number): { group: Group; depth: number }[] => (byParent.get(parent) ?? []).flatMap((group) => [{ group, depth }, ...below(group.id, depth + 1)]);
  return below(null, 0);
}

export const groupCreate: Command = {
  path: ['group', 'create'],
  summary: 'make a group',
  description: 'Makes a group of computers, at the top or in another one. Two groups side by side have different names.',
  positionals: [{ name: 'NAME', required: true }],
  options: { parent: { value: 'GROUP', help: 'inside this group' } },
  examples: ["platen group create 'Room 12'", "platen group create 'Room 12' --parent 'Building A'"],
  run: async ({ api, input }) => {
    const [name = ''] = input.positionals;
    const made = await (await api()).computers.createGroup.mutate({ name, parent: input.texts['parent'] ?? null });
    return { json: made, text: `The group ${printable(name)} is there.` };
  },
};

export const groupRename: Command = {
  path: ['group', 'rename'],
  summary: 'give a group another name',
  description: 'Gives a group another name. GROUP is its name, path (Building A/Room 12) or id.',
  positionals: [GROUP, { name: 'NAME', required: true }],
  options: {},
  examples: ["platen group rename 'Room 12' 'Room 14'"],
  run: async ({ api, input }) => {
    const [ref = '', name = ''] = input.positionals;
    const calls = await api();
    const group = await calls.computers.group.query({ group: ref });
    const result = await calls.computers.saveGroup.mutate({ group: group.id, name });
    return { json: { group: group.id, name, ...result }, text: `${printable(group.name)} is now called ${printable(name)}.` };
  },
};

export const groupMove: Command = {
  path: ['group', 'move'],
  summary: 'put a group into another one, or to the top',
  description: 'Puts a group with all in it into another group, or (--top) to the top. A group never goes into itself.',
  positionals: [GROUP],
  options: { parent: { value: 'GROUP', help: 'into this group' }, top: { help: 'to the top' } },
  examples: ["platen group move 'Room 12' --parent 'Building A'", "platen group move 'Room 12' --top"],
  run: async ({ api, input }) => {
    const { parent } = input.texts;
    if ((parent === undefined) !== input.switches.has('top')) throw usage('Say where to: either --parent GROUP or --top.', 'platen group move');
    const calls = await api();
    const group = await calls.computers.group.query({ group: input.positionals[0] ?? '' });
    const result = await calls.computers.moveGroup.mutate({ groups: [group.id], parent: parent ?? null });
    const where = parent === undefined ? 'at the top' : `in ${printable(parent)}`;
    return { json: { group: group.id, parent: parent ?? null, ...result }, text: result.undo === null ? `${printable(group.name)} is ${where} already.` : `${printable(group.name)} is ${where} now.` };
  },
};

export const groupDelete: Command = {
  path: ['group', 'delete'],
  summary: 'delete a group; its computers go back to New computers',
  description: 'Deletes a group with the groups in it. Their computers are not deleted: they go back to New computers. In the console this can be undone for a week.',
  positionals: [GROUP],
  options: {},
  examples: ["platen group delete 'Room 12'"],
  run: async ({ api, input }) => {
    const calls = await api();
    const group = await calls.computers.group.query({ group: input.positionals[0] ?? '' });
    const result = await calls.computers.trashGroup.mutate({ groups: [group.id] });
    const count = group.computerCount;
    return { json: { deleted: group.id, ...result }, text: `The group ${printable(group.name)} is deleted.${count === 0 ? '' : ` ${count === 1 ? 'Its computer is' : `Its ${count} computers are`} in New computers.`}` };
  },
};
