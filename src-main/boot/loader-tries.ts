// Owns which of the loaders a computer gets, after what became of those it had: *fetched, then silence* says that firmware refused a loader
// (Secure Boot) or that its driver does not work on this adapter. Kept in memory; what proved itself is remembered as long as the server runs.

/** plain: the one that is fastest in general, without a signature; other-driver: the same program with the other kind of driver. */
export type LoaderNeed = 'plain' | 'other-driver' | 'secure-boot';
export type LoaderFacts = {
  firmware: 'bios' | 'uefi';
  setting: 'automatic' | 'plain' | 'secure-boot';
  /** Its agent or its earlier boots said so. */
  secureBoot: boolean;
  /** The settings name its model or adapter as one that needs the other driver. */
  otherDriver: boolean;
};
/** A loader that was fetched whole and never asked for its script. ran: it asked for an address, so firmware had let it start. */
export type SilentTry = { need: LoaderNeed; ran: boolean };

/** One after the other as long as none speaks, then from the beginning: a person may have changed something meanwhile. */
export function nextLoader(facts: LoaderFacts, silent: readonly SilentTry[], proved: LoaderNeed | null = null): LoaderNeed {
  const { firmware, setting } = facts;
  const [usual, other] = facts.otherDriver ? ['other-driver', 'plain'] as const : ['plain', 'other-driver'] as const;
  if (firmware === 'uefi' && (setting === 'secure-boot' || (setting === 'automatic' && facts.secureBoot))) return 'secure-boot';
  const first = proved !== null && (proved !== 'secure-boot' || (firmware === 'uefi' && setting === 'automatic')) ? proved : usual;
  // What ran was not refused: another signature cures nothing.
  const signedNext = firmware === 'uefi' && setting === 'automatic' && silent[0]?.ran !== true && first !== 'secure-boot';
  const order = [first, signedNext ? 'secure-boot' as const : first, first === other ? usual : other];
  return order[silent.length % order.length] ?? first;
}

/** Entries of the setting, apart by commas: beginnings of MACs, or words of a model. */
export function needsOtherDriver(list: string, { mac, model }: { mac: string; model: string }): boolean {
  return list.split(',').map((each) => each.trim().toLowerCase()).filter((each) => each !== '').some((each) => {
    const prefix = each.replaceAll('-', ':');
    return /^[0-9a-f]{2}(:[0-9a-f]{2}){1,5}$/.test(prefix) ? mac.toLowerCase().startsWith(prefix) : model.toLowerCase().includes(each);
  });
}

type Fetched = { at: number; need: LoaderNeed; ran: boolean };
const FORGOTTEN_MS = 10 * 60_000;
const MOST = 5000;

export class LoaderTries {
  readonly #clock: () => number;
  /** By MAC, until it asks for its script or starts over. */
  readonly #fetched = new Map<string, Fetched>();
  readonly #silent = new Map<string, SilentTry[]>();
  readonly #proved = new Map<string, LoaderNeed>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  next(mac: string, facts: LoaderFacts): LoaderNeed {
    return nextLoader(facts, this.#silent.get(mac) ?? [], this.#proved.get(mac) ?? null);
  }
  fetched(mac: string, need: LoaderNeed): void {
    const before = this.#fetched.get(mac);
    if (this.#fetched.size >= MOST) this.#fetched.clear();
    // The second file of a chain, or firmware that fetches twice: the same try.
    this.#fetched.set(mac, { at: before?.at ?? this.#clock(), need: before?.need === 'secure-boot' ? 'secure-boot' : need, ran: before?.ran ?? false });
  }
  /** A loader's own question for an address: true where it goes on with a boot that was seen. */
  ran(mac: string): boolean {
    const fetched = this.#fetched.get(mac);
    if (fetched !== undefined) fetched.ran = true;
    return fetched !== undefined;
  }
  /** It asked for its script. @returns what the trace says where it is not the usual loader that did. */
  spoke(mac: string): string | null {
    const fetched = this.#fetched.get(mac);
    const tried = (this.#silent.get(mac) ?? []).length > 0;
    this.#fetched.delete(mac);
    this.#silent.delete(mac);
    if (fetched === undefined) return null;
    if (this.#proved.size >= MOST) this.#proved.clear();
    if (tried || this.#proved.has(mac)) this.#proved.set(mac, fetched.need);
    return tried && fetched.need !== 'secure-boot' ? 'This loader works where the one before did not. To give it to all computers of this model at once, name the model in the settings of network boot.' : null;
  }
  /** Firmware asks anew. @returns what became of the loader before; null where none was fetched lately */
  startsOver(mac: string): SilentTry | null {
    const fetched = this.#fetched.get(mac);
    this.#fetched.delete(mac);
    if (fetched === undefined || this.#clock() - fetched.at > FORGOTTEN_MS) return null;
    const silent: SilentTry = { need: fetched.need, ran: fetched.ran };
    if (this.#silent.size >= MOST) this.#silent.clear();
    this.#silent.set(mac, [...(this.#silent.get(mac) ?? []), silent].slice(-12));
    return silent;
  }
}

/** For the trace: what is known of a loader that fell silent, and what comes at this try. */
export function silenceWords(silent: SilentTry, next: LoaderNeed, firmware: 'bios' | 'uefi'): string {
  const what = silent.ran ? 'The loader started and never asked for its script: its driver does not work with this adapter, or the network let nothing through.'
    : firmware === 'uefi' && silent.need !== 'secure-boot' && next === 'secure-boot' ? 'The loader was fetched, but it never asked for its script: the firmware refused it, as Secure Boot does.'
      : 'The loader was fetched, but it never asked for its script.';
  const then = { plain: 'The usual loader is offered at this try.', 'other-driver': 'The loader with the other kind of driver is offered at this try.', 'secure-boot': 'The signed loader is offered at this try.' }[next];
  return `${what} ${next === silent.need ? 'The same one is offered once more.' : then}`;
}
