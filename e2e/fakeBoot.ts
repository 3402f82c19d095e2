// The fake server's network boot: the real API's procedures over made-up adapters, boots and checks in memory. It never opens a port.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { bootChoiceSchema, bootSettingsPatchSchema, bootStages } from '#shared/model/boot.ts';
import type { Adapter, BootSettingsView, BootStage, BootStatus, BootTrace, EnvironmentView, PreflightCheck, SignedSlotView, MediaView } from '#shared/model/boot.ts';
import type { Change } from '#shared/model/server.ts';
import type { FakeData } from './fakeData.ts';
import { fail, t } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';

const minute = 60_000;
type Override = 'portal' | 'local-disk' | 'ignore' | null;
export type FakeBoot = { media: MediaView; status: BootStatus; adapters: Adapter[]; traces: BootTrace[]; checks: PreflightCheck[]; overrides: Map<string, Override> };

const emptySlot: SignedSlotView = { folder: '/var/lib/platen/signed-loaders', state: 'empty', files: [], text: 'Computers with Secure Boot get Debian\'s signed chain. To give them iPXE\'s own signed one, put ipxe-shimx64.efi and ipxe.efi (or snponly.efi) of an official release into /var/lib/platen/signed-loaders.' };
/** As after two of three files were dropped in rightly. */
export const signedFiles: SignedSlotView = {
  folder: emptySlot.folder, state: 'ready', text: 'Computers with Secure Boot get ipxe-shimx64.efi and ipxe.efi instead of Debian\'s chain. To go back, remove both from /var/lib/platen/signed-loaders; network boot takes it in when it is switched on next.',
  files: [
    { name: 'ipxe-shimx64.efi', sizeBytes: 968_000, role: 'shim', signers: ['Microsoft UEFI CA 2023 signer', 'Microsoft Corporation UEFI CA 2011'], problem: null }, { name: 'ipxe.efi', sizeBytes: 1_112_000, role: 'ipxe', signers: ['iPXE Secure Boot Automatic Code Signing'], problem: null },
    { name: 'snponly.efi', sizeBytes: 296_448, role: 'ipxe', signers: [], problem: 'Not used: it carries no signature, so Secure Boot would refuse it. Take the file from the folder of signed ones (x86_64-sb).' },
  ],
};
const missing: EnvironmentView = { state: 'missing', kernelVersion: '', baseBytes: 0, builtAt: null, loaders: [], addOns: [], problem: null, log: [], signed: emptySlot };
export function readyEnvironment(now: number): EnvironmentView {
  return {
    state: 'ready', kernelVersion: '6.1.0-56-amd64', baseBytes: 57_363_704, builtAt: now - 6 * 3_600_000, problem: null, log: [], addOns: [], signed: emptySlot,
    loaders: [
      { name: 'ipxe.pxe', origin: 'ipxe 2.0.0+dfsg-5 (sid)', sizeBytes: 373_464 }, { name: 'undionly.kpxe', origin: 'ipxe 2.0.0+dfsg-5 (sid)', sizeBytes: 107_898 }, { name: 'snponly.efi', origin: 'ipxe 2.0.0+dfsg-5 (sid)', sizeBytes: 296_448 },
      { name: 'ipxe-amd64.efi', origin: 'ipxe 2.0.0+dfsg-5 (sid)', sizeBytes: 1_049_600 }, { name: 'shimx64.efi', origin: 'shim-signed 1.51~1+deb13u1+16.1-2~deb13u1 (trixie)', sizeBytes: 1_036_152 },
      { name: 'grubx64.efi', origin: 'grub-efi-amd64-signed 1+2.12+9+deb13u2 (trixie)', sizeBytes: 2_344_384 },
    ],
  };
}
const adapters: Adapter[] = [
  { name: 'eth0', address: '172.16.4.20', prefixLength: 16, mac: 'a0:36:9f:11:20:01', kind: 'wired', link: true, speedMbits: 1000, pool: { first: '172.16.128.0', last: '172.16.255.254' } },
  { name: 'eth1', address: '192.168.10.5', prefixLength: 24, mac: 'a0:36:9f:11:20:02', kind: 'wired', link: true, speedMbits: 10_000, pool: { first: '192.168.10.128', last: '192.168.10.254' } },
  { name: 'eth2', address: '', prefixLength: 0, mac: 'a0:36:9f:11:20:03', kind: 'wired', link: false, speedMbits: null, pool: null },
  { name: 'wlan0', address: '10.20.0.14', prefixLength: 20, mac: '5c:80:b6:41:0a:90', kind: 'wireless', link: true, speedMbits: null, pool: { first: '10.20.8.0', last: '10.20.15.254' } },
  { name: 'docker0', address: '172.17.0.1', prefixLength: 16, mac: '02:42:8e:11:02:aa', kind: 'virtual', link: false, speedMbits: null, pool: { first: '172.17.128.0', last: '172.17.255.254' } },
  { name: 'lo', address: '127.0.0.1', prefixLength: 8, mac: '00:00:00:00:00:00', kind: 'loopback', link: true, speedMbits: null, pool: { first: '127.128.0.0', last: '127.255.255.254' } },
];
const checks: PreflightCheck[] = [
  { id: 'adapter', title: 'Network adapter', state: 'ok', text: 'eth1, 192.168.10.5/24, 10 Gbit/s.', advice: '' },
  { id: 'environment', title: 'Boot environment', state: 'ok', text: 'Kernel 6.1.0-56-amd64, 57.4 MB, 6 loaders.', advice: '' },
  { id: 'ports', title: 'Ports', state: 'ok', text: 'Network boot listens on UDP 67, 4011 and 69, and TCP 8430, of 192.168.10.5.', advice: '' },
  { id: 'dhcp', title: 'Other DHCP servers', state: 'warning', text: '2 DHCP servers answer: 192.168.10.1, 192.168.10.77.', advice: 'Two servers on one network give addresses that may contradict each other. One of them is probably there by mistake.' },
  { id: 'tftp', title: 'Loaders over TFTP', state: 'ok', text: '6 loaders fetched, 5.2 MB.', advice: '' },
  { id: 'http', title: 'Kernel over HTTP', state: 'failed', text: 'The kernel could not be fetched: fetch failed', advice: 'A firewall on this machine may drop the port.' },
  { id: 'firewall', title: 'Firewall', state: 'skipped', text: 'Whether this machine\'s firewall lets computers in shows when the first one boots.', advice: 'Let in: UDP 67, 4011, 69 and the ports above 1023 (TFTP answers from one of them), TCP 8430 and the server\'s own port.' },
  { id: 'space', title: 'Free space', state: 'ok', text: '412 GB free for images.', advice: '' },
];
export const defaultBootSettings: BootSettingsView = { unknownComputers: 'portal', loaderCountdownSeconds: 4, keyboard: '', kernelWords: '', loader: 'automatic', borrowLease: 'off', otherDriver: '' };

