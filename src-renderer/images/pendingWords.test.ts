import { expect, it } from 'vitest';
import type { Copy } from '#shared/model/image.ts';
import { notYet, originName, rejectionLines, validationLines } from './pendingWords.ts';

const version = { guid: 'v5', number: 5, newBytes: 1.5e9, enabled: true };
const copy = (serverId: string, state: Copy['state']): Copy => ({ versionGuid: 'v5', serverId, serverName: serverId.toUpperCase(), state, provedAt: null, problem: null });

it('names where a version was captured, as far as it is known', () => {
  expect([originName({ originServerId: 'a' }, new Map([['a', 'PS008']])), originName({ originServerId: 'b' }, new Map()), originName({ originServerId: null }, new Map())]).toEqual(['PS008', 'another server', 'another server']);
});

it('lets nobody validate what the console has not proved itself, and says why', () => {
  expect(notYet({ copies: [copy('ps', 'ready'), copy('hq', 'ready')] }, version, 'hq')).toBeNull();
  expect([['verifying', 're-hashing'], ['copying', 'copied'], ['damaged', 'damaged']].map(([state, word]) => notYet({ copies: [{ ...copy('hq', 'absent'), state: state as Copy['state'] }] }, version, 'hq')?.includes(word ?? ''))).toEqual([true, true, true]);
  expect(notYet({ copies: [copy('ps', 'ready')] }, version, 'hq')).toContain('has not arrived');
});

it('tells what validating changes: the newest version, a disabled one, channels that stay', () => {
  const image = { enabled: true, current: 4, channels: [], newest: null };
  expect(validationLines(image, version)[1]).toBe('Whatever deploys the newest version deploys version 5 from then on, instead of version 4.');
  expect(validationLines({ ...image, current: 6 }, version)[1]).toContain('stays version 6');
  expect(validationLines(image, { ...version, enabled: false })[1]).toContain('disabled');
  expect(validationLines({ ...image, channels: [{ name: 'live', versionGuid: 'v4', number: 4, setAt: 0, setBy: 'anna' }] }, version)[2]).toBe('What follows a channel stays where it is (Live: version 4).');
});

it('tells what rejecting loses: where, when and how much', () => {
  expect(rejectionLines({ name: 'Lab', current: 4, copies: [copy('ps', 'ready'), copy('hq', 'ready')] }, version, { origin: 'PS', days: 14 })).toEqual([
    'It goes to the trash for 14 days. Until then it can be taken back, and waits to be validated as before.', 'Then it is deleted everywhere, also at PS. Proved copies are at PS and HQ.',
    'What only this version has is lost then: 1.5 GB were new when it was captured.', 'Other versions stay as they are; version 4 is deployed.',
  ]);
  expect(rejectionLines({ name: 'Lab', current: null, copies: [] }, { ...version, newBytes: 0 }, { origin: 'another server', days: null })[3]).toBe('Nothing else of this image can be deployed.');
});
