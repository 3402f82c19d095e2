// Pure: which settings there are, in words, and what is wrong with a value. The limits themselves are the schema's.
import { settingsSchema } from '#shared/model/server.ts';
import type { Settings } from '#shared/model/server.ts';

/** Settings that this form edits: texts, numbers and choices. */
export type SettingKey = { [Key in keyof Settings]: Settings[Key] extends string | number ? Key : never }[keyof Settings];
export type SettingField = { key: SettingKey; label: string; explanation: string } & (
  { kind: 'text' } | { kind: 'number'; unit: string } | { kind: 'choice'; choices: { value: string; label: string }[] }
);

export const settingFields: SettingField[] = [
  { key: 'serverName', kind: 'text', label: 'Server name', explanation: 'What this server is called in the console and wherever package servers are listed.' },
  { key: 'trashDays', kind: 'number', unit: 'days', label: 'Keep deleted images', explanation: 'How long deleted images and versions can be restored. With 0 they are deleted for good at the next clean-up.' },
  { key: 'verifyEveryDays', kind: 'number', unit: 'days', label: 'Verify every', explanation: 'Every version is read back from disk and checked at least this often. With 0 only on request.' },
  { key: 'captureLeaseHours', kind: 'number', unit: 'hours', label: 'Keep unfinished captures', explanation: 'An interrupted capture can be continued without sending again what arrived, for this long after its last sign of life.' },
  { key: 'logRetentionDays', kind: 'number', unit: 'days', label: 'Keep the log', explanation: 'Older log entries are removed.' },
  { key: 'logLevel', kind: 'choice', label: 'Log level', explanation: 'How much the server writes to its log. Debug is for finding a fault, and grows fast.', choices: [{ value: 'error', label: 'Errors only' }, { value: 'warn', label: 'Warnings too' }, { value: 'info', label: 'Normal' }, { value: 'debug', label: 'Debug' }] },
];

/** What is wrong with this value, in words, or null. */
export function problemOf(field: SettingField, value: string | number): string | null {
  const schema = settingsSchema.shape[field.key];
  if (schema.safeParse(value).success) return null;
  if (field.kind === 'number' && 'minValue' in schema) return `A whole number from ${schema.minValue} to ${schema.maxValue}`;
  return field.kind === 'text' && 'maxLength' in schema ? `From 1 to ${schema.maxLength} characters` : 'Not a value this setting can have';
}

export function shownValue(field: SettingField, value: string | number): string {
  if (field.kind === 'number') return `${value} ${value === 1 ? field.unit.replace(/s$/, '') : field.unit}`;
  return field.kind === 'choice' ? (field.choices.find((choice) => choice.value === value)?.label ?? String(value)) : String(value);
}
