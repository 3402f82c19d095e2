// Owns the computers Platen knows: their lists and pages. Recognised at an agent's hello (recognising.ts), changed by people
// (moving.ts, merging.ts, groups.ts), found by what they are (finding.ts).
import { AppError } from '#shared/errors.ts';
import { diskSummarySchema, firmwareIdentitySchema, type ComputerRow, type ComputerView, type DiskSummary, type FirmwareIdentity } from '#shared/model/computer.ts';
import { nameOrderKey } from '#shared/model/computer-name.ts';
import type { HistoryEvent } from '#shared/model/image.ts';
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Undo } from '../undo/service.ts';
import { openFinding } from './finding.ts';
import { openGroups } from './groups.ts';
import { openGroupRepo } from './groups-repo.ts';
import { canonical, weights } from './identity.ts';
import { openMerging } from './merging.ts';
import { openMoving } from './moving.ts';
import { nameProblem } from './names.ts';
import { findComputer, findLiving, NEW_COMPUTERS } from './parts.ts';
import { openPresence } from './presence.ts';
import { openRecognising } from './recognising.ts';
import { openComputerRepo, type Hardware, type StoredComputer } from './repo.ts';

export type Computers = ReturnType<typeof openComputers>;
export type { Seen } from './recognising.ts';
export type ComputersParts = { db: Database; events: Events; undo: Undo; runs: Runs; clock: () => number };
/** after: the id or name of the last row of the page before. */
export type ListFilter = { group?: string | undefined; deep?: boolean | undefined; text?: string | undefined; online?: boolean | undefined; trash?: boolean | undefined; after?: string | undefined; limit?: number | undefined };

const HISTORY_LIMIT = 500;
const noIdentity: FirmwareIdentity = { systemUuid: '', systemSerial: '', boardSerial: '', assetTag: '', vendor: '', product: '', macs: [], hostname: '' };

export function openComputers({ db, events, undo, runs, clock }: ComputersParts) {
  const repo = openComputerRepo(db);
  const presence = openPresence({ repo, events, clock });
  const groups = openGroups({ groupRepo: openGroupRepo(db), repo, presence, events, undo, clock });
  const finding = openFinding({ repo, groups });
  const parts = { repo, groups, presence, events, undo, runs, clock, finding };
  const moving = openMoving(parts);
  const recognising = openRecognising({ ...parts, putBack: moving.putBack });
  const merging = openMerging({ ...parts, recognising, putBack: moving.putBack });
  repo.transaction(() => {
    for (const computer of repo.withoutKey()) moving.setName(computer.id, computer.name, computer.named);
  });

  function viewRow(row: StoredComputer): ComputerRow {
    return {
      id: row.id, name: row.name, groupId: row.group_id, firstSeenAt: row.first_seen_at, lastSeenAt: row.last_seen_at, online: presence.isOnline(row.id), address: row.address,
      model: row.model, serial: row.serial, diskCount: row.disk_count, named: row.named === 1, trashedAt: row.trashed_at,
    };
  }
  function view(row: StoredComputer): ComputerView {
    const hardware = repo.hardware(row.id);
    const identity = hardware === undefined ? noIdentity : firmwareIdentitySchema.parse(JSON.parse(hardware.identity));
    const seen = new Map(recognising.evidence(row.id).map((each) => [`${each.kind} ${canonical(each)}`, each]));
    return {
      ...viewRow(row), path: groups.path(row.group_id), identity, disks: disksOf(hardware),
      evidence: [...seen.values()].map(({ kind, value, shared }) => ({ kind, value, weight: weights[kind], shared })).toSorted((left, right) => right.weight - left.weight || (left.value < right.value ? -1 : 1)),
      similar: recognising.similarTo(row.id).map(({ row: other, score }) => ({ id: other.id, name: other.name, score, lastSeenAt: other.last_seen_at })),
      merged: repo.merged(row.id).map((each) => ({ id: each.id, name: each.name, at: each.merged_at ?? 0 })),
    };
  }
  const disksOf = (hardware: Hardware | undefined): DiskSummary[] => (hardware === undefined ? [] : z.array(diskSummarySchema).parse(JSON.parse(hardware.disks)));
  /** Of a group and, if wanted, all below it. */
  function groupsIn(ref: string, deep: boolean): (string | null)[] {
    const place = groups.place(ref);
    return place === null || !deep ? [place] : groups.below(place);
  }
  function list(filter: ListFilter): ComputerRow[] {
    const last = filter.after === undefined ? undefined : repo.byId(filter.after) ?? { name_key: nameOrderKey(filter.after), id: '\u{10ffff}' };
    const text = filter.text?.trim().toLowerCase();
    return repo.list({
      groups: filter.group === undefined ? undefined : groupsIn(filter.group, filter.deep ?? false), ids: filter.online === true ? presence.ids() : undefined,
      text: text === '' ? undefined : text, trash: filter.trash, limit: filter.limit, after: last === undefined ? undefined : { key: last.name_key, id: last.id },
    }).map(viewRow).filter((row) => filter.online !== false || !row.online);
  }

  return {
    seen: recognising.seen,
    connected: presence.connected,
    disconnected: presence.disconnected,
    isOnline: presence.isOnline,
    /** The record an id belongs to now: itself, unless it was merged into another. */
    currentId: (id: string): string => repo.root(id)?.id ?? id,

    list,
    count: repo.living.count,
    trashedCount: repo.trashed,
    /** In *New computers*. */
    newCount: (): number => repo.living.countByGroup().get(null) ?? 0,
    /** By id or by name. */
    get: (ref: string): ComputerView => view(findComputer(repo, ref)),
    /** What a plan needs of one among many: its disks and its address as last seen, without all that `get` gathers. */
    disksOf(id: string): { name: string; online: boolean; address: string; disks: DiskSummary[] } {
      const computer = findComputer(repo, id);
      return { name: computer.name, online: presence.isOnline(computer.id), address: computer.address, disks: disksOf(repo.hardware(computer.id)) };
    },
    history(ref: string): HistoryEvent[] {
      const computer = findComputer(repo, ref);
      return repo.history(repo.family(computer.id), computer.id, HISTORY_LIMIT).map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
    },
    /** Ids of computers named, and of all in groups named, subgroups included; throws for unknown ones and for those in the trash. */
    resolve(computers: readonly string[], groupRefs: readonly string[]): string[] {
      const named = computers.map((ref) => findLiving(repo, ref).id);
      return [...new Set([...named, ...groupRefs.flatMap((ref) => repo.list({ groups: groupsIn(ref, true) }).map((row) => row.id))])];
    },
    search: finding.search,

    rename: moving.rename,
    /** From the portal: rules of computer-name.ts and uniqueness; from then on the computer counts as named. Null: fine. */
    nameProblem: (id: string, name: string): string | null => nameProblem(repo, repo.root(id), name),
    /** For names that a pattern proposes. */
    isNameTaken: (name: string, exceptId: string): boolean => repo.byKey(nameOrderKey(name), exceptId) !== undefined,
    move: moving.move,
    trash: moving.trash,
    untrash: moving.untrash,
    merge: merging.merge,
    split: merging.split,
    identify: merging.identify,

    groups: groups.list,
    group(ref: string) {
      if (ref === NEW_COMPUTERS) throw new AppError('invalid-input', 'New computers is no group: list its computers with group "new".');
      return groups.detail(ref);
    },
    hasGroup: groups.isThere,
    /** Directly in a group, or (null) at the top. */
    groupsWithin: groups.within,
    createGroup: groups.create,
    saveGroup: groups.save,
    moveGroups: groups.move,
    trashGroups: groups.trash,
  };
}
