// Owns finding any object by what a person types: names first, then serials, addresses and texts.
import type { SearchHit } from '#shared/model/server.ts';
import type { Computers } from '../computers/service.ts';
import type { Images } from '../images/service.ts';
import type { Jobs } from '../jobs/service.ts';

export type Search = ReturnType<typeof openSearch>;

export function openSearch({ computers, jobs, images }: { computers: Computers; jobs: Jobs; images: Images }) {
  return {
    /** Best first: names that start with the text come before those that hold it. */
    find(text: string, limit: number): SearchHit[] {
      const wanted = text.trim().toLowerCase();
      if (wanted === '') return [];
      const hits: SearchHit[] = [
        ...jobs.search(wanted, limit).map((hit) => ({ ...hit, id: `${hit.kind}/${hit.id}` })),
        ...images.list().filter((image) => `${image.name} ${image.guid} ${image.description}`.toLowerCase().includes(wanted)).map((image): SearchHit => ({ id: `image/${image.guid}`, kind: 'image', name: image.name, detail: image.description })),
        ...computers.search(wanted, limit),
      ];
      const rank = (hit: SearchHit): number => (hit.name.toLowerCase().startsWith(wanted) ? 0 : hit.name.toLowerCase().includes(wanted) ? 1 : 2);
      return hits.toSorted((left, right) => rank(left) - rank(right)).slice(0, limit);
    },
  };
}
