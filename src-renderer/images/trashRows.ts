// Pure: what is in the trash as rows: whole images, and versions of images that themselves stay.
import type { ImageDetail, ImageSummary } from '#shared/model/image.ts';
import type { Target } from './useImageActions.tsx';

export type TrashRow = { key: string; label: string; target: Target; storedBytes: number; trashedAt: number; deleteAfter: number | null };

/** @param details of the images that stay; a version of an image in the trash goes and comes with its image */
export function trashRows(list: ImageSummary[], details: ImageDetail[]): TrashRow[] {
  const images = list.flatMap((image): TrashRow[] => (image.trashedAt === null ? [] : [{
    key: image.guid, label: image.name, target: { image: image.guid, name: image.name }, storedBytes: image.storedBytes, trashedAt: image.trashedAt, deleteAfter: image.deleteAfter,
  }]));
  const versions = details.filter((image) => image.trashedAt === null).flatMap((image) => image.versions.flatMap((version): TrashRow[] => (version.trashedAt === null ? [] : [{
    key: version.guid, label: `${image.name}, version ${version.number}`, target: { image: image.guid, name: image.name, version: version.number },
    storedBytes: version.storedBytes, trashedAt: version.trashedAt, deleteAfter: version.deleteAfter,
  }])));
  return [...images, ...versions];
}
