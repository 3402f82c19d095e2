import { describe, expect, it } from 'vitest';
import { knownComputer } from './known-computer.ts';

const computer = (name: string) => ({ id: name, name, override: null, armedRun: null, secureBoot: false });
const uuid = '4c4c4544-0043-3510-8052-b8c04f4e3333';
const snapshot = { computers: [computer('a'), computer('b')], byMac: { m1: 0, m2: 1 }, byUuid: { [uuid]: 0 } };
const nameOf = (mac: string, said: string | null) => knownComputer(snapshot, { mac, uuid: said })?.name ?? null;

describe('the computer of a boot', () => {
  it.each([
    ['is found by its UUID, whatever adapter it comes through', 'm9', uuid, 'a'],
    ['is found by its UUID in the other byte order', 'm9', '44454c4c-4300-1035-8052-b8c04f4e3333', 'a'],
    ['is found by its adapter where it says no UUID', 'm1', null, 'a'],
    ['is found by its adapter where it says one that many have', 'm1', '03000200-0400-0500-0006-000700080009', 'a'],
    ['is found by its adapter where none of it is known', 'm2', '4c4c4544-0043-3510-8052-b8c04f4e4444', 'b'],
    ['is another one where it comes with an adapter of a computer whose UUID is known', 'm1', '4c4c4544-0043-3510-8052-b8c04f4e4444', null],
    ['is not known at all', 'm9', null, null],
  ])('%s', (_, mac, said, name) => {
    expect(nameOf(mac, said)).toBe(name);
  });
});