/** Nothing where there are no images: on a server just set up nobody has chosen an adapter. */
export function bootFor(data: FakeData, now = Date.now()): FakeBoot {
  const full = data.images.length > 0;
  return {
    media: { problem: full ? null : 'There is no boot environment yet. Build it first: platen boot build, or the button on the page Network boot.', servers: full ? ['https://192.168.10.5:8420', 'https://172.16.4.20:8420'] : [], made: full ? 3 : 0, lastMadeAt: full ? now - 5 * 24 * 60 * minute : null, lastUsedAt: full ? now - 90 * minute : null },
    status: {
      state: full ? 'serving' : 'off', choice: full ? { mode: 'proxy', adapter: 'eth1', pool: null } : { mode: 'off', adapter: '', pool: null }, address: full ? '192.168.10.5' : '',
      ports: full ? { dhcp: 67, pxe: 4011, tftp: 69, http: 8430 } : null, problem: null, settings: { ...defaultBootSettings }, environment: full ? readyEnvironment(now) : { ...missing }, leases: [],
    },
    adapters: structuredClone(full ? adapters : adapters.filter((adapter) => adapter.name !== 'eth0')), traces: full ? fakeTraces(data, now) : [], checks: structuredClone(checks), overrides: new Map(),
  };
}

const texts: Record<BootStage, string> = {
  asked: 'UEFI, x64 asks for a boot', offered: 'Offered snponly.efi', loader: 'Fetched snponly.efi over TFTP in 91 ms', script: 'Told: load the boot environment, because it is new here', kernel: 'Fetched base.cpio.zst over HTTP',
  environment: 'The environment started', hello: 'The agent said hello',
};
const after: Record<BootStage, number> = { asked: 0, offered: 40, loader: 310, script: 2100, kernel: 4800, environment: 16_400, hello: 21_700 };
/** A boot that came as far as this stage. */
export function fakeTrace(given: Partial<BootTrace> & { mac: string; startedAt: number }, upTo: BootStage, words: Partial<Record<BootStage, string>> = {}): BootTrace {
  const events = bootStages.slice(0, bootStages.indexOf(upTo) + 1).map((stage) => ({ at: given.startedAt + after[stage], stage, text: words[stage] ?? texts[stage], problem: false }));
  return { id: Math.trunc(given.startedAt % 1e9), uuid: '', firmware: 'UEFI, x64', address: '192.168.10.57', computerId: null, computerName: '', endedAt: (events.at(-1)?.at ?? given.startedAt), outcome: 'done', stoppedAt: null, advice: null, events, ...given };
}

