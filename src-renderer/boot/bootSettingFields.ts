// Pure: the settings of network boot in words, and what is wrong with a value. The limits themselves are the schema's.
import { bootSettingsSchema } from '#shared/model/boot.ts';
import type { BootSettingsView } from '#shared/model/boot.ts';

type Value = string | number;
type Kind = { kind: 'number' } | { kind: 'text' } | { kind: 'choice'; choices: { value: string; label: string }[] };
export type BootSettingField = { key: keyof BootSettingsView; label: string; explanation: string; /** In words, or null. */ problem: (value: Value) => string | null; shown: (value: Value) => string } & Kind;

const field = (key: keyof BootSettingsView, label: string, explanation: string, kind: Kind, wrong: string): BootSettingField => ({
  key, label, explanation, ...kind,
  problem: (value) => (bootSettingsSchema.shape[key].safeParse(value).success ? null : wrong),
  shown: (value) => (kind.kind === 'number' ? `${value} ${value === 1 ? 'second' : 'seconds'}` : kind.kind === 'choice' ? (kind.choices.find((choice) => choice.value === value)?.label ?? String(value)) : value === '' ? 'none' : String(value)),
});

const keyboards: [string, string][] = [
  ['', 'US English'], ['be', 'Belgian'], ['br', 'Brazilian'], ['cz', 'Czech'], ['de', 'German'], ['dk', 'Danish'], ['es', 'Spanish'], ['et', 'Estonian'], ['fi', 'Finnish'], ['fr', 'French'], ['hu', 'Hungarian'], ['it', 'Italian'], ['jp', 'Japanese'], ['nl', 'Dutch'], ['no', 'Norwegian'],
  ['pl', 'Polish'], ['pt', 'Portuguese'], ['ro', 'Romanian'], ['ru', 'Russian'], ['se', 'Swedish'], ['sk', 'Slovak'], ['tr', 'Turkish'], ['ua', 'Ukrainian'], ['uk', 'UK English'],
];

export const bootSettingFields: BootSettingField[] = [
  field('unknownComputers', 'Computers that are new', 'What a computer gets that Platen does not know. The portal lets a technician name it and image it; its own disk leaves it as it is.', { kind: 'choice', choices: [{ value: 'portal', label: 'Open the portal' }, { value: 'local-disk', label: 'Start from their own disk' }] }, 'One of the two'),
  field('loaderCountdownSeconds', 'Wait for the key “i”', 'How long the boot loader of a known computer waits for “i”, which opens the portal, before it starts the computer’s own disk. It costs this much at every start.', { kind: 'number' }, 'A whole number from 1 to 60'),
  field('loader', 'Boot loader', 'Automatic gives the plain loader, and the signed one to computers that need it: Secure Boot can’t be seen in the question, only in a loader that was fetched and then not started. Signed for all costs a few seconds and works with Secure Boot on and off.', { kind: 'choice', choices: [{ value: 'automatic', label: 'Automatic' }, { value: 'plain', label: 'Plain (iPXE) for all' }, { value: 'secure-boot', label: 'Signed (Secure Boot) for all' }] }, 'One of the three'),
  field('borrowLease', 'Borrowed lease', 'Only for proxy mode and computers with Secure Boot. Where the DHCP server names a boot file of its own, the signed loader follows that server and finds nothing. On, Platen passes that server’s address on together with its own boot; the address stays the other server’s, in the computer’s name.', { kind: 'choice', choices: [{ value: 'off', label: 'Off' }, { value: 'on', label: 'On' }] }, 'On or off'),
  field('otherDriver', 'Models that need the other loader', 'BIOS gets a loader with its own drivers, UEFI one with the firmware’s; after two that fell silent a computer gets the other kind by itself. Named here, a model begins with it: words of the model or beginnings of MACs, such as “OptiPlex 3020, 00:e0:4c”.', { kind: 'text' }, 'At most 500 plain characters, apart by commas'),
  field('keyboard', 'Keyboard', 'Layout of the keyboards at the computers, for the portal’s screens.', { kind: 'choice', choices: keyboards.map(([value, label]) => ({ value, label: value === '' ? label : `${label} (${value})` })) }, 'A layout of the list'),
  field('kernelWords', 'Words for the kernel', 'Added to the kernel’s command line of every computer, as one line: for machines that need help, such as nomodeset or pci=noaer.', { kind: 'text' }, 'At most 500 plain characters on one line'),
];
