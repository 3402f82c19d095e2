// Settings of network boot, each with what it does; kept when one leaves the field, with undo. They hold from the next boot on.
import { NumberInput, Select, Skeleton, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { BootSettingsView } from '#shared/model/boot.ts';
import { useConnected } from '../app/connection.tsx';
import type { ShownError } from '../errors.ts';
import { SettingFrame } from '../settings/SettingInput.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { toastFailed, toastUndo } from '../ui/toasts.tsx';
import { bootSettingFields } from './bootSettingFields.ts';
import type { BootSettingField } from './bootSettingFields.ts';
import { useBootSettings } from './useBootActions.ts';
import classes from '../settings/SettingsPage.module.css';

export function BootSettings({ settings }: { settings: BootSettingsView | undefined }) {
  return (
    <PageBody>
      <Section title="From the next boot on">
        <div className={classes['fields']} aria-busy={settings === undefined}>
          {bootSettingFields.map((field) => (settings === undefined ? <SettingFrame key={field.key} field={field}><Skeleton h={30} w={240} /></SettingFrame> : <Field key={field.key} field={field} settings={settings} />))}
        </div>
      </Section>
    </PageBody>
  );
}

type Value = string | number;
function Field({ field, settings }: { field: BootSettingField; settings: BootSettingsView }) {
  const connected = useConnected();
  const set = useBootSettings();
  const saved: Value = settings[field.key];
  const [draft, setDraft] = useState<Value>(saved);
  const [failed, setFailed] = useState<ShownError | null>(null);
  useEffect(() => setDraft(saved), [saved]);
  const problem = field.problem(draft);
  const save = async (value: Value): Promise<void> => {
    setFailed(null);
    const kept = typeof value === 'string' ? value.trim().replaceAll(/\s+/g, ' ') : value;
    if (kept === saved || field.problem(kept) !== null) return;
    const error = await set({ [field.key]: kept });
    setFailed(error);
    if (error !== null) return;
    toastUndo(`${field.label}: ${field.shown(kept)}`, `boot setting ${field.key}`, () => void set({ [field.key]: saved }).then((wrong) => { if (wrong !== null) toastFailed(`Could not undo “${field.label}”`, wrong); }));
  };
  const shared = { 'aria-label': field.label, 'aria-describedby': `setting-${field.key}`, disabled: !connected, size: 'xs', w: 240 } as const;
  const typed = { ...shared, error: problem, onBlur: () => void save(draft), onKeyDown: (event: React.KeyboardEvent) => {
    if (event.key === 'Enter') void save(draft);
    if (event.key === 'Escape') { setDraft(saved); setFailed(null); }
  } };
  return (
    <SettingFrame field={field} failure={failed !== null && <ErrorBlock title={`${field.label} could not be changed`} error={failed} onDismiss={() => { setFailed(null); setDraft(saved); }} />}>
      {field.kind === 'choice' && <Select {...shared} value={String(draft)} data={field.choices} searchable={field.choices.length > 6} allowDeselect={false} checkIconPosition="right" onChange={(value) => { if (value !== null) { setDraft(value); void save(value); } }} />}
      {field.kind === 'number' && <NumberInput {...typed} value={draft} suffix=" seconds" allowDecimal={false} allowNegative={false} onChange={(value) => setDraft(typeof value === 'bigint' ? Number(value) : value)} />}
      {field.kind === 'text' && <TextInput {...typed} value={String(draft)} placeholder="none" spellCheck={false} autoComplete="off" onChange={(event) => setDraft(event.currentTarget.value)} />}
    </SettingFrame>
  );
}