function fakeTraces(data: FakeData, now: number): BootTrace[] {
  const known = (name: string): Pick<BootTrace, 'computerId' | 'computerName' | 'mac'> => {
    const computer = data.computers.find((each) => each.name === name);
    return { computerId: computer?.id ?? null, computerName: name, mac: computer?.identity.macs[0]?.address ?? '' };
  };
  const toDisk = { script: 'Told: wait for i, then start the disk, because nothing waits for it' };
  return [
    fakeTrace({ mac: 'c8:f7:50:1d:77:04', startedAt: now - 9000, outcome: 'running', endedAt: null }, 'kernel'),
    fakeTrace({
      ...known('LAB12-07'), startedAt: now - 4 * minute, outcome: 'stopped', stoppedAt: 'loader', endedAt: now - 2.4 * minute,
      advice: 'The loader arrived whole and never spoke again: the firmware refused it, as Secure Boot does. Switch Secure Boot off in its setup, or choose the signed loader for it; the next try gets the signed one by itself.',
    }, 'loader'),
    fakeTrace({ ...known('LAB12-02'), startedAt: now - 11 * minute }, 'hello', { script: 'Told: load the boot environment, because Win11 lab waits for it' }),
    fakeTrace({ ...known('LAB12-01'), startedAt: now - 32 * minute, firmware: 'BIOS' }, 'script', { asked: 'BIOS asks for a boot', offered: 'Offered ipxe.pxe', loader: 'Fetched ipxe.pxe over TFTP in 143 ms', ...toDisk }),
    fakeTrace({ ...known('LAB12-01'), startedAt: now - 26 * 60 * minute, firmware: 'BIOS' }, 'hello', { asked: 'BIOS asks for a boot', offered: 'Offered ipxe.pxe', loader: 'Fetched ipxe.pxe over TFTP in 139 ms' }),
    fakeTrace({
      mac: '00:e0:4c:68:0b:11', startedAt: now - 50 * minute, firmware: '', outcome: 'stopped', stoppedAt: 'asked', endedAt: now - 49 * minute,
      advice: 'It asked, but got no answer. If another DHCP server gives addresses here, use proxy mode; if none does, use lab mode. A firewall on this machine may drop UDP port 67.',
    }, 'asked', { asked: 'Architecture 11 asks for a boot' }),
    fakeTrace({ ...known('LAB12-01'), startedAt: now - 50 * 60 * minute, outcome: 'stopped', endedAt: now - 50 * 60 * minute + 3000, advice: 'It started over.' }, 'script'),
  ];
}

