// Owns finding any object by what a person types: names first, then serials, addresses and texts.
import type { SearchHit } from '#shared/model/server.ts';
import type { Computers } from '../computers/service.ts';
import type { Images } from '../images/service.ts';
import type { Jobs } from '../jobs/service.ts';

export type Search = ReturnType<typeof openSearch>;

export function openSearch({ computers, jobs, images }: { computers: Computers; jobs: Jobs; images: Images }) {
  return {
    /** Best first: the very name, then names that start with the text, then those that hold it, then what else of them does. */
    find(text: string, limit: number): SearchHit[] {
      const wanted = text.trim().toLowerCase();
      if (wanted === '') return [];
      const hits: SearchHit[] = [
        ...jobs.search(wanted, limit).map((hit) => ({ ...hit, id: `${hit.kind}/${hit.id}` })),
        ...images.search(wanted, limit).map((image): SearchHit => ({ id: `image/${image.guid}`, kind: 'image', name: image.name, detail: image.description })),
        ...computers.search(wanted, limit),
      ];
      const rank = ({ name }: SearchHit): number => {
        const lower = name.toLowerCase();
        return lower === wanted ? 0 : lower.startsWith(wanted) ? 1 : lower.includes(wanted) ? 2 : 3;
      };
      return hits.toSorted((left, right) => rank(left) - rank(right)).slice(0, limit);
    },
  };
}
