// Pure: what is in the trash as rows: whole images, versions of images that themselves stay, jobs and their folders.
import type { ImageDetail, ImageSummary } from '#shared/model/image.ts';
import type { JobFolder, JobSummary } from '#shared/model/job.ts';
import type { Target } from './useImageActions.tsx';

/** image: what `target` names; else a job or folder, by its address. storedBytes: null for what holds no content. */
export type TrashRow = { key: string; label: string; href: string; trashedAt: number; deleteAfter: number | null; storedBytes: number | null } & ({ kind: 'image'; target: Target } | { kind: 'job' | 'folder'; item: string });

const dayMs = 86_400_000;

/** @param details of the images that stay; a version of an image in the trash goes and comes with its image */
export function trashRows(list: ImageSummary[], details: ImageDetail[]): TrashRow[] {
  const images = list.flatMap((image): TrashRow[] => (image.trashedAt === null ? [] : [{
    kind: 'image', key: image.guid, label: image.name, href: `/image/${image.guid}`, target: { image: image.guid, name: image.name }, storedBytes: image.storedBytes, trashedAt: image.trashedAt, deleteAfter: image.deleteAfter,
  }]));
  const versions = details.filter((image) => image.trashedAt === null).flatMap((image) => image.versions.flatMap((version): TrashRow[] => (version.trashedAt === null ? [] : [{
    kind: 'image', key: version.guid, label: `${image.name}, version ${version.number}`, href: `/image/${image.guid}/versions`, target: { image: image.guid, name: image.name, version: version.number },
    storedBytes: version.storedBytes, trashedAt: version.trashedAt, deleteAfter: version.deleteAfter,
  }])));
  return [...images, ...versions];
}

/** @param days how long the trash keeps things; what is in a folder goes and comes with it */
export function trashedJobRows({ folders, jobs }: { folders: JobFolder[]; jobs: JobSummary[] }, days: number): TrashRow[] {
  const row = (kind: 'job' | 'folder', { id, name, trashedAt }: { id: string; name: string; trashedAt: number | null }, label: string): TrashRow[] => (trashedAt === null ? [] : [{
    kind, key: `${kind}/${id}`, item: `${kind}/${id}`, label: label === '' ? name : `${name}, ${label}`, href: `/${kind}/${id}`, storedBytes: null, trashedAt, deleteAfter: trashedAt + days * dayMs,
  }]);
  const holds = ({ jobCount, folderCount }: JobFolder): string => [folderCount === 0 ? '' : folderCount === 1 ? '1 folder' : `${folderCount} folders`, jobCount === 0 ? '' : jobCount === 1 ? '1 job' : `${jobCount} jobs`].filter((part) => part !== '').join(' and ');
  return [...folders.flatMap((folder) => row('folder', folder, holds(folder) === '' ? '' : `with ${holds(folder)}`)), ...jobs.flatMap((job) => row('job', job, ''))];
}
