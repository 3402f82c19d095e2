import { expect, test } from 'vitest';
import { bootSettingsSchema } from '#shared/model/boot.ts';
import { bootSettingFields } from './bootSettingFields.ts';

const field = (key: string) => bootSettingFields.find((each) => each.key === key) ?? expect.fail(`no field ${key}`);

test('has a field for every setting of network boot, once', () => {
  expect(bootSettingFields.map((each) => each.key).toSorted()).toEqual(Object.keys(bootSettingsSchema.shape).toSorted());
});

test('offers only what the server takes, and says limits in words', () => {
  expect(bootSettingFields.flatMap((each) => (each.kind === 'choice' ? each.choices.filter((choice) => each.problem(choice.value) !== null) : []))).toEqual([]);
  expect([field('loaderCountdownSeconds').problem(0), field('loaderCountdownSeconds').problem(''), field('loaderCountdownSeconds').problem(60), field('kernelWords').problem('nomodeset'), field('kernelWords').problem('ä')])
    .toEqual(['A whole number from 1 to 60', 'A whole number from 1 to 60', null, null, 'At most 500 plain characters on one line']);
});

test('shows values in words', () => {
  expect([field('loaderCountdownSeconds').shown(1), field('kernelWords').shown(''), field('loader').shown('secure-boot'), field('keyboard').shown('de')]).toEqual(['1 second', 'none', 'Signed (Secure Boot) for all', 'German (de)']);
});