type Parts = { boot: FakeBoot; changed: (entity: Change['entity'], id: string) => void };
export function fakeBootRouter({ guarded }: Procedures, { boot, changed }: Parts) {
  const { status } = boot;
  const told = (): BootStatus => {
    changed('boot', 'boot');
    return status;
  };
  return t.router({
    status: guarded.query(() => status),
    adapters: guarded.query(() => boot.adapters),
    choose: guarded.input(bootChoiceSchema).mutation(({ input }) => {
      const adapter = boot.adapters.find((each) => each.name === input.adapter && each.address !== '');
      if (input.mode !== 'off' && adapter === undefined) fail(new AppError('usage', `This machine has no adapter "${input.adapter}" with an IPv4 address. There are: eth1 (192.168.10.5).`));
      status.choice = input;
      Object.assign(status, input.mode === 'off' ? { state: 'off', address: '', ports: null, problem: null } : { state: 'serving', address: adapter?.address ?? '', ports: { dhcp: 67, pxe: 4011, tftp: 69, http: 8430 }, problem: null });
      return told();
    }),
    setSettings: guarded.input(bootSettingsPatchSchema).mutation(({ input }) => {
      Object.assign(status.settings, input);
      return told();
    }),
    setOverride: guarded.input(z.object({ computer: z.uuid(), override: z.enum(['portal', 'local-disk', 'ignore']).nullable() })).mutation(({ input }) => {
      boot.overrides.set(input.computer, input.override);
      changed('computer', input.computer);
      return {};
    }),
    override: guarded.input(z.object({ computer: z.uuid() })).query(({ input }) => ({ override: boot.overrides.get(input.computer) ?? null })),
    traces: guarded.input(z.object({ computer: z.uuid().optional(), limit: z.number().int().min(1).max(500).optional() }).optional())
      .query(({ input }) => boot.traces.filter((trace) => input?.computer === undefined || trace.computerId === input.computer).toSorted((left, right) => right.startedAt - left.startedAt).slice(0, input?.limit ?? 50)),
    build: guarded.input(z.object({ level: z.number().int().min(1).max(19).optional() }).optional()).mutation(() => {
      status.environment = { ...status.environment, state: 'building', problem: null, log: ['Reading the recipe', 'Fetching 212 packages'] };
      return told();
    }),
    preflight: guarded.mutation(() => boot.checks),
  });
}

/** The image itself is a few bytes. */
export function fakeMediaRouter({ guarded }: Procedures, { boot, changed }: Parts) {
  return t.router({
    view: guarded.query(() => boot.media),
    prepare: guarded.input(z.object({ server: z.string().max(300).optional() })).mutation(({ input }) => {
      if (input.server?.includes('127.0.0.1') === true) fail(new AppError('usage', "127.0.0.1 means the computer itself: on a medium it would lead nowhere. Use the server's address on the network."));
      boot.media = { ...boot.media, made: boot.media.made + 1, lastMadeAt: Date.now() };
      changed('boot', 'boot');
      return { path: '/download/boot-medium?ticket=t', fileName: 'platen-boot-a18df41e.iso', sizeBytes: 71_303_168, id: 'a18df41e', server: input.server ?? '' };
    }),
    revoke: guarded.mutation(() => {
      const { made } = boot.media;
      boot.media = { ...boot.media, made: 0, lastMadeAt: null, lastUsedAt: null };
      changed('boot', 'boot');
      return { revoked: made };
    }),
  });
}
