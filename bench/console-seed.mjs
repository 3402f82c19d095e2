// Owns what the console's benchmark is measured on: computers, groups, folders and jobs, written straight into a database that the
// server itself made, as a site would have them after some years. Names, numbers and hardware differ from row to row.
import Sqlite from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** @typedef {{ computers: number, groups: number, bigGroup: number, jobs: number, folders: number, published: number }} Amounts */
/** @typedef {{ groups: string[], bigGroup: string, folders: string[], jobs: string[], machines: { id: string, name: string, serial: string, uuid: string, mac: string }[] }} Seeded */

const vendors = [['Dell Inc.', 'OptiPlex 7010'], ['LENOVO', 'ThinkCentre M70q'], ['HP', 'EliteDesk 800 G6'], ['ASUSTeK COMPUTER INC.', 'PN64']];

/** @param {number} index */
function disksOf(index) {
  return [0, 1].map((number) => ({
    path: `/dev/nvme${number}n1`, model: 'SAMSUNG MZVL2512HCJQ-00BL7', serial: `S64ANX0R${index}${number}`, bus: 'nvme', sizeBytes: 512110190592, sectorSizeBytes: 512, removable: false, readOnly: false, busy: null, systemDisk: false, tableKind: 'gpt',
    partitions: [['EFI System', 'vfat', 'SYSTEM', 104857600], ['Microsoft Reserved', '', '', 16777216], ['Basic data', 'ntfs', 'Windows', 511e9], ['Recovery', 'ntfs', 'WinRE', 629145600]]
      .map(([typeName, fsType, label, sizeBytes], part) => ({ number: part + 1, offsetBytes: 1048576 * (part + 1), sizeBytes, typeName, fsType, label, usedBytes: null })),
  }));
}

/** @param {string} dataFolder of a server that ran once and is stopped @param {Amounts} amounts @returns {Seeded} */
export function seed(dataFolder, amounts) {
  const db = new Sqlite(join(dataFolder, 'platen.db'));
  db.pragma('foreign_keys = ON');
  /** @param {string} table @param {Record<string, unknown>} row */
  const insert = (table, row) => db.prepare(`INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row).map((name) => `:${name}`).join(', ')})`).run(row);
  const now = Date.now();
  const seeded = db.transaction(() => {
    const groups = seedGroups(insert, amounts.groups, now);
    const bigGroup = randomUUID();
    insert('computer_group', { id: bigGroup, parent_id: null, name: 'Warehouse', created_at: now });
    const machines = Array.from({ length: amounts.computers }, (_, index) => seedComputer(insert, index, index < amounts.bigGroup ? bigGroup : groups[index % groups.length] ?? bigGroup, now));
    return { groups, bigGroup, machines, ...seedJobs(insert, amounts, now) };
  })();
  db.close();
  return seeded;
}

/** @typedef {(table: string, row: Record<string, unknown>) => unknown} Insert */

/** Ten rooms to a building. @param {Insert} insert @param {number} count @param {number} now */
function seedGroups(insert, count, now) {
  const groups = [];
  let building = '';
  for (let index = 0; index < count; index++) {
    const id = randomUUID();
    if (index % 10 === 0) building = id;
    insert('computer_group', { id, parent_id: index % 10 === 0 ? null : building, name: index % 10 === 0 ? `Building ${index / 10 + 1}` : `Room ${index}`, created_at: now });
    groups.push(id);
  }
  return groups;
}

/** name_key and found_by stay empty: the server fills them when it starts. @param {Insert} insert @param {number} index @param {string} group @param {number} now */
function seedComputer(insert, index, group, now) {
  const [vendor = '', product = ''] = vendors[index % vendors.length] ?? [];
  const hex = index.toString(16).padStart(8, '0');
  const machine = { id: randomUUID(), name: `LAB-${index + 1}`, serial: `PF${(index * 7919 + 1_000_003).toString(36).toUpperCase()}`, uuid: randomUUID(), mac: `3c:52:${(hex.match(/../g) ?? []).join(':')}` };
  insert('computer', { id: machine.id, name: machine.name, first_seen_at: now, last_seen_at: now - index, address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, group_id: group, named: 1, model: `${vendor} ${product}`, serial: machine.serial, disk_count: 2 });
  const identity = { systemUuid: machine.uuid, systemSerial: machine.serial, boardSerial: `L1HF${hex}`, assetTag: `IT-${index}`, vendor, product, macs: [{ address: machine.mac, onboard: true }], hostname: machine.name };
  insert('computer_hardware', { computer_id: machine.id, identity: JSON.stringify(identity), disks: JSON.stringify(disksOf(index)) });
  for (const [kind, value] of [['system-uuid', machine.uuid], ['system-serial', machine.serial.toLowerCase()], ['board-serial', `l1hf${hex}`], ['asset-tag', `it-${index}`], ['mac', machine.mac]]) insert('computer_evidence', { computer_id: machine.id, kind, value });
  return machine;
}

/** Folders three deep; the published jobs spread over all of them. @param {Insert} insert @param {Amounts} amounts @param {number} now */
function seedJobs(insert, amounts, now) {
  /** @type {string[]} */
  const folders = [];
  for (let index = 0; index < amounts.folders; index++) {
    const id = randomUUID();
    insert('job_folder', { id, parent_id: index < 20 ? null : folders[index % Math.min(index, 100)] ?? null, name: `Folder ${index + 1}`, created_at: now });
    folders.push(id);
  }
  const jobs = [];
  const every = Math.floor(amounts.jobs / amounts.published);
  for (let index = 0; index < amounts.jobs; index++) {
    const id = randomUUID();
    const tasks = JSON.stringify([
      { type: 'script', id: 'a', title: 'Prepare', text: 'set -e\necho prepare\n'.repeat(20), timeoutSeconds: 60, continueOnError: false },
      { type: 'message', id: 'b', text: 'Ready', seconds: 10 }, { type: 'power', id: 'c', action: 'restart' },
    ]);
    const row = { name: `Task ${index + 1}`, description: index % 3 === 0 ? `Does thing ${index + 1}` : '', show_in_portal: index % every === 0 ? 1 : 0, tasks };
    insert('job', { id, folder_id: folders[index % folders.length], ...row, rev: 1, created_at: now, updated_at: now, updated_by: 'admin' });
    insert('job_revision', { job_id: id, rev: 1, at: now, actor: 'admin', message: 'Made', ...row });
    jobs.push(id);
  }
  return { folders, jobs };
}
