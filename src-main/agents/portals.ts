// Owns which portal works on each computer (one at a time, the newest), and telling them that there is work or another menu.
import type { PortalHolder } from './requests.ts';

const MENU_MS = 1000;

export class Portals {
  readonly #byComputer = new Map<string, PortalHolder>();
  readonly #fingerprint: () => string;
  #menu: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** @param fingerprint of what every portal shows: portals hear of changes that they would see, and of no others */
  constructor(fingerprint: () => string) {
    this.#fingerprint = fingerprint;
  }

  opened(computerId: string, portal: PortalHolder): void {
    const before = this.#byComputer.get(computerId);
    this.#byComputer.set(computerId, portal);
    this.#menu ??= this.#fingerprint();
    if (before !== undefined && before !== portal && before.session !== portal.session) before.replaced();
  }
  closed(computerId: string, portal: PortalHolder): void {
    if (this.#byComputer.get(computerId) === portal) this.#byComputer.delete(computerId);
    // What it held may be another one's to go on with.
    else this.work(computerId);
  }
  moved(from: string, to: string, portal: PortalHolder): void {
    if (from === to) return;
    if (this.#byComputer.get(from) === portal) this.#byComputer.delete(from);
    this.opened(to, portal);
  }
  /** Does it work here? One that was replaced does again when the other has ended. */
  isCurrent(computerId: string, portal: PortalHolder): boolean {
    if (!this.#byComputer.has(computerId)) this.opened(computerId, portal);
    return this.#byComputer.get(computerId) === portal;
  }
  work(computerId: string): void {
    this.#byComputer.get(computerId)?.work();
  }
  /** Something changed that may show in a menu. */
  menuSoon(): void {
    if (this.#byComputer.size === 0) this.#menu = null;
    else this.#timer ??= setTimeout(() => this.#menuNow(), MENU_MS).unref();
  }
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #menuNow(): void {
    this.#timer = null;
    const now = this.#fingerprint();
    if (now === this.#menu) return;
    this.#menu = now;
    for (const portal of this.#byComputer.values()) portal.menuChanged();
  }
}
