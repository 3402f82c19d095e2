// Pure: finding images by any word that is known of them, and telling apart those of one name.
import type { ImageSummary } from '#shared/model/image.ts';
import { exactTime } from '../ui/time.ts';

/** place: id of the server that owns it; '' for anywhere. Every word typed has to be somewhere. */
export function foundImages(images: readonly ImageSummary[], { text, place }: { text: string; place: string }): ImageSummary[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter((word) => word !== '');
  return images.filter((image) => {
    if (place !== '' && image.owner.serverId !== place) return false;
    const known = wordsOf(image);
    return words.every((word) => known.includes(word));
  });
}

function wordsOf(image: ImageSummary): string {
  const { newest } = image;
  return [image.name, image.description, image.guid, image.owner.serverName, `${image.owner.managed} managed`, image.kind, ...image.channels.map((channel) => channel.name), image.enabled ? '' : 'disabled', image.protected ? 'protected' : '', newest?.note ?? '', newest?.capturedBy ?? '', newest?.computerName ?? ''].join('\n').toLocaleLowerCase();
}

/** Where the image is: who owns it. */
export function placesOf(images: readonly ImageSummary[]): { value: string; label: string }[] {
  return [...new Map(images.map((image) => [image.owner.serverId, image.owner.serverName]))].map(([value, name]) => ({ value, label: `Location is ${name}` })).toSorted((left, right) => left.label.localeCompare(right.label));
}

/** For images of one name: when each was made and the beginning of its GUID, by GUID. */
export function twinMarks(images: readonly Pick<ImageSummary, 'guid' | 'name' | 'createdAt'>[]): Map<string, string> {
  const named = Map.groupBy(images, (image) => image.name.toLocaleLowerCase());
  return new Map([...named.values()].filter((twins) => twins.length > 1).flat().map((image) => [image.guid, `${exactTime(image.createdAt)} · ${image.guid.slice(0, 8)}`]));
}
