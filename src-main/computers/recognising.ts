// Owns an agent's hello: which record this machine is, a new one where it is none, and the facts it brought. Where it could be
// several, a provisional record is made and the person at the computer is asked (answer below); it stays the same one until then.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { Inventory } from '#shared/model/computer.ts';
import { nameOrderKey } from '#shared/model/computer-name.ts';
import { isMeaningful } from '#shared/model/placeholders.ts';
import type { Finding } from './finding.ts';
import { evidenceOf, recognise, score, spellings, suggestName, type Candidate, type Evidence } from './identity.ts';
import { freeName } from './names.ts';
import type { Parts } from './parts.ts';
import type { StoredComputer } from './repo.ts';

/** What hello found: candidates are offered where several known computers fit equally; then this record is a new one, until the technician says. */
/** record: the one of all that were merged into it which this machine is; a split gives it back. */
export type Seen = { id: string; record: string; name: string; isNew: boolean; named: boolean; candidates: { id: string; name: string; model: string; serial: string; lastSeenAt: number }[] };
export type Recognising = ReturnType<typeof openRecognising>;
type RecognisingParts = Parts & { finding: Finding; putBack: (computer: StoredComputer, actor: string) => void };

export function openRecognising({ repo, presence, events, clock, finding, putBack }: RecognisingParts) {
  const evidenceOfRecord = (id: string): Evidence[] => repo.evidence(repo.family(id));

  /** Records that share any evidence with the machine, and the MACs several of them have. Provisional ones make nothing shared. */
  function around(machine: readonly Evidence[], exceptId: string | null): { candidates: (Candidate & { row: StoredComputer })[]; shared: Set<string> } {
    const rows = new Map<string, StoredComputer>();
    const shared = new Set<string>();
    for (const each of machine) {
      const holders = [...new Map(repo.holders(each.kind, spellings(each)).map((id) => repo.root(id)).filter((row) => row !== undefined).map((row) => [row.id, row])).values()];
      for (const row of holders) if (row.id !== exceptId) rows.set(row.id, row);
      if (each.kind === 'mac' && holders.filter((row) => row.asked_at === null).length > 1) shared.add(each.value);
    }
    return { candidates: [...rows.values()].map((row) => ({ computerId: row.id, row, evidence: evidenceOfRecord(row.id) })), shared };
  }

  /** Those a provisional record could be. */
  function couldBe(machine: readonly Evidence[], provisionalId: string): string[] {
    const { candidates, shared } = around(machine, provisionalId);
    const found = recognise(machine, candidates.filter(({ row }) => row.asked_at === null), shared);
    return found.kind === 'known' ? [found.computerId] : found.kind === 'tie' ? found.computerIds : [];
  }

  /** The computer a token is bound to must not be another machine: one that contradicts it is turned away. */
  function requireSame(id: string, machine: readonly Evidence[]): void {
    const known = evidenceOfRecord(id);
    if (known.length > 0 && machine.length > 0 && score(machine, known) < 0) {
      throw new AppError('forbidden', 'This token belongs to another computer: its firmware says otherwise. Start the agent with an administrator token to make this computer known.', { computerId: id });
    }
  }

  function identify(machine: readonly Evidence[], boundTo: string | null): { row: StoredComputer | null; asked: string[] } {
    const bound = boundTo === null ? undefined : repo.root(boundTo);
    if (bound !== undefined) {
      requireSame(bound.id, machine);
      return { row: bound, asked: bound.asked_at === null ? [] : couldBe(machine, bound.id) };
    }
    const { candidates, shared } = around(machine, null);
    const found = recognise(machine, candidates, shared);
    if (found.kind === 'new') return { row: null, asked: [] };
    const ids = found.kind === 'known' ? [found.computerId] : found.computerIds;
    const rows = candidates.map(({ row }) => row).filter((row) => ids.includes(row.id));
    // Asked before and not answered: the same provisional record again, not one more for every hello.
    const provisional = rows.filter((row) => row.asked_at !== null && (found.kind === 'known' || !presence.isOnline(row.id))).toSorted((left, right) => right.last_seen_at - left.last_seen_at)[0];
    if (provisional !== undefined) return { row: provisional, asked: couldBe(machine, provisional.id) };
    if (found.kind === 'known') return { row: rows[0] ?? null, asked: [] };
    return { row: null, asked: ids.filter((id) => rows.some((row) => row.id === id && row.asked_at === null)) };
  }

  /** Of the records merged into one, the one that this machine is: what fits best, and where that says nothing what its token says. */
  function memberOf(id: string, machine: readonly Evidence[], boundTo: string | null): string {
    const members = repo.family(id);
    if (members.length === 1) return id;
    const rated = members.map((member) => ({ member, score: score(machine, repo.evidence([member])) }));
    return rated.toSorted((left, right) => right.score - left.score || Number(right.member === boundTo) - Number(left.member === boundTo))[0]?.member ?? id;
  }
  /** Each of the records merged into one keeps evidence of its own, so that a split gives it back. */
  function keepEvidence(best: string, machine: readonly Evidence[]): void {
    const before = new Set(repo.evidence([best]).map((each) => `${each.kind} ${each.value}`));
    if (before.size === machine.length && machine.every((each) => before.has(`${each.kind} ${each.value}`))) return;
    repo.setEvidence(best, machine);
  }

  function keepFacts(id: string, inventory: Inventory): void {
    const hardware = { identity: JSON.stringify(inventory.identity), disks: JSON.stringify(inventory.disks) };
    const before = repo.hardware(id);
    if (before?.identity !== hardware.identity || before.disks !== hardware.disks) repo.setHardware(id, hardware);
    const { vendor, product, systemSerial } = inventory.identity;
    const words = [vendor, product].map((part) => part.trim()).filter((part) => isMeaningful(part) || (part.length > 0 && part.length < 3));
    repo.setFacts({ id, model: words.join(' '), serial: isMeaningful(systemSerial) ? systemSerial.trim() : '', diskCount: inventory.disks.length });
    finding.refresh(id);
  }

  function make(inventory: Inventory, address: string, asked: readonly string[]): StoredComputer {
    const [id, now] = [randomUUID(), clock()];
    const name = freeName(repo, suggestName(inventory.identity));
    repo.insert({ id, name, key: nameOrderKey(name), now, address, askedAt: asked.length === 0 ? null : now });
    events.record({ actor: 'server', entity: 'computer', id, kind: 'first-seen', message: `Computer "${name}" was seen for the first time`, data: { address } });
    if (asked.length > 0) {
      const names = asked.map((each) => repo.byId(each)?.name ?? each).join(' or ');
      events.record({ actor: 'server', entity: 'computer', id, kind: 'asked', message: `It could be ${names}: the person at the computer is asked`, data: { candidates: [...asked] } });
    }
    const row = repo.byId(id);
    if (row === undefined) throw new AppError('internal', 'The computer could not be recorded.');
    return row;
  }

  return {
    /** Every other record that shares evidence with this one, and how well it fits: the rest of the slice shows and merges by it. */
    similarTo(id: string): { row: StoredComputer; score: number }[] {
      const machine = evidenceOfRecord(id);
      const { candidates, shared } = around(machine, id);
      const strong = (evidence: readonly Evidence[]): boolean => machine.some((mine) => mine.kind !== 'mac' && evidence.some((theirs) => theirs.kind === mine.kind && spellings(mine).includes(theirs.value)));
      return candidates.map(({ row, evidence }) => ({ row, score: score(machine, evidence, shared), strong: strong(evidence) }))
        .filter((each) => each.row.trashed_at === null && (each.score > 0 || each.strong)).toSorted((left, right) => right.score - left.score).slice(0, 20);
    },
    /** What it was recognised by; shared: other records have it, too. */
    evidence: (id: string): (Evidence & { shared: boolean })[] => evidenceOfRecord(id).map((each) => ({ ...each, shared: repo.holders(each.kind, spellings(each)).some((holder) => repo.root(holder)?.id !== id) })),
    couldBe: (id: string): string[] => couldBe(evidenceOfRecord(id), id),

    /** An agent said hello. @param boundTo the computer its token belongs to, or null for an administrator's token */
    seen(inventory: Inventory, from: string, boundTo: string | null): Seen {
      const machine = evidenceOf(inventory.identity);
      const address = from.slice(0, 100);
      const result = repo.transaction(() => {
        const { row: known, asked } = identify(machine, boundTo);
        const row = known ?? make(inventory, address, asked);
        if (known !== null) {
          repo.setSeen({ id: row.id, now: clock(), address });
          if (row.asked_at !== null && asked.length === 0) repo.setAsked(row.id, null);
          if (row.trashed_at !== null) {
            events.record({ actor: 'server', entity: 'computer', id: row.id, kind: 'returned', message: 'Its agent said hello while it was in the trash' });
            putBack(row, 'server');
          }
        }
        const record = memberOf(row.id, machine, boundTo);
        keepEvidence(record, machine);
        keepFacts(row.id, inventory);
        const now = repo.byId(row.id) ?? row;
        const candidates = asked.map((id) => repo.byId(id)).filter((each) => each !== undefined).map((each) => ({ id: each.id, name: each.name, model: each.model, serial: each.serial, lastSeenAt: each.last_seen_at }));
        return { id: now.id, record, name: now.name, isNew: known === null, named: now.named === 1, candidates };
      });
      events.changed('computer', result.id);
      if (result.isNew) events.changed('group', 'new');
      return result;
    },
  };
}
