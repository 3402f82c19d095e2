// Owns DHCP's side of the boot listeners: which rule answers a message, what the trace hears of it, and what is sent later than at once
// (addresses that are looked into first, leases borrowed from another server). The answers are answer.ts's.
import { bootClientOf, type BootClient } from '../net/dhcp/client.ts';
import { watchNeighbours } from '../net/dhcp/neighbours.ts';
import { macText, MessageType, Option, readAddress } from '../net/dhcp/options.ts';
import type { DhcpPacket } from '../net/dhcp/packet.ts';
import { isOwnProbe, macOfNeighbour } from '../net/dhcp/probe.ts';
import { BROADCAST, serveDhcp, type DhcpArrival, type DhcpServer, type Outgoing } from '../net/dhcp/server.ts';
import { answerAsProxy, answerAsServer, answerToInform, type Answer, type AnswerSnapshot } from './answer.ts';
import { BorrowedLeases } from './borrowed-lease.ts';
import { Lab } from './lab.ts';
import { LeaseBook } from './lease-book.ts';
import type { Lease } from './leases.ts';
import { silenceWords, type LoaderTries } from './loader-tries.ts';
import { otherServerError } from './other-servers.ts';
import type { BootComputer, BootConfig, BootEvent } from './snapshot.ts';

export type Tell = (event: Omit<BootEvent, 'at' | 'problem' | 'facts'> & Partial<Pick<BootEvent, 'problem' | 'facts'>>) => void;
/** What the listeners saw of computers; TFTP and HTTP write it too. */
export type Seen = {
  /** What became of the loaders that they fetched. */
  tries: LoaderTries;
  /** Who has which address, as far as DHCP messages told. */
  macOf: Map<string, string>;
};
export type DhcpSideParts = {
  config: BootConfig; clock: () => number; tell: Tell; seen: Seen; answers: () => AnswerSnapshot; computerOf: (mac: string, uuid: string | null) => BootComputer | null;
  /** Proxy mode: addresses of another server are passed on with our boot (borrowed-lease.ts). */
  borrows: () => boolean;
  onLeases: (leases: readonly Lease[]) => void; onError: (error: Error) => void; onWarning: (text: string) => void;
};

const SERVER_PORT = 67;

