import { expect, it } from 'vitest';
import { MessageType, Option } from '../net/dhcp/options.ts';
import type { DhcpPacket } from '../net/dhcp/packet.ts';
import type { LabGrant } from './answer.ts';
import { Lab } from './lab.ts';
import { LeaseBook } from './lease-book.ts';
import type { Lease } from './leases.ts';

const address = (last: number): string => `10.0.0.${last}`;
const mac = (last: number): string => `02:00:00:00:00:0${last}`;
function packet(type: number, computer: number, options: [number, Uint8Array][] = [], fields: Partial<DhcpPacket> = {}): DhcpPacket {
  return { op: 1, hardwareType: 1, hops: 0, xid: 5, secs: 0, broadcast: true, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: Uint8Array.of(2, 0, 0, 0, 0, computer), sname: '', file: '', options: new Map([[Option.messageType, Uint8Array.of(type)], ...options]), ...fields };
}
const offerOf = (server: number[], fields: Partial<DhcpPacket> = {}): DhcpPacket => packet(MessageType.offer, 9, [[Option.serverIdentifier, Uint8Array.from(server)]], { op: 2, yiaddr: address(77), ...fields });

/** A network where some addresses are taken by somebody, who answers at once; silence takes as long as it is waited for. */
function open(taken: Record<string, string> = {}, leases: Lease[] = []) {
  const seen = { asked: [] as string[], taken: [] as string[], stored: [] as readonly Lease[], others: [] as string[], questions: [] as DhcpPacket[] };
  const time = { now: 1_000_000 };
  const waits: (() => void)[] = [];
  const book = new LeaseBook({ pool: { first: address(128), last: address(131), reserved: [] }, prefixLength: 24, leases }, () => time.now, (all) => (seen.stored = all));
  const lab = new Lab({
    book, address: address(1), prefixLength: 24, ask: (question) => seen.questions.push(question), onTaken: (where, by, askedBy) => seen.taken.push(`${where} ${by} ${askedBy}`), onOtherServer: (server) => seen.others.push(server),
    watch: {
      whoHas: async (where) => {
        seen.asked.push(where);
        const by = taken[where];
        if (by !== undefined) return by;
        await new Promise<void>((resolve) => {
          waits.push(resolve);
        });
        return null;
      },
    },
  });
  const given: (string | null)[] = [];
  const give = (grant: LabGrant | null): void => void given.push(grant?.address ?? null);
  const settle = async (): Promise<void> => {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    for (const wait of waits.splice(0)) wait();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  return { seen, time, book, lab, given, give, settle };
}

it('an address is given only after nobody answered on it, and not looked into again for the same computer', async () => {
  const { seen, lab, book, given, give, settle } = open();
  lab.grant(packet(MessageType.discover, 1), give);
  lab.grant(packet(MessageType.discover, 1), give); // asks again meanwhile
  expect(given).toEqual([]);
  await settle();
  expect([given, seen.asked]).toEqual([[address(128)], [address(128)]]);
  lab.grant(packet(MessageType.discover, 1), give);
  book.given(packet(MessageType.request, 1), address(128), true);
  lab.grant(packet(MessageType.discover, 1), give);
  expect([given, seen.asked]).toEqual([[address(128), address(128), address(128)], [address(128)]]);
});

it('an address that somebody has is listed as a conflict, and the next one is given', async () => {
  const { seen, lab, given, give, settle } = open({ [address(128)]: mac(7), [address(129)]: mac(8) });
  lab.grant(packet(MessageType.discover, 1), give);
  await settle();
  expect([given, seen.taken, seen.stored.map(({ address: where, mac: who, state }) => [where, who, state])]).toEqual([
    [address(130)], [`${address(128)} ${mac(7)} ${mac(1)}`, `${address(129)} ${mac(8)} ${mac(1)}`], [[address(128), mac(7), 'conflict'], [address(129), mac(8), 'conflict']],
  ]);
});

it('a look for one computer holds up nobody else, and two at once never get the same address', async () => {
  const { lab, book, given, give, settle } = open();
  book.given(packet(MessageType.request, 3), address(131), true);
  lab.grant(packet(MessageType.discover, 1), give);
  lab.grant(packet(MessageType.discover, 2), give);
  lab.grant(packet(MessageType.request, 3), give);
  expect(given).toEqual([address(131)]);
  await settle();
  expect(given).toEqual([address(131), address(128), address(129)]);
});

it('a computer that has the address itself, or had it by a lease of ours, is no conflict', async () => {
  const own = open({ [address(128)]: mac(1) });
  own.lab.grant(packet(MessageType.discover, 1), own.give);
  await own.settle();
  const ended: Lease[] = [128, 129, 130, 131].map((last, index) => ({ address: address(last), mac: mac(5 + index), hostname: '', state: 'bound', endsAt: index }));
  const former = open({ [address(128)]: mac(5) }, ended);
  former.lab.grant(packet(MessageType.discover, 1), former.give);
  await former.settle();
  expect([own.given, former.given, former.seen.taken]).toEqual([[address(128)], [address(128)], []]);
});

it('a pool in which every address is somebody\'s gives none, and nothing is looked into beyond a relay', async () => {
  const full = open(Object.fromEntries([128, 129, 130, 131].map((last) => [address(last), mac(7)])));
  full.lab.grant(packet(MessageType.discover, 1), full.give);
  full.lab.grant(packet(MessageType.discover, 2, [], { giaddr: '10.9.9.9' }), full.give);
  await full.settle();
  expect([full.given, full.seen.asked.length]).toEqual([[address(129), null], 4]);
});

it('another server of this network stops it, one that may be another network\'s only makes it ask', async () => {
  const { seen, lab, given, give } = open();
  lab.overheard(offerOf([10, 0, 0, 1]), '10.0.0.1'); // its own
  lab.overheard(offerOf([10, 0, 0, 9], { yiaddr: '0.0.0.0' }), '10.0.0.9'); // a boot server, which gives no address
  lab.heard(packet(MessageType.request, 1, [[Option.serverIdentifier, Uint8Array.of(10, 0, 0, 1)]]));
  expect([seen.others, seen.questions.length]).toEqual([[], 0]);
  lab.overheard(offerOf([192, 168, 1, 1]), '192.168.1.1');
  lab.overheard(offerOf([192, 168, 1, 1]), '192.168.1.1');
  expect([seen.others, seen.questions.length]).toEqual([[], 1]);
  lab.overheard(offerOf([192, 168, 1, 1], { xid: seen.questions[0]?.xid ?? 0 }), '192.168.1.1');
  lab.grant(packet(MessageType.request, 1), give);
  expect([seen.others, given]).toEqual([['192.168.1.1'], []]);
  lab.close();
});

it('a computer that chose another server of this network has heard one', () => {
  const { seen, lab } = open();
  lab.heard(packet(MessageType.request, 1, [[Option.serverIdentifier, Uint8Array.of(10, 0, 0, 9)]]));
  expect(seen.others).toEqual(['10.0.0.9']);
});

it('an address that its computer found taken is a conflict, and one that is given back is free', () => {
  const { seen, book } = open();
  book.given(packet(MessageType.request, 1), address(128), true);
  book.given(packet(MessageType.request, 2), address(129), true);
  book.grant(packet(MessageType.decline, 1, [[Option.requestedAddress, Uint8Array.of(10, 0, 0, 128)]]));
  book.grant(packet(MessageType.release, 2, [], { ciaddr: address(129) }));
  expect(seen.stored.map(({ address: where, mac: who, state, endsAt }) => [where, who, state, endsAt > 1_000_000])).toEqual([[address(128), '', 'conflict', true], [address(129), mac(2), 'bound', false]]);
});
