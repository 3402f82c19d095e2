import { describe, expect, it } from 'vitest';
import { LoaderTries, needsOtherDriver, nextLoader, silenceWords, type LoaderFacts, type LoaderNeed } from './loader-tries.ts';

const uefi: LoaderFacts = { firmware: 'uefi', setting: 'automatic', secureBoot: false, otherDriver: false };
const bios: LoaderFacts = { ...uefi, firmware: 'bios' };
/** What a computer gets at each try, when no loader ever speaks. */
function tries(facts: LoaderFacts, count: number, ran = false): LoaderNeed[] {
  const all: LoaderNeed[] = [];
  while (all.length < count) all.push(nextLoader(facts, all.map((need) => ({ need, ran }))));
  return all;
}

describe('the loader of the next try', () => {
  it('is the signed one after a silence on UEFI, then the other driver; on BIOS the other driver after two', () => {
    expect({ uefi: tries(uefi, 4), bios: tries(bios, 4), ran: tries(uefi, 3, true) }).toEqual({
      uefi: ['plain', 'secure-boot', 'other-driver', 'plain'], bios: ['plain', 'plain', 'other-driver', 'plain'], ran: ['plain', 'plain', 'other-driver'],
    });
  });
  it('begins with the other driver for models that the settings name', () => {
    expect({ uefi: tries({ ...uefi, otherDriver: true }, 3), bios: tries({ ...bios, otherDriver: true }, 3) }).toEqual({ uefi: ['other-driver', 'secure-boot', 'plain'], bios: ['other-driver', 'other-driver', 'plain'] });
  });
  it('follows the setting, and what the agent said of Secure Boot', () => {
    expect([tries({ ...uefi, setting: 'plain' }, 3), tries({ ...uefi, setting: 'secure-boot' }, 3), tries({ ...uefi, secureBoot: true }, 3), tries({ ...uefi, setting: 'plain', secureBoot: true }, 1), tries({ ...bios, setting: 'secure-boot' }, 1)]).toEqual([
      ['plain', 'plain', 'other-driver'], ['secure-boot', 'secure-boot', 'secure-boot'], ['secure-boot', 'secure-boot', 'secure-boot'], ['plain'], ['plain'],
    ]);
  });
});

describe('what is seen of loaders', () => {
  it('leads to the one that speaks, which is then the first', () => {
    const [seen, mac] = [new LoaderTries(() => 0), 'aa'];
    for (const need of ['plain', 'plain', 'other-driver'] as const) {
      expect(seen.next(mac, bios)).toBe(need);
      seen.fetched(mac, need);
      if (need === 'plain') expect(seen.startsOver(mac)).toEqual({ need, ran: false });
    }
    expect(seen.ran(mac)).toBe(true);
    expect(seen.spoke(mac)).toContain('name the model in the settings');
    expect([seen.next(mac, bios), seen.next('bb', bios)]).toEqual(['other-driver', 'plain']);
  });
  it('is no silence where the loader spoke, where none was fetched, and after ten minutes', () => {
    let now = 0;
    const seen = new LoaderTries(() => now);
    seen.fetched('aa', 'plain');
    expect([seen.spoke('aa'), seen.startsOver('aa'), seen.startsOver('bb')]).toEqual([null, null, null]);
    seen.fetched('aa', 'plain');
    now += 11 * 60_000;
    expect([seen.startsOver('aa'), seen.next('aa', uefi)]).toEqual([null, 'plain']);
  });
  it('takes the files of a signed chain as one try', () => {
    const seen = new LoaderTries(() => 0);
    seen.fetched('aa', 'secure-boot');
    seen.fetched('aa', 'plain');
    expect(seen.startsOver('aa')).toEqual({ need: 'secure-boot', ran: false });
  });
  it('says what became of it and what comes now', () => {
    expect([silenceWords({ need: 'plain', ran: false }, 'secure-boot', 'uefi'), silenceWords({ need: 'plain', ran: false }, 'plain', 'bios'), silenceWords({ need: 'plain', ran: true }, 'other-driver', 'bios')]).toEqual([
      'The loader was fetched, but it never asked for its script: the firmware refused it, as Secure Boot does. The signed loader is offered at this try.',
      'The loader was fetched, but it never asked for its script. The same one is offered once more.',
      'The loader started and never asked for its script: its driver does not work with this adapter, or the network let nothing through. The loader with the other kind of driver is offered at this try.',
    ]);
  });
});

describe('models that need the other driver', () => {
  it('are named by the beginning of a MAC or by words of the model', () => {
    const list = '00:e0:4c, OptiPlex 3020 ,A4-BB-6D-12';
    const is = (mac: string, model: string): boolean => needsOtherDriver(list, { mac, model });
    expect([is('00:e0:4c:68:00:01', ''), is('aa:00:00:00:00:01', 'Dell Inc. OptiPlex 3020'), is('a4:bb:6d:12:00:01', ''), is('a4:bb:6d:13:00:01', 'OptiPlex 7010'), needsOtherDriver('', { mac: 'aa', model: 'x' }), needsOtherDriver(' , ', { mac: 'aa', model: 'x' })]).toEqual([true, true, true, false, false, false]);
  });
});
