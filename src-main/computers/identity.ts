// Owns recognising a computer by what its firmware says: pure scoring, tested as a table. A MAC never outweighs a stronger
// identifier that contradicts it, what many machines share says nothing, and what is doubtful is asked, never guessed.
import { evidenceKinds, type FirmwareIdentity } from '#shared/model/computer.ts';
import { isGlobalMac, isMeaningful, swappedUuid } from '#shared/model/placeholders.ts';

export type EvidenceKind = (typeof evidenceKinds)[number];
export type Evidence = { kind: EvidenceKind; value: string };
export type Candidate = { computerId: string; evidence: readonly Evidence[] };

export const weights: Record<EvidenceKind, number> = { 'system-uuid': 50, 'system-serial': 45, 'board-serial': 25, 'asset-tag': 20, mac: 10, host: 5 };
/** Two adapters of a machine are no more proof than this: they come and go together, with a dock or a card. */
const mostOfMacs = 20;
/** Identifiers a machine has one of: two different ones speak against each other as loudly as equal ones speak for it. */
const single: ReadonlySet<EvidenceKind> = new Set(['system-uuid', 'system-serial', 'board-serial', 'asset-tag']);

/** What of a firmware's statements can identify the machine. */
export function evidenceOf(identity: FirmwareIdentity): Evidence[] {
  const found: Evidence[] = [];
  const said = (text: string): string => text.trim().toLowerCase();
  const add = (kind: EvidenceKind, value: string): void => {
    // A vendor's or product's name in place of a number is one for the whole batch.
    if (isMeaningful(value) && said(value) !== said(identity.vendor) && said(value) !== said(identity.product)) found.push({ kind, value: said(value) });
  };
  add('system-uuid', identity.systemUuid.replaceAll(/[{}]/g, ''));
  add('system-serial', identity.systemSerial);
  if (said(identity.boardSerial) !== said(identity.systemSerial)) add('board-serial', identity.boardSerial);
  if (said(identity.assetTag) !== said(identity.systemSerial)) add('asset-tag', identity.assetTag);
  for (const mac of identity.macs) if (mac.onboard && isGlobalMac(mac.address)) add('mac', mac.address);
  // Containers and test machines: no firmware of their own, so their name and addresses together have to do.
  if (found.length === 0) {
    const all = identity.macs.map((mac) => mac.address).sort().join(',');
    if (identity.hostname.trim() !== '' || all !== '') found.push({ kind: 'host', value: `${said(identity.hostname)} ${all}` });
  }
  return dedupe(found);
}

/** The spellings under which a piece of evidence may be known: a UUID in either byte order, as firmware and operating system differ. */
export function spellings({ kind, value }: Evidence): string[] {
  return kind === 'system-uuid' ? [value, swappedUuid(value)] : [value];
}
/** Equal for two spellings of the same UUID. */
export function canonical({ kind, value }: Evidence): string {
  const swapped = kind === 'system-uuid' ? swappedUuid(value) : value;
  return swapped < value ? swapped : value;
}

type Comparison = { score: number; agreeing: EvidenceKind[]; contradicting: EvidenceKind[] };

function compare(machine: readonly Evidence[], known: readonly Evidence[], shared: ReadonlySet<string>): Comparison {
  const result: Comparison = { score: 0, agreeing: [], contradicting: [] };
  for (const kind of evidenceKinds) {
    const [mine, theirs] = [valuesOf(machine, kind), valuesOf(known, kind)];
    if (mine.length === 0 || theirs.length === 0) continue;
    const common = mine.filter((value) => theirs.includes(value) && !(kind === 'mac' && shared.has(value)));
    if (common.length > 0) {
      result.agreeing.push(kind);
      result.score += kind === 'mac' ? Math.min(mostOfMacs, common.length * weights.mac) : weights[kind];
    } else if (single.has(kind)) {
      result.contradicting.push(kind);
      result.score -= weights[kind];
    }
  }
  return result;
}

/**
 * How well a machine fits a known computer: above 0 it may be it, below it is not.
 * @param shared MACs seen on more than one computer (docking stations, adapters): they count for nothing
 */
export function score(machine: readonly Evidence[], known: readonly Evidence[], shared: ReadonlySet<string> = new Set()): number {
  return compare(machine, known, shared).score;
}

export type Recognition = { kind: 'known'; computerId: string } | { kind: 'new' } | { kind: 'tie'; computerIds: string[] };

/**
 * The one computer that fits best. Asked, as a tie, are: several that fit equally; one that fits by an adapter alone while both have others
 * (a dock, or a new card?); one that shares the system's UUID or serial number and contradicts the rest (a new board, or a number used twice?).
 * @param candidates every known computer that shares any evidence
 */
export function recognise(machine: readonly Evidence[], candidates: readonly Candidate[], shared: ReadonlySet<string> = new Set()): Recognition {
  const compared = candidates.map((candidate) => ({ ...candidate, ...compare(machine, candidate.evidence, shared) }));
  // One identifier that agrees does not outweigh one that contradicts it: two must.
  const fitting = compared.filter((each) => each.score > 0 && (each.contradicting.length === 0 || each.agreeing.length > 1));
  const best = Math.max(0, ...fitting.map((each) => each.score));
  const top = fitting.filter((each) => each.score === best);
  const [first] = top;
  if (first !== undefined) {
    const onlyMac = first.agreeing.length === 1 && first.agreeing[0] === 'mac';
    if (top.length === 1 && !(onlyMac && bothHaveOtherMacs(machine, first.evidence))) return { kind: 'known', computerId: first.computerId };
    return tie(top);
  }
  const strong = compared.filter(({ agreeing }) => agreeing.includes('system-uuid') || agreeing.includes('system-serial'));
  // What two computers have already is known to be no identifier; asking at every further one would be a nuisance.
  return strong.length === 1 ? tie(strong) : { kind: 'new' };
}

function tie(candidates: readonly Candidate[]): Recognition {
  return { kind: 'tie', computerIds: candidates.map(({ computerId }) => computerId).sort() };
}

function bothHaveOtherMacs(machine: readonly Evidence[], known: readonly Evidence[]): boolean {
  const [mine, theirs] = [valuesOf(machine, 'mac'), valuesOf(known, 'mac')];
  return mine.some((value) => !theirs.includes(value)) && theirs.some((value) => !mine.includes(value));
}

/** Hostname, else product and serial, else a plain word; the server numbers names that are taken. */
export function suggestName(identity: FirmwareIdentity): string {
  const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ').trim().slice(0, 100).trim();
  const hostname = plain(identity.hostname);
  if (hostname !== '' && !/^(localhost(\.localdomain)?|\(none\))$/i.test(hostname)) return hostname;
  const product = isMeaningful(identity.product) ? plain(identity.product) : '';
  const serial = isMeaningful(identity.systemSerial) ? plain(identity.systemSerial) : '';
  return `${product} ${serial}`.trim() || 'Computer';
}

function valuesOf(evidence: readonly Evidence[], kind: EvidenceKind): string[] {
  return evidence.filter((each) => each.kind === kind).map(canonical);
}
function dedupe(evidence: readonly Evidence[]): Evidence[] {
  return [...new Map(evidence.map((each) => [`${each.kind} ${each.value}`, each])).values()];
}
