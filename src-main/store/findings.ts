// Owns the list of what the doctor found, and the carrying out of repairs.
import type { Finding } from './types.ts';

export class Findings {
  readonly list: Finding[] = [];
  readonly #repair: boolean;

  constructor(repair: boolean) {
    this.#repair = repair;
  }

  /** Notes a finding and, when asked to repair, carries the repair out; one that fails says why in its message. */
  async add(finding: Omit<Finding, 'repaired'>, mend?: () => Promise<void>): Promise<void> {
    const noted: Finding = { ...finding, repaired: false };
    this.list.push(noted);
    if (!this.#repair || mend === undefined) return;
    try {
      await mend();
      noted.repaired = true;
    } catch (error) {
      noted.message += ` The repair failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
