// Owns what a computer is found by: one text per record with its name, numbers and addresses, kept as they change; and the search.
import { firmwareIdentitySchema } from '#shared/model/computer.ts';
import { isMeaningful } from '#shared/model/placeholders.ts';
import type { SearchHit } from '#shared/model/server.ts';
import type { Groups } from './groups.ts';
import type { ComputerRepo, StoredComputer } from './repo.ts';

export type Finding = ReturnType<typeof openFinding>;

export function openFinding({ repo, groups }: { repo: ComputerRepo; groups: Groups }) {
  function textOf(computer: StoredComputer): string {
    const hardware = repo.hardware(computer.id);
    const identity = hardware === undefined ? null : firmwareIdentitySchema.parse(JSON.parse(hardware.identity));
    const numbers = identity === null ? [] : [identity.assetTag, identity.boardSerial].filter(isMeaningful);
    // An address is typed with colons, with hyphens, or bare.
    const macs = (identity?.macs ?? []).flatMap(({ address }) => [address, address.replaceAll(':', '-'), address.replaceAll(':', '')]);
    return [computer.name, computer.serial, computer.model, computer.address, ...numbers, ...macs].filter((line) => line !== '').join('\n').toLowerCase();
  }
  function hit(computer: StoredComputer, text: string, paths: (groupId: string) => string): SearchHit {
    const place = computer.group_id === null ? 'New computers' : paths(computer.group_id);
    const facts = [place, computer.model, computer.serial].filter((fact) => fact !== '');
    // What matched is said where the row itself does not show it.
    const shown = [computer.name, ...facts].some((fact) => fact.toLowerCase().includes(text));
    const matched = shown ? undefined : repo.living.lineOf(computer.id, text);
    return { id: `computer/${computer.id}`, kind: 'computer', name: computer.name, detail: [...facts, ...(matched === undefined ? [] : [matched])].join(' · ') };
  }

  return {
    /** After anything of it has changed. */
    refresh(id: string): void {
      const computer = repo.byId(id);
      if (computer !== undefined) repo.setFoundBy(id, textOf(computer));
    },
    /** Groups, and computers whose name begins with the text, then those that have it anywhere. */
    search(typed: string, limit: number): SearchHit[] {
      const text = typed.trim().toLowerCase();
      if (text === '') return [];
      const { paths, groups: found } = groups.search(text, limit);
      const computers = repo.living.best(text, limit).map((id) => repo.byId(id)).filter((computer) => computer !== undefined);
      return [
        ...found.map(({ group, path }): SearchHit => ({ id: `group/${group.id}`, kind: 'group', name: group.name, detail: path === '' ? group.description : path })),
        ...computers.map((computer) => hit(computer, text, paths)),
      ];
    },
  };
}
