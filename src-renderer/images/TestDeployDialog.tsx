// *Test deploy…*: a version that waits to be validated is tried on one computer. Says what is erased there before it begins, then leads to
// the run. Nothing else changes: the version waits as before.
import { Button, Modal, Select, Skeleton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { diskPolicySchema } from '#shared/model/disk-policy.ts';
import type { DiskPolicy } from '#shared/model/disk-policy.ts';
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import type { Task } from '#shared/model/job.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { DiskPolicyField } from '../jobs/DiskPolicyField.tsx';
import { ErrorBlock, WarningLine } from '../ui/ErrorBlock.tsx';
import { toastDone } from '../ui/toasts.tsx';
import classes from './PendingVersion.module.css';

type Props = { image: ImageDetail; version: VersionSummary; onClose: () => void };

export function TestDeployDialog({ opened, ...props }: Props & { opened: boolean }) {
  return (
    <Modal opened={opened} onClose={props.onClose} size={680} yOffset="6vh" title={`Test deploy of ${props.image.name}, version ${props.version.number}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <TestDeploy {...props} />
    </Modal>
  );
}

function TestDeploy({ image, version, onClose }: Props) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const queries = useQueryClient();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const [computer, setComputer] = useState<string | null>(null);
  const [disk, setDisk] = useState<DiskPolicy>({ kind: 'only-internal' });
  const [settled] = useDebouncedValue(disk, 200);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [starting, setStarting] = useState(false);
  const request = { image: image.guid, version: version.number, computer: computer ?? '', disk: settled };
  const asks = computer !== null && diskPolicySchema.safeParse(settled).success;
  const preview = useQuery(trpc.jobs.previewTestDeploy.queryOptions(request, { enabled: asks, retry: false, gcTime: 0 }));
  const told = asks && disk === settled ? preview.data : undefined;
  const start = async (): Promise<void> => {
    if (told === undefined) return;
    setFailure(null);
    setStarting(true);
    try {
      const { run, title, computerName } = await client.jobs.startTestDeploy.mutate({ ...request, computer: told.computerId });
      onClose();
      toastDone(`${title} on ${computerName} was asked for`);
      navigate(`/run/${run}`);
    } catch (thrown) {
      setFailure(shownError(thrown));
    } finally {
      setStarting(false);
      for (const filter of [trpc.runs.list.pathFilter(), trpc.status.pathFilter(), trpc.tree.pathFilter()]) void queries.invalidateQueries(filter);
    }
  };
  return (
    // No form: Enter in a field must not erase a disk.
    <div className={classes['form']}>
      <p>One computer gets this version, as a run of its own, read from this console. The version goes on waiting to be validated.</p>
      <OneComputer value={computer} onChange={setComputer} />
      <DiskPolicyField task={taskOf(image, version, disk)} locked={false} errorOf={() => ({ error: null, onFocus: () => undefined })} onChange={(task) => { if (task.type === 'deploy') setDisk(task.disk); }} />
      <div className={classes['erases']} aria-live="polite">
        {!asks && <p className="dim">{computer === null ? 'Choose the computer to see what will be erased there.' : 'Say which disk, to see what will be erased.'}</p>}
        {asks && preview.isError && disk === settled && <ErrorBlock title="It can’t be tried there" error={shownError(preview.error)} onRetry={() => void preview.refetch()} />}
        {asks && told === undefined && !preview.isError && <Skeleton h={36} />}
        {told !== undefined && <Erased computerName={told.computerName} erases={told.erases} />}
      </div>
      {failure !== null && <ErrorBlock title="The test deploy could not be started" error={failure} onDismiss={() => setFailure(null)} />}
      <div className={classes['buttons']}>
        <Button variant="default" onClick={onClose}>Cancel</Button>
        <Button color="red" disabled={!connected || told === undefined || preview.isError} loading={starting} onClick={() => void start()}>{told === undefined ? 'Erase and deploy' : `Erase and deploy on ${told.computerName}`}</Button>
      </div>
    </div>
  );
}

function Erased({ computerName, erases }: { computerName: string; erases: readonly string[] }) {
  if (erases.length === 0) return <WarningLine>Which disk of {computerName} that is turns out when it starts. Everything on it is replaced, and that can’t be undone.</WarningLine>;
  return (
    <>
      <WarningLine>Everything on {erases.length === 1 ? 'this disk' : `these ${erases.length} disks`} of {computerName} is replaced. That can’t be undone.</WarningLine>
      <ul aria-label="Will be erased">{erases.map((each) => <li key={each}>{each}</li>)}</ul>
    </>
  );
}

/** Searched by the server, as rooms have more computers than one list shows. */
function OneComputer({ value, onChange }: { value: string | null; onChange: (id: string | null) => void }) {
  const trpc = useTRPC();
  const [typed, setTyped] = useState('');
  const [name, setName] = useState('');
  const [text] = useDebouncedValue(typed === name ? '' : typed.trim(), 150);
  const found = useQuery(trpc.computers.list.queryOptions({ limit: 50, ...(text === '' ? {} : { text }) }, { placeholderData: keepPreviousData }));
  const options = new Map(value === null ? [] : [[value, name]]);
  for (const row of found.data ?? []) options.set(row.id, row.online ? row.name : `${row.name}, not online`);
  return (
    <Select
      label="Computer" description="One that may be erased. It starts at once where the computer waits in the portal, else when it next does." placeholder="Name, serial or address" data-autofocus searchable openOnFocus={false} clearable={false} checkIconPosition="right" maxDropdownHeight={220} comboboxProps={{ withinPortal: false }}
      data={[...options].map(([id, label]) => ({ value: id, label }))} value={value} onChange={(id, option) => { setName(option?.label ?? ''); onChange(id); }} onSearchChange={setTyped} filter={({ options: all }) => all} nothingFoundMessage={found.isFetching ? 'Looking…' : 'No computer fits'}
      error={found.isError && found.data === undefined ? shownError(found.error).message : null}
    />
  );
}

function taskOf(image: ImageDetail, version: VersionSummary, disk: DiskPolicy): Extract<Task, { type: 'deploy' }> {
  return { type: 'deploy', id: 'test-deploy', disk, imageGuid: image.guid, imageName: image.name, version: version.number };
}
