// Pure: which settings there are, grouped and in words, and what is wrong with a value. The limits themselves are the schema's.
import { settingProblem } from '#shared/model/settings-words.ts';
import type { Settings } from '#shared/model/server.ts';

export type SettingValue = Settings[keyof Settings];
export type SettingField = { key: keyof Settings; label: string; explanation: string } & (
  { kind: 'text' } | { kind: 'long-text' } | { kind: 'pattern' } | { kind: 'number'; unit: string } | { kind: 'choice'; choices: { value: string; label: string }[] } | { kind: 'switch'; on: string; off: string } | { kind: 'folder' }
);
export type SettingGroup = { id: string; title: string; fields: SettingField[] };

export const settingGroups: SettingGroup[] = [
  { id: 'server', title: 'Server', fields: [
    { key: 'serverName', kind: 'text', label: 'Server name', explanation: 'What this server is called in the console and wherever package servers are listed.' },
  ] },
  { id: 'images', title: 'Images and store', fields: [
    { key: 'trashDays', kind: 'number', unit: 'days', label: 'Keep deleted things', explanation: 'How long deleted images, versions, jobs and folders can be restored. With 0 they are deleted for good at the next clean-up.' },
    { key: 'verifyEveryDays', kind: 'number', unit: 'days', label: 'Verify every', explanation: 'Every version is read back from disk and checked at least this often. With 0 only on request.' },
    { key: 'captureLeaseHours', kind: 'number', unit: 'hours', label: 'Keep unfinished captures', explanation: 'An interrupted capture can be continued without sending again what arrived, for this long after its last sign of life.' },
    { key: 'defaultScope', kind: 'choice', label: 'Images go to', explanation: 'Which package servers hold an image that says nothing else. Each image can say all, none or selected ones.', choices: [{ value: 'all', label: 'All package servers' }, { value: 'none', label: 'No package server' }] },
  ] },
  { id: 'portal', title: 'Portal', fields: [
    { key: 'portalTitle', kind: 'text', label: 'Title', explanation: 'The title bar of every portal screen.' },
    { key: 'portalText', kind: 'long-text', label: 'Text above the menu', explanation: 'Tells technicians what to do. May be empty.' },
    { key: 'portalColor', kind: 'choice', label: 'Colour', explanation: 'Of the title bar and of the line one is on. Tells servers apart at a glance.', choices: [{ value: 'blue', label: 'Blue' }, { value: 'green', label: 'Green' }, { value: 'cyan', label: 'Cyan' }, { value: 'magenta', label: 'Magenta' }, { value: 'red', label: 'Red' }, { value: 'grey', label: 'Grey' }] },
    { key: 'portalCountdownSeconds', kind: 'number', unit: 'seconds', label: 'Countdown', explanation: 'How long the key i opens the menu before the computer starts from its disk. With 0 it waits for ever.' },
    { key: 'portalMenu', kind: 'choice', label: 'Menu', explanation: 'One list of everything published, or folders as they are in the tree.', choices: [{ value: 'flat', label: 'One list' }, { value: 'folders', label: 'Folders' }] },
    { key: 'portalRootFolderId', kind: 'folder', label: 'Only below this folder', explanation: 'Published jobs elsewhere are not offered at any portal. Empty offers all.' },
    { key: 'portalRenameKnown', kind: 'switch', label: 'Rename known computers', on: 'Allowed', off: 'Not allowed', explanation: 'Whether a technician may give another name to a computer that has one. New computers are always named.' },
    { key: 'portalNamePattern', kind: 'pattern', label: 'Name of new computers', explanation: 'Proposed at the portal: {serial}, {asset}, {model}, {mac} (its last six digits), {n} or {n:3} (the next free number, here with three digits), and text between them.' },
    { key: 'portalWhenDone', kind: 'choice', label: 'After a run', explanation: 'What the computer does when all tasks are done, unless the last task says otherwise.', choices: [{ value: 'menu', label: 'Back to the menu' }, { value: 'restart', label: 'Restart' }, { value: 'shut-down', label: 'Switch off' }] },
    { key: 'portalFailureSeconds', kind: 'number', unit: 'seconds', label: 'Keep a failure on screen', explanation: 'Before the portal goes on by itself. With 0 it stays until somebody presses a key.' },
  ] },
  { id: 'logs', title: 'Logs', fields: [
    { key: 'logRetentionDays', kind: 'number', unit: 'days', label: 'Keep the log', explanation: 'Older log entries are removed, those of runs as well.' },
    { key: 'logLevel', kind: 'choice', label: 'Log level', explanation: 'How much the server writes to its log. Debug is for finding a fault, and grows fast.', choices: [{ value: 'error', label: 'Errors only' }, { value: 'warn', label: 'Warnings too' }, { value: 'info', label: 'Normal' }, { value: 'debug', label: 'Debug' }] },
  ] },
  { id: 'desktop', title: 'Desktop', fields: [
    { key: 'whenClosed', kind: 'choice', label: 'When the window is closed', explanation: 'While runs are active. With nothing to do, closing the window always ends the desktop app and the server it started.', choices: [{ value: 'ask', label: 'Ask' }, { value: 'tray', label: 'Go on in the tray' }, { value: 'quit', label: 'End the server' }] },
  ] },
];
export const settingFields: SettingField[] = settingGroups.flatMap((group) => group.fields);

/** What is wrong with this value, in words, or null. */
export function problemOf(field: SettingField, value: SettingValue): string | null {
  return settingProblem(field.key, value);
}

export function shownValue(field: SettingField, value: SettingValue): string {
  if (field.kind === 'number') return `${value} ${value === 1 ? field.unit.replace(/s$/, '') : field.unit}`;
  if (field.kind === 'switch') return value === true ? field.on : field.off;
  if (field.kind === 'folder') return value === null ? 'all jobs' : 'another folder';
  if (value === '') return 'nothing';
  return field.kind === 'choice' ? (field.choices.find((choice) => choice.value === value)?.label ?? String(value)) : String(value);
}
