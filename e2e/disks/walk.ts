// Owns what is told of a tree of files so that two trees can be compared: contents, and all metadata a copy must keep. Reads only.
// Not compared: atime and ctime (a read-only mount keeps them, but they are no one's data) and allocation.
import { lstat, readdir } from 'node:fs/promises';
import { listWithAttributes } from './pax.ts';

/** By path (latin-1, so that any bytes are kept): one line of text per fact. */
export type Tree = Map<string, Record<string, string>>;

/** Facts of everything below folder; `names` of one inode are told by the first of them in order. */
export async function walk(folder: string): Promise<Tree> {
  const tree: Tree = new Map();
  const firstNames = new Map<bigint, string>();
  await statBelow(Buffer.from(folder), '.', tree, firstNames);
  for (const member of await listWithAttributes(folder)) {
    const path = member.path.replace(/(.)\/$/, '$1');
    const facts = tree.get(path);
    if (facts === undefined) throw new Error(`tar tells ${path}, the directory does not`);
    Object.assign(facts, member.attributes, { type: member.type, link: member.link, device: member.device, mtimeText: member.mtime, sha256: member.sha256 });
  }
  return tree;
}

async function statBelow(place: Buffer, path: string, tree: Tree, firstNames: Map<bigint, string>): Promise<void> {
  const stat = await lstat(place, { bigint: true });
  const first = firstNames.get(stat.ino) ?? path;
  firstNames.set(stat.ino, first);
  tree.set(path, {
    mode: stat.mode.toString(8), owner: `${stat.uid}:${stat.gid}`, mtimeNs: String(stat.mtimeNs), links: String(stat.nlink),
    rdev: String(stat.rdev), size: stat.isDirectory() ? '' : String(stat.size), sameAs: first,
  });
  if (!stat.isDirectory()) return;
  const names = await readdir(place, { encoding: 'buffer' });
  for (const name of names.sort((a, b) => a.compare(b))) {
    await statBelow(Buffer.concat([place, Buffer.from('/'), name]), `${path}/${name.toString('latin1')}`, tree, firstNames);
  }
}

/** What differs, in words; empty when nothing does. */
export function treeDifferences(expected: Tree, actual: Tree): string[] {
  const found: string[] = [];
  for (const [path, facts] of expected) {
    const other = actual.get(path);
    if (other === undefined) {
      found.push(`${path}: missing`);
      continue;
    }
    for (const key of new Set([...Object.keys(facts), ...Object.keys(other)])) {
      if (facts[key] !== other[key]) found.push(`${path}: ${key} is ${other[key] ?? 'absent'}, was ${facts[key] ?? 'absent'}`);
    }
  }
  for (const path of actual.keys()) if (!expected.has(path)) found.push(`${path}: was not there`);
  return found;
}
