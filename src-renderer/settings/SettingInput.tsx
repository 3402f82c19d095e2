// One setting: what it is, the field, what is wrong beside it, and keeping it when one leaves the field, with undo.
import { NumberInput, Select, Skeleton, Switch, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Settings } from '#shared/model/server.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { toastUndo } from '../ui/toasts.tsx';
import { FolderPicker } from './FolderPicker.tsx';
import { PatternExample } from './PatternExample.tsx';
import { problemOf, shownValue } from './settingFields.ts';
import type { SettingField, SettingValue } from './settingFields.ts';
import classes from './SettingsPage.module.css';

export function SettingInput({ field, settings }: { field: SettingField; settings: Settings }) {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const connected = useConnected();
  const saved = settings[field.key];
  const [draft, setDraft] = useState<SettingValue>(saved);
  const [failed, setFailed] = useState<ShownError | null>(null);
  const set = useMutation(trpc.settings.set.mutationOptions({
    onSuccess: (now) => {
      queries.setQueryData(trpc.settings.get.queryKey(), now);
      void queries.invalidateQueries(trpc.portal.pathFilter());
    },
    onError: (error) => setFailed(shownError(error)),
  }));
  useEffect(() => setDraft(saved), [saved]);
  const problem = problemOf(field, draft);
  const save = (value: SettingValue): void => {
    setFailed(null);
    const kept = typeof value === 'string' ? value.trim() : value;
    if (kept === saved || problemOf(field, kept) !== null) return;
    set.mutate({ [field.key]: kept }, { onSuccess: () => toastUndo(`${field.label}: ${shownValue(field, kept)}`, `setting ${field.key}`, () => set.mutate({ [field.key]: saved })) });
  };
  const change = (value: SettingValue): void => { setDraft(value); save(value); };
  const shared = { 'aria-label': field.label, 'aria-describedby': `setting-${field.key}`, disabled: !connected, size: 'xs', w: 240 } as const;
  const typed = { ...shared, error: problem, classNames: { input: classes['input'] ?? '' }, onBlur: () => save(draft) };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter') save(draft);
    if (event.key === 'Escape') { setDraft(saved); setFailed(null); }
  };
  const text = typeof draft === 'string' || typeof draft === 'number' ? String(draft) : '';
  return (
    <SettingFrame field={field} failure={failed !== null && <ErrorBlock title={`${field.label} could not be changed`} error={failed} onDismiss={() => { setFailed(null); setDraft(saved); }} />}>
      {(field.kind === 'text' || field.kind === 'pattern') && <TextInput {...typed} value={text} onChange={(event) => setDraft(event.currentTarget.value)} onKeyDown={onKeyDown} />}
      {field.kind === 'pattern' && problem === null && <PatternExample pattern={text} />}
      {field.kind === 'long-text' && <Textarea {...typed} autosize minRows={2} maxRows={4} value={text} onChange={(event) => setDraft(event.currentTarget.value.replaceAll(/\s*\n\s*/g, ' '))} onKeyDown={onKeyDown} />}
      {field.kind === 'number' && <NumberInput {...typed} value={text} suffix={` ${field.unit}`} allowDecimal={false} allowNegative={false} onChange={(value) => setDraft(typeof value === 'bigint' ? Number(value) : value)} onKeyDown={onKeyDown} />}
      {field.kind === 'choice' && <Select {...shared} value={text} data={field.choices} allowDeselect={false} checkIconPosition="right" onChange={(value) => { if (value !== null) change(value as SettingValue); }} />}
      {field.kind === 'switch' && <Switch aria-label={field.label} aria-describedby={`setting-${field.key}`} disabled={!connected} size="sm" checked={draft === true} label={draft === true ? field.on : field.off} onChange={(event) => change(event.currentTarget.checked)} />}
      {field.kind === 'folder' && <FolderPicker value={typeof draft === 'string' ? draft : null} onChange={change} {...shared} />}
    </SettingFrame>
  );
}

/** What a setting is, beside what it is set to; the same while the value is still on its way. */
export function SettingFrame({ field, failure = false, children }: { field: Pick<SettingField, 'label' | 'explanation'> & { key: string }; failure?: React.ReactNode; children: React.ReactNode }) {
  return (
    <div className={classes['field']}>
      <div><div className={classes['label']}>{field.label}</div><p id={`setting-${field.key}`} className="dim">{field.explanation}</p></div>
      <div className={classes['control']}>{children}</div>
      {failure !== false && <div className={classes['failed']}>{failure}</div>}
    </div>
  );
}

export function SettingSkeleton({ field }: { field: SettingField }) {
  return <SettingFrame field={field}><Skeleton h={30} w={240} /></SettingFrame>;
}
