// Owns recognising a computer by what its firmware says: pure scoring, tested as a table. A MAC never outweighs a stronger
// identifier that contradicts it, and what many machines share says nothing.
import { evidenceKinds, type FirmwareIdentity } from '#shared/model/computer.ts';

export type EvidenceKind = (typeof evidenceKinds)[number];
export type Evidence = { kind: EvidenceKind; value: string };
export type Candidate = { computerId: string; evidence: readonly Evidence[] };

export const weights: Record<EvidenceKind, number> = { 'system-uuid': 50, 'system-serial': 40, 'board-serial': 25, 'asset-tag': 20, mac: 10, host: 5 };
/** Identifiers a machine has one of: two different ones speak against each other as loudly as equal ones speak for it. */
const single: ReadonlySet<EvidenceKind> = new Set(['system-uuid', 'system-serial', 'board-serial', 'asset-tag']);

const placeholders = new Set([
  '', 'none', 'n/a', 'na', 'null', 'unknown', 'default', 'default string', 'not specified', 'not applicable', 'not available', 'not settable', 'not present', 'empty', 'invalid',
  'to be filled by o.e.m.', 'to be filled by o.e.m', 'tobefilledbyo.e.m.', 'o.e.m.', 'oem', 'system serial number', 'serial number', 'base board serial number', 'chassis serial number',
  'system manufacturer', 'system product name', 'asset tag', 'asset-1234567890', 'no asset tag', 'no asset information', '0123456789', '1234567890', '123456789', '12345678', 'xxxxxxx', 'chassis asset tag',
  '03000200-0400-0500-0006-000700080009', '12345678-1234-5678-90ab-cddeefaabbcc', '00020003-0004-0005-0006-000700080009', 'fefefefe-fefe-fefe-fefe-fefefefefefe',
]);

/** False for what vendors leave in when nobody filled it in: known phrases, one repeated character, next to nothing. */
export function isMeaningful(value: string): boolean {
  const text = value.trim().toLowerCase();
  if (placeholders.has(text)) return false;
  const letters = text.replace(/[\s\-_.:]/g, '');
  return letters.length >= 3 && !/^(.)\1*$/.test(letters);
}

/** What of a firmware's statements can identify the machine. */
export function evidenceOf(identity: FirmwareIdentity): Evidence[] {
  const found: Evidence[] = [];
  const add = (kind: EvidenceKind, value: string): void => {
    if (isMeaningful(value)) found.push({ kind, value: value.trim().toLowerCase() });
  };
  add('system-uuid', identity.systemUuid);
  add('system-serial', identity.systemSerial);
  if (identity.boardSerial.trim().toLowerCase() !== identity.systemSerial.trim().toLowerCase()) add('board-serial', identity.boardSerial);
  add('asset-tag', identity.assetTag);
  for (const mac of identity.macs) if (mac.onboard && isGlobalMac(mac.address)) add('mac', mac.address);
  // Containers and test machines: no firmware of their own, so their name and addresses together have to do.
  if (found.length === 0) {
    const all = identity.macs.map((mac) => mac.address).sort().join(',');
    if (identity.hostname.trim() !== '' || all !== '') found.push({ kind: 'host', value: `${identity.hostname.trim().toLowerCase()} ${all}` });
  }
  return dedupe(found);
}

/** Locally administered and group addresses are made up by software (RFC 7042 §2.1). */
export function isGlobalMac(address: string): boolean {
  const first = Number.parseInt(address.slice(0, 2), 16);
  return Number.isFinite(first) && (first & 0b11) === 0 && address !== '00:00:00:00:00:00';
}

/**
 * How well a machine fits a known computer: above 0 it may be it, below it is not.
 * @param shared MACs seen on more than one computer (docking stations, adapters): they count for nothing
 */
export function score(machine: readonly Evidence[], known: readonly Evidence[], shared: ReadonlySet<string> = new Set()): number {
  let sum = 0;
  for (const kind of evidenceKinds) {
    const [mine, theirs] = [valuesOf(machine, kind), valuesOf(known, kind)];
    if (mine.length === 0 || theirs.length === 0) continue;
    const common = mine.filter((value) => theirs.includes(value) && !(kind === 'mac' && shared.has(value)));
    if (common.length > 0) sum += kind === 'mac' ? Math.min(20, common.length * weights.mac) : weights[kind];
    else if (single.has(kind)) sum -= weights[kind];
  }
  return sum;
}

export type Recognition = { kind: 'known'; computerId: string } | { kind: 'new' } | { kind: 'tie'; computerIds: string[] };

/** The one computer that fits best; a tie is never decided by chance. */
export function recognise(machine: readonly Evidence[], candidates: readonly Candidate[], shared: ReadonlySet<string> = new Set()): Recognition {
  const fitting = candidates.map(({ computerId, evidence }) => ({ computerId, score: score(machine, evidence, shared) })).filter((candidate) => candidate.score > 0);
  const best = Math.max(0, ...fitting.map((candidate) => candidate.score));
  const top = fitting.filter((candidate) => candidate.score === best);
  if (top[0] === undefined) return { kind: 'new' };
  return top.length === 1 ? { kind: 'known', computerId: top[0].computerId } : { kind: 'tie', computerIds: top.map((candidate) => candidate.computerId).sort() };
}

/** Hostname, else product and serial, else a plain word; the server numbers names that are taken. */
export function suggestName(identity: FirmwareIdentity): string {
  const hostname = identity.hostname.trim();
  if (hostname !== '' && hostname !== 'localhost') return hostname;
  const product = isMeaningful(identity.product) ? identity.product.trim() : '';
  const serial = isMeaningful(identity.systemSerial) ? identity.systemSerial.trim() : '';
  return `${product} ${serial}`.trim() || 'Computer';
}

function valuesOf(evidence: readonly Evidence[], kind: EvidenceKind): string[] {
  return evidence.filter((each) => each.kind === kind).map((each) => each.value);
}
function dedupe(evidence: readonly Evidence[]): Evidence[] {
  return [...new Map(evidence.map((each) => [`${each.kind} ${each.value}`, each])).values()];
}
