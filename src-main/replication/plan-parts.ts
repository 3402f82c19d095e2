// Owns a plan on its way: the console writes it as one message, or as several where one would be longer than the channel takes; the package
// server follows it once it has all of them. Pure.
import { AppError } from '#shared/errors.ts';
import type { HubNotice, Plan, WantedVersion } from '#shared/replication/messages.ts';

/** A plan as it was computed, its versions written down once for all servers. head: JSON of everything but them. */
export type WrittenPlan = { digest: string; head: string; wanted: readonly string[] };

/** Far below what a message may have; several of them wait in a socket's buffer without looking like an end that reads nothing. */
export const PLAN_PART_BYTES = 16 * 1024 * 1024;

/** The notices that say it, in order. */
export function* planMessages({ digest, head, wanted }: WrittenPlan, partBytes = PLAN_PART_BYTES): Generator<string> {
  const parts: string[][] = [[]];
  // Counted in characters: even if each took three bytes, a part is shorter than a message may be.
  let length = head.length;
  for (const text of wanted) {
    if (length + text.length > partBytes && parts.at(-1)?.length !== 0) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(text);
    length += text.length + 1;
  }
  const [first = [], ...more] = parts;
  yield `{"type":"plan","digest":"${digest}",${more.length === 0 ? '' : `"more":${more.length},`}"plan":${head.slice(0, -1)},"wanted":[${first.join(',')}]}}`;
  for (const part of more) yield `{"type":"planMore","digest":"${digest}","wanted":[${part.join(',')}]}`;
}

/** As a plan that is kept may have (planSchema). */
const MOST_WANTED = 1_000_000;

export class PlanJoiner {
  #begun: { digest: string; plan: Plan; wanted: WantedVersion[]; left: number } | null = null;
  readonly #mostWanted: number;

  constructor(mostWanted = MOST_WANTED) {
    this.#mostWanted = mostWanted;
  }

  /** @returns the plan, once all of it came. What belongs to another plan than the one begun is dropped: it comes again with the next connection. */
  take(notice: Extract<HubNotice, { type: 'plan' | 'planMore' }>): { plan: Plan; digest: string } | null {
    if (notice.type === 'plan') {
      this.#begun = { digest: notice.digest, plan: notice.plan, wanted: [...notice.plan.wanted], left: notice.more };
    } else {
      if (this.#begun?.digest !== notice.digest || this.#begun.left === 0) return null;
      if (this.#begun.wanted.length + notice.wanted.length > this.#mostWanted) {
        this.#begun = null;
        throw new AppError('protocol', `The plan names more than ${this.#mostWanted} versions. It is not followed; the one before stays in force.`);
      }
      for (const wanted of notice.wanted) this.#begun.wanted.push(wanted);
      this.#begun.left--;
    }
    if (this.#begun.left > 0) return null;
    const { plan, wanted, digest } = this.#begun;
    this.#begun = null;
    return { plan: { ...plan, wanted }, digest };
  }
}
