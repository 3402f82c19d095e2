// Test support: the reference model of the storm. It knows what people were told (a version is safe, a deletion is ordered) and nothing of
// how servers do it; where an answer was lost, both outcomes are possible. Pure. Not part of the product.
import type { MatrixRow } from '#shared/model/replication.ts';
import type { CheckedFolder, CheckedVersion } from './test-storm-check.ts';

export type Fate = 'live' | 'trash' | 'gone';
/** refused: a clear no, nothing happened. unknown: no answer came. */
export type Outcome = 'done' | 'refused' | 'unknown';
export type ModelVersion = { guid: string; imageGuid: string; content: string; at: string; fates: Set<Fate>; /** The console had it in its list: a deletion of its image means it too. */ seen: boolean; /** Why it may be lost: the disks that held it were destroyed. */ excuse: string | null };
export type ModelImage = { guid: string; names: Set<string>; fates: Set<Fate> };

export class StormModel {
  readonly versions = new Map<string, ModelVersion>();
  readonly images = new Map<string, ModelImage>();
  /** Content of captures whose answer was lost: each may be a version or not. */
  readonly unsure = new Set<string>();

  captured(version: { guid: string; imageGuid: string; name: string; content: string; at: string }): void {
    const { guid, imageGuid, name, content, at } = version;
    this.versions.set(guid, { guid, imageGuid, content, at, fates: new Set(['live']), seen: false, excuse: null });
    const image = this.images.get(imageGuid);
    if (image === undefined) this.images.set(imageGuid, { guid: imageGuid, names: new Set([name]), fates: new Set(['live']) });
  }
  captureUnsure(content: string): void {
    this.unsure.add(content);
  }

  /** The console lists these now. */
  saw(versionGuids: Iterable<string>): void {
    for (const guid of versionGuids) {
      const version = this.versions.get(guid);
      if (version !== undefined) version.seen = true;
    }
  }

  renamed(imageGuid: string, name: string, outcome: Outcome): void {
    const image = this.images.get(imageGuid);
    if (image === undefined || outcome === 'refused') return;
    if (outcome === 'done') image.names.clear();
    image.names.add(name);
  }

  moved(subject: { image: string; version: string | null }, to: 'live' | 'trash', outcome: Outcome): void {
    const fates = subject.version === null ? this.images.get(subject.image)?.fates : this.versions.get(subject.version)?.fates;
    if (fates === undefined || outcome === 'refused') return;
    const fromTrash = fates.has('trash') || fates.has('live');
    if (!fromTrash) return;
    if (outcome === 'done') {
      fates.delete('live');
      fates.delete('trash');
    }
    fates.add(to);
  }

  /** What the console did not know of yet is not deleted by it; nobody can tell from outside whether it did. */
  purged(subject: { image: string; version: string | null }, outcome: Outcome): void {
    if (outcome === 'refused') return;
    for (const version of this.versions.values()) {
      if (subject.version === null ? version.imageGuid !== subject.image : version.guid !== subject.version) continue;
      if (outcome === 'done' && (version.seen || subject.version !== null)) version.fates.clear();
      version.fates.add('gone');
    }
    // What comes to it later, from a server that was away, makes it anew.
    if (subject.version === null) this.images.get(subject.image)?.fates.add('live');
  }

  /** What may have become of it, its image counted in. */
  fatesOf(guid: string): Set<Fate> {
    const version = this.versions.get(guid);
    const found = new Set<Fate>();
    if (version === undefined) return found;
    for (const own of version.fates) {
      for (const image of this.images.get(version.imageGuid)?.fates ?? ['live' as Fate]) found.add(own === 'gone' ? 'gone' : own === 'trash' || image === 'trash' ? 'trash' : 'live');
    }
    return found;
  }
  mustBeThere(guid: string): boolean {
    return !this.fatesOf(guid).has('gone') && this.versions.get(guid)?.excuse === null;
  }

  /** A disk is about to be destroyed: what no other server has proved may be lost. @param safeAt servers, by version, whose proof still stands */
  destroying(place: string, safeAt: ReadonlyMap<string, ReadonlySet<string>>): void {
    for (const version of this.versions.values()) {
      if (version.excuse !== null) continue;
      const others = [...(safeAt.get(version.guid) ?? [])].filter((each) => each !== place);
      if (others.length === 0) version.excuse = `only ${place} may have had it when its disk was hurt`;
    }
  }

