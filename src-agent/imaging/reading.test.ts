import { describe, expect, it } from 'vitest';
import type { ReadSource } from '#shared/agent/messages.ts';
import { keyOf } from '../net/sources.ts';
import { entriesOf, Reading } from './reading.ts';

const own = { serverId: 'hq', name: 'HQ', endpoint: { url: 'http://127.0.0.1:8420', fingerprint: '' } };
const there: ReadSource = { serverId: 'ps008', name: 'PS008', url: 'https://10.0.0.8:8420', fingerprint: 'a'.repeat(64), ticket: 'ticket2.x.y', reason: 'it is at Bonn, the computer\'s site' };
const self: ReadSource = { serverId: 'hq', name: 'HQ', url: '', fingerprint: '', ticket: '', reason: 'the console' };
const third: ReadSource = { ...there, serverId: 'ps009', name: 'PS009', url: 'https://10.0.0.9:8420' };

describe('whom a deploy reads from', () => {
  it.each([
    ['an older server says nothing', undefined, ['HQ']],
    ['the list is empty', [], ['HQ']],
    ['others are named alone: the server itself is the last resort', [there], ['PS008', 'HQ']],
    ['the server names itself in between', [there, self, third], ['PS008', 'HQ', 'PS009']],
  ] as const)('when %s', (_, sources, names) => {
    expect(entriesOf(sources, own).map((entry) => entry.name)).toEqual(names);
  });
  it('is nobody that can\'t be recognised', () => {
    const strange = [{ ...there, url: 'http://10.0.0.8:8420' }, { ...there, fingerprint: '' }, { ...there, url: 'nonsense' }, { ...there, url: 'file:///etc/passwd' }];
    expect(entriesOf(strange, own)).toEqual([expect.objectContaining({ name: 'HQ', ticket: null })]);
  });
  it('is said in the log once, and each change once, with its reason, whichever threads found it out', () => {
    const lines: string[] = [];
    const shared: unknown[] = [];
    const reading = new Reading([there, third], own, (more) => lines.push(...more));
    reading.share((change) => shared.push(change));
    const [first, second] = reading.list.entries().map(keyOf) as [string, string];
    for (let thread = 0; thread < 3; thread++) reading.left({ from: first, out: false, why: 'The connection broke.' });
    reading.left({ from: second, out: true, why: 'A chunk is damaged.' });
    expect(lines).toEqual([
      'Reads from PS008 (https://10.0.0.8:8420): it is at Bonn, the computer\'s site. If it fails: PS009, then HQ.',
      'Reads from PS009 (https://10.0.0.9:8420) now: PS008 does not answer. The connection broke.',
      'Reads from HQ (http://127.0.0.1:8420) now: PS009 is not used for this deploy any more. A chunk is damaged.',
    ]);
    expect(shared).toHaveLength(2);
  });
  it('is not mentioned where there is only the server itself', () => {
    const lines: string[] = [];
    const reading = new Reading(undefined, own, (more) => lines.push(...more));
    reading.received([['hq', 5], ['hq', 6]]);
    expect([lines, reading.figures()]).toEqual([[], [{ serverId: 'hq', name: 'HQ', receivedBytes: 11 }]]);
  });
});
