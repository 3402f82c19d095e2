// One USB adapter that goes from computer to computer: two computers, one MAC.
import { expect, test } from './lab.ts';
import { seesPortal } from './steps.ts';

test.describe.configure({ timeout: 900_000 });

test('two computers that come with the same adapter one after the other get two records', async ({ lab }) => {
  await lab.open('lab');
  const message = 'Hello from the lab';
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  // An address that a maker gave: those that software makes prove nothing anyway.
  const mac = '00:16:3e:77:00:51';
  for (const [name, digit] of [['first', '1'], ['second', '2']] as const) {
    const vm = await lab.switchOn({ name, firmware: 'uefi', port: 0, mac, uuid: `10000000-0000-4000-8000-00000000005${digit}`, serial: `LABSAME${digit}`, disk: null });
    await seesPortal(lab, vm, message);
    await vm.kill();
  }
  const computers = await lab.platen<{ name: string }[]>('computer', 'list');
  expect(computers.map((computer) => computer.name.toUpperCase()).toSorted()).toEqual([expect.stringMatching(/LABSAME1$/), expect.stringMatching(/LABSAME2$/)]);
  const traces = await lab.traces();
  expect(traces.map((trace) => [trace.mac, trace.computerName.toUpperCase(), trace.outcome])).toEqual([[mac, expect.stringMatching(/LABSAME2$/), 'done'], [mac, expect.stringMatching(/LABSAME1$/), 'done']]);
});