  /** Everything that is not as it must be, in words; empty when all is well. */
  problems(seen: { folders: ReadonlyMap<string, CheckedFolder>; console: string; rows: readonly MatrixRow[]; placeOf: (serverId: string) => string }): string[] {
    const console = seen.folders.get(seen.console);
    if (console === undefined) return ['the console was not read'];
    return [
      ...[...seen.folders].flatMap(([place, folder]) => this.#ofFolder(place, folder, console)),
      ...this.#ofVersions(console),
      ...seen.rows.flatMap((row) => this.#ofRow(row, seen)),
      ...console.images.flatMap((image) => {
        const known = this.images.get(image.guid);
        return known === undefined || known.names.has(image.name) ? [] : [`image ${image.guid} is called "${image.name}", not ${[...known.names].join(' or ')}`];
      }),
    ];
  }

  #ofVersions(console: CheckedFolder): string[] {
    const there = new Map(console.versions.filter((version) => !version.removing).map((version) => [version.guid, version]));
    return [...this.versions.values()].flatMap((version) => {
      const fates = this.fatesOf(version.guid);
      if (!there.has(version.guid)) return this.mustBeThere(version.guid) ? [`version ${version.guid}, acknowledged at ${version.at}, is not known at the console any more`] : [];
      return fates.size === 1 && fates.has('gone') ? [`version ${version.guid} was deleted for good and is at the console again`] : [];
    });
  }

  #ofFolder(place: string, folder: CheckedFolder, console: CheckedFolder): string[] {
    const known = new Set(console.versions.map((version) => version.guid));
    const live = folder.versions.filter((version) => !version.removing && ['verifying', 'ready', 'damaged'].includes(version.state));
    const manifests = new Set(live.map((version) => version.manifest));
    return [
      ...folder.before.map((finding) => `${place}: doctor: ${finding}`),
      ...folder.after.map((finding) => `${place}: after the sweep: ${finding}`),
      ...folder.versions.flatMap((version) => this.#ofCopy(place, version)),
      ...folder.versions.filter((version) => !known.has(version.guid)).map((version) => `${place}: version ${version.guid} (${version.state}) is here, and the console does not know it`),
      ...folder.manifests.filter((manifest) => !manifests.has(manifest)).map((manifest) => `${place}: the manifest ${manifest} belongs to no version`),
      ...[...manifests].filter((manifest) => !folder.manifests.includes(manifest)).map((manifest) => `${place}: the manifest ${manifest} is gone`),
    ];
  }

  #ofCopy(place: string, copy: CheckedVersion): string[] {
    const version = this.versions.get(copy.guid);
    const fates = this.fatesOf(copy.guid);
    const about = `${place}: version ${copy.guid}`;
    if (copy.removing || copy.state === 'removing') return [`${about} is still being removed`];
    if (fates.size === 1 && fates.has('gone')) return [`${about} was deleted for good and is ${copy.state} here`];
    if (copy.state !== 'ready') return copy.state === 'absent' || version?.excuse !== null ? [] : [`${about} is ${copy.state}`];
    if (copy.problem !== null) return [`${about} is called ready, and can't be read: ${copy.problem}`];
    const fits = version === undefined ? this.unsure.has(copy.content) : version.content === copy.content;
    return fits ? [] : [`${about} is called ready, and holds something else than was captured`];
  }

  #ofRow(row: MatrixRow, { placeOf }: { placeOf: (serverId: string) => string }): string[] {
    if (this.versions.get(row.versionGuid)?.excuse !== null && this.versions.has(row.versionGuid)) return [];
    const about = `version ${row.versionGuid} (${row.imageName} ${row.number})`;
    return [
      ...row.cells.flatMap((cell) => (cell.assigned && cell.state !== 'ready' ? [`${about} is to be at ${placeOf(cell.serverId)} and is ${cell.state} there${cell.problem === null ? '' : `: ${cell.problem}`}`] : !cell.assigned && !['ready', 'absent'].includes(cell.state) ? [`${about} is ${cell.state} at ${placeOf(cell.serverId)}`] : [])),
      ...(row.cells.some((cell) => cell.state === 'ready') ? [] : [`${about} is ready nowhere`]),
    ];
  }
}
