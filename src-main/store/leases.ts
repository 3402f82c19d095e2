// Owns which captures and adoptions are open, and their leases: begun, found again after a restart, ended when they ran out.
import { join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { AdoptionSession } from './adoptions.ts';
import { Capture } from './captures.ts';
import { duty, type StoreContext } from './context.ts';
import { makeDurableFolder, readSmallFile, writeSmallFile } from './files.ts';
import { isHashHex } from './hash.ts';
import type { LeaseRow } from './index-db.ts';
import { endLease, leaseFolder } from './leased-session.ts';
import { Serial } from './serial.ts';
import type { Adoption, CaptureSession, HashHex } from './types.ts';

/** No capture's name has a point, so the two never meet. */
const ADOPTION = 'adopt.';
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** How long a lease that was rebuilt from its folder is kept, when the folder does not say. */
const DEFAULT_TTL_MS = 24 * 3_600_000;

export class Leases {
  readonly #context: StoreContext;
  readonly #sessions = new Map<string, Capture | AdoptionSession>();
  readonly #opening = new Serial();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  openCapture(id: string, ttlMs: number): Promise<CaptureSession> {
    return this.#opening.run(async () => {
      if (!NAME.test(id)) throw new AppError('invalid-input', 'A capture is named by 1 to 64 letters, digits, _ and -.', {});
      const known = this.#sessions.get(id);
      if (known instanceof Capture) {
        known.renew(ttlMs);
        return known;
      }
      const session = new Capture(this.#context, await this.#begin(id, ttlMs, null), () => this.#sessions.delete(id));
      this.#sessions.set(id, session);
      return session;
    });
  }

  openAdoption(id: string, manifest: HashHex, ttlMs: number): Promise<Adoption> {
    return this.#opening.run(async () => {
      if (!NAME.test(id)) throw new AppError('invalid-input', 'The copying of a version is named by 1 to 64 letters, digits, _ and -.', {});
      if (!isHashHex(manifest)) throw new AppError('invalid-input', 'A manifest is named by 64 lower-case hex digits.', {});
      const leaseId = ADOPTION + id;
      const known = this.#sessions.get(leaseId);
      const held = known instanceof AdoptionSession ? known.manifest : (this.#context.index.lease(leaseId)?.manifest ?? manifest);
      if (held !== manifest) throw new AppError('conflict', `Copying ${id} is about another manifest already. Close it first, or use another name.`, { id, manifest: held });
      if (known instanceof AdoptionSession) {
        known.renew(ttlMs);
        return known;
      }
      const lease = await this.#begin(leaseId, ttlMs, manifest);
      const session = new AdoptionSession(this.#context, { id, manifest, lease }, () => this.#sessions.delete(leaseId));
      await session.open();
      this.#sessions.set(leaseId, session);
      return session;
    });
  }

  captures(): { id: string; expiresAt: number }[] {
    return this.#context.index.leases().filter(({ id }) => !id.startsWith(ADOPTION)).map(({ id, expiresAt }) => ({ id, expiresAt }));
  }

  adoptions(): { id: string; manifest: HashHex; expiresAt: number }[] {
    return this.#context.index.leases().filter(({ id }) => id.startsWith(ADOPTION))
      .map(({ id, manifest, expiresAt }) => ({ id: id.slice(ADOPTION.length), manifest: manifest ?? '', expiresAt }));
  }

  /** Ends leases that ran out; their sessions answer lease-lost from now on. */
  async expire(): Promise<string[]> {
    const now = this.#context.clock();
    const ended: string[] = [];
    for (const lease of this.#context.index.leases()) {
      if (lease.expiresAt > now) continue;
      ended.push(lease.id);
      const session = this.#sessions.get(lease.id);
      if (session !== undefined) await session.lose();
      else await endLease(this.#context, lease.id);
    }
    return ended;
  }

  /** Closes handles; leases and what came stay for the next start. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }

  async #begin(leaseId: string, ttlMs: number, manifest: HashHex | null): Promise<LeaseRow> {
    const { files, index, clock } = this.#context;
    const folder = leaseFolder(this.#context, leaseId);
    await duty(this.#context, 'starting a capture or copy', async () => {
      await makeDurableFolder(files, folder);
      await writeSmallFile(files, join(folder, 'lease.json'), Buffer.from(`${JSON.stringify({ format: 1, id: leaseId, ttlMs, ...(manifest !== null && { manifest }) })}\n`));
      // From here on a manifest of that name is held: it may get its name before its row exists.
      index.saveLease(leaseId, clock() + ttlMs, manifest);
    });
    const lease = index.lease(leaseId);
    if (lease === undefined) throw new AppError('internal', 'A lease just written is not there.', { id: leaseId });
    return lease;
  }
}

/** What a folder says of its lease, for an index that was lost. */
export async function leaseInFolder(context: StoreContext, folder: string): Promise<{ ttlMs: number; manifest: HashHex | null }> {
  const bytes = await readSmallFile(context.files, join(folder, 'lease.json'), 4096).catch(() => null);
  try {
    const lease: unknown = JSON.parse(bytes?.toString('utf8') ?? '');
    if (typeof lease === 'object' && lease !== null && 'ttlMs' in lease && typeof lease.ttlMs === 'number' && lease.ttlMs > 0) {
      return { ttlMs: lease.ttlMs, manifest: 'manifest' in lease && typeof lease.manifest === 'string' && isHashHex(lease.manifest) ? lease.manifest : null };
    }
  } catch {
    // A lease file that was being written when the power went: the default keeps what came.
  }
  return { ttlMs: DEFAULT_TTL_MS, manifest: null };
}