export async function openDhcpSide(parts: DhcpSideParts): Promise<DhcpServer> {
  const { config, clock, tell, seen, answers, computerOf, onWarning } = parts;
  const isLab = config.mode === 'lab';
  const book = new LeaseBook(config, clock, parts.onLeases);
  const borrowed = new BorrowedLeases(clock, answers);
  const watch = isLab ? watchNeighbours({ from: config.address }) : null;
  let dhcp: DhcpServer | null = null;
  const send = (outgoing: Outgoing | null): void => {
    if (outgoing !== null) dhcp?.send(outgoing);
  };
  const lab = watch === null ? null : new Lab({
    book, watch, address: config.address, prefixLength: config.prefixLength, ask: (packet) => send({ packet, to: { address: BROADCAST, port: SERVER_PORT } }),
    onTaken: (address, by, askedBy) => tell({ mac: askedBy, address: '', stage: 'note', text: `${address} is taken: ${by} answers there. It gets another address.` }),
    onOtherServer: (server) => void macOfNeighbour(server, config.address).then((mac) => parts.onError(otherServerError([{ address: server, mac }], 'serving'))),
  });

  function receive(packet: DhcpPacket, { port, from }: DhcpArrival): Outgoing | null {
    if (packet.op !== 1) {
      overhear(packet, from.address);
      return null;
    }
    if (isOwnProbe(packet, config.address) || borrowed.isOwn(packet)) return null;
    const client = bootClientOf(packet);
    const mac = macText(packet.chaddr);
    noteAddress(packet, client, mac, port);
    const goesOn = client?.type === 'discover' && client.userClass === 'iPXE' && seen.tries.ran(mac);
    if (client?.type === 'discover' && !goesOn) noticeSilence(client);
    if (client !== null && computerOf(mac, client.uuid)?.override === 'ignore') return null;
    // An adapter's ROM that is iPXE begins a boot; iPXE that was fetched goes on with one.
    if (client?.type === 'discover' && !goesOn) tell({ mac, address: '', stage: 'asked', text: `${client.architecture?.name ?? `Architecture ${client.architectureCode}`} asks for a boot`, facts: factsOf(client) });
    if (lab === null || port === 'pxe') {
      if (port === 'dhcp' && parts.borrows()) askInItsName(packet, client, mac);
      return carriedOut(answerAsProxy(packet, client, { port: port === 'pxe' ? 4011 : 67, from }, answers()), packet, client);
    }
    lab.heard(packet);
    if (packet.options.get(Option.messageType)?.[0] === MessageType.inform) return carriedOut(answerToInform(packet, book.network, answers()), packet, client);
    lab.grant(packet, (grant) => send(carriedOut(answerAsServer(packet, client, grant, answers()), packet, client)));
    return null;
  }

  /** As a proxy this is all that is heard of who gets which address. */
  function noteAddress(packet: DhcpPacket, client: BootClient | null, mac: string, port: DhcpArrival['port']): void {
    const isRequest = packet.options.get(Option.messageType)?.[0] === MessageType.request;
    const taken = packet.ciaddr !== '0.0.0.0' ? packet.ciaddr : isRequest ? readAddress(packet.options.get(Option.requestedAddress)) : null;
    if (taken === null) return;
    seen.macOf.set(taken, mac);
    if (client !== null && !isLab && isRequest && port === 'dhcp') tell({ mac, address: taken, stage: 'note', text: `Takes the address ${taken}${client.serverIdentifier === null ? '' : ` from ${client.serverIdentifier}`}`, facts: { uuid: client.uuid } });
  }

  function carriedOut(answer: Answer, packet: DhcpPacket, client: BootClient | null): Outgoing | null {
    const mac = macText(packet.chaddr);
    const facts = factsOf(client);
    const why = answer.kind === 'ignore' ? (answer.endsBoot ? answer.reason : null) : answer.kind === 'reply' ? answer.noLoader : null;
    if (client !== null && why !== null) tell({ mac, address: '', stage: 'asked', text: `${answer.kind === 'ignore' ? 'Not answered' : 'Given an address and no loader'}: ${why}.`, problem: true, facts });
    if (answer.kind === 'ignore') return null;
    if (answer.kind === 'reply') {
      if (answer.address !== null) {
        if (isLab) book.given(packet, answer.address, answer.stage === 'acknowledged');
        seen.macOf.set(answer.address, mac);
      }
      if (answer.loader !== null) tell({ mac, address: answer.address ?? '', stage: 'offered', text: answer.stage === 'offered' ? `Offered ${answer.loader}` : `Acknowledged ${answer.loader}`, facts: { ...facts, loader: answer.loader } });
    }
    return { packet: answer.packet, to: answer.to };
  }

  /** *Fetched, then silence*: a computer that starts over gets another loader at this try, signed or with the other kind of driver. */
  function noticeSilence(client: BootClient): void {
    const { firmware } = client.architecture ?? {};
    const silent = seen.tries.startsOver(client.mac);
    if (silent === null || firmware === undefined) return;
    const next = answers().loaderFor(client);
    // Firmware that refuses says nothing of it; only the signed loader that then speaks proves it.
    const suspected = next === 'secure-boot' && silent.need !== 'secure-boot';
    tell({ mac: client.mac, address: '', stage: 'loader', problem: true, text: silenceWords(silent, next, firmware === 'bios' ? 'bios' : 'uefi'), facts: { uuid: client.uuid, secureBoot: suspected } });
  }

  /** In lab mode there must be no other server; as a proxy there must be one, whose leases may be borrowed. */
  function overhear(packet: DhcpPacket, from: string): void {
    lab?.overheard(packet, from);
    if (isLab || !parts.borrows()) return;
    const found = borrowed.overheard(packet, from);
    if (found === null) return;
    const { answer, client, question, server } = found;
    if (answer.kind === 'reply') tell({ mac: client.mac, address: '', stage: 'note', text: `${answer.stage === 'offered' ? 'Borrows' : 'Borrowed'} the address ${answer.address ?? ''} of ${server}`, facts: factsOf(client) });
    send(carriedOut(answer, question, client));
  }
  function askInItsName(packet: DhcpPacket, client: BootClient | null, mac: string): void {
    const request = borrowed.heard(packet, client);
    if (request === null) return;
    tell({ mac, address: '', stage: 'note', text: `Asks ${readAddress(request.options.get(Option.serverIdentifier)) ?? ''} for the address in its name`, facts: factsOf(client) });
    send({ packet: request, to: { address: BROADCAST, port: SERVER_PORT } });
  }

  const overhears = isLab || parts.borrows();
  const { ports } = config;
  try {
    dhcp = await serveDhcp({
      address: config.address, dhcpPort: ports.dhcp, pxePort: ports.pxe, clientPort: ports.client, receive, onMalformed: () => undefined, onError: parts.onError,
      ...(overhears ? { overhear, onDeaf: (reason) => onWarning(`UDP port ${ports.client}, on which other DHCP servers are heard, could not be listened on: ${reason}`) } : {}),
    });
  } catch (error) {
    end();
    throw error;
  }
  const { close } = dhcp;
  function end(): void {
    lab?.close();
    watch?.close();
  }
  return {
    ...dhcp,
    close: async () => {
      end();
      await close();
    },
  };
}

function factsOf(client: BootClient | null): { uuid: string | null; firmware: string } {
  return { uuid: client?.uuid ?? null, firmware: client?.architecture?.name ?? '' };
}
