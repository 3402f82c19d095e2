// Owns the choice which server a computer reads from, and which one takes its capture, with the reason in words and the order in which to
// fall back. Pure: it chooses among proved copies only.
import type { PlanServer, PlanSite } from './plan.ts';
import { addressNumber, hostNumber, isWithin, parseSubnet, sharedBits } from './subnets.ts';

export type SourceRule = { subnet: string; serverId: string };
export type SourceServer = PlanServer & { addresses: readonly string[]; connected: boolean };
export type SourceWorld = {
  servers: readonly SourceServer[]; sites: readonly (Pick<PlanSite, 'id' | 'name'> & { subnets: readonly string[] })[];
  /** In their order; the first that fits decides, the others follow. */
  rules: readonly SourceRule[];
};
export type Source = { serverId: string; name: string; /** Nearest to the computer first. */ addresses: string[]; reason: string };
export type ReadRequest = {
  computerAddress: string; /** Servers whose copy is ready. */ readyAt: ReadonlySet<string>;
  /** A version that is not validated yet is read only at the site it was made at. */
  pendingFrom: string | null;
  /** Where this computer reached the console just now; of its other addresses it may reach none. */
  consoleUrl: string | null;
};
type Site = SourceWorld['sites'][number];

/** The site whose subnet has the computer: the smallest one that does. */
export function siteOf(computerAddress: string, sites: SourceWorld['sites']): Site | null {
  const address = addressNumber(computerAddress);
  if (address === null) return null;
  let best: { site: Site; bits: number } | null = null;
  for (const site of sites) {
    for (const text of site.subnets) {
      const subnet = parseSubnet(text);
      if (subnet !== null && isWithin(address, subnet) && subnet.bits > (best?.bits ?? -1)) best = { site, bits: subnet.bits };
    }
  }
  return best?.site ?? null;
}

/** Servers that have this computer at their site; one at no site has the computers that the first rule for their subnet sends to it. What was captured there is deployed to it before it is validated. */
export function serversNear(computerAddress: string, world: SourceWorld): Set<string> {
  const site = siteOf(computerAddress, world.sites);
  const address = addressNumber(computerAddress);
  const inNow = new Map(world.servers.filter((server) => server.state === 'joined' || server.state === 'retiring').map((server) => [server.id, server]));
  const ruled = world.rules.find((rule) => address !== null && inNow.has(rule.serverId) && covers(rule.subnet, address))?.serverId;
  return new Set([...inNow.values()].filter((server) => (server.siteId === null ? server.id === ruled : server.siteId === site?.id)).map((server) => server.id));
}

/** Rules first, then the servers of the computer's site, then the console, then the others; those that are not connected after all that are. */
export function chooseSources(request: ReadRequest, world: SourceWorld): Source[] {
  const site = siteOf(request.computerAddress, world.sites);
  const origin = request.pendingFrom === null ? null : world.servers.find((server) => server.id === request.pendingFrom) ?? null;
  if (request.pendingFrom !== null && (origin === null || !serversNear(request.computerAddress, world).has(origin.id))) return [];
  const usable = world.servers.filter((server) => request.readyAt.has(server.id) && (server.state === 'joined' || server.state === 'retiring') && (origin === null || server.id === origin.id || server.isConsole));
  const ranked = usable.map((server) => ({ server, ...rankOf(server, request.computerAddress, { site, rules: world.rules }) }))
    .map((each) => (each.server.connected || each.server.isConsole ? each : { ...each, rank: each.rank + OFFLINE, reason: `${each.reason}; it is not connected to the console now, so only where no other one answers` }));
  ranked.sort((a, b) => a.rank - b.rank || b.near - a.near || a.server.name.localeCompare(b.server.name));
  return ranked.map(({ server, reason }) => ({ serverId: server.id, name: server.name, addresses: addressesFor(server, request), reason }));
}

const OFFLINE = 100_000;
const IN_SITE = 10_000;
const CONSOLE = 20_000;
const OTHER = 30_000;

function rankOf(server: SourceServer, computerAddress: string, { site, rules }: { site: Site | null; rules: readonly SourceRule[] }): { rank: number; near: number; reason: string } {
  const address = addressNumber(computerAddress);
  const near = nearness(server, computerAddress);
  const rule = rules.findIndex((each) => each.serverId === server.id && address !== null && covers(each.subnet, address));
  if (rule !== -1) return { rank: rule, near, reason: `a rule says so for the subnet ${rules[rule]?.subnet}` };
  if (site !== null && server.siteId === site.id) return { rank: IN_SITE, near, reason: `it is at ${site.name}, the computer's site` };
  if (server.isConsole) return { rank: CONSOLE, near, reason: site === null ? 'the computer is at no site, so the console' : `no server at ${site.name} has it ready, so the console` };
  return { rank: OTHER, near, reason: 'it has the version ready, and no nearer server has' };
}

function covers(text: string, address: number): boolean {
  const subnet = parseSubnet(text);
  return subnet !== null && isWithin(address, subnet);
}

function nearness(server: SourceServer, computerAddress: string): number {
  const own = addressNumber(computerAddress);
  return own === null ? 0 : Math.max(0, ...server.addresses.map((url) => hostNumber(url)).filter((each) => each !== null).map((each) => sharedBits(own, each)));
}

function addressesFor(server: SourceServer, { computerAddress, consoleUrl }: Pick<ReadRequest, 'computerAddress' | 'consoleUrl'>): string[] {
  const own = addressNumber(computerAddress);
  const bits = (url: string): number => {
    const host = hostNumber(url);
    return own === null || host === null ? -1 : sharedBits(own, host);
  };
  const sorted = server.addresses.toSorted((a, b) => bits(b) - bits(a));
  return server.isConsole && consoleUrl !== null ? [consoleUrl, ...sorted.filter((url) => url !== consoleUrl)] : sorted;
}

/** A capture goes where a rule says, else to the nearest connected server of the computer's site, else to the console. @param except servers that did not take it */
export function chooseCaptureTarget(computerAddress: string, world: SourceWorld, except: ReadonlySet<string> = new Set()): Source | null {
  const site = siteOf(computerAddress, world.sites);
  const ranked = world.servers.filter((server) => server.state === 'joined').map((server) => ({ server, ...rankOf(server, computerAddress, { site, rules: world.rules }) })).filter((each) => each.rank < OTHER);
  // An edge server holds what others made; a server of the first tier takes a capture where there is one.
  ranked.sort((a, b) => a.rank - b.rank || Number(a.server.parentId !== null) - Number(b.server.parentId !== null) || b.near - a.near || a.server.name.localeCompare(b.server.name));
  const best = ranked.find(({ server }) => (server.connected || server.isConsole) && !except.has(server.id));
  if (best === undefined) return null;
  // Those before it, by whose absence it comes here.
  const passed = ranked.slice(0, ranked.indexOf(best)).filter(({ server }) => !except.has(server.id)).map(({ server }) => server.name);
  const reason = best.server.isConsole && best.rank === CONSOLE ? (site === null ? 'the computer is at no site, so the console' : `no server at ${site.name} ${except.size === 0 ? 'is connected' : 'takes it'}, so the console`) : best.reason;
  return {
    serverId: best.server.id, name: best.server.name, addresses: addressesFor(best.server, { computerAddress, consoleUrl: null }),
    reason: passed.length === 0 ? reason : `${passed.join(', ')} ${passed.length === 1 ? 'is' : 'are'} not connected now; ${reason}`,
  };
}

/** Nearest to the computer first. */
export function addressesOf(server: SourceServer, computerAddress: string): string[] {
  return addressesFor(server, { computerAddress, consoleUrl: null });
}
