// The server's settings, each with what it does; a change is kept when one leaves the field, and says so.
import { NumberInput, Select, Skeleton, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconSettings } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { Settings } from '#shared/model/server.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts } from '../ui/Facts.tsx';
import { PageBody, PageHead, Section } from '../ui/Page.tsx';
import { toastUndo } from '../ui/toasts.tsx';
import { problemOf, settingFields, shownValue } from './settingFields.ts';
import type { SettingField } from './settingFields.ts';
import classes from './SettingsPage.module.css';

export function SettingsPage() {
  const trpc = useTRPC();
  const settings = useQuery(trpc.settings.get.queryOptions());
  const status = useQuery(trpc.status.get.queryOptions());
  return (
    <>
      <PageHead icon={<IconSettings size={18} stroke={1.6} />} title="Settings" documentTitle="Settings" />
      <PageBody>
        {settings.data === undefined && settings.isError && <ErrorBlock title="The settings could not be read" error={shownError(settings.error)} onRetry={() => void settings.refetch()} />}
        {!(settings.isError && settings.data === undefined) && (
          <div className={classes['fields']} aria-busy={settings.data === undefined}>
            {settingFields.map((field) => (settings.data === undefined ? <FieldFrame key={field.key} field={field}><Skeleton h={30} w={220} /></FieldFrame> : <Field key={field.key} field={field} settings={settings.data} />))}
          </div>
        )}
        {status.data !== undefined && (
          <Section title="Set when the server starts">
            <div className={classes['start']}>
              <Facts facts={[
                { name: 'Data folder', value: <span className="mono">{status.data.dataFolder}</span> },
                { name: 'Addresses', value: status.data.addresses.length === 0 ? <>This machine only; start it with <span className="mono">--host</span> to reach it from others</> : status.data.addresses.map((address) => <div key={address} className="mono">{address}</div>) },
                { name: 'Port', value: status.data.httpPort },
              ]}
              />
            </div>
          </Section>
        )}
      </PageBody>
    </>
  );
}

function Field({ field, settings }: { field: SettingField; settings: Settings }) {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const connected = useConnected();
  const saved = settings[field.key];
  const [draft, setDraft] = useState<string | number>(saved);
  const [failed, setFailed] = useState<ShownError | null>(null);
  const set = useMutation(trpc.settings.set.mutationOptions({
    onSuccess: (now) => { queries.setQueryData(trpc.settings.get.queryKey(), now); },
    onError: (error) => setFailed(shownError(error)),
  }));
  useEffect(() => setDraft(saved), [saved]);
  const problem = problemOf(field, draft);
  const save = (value: string | number): void => {
    setFailed(null);
    if (value === saved || problemOf(field, value) !== null) return;
    set.mutate({ [field.key]: value }, { onSuccess: () => toastUndo(`${field.label}: ${shownValue(field, value)}`, `setting ${field.key}`, () => set.mutate({ [field.key]: saved })) });
  };
  const shared = { 'aria-label': field.label, 'aria-describedby': `setting-${field.key}`, disabled: !connected, error: problem, size: 'xs', w: 220, classNames: { input: classes['input'] ?? '' } } as const;
  const onEnter = (event: React.KeyboardEvent): void => { if (event.key === 'Enter') save(draft); };
  return (
    <FieldFrame field={field} failure={failed !== null && <ErrorBlock title={`${field.label} could not be changed`} error={failed} onDismiss={() => { setFailed(null); setDraft(saved); }} />}>
        {field.kind === 'text' && <TextInput {...shared} value={String(draft)} onChange={(event) => setDraft(event.currentTarget.value)} onBlur={() => save(draft)} onKeyDown={onEnter} />}
        {field.kind === 'number' && <NumberInput {...shared} value={draft} suffix={` ${field.unit}`} allowDecimal={false} allowNegative={false} onChange={setDraft} onBlur={() => save(draft)} onKeyDown={onEnter} />}
        {field.kind === 'choice' && <Select {...shared} value={String(draft)} data={field.choices} allowDeselect={false} checkIconPosition="right" onChange={(value) => { if (value !== null) { setDraft(value); save(value); } }} />}
    </FieldFrame>
  );
}

/** What a setting is, beside what it is set to; the same while the value is still on its way. */
function FieldFrame({ field, failure = false, children }: { field: SettingField; failure?: React.ReactNode; children: React.ReactNode }) {
  return (
    <div className={classes['field']}>
      <div><div className={classes['label']}>{field.label}</div><p id={`setting-${field.key}`} className="dim">{field.explanation}</p></div>
      <div>{children}</div>
      {failure !== false && <div className={classes['failed']}>{failure}</div>}
    </div>
  );
}
