// Owns what a computer that boots from the network gets: a pure decision over what is known of it. Loaders, scripts and DHCP answers
// only carry it out; the trace shows its reason.

export type BootSettings = {
  /** Computers without a record: to the portal, or on to their disk. */
  unknownComputers: 'portal' | 'local-disk';
  /** Seconds in which `i` opens the portal from the boot loader, before the local disk starts; never endless: 1 to 60. */
  loaderCountdownSeconds: number;
};
export type BootFacts = {
  /** null: no record. */
  computer: { name: string; /** Of this computer alone; null: as the settings say. */ override: 'portal' | 'local-disk' | 'ignore' | null } | null;
  /** A run waits for this computer or was cut off on it. */
  armedRun: { title: string } | null;
  /** A loader entry that asks for the portal whatever else holds. */
  forcePortal: boolean;
};

export type BootDecision =
  /** The boot environment at once. portal: straight: to the menu, no countdown; run: takes its run. */
  | { kind: 'environment'; portal: 'straight' | 'run'; reason: string }
  /** The loader waits for `i`, then starts the local disk. */
  | { kind: 'countdown'; seconds: number; reason: string }
  | { kind: 'local-disk'; reason: string }
  /** No answer at all: somebody wants this computer left alone. */
  | { kind: 'ignore'; reason: string };

const MAX_COUNTDOWN_SECONDS = 60;

export function decideBoot(facts: BootFacts, settings: BootSettings): BootDecision {
  const { computer, armedRun, forcePortal } = facts;
  if (computer?.override === 'ignore') return { kind: 'ignore', reason: `${computer.name} is set to be left alone` };
  if (armedRun !== null) return { kind: 'environment', portal: 'run', reason: `${armedRun.title} waits for it` };
  if (forcePortal) return { kind: 'environment', portal: 'straight', reason: 'the portal was asked for in the boot menu' };
  if (computer?.override === 'portal') return { kind: 'environment', portal: 'straight', reason: `${computer.name} is set to open the portal` };
  if (computer?.override === 'local-disk') return { kind: 'local-disk', reason: `${computer.name} is set to start from its disk` };
  if (computer === null && settings.unknownComputers === 'portal') return { kind: 'environment', portal: 'straight', reason: 'it is new here' };
  const seconds = Math.min(MAX_COUNTDOWN_SECONDS, Math.max(1, Math.round(settings.loaderCountdownSeconds)));
  return { kind: 'countdown', seconds, reason: computer === null ? 'it is new here, and new computers start from their disk' : 'nothing waits for it' };
}
