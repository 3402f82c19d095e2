// Which settings there are, in words.
import type { Settings } from '#shared/model/server.ts';

export type SettingField = { key: keyof Settings; label: string; explanation: string } & (
  { kind: 'text' } | { kind: 'number'; unit: string } | { kind: 'choice'; choices: { value: string; label: string }[] }
);

export const settingFields: SettingField[] = [
  { key: 'serverName', kind: 'text', label: 'Server name', explanation: 'What this server is called in the console and wherever package servers are listed.' },
  { key: 'trashDays', kind: 'number', unit: 'days', label: 'Trash', explanation: 'How long deleted images and versions can be restored. With 0 they are deleted for good at the next clean-up.' },
  { key: 'verifyEveryDays', kind: 'number', unit: 'days', label: 'Verify every', explanation: 'Every version is read back from disk and checked at least this often. With 0 only on request.' },
  { key: 'captureLeaseHours', kind: 'number', unit: 'hours', label: 'Keep unfinished captures', explanation: 'An interrupted capture can be continued without sending again what arrived, for this long after its last sign of life.' },
  { key: 'logRetentionDays', kind: 'number', unit: 'days', label: 'Keep the log', explanation: 'Older log entries are removed.' },
  { key: 'logLevel', kind: 'choice', label: 'Log level', explanation: 'How much the server writes to its log. Debug is for finding a fault, and grows fast.', choices: [{ value: 'error', label: 'Errors only' }, { value: 'warn', label: 'Warnings too' }, { value: 'info', label: 'Normal' }, { value: 'debug', label: 'Debug' }] },
];
