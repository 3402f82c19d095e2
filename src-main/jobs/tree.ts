// Owns the jobs and folders in memory: read once, read again where something was changed, and found by what a person types.
// The database stays the truth: whoever changes a row says so with `touch`, before or after, also where the change failed.
import { AppError } from '#shared/errors.ts';
import { isPublished, treeOf, withoutTag, type Tree } from '#shared/model/menu.ts';
import type { Folder, JobHead, JobsRepo } from './repo.ts';

export type Found = { kind: 'job'; job: JobHead } | { kind: 'folder'; folder: Folder };
type Read = { folders: Map<string, Folder>; jobs: Map<string, JobHead> };

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class JobTree {
  readonly #repo: JobsRepo;
  #read: Read | null = null;
  readonly #touched = new Set<string>();
  #living: Tree<Folder, JobHead> | null = null;
  #rev = 0;
  constructor(repo: JobsRepo) {
    this.#repo = repo;
  }

  /** These ids may have changed; what was kept of them is read again when it is next asked for. */
  touch(ids: Iterable<string>): void {
    for (const id of ids) this.#touched.add(id);
    this.#living = null;
    this.#rev++;
  }
  /** Rises with every change: what was made of the tree holds as long as this stays. */
  get rev(): number {
    return this.#rev;
  }
  get folders(): ReadonlyMap<string, Folder> {
    return this.#fresh().folders;
  }
  get jobs(): ReadonlyMap<string, JobHead> {
    return this.#fresh().jobs;
  }
  /** Without the trash; what is in a folder in the trash hangs nowhere. */
  get living(): Tree<Folder, JobHead> {
    const { folders, jobs } = this.#fresh();
    return (this.#living ??= treeOf([...folders.values()].filter((folder) => folder.trashedAt === null), [...jobs.values()].filter((job) => job.trashedAt === null)));
  }

  /** Folders from the root to this one. */
  path(folderId: string | null): Folder[] {
    const path: Folder[] = [];
    for (let folder = this.#folderAt(folderId); folder !== undefined && !path.includes(folder); folder = this.#folderAt(folder.parentId)) path.unshift(folder);
    return path;
  }
  pathWords(folderId: string | null): string {
    return this.path(folderId).map((folder) => folder.name).join(' / ');
  }
  /** The folder by which something in `folderId` is in the trash, or null. */
  trashedAbove(folderId: string | null): Folder | null {
    return this.path(folderId).find((folder) => folder.trashedAt !== null) ?? null;
  }
  isLiving(thing: { trashedAt: number | null } & ({ folderId: string | null } | { parentId: string | null })): boolean {
    return thing.trashedAt === null && this.trashedAbove('folderId' in thing ? thing.folderId : thing.parentId) === null;
  }

  /**
   * What a person means: "job/<id>", "folder/<id>", an id, a name, a name without its tag, or a path ("Imaging/Win11 lab").
   * @param kinds what it may be; where several fit and none is in the trash, all are listed with their ids
   */
  find(ref: string, kinds: readonly Found['kind'][] = ['job', 'folder']): Found {
    const typed = ref.trim();
    const byId = this.#byId(typed);
    if (byId !== null) {
      if (kinds.includes(byId.kind)) return byId;
      throw new AppError('invalid-input', `“${nameOf(byId)}” is a ${byId.kind}, and a ${kinds.join(' or ')} is needed here.`, { ref });
    }
    const found = this.#named(typed, kinds);
    const living = found.filter((each) => this.isLiving(thingOf(each)));
    const candidates = living.length > 0 ? living : found;
    const [only] = candidates;
    if (only === undefined) throw new AppError('not-found', `There is no ${kinds.join(' or ')} “${typed}”. "platen job tree" shows what there is.`, { ref });
    if (candidates.length > 1) throw this.#ambiguous(typed, candidates);
    return only;
  }
  job(ref: string): JobHead {
    const found = this.find(ref, ['job']);
    return found.kind === 'job' ? found.job : unreachable();
  }
  folder(ref: string): Folder {
    const found = this.find(ref, ['folder']);
    return found.kind === 'folder' ? found.folder : unreachable();
  }

  #byId(typed: string): Found | null {
    const [, kind, id = ''] = /^(?:(job|folder)\/)?([^/]+)$/.exec(typed) ?? [];
    if (!idPattern.test(id)) return null;
    const job = kind === 'folder' ? undefined : this.jobs.get(id.toLowerCase());
    const folder = kind === 'job' ? undefined : this.folders.get(id.toLowerCase());
    if (job !== undefined) return { kind: 'job', job };
    if (folder !== undefined) return { kind: 'folder', folder };
    throw new AppError('not-found', `There is no ${kind ?? 'job or folder'} ${id} any more. "platen job tree" shows what there is.`, { id });
  }

  /** Exact names first, then paths, then names without tag and case. */
  #named(typed: string, kinds: readonly Found['kind'][]): Found[] {
    const all: Found[] = [
      ...(kinds.includes('job') ? [...this.jobs.values()].map((job): Found => ({ kind: 'job', job })) : []),
      ...(kinds.includes('folder') ? [...this.folders.values()].map((folder): Found => ({ kind: 'folder', folder })) : []),
    ];
    const exact = all.filter((each) => nameOf(each) === typed);
    if (exact.some((each) => this.isLiving(thingOf(each)))) return exact;
    const path = normalPath(typed);
    const byPath = path.includes('/') ? all.filter((each) => path.endsWith(loose(nameOf(each))) && normalPath(this.#fullPath(each)) === path) : [];
    const loosely = loose(typed);
    const more = byPath.length > 0 ? byPath : loosely === '' ? [] : all.filter((each) => loose(nameOf(each)) === loosely);
    return exact.length > 0 && !more.some((each) => this.isLiving(thingOf(each))) ? exact : more;
  }
  #fullPath(found: Found): string {
    return [...this.path(found.kind === 'job' ? found.job.folderId : found.folder.parentId).map((folder) => folder.name), nameOf(found)].join('/');
  }
  #ambiguous(typed: string, found: readonly Found[]): AppError {
    const list = found.map((each) => ({ kind: each.kind, id: thingOf(each).id, path: this.#fullPath(each), inTrash: !this.isLiving(thingOf(each)) }));
    const shown = list.slice(0, 10).map((each) => `${each.path} (${each.kind}/${each.id})`);
    return new AppError('ambiguous-name', `${list.length} ${list.every((each) => each.kind === 'job') ? 'jobs' : list.every((each) => each.kind === 'folder') ? 'folders' : 'jobs and folders'} are called “${typed}”: ${shown.join(', ')}${list.length > shown.length ? ', …' : ''}. Say which one by its path or id.`, { name: typed, items: list });
  }

  #folderAt(id: string | null): Folder | undefined {
    return id === null ? undefined : this.#fresh().folders.get(id);
  }
  #fresh(): Read {
    if (this.#read === null) {
      this.#read = { folders: new Map(this.#repo.folders().map((folder) => [folder.id, folder])), jobs: new Map(this.#repo.heads().map((job) => [job.id, job])) };
      this.#touched.clear();
      return this.#read;
    }
    for (const id of this.#touched) {
      put(this.#read.jobs, id, this.#repo.head(id));
      put(this.#read.folders, id, this.#repo.folder(id));
    }
    this.#touched.clear();
    return this.#read;
  }
}

function put<T>(map: Map<string, T>, id: string, value: T | undefined): void {
  if (value === undefined) map.delete(id);
  else map.set(id, value);
}
export function thingOf(found: Found): JobHead | Folder {
  return found.kind === 'job' ? found.job : found.folder;
}
function nameOf(found: Found): string {
  return thingOf(found).name;
}
function loose(name: string): string {
  return (isPublished(name, false) ? withoutTag(name) : name).replace(/\s+/g, ' ').trim().toLowerCase();
}
function normalPath(path: string): string {
  return path.split('/').map(loose).filter((part) => part !== '').join('/');
}
function unreachable(): never {
  throw new AppError('internal', 'A job and a folder were mixed up.');
}
