import { expect, it } from 'vitest';
import { bootSettingsSchema } from '#shared/model/boot.ts';
import { bootSettingMeanings, parseBootSettings } from './boot-settings.ts';

it('says what each setting of network boot means', () => {
  expect(Object.keys(bootSettingsSchema.shape).filter((name) => bootSettingMeanings[name] === undefined)).toEqual([]);
});
it('changes what is named and nothing else', () => {
  expect([parseBootSettings(['borrowLease=on']), parseBootSettings(['loaderCountdownSeconds=8', 'kernelWords=nomodeset a=b']), parseBootSettings([])]).toEqual([{ borrowLease: 'on' }, { loaderCountdownSeconds: 8, kernelWords: 'nomodeset a=b' }, {}]);
});
it.each([
  ['borrowLease', '"borrowLease" is not NAME=VALUE.'], ['borowLease=on', 'Did you mean borrowLease?'], ['borrowLease=yes', 'borrowLease can\'t be "yes": it is proxy mode'], ['loaderCountdownSeconds=99', 'loaderCountdownSeconds can\'t be "99": it is seconds'],
])('refuses %s in words', (text, expected) => expect(() => parseBootSettings([text])).toThrow(expected));
