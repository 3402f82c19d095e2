import { describe, expect, it } from 'vitest';
import type { BootEvent } from './snapshot.ts';
import { appendEvent, beginTrace, judge, startsAnother, type Trace } from './trace.ts';

const event = (at: number, stage: BootEvent['stage'], text: string = stage, given: Partial<BootEvent> = {}): BootEvent => ({ at, mac: 'm', address: '', stage, text, problem: false, facts: {}, ...given });
const uefi = { facts: { firmware: 'UEFI', uuid: 'u' } };
const trace = (...events: BootEvent[]): Trace => events.slice(1).reduce(appendEvent, beginTrace(events[0] ?? event(0, 'asked')));

describe('the trace of a boot', () => {
  it('ends well when the agent says hello', () => {
    const whole = trace(event(0, 'asked', 'asks', uefi), event(1, 'offered'), event(2, 'loader'), event(3, 'script', 'Told: load the boot environment'), event(4, 'kernel'), event(60, 'hello'));
    expect([whole.outcome, whole.endedAt, whole.firmware, whole.uuid, whole.events.map((each) => each.stage)]).toEqual(['done', 60, 'UEFI', 'u', ['asked', 'offered', 'loader', 'script', 'kernel', 'hello']]);
  });
  it.each([
    ['asked', [event(0, 'asked', 'asks', uefi)], 'It asked, but got no answer.'],
    ['asked', [event(0, 'asked', 'asks', uefi), event(1, 'note', 'x'), event(1, 'asked', 'Not answered: its firmware has no loader', { problem: true })], 'Not answered: its firmware has no loader'],
    ['offered', [event(0, 'asked', 'asks', uefi), event(1, 'offered')], 'It was offered a loader, but it was not seen to take an address'],
    ['offered', [event(0, 'asked', 'asks', uefi), event(1, 'offered'), event(2, 'note', 'Takes the address 10.0.0.9', { address: '10.0.0.9' })], 'It was offered a loader and did not fetch it.'],
    ['loader', [event(0, 'asked', 'asks', uefi), event(1, 'offered'), event(2, 'loader')], 'The loader arrived whole and never spoke again: the firmware refused it, as Secure Boot does.'],
    ['loader', [event(0, 'asked', 'asks', { facts: { firmware: 'BIOS' } }), event(2, 'loader')], 'The loader arrived whole and did not start.'],
    ['loader', [event(0, 'asked', 'asks', uefi), event(2, 'loader', 'Fetching snponly.efi over TFTP stopped: no answer to block 3 of 9', { problem: true })], 'Fetching snponly.efi over TFTP stopped: no answer to block 3 of 9 A bad cable'],
    ['script', [event(0, 'asked'), event(3, 'script', 'Told: load the boot environment')], 'The loader was told what to do'],
    ['kernel', [event(0, 'asked'), event(3, 'script', 'Told: load the boot environment'), event(4, 'kernel', 'Fetched small.cpio over HTTP')], 'Kernel and archives were fetched'],
    ['kernel', [event(0, 'asked'), event(3, 'script', 'Told: load the boot environment'), event(4, 'kernel', 'Fetched vmlinuz over HTTP')], 'After “Fetched vmlinuz over HTTP” nothing more was fetched.'],
    ['kernel', [event(0, 'asked'), event(4, 'kernel', 'base.cpio.zst is missing on the server: build the boot environment again', { problem: true })], 'base.cpio.zst is missing on the server: build the boot environment again (platen boot build'],
    ['kernel', [event(0, 'asked'), event(4, 'kernel', 'Broke off fetching base.cpio.zst over HTTP', { problem: true })], 'Broke off fetching base.cpio.zst over HTTP. The computer may'],
  ] as const)('that stopped at %s says what to try', (stage, events, advice) => {
    const judged = judge(trace(...events), 10 * 60_000);
    expect([judged.outcome, judged.stoppedAt, judged.advice?.startsWith(advice)]).toEqual(['stopped', stage, true]);
  });
  it('is not waited for where something broke off, and less while it still fetches', () => {
    const stopsAt = (...events: BootEvent[]) => [29_000, 31_000, 119_000, 121_000, 239_000, 241_000].find((now) => judge(trace(...events), now).outcome === 'stopped');
    const kernel = (text: string, problem = false) => [event(0, 'asked'), event(0, 'kernel', text, { problem })] as const;
    expect([stopsAt(...kernel('Broke off', true)), stopsAt(...kernel('Fetched vmlinuz over HTTP')), stopsAt(...kernel('Fetched small.cpio over HTTP'))]).toEqual([31_000, 121_000, 241_000]);
  });
  it('goes on as long as bytes go, in one line that is the file\'s in the end', () => {
    const slow = trace(event(0, 'asked'), event(1, 'kernel', 'Fetching base.cpio.zst over HTTP: 3 %'), event(100_000, 'kernel', 'Fetching base.cpio.zst over HTTP: 40 %'));
    const texts = (whole: Trace): string[] => whole.events.map(({ text }) => text);
    expect([judge(slow, 200_000).outcome, judge(slow, 221_000).outcome, judge(slow, 221_000).advice?.split('.')[0], texts(slow)]).toEqual(['running', 'stopped', 'After “Fetching base', ['asked', 'Fetching base.cpio.zst over HTTP: 40 %']]);
    expect([texts(appendEvent(slow, event(130_000, 'kernel', 'Fetched base.cpio.zst over HTTP'))), texts(appendEvent(slow, event(130_000, 'kernel', 'Broke off fetching base.cpio.zst over HTTP', { problem: true })))])
      .toEqual([['asked', 'Fetched base.cpio.zst over HTTP'], ['asked', 'Fetching base.cpio.zst over HTTP: 40 %', 'Broke off fetching base.cpio.zst over HTTP']]);
  });
  it('is given its time, and a boot sent to its disk has not stopped', () => {
    const waits = trace(event(0, 'asked'), event(1, 'script', 'Told: wait for i, then start the disk, because nothing waits for it'));
    expect([judge(trace(event(0, 'asked')), 29_000).outcome, waits.outcome, judge(waits, 200_000).outcome]).toEqual(['running', 'running', 'done']);
  });
  it('is over when the loader starts the disk, or says that it can\'t; what is noted later changes nothing', () => {
    const disk = trace(event(0, 'asked'), event(1, 'script', 'Told'), event(5, 'script', 'It starts its disk', { facts: { ends: 'done' } }), event(6, 'note', 'Asked for x'));
    const none = trace(event(0, 'asked'), event(5, 'script', 'Its disk did not start', { problem: true, facts: { ends: 'stopped' } }));
    expect([disk.outcome, disk.endedAt, none.outcome, none.stoppedAt, none.advice]).toEqual(['done', 5, 'stopped', 'script', 'Its disk did not start']);
  });
  it('is another one after the script, or after a long silence, and not for each of the firmware\'s questions', () => {
    const asked = trace(event(0, 'asked'), event(1, 'offered'));
    const told = appendEvent(asked, event(2, 'script'));
    expect([startsAnother(asked, event(4000, 'asked')), startsAnother(asked, event(400_000, 'asked')), startsAnother(told, event(4000, 'asked')), startsAnother(told, event(4000, 'kernel'))]).toEqual([false, true, true, false]);
  });
  it('has one line for what comes again and again', () => {
    expect(trace(event(0, 'asked'), event(1, 'asked'), event(2, 'asked')).events).toHaveLength(1);
  });
});
